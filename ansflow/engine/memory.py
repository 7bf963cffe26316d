"""New memory for content, in huge pages where the system has them."""

from __future__ import annotations

import ctypes
import io
import mmap

import numpy as np

__all__ = ["allocate"]

# From here on new memory is asked for in huge pages, as NumPy does for its own arrays: to touch
# it for the first time in pages of 4 KiB takes longer than to decode into it.
HUGE_PAGES_FROM = 4 << 20


def allocate(size: int) -> io.BytesIO:
    """A file of `size` bytes in memory whose `getvalue` hands that memory over uncopied."""
    file = io.BytesIO(bytes(size))
    if size >= HUGE_PAGES_FROM and hasattr(mmap, "MADV_HUGEPAGE"):
        memory = np.frombuffer(file.getbuffer(), np.uint8)
        begin = -memory.ctypes.data % mmap.PAGESIZE
        libc = ctypes.CDLL(None)
        libc.madvise(
            ctypes.c_void_p(memory.ctypes.data + begin),
            ctypes.c_size_t(size - begin),
            mmap.MADV_HUGEPAGE,
        )
    return file
