"""Reading a box of an array, decoding only the chunks that intersect it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.engine.reader import ContentReader

__all__ = ["read_box"]

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
    ndarray of uint8, shape (*box, cell size)

    Raises
    ------
    CorruptDataError
        If a chunk is damaged that has cells of the box.
    """
    grid = content.frames[number].header.grid
    out = np.empty((*map(len, box), grid.cell_size), np.uint8)
    if out.size:
        content.run(_tasks(content, number, box, out))
    return out


def _tasks(
    content: ContentReader, number: int, box: Sequence[range], out: Cells
) -> Iterator[Callable[[], object]]:
    """Yield a task for each chunk that intersects the box."""
    grid = content.frames[number].header.grid
    axis = grid.axis
    places, inner = box[axis], box[axis + 1 :]
    for outer in product(*map(enumerate, box[:axis])):
        sweep = 0
        for (_, place), length in zip(outer, grid.shape[:axis], strict=True):
            sweep = sweep * length + place
        begin = sweep * grid.shape[axis]  # 0 if the axis is the first, whose length may be unknown
        wanted = range(begin + places.start, begin + places.stop)
        for group, low, high in content.groups_in(number, wanted.start, wanted.stop):
            common = _common(range(low, high), wanted)
            for tile, slices in enumerate(grid.tiles):
                whole = [range(part.start, part.stop) for part in slices]
                parts = [_common(*pair) for pair in zip(whole, inner, strict=True)]
                if not all(parts):
                    continue
                source = [_within(common, low)]
                source += [
                    _within(*pair) for pair in zip(parts, (w.start for w in whole), strict=True)
                ]
                target = [_within(common, wanted.start)]
                target += [
                    _within(*pair) for pair in zip(parts, (w.start for w in inner), strict=True)
                ]
                chunk = content.load_chunk(number, group * grid.chunks_per_group + tile)
                where = (*(slice(at, at + 1) for at, _ in outer), *target)
                yield partial(_put, chunk, (..., *source, slice(None)), out[where])


def _common(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def _within(part: range, begin: int) -> slice:
    return slice(part.start - begin, part.stop - begin)


def _put(decode: Callable[[], Cells], taken: Any, out: Cells) -> None:
    out[...] = decode()[taken]
