"""What integers of a sample have in common: bits, patterns, a divisor, codes."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel, sampling_kernel
from ansflow.kernels.transforms.dict import count_patterns
from ansflow.kernels.transforms.widths import number_at
from ansflow.kernels.transforms.words import word_at

__all__ = ["NEAR", "common_divisor", "count_codes", "pairs_alike", "pick", "survey", "tell"]

# Repeats are looked for among so many numbers that follow each other.
FOLLOWING = np.uint64(4096)

PATTERNS = np.uint64(1 << 16)
NEAR = 64
NEAR_BITS = np.uint64(NEAR.bit_length() - 1)
WORD_BYTES, BYTE_BITS, WORD_BITS = np.uint64(8), np.uint64(8), np.uint64(64)

TWO = np.uint64(2)

# Runs of codes are dealt out to four parts.
THREE, LAST_PART = np.uint64(3), np.uint64(3)
# What is known of a code: bits of parts, then how many runs it has, and how often it occurs.
PARTS, RUNS, ALL_RUNS, COUNT = np.uint64(15), np.uint64(4), np.uint64((1 << 28) - 1), np.uint64(32)


@sampling_kernel
def pick(octets, width, step, few):
    """Fill `few` with pairs of numbers of so many bytes, which begin at equal distances.

    That is twice the step, which is no 2, so that both distances between neighbours have no common
    divisor. With a step of 1, all numbers follow each other.
    """
    width, step = np.uint64(width), np.uint64(step)
    # Not every second one, as all distances would be even.
    apart = step - ONE - step % TWO if step > ONE else ONE
    for i in range(np.uint64(few.size)):
        few[i] = number_at(octets, (i >> ONE) * step * TWO + (i & ONE) * apart, width)


@sampling_kernel
def survey(octets, width, step, secret, few):
    """What is known at a glance of numbers of so many bytes, of which there is one at least.

    Fills `few` as `pick` does.

    Returns
    -------
    tuple of uint64
        How many of the few are distinct, the most frequent one, and how often it occurs; the bits
        that are set in any of all numbers; how many of the first ones are as the one before; and
        how many these are.
    """
    pick(octets, width, step, few)
    distinct, most_frequent, most = count_patterns(few, secret)
    width = np.uint64(width)
    first = min(FOLLOWING, np.uint64(octets.size) // width)
    repeats, before = ZERO, number_at(octets, ZERO, width)
    for i in range(ONE, first):
        number = number_at(octets, i, width)
        repeats += np.uint64(number == before)
        before = number
    return distinct, most_frequent, most, union_of(octets, width), repeats, first


@inner
def union_of(octets, width):
    """The bits that are set in any number."""
    size, union = np.uint64(octets.size), ZERO
    words = size // WORD_BYTES
    for i in range(words):
        union |= word_at(octets, np.uint64(i) * WORD_BYTES)
    for i in range(words * WORD_BYTES, size):
        union |= np.uint64(octets[i]) << i % WORD_BYTES * BYTE_BITS
    half = WORD_BITS
    while half > width * BYTE_BITS:
        half //= TWO
        union = (union | union >> half) & (ONE << half) - ONE
    return union


@sampling_kernel
def tell(octets, width, step, few):
    """What integers of so many bytes have in common.

    Fills `few` as `pick` does, and returns the `common_divisor` of these, and the least and the
    greatest of all, of which there is one at least.
    """
    pick(octets, width, step, few)
    least, greatest, width = ~ZERO, ZERO, np.uint64(width)
    for i in range(np.uint64(octets.size) // width):
        number = number_at(octets, i, width)
        least, greatest = min(least, number), max(greatest, number)
    return common_divisor(few), least, greatest


@kernel
def common_divisor(numbers):
    """The greatest common divisor of all differences, of uint64; 0 if there are none but 0."""
    divisor = ZERO
    for i in range(ONE, np.uint64(numbers.size)):
        a, b = numbers[i], numbers[i - ONE]
        a, b = max(a, b) - min(a, b), divisor
        while b:
            a, b = b, a % b
        divisor = a
        if divisor == ONE:
            break
    return divisor


@sampling_kernel
def pairs_alike(numbers):
    """Pairs of equal integers of 16 bits, and of those in the same one of parts of `NEAR` integers.

    That is without the most frequent one.
    """
    counts, sizes = np.zeros(PATTERNS, np.uint32), np.zeros(PATTERNS >> NEAR_BITS, np.uint32)
    most = equal = together = most_frequent = ZERO
    for number in numbers:
        counts[number] += np.uint32(1)
        sizes[np.uint64(number) >> NEAR_BITS] += np.uint32(1)
        # As many pairs as there are equal numbers before one.
        equal += np.uint64(counts[number]) - ONE
    for part in range(np.uint64(sizes.size)):
        size = np.uint64(sizes[part])
        together += size * (size - min(size, ONE))
    for number in numbers:
        count = np.uint64(counts[number])
        if count > most or (count == most and np.uint64(number) < most_frequent):
            most, most_frequent = count, np.uint64(number)
    size = np.uint64(sizes[most_frequent >> NEAR_BITS])
    others = size - most
    together -= size * (size - ONE) - others * (others - min(others, ONE))
    return TWO * equal - most * (most - ONE), together


@sampling_kernel
def count_codes(codes, seen):
    """Count codes, runs of them, and codes that have one run; and distinct codes in three ways.

    Parameters
    ----------
    codes : uint32[n]
        At least one, and fewer than 2^28.
    seen : uint64[m]
        Zeros; all codes are below m. They are filled with how often each code occurs, its runs,
        and a bit for each of the four parts that runs are dealt out to in turn: 32, 28 and 4 bits.

    Returns
    -------
    tuple of uint64
        Runs; codes with one of them; distinct codes; their sums for the two halves of the runs,
        and for the four quarters; how often the most frequent code occurs.
    """
    drawn, before = ZERO, codes[0]
    for i in range(np.uint64(codes.size)):
        code = codes[i]
        new = np.uint64(i == ZERO) | np.uint64(code != before)
        seen[code] = seen[code] + (ONE << COUNT) + (new << RUNS) | new << (drawn & LAST_PART)
        drawn += new
        before = code
    once = distinct = of_halves = of_quarters = most = ZERO
    for i in range(np.uint64(seen.size)):
        part = seen[i] & PARTS
        half = (part | part >> TWO) & THREE
        once += np.uint64(seen[i] >> RUNS & ALL_RUNS == ONE)
        distinct += np.uint64(part > ZERO)
        of_halves += (half & ONE) + (half >> ONE)
        of_quarters += (part & ONE) + (part >> ONE & ONE) + (part >> TWO & ONE) + (part >> THREE)
        most = max(most, seen[i] >> COUNT)
    return drawn, once, distinct, of_halves, of_quarters, most
