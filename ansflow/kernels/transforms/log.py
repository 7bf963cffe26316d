"""Numbers to tokens that are their magnitude, and raw bits that are the rest; and back.

A token is a number below 16 itself, and otherwise the length of the number in bits and the two
bits below its leading one. All that there is to know follows from the token by arithmetic, so that
there are no tables.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.finish import finish_block, finish_rest, no_totals
from ansflow.kernels.transforms.raw_bits import BLOCK, add_up, append, blank, fetch, merge, part
from ansflow.kernels.transforms.start import IF_CLEAR, IF_SET, LAGS, start_block
from ansflow.kernels.transforms.words import bit_length, item_bits

__all__ = ["decode", "encode"]

DIRECT = np.uint64(16)
LEADING = np.uint64(3)  # bits that are in the token: the leading one, and two
TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)
WORD_SHIFT = np.uint64(6)
U_BLOCK = np.uint64(BLOCK)


@inlined
def width_of(token):
    """How many raw bits belong to a token."""
    return (token >> TWO) - TWO if token >= DIRECT else ZERO


@kernel
def encode(items, plan, tokens, out):
    """Fill `tokens`, write the raw bits, and return how many there are.

    Parameters
    ----------
    items : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        What makes numbers of them: that of `start`.
    tokens : uint8[n]
    out : uint64[m]
        With room for all bits of all numbers and a word more.
    """
    rest, widths = blank(items), blank(items)
    own_rest, own_widths = rest[0], widths[0]
    below = item_bits(items) - ONE
    kind = items.dtype.type
    clear, set_, lags = kind(plan[IF_CLEAR]), kind(plan[IF_SET]), plan[LAGS:]
    fold = kind(~ZERO)
    at = last = ZERO
    n = np.uint64(items.size)
    for begin in range(ZERO, n, U_BLOCK):
        size = min(n - begin, U_BLOCK)
        start_block(items, clear, set_, lags, fold, begin, begin + size, own_rest)
        for i in range(size):
            number = np.uint64(own_rest[i])
            direct = number < DIRECT
            width = np.uint64(bit_length(own_rest[i])) - LEADING & below
            width = ZERO if direct else width
            token = number >> width
            tokens[begin + i] = token if direct else token + FOUR * width + FOUR
            own_widths[i] = width
            own_rest[i] = number & ((ONE << width) - ONE)
        for i in range(size, U_BLOCK):
            own_widths[i] = own_rest[i] = 0
        add_up(widths)
        merge(rest, widths)
        at, last = append(rest, widths, np.uint64(rest[3].size), at, last, out)
    out[at >> WORD_SHIFT] = last
    return at


@kernel
def decode(tokens, data, out, plan, rows):
    """Undo `encode`, and do with the numbers what a plan says.

    Parameters
    ----------
    tokens : uint8[n]
    data : uint8[m]
        The raw bits. Numbers may be any if there are too few.
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        That of `finish`.
    rows : True or None
        That of `fetch`.

    Returns
    -------
    The number of raw bits that belong to the tokens.
    """
    totals = no_totals(out)
    rest, widths = blank(out), blank(out)
    own_rest, own_widths = rest[0], widths[0]
    below = item_bits(out) - ONE
    at = ZERO
    n = np.uint64(tokens.size)
    for begin in range(ZERO, n, U_BLOCK):
        size = min(n - begin, U_BLOCK)
        for i in range(size):
            own_widths[i] = width_of(np.uint64(tokens[begin + i]))
        for i in range(size, U_BLOCK):
            own_widths[i] = 0
        add_up(widths)
        at = fetch(data, at, widths, rest, rows)
        part(rest, widths)
        for i in range(size):
            token = np.uint64(tokens[begin + i])
            width = (token >> TWO) - TWO & below
            number = FOUR + (token & THREE) << width | np.uint64(own_rest[i]) & (ONE << width) - ONE
            out[begin + i] = token if token < DIRECT else number
        finish_block(out, plan, totals, begin, begin + size)
    finish_rest(out, plan)
    return at
