"""Arrays in files: written row by row, read by slices."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import index
from types import TracebackType
from typing import Any, BinaryIO, Self, SupportsIndex, Unpack, cast

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, check_unmasked, shape_of
from ansflow.buffers import item_bytes
from ansflow.engine.box import read_box
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
        A path is written under a temporary name and renamed on `close`. If a ``with`` block is
        left by an exception, or the writer is never closed, everything is discarded. A file object
        is not closed.
    dtype : dtype
    shape : int or tuple of int
        Shape of a row, that is, an item of the first axis; empty for a vector.
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
            If the rows are of another kind, masked, or structures with other fields.
        """
        check_unmasked(rows, "rows")
        array = np.asanyarray(rows)
        if array.shape[1:] != self._row or not array.ndim:
            raise ValueError(
                f"rows must be an array of shape (n, ...) with rows of shape {self._row}, not an "
                f"array of shape {array.shape}"
            )
        self._file.write(item_bytes(exact_cast(array, self.dtype)))
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
        self._file.__exit__(kind, error, trace)


class ArrayReader:
    """Reads slices of an array from a file that can seek.

    Slices and integers decode only the chunks that they need. Consecutive frames whose arrays
    differ at most in the length of the first axis are read as one array.

    Parameters
    ----------
    file : path or binary file object
        As made by `ArrayWriter` or `ansflow.compress`. A file object is not closed.
    limits : Limits
        Limits of each slice.
    threads : int, optional
        By default, the number of cores that the process may use.

    Attributes
    ----------
    dtype : dtype
    shape : tuple of int
    metadata : mapping
        The metadata given when the array was compressed.

    Raises
    ------
    AnsflowError
        If the file is damaged, or does not hold an array.
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
            # `max_output` limits each slice, not the whole array.
            self._content = ContentReader(self._file, limits.without_output(), threads)
            joined = JoinedFrames()
            for frame in self._content.frames:
                joined.add(frame.header, frame.content_size)
            if joined.spec is None:
                raise CorruptDataError(
                    "the file holds bytes, not an array: read it with ansflow.open"
                )
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
            raise ValueError(
                "a compressed array cannot be converted without a copy: omit copy=False"
            )
        return np.asarray(self[...], dtype)

    def __getitem__(self, key: Any) -> Any:
        """Index the array as NumPy does; the result is a copy.

        Slices and integers for the first axes span a box, whose chunks are decoded; the rest of the
        key is applied to the box.

        Raises
        ------
        IndexError
            If an index is out of bounds.
        LimitError
            If the box exceeds ``limits.max_output``.
        CorruptDataError
            If a chunk is damaged.
        """
        if not isinstance(key, tuple):
            if not (key is Ellipsis or isinstance(key, slice) or _is_integer(key)):
                return self._box([range(length) for length in self.shape])[key]
            key = (key,)
        box, inner = _spanned(key, self.shape)
        return self._box(box)[inner]

    def _box(self, box: Sequence[range]) -> Array:
        """Decode the items in a box."""
        if self._closed:
            raise ValueError("the reader is closed")
        spec = ArraySpec(self._spec.dtype, tuple(map(len, box)), self._spec.fortran)
        if spec.nbytes > self._limits.max_output:
            raise LimitError(
                f"the selection takes {spec.nbytes} bytes, more than "
                f"max_output={self._limits.max_output}: select less at once"
            )
        parts = [self._part(number, rows, box) for number, rows in self._frames_of(box)]
        if len(parts) == 1:
            return parts[0]
        whole: Array = np.empty(spec.shape, spec.dtype)
        begin = 0
        for part in parts:
            whole[begin : begin + len(part)] = part
            begin += len(part)
        return whole

    def _frames_of(self, box: Sequence[range]) -> Iterator[tuple[int, range]]:
        """Yield each frame that has rows of a box, and the range of these rows in the frame."""
        if len(self._content.frames) == 1 or not box:
            yield 0, box[0] if box else range(1)
            return
        row, starts = self._spec.row_nbytes, self._content.starts
        if not row:
            return
        first = bisect_right(starts, box[0].start * row) - 1
        for number, ends in enumerate(pairwise(islice(starts, first, None)), first):
            begin, end = (end // row for end in ends)
            if begin >= box[0].stop:
                return
            rows = range(max(box[0].start, begin) - begin, min(box[0].stop, end) - begin)
            if rows:
                yield number, rows

    def _part(self, number: int, rows: range, box: Sequence[range]) -> Array:
        """The part of a box that is in one frame."""
        grid, dtype = self._content.frames[number].header.grid, self.dtype
        own = [rows, *box[1:]] if box else []
        if grid.axis <= 0 and grid.is_contiguous and not (self._spec.fortran and box):
            # Whole rows are decoded directly to their destination.
            content = np.empty(len(rows) * self._spec.row_nbytes, np.uint8)
            at = self._content.starts[number] + rows.start * self._spec.row_nbytes
            self._content.read_into(at, content)
            shape = (len(rows), *self.shape[1:]) if box else ()
            array = as_array(content, ArraySpec(dtype, shape))
            inner: Any = (..., *(slice(part.start, part.stop) for part in own[1:]))
            return cast(Array, array[inner])
        wanted = own[::-1] if self._spec.fortran else own
        if len(grid.shape) > len(own):  # the bytes of large items are an axis
            wanted = [*wanted, range(dtype.itemsize)]
        cells = read_box(self._content, number, wanted)
        return as_array(cells, ArraySpec(dtype, tuple(map(len, own)), self._spec.fortran))

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


def _spanned(key: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[list[range], tuple[Any, ...]]:
    """The box spanned by the slices and integers at the beginning of a key, and the key in it."""
    keys = list(key)
    basic = all(part is Ellipsis or isinstance(part, slice) or _is_integer(part) for part in keys)
    dots = [place for place, part in enumerate(keys) if part is Ellipsis]
    if basic and len(dots) == 1:
        keys[dots[0] : dots[0] + 1] = [slice(None)] * max(0, len(shape) - len(keys) + 1)
    box: list[range] = []
    inner: list[Any] = []
    for axis, (part, length) in enumerate(zip(keys, shape, strict=False)):
        if isinstance(part, slice):
            picked = range(*part.indices(length))
            ends = sorted((picked[0], picked[-1])) if picked else (0, -1)
            box.append(range(ends[0], ends[1] + 1))
            inner.append(slice(None, None, picked.step))
        elif _is_integer(part):
            place = index(part)
            if not -length <= place < length:
                raise IndexError(
                    f"index {place} is out of bounds for axis {axis} of length {length}"
                )
            box.append(range(place % length, place % length + 1))
            inner.append(0)
        else:
            break
    inner += keys[len(box) :]
    box += [range(length) for length in shape[len(box) :]]
    if basic and len(dots) == 1:
        inner.append(Ellipsis)  # so that a 0-d array does not become a scalar
    return box, tuple(inner)


def _is_integer(key: Any) -> bool:
    """Whether NumPy takes a key as a single index. Bools are masks, not indices."""
    if isinstance(key, np.ndarray):
        return key.ndim == 0 and key.dtype.kind in "iu"
    return isinstance(key, SupportsIndex) and not isinstance(key, bool | np.bool)
