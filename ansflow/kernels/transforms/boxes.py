"""Boxes of an array side by side."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["copy_boxes"]

TWO = np.uint64(2)


@kernel
def copy_boxes(octets, shape, box, out):
    """Copy boxes that are spread over an array evenly.

    They begin in the middles of as many equal parts of where a box may begin. Along each axis they
    have another order, so that boxes which overlap along one are far apart along another.

    Parameters
    ----------
    octets : uint8[n]
        The array.
    shape, box : uint64[axes]
        Places along each axis, of all and of a box. The last one is that of the bytes of an item.
    out : uint8[boxes, m]
        A power of two of boxes, which are filled.
    """
    count, size = np.uint64(out.shape[0]), np.uint64(out.shape[1])
    # What lies in one piece is copied at once: the last axis, and those before it while whole.
    whole, run, step = np.uint64(shape.size), ONE, ONE
    while whole:
        whole -= ONE
        run *= box[whole]
        if box[whole] != shape[whole]:
            break
        step *= shape[whole]
    for number in range(count):
        first, stride = ZERO, ONE
        for back in range(np.uint64(shape.size)):
            axis = np.uint64(shape.size) - ONE - back
            turn = number * (TWO * axis + ONE) % count
            first += (shape[axis] - box[axis]) * (TWO * turn + ONE) // (TWO * count) * stride
            stride *= shape[axis]
        for at in range(ZERO, size, run):
            begin, rest, stride = first, at // run, step * shape[whole]
            for back in range(whole):
                axis = whole - ONE - back
                begin += rest % box[axis] * stride
                rest //= box[axis]
                stride *= shape[axis]
            for i in range(run):
                out[number, at + i] = octets[begin + i]
