"""Which kernels are not worth all that LLVM may do for loops."""

from collections.abc import Callable
from typing import Any

__all__ = ["SAMPLING"]

# Those that work on samples.
SAMPLING: set[Callable[..., Any]] = set()
