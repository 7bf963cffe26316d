"""Exceptions of small arrays: places and items, in few bytes where they repeat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.numbers import Numbers
from ansflow.varints import ByteReader, pack_varint

__all__ = ["pack_exceptions", "put_exceptions"]


def pack_exceptions(items: Numbers, places: npt.NDArray[np.uint32]) -> bytes:
    """Each place, as a gap to the one before, and the item there, as what differs from that.

    Exceptions are often the same NaN, or a negative zero: they repeat, and their low bits are 0.
    """
    packed, last, before, bits = b"", -1, 0, 8 * items.itemsize
    for place, item in zip(places.tolist(), items[places].tolist(), strict=True):
        packed += pack_varint(place - last - 1) + pack_varint(_reversed(item ^ before, bits))
        last, before = place, item
    return packed


def put_exceptions(packed: Bytes, out: Numbers) -> None:
    """Undo `pack_exceptions`."""
    reader, at, item, bits = ByteReader(packed.data), 0, 0, 8 * out.itemsize
    while reader.at < packed.size:
        at += reader.varint()
        difference = reader.varint()
        if at >= out.size or difference >> bits:
            raise CorruptDataError(f"there is no exception at place {at} of {out.size} items")
        item ^= _reversed(difference, bits)
        out[at] = item
        at += 1


def _reversed(number: int, bits: int) -> int:
    """The number with so many bits in reverse order."""
    return int(f"{number:0{bits}b}"[::-1], 2)
