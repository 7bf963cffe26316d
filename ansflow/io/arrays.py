"""Arrays in files: written row by row, read by slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import index
from types import TracebackType
from typing import Any, BinaryIO, Self, SupportsIndex, Unpack

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, check_unmasked, shape_of
from ansflow.buffers import item_bytes
from ansflow.engine.content import JoinedFrames, as_array, check_dtype
from ansflow.engine.options import OptionsDict
from ansflow.engine.reader import ContentReader
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec
from ansflow.io.exact_cast import exact_cast
from ansflow.io.reader import Path, opened
from ansflow.io.writer import FrameWriter
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["ArrayReader", "ArrayWriter"]

Array = npt.NDArray[Any]


class ArrayWriter:
    """Writes an array that grows along its first axis, in bounded memory.

    Parameters
    ----------
    file : path or binary file object
        A path is written under another name, and gets its own when this is closed; if a ``with``
        block is left by an exception, or if it's never closed, all is discarded. A
        file object isn't closed.
    dtype : dtype
    shape : int or tuple of int
        Of an item of the first axis; of a vector, empty.
    mode : {"w", "x", "a"}
        As in `ansflow.open`; ``a`` makes an array that is there longer, if it has the same dtype
        and rows.
    threads : int, optional
        By default as many as the process may use cores.
    **options
        See `ansflow.Options`.

    Raises
    ------
    TypeError
        If `dtype` has Python objects, or is another that a frame can't give back; see
        `ansflow.compress`.
    ValueError
        If rows have no bytes, so that their number couldn't be known, or too many; or if what is
        to be made longer is another array, or damaged.

    Examples
    --------
    >>> import ansflow, numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "field.ans")
    >>> with ansflow.ArrayWriter(path, "f4", (20, 30)) as writer:
    ...     for hour in range(50):
    ...         writer.append(np.full((1, 20, 30), hour))
    >>> with ansflow.ArrayReader(path) as reader:
    ...     reader.shape, float(reader[7:9].mean())
    ((50, 20, 30), 7.5)
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        dtype: npt.DTypeLike,
        shape: Axes = (),
        *,
        mode: str = "w",
        threads: int | None = None,
        **options: Unpack[OptionsDict],
    ) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        check_dtype(self.dtype)
        self._row = shape_of(shape)
        spec = ArraySpec(self.dtype, (UNKNOWN_LENGTH, *self._row))
        if not 0 < spec.row_nbytes < 1 << 63:
            raise ValueError(f"rows of {self.dtype} and shape {self._row} are impossible to count")
        self._file = FrameWriter(file, mode, threads=threads, array=spec, **options)
        self._count = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what was appended so far."""
        return self._count, *self._row

    def append(self, rows: npt.ArrayLike) -> None:
        """Add rows at the end.

        Parameters
        ----------
        rows : array_like, shape (n, ...)
            Converted to the dtype, if they are of its kind: integers also to floating-point
            numbers, text of bytes also to other text. They may be changed as soon as this returns.

        Raises
        ------
        ValueError
            If they have another shape, or values that the dtype can't hold: dates beyond its
            years, text that is too long, integers that would be rounded, floating-point numbers
            that would be infinite (other ones are rounded); and after `close`.
        TypeError
            If they are of another kind, masked, or structures with other fields.
        """
        check_unmasked(rows, "rows")
        array = np.asanyarray(rows)
        if array.shape[1:] != self._row or not array.ndim:
            raise ValueError(f"rows have shape {array.shape[1:]}, not {self._row}")
        self._file.write(item_bytes(exact_cast(array, self.dtype)))
        self._count += array.shape[0]

    def flush(self) -> None:
        """Write all rows so far, so that they can be recovered. Ends the current chunk."""
        self._file.flush()

    def close(self) -> None:
        """Finish the array, and let the file have its name."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, trace)


class ArrayReader:
    """Reads slices of an array from a file that can seek.

    Slicing along the first axis decodes only the chunks it needs, if the array is in C order; of
    one in Fortran order all is decoded. Arrays of one dtype, one after the other, that
    differ in the first axis at most, are one array.

    Parameters
    ----------
    file : path or binary file object
        As made by `ArrayWriter` or `ansflow.compress`. A file object isn't closed.
    limits : Limits
        What a slice may take at most.
    threads : int, optional
        By default as many as the process may use cores.

    Attributes
    ----------
    dtype : dtype
    shape : tuple of int
    metadata : mapping
        The user's.

    Raises
    ------
    AnsflowError
        If the file is damaged, or holds no array.
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        *,
        limits: Limits = DEFAULT_LIMITS,
        threads: int | None = None,
    ) -> None:
        self._limits = limits
        self._file, self._owned = opened(file)
        try:
            # What counts is how much is read at once, not how much there is.
            self._content = ContentReader(self._file, limits.without_output(), threads)
            joined = JoinedFrames()
            for frame in self._content.frames:
                joined.add(frame.header, frame.content_size)
            if joined.spec is None:
                raise CorruptDataError("the file holds bytes, not an array")
        except BaseException:
            if self._owned:
                self._file.close()
            raise
        self._spec = joined.spec
        self._closed = False
        self.metadata: Mapping[str, Any] = self._content.frames[0].header.metadata

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._spec.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self._spec.shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of items."""
        items = 1
        for axis in self.shape:
            items *= axis
        return items

    @property
    def nbytes(self) -> int:
        return self._spec.nbytes

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("an array that is compressed can't be had without a copy")
        return np.asarray(self[...], dtype)

    def __getitem__(self, key: Any) -> Any:
        """As of a NumPy array, with a copy of what is asked for.

        A slice or an integer for the first axis decodes what it spans; the rest of the
        key is applied to that.

        Raises
        ------
        IndexError
            If it's out of bounds.
        LimitError
            If what is spanned exceeds ``limits.max_output``.
        CorruptDataError
            If a chunk is damaged.
        """
        keys = key if isinstance(key, tuple) else (key,)
        if self._spec.fortran or not self.shape or not keys:
            return self._rows(0, self.shape[0] if self.shape else 1)[key]
        first, *rest = keys
        length = self.shape[0]
        if isinstance(first, slice):
            begin, stop, step = first.indices(length)
            picked = range(begin, stop, step)
            if not picked:
                return self._rows(0, 0)[(slice(0, 0), *rest)]
            low, high = min(picked[0], picked[-1]), max(picked[0], picked[-1]) + 1
            rows = self._rows(low, high)
            if step < 0:
                rows = rows[::-1]
            return rows[(slice(None, None, abs(step)), *rest)]
        if _is_integer(first):
            row = index(first)
            if not -length <= row < length:
                raise IndexError(f"index {row} is out of bounds for an axis of {length}")
            row %= length
            return self._rows(row, row + 1)[(0, *rest)]
        return self._rows(0, length)[key]

    def _rows(self, begin: int, end: int) -> Array:
        """Rows of the first axis, decoded."""
        if self._closed:
            raise ValueError("the array's file is closed")
        spec = self._spec
        if self.shape:
            spec = ArraySpec(spec.dtype, (end - begin, *self.shape[1:]), spec.fortran)
        if spec.nbytes > self._limits.max_output:
            raise LimitError(
                f"{spec.nbytes} bytes are more than max_output={self._limits.max_output}"
            )
        content = np.empty(spec.nbytes, np.uint8)
        self._content.read_into(begin * spec.row_nbytes, content)
        return as_array(content, spec)

    def close(self) -> None:
        """Close the file, if it was given by its path."""
        self._closed = True
        self._content.close()
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_integer(key: Any) -> bool:
    """Whether NumPy takes a key as one index: not so bools, which it takes as masks."""
    if isinstance(key, np.ndarray):
        return key.ndim == 0 and key.dtype.kind in "iu"
    return isinstance(key, SupportsIndex) and not isinstance(key, bool | np.bool)
