"""The alias method: building its table, exactly, and rANS on top of it.

Walker (1977) with Vose's (1991) linear-time construction: any distribution over n symbols is
n equally wide *columns*, each shared by at most two symbols: the column's own below its
*divider*, its *alias* above. On integer masses that divide evenly into columns the
construction is exact, and there is no float whose rounding could lose a unit.

In rANS (Giesen 2014, arXiv:1402.3392, section 4) the 2^precision slots are cut into columns.
A symbol's slots are then scattered over several columns, so its interval is replaced by a
numbering: rank r of symbol s is slot ``inverse[start[s] + r]``. Popping needs two look-ups
and no search, from tables as long as the alphabet and not as long as the number of slots;
pushing goes through the inverse table.
"""

import numpy as np

from ansflow.kernels.coders.rans import next_word, pull_word, put_word
from ansflow.kernels.constants import ONE, U_WORD_MASK, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record
from ansflow.kernels.tables.slots import FREQ_SHIFT, OFFSET_SHIFT

__all__ = ["build", "decode", "encode", "fill_halves"]


@kernel
def build(mass, capacity, divider, alias, worklist):
    """Distribute `mass` over columns of `capacity` each, in O(n).

    Parameters
    ----------
    mass : uint64[n]
        Sums to n * capacity, which is below 2^64. Consumed.
    capacity : uint64
    divider : uint64[n]
        Filled: the first ``divider[j]`` units of column j belong to symbol j,
    alias : uint32[n]
        filled: the others to symbol ``alias[j]``.
    worklist : uint32[n]
        Scratch: columns with less than `capacity` grow from its left end, the others
        from its right end.
    """
    n = np.uint64(mass.size)
    small = ZERO
    large = n
    for i in range(mass.size):
        divider[i] = capacity
        alias[i] = i
        if mass[i] < capacity:
            worklist[small] = i
            small += ONE
        else:
            large -= ONE
            worklist[large] = i
    while small > ZERO and large < n:
        small -= ONE
        poor = np.uint64(worklist[small])
        rich = np.uint64(worklist[large])
        divider[poor] = mass[poor]
        alias[poor] = rich
        mass[rich] -= capacity - mass[poor]
        if mass[rich] < capacity:
            large += ONE
            worklist[small] = rich
            small += ONE


@kernel
def fill_halves(freq, divider, alias, capacity, halves, inverse):
    """Tables for rANS over columns of `capacity` slots each.

    Parameters
    ----------
    freq : uint32[n]
        Sums to ``columns * capacity``, at most 2^16; n <= columns.
    divider : uint64[columns]
        From `build`; turned into absolute slot numbers in place.
    alias : uint32[columns]
    capacity : uint64
    halves : uint64[2 * columns]
        Filled: frequency, ``rank - slot`` modulo 2^16 and symbol of the lower half of column
        j at 2j, of its upper half at 2j + 1.
    inverse : uint16[sum(freq)]
        Filled: slot of each symbol's ranks, symbol after symbol.
    """
    starts = np.zeros(freq.size, np.uint64)
    for s in range(1, freq.size):
        starts[s] = starts[s - 1] + np.uint64(freq[s - 1])
    ranks = np.zeros(freq.size, np.uint64)
    for j in range(divider.size):
        column = np.uint64(j)
        divider[column] += column * capacity
        for half in range(2):
            first = divider[column] if half else column * capacity
            end = (column + ONE) * capacity if half else divider[column]
            s = np.uint64(alias[column]) if half else column
            if first < end:
                bias = (ranks[s] + U_WORD_MASK + ONE - first) & U_WORD_MASK
                halves[column + column + np.uint64(half)] = (
                    (np.uint64(freq[s]) << FREQ_SHIFT) | (bias << OFFSET_SHIFT) | s
                )
                for slot in range(first, end):
                    inverse[starts[s] + ranks[s]] = slot
                    ranks[s] += ONE


@kernel
def encode(symbols, states, records, inverse, precision, words):
    """Push `symbols`, last to first; see `ansflow.kernels.coders.single.encode`."""
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    room = headroom(precision)
    end = np.uint64(symbols.size)
    while end > ZERO:
        base = (end - ONE) & ~(lanes - ONE)
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            record = look_up_record(records, np.uint64(symbols[base + lane]))
            m, nudge, shift, start, freq = record
            x, cursor = put_word(np.uint64(states[lane]), room, freq, words, cursor)
            quotient = divide(x, m, nudge, shift)
            slot = np.uint64(inverse[start + x - quotient * freq])
            states[lane] = (quotient << precision) + slot
        end = base
    return cursor


@kernel
def decode(words, cursor, states, divider, halves, precision, low, column_shift, out):
    """Pop all symbols of `out`; return the cursor, beyond ``words.size`` if words ran out."""
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(out.size):
        lane = np.uint64(i) & (lanes - ONE)
        x = np.uint64(states[lane])
        slot = x & mask
        column = slot >> column_shift
        entry = halves[column + column + np.uint64(slot >= divider[column])]
        rank = (slot + (entry >> OFFSET_SHIFT)) & U_WORD_MASK
        x = (entry >> FREQ_SHIFT) * (x >> precision) + rank
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = entry & U_WORD_MASK
    return cursor
