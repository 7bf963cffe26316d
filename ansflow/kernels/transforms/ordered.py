"""Numbers to unsigned integers in the same order; `finish` undoes it.

The sign bit of signed integers and of floats is inverted, so that what is negative comes first.
Negative floats go the other way than their bits, which are those of the magnitude: all of their
bits are inverted. So there is a mask for items with their highest bit set and one for the others.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["order"]


@kernel
def order(items, shift, if_clear, if_set, out):
    """Take `shift` bits off the low end, and invert the bits of one of two masks.

    Parameters
    ----------
    items : uint[n]
    shift : uint64
        Less than the width of an item.
    if_clear, if_set : uint64
        The masks for what is left of items whose highest bit is 0, and 1.
    out : uint[n], of the same width

    Returns
    -------
    uint64
        The bits that were taken off, of all items ORed together.
    """
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    clear, set_ = number(if_clear), number(if_set)
    if shift == ZERO:  # LLVM shifts items of 8 and 16 bits in wider vectors
        for i in range(np.uint64(items.size)):
            out[i] = items[i] ^ (set_ if items[i] > half else clear)
        return ZERO
    taken = ZERO
    for i in range(np.uint64(items.size)):
        taken |= np.uint64(items[i])
        out[i] = (items[i] >> shift) ^ (set_ if items[i] > half else clear)
    return taken & ((ONE << shift) - ONE)
