"""Reading a box of an array, decoding only the chunks that intersect it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ansflow.engine.reader import ContentReader
from ansflow.frame.grid import Grid

__all__ = ["read_box"]

T = TypeVar("T")

Cells = npt.NDArray[np.uint8]


def read_box(content: ContentReader, number: int, box: Sequence[range]) -> Cells:
    """Return the cells of a frame's grid that lie in a box.

    Parameters
    ----------
    content : ContentReader
    number : int
        Of the frame.
    box : sequence of range
        Places along each axis of the grid, with a step of 1.

    Returns
    -------
    ndarray of uint8
        Cell by cell, in C order.

    Raises
    ------
    CorruptDataError
        If a chunk is damaged that has cells of the box.
    """
    grid = content.frames[number].header.grid
    if not all(box):
        return np.empty(0, np.uint8)
    out = np.empty((*_long(grid, map(len, box)), grid.cell_size), np.uint8)
    content.run(_tasks(content, number, box, out))
    return out.reshape(-1)


def _tasks(
    content: ContentReader, number: int, box: Sequence[range], out: Cells
) -> Iterator[Callable[[], object]]:
    """Yield a task for each chunk that intersects the box."""
    grid = content.frames[number].header.grid
    axis = grid.axis
    places, inner = box[axis], box[axis + 1 :]
    tiles = grid.tiles_in(inner)
    for outer in product(*map(enumerate, box[:axis])):
        sweep = 0
        for (_, place), length in zip(outer, grid.shape[:axis], strict=True):
            sweep = sweep * length + place
        begin = sweep * grid.shape[axis]  # 0 if the axis is the first, whose length may be unknown
        wanted = range(begin + places.start, begin + places.stop)
        for group, low, high in content.groups_in(number, wanted.start, wanted.stop):
            common = _common(range(low, high), wanted)
            for tile in tiles:
                whole = [range(part.start, part.stop) for part in grid.tiles[tile]]
                parts = [_common(*pair) for pair in zip(whole, inner, strict=True)]
                source = [slice(None)] * axis
                source += [_within(common, low)]
                source += [
                    _within(*pair) for pair in zip(parts, (w.start for w in whole), strict=True)
                ]
                target = [slice(at, at + 1) for at, _ in outer]
                target += [_within(common, wanted.start)]
                target += [
                    _within(*pair) for pair in zip(parts, (w.start for w in inner), strict=True)
                ]
                # What is taken whole is not taken again as a rule.
                keep = not (len(common) == high - low and parts == whole)
                chunk = content.load_chunk(number, group * grid.chunks_per_group + tile, keep)
                shape = _long(grid, [*[1] * axis, high - low, *map(len, whole)])
                cells = out[_long(grid, target)]
                yield partial(_put, chunk, (*shape, grid.cell_size), _long(grid, source), cells)


def _common(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def _within(part: range, begin: int) -> slice:
    return slice(part.start - begin, part.stop - begin)


def _long(grid: Grid, parts: Iterable[T]) -> tuple[T, ...]:
    """Those of all axes but the ones of length 1: NumPy has fewer axes than there may be."""
    return tuple(part for part, length in zip(parts, grid.shape, strict=True) if length != 1)


def _put(decode: Callable[[], Cells], shape: tuple[int, ...], taken: Any, out: Cells) -> None:
    out[...] = decode().reshape(shape)[taken]
