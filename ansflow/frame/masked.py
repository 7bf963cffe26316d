"""What a header says of a masked array, besides that it is an array.

Where some values may be masked, the items of the content are structures of two fields: a value, be
it masked or not, and whether it is. So a chunk, or a row, has all that belongs together.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

import numpy as np

__all__ = ["DATA", "MASK", "Masked", "with_mask"]

# The fields, and the keys of the object in the description.
DATA, MASK = "data", "mask"
HARD, FILL_VALUE = "hard", "fill_value"

HEXADECIMAL = re.compile("(?:[0-9a-f]{2})*")


class Masked(NamedTuple):
    """Whether the mask is hard, and the bytes of the fill value; None for the default of NumPy."""

    hard: bool = False
    fill_value: bytes | None = None

    def describe(self) -> dict[str, Any]:
        """The same in a form for JSON."""
        value = None if self.fill_value is None else self.fill_value.hex()
        return {HARD: self.hard, FILL_VALUE: value}

    @classmethod
    def parse(cls, told: Any, dtype: np.dtype[Any]) -> Self:
        """Undo `describe`, for items of a dtype; ValueError if there can be no such array."""
        if not isinstance(told, dict) or set(told) != {HARD, FILL_VALUE}:
            raise ValueError(f"'masked' must be an object with {HARD} and {FILL_VALUE}")
        hard, value = told[HARD], told[FILL_VALUE]
        if not isinstance(hard, bool):
            raise ValueError(f"{HARD} must be true or false, not {hard!r:.40}")
        if dtype.names is not None and dtype != with_mask(dtype[0]):
            raise ValueError("a masked array has values and a mask, and no other fields")
        values = values_of(dtype)
        if values.names is not None or values.subdtype is not None:
            raise ValueError("the values of a masked array cannot have fields")
        if value is None:
            return cls(hard)
        if not isinstance(value, str) or not HEXADECIMAL.fullmatch(value):
            raise ValueError(f"{FILL_VALUE} must be null or hexadecimal digits")
        if len(value) != 2 * values.itemsize:
            raise ValueError(f"{FILL_VALUE} must be a value of {values.itemsize} bytes")
        return cls(hard, bytes.fromhex(value))


def with_mask(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of values that may be masked, with their mask."""
    return np.dtype([(DATA, dtype), (MASK, np.bool)])


def values_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the values of a masked array whose items are of a dtype."""
    return dtype if dtype.names is None else dtype[0]
