"""Sets of items as bits, 64 to a word: item i is bit ``i % 64`` of word ``i // 64``."""

import numpy as np

from ansflow.kernels.constants import ONE
from ansflow.kernels.jit import inlined, inner

__all__ = ["WORD_BITS", "lowest", "ones"]

WORD_BITS = np.uint64(64)

U_2, U_4, U_56 = np.uint64(2), np.uint64(4), np.uint64(56)
PAIRS = np.uint64(0x5555_5555_5555_5555)
QUADS = np.uint64(0x3333_3333_3333_3333)
NIBBLES = np.uint64(0x0F0F_0F0F_0F0F_0F0F)
BYTES = np.uint64(0x0101_0101_0101_0101)


@inlined
def ones(word):
    """How many bits are set, in the form that LLVM knows: it becomes one instruction."""
    word -= (word >> ONE) & PAIRS
    word = (word & QUADS) + ((word >> U_2) & QUADS)
    word = (word + (word >> U_4)) & NIBBLES
    return (word * BYTES) >> U_56


@inner
def lowest(word):
    """The number of the lowest bit that is set, in a word that is not 0."""
    return ones(~word & (word - ONE))
