"""Items of any size, such as texts, as the numbers of the distinct ones among them.

As `ansflow.kernels.transforms.dict` does it with numbers: an item is a row of words.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.transforms.dict import GOLDEN

__all__ = ["enroll_rows", "look_up_rows", "number_rows"]

HALF = np.uint64(32)


@inner
def slot_of(row, secret, shift):
    """Where to look for a row first: each word is mixed in by a product and its high bits."""
    mixed = secret
    for j in range(np.uint64(row.size)):
        mixed = (mixed ^ np.uint64(row[j])) * GOLDEN
        mixed ^= mixed >> HALF
    return (mixed * GOLDEN) >> shift


@inner
def are_equal(row, other):
    equal = True
    for j in range(np.uint64(row.size)):
        equal &= row[j] == other[j]
    return equal


@kernel
def enroll_rows(values, numbers, secret, shift):
    """Enter distinct rows in an empty table of 2^(64 - shift) slots."""
    last = np.uint64(numbers.size) - ONE
    for i in range(np.uint64(len(values))):
        slot = slot_of(values[i], secret, shift)
        while numbers[slot]:
            slot = (slot + ONE) & last
        numbers[slot] = i + ONE


@kernel
def number_rows(items, begin, values, found, numbers, secret, shift, codes):
    """Number rows from `begin` on in the order in which they first occur, as `number_items` does.

    Parameters
    ----------
    items : uint[n, words]
    begin : uint64
    values : uint[m, words]
        The `found` rows that are in the table so far, and room for as many as may be in it.
    found : uint64
    numbers : uint32[2^(64 - shift)]
    secret, shift : uint64
    codes : uint32[n]

    Returns
    -------
    (uint64, uint64)
        Where one more would be too many, or the end, and how many there are now.
    """
    last, room = np.uint64(numbers.size) - ONE, np.uint64(len(values))
    for i in range(begin, np.uint64(len(items))):
        item = items[i]
        slot = slot_of(item, secret, shift)
        number = np.uint64(numbers[slot])
        while number and not are_equal(values[number - ONE], item):
            slot = (slot + ONE) & last
            number = np.uint64(numbers[slot])
        if number == ZERO:
            if found == room:
                return i, found
            for j in range(np.uint64(item.size)):
                values[found, j] = item[j]
            found += ONE
            numbers[slot] = found
            number = found
        codes[i] = number - ONE
    return np.uint64(len(items)), found


@kernel
def look_up_rows(codes, values, out):
    """Undo the numbering; False, with nothing done, if a number is that of no value.

    Codes may lie at the end of `out`, in which an item ends where its code does, or before.

    Parameters
    ----------
    codes : uint[n]
    values : uint8[m, bytes]
    out : uint8[n, bytes]
    """
    highest = codes.dtype.type(0)
    for i in range(np.uint64(codes.size)):
        highest = codes[i] if codes[i] > highest else highest
    if codes.size and np.uint64(highest) >= np.uint64(len(values)):
        return False
    for i in range(np.uint64(codes.size)):
        code = np.uint64(codes[i])
        for j in range(np.uint64(values.shape[1])):
            out[i, j] = values[code, j]
    return True
