"""Some differences of numbers in boxes, dealt to two halves: one tells what suits the other."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.words import word_at

__all__ = ["MOST_DEALT", "deal_halves"]

# Of a half that has more numbers than that, every so many are taken, an odd count.
FEW = np.uint64(1 << 10)
MOST_DEALT = 2 << 10

TWO = np.uint64(2)
WORD_BYTES, BYTE_SHIFT = np.uint64(8), np.uint64(3)


@inlined
def number_at(octets, at, width):
    """The number in so many bytes at a place, and any bits above it; there are eight at least."""
    at *= width
    near = min(at, np.uint64(octets.size) - WORD_BYTES)
    return word_at(octets, near) >> (at - near << BYTE_SHIFT)


@kernel
def deal_halves(octets, width, shape, way, folded, halves):
    """Deal every second box to each half; or every second number, if there is just one box.

    Parameters
    ----------
    octets : uint8[n]
        Numbers of so many bytes in their `shape`, eight bytes in all at least.
    width : uint64
        1, 2, 4 or 8.
    shape : uint64[axes]
        Boxes, and the places along each axis of them.
    way : uint64[axes]
        How many times numbers become their differences along each axis, eight times in all at most,
        but never along the first one. What lacks a number before it is left out.
    folded : bool
        Whether what is left is in two's complement, and becomes non-negative as by `delta`.
    halves : uint64[2, MOST_DEALT]
        Rows for what is taken.

    Returns
    -------
    How many numbers there are in each row.
    """
    last, boxes = np.uint64(shape.size) - ONE, shape[0]
    # A difference is a sum of numbers that lie so far back, half of them with a minus.
    backs, signs, count = np.zeros(1 << 8, np.uint64), np.ones(1 << 8, np.uint64), ONE
    inside, corner, block = ONE, ZERO, ONE  # places of a box, the first of them, all numbers of it
    for back in range(last):
        axis = last - back
        for _ in range(way[axis]):
            for k in range(count):
                backs[count + k], signs[count + k] = backs[k] + block, ZERO - signs[k]
            count += count
        inside *= max(shape[axis], way[axis]) - way[axis]
        corner += way[axis] * block
        block *= shape[axis]
    top = ~ZERO >> (WORD_BYTES - width << BYTE_SHIFT)
    sign = (width << BYTE_SHIFT) - ONE
    dealt = np.zeros(2, np.uint64)
    for half in range(TWO):
        if boxes > ONE:
            box, place, size = half, ZERO, (boxes + ONE - half) // TWO * inside
            step = size // FEW | ONE
        else:
            box, place, size = ZERO, half, (inside + ONE - half) // TWO
            step = (size // FEW | ONE) << ONE
        while box < boxes:
            while place < inside:
                # From the last axis on; what is left of the place belongs to the one behind boxes.
                at, rest, stride = box * block + corner, place, ONE
                for back in range(last - ONE):
                    axis = last - back
                    length = shape[axis] - way[axis]
                    at += rest % length * stride
                    rest //= length
                    stride *= shape[axis]
                at += rest * stride
                number = number_at(octets, at, width)
                for k in range(ONE, count):
                    number += signs[k] * number_at(octets, at - backs[k], width)
                number &= top
                if folded:
                    number = (number << ONE & top) ^ (ZERO - (number >> sign) & top)
                halves[half, dealt[half]] = number
                dealt[half] += ONE
                place += step
            place -= inside
            box += TWO
    return dealt[0], dealt[1]
