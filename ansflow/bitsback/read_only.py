"""Arrays that nobody can write to, as kernels rely on what they hold.

An object that is built once keeps its arrays read-only, also when it is pickled or copied, which
forgets it. A codec that is built for a single symbol keeps writable ones, which NumPy makes and
Numba takes in less time, and shows read-only views of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ReadOnly", "read_only", "read_only_view"]


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
    return value


def read_only_view(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of an array that stays writable."""
    view = array.view()
    view.setflags(write=False)
    return view
