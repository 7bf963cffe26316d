"""The tables that coders look up with order-1 contexts: records and slots of each context.

A matrix of frequencies has a row for each context, but most of a table need not be filled: a
context is 0 or a symbol that has been coded, so it has a frequency in a row that can be reached.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.records import packed_record
from ansflow.kernels.tables.slots import PACKED_FREQ_SHIFT, PACKED_OFFSET_SHIFT

__all__ = ["fill_record_rows", "fill_slot_rows"]


@inner
def find_reachable(freq, total, found):
    """List context 0 and all contexts that can follow from it in ``found``; return how many.

    Returns 0 if the frequencies of one of them do not sum to `total`.
    """
    alphabet = np.uint64(freq.shape[0])
    seen, done = np.zeros(alphabet, np.uint8), np.zeros(alphabet, np.uint8)
    seen[0] = 1
    n = ZERO
    before = ~ZERO
    while n != before:
        before = n
        for c in range(alphabet):
            if seen[c] > done[c]:
                done[c] = 1
                found[n] = c
                n += ONE
                row_total = ZERO
                for s in range(alphabet):
                    row_total += np.uint64(freq[c, s])
                    seen[s] |= np.uint8(freq[c, s] > 0)
                if row_total != total:
                    return ZERO
    found[:n].sort()
    return n


@inner
def list_present(row, symbols, present):
    """List those of `symbols` that have a frequency in a row; return how many.

    Without a branch, which would often be mispredicted: always written, and kept if the count
    advances.
    """
    n = ZERO
    for s in symbols:
        present[n] = s
        n += np.uint64(row[s] > 0)
    return n


@kernel
def fill_slot_rows(freq, slots):
    """Fill the decoder's rows for context 0 and all contexts that can follow from it.

    A stream, damaged or not, reaches no others: the context is 0 or a symbol found in a filled row.
    Other rows are left as they are, which saves touching most of a full table.

    Parameters
    ----------
    freq : uint32[alphabet, alphabet]
    slots : uint32[alphabet, 2^precision]

    Returns
    -------
    bool
        False if a context can be reached whose frequencies do not sum to 2^precision; the slots
        must not be used then.
    """
    found = np.empty(freq.shape[0], np.uint64)
    used = found[: find_reachable(freq, np.uint64(slots.shape[1]), found)]
    present = np.empty(freq.shape[0], np.uint64)
    for c in used:
        slot = ZERO
        for s in present[: list_present(freq[c], used, present)]:
            f = np.uint64(freq[c, s])
            entry = ((f - ONE) << PACKED_FREQ_SHIFT) | s
            for i in range(f):
                offset = np.uint64(i)
                slots[c, slot + offset] = entry | (offset << PACKED_OFFSET_SHIFT)
            slot += f
    return used.size > 0


@kernel
def fill_record_rows(freq, precision, reciprocals, records):
    """Fill the encoder's records for context 0 and all contexts that can follow from it.

    Parameters
    ----------
    freq : uint32[alphabet, alphabet]
    precision : uint64
    reciprocals : uint64[2^precision + 1]
        From `ansflow.kernels.tables.records.reciprocals_of`.
    records : uint64[alphabet, 256]
        Records of pairs without a frequency are left as they are.

    Returns
    -------
    bool
        As `fill_slot_rows`.
    """
    found = np.empty(freq.shape[0], np.uint64)
    used = found[: find_reachable(freq, ONE << precision, found)]
    present = np.empty(freq.shape[0], np.uint64)
    for c in used:
        start = ZERO
        for s in present[: list_present(freq[c], used, present)]:
            f = np.uint64(freq[c, s])
            records[c, s] = packed_record(start, f, reciprocals)
            start += f
    return used.size > 0
