"""Raw bits: numbers of a few bits each, one after the other.

A *group* is as many numbers as fill a word of 64 bits. The numbers of a group are moved together
first, pairs, then pairs of pairs (`merge`), so that there is one word for each group to put to its
place (`append`), which is the only work that has to be done in sequence. A decoder gets these words
(`fetch`) and takes them apart (`part`). All other steps are done for a block of numbers at once, by
loops that compilers turn into vectors.

Bits fill words from the least significant one up; words are little-endian.

Widths of a group
    Each number has a width, how many bits it takes, in a *field* as large as a number. To move
    pairs together takes the width of the first of each; pairs of pairs, that of each first pair,
    and so on. `add_up` puts these where the width of the last number of the pair was, for which
    nobody asks again: the last field of a group gets the width of all.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.words import item_bits, view_if_wider, word_at

__all__ = [
    "BLOCK",
    "add_up",
    "append",
    "append_even",
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

WORD_BITS = np.uint64(64)
WORD_SHIFT, BIT_IN_WORD = np.uint64(6), np.uint64(63)
BYTE_SHIFT, BIT_IN_BYTE = np.uint64(3), np.uint64(7)
BYTES = np.uint64(8)
TWO = np.uint64(2)

# Bytes that may be read from the one on in which the last bit of a block is.
REACH = np.uint64(264)


@inner
def blank(like, n):
    """Room for a block of numbers like those of an array, or for their widths.

    If there are but n numbers, it is not larger than these need: what is done with it is done with
    all of it.

    Returns
    -------
    tuple
        The same memory as numbers of that type; of 16, and of 32 bits, or None where that is no
        pair of numbers; and as words.
    """
    numbers = min(np.uint64(BLOCK), n + ROUNDED_UP & ~ROUNDED_UP)
    words = np.empty(numbers * item_bits(like) // WORD_BITS, np.uint64)
    pairs, fours = view_if_wider(words, np.uint16, like), view_if_wider(words, np.uint32, like)
    return words.view(like.dtype), pairs, fours, words


@inner
def first_width(widths, i, field):
    """The width of the first of a pair, known to be below its bits, so that shifts are cheap."""
    bits = item_bits(widths)
    return (np.uint64(widths[i]) >> bits // TWO - field) & (bits - ONE)


@inner
def add_up_pairs(widths, field):
    """One step of `add_up`: items of `widths` are two fields, or two groups of them, each."""
    if widths is None:
        return
    for i in range(np.uint64(widths.size)):
        widths[i] += first_width(widths, i, field) << item_bits(widths) - field


@inner
def merge_pairs(numbers, widths, field):
    """One step of `merge`."""
    if numbers is None:
        return
    half = item_bits(widths) // TWO
    lower = (ONE << half) - ONE
    for i in range(np.uint64(numbers.size)):
        pair, first = np.uint64(numbers[i]), first_width(widths, i, field)
        numbers[i] = (pair & lower) | (pair >> half) << first


@inner
def part_pairs(numbers, widths, field):
    """One step of `part`."""
    if numbers is None:
        return
    half = item_bits(widths) // TWO
    for i in range(np.uint64(numbers.size)):
        pair, first = np.uint64(numbers[i]), first_width(widths, i, field)
        numbers[i] = (pair & ((ONE << first) - ONE)) | (pair >> first) << half


@inner
def add_up(widths):
    """Add the widths of each group up, as said above.

    Parameters
    ----------
    widths : tuple
        `blank`, filled. The sum of a group fits a field.
    """
    own, pairs, fours, words = widths
    field = item_bits(own)
    add_up_pairs(pairs, field)
    add_up_pairs(fours, field)
    if field <= 32:
        add_up_pairs(words, field)


@inner
def merge(numbers, widths):
    """Move the numbers of each group together.

    Parameters
    ----------
    numbers : tuple
        `blank`, filled. Numbers have nothing above their widths.
    widths : tuple
        After `add_up`. The sum of a group is at most 63.
    """
    field = item_bits(numbers[0])
    merge_pairs(numbers[1], widths[1], field)
    merge_pairs(numbers[2], widths[2], field)
    if field <= 32:
        merge_pairs(numbers[3], widths[3], field)


@inner
def merge_even_pairs(numbers, width):
    """One step of `merge_even`; the width of a pair."""
    if numbers is None:
        return width
    half = item_bits(numbers) // TWO
    lower = (ONE << half) - ONE
    for i in range(np.uint64(numbers.size)):
        pair = np.uint64(numbers[i])
        numbers[i] = (pair & lower) | (pair >> half) << width
    return width + width


@inner
def merge_even(numbers, width):
    """`merge` where all numbers have the same width, less than an item: that of a group."""
    width = merge_even_pairs(numbers[1], width)
    width = merge_even_pairs(numbers[2], width)
    if item_bits(numbers[0]) <= 32:
        width = merge_even_pairs(numbers[3], width)
    return width


@inner
def part(numbers, widths):
    """Undo `merge`; but there may be anything above the widths of numbers.

    Widths may be anything, too, which gives any numbers.
    """
    field = item_bits(numbers[0])
    if field <= 32:
        part_pairs(numbers[3], widths[3], field)
    part_pairs(numbers[2], widths[2], field)
    part_pairs(numbers[1], widths[1], field)


@inner
def append(numbers, widths, groups, at, last, out):
    """Write what `merge` has made of the first groups.

    Parameters
    ----------
    numbers, widths : tuple
        Those of `merge`.
    groups, at : uint64
        The number of groups, and the bit to begin with.
    last : uint64
        The bits so far of the word in which that is.
    out : uint64[m]
        With room for the word behind the last one.

    Returns
    -------
    ``(at, last)`` after it. `last` is not yet in `out`.
    """
    words, own = numbers[3], widths[0]
    in_group = WORD_BITS // item_bits(own)
    place = at >> WORD_SHIFT
    for i in range(groups):
        word = words[i]
        low = last | word << (at & BIT_IN_WORD)
        out[place] = low
        # If that is full, the bits that did not fit are the beginning of the next.
        high = word >> (ZERO - at & BIT_IN_WORD)
        at += np.uint64(own[i * in_group + (in_group - ONE)])
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
def fetch_near(data, at, lengths, above, words):
    """`fetch`, where as much as `REACH` follows."""
    for i in range(np.uint64(words.size)):
        byte, shift = at >> BYTE_SHIFT, at & BIT_IN_BYTE
        words[i] = word_at(data, byte) >> shift | word_at(data, byte + ONE) << (BYTES - shift)
        at += lengths[i] >> above


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
def fetch(data, at, widths, numbers):
    """Get what `append` has written, for `part`; above their lengths, words have what comes then.

    Parameters
    ----------
    data : uint8[m]
    at : uint64
        The bit to begin with.
    widths : tuple
        After `add_up`. Widths are below 64. What they ask for behind the end of `data` may be
        anything.
    numbers : tuple
        `blank`, to be filled.

    Returns
    -------
    The bit after the last one.
    """
    above = WORD_BITS - item_bits(widths[0])
    words, lengths = numbers[3], widths[3]
    end = at
    for i in range(np.uint64(lengths.size)):
        end += lengths[i] >> above
    if (end >> BYTE_SHIFT) + REACH <= np.uint64(data.size):
        fetch_near(data, at, lengths, above, words)
    else:
        byte = at >> BYTE_SHIFT
        copy = np.empty((end >> BYTE_SHIFT) - byte + REACH, np.uint8)
        for i in range(byte, min(np.uint64(data.size), byte + np.uint64(copy.size))):
            copy[i - byte] = data[i]
        fetch_near(copy, at & BIT_IN_BYTE, lengths, above, words)
    return end
