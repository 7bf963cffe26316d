"""A step of rANS in each lane, as kernels of `coders` take it: `put` and `pull` move the words.

    x' = total (x // freq) + start + x mod freq        and        x = freq (x' // total) + offset

(J. Duda, "Asymmetric numeral systems", arXiv:1311.2540, 2013), where the offset is that of the
slot x' mod total from the symbol's start.
"""

from ansflow.kernels.constants import ONE, U_WORD_BITS
from ansflow.kernels.jit import inlined
from ansflow.kernels.tables.records import FIELD_MASK, FREQ_SHIFT, SHIFT_SHIFT, headroom
from ansflow.kernels.tables.slots import PACKED_FREQ_SHIFT, PACKED_OFFSET_MASK, PACKED_OFFSET_SHIFT
from ansflow.kernels.vector.memory import pull, put
from ansflow.kernels.vector.values import high, less, low, multiply, where

__all__ = ["pop", "push", "refilled", "relieved"]


@inlined
def relieved(x, freq, precision, words, cursor):
    """States that a symbol of each lane can be pushed onto, and the cursor below their words."""
    due = (x >> headroom(precision)) >= freq
    cursor = put(words, cursor, x, due)
    return where(due, x >> U_WORD_BITS, x), cursor


@inlined
def push(x, record, precision, words, cursor):
    """Push the symbols of packed records; return states and cursor.

    See `ansflow.kernels.tables.records`: a quotient is a product, shifted.
    """
    interval = high(record)
    freq = (interval >> FREQ_SHIFT) & FIELD_MASK
    x, cursor = relieved(x, freq, precision, words, cursor)
    quotient = low(multiply(x, low(record)) >> (record >> SHIFT_SHIFT))
    return x + (interval & FIELD_MASK) + quotient * ((ONE << precision) - freq), cursor


@inlined
def refilled(x, due, words, cursor):
    """States with another word where one is due, and the cursor behind these."""
    word, cursor = pull(words, cursor, due)
    return where(due, x << U_WORD_BITS, x) | word, cursor


@inlined
def pop(x, entry, precision, least, words, cursor):
    """Pop the symbols of packed slots; return states, which are at least `least`, and cursor.

    See `ansflow.kernels.tables.slots`.
    """
    freq = (entry >> PACKED_FREQ_SHIFT) + ONE
    offset = (entry >> PACKED_OFFSET_SHIFT) & PACKED_OFFSET_MASK
    x = freq * (x >> precision) + offset
    return refilled(x, less(x, least), words, cursor)
