"""The numbers every kernel agrees on. They are part of the format.

Fast coder
    A state x is kept in [2^15, 2^31) and words have 16 bits. The upper bound leaves the
    sign bit of a 32-bit integer clear, so that vector kernels can compare states with
    signed instructions, and makes 32-bit reciprocals exact for every frequency (see
    `ansflow.kernels.reciprocal`). The lower bound is a multiple of 2^precision for every
    precision up to 15, which is what makes "at most one word per symbol" true.

Stack coder
    A head x is kept in [2^32, 2^64) and words have 32 bits. Precision goes up to 31 bits.
"""

import numpy as np

WORD_BITS = 16
STATE_LOW = 1 << 15
STATE_BITS = 31  # states are below 2^31
WORDS_PER_STATE = 2
MAX_FAST_PRECISION = 15

STACK_WORD_BITS = 32
STACK_LOW = 1 << 32
WORDS_PER_HEAD = 4  # 16-bit words that one 64-bit head takes in a stream
MAX_PRECISION = 31

MAX_LANES = 64
MAX_ALPHABET = 1 << 16

# The same as unsigned scalars: in Numba int64 mixed with uint64 becomes float64,
# so kernels only ever meet these.
ZERO = np.uint64(0)
ONE = np.uint64(1)
U_WORD_BITS = np.uint64(WORD_BITS)
U_WORD_MASK = np.uint64((1 << WORD_BITS) - 1)
U_STATE_LOW = np.uint64(STATE_LOW)
U_STATE_BITS = np.uint64(STATE_BITS)
U_STACK_WORD_BITS = np.uint64(STACK_WORD_BITS)
U_STACK_WORD_MASK = np.uint64((1 << STACK_WORD_BITS) - 1)
U_STACK_LOW = np.uint64(STACK_LOW)
U_STACK_STATE_BITS = np.uint64(64)
