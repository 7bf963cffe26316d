"""What is known of numbers at a glance: by one kernel, as most of the time is that of calls."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.dict import count_patterns

__all__ = ["survey"]

TWO, THREE = np.uint64(2), np.uint64(3)


@kernel
def survey(numbers, step, following, few, secret):
    """Fill `few` with some of the numbers, and count their patterns.

    They are twice the `step` apart, and others lie between them so that both distances to their
    neighbours have no common divisor: it would seem to be one of numbers that rise evenly.

    Parameters
    ----------
    numbers : uint[n]
    step, following : uint64
        At least 1; and at most n.
    few : uint[m], of the same width
        Every so many numbers, or an even count, at most as many as there are for a step of 3.
    secret : uint64
        That of `count_patterns`.

    Returns
    -------
    tuple of uint64
        All bits that are set anywhere; how many of the first numbers that are `following` each
        other are as the one before; and what `count_patterns` returns.
    """
    bits, repeats = numbers.dtype.type(0), ZERO
    for i in range(np.uint64(numbers.size)):
        bits |= numbers[i]
    for i in range(ONE, following):
        repeats += np.uint64(numbers[i] == numbers[i - ONE])
    other = step if step < THREE else step - ONE - (step & ONE)
    for i in range(np.uint64(few.size)):
        few[i] = numbers[(i >> ONE) * TWO * step + (i & ONE) * other]
    return bits, repeats, *count_patterns(few, secret)
