"""Tables of order-1 contexts, written in bits.

Each row of a matrix of frequencies that sum to 2^p has a *level* l: it is quantised to the total
2^l and scaled up by 2^(p - l) (see `ansflow.kernels.tables.context_levels`), and the small numbers
are written.

The table has a bit for each symbol: whether it is *used*, that is, has a row. Every symbol that has
a frequency in any row is used, and so is context 0, in which segments start; so every context that
a decoder can reach has a row. A symbol that nothing follows has the cheapest possible row, in which
0 has all of the total.

For each used context, in ascending order, follow 4 bits for its level l, then, until the
frequencies reach 2^l and over used symbols only,

    gap     how many symbols without a frequency come before the next that has one
    f - 1   of that; nothing if no more than 1 is left

in exponential Golomb codes whose order follows a running mean (see
`ansflow.kernels.tables.frequency_code`), one mean each, both starting from 0 in each row. v is
coded by u = v + 2^k: as many zeros as u is longer than 2^k, a one, and the bits of u below its
leading one. Of the levels that a row could have, the smallest is written: at least one of its f is
odd. So a matrix has one form only.

Bits fill bytes from the least significant one up, and so do the fields.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.context_levels import quantize_contexts
from ansflow.kernels.tables.frequency_code import LOG2, MEAN_SHIFT, order
from ansflow.kernels.transforms.words import bit_length

__all__ = [
    "TABLE_ROOM",
    "fit_contexts",
    "read_contexts",
    "write_contexts",
]

# A gap below 256 and a frequency up to 2^12, at order 0, take 17 and 25 bits. With as much for each
# row's level and each symbol's mark, `write_contexts` never runs out of space.
MAX_BITS_PER_FREQUENCY = 48

# Bytes for the largest table there is, of 256 symbols.
TABLE_ROOM = MAX_BITS_PER_FREQUENCY * 257**2 // 8

LEVEL_BITS = np.uint64(4)
LEVEL_MASK = np.uint64(15)

BYTE_SHIFT = np.uint64(3)
BIT_MASK = np.uint64(7)
BYTE_MASK = np.uint64(0xFF)
BYTE = np.uint64(8)
TWO, THREE = np.uint64(2), np.uint64(3)

# u is below 2^13: no valid code has more bits after its first one, or more zeros before it.
MAX_BELOW = np.uint64(12)
INVALID = ~ZERO

# The number of zeros below the lowest one, without an unpredictable branch: multiplied by that
# power of two, a de Bruijn sequence has a different nibble on top for each number (Leiserson,
# Prokop & Randall 1998). The sentinel is a one in case the longest valid code has none.
SENTINEL = np.uint64(1 << 13)
DE_BRUIJN = np.uint64(0b0000_1001_1010_1111)
WORD_MASK, NIBBLE_AT = np.uint64(0xFFFF), np.uint64(12)
ZEROS = np.empty(16, np.uint64)
for _zeros in range(16):
    ZEROS[((int(DE_BRUIJN) << _zeros) & 0xFFFF) >> 12] = _zeros


@inner
def put_bits(value, length, out, at):
    """Write the low `length` bits of `value`, the rest of which is zero; return where they end."""
    byte = at >> BYTE_SHIFT
    value <<= at & BIT_MASK
    while value > ZERO:
        out[byte] |= np.uint8(value & BYTE_MASK)
        value >>= BYTE
        byte += ONE
    return at + length


@inner
def put_golomb(v, k, out, at):
    """Write the exponential Golomb code of `v` at order `k`."""
    u = v + (ONE << k)
    below = bit_length(u) - ONE
    field = u ^ (ONE << below)
    zeros = below - k
    return put_bits((ONE | field << ONE) << zeros, zeros + ONE + below, out, at)


@inner
def byte_at(data, i):
    """Byte `i`, or 0 beyond the end. (A separate loop for the end would be much slower.)"""
    return np.uint64(data[i]) if i < np.uint64(data.size) else ZERO


@inner
def window(data, at):
    """At least 25 bits from `at` on, as many as the longest code has; zeros follow the end."""
    byte = at >> BYTE_SHIFT
    a, b = byte_at(data, byte), byte_at(data, byte + ONE)
    c, d = byte_at(data, byte + TWO), byte_at(data, byte + THREE)
    bits = a | (b << BYTE) | (c << TWO * BYTE) | (d << THREE * BYTE)
    return bits >> (at & BIT_MASK)


@inner
def get_golomb(k, data, at):
    """``(v, end)`` of the code at `at`; v is `INVALID` if none starts there.

    The end may lie beyond that of the data.
    """
    bits = window(data, at)
    marked = bits | SENTINEL
    lowest = marked & (~marked + ONE)
    zeros = ZEROS[((lowest * DE_BRUIJN) & WORD_MASK) >> NIBBLE_AT]
    below = k + zeros
    if below > MAX_BELOW:
        return INVALID, at
    bits >>= zeros
    u = (ONE << below) | ((bits >> ONE) & ((ONE << below) - ONE))
    return u - (ONE << k), at + zeros + ONE + below


@inner
def follow(mean, v):
    """The running mean, in quarters, with `v` taken in."""
    return mean + v - (mean >> MEAN_SHIFT)


@inner
def list_rows(freq, found):
    """List the contexts whose row is not zero; return how many."""
    n = ZERO
    for c in range(freq.shape[0]):
        bits = np.uint32(0)
        for s in range(freq.shape[1]):
            bits |= freq[c, s]
        if bits > 0:
            found[n] = c
            n += ONE
    return n


@inner
def write_row(row, used, precision, out, at):
    """Write the level and the frequencies of one context; return where they end."""
    bits = ONE << precision
    columns = np.empty(used.size, np.uint64)
    present = ZERO
    for i in range(used.size):
        # Without a branch: always written, and kept if the count advances.
        f = np.uint64(row[used[i]])
        columns[present] = i
        present += np.uint64(f > ZERO)
        bits |= f
    down = ZERO
    while not (bits >> down) & ONE:
        down += ONE
    level = precision - down
    at = put_bits(level, LEVEL_BITS, out, at)
    left = ONE << level
    next_column, gap_mean, mean = ZERO, ZERO, ZERO
    for column in columns[:present]:
        gap = column - next_column
        next_column = column + ONE
        at = put_golomb(gap, order(gap_mean, ONE), out, at)
        gap_mean = follow(gap_mean, gap)
        f = np.uint64(row[used[column]]) >> down
        if left > ONE:
            at = put_golomb(f - ONE, order(mean, ONE), out, at)
            mean = follow(mean, f - ONE)
        left -= f
    return at


@kernel
def write_contexts(freq, precision, out):
    """Write a matrix of frequencies; return the number of bytes.

    Parameters
    ----------
    freq : uint32[alphabet, alphabet]
        At most 256 symbols. Rows sum to 2^precision or are zero; none of the latter belongs to 0 or
        to a symbol that has a frequency. `quantize_contexts` makes such a matrix.
    precision : uint64
        1 to 12.
    out : uint8[]
        Zero, with room for `MAX_BITS_PER_FREQUENCY` bits for each pair of used symbols, and for one
        more of each symbol.
    """
    alphabet = np.uint64(freq.shape[0])
    found = np.empty(alphabet, np.uint64)
    used = found[: list_rows(freq, found)]
    for c in used:
        put_bits(ONE, ONE, out, c)
    at = alphabet
    for c in used:
        at = write_row(freq[c], used, precision, out, at)
    return (at + BIT_MASK) >> BYTE_SHIFT


@kernel
def fit_contexts(counts, precision, freq, out):
    """Find good frequencies for the pairs of a block, and write their table.

    Parameters
    ----------
    counts : uint32[256, 256]
    precision : uint64
        8 to 12.
    freq : uint32[256, 256]
        Filled.
    out : uint8[]
        Filled with the table, and zeros; has the room that `write_contexts` asks for.

    Returns
    -------
    ``(used, bits)``: bytes of the table, and bits that all symbols take with these frequencies.
    """
    quantize_contexts(counts, precision, freq)
    bits = 0.0
    for c in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            if counts[c, s] > 0:
                bits += float(counts[c, s]) * (float(precision) - LOG2[freq[c, s]])
    out[:] = 0
    return write_contexts(freq, precision, out), bits


@inner
def read_row(data, at, used, precision, row):
    """Read what `write_row` wrote into a row of zeros; return where it ends, or 0 if damaged."""
    level = window(data, at) & LEVEL_MASK
    at += LEVEL_BITS
    if level > precision:
        return ZERO
    up = precision - level
    left = ONE << level
    column, gap_mean, mean, bits = ZERO, ZERO, ZERO, ZERO
    while left > ZERO:
        gap, at = get_golomb(order(gap_mean, ONE), data, at)
        if gap >= np.uint64(used.size) - column:
            return ZERO
        column += gap
        gap_mean = follow(gap_mean, gap)
        f = ONE
        if left > ONE:
            v, at = get_golomb(order(mean, ONE), data, at)
            if v >= left:
                return ZERO
            mean = follow(mean, v)
            f += v
        row[used[column]] = f << up
        bits |= f
        left -= f
        column += ONE
    # All even: a lower level would have done.
    return at if bits & ONE else ZERO


@kernel
def read_contexts(data, precision, freq):
    """Undo `write_contexts`; return the bytes read, or 0 if they hold no such table.

    Parameters
    ----------
    data : uint8[]
        May continue after the table.
    precision : uint64
    freq : uint32[alphabet, alphabet]
        Filled.
    """
    alphabet = np.uint64(freq.shape[0])
    end = np.uint64(data.size) << BYTE_SHIFT
    freq[:] = 0
    if end < alphabet:
        return ZERO
    found = np.empty(alphabet, np.uint64)
    n = ZERO
    for i in range(alphabet):
        s = np.uint64(i)
        found[n] = s
        n += (np.uint64(data[s >> BYTE_SHIFT]) >> (s & BIT_MASK)) & ONE
    if n == ZERO or found[0] > ZERO:
        return ZERO
    used = found[:n]
    at = alphabet
    for c in used:
        at = read_row(data, at, used, precision, freq[c])
        if at == ZERO or at > end:
            return ZERO
    # Bits that fill up the last byte are zero: a table has only one form.
    if at & BIT_MASK and np.uint64(data[at >> BYTE_SHIFT]) >> (at & BIT_MASK):
        return ZERO
    return (at + BIT_MASK) >> BYTE_SHIFT
