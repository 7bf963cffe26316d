"""Sums of products for a tile of pixels and outputs: what all affine layers spend their time with.

Read me first
-------------
A tile is 6 pixels by 16 outputs: each weight that is loaded serves 6 pixels, each activation 16
outputs, and all 96 sums stay in registers. Factors are int16, and sums int32, as processors have
an instruction for that: `pmaddwd` of x86 multiplies two vectors of int16 and adds neighbouring
products, 16 of them in AVX2 (`vpdpwssd` also adds the sum). A fused multiply-add of floats does 8,
and its sums are exact to 24 bits, not 31. So activations come in pairs, those of neighbouring
inputs. It is written as plain IR, in which LLVM finds the instructions of any machine:

    products = extend(pairs) * extend(weights), 32 of them
    sums += products[0::2] + products[1::2]

Additions wrap, so that sums are exact if each *whole* sum fits, in whatever order it is added up.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.vector.ir import (
    constant,
    element_pointer,
    i16,
    i32,
    i64,
    pointer_to,
    splat,
    vector,
)

__all__ = ["PAIR", "PAIR_WEIGHTS", "TILE", "TILE_OUTPUTS", "TILE_PIXELS", "tile_sums"]

TILE_PIXELS = 6
TILE_OUTPUTS = 16
TILE = TILE_PIXELS * TILE_OUTPUTS
PAIR = 2
PAIR_WEIGHTS = PAIR * TILE_OUTPUTS

SUMS = vector(i32, TILE_OUTPUTS)
FACTORS = vector(i16, PAIR_WEIGHTS)
PRODUCTS = vector(i32, PAIR_WEIGHTS)
EVEN, ODD = (ir.Constant(SUMS, list(range(first, PAIR_WEIGHTS, PAIR))) for first in range(PAIR))


def tile_sums(x, places, offset, pitch, size, weights, at, sums):
    """Fill `sums` with those of 6 pixels and 16 outputs, over windows of some rows.

    Parameters
    ----------
    x : int16[]
        Activations.
    places : int64[6]
        Where the windows of the pixels begin in `x`, less `offset`.
    offset, pitch : int64
        From one row of a window to the next.
    size : tuple of int64
        The rows of a window, and the pairs of activations in each.
    weights : int16[]
        From `at` on, for each row, pair and output those of the pair.
    sums : int32[96]
        Those of 16 outputs for each pixel, modulo 2^32.
    """
    rows, pairs = size
    result = np.zeros((TILE_PIXELS, TILE_OUTPUTS), np.int32)
    for r in range(rows):
        begin = at + r * pairs * PAIR_WEIGHTS
        block = weights[begin : begin + pairs * PAIR_WEIGHTS].astype(np.int32)
        matrix = block.reshape(pairs, TILE_OUTPUTS, PAIR).swapaxes(1, 2).reshape(-1, TILE_OUTPUTS)
        for m in range(TILE_PIXELS):
            begin = places[m] + offset + r * pitch
            result[m] += x[begin : begin + pairs * PAIR].astype(np.int32) @ matrix
    sums[:] = result.reshape(-1)


@type_callable(tile_sums)
def type_sums(context):
    def result(x, places, offset, pitch, size, weights, at, sums):
        return types.void

    return result


ARRAY, NUMBER = types.Array, types.Integer


@lower_builtin(tile_sums, ARRAY, ARRAY, NUMBER, NUMBER, types.UniTuple, ARRAY, NUMBER, ARRAY)
def lower_sums(context, builder, signature, arguments):
    x, places, weights, sums = (
        context.make_array(signature.args[k])(context, builder, arguments[k]).data
        for k in (0, 1, 5, 7)
    )
    offset, pitch, at = (
        context.cast(builder, arguments[k], signature.args[k], types.int64) for k in (2, 3, 6)
    )
    rows, pairs = cgutils.unpack_tuple(builder, arguments[4])
    begins = [
        builder.add(builder.load(element_pointer(builder, places, m)), offset)
        for m in range(TILE_PIXELS)
    ]
    zeros = constant(SUMS, 0)
    # LLVM keeps all of these in registers.
    totals = [cgutils.alloca_once_value(builder, zeros) for _ in begins]
    next_weights = cgutils.alloca_once_value(builder, element_pointer(builder, weights, at))
    with cgutils.for_range(builder, rows) as each_row:
        row = element_pointer(builder, x, builder.mul(each_row.index, pitch))
        windows = [element_pointer(builder, row, begin) for begin in begins]
        with cgutils.for_range(builder, pairs) as each_pair:
            here = builder.load(next_weights)
            builder.store(element_pointer(builder, here, FACTORS.count), next_weights)
            factors = builder.load(pointer_to(builder, here, FACTORS), align=2)
            wide = builder.sext(factors, PRODUCTS)
            first = builder.mul(each_pair.index, i64(PAIR))
            for window, total in zip(windows, totals, strict=True):
                place = pointer_to(builder, element_pointer(builder, window, first), i32)
                pair = splat(builder, builder.load(place, align=2), SUMS)
                other = builder.sext(builder.bitcast(pair, FACTORS), PRODUCTS)
                products = builder.mul(other, wide)
                both = builder.add(
                    builder.shuffle_vector(products, products, EVEN),
                    builder.shuffle_vector(products, products, ODD),
                )
                builder.store(builder.add(builder.load(total), both), total)
    for m, total in enumerate(totals):
        place = element_pointer(builder, sums, m * TILE_OUTPUTS)
        builder.store(builder.load(total), pointer_to(builder, place, SUMS), align=4)
    return context.get_dummy_value()
