"""The decoder's tables where there are many rows: entries of symbols, and buckets of slots.

Rows sum to 2^12. An entry packs what one of `ansflow.kernels.tables.slots` does, with the start of
the symbol's interval in place of an offset, and the row that follows: from the bottom, symbol
(8 bits), start (12), frequency - 1 (12), row (12). A row has an entry for each of its symbols, in
ascending order. Its slots are cut into `BUCKETS`, and a bucket is a copy of the entry with its
first slot, and above that the place of the next entry (20 bits). Mostly the first entry is the
right one, and one look-up does; otherwise few entries have to be passed over.

A row takes about a kilobyte. Slots would take 16 KiB, and come from memory if rows are many.
"""

import numpy as np

from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["BUCKETS", "fill_bucket_rows", "look_up_entry"]

BUCKETS = 128
BUCKETS_LOG2 = np.uint64(7)

WIDTH = np.uint64((1 << MAX_PACKED_PRECISION) // BUCKETS)
WIDTH_LOG2 = np.uint64(MAX_PACKED_PRECISION) - BUCKETS_LOG2

START_SHIFT, FREQ_SHIFT = np.uint64(8), np.uint64(20)
ROW_SHIFT, PLACE_SHIFT = np.uint64(32), np.uint64(44)
SYMBOL_MASK = np.uint64((1 << 8) - 1)
FIELD_MASK = np.uint64((1 << 12) - 1)  # of all but the symbol


@kernel
def fill_bucket_rows(freq, following, buckets, entries):
    """Fill the tables of all rows.

    Parameters
    ----------
    freq : uint32[rows, n]
        n is at most 256. Each row sums to 2^12.
    following : uint16[rows, n]
        The row that follows each symbol, below 2^12.
    buckets : uint64[rows * BUCKETS]
    entries : uint64[m]
        m is the number of frequencies that are not 0, below 2^20.
    """
    at, bucket = ZERO, ZERO
    for row in range(freq.shape[0]):
        start, next_bucket = ZERO, ZERO
        for s in range(freq.shape[1]):
            f = np.uint64(freq[row, s])
            if f > ZERO:
                entry = np.uint64(s) | (start << START_SHIFT) | ((f - ONE) << FREQ_SHIFT)
                entry |= np.uint64(following[row, s]) << ROW_SHIFT
                entries[at] = entry
                at += ONE
                start += f
                while next_bucket < start:
                    buckets[bucket] = entry | (at << PLACE_SHIFT)
                    bucket += ONE
                    next_bucket += WIDTH


@inlined
def look_up_entry(buckets, entries, row, slot):
    """``(frequency, offset, symbol, row that follows)`` of a slot in a row."""
    entry = buckets[(row << BUCKETS_LOG2) + (slot >> WIDTH_LOG2)]
    at = entry >> PLACE_SHIFT
    below_freq = (entry >> FREQ_SHIFT) & FIELD_MASK
    offset = slot - ((entry >> START_SHIFT) & FIELD_MASK)
    while offset > below_freq:
        entry = entries[at]
        at += ONE
        below_freq = (entry >> FREQ_SHIFT) & FIELD_MASK
        offset = slot - ((entry >> START_SHIFT) & FIELD_MASK)
    return below_freq + ONE, offset, entry & SYMBOL_MASK, (entry >> ROW_SHIFT) & FIELD_MASK
