"""The encoder's tables: how each symbol changes a state, without a division.

Let f be the symbol's frequency, p the precision and [low, 2^16 low) the interval of states.
Renormalisation leaves x < f * 2^b for b = 16 + log2(low) - p, and a word was due exactly if
``x >> b >= f``. Then the push needs x div f, which is ``((x + nudge) * m) >> shift`` for

packed, uint64[symbols], up to 12 bits of precision
    nudge = 0, shift = b + 2k, m = ceil(2^shift / f), where k = ceil(log2 f) and b = 31 - p. With
    e = m f - 2^shift, at least 0 and below f, the product is too large by x e / (f 2^shift). That
    is less than the 1/f that could spoil the quotient, because x e < f 2^b f <= 2^(b + 2k). And
    m < 2^32: above f = 1, f > 2^(k - 1) makes 2^shift / f at most 2^(b + k + 1) - 2^(b + 1), and
    b + k is at most 31. (Granlund & Montgomery 1994, theorem 4.2, for numbers below f 2^b.)
    A record is m (32 bits), start (13), f (13) and shift (6), from the bottom.
split, uint64[symbols, 2], above that
    m, shift and nudge are those of `ansflow.kernels.tables.reciprocal`. Records are m (32 bits),
    nudge (1), unused (25), shift (6); and start (32), f (32).

A vector kernel loads a packed record with one gather of 64 bits, and its halves are where
multiplications of 32 by 32 bits expect them.
"""

import functools

import numpy as np

from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO
from ansflow.kernels.jit import brief_kernel, inlined, inner
from ansflow.kernels.tables.reciprocal import logarithms, reciprocal_table, unpack_reciprocal

__all__ = [
    "fill_record_rows",
    "fill_records",
    "headroom",
    "look_up_record",
    "packed_record",
    "reciprocals_of",
]

M_MASK = np.uint64((1 << 32) - 1)
HIGH_SHIFT = np.uint64(32)
SHIFT_SHIFT = np.uint64(58)

# Within the high 32 bits of a packed record.
FREQ_SHIFT = np.uint64(13)
FIELD_MASK = np.uint64((1 << 13) - 1)

NUDGE_MASK = ONE

U_MAX_PACKED_PRECISION = np.uint64(MAX_PACKED_PRECISION)
U_31 = np.uint64(31)


@inlined
def headroom(precision):
    """b: a symbol of frequency f is pushed on states below f * 2^b."""
    return U_31 - precision + np.uint64(precision > U_MAX_PACKED_PRECISION)


@functools.cache
def reciprocals_of(precision: int) -> np.ndarray:
    """The reciprocals of all frequencies for `fill_records`, computed once in a process.

    Packed, each is the record of a symbol that begins with 0.

    Returns
    -------
    ndarray of uint64, shape (2^precision + 1,) or (2^16 + 1,)
        Read-only.
    """
    if precision > MAX_PACKED_PRECISION:
        return reciprocal_table()
    table = np.zeros((1 << precision) + 1, np.uint64)
    f = np.arange(1, table.size, dtype=np.uint64)
    k = logarithms(precision)
    shift = U_31 - np.uint64(precision) + k + k
    m = ((ONE << shift) + f - ONE) // f
    table[1:] = m | (f << (HIGH_SHIFT + FREQ_SHIFT)) | (shift << SHIFT_SHIFT)
    table.setflags(write=False)
    return table


@inlined
def packed_record(start, f, reciprocals):
    """The record of a symbol with the interval [start, start + f)."""
    return reciprocals[f] | (start << HIGH_SHIFT)


@brief_kernel
def fill_records(freq, reciprocals, records):
    """Fill ``records[symbol]`` from `freq`.

    Parameters
    ----------
    freq : uint32[n]
        Sums to 2^precision.
    reciprocals : uint64[]
        From `reciprocals_of` that precision.
    records : uint64[m] or uint64[m, 2]
        m >= n; packed up to 12 bits of precision, split above. Records of symbols without a
        frequency are 0, and those behind the last symbol are left as they are.
    """
    start = ZERO
    for s in range(freq.size):
        f = np.uint64(freq[s])
        if records.ndim == 1:
            records[s] = packed_record(start, f, reciprocals) if f > ZERO else ZERO
        elif f > ZERO:
            m, nudge, shift = unpack_reciprocal(reciprocals[f])
            records[s, 0] = m | (nudge << HIGH_SHIFT) | (shift << SHIFT_SHIFT)
            records[s, 1] = start | (f << HIGH_SHIFT)
        else:
            records[s, 0] = records[s, 1] = ZERO
        start += f


@brief_kernel
def fill_record_rows(freq, reciprocals, records):
    """`fill_records` for each row: uint64[rows, m] from uint32[rows, n], packed."""
    for row in range(freq.shape[0]):
        fill_records(freq[row], reciprocals, records[row])


@inner
def look_up_record(records, s):
    """``(m, nudge, shift, start, f)`` of a symbol, in either layout."""
    if records.ndim == 1:
        record = records[s]
        interval = record >> HIGH_SHIFT
        start, freq = interval & FIELD_MASK, (interval >> FREQ_SHIFT) & FIELD_MASK
        return record & M_MASK, ZERO, record >> SHIFT_SHIFT, start, freq
    record, interval = records[s, 0], records[s, 1]
    nudge = (record >> HIGH_SHIFT) & NUDGE_MASK
    start, freq = interval & M_MASK, interval >> HIGH_SHIFT
    return record & M_MASK, nudge, record >> SHIFT_SHIFT, start, freq
