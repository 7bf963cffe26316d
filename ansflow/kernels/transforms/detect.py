"""What integers of a sample have in common: a divisor, codes."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel, sampling_kernel

__all__ = ["common_divisor", "count_codes"]

# Runs of codes are dealt out to four parts.
TWO, THREE, LAST_PART = np.uint64(2), np.uint64(3), np.uint64(3)
# What is known of a code: bits of parts, then how many runs it has, and how often it occurs.
PARTS, RUNS, ALL_RUNS, COUNT = np.uint64(15), np.uint64(4), np.uint64((1 << 28) - 1), np.uint64(32)


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
