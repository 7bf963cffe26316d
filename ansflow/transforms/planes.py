"""Byte planes: the first bytes of all items, then the second bytes, and so on.

The bytes of a number are distributed very differently, sign and exponent hardly at random,
the lowest mantissa bits entirely; in planes, each gets a distribution of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["merge_plane", "split_planes"]

Bytes = npt.NDArray[np.uint8]


def split_planes(content: Bytes, planes: int) -> list[Bytes]:
    """Contiguous planes of items of `planes` bytes each; `content` holds whole items."""
    if planes == 1:
        return [content]
    return list(np.ascontiguousarray(content.reshape(-1, planes).T))


def merge_plane(content: Bytes, planes: int, plane: int) -> Bytes:
    """The view of `content` that holds one plane, to be filled."""
    return content[plane::planes]
