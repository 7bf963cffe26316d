"""Some numbers of a sample, or differences of neighbours, in two parts: one finds, the other tells.

What is found by some numbers suits these better than others. And numbers that are near to each
other in a box need not be so in all.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, sampling_kernel
from ansflow.kernels.transforms.bins import bits_in_bins
from ansflow.kernels.transforms.widths import number_at

__all__ = ["bits_of_dealt", "deal"]

WORD_BITS, BYTE_BITS = np.uint64(64), np.uint64(8)
SIGN = np.uint64(63)
BYTE, BYTES, WORD_BYTES = np.uint64(0xFF), 256, np.uint64(8)


@inlined
def move(at, lengths, step):
    """Go on by so many places, of which there are so many along each axis."""
    for back in range(ONE, np.uint64(at.size) + ONE):
        axis = np.uint64(at.size) - back
        step += at[axis]
        if step < lengths[axis]:
            at[axis] = step
            break
        at[axis] = step % lengths[axis]
        step //= lengths[axis]


@sampling_kernel
def bits_of_dealt(octets, width, shape, way, folded, step, dealt, bin_bits, once):
    """Bits a number in bins, of what `deal` fills: found by the first row, and told by the last.

    What it takes to write bins is what `bits_in_bins` is told.
    """
    deal(octets, width, shape, way, folded, step, dealt)
    size = np.uint64(dealt.shape[1])
    words = np.empty(size, np.uint64)
    for i in range(size):
        words[i] = dealt[0, i]
    found_by = in_order(words, np.empty(size, np.uint64))
    top = ~ZERO >> WORD_BITS - np.uint64(width) * BYTE_BITS
    return bits_in_bins(found_by, dealt[dealt.shape[0] - 1], top, bin_bits, once)


@inner
def in_order(words, others):
    """Words in order, by their bytes (radix sort), in the one array or in the other."""
    ends, differ = np.empty(BYTES + 1, np.uint64), ZERO
    for word in words:
        differ |= word ^ words[0]
    for byte in range(WORD_BYTES):
        shift = byte * BYTE_BITS
        if differ >> shift & BYTE == ZERO:
            continue
        ends[:] = 0
        for word in words:
            ends[(word >> shift & BYTE) + ONE] += ONE
        for value in range(BYTES):
            ends[value + 1] += ends[value]
        for word in words:
            value = word >> shift & BYTE
            others[ends[value]] = word
            ends[value] += ONE
        words, others = others, words
    return words


@sampling_kernel
def deal(octets, width, shape, way, folded, step, dealt):
    """Fill one row with all numbers, or two: of every second box, and of the others.

    Of a single box, numbers are in the one row and in the other in turn.

    Parameters
    ----------
    octets : uint8[n]
        The numbers, of so many bytes.
    width : uint64
    shape : uint64[axes]
        That of the numbers, with boxes first.
    way : uint64[axes]
        How many times numbers become their differences along each axis, but the first: what lacks
        a number before it is left out.
    folded : bool
        Whether what is left is in two's complement, and becomes non-negative as by `delta`.
    step : uint64
        One in so many of each row is taken.
    dealt : uint64[1 or 2, m]
        There are as many in the sample.
    """
    axes, rows, width = np.uint64(shape.size), np.uint64(dealt.shape[0]), np.uint64(width)
    apart = rows if shape[0] > ONE else ONE
    step = np.uint64(step) * (rows // apart)
    # How far before the last one the numbers are that a difference is made of.
    terms = ONE
    for axis in range(axes):
        terms <<= way[axis]
    before, factors = np.zeros(terms, np.uint64), np.empty(terms, np.uint64)
    factors[0] = ONE
    used, stride, last, fold = ONE, ONE, axes - ONE, ZERO - np.uint64(folded)
    lengths, strides, end = np.empty(axes, np.uint64), np.empty(axes, np.uint64), ZERO
    for back in range(ONE, axes + ONE):
        axis = axes - back
        for _ in range(way[axis]):
            for term in range(used):
                before[used + term] = before[term] + stride
                factors[used + term] = ZERO - factors[term]
            used <<= ONE
        lengths[axis], strides[axis] = shape[axis] - way[axis], stride
        end += way[axis] * stride
        stride *= shape[axis]
    strides[0] *= apart
    box, spare = stride // shape[0], WORD_BITS - width * BYTE_BITS
    for row in range(rows):
        at, first, skipped = np.zeros(axes, np.uint64), end, ZERO
        if apart > ONE:
            first += row * box
        else:
            skipped = row
        i, n = ZERO, np.uint64(dealt.shape[1])
        while i < n:
            move(at, lengths, skipped)
            place = first
            for axis in range(axes):
                place += at[axis] * strides[axis]
            # As far as it is the same along all axes but the last.
            run = min((lengths[last] - at[last] - ONE) // step + ONE, n - i)
            for j in range(i, i + run):
                number = ZERO
                for term in range(terms):
                    number += factors[term] * number_at(octets, place - before[term], width)
                number <<= spare
                negative = (ZERO - (number >> SIGN)) & fold
                dealt[row, j] = (number + (number & fold) ^ negative) >> spare
                place += step
            skipped = step * run
            i += run
