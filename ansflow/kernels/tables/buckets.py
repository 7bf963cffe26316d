"""The decoder's tables where there are many rows: entries of symbols, and where to look for a slot.

Rows sum to 2^12. An entry packs what one of `ansflow.kernels.tables.slots` does, with the start of
the symbol's interval in place of an offset: frequency - 1 (12 bits), start (12 bits), symbol
(8 bits), from the top. A row has an entry for each of its symbols, in ascending order. Its slots
are cut into `BUCKETS`; the *place* of a bucket is that of the entry with its first slot. From
there, few entries have to be passed over.

A row takes some hundred bytes. Slots would take 16 KiB, and come from memory if rows are many.
"""

import numpy as np

from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["BUCKETS", "fill_bucket_rows", "look_up_entry"]

BUCKETS = 1 << 7
BUCKETS_LOG2 = np.uint64(7)

WIDTH = np.uint64((1 << MAX_PACKED_PRECISION) // BUCKETS)
WIDTH_LOG2 = np.uint64(MAX_PACKED_PRECISION) - BUCKETS_LOG2

FREQ_SHIFT, START_SHIFT = np.uint64(20), np.uint64(8)
START_MASK = np.uint64((1 << 12) - 1)
PLACE_SHIFT, ENTRY_MASK = np.uint64(32), np.uint64((1 << 32) - 1)
SYMBOL_MASK = np.uint64((1 << 8) - 1)


@kernel
def fill_bucket_rows(freq, buckets, entries):
    """Fill the tables of all rows.

    Parameters
    ----------
    freq : uint32[rows, n]
        n is at most 256. Each row sums to 2^12.
    buckets : uint64[rows * BUCKETS]
    entries : uint32[m]
        m is the number of frequencies that are not 0.
    """
    at, bucket = ZERO, ZERO
    for row in range(freq.shape[0]):
        start, next_bucket = ZERO, ZERO
        for s in range(freq.shape[1]):
            f = np.uint64(freq[row, s])
            if f > ZERO:
                entries[at] = ((f - ONE) << FREQ_SHIFT) | (start << START_SHIFT) | np.uint64(s)
                start += f
                while next_bucket < start:
                    buckets[bucket] = entries[at] | (at + ONE) << PLACE_SHIFT
                    bucket += ONE
                    next_bucket += WIDTH
                at += ONE


@inlined
def look_up_entry(buckets, entries, row, slot):
    """``(frequency, offset, symbol)`` of a slot in a row."""
    bucket = buckets[(row << BUCKETS_LOG2) + (slot >> WIDTH_LOG2)]
    entry, at = bucket & ENTRY_MASK, bucket >> PLACE_SHIFT
    offset = slot - ((entry >> START_SHIFT) & START_MASK)
    while offset > entry >> FREQ_SHIFT:
        entry = np.uint64(entries[at])
        at += ONE
        offset = slot - ((entry >> START_SHIFT) & START_MASK)
    return (entry >> FREQ_SHIFT) + ONE, offset, entry & SYMBOL_MASK
