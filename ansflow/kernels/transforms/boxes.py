"""Boxes of an array side by side."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, sampling_kernel

__all__ = ["copy_boxes"]

TWO = np.uint64(2)

# A box has so many times as many places along the last axis as along another.
LONGER = 4.0


@inlined
def shape_box(shape, size, box):
    """Fill `box` with its places along each axis; their product is `size` at most, and about that.

    The array has more items.
    """
    last = np.uint64(shape.size) - ONE
    for axis in range(shape.size):
        box[axis] = ZERO  # as far as it isn't known
    known = False
    while not known:
        # Axes that are shorter than their share are taken as they are, and leave more for the rest.
        rest, weights, left = float(size), ONE, ZERO
        for axis in range(np.uint64(shape.size)):
            if box[axis] == ZERO and shape[axis] > ONE:
                weights *= np.uint64(LONGER) if axis == last else ONE
                left += ONE
            else:
                box[axis] = shape[axis]
                rest /= float(shape[axis])
        unit, known = (rest / float(weights)) ** (1.0 / float(left)), True
        for axis in range(np.uint64(shape.size)):
            places = unit * LONGER if axis == last else unit
            if box[axis] == ZERO and float(shape[axis]) <= places:
                box[axis], known = shape[axis], False
    for axis in range(np.uint64(shape.size)):
        if box[axis] == ZERO:
            box[axis] = max(ONE, np.uint64(unit * LONGER if axis == last else unit))


@sampling_kernel
def copy_boxes(octets, width, shape, count, size, box, out):
    """Copy boxes that are spread over an array evenly.

    They begin in the middles of as many equal parts of where a box may begin. Along each axis they
    have another order, so that boxes which overlap along one are far apart along another.

    Parameters
    ----------
    octets : uint8[n]
        The array.
    width : uint64
        Bytes of an item.
    shape : uint64[axes]
        That of the array, which has more items than all boxes.
    count, size : uint64
        A power of two of boxes, and how many items one of them has at most.
    box : uint64[axes]
        Filled with the shape of a box.
    out : uint8[count * size * width]
        Filled with the boxes, one after the other, as far as they go.
    """
    width, count = np.uint64(width), np.uint64(count)
    shape_box(shape, size, box)
    # What lies in one piece is copied at once: an item, and axes from the last one on while whole.
    whole, run, step = np.uint64(shape.size), width, width
    while whole:
        whole -= ONE
        run *= box[whole]
        if box[whole] != shape[whole]:
            break
        step *= shape[whole]
    items = ONE
    for axis in range(shape.size):
        items *= box[axis]
    at = ZERO
    for number in range(count):
        first, stride = ZERO, width
        for back in range(np.uint64(shape.size)):
            axis = np.uint64(shape.size) - ONE - back
            turn = number * (TWO * axis + ONE) % count
            first += (shape[axis] - box[axis]) * (TWO * turn + ONE) // (TWO * count) * stride
            stride *= shape[axis]
        for piece in range(items * width // run):
            begin, rest, stride = first, np.uint64(piece), step * shape[whole]
            for back in range(whole):
                axis = whole - ONE - back
                begin += rest % box[axis] * stride
                rest //= box[axis]
                stride *= shape[axis]
            for i in range(run):
                out[at + i] = octets[begin + i]
            at += run
