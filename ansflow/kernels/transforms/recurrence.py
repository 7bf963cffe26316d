"""How differences of numbers correlate with those a period on, and first whether they may.

Of a difference it is looked at whether it is above what is usual, and whether its size is. A word
of 64 such bits is compared with another one at once. Where these agree, logarithms of the
differences are, which have to correlate.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, sampling_kernel
from ansflow.kernels.transforms.bits import WORD_BITS, ones
from ansflow.kernels.transforms.widths import widen
from ansflow.kernels.transforms.words import bit_length

__all__ = ["correlate", "correlations", "may_recur"]

# Sizes are logarithms. Those are large that are so many times as large as the mean, and a bit.
LARGE, LARGER = 1.25, 0.5
# Fewer bits that are set, or not, say nothing.
FEWEST = np.uint64(16)
TWO = np.uint64(2)
BYTE_BITS = np.uint64(8)
# What is left of logarithms without their mean is counted in parts of a bit.
PARTS = 16
# Swings that are multiplied at once, so that sums are not fetched for each of them.
AT_ONCE, THREE = np.uint64(4), np.uint64(3)


@inlined
def agreement(plane, n, lag, share):
    """How bits agree with those that are so many behind them: 1 if all do, 0 as by chance."""
    pairs, differ = n - lag, ZERO
    skip, shift = lag // WORD_BITS, lag % WORD_BITS
    last = pairs // WORD_BITS
    for i in range(last + ONE):
        # Shifts by 64 bits are none.
        behind = plane[i + skip] >> shift | plane[i + skip + ONE] << ONE << (
            WORD_BITS - ONE - shift
        )
        known = ~ZERO if i < last else (ONE << pairs % WORD_BITS) - ONE
        differ += ones((plane[i] ^ behind) & known)
    chance = 2.0 * share * (1.0 - share)
    return 1.0 - float(differ) / (float(pairs) * chance)


@inlined
def correlation(apart, n, lag):
    """How deviations correlate with those that are so many behind them."""
    products = squares = np.int64(0)
    for i in range(n):
        squares += np.int64(np.int32(apart[i]) * np.int32(apart[i]))
    for i in range(n - lag):
        products += np.int64(np.int32(apart[i]) * np.int32(apart[i + lag]))
    return float(products) * float(n) / (float(squares) * float(n - lag))


@inner
def boxes_of(octets, width, first, apart, boxes, size):
    """Numbers of so many bytes as words, of some boxes.

    The first one begins with the number `first`, and the others are so far apart. Each has `size`
    numbers.
    """
    width, size = np.uint64(width), np.uint64(size)
    words = np.empty(np.uint64(boxes) * size, np.uint64)
    for k in range(np.uint64(boxes)):
        begin = (np.uint64(first) + k * np.uint64(apart)) * width
        box = octets[begin : begin + size * width]
        widen(box, width, ZERO, words[k * size : k * size + size])
    return words


@sampling_kernel
def correlations(octets, width, first, apart, boxes, size, row, found):
    """Fill `found` with how differences along rows correlate with those 0, 1, 2, ... rows on.

    That is for the numbers of `boxes_of`, which have more rows than there are distances. Returns
    whether there are any differences.
    """
    size, row, lags = np.uint64(size), np.uint64(row), np.uint64(found.size)
    words = boxes_of(octets, width, first, apart, boxes, size)
    found[:] = 0.0
    for begin in range(ZERO, np.uint64(words.size), size):
        correlate(words[begin : begin + size], np.uint64(width) * BYTE_BITS, row, found)
    all_of_it, count = found[0], size // row - ONE
    if not all_of_it > 0.0:
        return False
    # A sum for a longer lag has fewer terms.
    for lag in range(lags):
        found[lag] *= float(count) / (all_of_it * float(count - lag))
    return True


@sampling_kernel
def may_recur(octets, width, first, apart, boxes, size, row, longest, least, likely):
    """Whether differences along rows may correlate with those some rows on as a peak says.

    Parameters
    ----------
    octets, width, first, apart, boxes, size
        Those of `boxes_of`: each box has at least `longest` + 3 rows. One of them is enough.
    row, longest : uint64
        Numbers of a row, and rows that differences which are compared lie apart, at most.
    least : float64
        What bits must agree by, in `agreement`.
    likely : float64
        What logarithms must correlate by, where bits agree.
    """
    size, row, longest = np.uint64(size), np.uint64(row), np.uint64(longest)
    words = boxes_of(octets, width, first, apart, boxes, size)
    for begin in range(ZERO, np.uint64(words.size), size):
        box = words[begin : begin + size]
        if may_recur_in(box, np.uint64(width) * BYTE_BITS, row, longest, least, likely):
            return True
    return False


@inner
def may_recur_in(numbers, bits, row, longest, least, likely):
    """The same of one box, of numbers whose differences are in two's complement of so many bits."""
    sign, ones_of_all = bits - ONE, ~ZERO >> (WORD_BITS - bits)
    n = np.uint64(numbers.size) - row
    swings, sums = np.empty(n, np.int16), np.zeros(row, np.int64)
    sizes = squares = squares_of_large = np.int64(0)
    j = ZERO  # the place in a row
    for i in range(n):
        delta = (numbers[i + row] - numbers[i]) & ones_of_all
        falls = delta >> sign
        size = np.int64(bit_length((ZERO - delta) & ones_of_all if falls else delta))
        swing = -size if falls else size
        swings[i] = swing
        sums[j] += swing
        sizes += size
        squares += size * size
        j = j + ONE if j + ONE < row else ZERO
    # So that words behind the last one can be looked at.
    planes, counts = np.zeros((2, n // WORD_BITS + np.uint64(3)), np.uint64), np.zeros(2, np.uint64)
    large = LARGE * float(sizes) / float(n) + LARGER
    for k in range(row):
        sums[k] = sums[k] * PARTS // np.int64(n // row)
    for i in range(n):
        swing = np.int64(swings[i])
        apart = swing * PARTS - sums[j]
        above, is_large = np.uint64(apart > 0), np.uint64(abs(swing) > large)
        squares_of_large += swing * swing * np.int64(is_large)
        swings[i] = apart
        planes[0, i // WORD_BITS] |= above << i % WORD_BITS
        planes[1, i // WORD_BITS] |= is_large << i % WORD_BITS
        counts[0] += above
        counts[1] += is_large
        j = j + ONE if j + ONE < row else ZERO
    for k in range(2):
        few = min(counts[k], n - counts[k])
        if k and not float(squares_of_large) > least * float(squares):
            continue  # they are not what it could correlate by
        if few < FEWEST:
            return True
        share = float(counts[k]) / float(n)
        before = here = 1.0
        for lag in range(ONE, longest + TWO):
            after = agreement(planes[k], n, np.uint64(lag) * row, share) if lag <= longest else 0.0
            is_peak = here >= least and here >= before and here >= after and lag > TWO
            if is_peak and correlation(swings, n, (np.uint64(lag) - ONE) * row) >= likely:
                return True
            before, here = here, after
    return False


@sampling_kernel
def correlate(numbers, bits, row, found):
    """Add to `found` how swings along rows correlate with those 0, 1, 2, ... rows on.

    A swing is the logarithm of a difference, with its sign, less what that is on average in its
    column. By differences as they are, a few large ones would hide all others.

    Parameters
    ----------
    numbers : uint64[n]
        At least two rows.
    bits : uint64
        How many of each number there are: differences are in two's complement of as many.
    row : uint64
        Numbers of a row.
    found : float64[m]
        What is added are sums of products, of fewer the farther apart they are.
    """
    bits, row = np.uint64(bits), np.uint64(row)
    sign, ones_of_all = bits - ONE, ~ZERO >> (WORD_BITS - bits)
    count, lags = np.uint64(numbers.size) // row - ONE, np.uint64(found.size)
    # Behind the last swing they are 0.
    swings, sums = np.zeros(count + lags + AT_ONCE, np.float32), np.empty(lags, np.float32)
    logarithms = np.empty(count)
    for j in range(row):
        mean = 0.0
        for i in range(count):
            at = i * row + j
            delta = (numbers[at + row] - numbers[at]) & ones_of_all
            falls = delta >> sign
            swing = np.log2(1.0 + float((ZERO - delta) & ones_of_all if falls else delta))
            logarithms[i] = -swing if falls else swing
            mean += logarithms[i]
        mean /= float(count)
        for i in range(count):
            swings[i] = logarithms[i] - mean
        sums[:] = 0.0
        for i in range(ZERO, count, AT_ONCE):
            a, b, c, d = swings[i], swings[i + ONE], swings[i + TWO], swings[i + THREE]
            for lag in range(lags):
                k = i + lag
                sums[lag] += (a * swings[k] + b * swings[k + ONE]) + (
                    c * swings[k + TWO] + d * swings[k + THREE]
                )
        for lag in range(lags):
            found[lag] += sums[lag]
