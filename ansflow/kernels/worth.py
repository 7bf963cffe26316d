"""Which functions are not worth all that LLVM may do for loops."""

from collections.abc import Callable
from typing import Any

__all__ = ["RARE", "SAMPLING"]

Functions = set[Callable[..., Any]]

# Kernels that work on samples.
SAMPLING: Functions = set()
# Functions that few items come to.
RARE: Functions = set()
