"""Keys of arrays: the box that slices and integers span, and what is left to NumPy."""

from __future__ import annotations

from operator import index
from typing import Any, SupportsIndex

import numpy as np

__all__ = ["is_integer", "spanned"]


def spanned(key: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[list[range], tuple[Any, ...]]:
    """The box spanned by the slices and integers at the beginning of a key, and the key in it."""
    keys = list(key)
    basic = all(part is Ellipsis or isinstance(part, slice) or is_integer(part) for part in keys)
    dots = [place for place, part in enumerate(keys) if part is Ellipsis]
    if basic and len(dots) == 1:
        keys[dots[0] : dots[0] + 1] = [slice(None)] * max(0, len(shape) - len(keys) + 1)
    box: list[range] = []
    inner: list[Any] = []
    for axis, (part, length) in enumerate(zip(keys, shape, strict=False)):
        if isinstance(part, slice):
            picked = range(*part.indices(length))
            ends = sorted((picked[0], picked[-1])) if picked else (0, -1)
            box.append(range(ends[0], ends[1] + 1))
            inner.append(slice(None, None, picked.step))
        elif is_integer(part):
            place = index(part)
            if not -length <= place < length:
                raise IndexError(
                    f"index {place} is out of bounds for axis {axis} of length {length}"
                )
            box.append(range(place % length, place % length + 1))
            inner.append(0)
        else:
            break
    inner += keys[len(box) :]
    box += [range(length) for length in shape[len(box) :]]
    if basic and len(dots) == 1:
        inner.append(Ellipsis)  # so that a 0-d array does not become a scalar
    return box, tuple(inner)


def is_integer(key: Any) -> bool:
    """Whether NumPy takes a key as a single index. Bools are masks, not indices."""
    if isinstance(key, np.ndarray):
        return key.ndim == 0 and key.dtype.kind in "iu"
    return isinstance(key, SupportsIndex) and not isinstance(key, bool | np.bool)
