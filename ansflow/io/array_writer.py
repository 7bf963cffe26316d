"""Arrays written to files row by row."""

from __future__ import annotations

from types import TracebackType
from typing import Any, BinaryIO, ClassVar, Self, Unpack

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, check_unmasked, shape_of
from ansflow.buffers import item_bytes
from ansflow.engine.content import check_dtype
from ansflow.engine.masked import with_masks
from ansflow.engine.options import ArrayOptionsDict
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec
from ansflow.frame.masked import Masked, with_mask
from ansflow.io.exact_cast import exact_cast
from ansflow.io.reader import Path
from ansflow.io.writer import FrameWriter

__all__ = ["ArrayWriter"]


class ArrayWriter:
    """Writes an array that grows along its first axis, in bounded memory.

    Parameters
    ----------
    file : path or binary file object
        A path is written under a temporary name and renamed on `close`. If a ``with`` block is
        left by an exception, or the writer is never closed, everything is discarded. A file object
        is not closed.
    dtype : dtype
    shape : int or tuple of int
        Shape of a row, that is, an item of the first axis; empty for a vector.
    masked : bool
        Whether rows may be masked. Then readers get a masked array.
    mode : {"w", "x", "a"}
        As in `ansflow.open`; ``a`` extends an existing array with the same dtype and row shape.
    threads : int, optional
        By default, the number of cores that the process may use.
    **options
        See `ansflow.Options`.

    Raises
    ------
    TypeError
        If `dtype` contains Python objects, or cannot be stored in a frame; see
        `ansflow.compress`.
    ValueError
        If rows are empty, so that they could not be counted, or take 2^63 bytes or more; or if the
        file to be extended holds another array or is damaged.

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

    # Whether a directory will say where the array is.
    _listed: ClassVar[bool] = False

    def __init__(
        self,
        file: Path | BinaryIO,
        dtype: npt.DTypeLike,
        shape: Axes = (),
        *,
        masked: bool = False,
        mode: str = "w",
        threads: int | None = None,
        **options: Unpack[ArrayOptionsDict],
    ) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        check_dtype(self.dtype)
        self._row = shape_of(shape)
        self._masked = masked
        if masked and self.dtype.names is not None:
            raise TypeError(f"masked arrays cannot have fields, as {self.dtype} has")
        items = with_mask(self.dtype) if masked else self.dtype
        spec = ArraySpec(
            items,
            (UNKNOWN_LENGTH, *self._row),
            masked=Masked() if masked else None,
            listed=self._listed,
        )
        if not 0 < spec.row_nbytes < 1 << 63:
            raise ValueError(
                f"a row must take 1 to 2^63 - 1 bytes, unlike one of {self.dtype} with shape "
                f"{self._row}"
            )
        self._file = FrameWriter(file, mode, threads=threads, array=spec, **options)
        self._count = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array so far."""
        return self._count, *self._row

    def append(self, rows: npt.ArrayLike) -> None:
        """Add rows at the end.

        Parameters
        ----------
        rows : array_like, shape (n, ...)
            Converted to the writer's dtype if they are of the same kind; integers also to
            floating-point numbers, and byte strings to text. They may be changed afterwards.

        Raises
        ------
        ValueError
            If the shape differs, or the dtype cannot hold a value: dates out of range, text that is
            too long, integers that would be rounded, floating-point numbers that would become
            infinite (others are rounded). Also after `close`.
        TypeError
            If the rows are of another kind, with other fields, or masked though the
            writer is not for that.
        """
        if not (self._masked and isinstance(rows, np.ma.MaskedArray)):
            check_unmasked(rows, "rows")
        array = np.asanyarray(rows)
        if array.shape[1:] != self._row or not array.ndim:
            raise ValueError(
                f"rows must be an array of shape (n, ...) with rows of shape {self._row}, not an "
                f"array of shape {array.shape}"
            )
        items = exact_cast(np.ma.getdata(array, subok=False), self.dtype)
        if self._masked:
            items = with_masks(items, np.ma.getmaskarray(array))
        self._file.write(item_bytes(items))
        self._count += array.shape[0]

    def flush(self) -> None:
        """Write all rows so far, so that they can be recovered. This ends the current chunk."""
        self._file.flush()

    def close(self) -> None:
        """Finish the frame, and rename the file if it was given by its path."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._file.discard()
