"""The decoder's tables: the symbol of each slot.

An entry packs the symbol, its frequency and the slot's offset within the symbol's interval. There
are two layouts, told apart by the type of the table:

packed, uint32
    frequency - 1 (12 bits), offset (12 bits), symbol (8 bits), from the top. For at most 12 bits of
    precision and 256 symbols: one look-up of 32 bits, in a table of 16 KiB at most.
split, uint64
    frequency (32 bits), offset (16 bits), symbol (16 bits). For all others.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import brief_kernel, inlined
from ansflow.kernels.tables.frequency_code import read_frequencies

__all__ = [
    "PACKED_MAX_ALPHABET",
    "fill_slot_rows",
    "fill_slots",
    "look_up",
    "read_slots",
]

PACKED_MAX_ALPHABET = 256

FREQ_SHIFT = np.uint64(32)
OFFSET_SHIFT = np.uint64(16)
FIELD_MASK = np.uint64((1 << 16) - 1)

PACKED_FREQ_SHIFT = np.uint64(20)
PACKED_OFFSET_SHIFT = np.uint64(8)
PACKED_OFFSET_MASK = np.uint64((1 << 12) - 1)
PACKED_SYMBOL_MASK = np.uint64((1 << 8) - 1)

PACKED_BYTES = 4


@brief_kernel
def fill_slots(freq, slots):
    """Fill ``slots[0 .. sum(freq))``, uint32 or uint64, from ``freq``, uint32[n]."""
    slot = ZERO
    for s in range(freq.size):
        f = np.uint64(freq[s])
        if slots.itemsize == PACKED_BYTES:
            entry = ((f - ONE) << PACKED_FREQ_SHIFT) | np.uint64(s)
            step = ONE << PACKED_OFFSET_SHIFT
        else:
            entry = (f << FREQ_SHIFT) | np.uint64(s)
            step = ONE << OFFSET_SHIFT
        for offset in range(f):
            slots[slot + np.uint64(offset)] = entry + np.uint64(offset) * step
        slot += f


@brief_kernel
def fill_slot_rows(freq, slots):
    """`fill_slots` for each row: [rows, 2^precision] from uint32[rows, alphabet]."""
    for row in range(freq.shape[0]):
        fill_slots(freq[row], slots[row])


@brief_kernel
def read_slots(data, total, freq, slots):
    """Read tables of frequencies, and fill those of slots.

    Parameters
    ----------
    data : uint8[]
        Begins with a table for each row, as `fit_table` writes it. May hold anything.
    total : int64
        2^precision.
    freq : uint32[rows, alphabet]
        Filled.
    slots : uint32[rows, 2^precision] or uint64[rows, 2^precision]
        Filled.

    Returns
    -------
    The number of bytes read, or 0 if a table is not valid; slots may be any then.
    """
    at = ZERO
    for row in range(freq.shape[0]):
        used = read_frequencies(data[at:], total, freq[row])
        if used == ZERO:
            return ZERO
        fill_slots(freq[row], slots[row])
        at += used
    return at


@inlined
def look_up(slots, slot):
    """``(frequency, offset, symbol)`` of a slot, in either layout."""
    entry = np.uint64(slots[slot])
    if slots.itemsize == PACKED_BYTES:
        return (
            (entry >> PACKED_FREQ_SHIFT) + ONE,
            (entry >> PACKED_OFFSET_SHIFT) & PACKED_OFFSET_MASK,
            entry & PACKED_SYMBOL_MASK,
        )
    return entry >> FREQ_SHIFT, (entry >> OFFSET_SHIFT) & FIELD_MASK, entry & FIELD_MASK
