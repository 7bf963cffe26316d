"""Buffers as the unsigned integers that kernels take."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = ["Numbers", "read_only", "writable"]

Numbers = npt.NDArray[Any]


def read_only(items: Numbers, width: int) -> Numbers:
    """The bytes of items as integers of so many bytes, for kernels that read them.

    An array that need not be aligned has another type than one that is. Buffers begin anywhere, so
    all of them are said to: kernels are compiled once, and processors do not care.
    """
    numbers: Numbers = items.view(f"<u{width}")
    numbers.setflags(write=False, align=False)
    return numbers


def writable(out: Numbers, width: int) -> Numbers:
    """The same for kernels that fill them."""
    numbers: Numbers = out.view(f"<u{width}")
    numbers.setflags(align=False)
    return numbers
