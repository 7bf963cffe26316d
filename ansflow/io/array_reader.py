"""Slices of arrays in files."""

from __future__ import annotations

import os
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any, BinaryIO, Self, cast

import numpy as np
import numpy.typing as npt

from ansflow.buffers import opaque
from ansflow.engine.box import read_box
from ansflow.engine.content import JoinedFrames, as_array
from ansflow.engine.masked import from_items
from ansflow.engine.reader import ContentReader
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.array_spec import ArraySpec
from ansflow.io.reader import Path, opened
from ansflow.io.selection import is_integer, spanned
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["ArrayReader"]

Array = npt.NDArray[Any]


class ArrayReader:
    """Reads slices of an array from a file that can seek.

    Slices and integers decode only the chunks that they need. Chunks of which they take a part are
    kept, up to 32 MiB of them, so that what is read line by line is decoded once. Results are
    masked arrays if the array in the file is one. Consecutive frames whose arrays differ at most in
    the length of the first axis are read as one array.

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
    chunks : tuple of int
        The shape of a chunk, where those at the ends may be shorter: what is decoded together. Of
        consecutive frames, that of the first.
    metadata : mapping
        The metadata given when the array was compressed.
    name : str or None
        The name of the array in a collection.

    Raises
    ------
    AnsflowError
        If the file is damaged, or does not hold an array, or holds one of a dtype of the package
        ml_dtypes, which is not installed.

    Examples
    --------
    >>> import io, numpy as np, ansflow
    >>> file = io.BytesIO(ansflow.compress(np.arange(12).reshape(4, 3)))
    >>> with ansflow.ArrayReader(file) as array:
    ...     print(array.shape, array[-1])
    (4, 3) [ 9 10 11]
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        *,
        limits: Limits = DEFAULT_LIMITS,
        threads: int | None = None,
    ) -> None:
        self._limits, self._threads = limits, threads
        self._file, self._owned = opened(file)
        self._path = os.path.abspath(os.fspath(file)) if self._owned else None  # type: ignore[arg-type]
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
            joined.spec.check_known()
        except BaseException:
            if self._owned:
                self._file.close()
            raise
        self._spec = joined.spec
        self._closed = False
        self.metadata: Mapping[str, Any] = self._content.frames[0].header.metadata

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._spec.value_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self._spec.shape

    @property
    def chunks(self) -> tuple[int, ...]:
        chunk = self._content.frames[0].header.grid.chunk_shape[: self.ndim]
        return chunk[::-1] if self._spec.fortran else chunk

    @property
    def name(self) -> str | None:
        return self._spec.name

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
        return self.size * self.dtype.itemsize

    def __reduce__(self) -> tuple[Any, ...]:
        """Readers are pickled as the path of their file, and open it again."""
        if self._path is None:
            raise TypeError(
                "a reader of a file object cannot be pickled: give ArrayReader the path of the file"
            )
        return _unpickled, (self._path, self._limits, self._threads)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What tells this array from others, for Dask."""
        if self._path is None:
            return type(self), id(self)
        status = os.stat(self._path)
        return self._path, self.name, status.st_size, status.st_mtime_ns

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
            if not (key is Ellipsis or isinstance(key, slice) or is_integer(key)):
                return self._box([range(length) for length in self.shape])[key]
            key = (key,)
        box, inner = spanned(key, self.shape)
        return self._box(box)[inner]

    def _box(self, box: Sequence[range]) -> Array:
        """Decode the items in a box."""
        if self._closed:
            raise ValueError("the reader is closed")
        spec = replace(self._spec, shape=tuple(map(len, box)))
        if spec.nbytes > self._limits.max_output:
            raise LimitError(
                f"the selection takes {spec.nbytes} bytes, more than "
                f"max_output={self._limits.max_output}: select less at once"
            )
        if spec.has_mask and spec.nbytes > self._limits.max_memory:
            raise LimitError(
                f"values and mask of the selection take {spec.nbytes} bytes, more than "
                f"max_memory={self._limits.max_memory}: select less at once"
            )
        parts = [self._part(number, rows, box) for number, rows in self._frames_of(box)]
        if len(parts) == 1:
            return self._finished(parts[0])
        whole: Array = np.ndarray(spec.shape, spec.dtype)
        begin = 0
        for part in parts:
            opaque(whole)[begin : begin + len(part)] = opaque(part)
            begin += len(part)
        return self._finished(whole)

    def _finished(self, items: Array) -> Array:
        return items if self._spec.masked is None else from_items(items, self._spec)

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
        grid, dtype = self._content.frames[number].header.grid, self._spec.dtype
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


def _unpickled(path: Path, limits: Limits, threads: int | None) -> ArrayReader:
    """A reader that is closed with the last reference to it, as nobody has opened it."""
    reader = ArrayReader(path, limits=limits, threads=threads)
    weakref.finalize(reader, reader._file.close)
    return reader
