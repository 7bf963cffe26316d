"""The numbers every kernel agrees on. They are part of the format.

Fast coder
    A state x is kept in [low, 2^16 * low) and words have 16 bits. The lower bound is a multiple
    of 2^precision, which is what makes "at most one word per symbol" true.

    Up to 12 bits of precision, low is 2^15: that leaves a bit for the reciprocals of the encoder,
    so that all it needs to know of a symbol packs into 64 bits (`ansflow.kernels.tables.records`).
    From 13 to 16 bits it is 2^16: what a coder loses to rounding is proportional to
    (2^precision / low)^2, and with one bit more it stays below 0.02% up to 14 bits.

Stack coder
    A head x is kept in [2^32, 2^64) and words have 32 bits. Precision goes up to 31 bits.
"""

import numpy as np

from ansflow.arguments import integer

WORD_BITS = 16
WORDS_PER_STATE = 2
MAX_PACKED_PRECISION = 12
MAX_FAST_PRECISION = 16

STACK_WORD_BITS = 32
STACK_LOW = 1 << 32
WORDS_PER_HEAD = 4  # 16-bit words that one 64-bit head takes in a stream
MAX_PRECISION = 31

# The low bits of a head that stirring mixes: those that a posterior of up to 28 bits of precision
# reads. Mixing changes the heads' distribution, in proportion to 1 / h, towards one that is uniform
# in blocks of 2^28. That costs 1e-5 bits a head; with 32 bits it would be 2.4e-3.
STIRRED_BITS = 28

MAX_LANES = 64
SYMBOLS_PER_LANE = 1024
MAX_ALPHABET = 1 << 16


def default_lanes(symbols: int) -> int:
    """The number of lanes for so many symbols by default, a power of two.

    Each lane's state takes about three bytes more than the information it holds. With this many
    lanes that is at most 0.3% of the symbols.
    """
    return min(MAX_LANES, 1 << max(0, (symbols // SYMBOLS_PER_LANE).bit_length() - 1))


def checked_lanes(lanes: int | None, symbols: int) -> int:
    """The number of lanes that was asked for, or the default for so many symbols.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is not a power of two from 1 to 64.
    """
    if lanes is None:
        return default_lanes(symbols)
    lanes = integer(lanes, "lanes")
    if not (1 <= lanes <= MAX_LANES and lanes & (lanes - 1) == 0):
        raise ValueError(f"lanes must be a power of two from 1 to {MAX_LANES}, not {lanes}")
    return lanes


def state_low(precision: int) -> int:
    """Lower bound of the fast coder's states."""
    return 1 << (15 if precision <= MAX_PACKED_PRECISION else 16)


# The same as unsigned scalars: in Numba int64 mixed with uint64 becomes float64,
# so kernels only ever meet these.
ZERO = np.uint64(0)
ONE = np.uint64(1)
U_WORD_BITS = np.uint64(WORD_BITS)
U_WORD_MASK = np.uint64((1 << WORD_BITS) - 1)
U_STACK_WORD_BITS = np.uint64(STACK_WORD_BITS)
U_STACK_WORD_MASK = np.uint64((1 << STACK_WORD_BITS) - 1)
U_STACK_LOW = np.uint64(STACK_LOW)
U_STACK_STATE_BITS = np.uint64(64)
