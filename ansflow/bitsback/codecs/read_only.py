"""Arrays that can't be written to, wherever they have been in the meantime.

Numba compiles a kernel for arrays that can be written to, and again for those that can't. All that
codecs and networks are made of can't. Pickling and deep copies forget that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ReadOnly", "read_only"]


class ReadOnly:
    """Objects that are restored with arrays that can't be written to, also those in tuples."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update((name, read_only(value)) for name, value in state.items())


def read_only(value: Any) -> Any:
    """Forbid writing to an array, or those of a tuple; anything else stays as it is."""
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(map(read_only, value))
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, np.dtype):
        return np.dtype(value.str)  # pickled ones aren't the same object as all others any more
    return value
