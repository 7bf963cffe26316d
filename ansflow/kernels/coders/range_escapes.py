"""A range coder with a row of a matrix of distributions for each symbol, and escapes.

Rows, escapes and the digits behind them are those of `ansflow.kernels.coders.message_rows`: behind
the symbol of the escape follow the number of digits, and the digits, the highest first.
"""

import numpy as np

from ansflow.kernels.coders.message_rows import (
    DIGIT_BITS,
    DIGIT_MASK,
    ESCAPE_PUSHES,
    LEAST,
    MAX_DIGITS,
    MOST,
    count_escapes,
    outside,
)
from ansflow.kernels.coders.range import CRAMPED, DONE, LOW, SIZE, WIDTH, WRONG, has_room
from ansflow.kernels.coders.range_steps import (
    decode_interval,
    decode_row,
    interval_of,
    put,
    slot_of,
)
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel

__all__ = ["decode", "encode"]

BASE = DIGIT_MASK + ONE
DIGITS = int(BASE)


@inner
def encode_digits(value, state, words):
    """Code a distance outside."""
    digits = ZERO
    while value >> digits * DIGIT_BITS > ZERO:
        digits += ONE
    put(digits, ONE, BASE, state, words)
    while digits > ZERO:
        digits -= ONE
        put((value >> digits * DIGIT_BITS) & DIGIT_MASK, ONE, BASE, state, words)


@inner
def decode_digit(data, size, state):
    """``(digit, DONE, SHORT or WRONG)``."""
    digit = slot_of(DIGITS, state)
    if digit > DIGIT_MASK:
        return digit, WRONG
    return digit, decode_interval(np.int64(digit), 1, DIGITS, data, size, state)


@inner
def decode_digits(data, size, state):
    """Undo `encode_digits`: ``(value, DONE, SHORT or WRONG)``."""
    value = ZERO
    digits, how = decode_digit(data, size, state)
    if how == DONE and digits > MAX_DIGITS:
        return value, WRONG
    while how == DONE and digits > ZERO:
        digit, how = decode_digit(data, size, state)
        if how == DONE and value == ZERO and digit == ZERO:
            return value, WRONG  # the first digit is never 0
        value = (value << DIGIT_BITS) | digit
        digits -= ONE
    return value, how


@kernel
def encode(symbols, index, cdf, lowest, escape, state, words):
    """Code `symbols`, each of which can be coded; return their number, or `CRAMPED`.

    Parameters
    ----------
    symbols : int32[n]
    index : uint32[n]
        Row of each symbol.
    cdf : uint32[rows, alphabet + 1]
    lowest : int32[rows]
    escape : uint32[rows]
        All symbols up to it have a frequency.
    state : uint64[3]
        Updated in place.
    words : uint32[]
        With room for n words, and `ESCAPE_PUSHES` for each symbol outside.
    """
    outside_all = count_escapes(symbols, index, lowest, escape)
    most = np.uint64(symbols.size) + np.uint64(ESCAPE_PUSHES) * outside_all
    if not has_room(most, state[SIZE], words.size):
        return np.int64(CRAMPED)
    for i in range(symbols.size):
        row = np.uint64(index[np.uint64(i)])
        number, least = np.int64(symbols[np.uint64(i)]), np.int64(lowest[row])
        stop = np.uint64(escape[row])
        symbol = min(np.uint64(number - least), stop)  # below the support, that is above 2^32
        start, freq, total = interval_of(symbol, row, cdf)
        put(start, freq, total, state, words)
        if symbol == stop:
            encode_digits(outside(number, least, np.int64(stop)), state, words)
    return np.int64(symbols.size)


@kernel
def decode(data, size, state, index, cdf, lowest, escape, out):
    """Undo `encode`; return ``(symbols decoded, DONE, SHORT or WRONG)``.

    Unless all are decoded, the state is not changed. Other parameters are those of
    `ansflow.kernels.coders.range.decode`, and `out` is int32[n].
    """
    point, width, end = state[LOW], state[WIDTH], state[SIZE]
    for i in range(out.size):
        row = np.int64(index[np.uint64(i)])
        symbol, how = decode_row(row, cdf, data, size, state)
        number = np.int64(lowest[row]) + np.int64(symbol)
        if how == DONE and symbol == np.uint64(escape[row]):
            value, how = decode_digits(data, size, state)
            step = np.int64(value >> ONE)
            number = np.int64(lowest[row]) - step - 1 if value & ONE else number + step
            if how == DONE and not LEAST <= number <= MOST:
                how = WRONG
        if how != DONE:
            state[LOW], state[WIDTH], state[SIZE] = point, width, end
            return np.uint64(i), how
        out[np.uint64(i)] = number
    return np.uint64(out.size), DONE
