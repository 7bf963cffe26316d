"""Allocation of memory for content, in huge pages where the system supports them."""

from __future__ import annotations

import ctypes
import functools
import io
import mmap
from collections.abc import Callable
from typing import Any, cast

import numpy as np

__all__ = ["allocate"]

# From this size on, memory is requested in huge pages, as NumPy does for its arrays: page faults
# of 4 KiB each would take longer than decoding.
HUGE_PAGES_FROM = 4 << 20


def allocate(size: int) -> io.BytesIO:
    """Return an in-memory file of `size` bytes, to be filled, whose `getvalue` does not copy."""
    file = io.BytesIO(_new_bytes()(None, size))
    if size >= HUGE_PAGES_FROM and hasattr(mmap, "MADV_HUGEPAGE"):
        memory = np.frombuffer(file.getbuffer(), np.uint8)
        begin = -memory.ctypes.data % mmap.PAGESIZE
        _madvise()(
            ctypes.c_void_p(memory.ctypes.data + begin),
            ctypes.c_size_t(size - begin),
            mmap.MADV_HUGEPAGE,
        )
    return file


@functools.cache
def _new_bytes() -> Callable[[None, int], bytes]:
    """What makes bytes without putting zeros in them, as ``bytes(size)`` does."""
    function: Any = ctypes.pythonapi.PyBytes_FromStringAndSize
    function.argtypes, function.restype = (ctypes.c_char_p, ctypes.c_ssize_t), ctypes.py_object
    return cast(Callable[[None, int], bytes], function)


@functools.cache
def _madvise() -> Callable[..., int]:
    """The system's function, which takes a while to find."""
    function: Callable[..., int] = ctypes.CDLL(None).madvise
    return function
