"""The oracle's grids: how content is cut into groups, and groups into chunks.

Positions in the content are counted in cells. A group has as many axes as the grid; a *cut* is
where a chunk begins in its group and how long it is, along each axis.
"""

from itertools import product
from math import prod
from typing import NamedTuple


class Grid(NamedTuple):
    """Lengths of the axes, the first None if it isn't known; size z of a cell; chunk shape T."""

    lengths: list
    cell: int
    chunk: list


class Group(NamedTuple):
    """The shape of a group and its cuts, in the order of its chunks."""

    shape: list
    cuts: list


def lengths_and_cell(shape, item, fortran):
    """The axes of the grid of an array whose items have so many bytes, and the size of a cell."""
    axes = list(reversed(shape)) if fortran else list(shape)
    return (axes, item) if 1 <= item <= 64 else ([*axes, item], 1)


def check(grid):
    """That the chunk shape is a legal one."""
    lengths, cell, chunk = grid
    assert len(chunk) == len(lengths)
    for t, length in zip(chunk, lengths, strict=True):
        assert t >= 1
        assert length is None or t <= max(length, 1)
    assert prod(chunk) * cell <= 2**27
    a = cut_axis(grid)
    assert prod(len(starts(grid, axis)) for axis in range(a + 1, len(lengths))) <= 2**16


def cut_axis(grid):
    """a: the axis along which the content is cut into groups."""
    return next((axis for axis, t in enumerate(grid.chunk) if t > 1), len(grid.chunk) - 1)


def starts(grid, axis):
    """Where the chunks begin along an axis behind the cut axis."""
    return range(0, grid.lengths[axis], grid.chunk[axis])


def find_group(grid, at, cells):
    """The group that begins at cell `at`, whose first chunk has so many cells."""
    lengths, _, chunk = grid
    if not lengths:
        assert at == 0
        return Group([], [([], [])])
    a = cut_axis(grid)
    behind = lengths[a + 1 :]
    place = at // prod(behind)  # along axis a, if that is the first
    if a > 0:
        place %= lengths[a]
    most = chunk[a] if lengths[a] is None else min(chunk[a], lengths[a] - place)
    extent = most
    if a == 0:
        extent = cells // prod(min(t, n) for t, n in zip(chunk[1:], behind, strict=True))
    assert 1 <= extent <= most
    shape = [1] * a + [extent, *behind]
    corners = product(*(starts(grid, axis) for axis in range(a + 1, len(lengths))))
    cuts = []
    for corner in corners:
        begin = [0] * (a + 1) + list(corner)
        size = [1] * a + [extent]
        size += [min(chunk[axis], lengths[axis] - begin[axis]) for axis in range(a + 1, len(chunk))]
        cuts.append((begin, size))
    return Group(shape, cuts)


def cells_of(group):
    """The number of cells of each of its chunks."""
    return [prod(size) for _, size in group.cuts]


def runs(group, cut):
    """The cells of a chunk as they lie in the group's content: where each run begins, how long."""
    begin, size = cut
    if not size:
        return [(0, 1)]
    found = []
    for place in product(*(range(b, b + n) for b, n in zip(begin[:-1], size[:-1], strict=True))):
        at = 0
        for index, length in zip([*place, begin[-1]], group.shape, strict=True):
            at = at * length + index
        found.append((at, size[-1]))
    return found


def join(group, contents, cell):
    """The content of the group whose chunks have these contents."""
    if len(contents) == 1:
        return contents[0]
    whole = bytearray(prod(group.shape) * cell)
    for cut, content in zip(group.cuts, contents, strict=True):
        taken = 0
        for at, length in runs(group, cut):
            whole[at * cell : (at + length) * cell] = content[taken : taken + length * cell]
            taken += length * cell
        assert taken == len(content)
    return bytes(whole)


def split(group, content, cell):
    """Undo `join`."""
    assert len(content) == prod(group.shape) * cell
    if len(group.cuts) == 1:
        return [content]
    return [
        b"".join(content[at * cell : (at + n) * cell] for at, n in runs(group, cut))
        for cut in group.cuts
    ]
