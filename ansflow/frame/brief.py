"""What is said of most small arrays, in the fewest bytes: a number for the dtype, and the shape.

A list in JSON would take ten bytes more, and the size of the content, which follows from it, a few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.varints import ByteReader, pack_varint

__all__ = ["pack_brief", "parse_brief"]

# As a description has them; the place of a type is its number.
TYPES = (
    *("|b1", "|u1", "|i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8"),
    *("<c8", "<c16", "bfloat16", "<M8[s]", "<M8[ms]", "<M8[us]", "<M8[ns]", "<m8[ns]"),
)
NUMBERS = {name: number for number, name in enumerate(TYPES)}

AXES_SHIFT = 5


def pack_brief(description: Mapping[str, Any]) -> bytes | None:
    """Dtype and shape; None if there is no number for the dtype, or more to say."""
    if description.keys() != {"dtype", "shape"}:
        return None
    dtype, shape = description["dtype"], description["shape"]
    number = NUMBERS.get(dtype) if isinstance(dtype, str) else None
    if number is None or len(shape) > constants.MAX_BRIEF_AXES:
        return None
    return bytes([number | len(shape) << AXES_SHIFT]) + b"".join(map(pack_varint, shape))


def parse_brief(reader: ByteReader) -> dict[str, Any]:
    """Undo `pack_brief`."""
    first = reader.byte()
    number, axes = first & ((1 << AXES_SHIFT) - 1), first >> AXES_SHIFT
    if number >= len(TYPES):
        raise CorruptDataError(
            f"the header is brief, and its dtype has the number {number}, not one up to "
            f"{len(TYPES) - 1}"
        )
    return {"dtype": TYPES[number], "shape": [reader.varint() for _ in range(axes)]}
