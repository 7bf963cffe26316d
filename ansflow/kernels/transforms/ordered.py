"""Numbers to unsigned integers in the same order; `finish` undoes it.

The sign bit of signed integers and of floats is inverted, so that what is negative comes first.
Negative floats go the other way than their bits, which are those of the magnitude: all of their
bits are inverted. So there is a mask for items with their highest bit set and one for the others.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["order"]

U_BLOCK = np.uint64(1 << 12)


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
        The bits that were taken off, of all items ORed together. If some are not 0, items are read
        no further than the block in which these are: they have to be put in order anew.
    """
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    clear, set_ = number(if_clear), number(if_set)
    if shift == ZERO:  # LLVM shifts items of 8 and 16 bits in wider vectors
        for i in range(np.uint64(items.size)):
            out[i] = items[i] ^ (set_ if items[i] > half else clear)
        return ZERO
    low, n, taken = (ONE << shift) - ONE, np.uint64(items.size), ZERO
    for begin in range(ZERO, n, U_BLOCK):
        block, ordered = items[begin : begin + U_BLOCK], out[begin : begin + U_BLOCK]
        union = number(0)
        for i in range(np.uint64(block.size)):
            union = number(union | block[i])
            ordered[i] = (block[i] >> shift) ^ (set_ if block[i] > half else clear)
        taken = np.uint64(union) & low
        if taken:
            break
    return taken
