"""Raw bits: numbers of a few bits each, one after the other.

A *group* is as many numbers as fill a word of 64 bits. The numbers of a group are moved together
first, pairs, then pairs of pairs (`merge`), so that there is one word for each group to put to its
place (`append`), which is the only work that has to be done in sequence. A decoder gets these words
(`fetch`) and takes them apart (`part`). All other steps are done for a block of numbers at once, by
loops that compilers turn into vectors.

Bits fill words from the least significant one up; words are little-endian.

Widths of a group
    Each number has a width, how many bits it takes, in a *field* as large as a number. To move
    pairs together takes the width of the first of each, and then there is one for both; pairs of
    pairs, those of both pairs, and so on. To take them apart, all of these are asked for again:
    `add_up` puts the width of a pair where that of its last number was, for which nobody asks. The
    last field of a group, the highest one, gets the width of all.

Numbers and widths are in words here, whatever their type is, and all is told the bits of a field:
nothing is compiled for each type.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.words import item_bits, word_at

__all__ = [
    "BLOCK",
    "add_up",
    "append",
    "append_even",
    "bits_from",
    "blank",
    "end_of",
    "fetch",
    "merge",
    "merge_even",
    "part",
]

# Numbers that are worked on at a time, so that what lies between two loops stays in the cache.
BLOCK = 1024
# Rooms for fewer are multiples of so many: whole groups, and whole vectors.
ROUNDED_UP = np.uint64(64 - 1)

WORD_BITS, U32_BITS, U16_BITS = np.uint64(64), np.uint64(32), np.uint64(16)
WORD_SHIFT, BIT_IN_WORD = np.uint64(6), np.uint64(63)
BYTE_SHIFT, BIT_IN_BYTE = np.uint64(3), np.uint64(7)
BYTES = np.uint64(8)
TWO = np.uint64(2)

# Bytes that may be read from the one on in which the last bit of a block is.
REACH = np.uint64(264)


@inner
def blank(field, n):
    """Words with room for the fields of a block.

    If there are but n numbers, it is not larger than these need: what is done with it is done with
    all of it.
    """
    numbers = min(np.uint64(BLOCK), n + ROUNDED_UP & ~ROUNDED_UP)
    return np.empty(numbers * field // WORD_BITS, np.uint64)


@inner
def first_width(pair, bits, field):
    """The width of the first of a pair, known to be below its bits, so that shifts are cheap."""
    return (np.uint64(pair) >> bits // TWO - field) & (bits - ONE)


@inner
def add_up_pairs(widths, field):
    """One step of `add_up`: items of `widths` are two fields, or two groups of them, each."""
    bits = item_bits(widths)
    for i in range(np.uint64(widths.size)):
        widths[i] += first_width(widths[i], bits, field) << bits - field


@inner
def merge_pairs(numbers, widths):
    """One step of `merge`: items are two fields, or two groups of them, each."""
    bits = item_bits(widths)
    half = bits // TWO
    lower = (ONE << half) - ONE
    for i in range(np.uint64(numbers.size)):
        pair, both = np.uint64(numbers[i]), np.uint64(widths[i])
        first = both & (bits - ONE)  # as it is below, which makes shifts cheap
        numbers[i] = (pair & lower) | (pair >> half) << first
        widths[i] = first + (both >> half)


@inner
def part_pairs(numbers, widths, field):
    """One step of `part`."""
    bits = item_bits(widths)
    half = bits // TWO
    for i in range(np.uint64(numbers.size)):
        pair, first = np.uint64(numbers[i]), first_width(widths[i], bits, field)
        numbers[i] = (pair & ((ONE << first) - ONE)) | (pair >> first) << half


@inner
def add_up(widths, field):
    """Add the widths of each group up, as said above. The sum of a group fits a field."""
    if field < U16_BITS:
        add_up_pairs(widths.view(np.uint16), field)
    if field < U32_BITS:
        add_up_pairs(widths.view(np.uint32), field)
    if field < WORD_BITS:
        add_up_pairs(widths, field)


@inner
def merge(numbers, widths, field):
    """Move the numbers of each group together, and make widths those of groups.

    Parameters
    ----------
    numbers, widths : uint64[m]
        Of the same size. Numbers have nothing above their widths, the sum of which is at most 63
        for a group.
    field : uint64
    """
    if field < U16_BITS:
        merge_pairs(numbers.view(np.uint16), widths.view(np.uint16))
    if field < U32_BITS:
        merge_pairs(numbers.view(np.uint32), widths.view(np.uint32))
    if field < WORD_BITS:
        merge_pairs(numbers, widths)


@inner
def merge_even_pairs(numbers, width):
    """One step of `merge_even`; the width of a pair."""
    half = item_bits(numbers) // TWO
    lower = (ONE << half) - ONE
    for i in range(np.uint64(numbers.size)):
        pair = np.uint64(numbers[i])
        numbers[i] = (pair & lower) | (pair >> half) << width
    return width + width


@inner
def merge_even(numbers, width, field):
    """`merge` where all numbers have the same width, less than a field: that of a group."""
    if field < U16_BITS:
        width = merge_even_pairs(numbers.view(np.uint16), width)
    if field < U32_BITS:
        width = merge_even_pairs(numbers.view(np.uint32), width)
    if field < WORD_BITS:
        width = merge_even_pairs(numbers, width)
    return width


@inner
def part(numbers, widths, field):
    """Undo `merge`; but there may be anything above the widths of numbers.

    Widths, added up, may be anything, too, which gives any numbers.
    """
    if field < WORD_BITS:
        part_pairs(numbers, widths, field)
    if field < U32_BITS:
        part_pairs(numbers.view(np.uint32), widths.view(np.uint32), field)
    if field < U16_BITS:
        part_pairs(numbers.view(np.uint16), widths.view(np.uint16), field)


@inner
def append(words, widths, at, last, out):
    """Write what `merge` has made of groups.

    Parameters
    ----------
    words, widths : uint64[m]
    at : uint64
        The bit to begin with.
    last : uint64
        The bits so far of the word in which that is.
    out : uint64[m]
        With room for the word behind the last one.

    Returns
    -------
    ``(at, last)`` after it. `last` is not yet in `out`.
    """
    place = at >> WORD_SHIFT
    for i in range(np.uint64(words.size)):
        word = words[i]
        low = last | word << (at & BIT_IN_WORD)
        out[place] = low
        # If that is full, the bits that did not fit are the beginning of the next.
        high = word >> (ZERO - at & BIT_IN_WORD)
        at += widths[i]
        following = at >> WORD_SHIFT
        last = low if following == place else high
        place = following
    return at, last


@inner
def append_even(words, width, groups, at, last, out):
    """`append` of the words that `merge_even` has made, with the width of a group."""
    place = at >> WORD_SHIFT
    for i in range(groups):
        word = words[i]
        low = last | word << (at & BIT_IN_WORD)
        out[place] = low
        high = word >> (ZERO - at & BIT_IN_WORD)
        at += width
        following = at >> WORD_SHIFT
        last = low if following == place else high
        place = following
    return at, last


@inner
def bits_within(data, at):
    """The 64 bits from one on; nine bytes follow there."""
    byte, shift = at >> BYTE_SHIFT, at & BIT_IN_BYTE
    return word_at(data, byte) >> shift | word_at(data, byte + ONE) << (BYTES - shift)


@inner
def bits_from(data, at):
    """The 64 bits from one on, or as many as there are, and zeros."""
    byte, shift = at >> BYTE_SHIFT, at & BIT_IN_BYTE
    if byte + BYTES < np.uint64(data.size):
        return bits_within(data, at)
    word = ZERO
    for i in range(byte, np.uint64(data.size)):
        word |= np.uint64(data[i]) << (i - byte << BYTE_SHIFT)
    return word >> shift


@inner
def end_of(data):
    """The last bytes of raw bits, as many zeros behind them, and the number of the first byte."""
    size = min(np.uint64(data.size), REACH)
    first = np.uint64(data.size) - size
    copy = np.zeros(size + REACH, np.uint8)
    for i in range(size):
        copy[i] = data[first + i]
    return copy, first


@inner
def fetch(data, at, widths, field, words):
    """Get what `append` has written, for `part`; above their lengths, words have what comes then.

    Parameters
    ----------
    data : uint8[m]
    at : uint64
        The bit to begin with.
    widths : uint64[m]
        After `add_up`. Widths are below 64.
    field : uint64
    words : uint64[m]
        To be filled.

    Returns
    -------
    The bit after the last one.
    """
    above, end = WORD_BITS - field, at
    for i in range(np.uint64(words.size)):
        end += widths[i] >> above
    if (end >> BYTE_SHIFT) + BYTES < np.uint64(data.size):
        for i in range(np.uint64(words.size)):
            words[i] = bits_within(data, at)
            at += widths[i] >> above
    else:
        for i in range(np.uint64(words.size)):
            words[i] = bits_from(data, at)
            at += widths[i] >> above
    return end
