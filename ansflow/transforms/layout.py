"""What lies in a buffer that transforms take and give: how large its items are, and their shape."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Layout"]


class Layout(NamedTuple):
    """Items in C order.

    Parameters
    ----------
    itemsize : int
        Bytes of an item.
    shape : tuple of int
    """

    itemsize: int
    shape: tuple[int, ...]

    @property
    def items(self) -> int:
        """Number of items."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.itemsize * math.prod(self.shape)
