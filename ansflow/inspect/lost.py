"""What a damaged file has lost, in the terms of its content: ranges of bytes, boxes of arrays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ansflow.frame.grid import Grid
from ansflow.frame.header import Header

__all__ = ["Losses", "LostBox"]

Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class LostBox:
    """Items of an array that are lost, or bytes of content that is no array.

    Parameters
    ----------
    name : str or None
        The name of the array in a collection.
    shape : tuple of int or None
        The shape of the array's frame, with -1 for a first axis of unknown length; None for bytes.
    box : tuple of (int, int)
        Begin and end along each axis; of bytes, their range. Along the first axis, items count from
        the beginning of the array, which may consist of several frames.

    Examples
    --------
    >>> str(LostBox("depth", (500, 200), ((100, 164), (0, 200))))
    'depth[100:164, :]'
    >>> str(LostBox(None, None, ((4096, 8192),)))
    'bytes 4,096 to 8,192'
    """

    name: str | None
    shape: tuple[int, ...] | None
    box: Box

    def __str__(self) -> str:
        if self.shape is None:
            ((begin, end),) = self.box
            return f"bytes {begin:,} to {end:,}"
        slices = [
            ":" if (begin, end) == (0, length) and axis else f"{begin}:{end}"
            for axis, ((begin, end), length) in enumerate(zip(self.box, self.shape, strict=True))
        ]
        return f"{self.name or 'items '}[{', '.join(slices) or '...'}]"


class Losses:
    """Collects what is lost, chunk by chunk, and joins what touches."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.boxes: list[LostBox] = []
        self._rows: Counter[str | None] = Counter()  # of earlier frames, by the array's name

    def add(self, header: Header, position: int, size: int, tile: int, begin: int) -> None:
        """Note a chunk of a frame with this header, in a group of `size` bytes.

        The group begins at `position` of the frame's content, and at `begin` of all content.
        """
        spec = header.array
        self._add_range(begin, begin + size)
        if spec is None:
            self._add_box(LostBox(None, None, ((begin, begin + size),)))
            return
        box = _box(header.grid, position, size, tile)[: len(spec.shape)]
        if spec.fortran:
            box = box[::-1]
        elif box:
            first = self._rows[spec.name]
            box = ((box[0][0] + first, box[0][1] + first), *box[1:])
        self._add_box(LostBox(spec.name, spec.shape, box))

    def end_frame(self, header: Header, size: int) -> None:
        """Count the rows of a frame, which come before those of the next one of the same array."""
        spec = header.array
        if spec is not None and spec.shape and spec.row_nbytes:
            self._rows[spec.name] += size // spec.row_nbytes

    def _add_range(self, begin: int, end: int) -> None:
        if self.ranges and self.ranges[-1][1] >= begin:
            begin = min(begin, self.ranges.pop()[0])
        self.ranges.append((begin, end))

    def _add_box(self, lost: LostBox) -> None:
        while self.boxes and (joined := _joined(self.boxes[-1], lost)) is not None:
            self.boxes.pop()
            lost = joined
        self.boxes.append(lost)


def _box(grid: Grid, position: int, size: int, tile: int) -> Box:
    """The places along each axis of a grid that a chunk of a group has."""
    if not grid.shape:
        return ()
    at = position // grid.place_size
    before: list[tuple[int, int]] = []
    for length in grid.shape[grid.axis : 0 : -1]:
        at, place = divmod(at, length)
        before.append((place, place + 1))
    before.append((at, at + 1))
    *outer, (first, _) = reversed(before)
    along = (first, first + size // grid.place_size)
    inner = [(part.start, part.stop) for part in grid.tiles[tile]]
    return (*outer, along, *inner)


def _joined(first: LostBox, second: LostBox) -> LostBox | None:
    """Both boxes as one; None if they are not side by side."""
    if (first.name, first.shape, len(first.box)) != (second.name, second.shape, len(second.box)):
        return None
    pairs = list(zip(first.box, second.box, strict=True))
    differing = [axis for axis, (one, other) in enumerate(pairs) if one != other]
    if len(differing) != 1:
        return first if not differing else None
    (axis,) = differing
    one, other = pairs[axis]
    if one[1] != other[0]:
        return None
    box = (*first.box[:axis], (one[0], other[1]), *first.box[axis + 1 :])
    return LostBox(first.name, first.shape, box)
