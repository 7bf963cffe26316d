"""Arrays that stay read-only when they are pickled or copied.

Numba compiles a kernel once for writable arrays, and again for read-only ones. All arrays of codecs
and networks are read-only, but pickling and deep copies forget it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ReadOnly", "read_only"]


class ReadOnly:
    """Objects whose arrays, also those in tuples, are read-only when they are restored."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update((name, read_only(value)) for name, value in state.items())


def read_only(value: Any) -> Any:
    """Make an array, or the arrays of a tuple, read-only; leave anything else as it is."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(read_only, value))
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, np.dtype):
        return np.dtype(value.str)  # a pickled dtype is not NumPy's one object any more
    return value
