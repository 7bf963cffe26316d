"""A reversible mixing of bits: a bijection of numbers below 2^k for k = 28 or 32.

A xor-shift by half of the bits is its own inverse, and brings the high bits to the low ones; a
multiplication by an odd number brings the low bits to the high ones, and its inverse is the
multiplication by the inverse number. Xor-shift, multiplication, xor-shift is therefore undone by
the same three steps with the inverse number, and twice the same is one with the square.
"""

import numpy as np

from ansflow.kernels.constants import STIRRED_BITS, U_STACK_WORD_MASK
from ansflow.kernels.jit import inlined, kernel

__all__ = ["stir_heads", "stir_words"]

U_WORD_HALF = np.uint64(16)
U_LOW_HALF = np.uint64(STIRRED_BITS // 2)
U_LOW_MASK = np.uint64((1 << STIRRED_BITS) - 1)


@inlined
def mixed(x, factor, half, mask):
    x ^= x >> half
    x = x * factor & mask
    return x ^ x >> half


@kernel
def stir_heads(heads, factor):
    """Mix the low 28 bits of each of `heads`, uint64[lanes], in place; `factor` is odd."""
    for lane in range(heads.size):
        low = heads[lane] & U_LOW_MASK
        heads[lane] ^= low ^ mixed(low, factor, U_LOW_HALF, U_LOW_MASK)


@kernel
def stir_words(tail, start, stop, factor):
    """Mix the words ``tail[start:stop]``, uint32, in place; `factor` is odd."""
    for i in range(np.uint64(start), np.uint64(stop)):
        tail[i] = mixed(np.uint64(tail[i]), factor, U_WORD_HALF, U_STACK_WORD_MASK)
