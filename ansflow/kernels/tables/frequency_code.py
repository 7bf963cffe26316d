"""Frequency tables as bits: adaptive exponential Golomb codes.

Frequencies of neighbouring symbols are alike, so each is coded with an order k that follows
their running mean: v is written as u = v + 2^k (Teuhola 1978) with as many zeros as u is
longer than 2^k, and then the bits of u from its leading one. After a zero the order is 0,
which makes runs of absent symbols cost one bit each. The table ends when the total is reached.

Bits fill bytes from the least significant one up.
"""

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import brief_kernel, inlined, inner
from ansflow.kernels.tables.quantize import quantize_row
from ansflow.kernels.transforms.bits import WORD_BITS
from ansflow.kernels.transforms.words import bit_length, word_at

__all__ = ["MAX_BITS_PER_FREQUENCY", "fit_rows", "fit_table", "read_frequencies"]
__all__ += ["write_frequencies"]

MAX_BITS_PER_FREQUENCY = 64

# The running mean is kept in units of a quarter.
MEAN_SHIFT = np.uint64(2)

BYTE_SHIFT, BIT_IN_BYTE, BYTES = np.uint64(3), np.uint64(7), np.uint64(8)
PEEKED = np.uint64(57)  # of 64 bits, up to seven belong to the byte but not to what is ahead
MAX_BELOW = np.uint64(32)

SWAPS = tuple(
    (np.uint64(mask), np.uint64(distance))
    for mask, distance in (
        (0x5555_5555_5555_5555, 1),
        (0x3333_3333_3333_3333, 2),
        (0x0F0F_0F0F_0F0F_0F0F, 4),
        (0x00FF_00FF_00FF_00FF, 8),
        (0x0000_FFFF_0000_FFFF, 16),
        (0x0000_0000_FFFF_FFFF, 32),
    )
)


# log2 of each frequency up to 2^12, and one more, so that rounding cannot lead outside.
LOG2 = np.log2(np.maximum(np.arange((1 << 12) + 2), 1))


@inner
def log2(f):
    """The binary logarithm of a frequency of at least 1."""
    return LOG2[f] if f < np.uint64(LOG2.size) else np.log2(float(f))


@inlined
def order(mean, previous):
    """Order k of the next code: that of the running mean, or 0 after an absent symbol."""
    if previous == ZERO or mean >> MEAN_SHIFT == ZERO:
        return ZERO
    return bit_length(mean >> MEAN_SHIFT) - ONE


@brief_kernel
def write_frequencies(freq, total, out):
    """Write the table of frequencies; return the number of bytes.

    Parameters
    ----------
    freq : uint32[n]
        Sums to `total`.
    total : int64
        At most 2^31.
    out : uint8[]
        Zero, with room for `MAX_BITS_PER_FREQUENCY` bits a frequency.
    """
    total = np.uint64(total)
    at = ZERO
    mean = ZERO
    previous = ZERO
    for i in range(freq.size):
        if total == ZERO:
            break
        v = np.uint64(freq[i])
        k = order(mean, previous)
        u = v + (ONE << k)
        below = bit_length(u) - ONE
        at += below - k
        # The leading one first, so that it ends the run of zeros.
        code = ZERO
        while u > ZERO:
            code = code << ONE | (u & ONE)
            u >>= ONE
        code <<= at & np.uint64(7)
        byte = at >> np.uint64(3)
        while code > ZERO:
            out[byte] |= np.uint8(code & np.uint64(0xFF))
            code >>= np.uint64(8)
            byte += ONE
        at += below + ONE
        mean += v - (mean >> MEAN_SHIFT)
        previous = v
        total -= v
    return (at + np.uint64(7)) >> np.uint64(3)


@inlined
def mirrored(word):
    """A word with its bits in reverse order: single ones, pairs, fours and bytes change places."""
    for mask, distance in SWAPS:
        word = (word >> distance & mask) | (word & mask) << distance
    return word


@inner
def peek(data, at):
    """The bits from one on, the first of them highest: `PEEKED` at least, zeros behind the end."""
    byte, size = at >> BYTE_SHIFT, np.uint64(data.size)
    if byte + BYTES <= size:
        word = word_at(data, byte)
    else:
        word = ZERO
        for i in range(byte, size):
            word |= np.uint64(data[i]) << ((i - byte) << BYTE_SHIFT)
    return mirrored(word >> (at & BIT_IN_BYTE))


@brief_kernel
def read_frequencies(data, total, freq):
    """Undo `write_frequencies`; return the number of bytes read, or 0 if there is no valid table.

    A table is valid if its bits do not end early, its frequencies sum to `total`, and the bits that
    fill up its last byte are zero.

    Parameters
    ----------
    data : uint8[]
        May hold anything, and continue after the table.
    total : int64
        At most 2^31.
    freq : uint32[n]
        Filled.
    """
    total = np.uint64(total)
    end = np.uint64(data.size) << BYTE_SHIFT
    at = ahead = known = ZERO  # the next bit, those from there on, and how many of them are known
    mean = ZERO
    previous = ZERO
    for i in range(freq.size):
        freq[i] = 0
        if total == ZERO:
            continue
        k = order(mean, previous)
        zeros = WORD_BITS - bit_length(ahead)
        if zeros + zeros + k >= known:
            ahead, known = peek(data, at), PEEKED
            zeros = WORD_BITS - bit_length(ahead)
        below = k + zeros
        at += zeros
        if below > MAX_BELOW or at + below >= end:
            return ZERO
        ahead <<= zeros
        known -= zeros
        if below >= known:
            ahead, known = peek(data, at), PEEKED
        v = (ahead >> (WORD_BITS - ONE - below)) - (ONE << k)
        below += ONE
        ahead <<= below
        known -= below
        at += below
        if v > total:
            return ZERO
        freq[i] = v
        mean += v - (mean >> MEAN_SHIFT)
        previous = v
        total -= v
    if total > ZERO:
        return ZERO
    # Bits that fill up the last byte are zero: a table has only one form.
    if at & np.uint64(7) and np.uint64(data[at >> BYTE_SHIFT]) >> (at & np.uint64(7)):
        return ZERO
    return (at + np.uint64(7)) >> np.uint64(3)


@inner
def fit_row(counts, precision, freq, keys, heap, out):
    """`fit_table`, compiled."""
    most = 0.0
    present, last = ZERO, ZERO
    for s in range(counts.size):
        most = max(most, counts[s])
        present += np.uint64(counts[s] > 0.0)
    for s in range(counts.size):
        counts[s] /= most  # `ansflow.models.quantize` does so too: the frequencies are the same
        last = np.uint64(s) + ONE if counts[s] > 0.0 else last
    total = ONE << np.uint64(precision)
    if present > total:
        return present, ZERO, np.inf
    freq[last:] = 0
    quantize_row(counts[:last], total, freq[:last], keys, heap)
    bits = 0.0
    for s in range(last):
        if freq[s] > 0:
            bits += most * counts[s] * (float(precision) - log2(np.uint64(freq[s])))
    out[:] = 0
    return present, write_frequencies(freq, total, out), bits


@brief_kernel
def fit_rows(counts, precision, freq, keys, heap, out):
    """`fit_table` for each row of ``counts``, float64[K, n], and ``freq``, uint32[K, n].

    The tables follow each other in `out`, where each has room for `MAX_BITS_PER_FREQUENCY` bits a
    frequency. What is returned is added up for all rows.
    """
    room = np.uint64(counts.shape[1] * MAX_BITS_PER_FREQUENCY // 8)
    present, used, bits = ZERO, ZERO, 0.0
    for k in range(counts.shape[0]):
        table = out[used : used + room]
        own, size, length = fit_row(counts[k], precision, freq[k], keys, heap, table)
        present += own
        used += size
        bits += length
    return present, used, bits


def fit_table(
    counts: npt.NDArray[np.float64],
    precision: int,
    freq: npt.NDArray[np.uint32],
    keys: npt.NDArray[np.float64],
    heap: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint8],
) -> tuple[int, int, float]:
    """Find the best frequencies for counts of symbols, and write their table.

    Parameters
    ----------
    counts : float64[n]
        At least one is positive. Scaled so that the largest is 1.
    precision : int64
        1 to 31.
    freq : uint32[n], keys : float64[n], heap : uint32[n]
        The result and the scratch of `quantize_row`.
    out : uint8[]
        Filled with the table; has room for `MAX_BITS_PER_FREQUENCY` bits a frequency.

    Returns
    -------
    ``(present, used, bits)``: how many symbols occur, bytes of the table, and bits that all their
    occurrences take with these frequencies. If more symbols occur than 2^precision, there are no
    frequencies, and ``(present, 0, inf)`` is returned.
    """
    found: tuple[int, int, float] = fit_rows(
        counts.reshape(1, -1), precision, freq.reshape(1, -1), keys, heap, out
    )
    return found
