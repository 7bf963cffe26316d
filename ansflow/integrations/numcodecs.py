"""A codec for numcodecs, and with it for Zarr 2 and for arrays in Zarr's format 2.

numcodecs finds it by the entry point ``ansflow``; nothing needs to be imported.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import ansflow
from ansflow.extras import extra

with extra("numcodecs"):
    from numcodecs.abc import Codec
    from numcodecs.compat import ensure_contiguous_ndarray_like, ndarray_copy

__all__ = ["Ansflow"]

# Nobody reads a part of a frame here, so that larger chunks than usual save distributions.
CHUNK = 4 << 20


class Ansflow(Codec):
    """Arrays, or bytes, as frames.

    Of an array, a frame keeps dtype, byte order, shape and memory order, and it has a checksum, so
    that it needs no other codec around it, nor a filter before it. No threads are started.

    Parameters
    ----------
    level : int
        1 to 9: speed against size, as in `ansflow.compress`.
    typesize : int, optional
        Bytes of a number, 1, 2, 4 or 8, where bytes are given instead of an array of numbers.
    dtype : str, optional
        In place of it, what numbers bytes are, such as ``"<f4"``.
    recipe : str, optional
        Transforms that are applied to all chunks. By default each chunk's are chosen.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not one of those above.

    Examples
    --------
    >>> import numcodecs, numpy as np
    >>> codec = numcodecs.get_codec({"id": "ansflow", "level": 6})
    >>> field = np.linspace(270, 300, 6000, dtype="f4").round(2).reshape(20, 300)
    >>> blob = codec.encode(field)
    >>> len(blob) < field.nbytes / 5
    True
    >>> back = codec.decode(blob)
    >>> back.dtype, back.shape, np.array_equal(back, field)
    (dtype('float32'), (20, 300), True)
    """

    codec_id: ClassVar[str] = "ansflow"

    def __init__(
        self,
        level: int = 3,
        typesize: int | None = None,
        dtype: str | None = None,
        recipe: str | None = None,
    ) -> None:
        if not isinstance(dtype, str | None) or not isinstance(recipe, str | None):
            raise TypeError(f"dtype and recipe must be text, not {dtype!r} and {recipe!r}")
        plan = ansflow.Plan(level=level, recipe=recipe)
        numbers = ansflow.Options.of({"typesize": typesize, "dtype": dtype}).dtype
        # Names without underscore are the configuration, and stay as they were given.
        self.level, self.typesize, self.dtype, self.recipe = level, typesize, dtype, recipe
        self._numbers = numbers
        self._options: dict[str, Any] = {"plan": plan, "chunk_size": CHUNK, "threads": 1}

    def encode(self, buf: Any) -> bytes:
        """Compress an array, or anything with a contiguous buffer.

        Parameters
        ----------
        buf : ndarray or bytes-like

        Returns
        -------
        bytes
            A frame.

        Raises
        ------
        TypeError
            If there are Python objects in it: numcodecs has filters that make bytes of these.
        """
        if isinstance(buf, np.ndarray | np.generic):
            items, are_bytes = np.asanyarray(buf), self._numbers is not None
        else:
            items, are_bytes = ensure_contiguous_ndarray_like(buf, flatten=False), True
        if are_bytes and items.dtype.itemsize == 1:
            content = items.reshape(-1, order="A").view(np.uint8).data
            return ansflow.compress(content, dtype=self._numbers, **self._options)
        return ansflow.compress(items, **self._options)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Undo `encode`.

        Parameters
        ----------
        buf : bytes-like
        out : ndarray or writable bytes-like, optional
            Contiguous, with as many bytes as the content, which are written to its memory whatever
            its dtype and shape.

        Returns
        -------
        ndarray or bytes
            As they were encoded. If `out` is given, it is returned.

        Raises
        ------
        AnsflowError
            If the frame is damaged.
        TypeError, ValueError
            If `out` holds Python objects, is not contiguous, or has another size.
        """
        if out is not None:
            # Into its memory; frames of arrays in Fortran order go nowhere but in such arrays.
            memory = ensure_contiguous_ndarray_like(out).view(np.uint8)
            content = ensure_contiguous_ndarray_like(self.decode(buf))
            if content.nbytes != memory.nbytes:
                raise ValueError(f"out has {memory.nbytes} bytes, the content {content.nbytes}")
            ndarray_copy(content, memory)
            return out
        return ansflow.decompress(ensure_contiguous_ndarray_like(buf), threads=1)
