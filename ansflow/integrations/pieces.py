"""Chunks of any size without a frame, for containers that know dtype, shape and fill value.

========================  =========================================================================
one byte                  1 if the array is shorter than the container says, because all items
                          behind that are its fill value; otherwise 0
after 1: a uint32         for each axis, how much of it there is
uint32                    the length of each piece but the last
pieces                    bare chunks, as in FORMAT.md, up to the end
========================  =========================================================================

All integers are little-endian, and so should be the items. Pieces are consecutive in C order. They
have equally many *rows*, or fewer in the last: items along the first axis, or along as many leading
axes as it takes for a row not to be larger than a piece may be. A fill value is compared, and
restored, bit by bit. The padding of chunks that reach over the edge of an array would otherwise
blur the distributions of what is in it: 5 to 13% of the size, in two climate fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import ceil, gcd, prod
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.errors import CorruptDataError, TruncatedError

__all__ = ["Pieces", "Rows", "chosen_recipe", "encode", "leading", "within"]

Array = npt.NDArray[Any]

WHOLE, SHORTER = b"\0", b"\1"
LENGTH = np.dtype("<u4")

# Without tables and models, all plans decode alike, and share what that takes.
DECODING = ansflow.Plan()


class Rows(NamedTuple):
    """How an array is cut into pieces.

    Attributes
    ----------
    total : int
        Rows of the array.
    shape : tuple of int
        Of a row.
    each : int
        Rows of a piece, but for the last.
    """

    total: int
    shape: tuple[int, ...]
    each: int

    @classmethod
    def of(cls, shape: Sequence[int], itemsize: int, piece_size: int) -> Self:
        """Those of an array with at least one axis, in pieces of at most so many bytes."""
        axes = 1
        while axes < len(shape) and prod(shape[axes:]) * itemsize > piece_size:
            axes += 1
        total, row = prod(shape[:axes]), tuple(shape[axes:])
        most = max(1, piece_size // max(1, prod(row) * itemsize))
        # Evenly, rather than with a rest.
        return cls(total, row, max(1, ceil(total / max(1, ceil(total / most)))))

    @property
    def pieces(self) -> int:
        """How many there are; of a shorter array no more."""
        return ceil(self.total / self.each)


def encode(items: Array, fill: Array, piece_size: int, plan: ansflow.Plan) -> bytes:
    """A chunk of an array.

    Parameters
    ----------
    items : C-contiguous ndarray
    fill : ndarray, shape ()
        The fill value, of the same dtype.
    piece_size : int
        Bytes of content in a piece.
    plan : Plan
        Without tables and model. If it has a recipe, that is for pieces of the usual shape, and
        otherwise one is chosen.

    Raises
    ------
    ValueError
        If the recipe is not for such pieces.
    """
    items = items.reshape(items.shape or 1)
    usual = Rows.of(items.shape, items.dtype.itemsize, piece_size)
    kept = _kept(items, fill)
    header = WHOLE
    if kept != items.shape:
        items = np.ascontiguousarray(items[tuple(map(slice, kept))])
        header = SHORTER + np.array(kept, LENGTH).tobytes()
    rows, cut = _rows(items, piece_size)
    parts = [rows[start : start + cut.each] for start in range(0, cut.total, cut.each)]
    chosen = cache(lambda: ansflow.plan(rows, level=plan.level))
    pieces = []
    for part in parts:
        by_hand = plan.recipe is not None and part.shape == (usual.each, *usual.shape)
        pieces.append(ansflow.encode_chunk(part, plan if by_hand else chosen()))
    lengths = np.array([len(piece) for piece in pieces[:-1]], LENGTH)
    return b"".join([header, lengths.tobytes(), *pieces])


def chosen_recipe(items: Array, piece_size: int, level: int) -> str | None:
    """The recipe that suits the pieces of chunks like these items; None if none is needed."""
    rows, _ = _rows(items.reshape(items.shape or 1), piece_size)
    recipe = ansflow.plan(rows, level=level).recipe
    return None if recipe is None else str(recipe)


def _rows(items: Array, piece_size: int) -> tuple[Array, Rows]:
    """The rows of an array, and how they are cut into pieces."""
    cut = Rows.of(items.shape, items.dtype.itemsize, piece_size)
    return items.reshape(cut.total, *cut.shape), cut


def _kept(items: Array, fill: Array) -> tuple[int, ...]:
    """The shape of the leading part of an array, behind which there are only fill values."""
    itemsize = items.dtype.itemsize
    if not items.size or not itemsize:
        return items.shape
    word = f"u{gcd(itemsize, 8)}"
    ours = items.reshape(-1).view(word).reshape(*items.shape, -1)
    theirs = fill.reshape(1).view(word)
    if (ours[(-1,) * items.ndim] != theirs).any():
        return items.shape  # as the last item is at the end of all axes
    differs = (ours != theirs).any(-1)
    axes = range(items.ndim)
    used = [np.flatnonzero(differs.any(tuple(set(axes) - {axis}))) for axis in axes]
    return tuple(int(places[-1]) + 1 if places.size else 0 for places in used)


class Pieces(NamedTuple):
    """Where the pieces of a chunk are, and what is in them.

    Attributes
    ----------
    shape, kept : tuple of int
        Of the chunk as the container has it, and of what was coded; at least one axis.
    rows : Rows
        Of that.
    starts : list of int
        Where in the chunk each piece begins; the last one goes on to the end.
    """

    shape: tuple[int, ...]
    kept: tuple[int, ...]
    rows: Rows
    starts: list[int]

    @staticmethod
    def most_before(shape: Sequence[int], itemsize: int, piece_size: int) -> int:
        """At most so many bytes are before the first piece; 0 if there is only one."""
        pieces = Rows.of(shape or (1,), itemsize, piece_size).pieces
        return 0 if pieces <= 1 else 1 + (len(shape) + pieces) * LENGTH.itemsize

    @classmethod
    def read(cls, data: memoryview, shape: Sequence[int], itemsize: int, piece_size: int) -> Self:
        """What a chunk, or its beginning, says; CorruptDataError if there is no such chunk."""
        shape = tuple(shape) or (1,)
        kept, at = shape, 1
        if data[:1] == SHORTER:
            at += len(shape) * LENGTH.itemsize
            kept = tuple(_integers(data[1:at], len(shape)))
        elif data[:1] != WHOLE:
            raise CorruptDataError(
                f"a chunk must begin with 0 or 1, not {bytes(data[:1])!r}"
                if data
                else "the chunk is empty"
            )
        if any(own > whole for own, whole in zip(kept, shape, strict=True)):
            raise CorruptDataError(f"the chunk has shape {kept}, more than the {shape} of all")
        rows = Rows.of(kept, itemsize, piece_size)
        pieces = rows.pieces
        begin = at + max(0, pieces - 1) * LENGTH.itemsize
        lengths = _integers(data[at:begin], max(0, pieces - 1))
        return cls(shape, kept, rows, list(accumulate(lengths, initial=begin))[:pieces])

    def of(self, items: range) -> range:
        """Which pieces there are of consecutive items along the first axis."""
        rows, each = self._rows_of(items), self.rows.each
        return range(rows.start // each, ceil(rows.stop / each)) if rows else range(0)

    def decode_all(self, data: memoryview, fill: Array) -> Array:
        """All items, from the whole chunk."""
        items = range(self.shape[0])
        needed = self.of(items)
        return self.decode(data[self.starts[0] :] if needed else data[:0], needed, items, fill)

    def decode(self, data: memoryview, pieces: range, items: range, fill: Array) -> Array:
        """These items along the first axis, from the data of the pieces that they are in."""
        each, begin = self.rows.each, pieces.start * self.rows.each
        count = min(pieces.stop * each, self.rows.total) - begin if pieces else 0
        rows = np.empty((count, *self.rows.shape), fill.dtype)
        starts = [self.starts[piece] - self.starts[pieces.start] for piece in pieces]
        if starts and starts[-1] > len(data):
            raise TruncatedError(
                f"the chunk has {len(data)} bytes, and the last of {self.rows.pieces} pieces "
                f"begins {starts[-1]} bytes behind the first"
            )
        for number, (start, end) in enumerate(pairwise([*starts, len(data)])):
            out = rows[number * each : (number + 1) * each]
            ansflow.decode_chunk(data[start:end], DECODING, out)
        wanted = self._rows_of(items)
        own = rows[wanted.start - begin : wanted.stop - begin] if wanted else rows
        own = own.reshape(-1 if own.size else 0, *self.kept[1:])
        if own.shape == (len(items), *self.shape[1:]):
            return own
        array: Array = np.full((len(items), *self.shape[1:]), fill)
        array[tuple(map(slice, own.shape))] = own
        return array

    def _rows_of(self, items: range) -> range:
        """The rows of items along the first axis, as far as there are any."""
        own = range(min(items.start, self.kept[0]), min(items.stop, self.kept[0]))
        each = self.rows.total // max(1, self.kept[0])
        return range(own.start * each, own.stop * each)


def _integers(data: memoryview, count: int) -> list[int]:
    if len(data) != count * LENGTH.itemsize:
        raise TruncatedError("the chunk ends within its first few bytes")
    numbers: list[int] = np.frombuffer(data, LENGTH).tolist()
    return numbers


def leading(selection: Any, shape: Sequence[int]) -> range:
    """Around which items along the first axis a selection is, as NumPy indexes: not empty."""
    whole = range(prod(shape[:1]))
    if not shape or not isinstance(selection, tuple) or not selection:
        return whole
    first = selection[0]
    if isinstance(first, slice):
        begin, end, step = first.indices(shape[0])
        return range(begin, end) if step > 0 and begin < end else whole
    if isinstance(first, int | np.integer):
        return range(int(first), int(first) + 1) if first >= 0 else whole
    if isinstance(first, np.ndarray) and first.dtype.kind in "iu" and first.size:
        low, high = int(first.min()), int(first.max())
        return range(low, high + 1) if low >= 0 else whole
    return whole


def within(first: Any, wanted: range) -> Any:
    """The first index of a selection, counted from the beginning of that range."""
    if isinstance(first, slice):
        return slice(0, len(wanted), first.step)
    return first - wanted.start
