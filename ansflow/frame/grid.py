"""How content is cut into chunks: a grid of cells, and tiles of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec
from ansflow.lazy import cached_property
from ansflow.transforms.layout import Layout

__all__ = ["Grid"]

Slices = tuple[slice, ...]


class Grid:
    """An array of cells in C order, cut into chunks of one shape but for those at its ends.

    Chunks come in *groups*, whose content is contiguous: a group takes one place along the axes
    before `axis`, some places along `axis`, and the others whole. Where the chunk shape spans
    all axes behind `axis`, a group is one chunk.

    Parameters
    ----------
    shape : tuple of int
        The first axis may be `UNKNOWN_LENGTH`.
    chunk_shape : tuple of int
        As many axes, each at least 1.
    cell_size : int
        Bytes of a cell.

    Attributes
    ----------
    axis : int
        The first one along which chunks have more than one cell, or the last; -1 without axes.
    places : int
        Places along `axis` that a full group takes.
    place_size, group_size, chunk_size : int
        Bytes of a place along `axis` with all axes behind it, of a full group, and of a full chunk.
    chunks_per_group : int
    is_contiguous : bool
        Whether each chunk is a group.
    is_empty : bool
        Whether there are no cells.
    """

    def __init__(
        self, shape: tuple[int, ...], chunk_shape: tuple[int, ...], cell_size: int
    ) -> None:
        self.shape, self.chunk_shape, self.cell_size = shape, chunk_shape, cell_size
        self.axis = len(shape) - 1
        for axis, places in enumerate(chunk_shape):
            if places > 1:
                self.axis = axis
                break
        behind = self.axis + 1
        self.places = chunk_shape[self.axis] if shape else 1
        self.place_size = math.prod(shape[behind:]) * cell_size
        self.group_size = self.places * self.place_size
        self.chunk_size = math.prod(chunk_shape) * cell_size
        self.is_contiguous = shape[behind:] == chunk_shape[behind:]
        self.chunks_per_group = 1
        if not self.is_contiguous:
            self.chunks_per_group = math.prod(-(-length // step) for length, step in self._inner)
        self.is_empty = 0 in shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and (
            (self.shape, self.chunk_shape, self.cell_size)
            == (other.shape, other.chunk_shape, other.cell_size)
        )

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of_bytes(cls, size: int | None, chunk_size: int) -> Grid:
        """Bytes, of a number that may be unknown."""
        length = UNKNOWN_LENGTH if size is None else size
        return cls((length,), (chunk_size if size is None else max(1, min(size, chunk_size)),), 1)

    @staticmethod
    def cells_of(spec: ArraySpec) -> tuple[tuple[int, ...], int]:
        """Shape and cell size of the grid that an array is."""
        shape = spec.shape[::-1] if spec.fortran else spec.shape
        if 1 <= spec.dtype.itemsize <= constants.MAX_CELL_SIZE:
            return shape, spec.dtype.itemsize
        return (*shape, spec.dtype.itemsize), 1

    @cached_property
    def tiles(self) -> list[Slices]:
        """Where the chunks of a group are along the axes behind `axis`, in order."""
        if self.is_empty:
            return []
        return list(
            product(
                *(
                    [slice(begin, min(begin + step, length)) for begin in range(0, length, step)]
                    for length, step in self._inner
                )
            )
        )

    @cached_property
    def tile_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of these chunks along those axes."""
        if self.is_empty:
            return []
        if self.is_contiguous:
            return [self.shape[self.axis + 1 :]]
        return list(
            product(
                *(
                    [min(step, length - begin) for begin in range(0, length, step)]
                    for length, step in self._inner
                )
            )
        )

    @cached_property
    def widths(self) -> list[int]:
        """How many cells of each place along `axis` these chunks have."""
        return [math.prod(shape) for shape in self.tile_shapes]

    def tiles_in(self, box: Sequence[range]) -> list[int]:
        """Which of them have a place in a box along these axes, which is not empty."""
        numbers = [0]
        for part, (length, step) in zip(box, self._inner, strict=True):
            along = -(-length // step)
            met = range(part.start // step, -(-part.stop // step))
            numbers = [number * along + place for number in numbers for place in met]
        return numbers

    @property
    def _inner(self) -> list[tuple[int, int]]:
        """Length of the axes behind `axis`, and of a chunk along them."""
        begin = self.axis + 1
        return list(zip(self.shape[begin:], self.chunk_shape[begin:], strict=True))

    @property
    def is_legal(self) -> bool:
        """Whether the chunk shape is one that a frame may have."""
        return (
            all(
                step >= 1 and (length == UNKNOWN_LENGTH or step <= max(1, length))
                for length, step in zip(self.shape, self.chunk_shape, strict=True)
            )
            and self.chunk_size <= constants.MAX_CHUNK_SIZE
            and self.chunks_per_group <= constants.MAX_GROUP
        )

    @property
    def _sweep(self) -> int:
        """Bytes after which `axis` begins anew, and groups end; 0 if it does not."""
        return self.shape[self.axis] * self.place_size if self.axis > 0 else 0

    def next_group(self, position: int) -> int:
        """Bytes of the group that begins after so much content, if nothing cuts it short."""
        if self.axis <= 0:
            return self.group_size
        return min(self.group_size, self._sweep - position % self._sweep)

    def unit(self, position: int, room: int) -> int:
        """Bytes of whole groups after so much content, for which there is room; one at least."""
        sweep = self._sweep
        left = sweep - position % sweep if sweep else 0
        if sweep and left <= room:
            return left + (room - left) // sweep * sweep
        unit = self.group_size * max(1, room // self.group_size)
        return min(unit, left) if sweep else unit

    def groups(self, position: int, size: int) -> list[int]:
        """Bytes of the groups in so much content from there on, as far as places are whole."""
        sizes: list[int] = []
        size -= size % self.place_size if size else 0
        while size > 0:
            group = self.next_group(position)
            if self.axis <= 0:
                group = min(group, size)
            if group > size:
                break
            sizes.append(group)
            position, size = position + group, size - group
        return sizes

    def layouts(self, group_size: int) -> list[Layout]:
        """The layouts of the chunks of a group that has so many bytes."""
        if not self.shape:
            return [Layout(self.cell_size, ())]
        places = group_size // self.place_size
        return [self._layout(tile, places) for tile in range(self.chunks_per_group)]

    def layout_of(self, size: int) -> Layout:
        """The layout of about as many of the first bytes, as whole places along an axis."""
        shape = list(self.shape)
        for axis in range(len(shape)):
            place = math.prod(shape[axis + 1 :]) * self.cell_size
            if size >= place:
                places = size // place
                length = shape[axis]
                shape[axis] = places if length == UNKNOWN_LENGTH else min(length, places)
                break
            shape[axis] = 1
        return Layout(self.cell_size, tuple(shape))

    def _layout(self, tile: int, places: int) -> Layout:
        ones = (1,) * self.axis
        return Layout(self.cell_size, (*ones, places, *self.tile_shapes[tile]))

    def is_whole(self, layout: Layout) -> bool:
        """Whether a chunk is as long as others, but perhaps for the first of several axes."""
        first = min(1, len(self.shape) - 1)
        return layout.shape[first:] == self.chunk_shape[first:]

    def count(self, size: int) -> int:
        """How many chunks so much content has, if none is cut short."""
        if not size:
            return 0
        if self.axis <= 0:
            return -(-size // self.group_size) * self.chunks_per_group
        sweeps = size // self._sweep
        return sweeps * -(-self._sweep // self.group_size) * self.chunks_per_group

    def layout(self, number: int, cells: int) -> Layout:
        """The layout of the chunk of that number, which has so many cells.

        Raises
        ------
        CorruptDataError
            If it cannot have so many.
        """
        if not self.shape:
            return Layout(self.cell_size, ())
        if self.is_empty:
            raise self._no_chunk()
        tile = number % self.chunks_per_group
        places, rest = divmod(cells, self.widths[tile])
        if rest:
            raise self._misfit(cells)
        return self._layout(tile, places)

    def cells(self, group_size: int) -> list[int]:
        """Cells of the chunks of a group that has so many bytes."""
        places = group_size // self.place_size
        return [places * width for width in self.widths]

    def split(self, group: Bytes) -> list[Bytes]:
        """The content of the chunks of a group."""
        if self.is_contiguous:
            return [group]
        cells = self._cells(group)
        return [np.ascontiguousarray(cells[self._within(tile)]).reshape(-1) for tile in self.tiles]

    def put(self, chunk: Bytes, number: int, group: Bytes) -> None:
        """Put the content of a chunk where it belongs in its group."""
        cells = self._cells(group)[self._within(self.tiles[number])]
        cells[...] = chunk.reshape(cells.shape)

    def _cells(self, group: Bytes) -> npt.NDArray[Any]:
        # Without axes of length 1: a grid may have more axes than an array of NumPy.
        inner = [length for length, _ in self._inner if length > 1]
        return group.reshape(-1, *inner, self.cell_size)

    def _within(self, tile: Slices) -> Slices:
        """Where a tile is in `_cells`."""
        inner = [part for part, (length, _) in zip(tile, self._inner, strict=True) if length > 1]
        return slice(None), *inner

    def group_of(self, cells: int, position: int) -> int:
        """Bytes of the group whose first chunk has so many cells, after so much content.

        Raises
        ------
        CorruptDataError
            If there can be none.
        """
        if self.is_empty:
            raise self._no_chunk()
        if self.is_contiguous:
            size = cells * self.cell_size
            rest = size % self.place_size
        else:
            places, rest = divmod(cells, self.widths[0])
            size = places * self.place_size
        full = self.group_size if self.axis <= 0 else self.next_group(position)
        if rest or not 1 <= size <= full or (self.axis > 0 and size < full):
            raise self._misfit(cells)
        return size

    def _no_chunk(self) -> CorruptDataError:
        return CorruptDataError(f"there is a chunk, but content of shape {self.shape} is empty")

    def _misfit(self, cells: int) -> CorruptDataError:
        return CorruptDataError(
            f"a chunk of {cells} cells is not one of chunks of shape {self.chunk_shape}"
        )

    def check_cells(self, cells: npt.NDArray[np.int64]) -> bool:
        """Whether the chunks of whole groups, from the first of all on, can have so many cells."""
        if self.is_empty or cells.size % self.chunks_per_group:
            return not cells.size
        widths = np.array(self.widths, np.int64)
        groups = cells.reshape(-1, widths.size)
        places = groups[:, 0] // widths[0]
        fits = (places >= 1) & (places <= self.places)
        if self.axis > 0:
            number = -(-self.shape[self.axis] // self.places)
            last = np.arange(places.size) % number == number - 1
            rest = self.shape[self.axis] - (number - 1) * self.places
            fits &= places == np.where(last, rest, self.places)
        return bool(fits.all() and (groups == places[:, np.newaxis] * widths).all())
