"""Numbers as the numbers of the distinct ones among them.

What is found goes to a hash table: a number for each slot, where 0 stands for an empty one, and for
each number, from 1 on, what it stands for. Those are in order, so that a table takes little memory:
it is seldom in the cache. A number is in the first slot that was empty, from the one on that the
hash points to.

The hash is the high bits of the product with an odd constant that spreads numbers which follow each
other evenly, or nearly so. A secret is mixed in before: who makes the numbers can't know which of
them meet in a slot.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.words import bit_length, item_bits

__all__ = [
    "count_patterns",
    "enroll",
    "fill_codes",
    "find_codes",
    "look_up",
    "mark",
    "name_patterns",
    "number_items",
    "rank",
    "rename",
]

BYTE_BITS, BYTE, BYTES = np.uint64(8), np.uint64(0xFF), 256
WORD_BITS = np.uint64(64)

GOLDEN = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2^64 over the golden ratio


@kernel
def enroll(values, numbers, secret, shift):
    """Enter distinct values in an empty table of 2^(64 - shift) slots."""
    last = np.uint64(numbers.size) - ONE
    for i in range(np.uint64(values.size)):
        slot = ((np.uint64(values[i]) ^ secret) * GOLDEN) >> shift
        while numbers[slot]:
            slot = (slot + ONE) & last
        numbers[slot] = i + ONE


@kernel
def number_items(items, begin, values, found, numbers, secret, shift, codes):
    """Number items from `begin` on in the order in which they first occur.

    `values` has the `found` ones that are in the table so far, and room for as many as may be
    in it, fewer than it has slots. Returns where one more would be too many, or the end, and how
    many there are now.
    """
    last, room = np.uint64(numbers.size) - ONE, np.uint64(values.size)
    for i in range(begin, np.uint64(items.size)):
        item = items[i]
        slot = ((np.uint64(item) ^ secret) * GOLDEN) >> shift
        number = np.uint64(numbers[slot])
        while number and values[number - ONE] != item:
            slot = (slot + ONE) & last
            number = np.uint64(numbers[slot])
        if number == ZERO:
            if found == room:
                return i, found
            values[found] = item
            found += ONE
            numbers[slot] = found
            number = found
        codes[i] = number - ONE
    return np.uint64(items.size), found


@kernel
def count_patterns(numbers, secret):
    """How many of a few numbers are distinct; the most frequent one, and how often it occurs.

    There are fewer than 2^16. The table holds where each is first, counted from 1.
    """
    n = np.uint64(numbers.size)
    bits = bit_length(n - ONE) + ONE  # at most half full
    shift, last = WORD_BITS - bits, (ONE << bits) - ONE
    firsts, counts = np.zeros(ONE << bits, np.uint16), np.zeros(n, np.uint16)
    distinct, most_frequent, most = ZERO, ZERO, ZERO
    for i in range(n):
        number = numbers[i]
        slot = ((np.uint64(number) ^ secret) * GOLDEN) >> shift
        first = np.uint64(firsts[slot])
        while first and numbers[first - ONE] != number:
            slot = (slot + ONE) & last
            first = np.uint64(firsts[slot])
        if first == ZERO:
            first = i + ONE
            firsts[slot] = first
            distinct += ONE
        counts[first - ONE] += np.uint16(1)
        if counts[first - ONE] > most:
            most_frequent, most = first - ONE, np.uint64(counts[first - ONE])
    return distinct, numbers[most_frequent], most


@kernel
def find_codes(numbers, values, codes):
    """The places of numbers among values that ascend, 255 at most; of others, how many values are.

    Returns how many others there are. All are uint64, but codes, which are uint8.
    """
    size = np.uint64(values.size)
    others = ZERO
    for i in range(np.uint64(numbers.size)):
        at, length = ZERO, size
        while length > ONE:
            half = length >> ONE
            at += half * np.uint64(values[at + half] <= numbers[i])
            length -= half
        found = np.uint64(size > ZERO and values[at] == numbers[i])
        codes[i] = at if found else size
        others += ONE - found
    return others


@kernel
def fill_codes(codes, values, out):
    """Undo `find_codes`, with 0 for others; returns how many there are, and illegal codes."""
    size = np.uint64(values.size)
    others = illegal = ZERO
    for i in range(np.uint64(codes.size)):
        code = np.uint64(codes[i])
        known = code < size
        illegal += np.uint64(code > size)
        others += ONE - np.uint64(known)
        out[i] = values[code] if known else ZERO
    return others, illegal


@kernel
def rank(values, ascending, names):
    """Sort distinct values, and name each of them by its place.

    By their bytes, the lowest first (radix sort; Knuth, "The Art of Computer Programming" 3,
    algorithm 5.2.5 R), but for those that are the same in all.

    Parameters
    ----------
    values : uint[n]
        n is at most 2^32.
    ascending : uint[n], of the same width
        Filled with the values in order.
    names : uint32[n]
        Filled with the place of each value in that.
    """
    size, digits = np.uint64(values.size), item_bits(values) // BYTE_BITS
    order, following = np.empty(size, np.uint32), np.empty(size, np.uint32)
    # Values move with their numbers: to look them up takes longer.
    source, moved = ascending, np.empty(size, values.dtype)
    ends = np.zeros((digits, BYTES + 1), np.uint64)
    differ = ZERO
    for i in range(size):
        order[i] = i
        source[i] = values[i]
        value = np.uint64(values[i])
        differ |= value ^ np.uint64(values[ZERO])
        for digit in range(digits):
            ends[digit, (value >> digit * BYTE_BITS & BYTE) + ONE] += ONE
    for digit in range(digits):
        shift, places = digit * BYTE_BITS, ends[digit]
        if differ >> shift & BYTE == ZERO:
            continue
        for byte in range(BYTES):
            places[byte + 1] += places[byte]
        for i in range(size):
            byte = np.uint64(source[i]) >> shift & BYTE
            place = places[byte]
            moved[place], following[place] = source[i], order[i]
            places[byte] = place + ONE
        order, following = following, order
        source, moved = moved, source
    for i in range(size):
        ascending[i] = source[i]
        names[order[i]] = i


@kernel
def mark(items, seen):
    """Mark the patterns of 16 bits that occur."""
    for item in items:
        seen[item] = True


@kernel
def name_patterns(seen, values, names):
    """Number the patterns of 16 bits that `mark` has seen, in ascending order.

    Parameters
    ----------
    seen : uint64[8192]
        A byte for each pattern, which is 1 or 0.
    values : uint16[n]
        Filled with these patterns, which are as many.
    names : uint8[65536] or uint16[65536]
        Where there is such a pattern, filled with its number.
    """
    count = ZERO
    for word in range(np.uint64(seen.size)):
        left, pattern = seen[word], word * BYTE_BITS
        while left:
            if left & ONE:
                values[count] = pattern
                names[pattern] = count
                count += ONE
            left >>= BYTE_BITS
            pattern += ONE


@kernel
def rename(codes, names, out):
    """Look up a name for each code; all codes have one."""
    for i in range(np.uint64(codes.size)):
        out[i] = names[np.uint64(codes[i])]


@kernel
def look_up(codes, values, out):
    """Undo the numbering; False, with nothing done, if a number is that of no value."""
    highest = codes.dtype.type(0)
    for i in range(np.uint64(codes.size)):
        # LLVM makes vectors of that, and not of `max` as Numba has it.
        highest = codes[i] if codes[i] > highest else highest
    if codes.size and np.uint64(highest) >= np.uint64(values.size):
        return False
    rename(codes, values, out)
    return True
