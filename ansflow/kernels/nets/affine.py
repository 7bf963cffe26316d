"""Affine maps in fixed point: the same integers however the work is split or ordered.

Activations are int32 in units of 2^-12, weights are int16 in units that a layer chooses, sums are
int64. No sum of a layer can overflow (`ansflow.bitsback.nets.layers` checks it), and integer
addition is associative: so neither batch, nor threads, nor vector instructions change a result.
"""

import numpy as np

from ansflow.kernels.jit import inlined, kernel

__all__ = ["ACTIVATION_LIMIT", "FRACTION_BITS", "convolve", "convolve_planes", "dense"]

FRACTION_BITS = 12

# Activations are cut off here: 2048, in units of 2^-12.
ACTIVATION_LIMIT = 1 << 23
MOST = np.int64(ACTIVATION_LIMIT)
LEAST = np.int64(-ACTIVATION_LIMIT)
I_ONE = np.int64(1)
I_ZERO = np.int64(0)


@inlined
def rounded(total, shift, relu):
    """A sum as an activation: divided by 2^shift, rounded half up, and cut off."""
    value = (total + (I_ONE << shift >> I_ONE)) >> shift
    return min(max(value, I_ZERO if relu else LEAST), MOST)


@kernel
def dense(x, weights, bias, shift, relu, total, out):
    """Rows of `x` times a matrix, plus a bias.

    Parameters
    ----------
    x : int32[n, inputs]
    weights : int16[inputs, outputs]
    bias : int64[outputs]
    shift : int64
        0 to 62.
    relu : bool
        Whether negative results become 0.
    total : int64[outputs]
        Scratch.
    out : int32[n, outputs]
        Filled.
    """
    for i in range(x.shape[0]):
        for j in range(total.size):
            total[j] = bias[j]
        for k in range(x.shape[1]):
            factor = np.int64(x[i, k])
            if factor != 0:  # of rectified values, and of pixels, many are
                for j in range(total.size):
                    total[j] += factor * np.int64(weights[k, j])
        for j in range(total.size):
            out[i, j] = rounded(total[j], shift, relu)


@kernel
def convolve(x, weights, bias, shift, relu, stride, total, out):
    """Images convolved with a kernel of odd size; outside of an image all is 0.

    Parameters
    ----------
    x : int32[n, height, width, inputs]
    weights : int16[rows, columns, inputs, outputs]
    bias, shift, relu, total
        See `dense`.
    stride : int64
        Pixels from the centre of one result to the next; the first is over the first pixel.
    out : int32[n, ceil(height / stride), ceil(width / stride), outputs]
        Filled.
    """
    rows, columns, inputs = weights.shape[0], weights.shape[1], weights.shape[2]
    for i in range(x.shape[0]):
        for row in range(out.shape[1]):
            for column in range(out.shape[2]):
                for j in range(total.size):
                    total[j] = bias[j]
                top, left = row * stride - rows // 2, column * stride - columns // 2
                for r in range(max(0, -top), min(rows, x.shape[1] - top)):
                    for c in range(max(0, -left), min(columns, x.shape[2] - left)):
                        for k in range(inputs):
                            factor = np.int64(x[i, top + r, left + c, k])
                            if factor != 0:
                                for j in range(total.size):
                                    total[j] += factor * np.int64(weights[r, c, k, j])
                for j in range(total.size):
                    out[i, row, column, j] = rounded(total[j], shift, relu)


@kernel
def convolve_planes(x, weights, bias, shift, relu, planes, total, out):
    """`convolve` with stride 1, all results of an output together.

    Vectors run along the image here, and along the outputs there: this is faster for few outputs.
    With zeros between them, all rows of an image are one long row, `pitch` from one to the next,
    and so are the results; those between the rows are discarded.

    Parameters
    ----------
    planes : int32[inputs, (height + rows - 1) * pitch]
        Scratch, zero at first; pitch is width + columns - 1.
    total : int64[height * pitch - columns + 1]
        Scratch.
    """
    rows, columns, inputs = weights.shape[0], weights.shape[1], weights.shape[2]
    height, width = x.shape[1], x.shape[2]
    pitch = width + columns - 1
    for i in range(x.shape[0]):
        for row in range(height):
            first = (row + rows // 2) * pitch + columns // 2
            for column in range(width):
                for k in range(inputs):
                    planes[k, first + column] = x[i, row, column, k]
        for j in range(out.shape[3]):
            total[:] = bias[j]
            for k in range(inputs):
                for r in range(rows):
                    for c in range(columns):
                        weight = np.int64(weights[r, c, k, j])
                        plane = planes[k, r * pitch + c :]
                        for at in range(total.size):
                            total[at] += weight * np.int64(plane[at])
            for row in range(height):
                for column in range(width):
                    out[i, row, column, j] = rounded(total[row * pitch + column], shift, relu)
