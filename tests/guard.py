"""Arrays with an unreadable page right before or right after them.

A kernel that strays by one byte takes the process down, instead of reading whatever is there.
"""

import ctypes
import mmap

import numpy as np

PAGE = mmap.PAGESIZE
GUARD = 64 * PAGE  # on either side, so that larger strides don't jump over it
PROT_NONE = 0


def guarded(array, at_end=True):
    """A copy of `array` that ends (or begins) at an unreadable page.

    It is read-only if the array is: kernels are compiled for either.
    """
    source = np.ascontiguousarray(array)
    room = -(-max(source.nbytes, 1) // PAGE) * PAGE
    memory = mmap.mmap(-1, room + 2 * GUARD)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for guard in (base, base + GUARD + room):
        if libc.mprotect(guard, GUARD, PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = GUARD + (room - source.nbytes if at_end else 0)
    copy = np.frombuffer(memory, source.dtype, source.size, offset).reshape(source.shape)
    copy[...] = source
    copy.setflags(write=source.flags.writeable)
    return copy
