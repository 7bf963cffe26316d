"""What Numba lacks for bits: 64 of them at any address, how many numbers have, what they stand for.

Uncompiled, the functions do the same in plain Python.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.vector.isa import compiled_features

__all__ = ["bit_length", "item_bits", "lane_length", "seen_as", "word_at"]

WORD = ir.IntType(64)

# The exponent of a float, above how many bits it stands, and what it is for a number below 2.
EXPONENT_OF_FLOAT, BIAS_OF_FLOAT = 23, 127
EXPONENT_OF_DOUBLE, BIAS_OF_DOUBLE = 52, 1023


def word_at(data, at):
    """The eight bytes ``data[at : at + 8]`` as a number, the first one lowest; all must exist.

    `data` is uint8[], and `at` uint64.
    """
    return data[at : at + data.dtype.type(8)].view("<u8")[0]


def item_bits(array):
    """The bits of an item; compiled, that is a constant, as ``array.itemsize`` is not."""
    return np.uint64(8 * array.itemsize)


def bit_length(number):
    """The number of bits of an unsigned number without leading zeros, in its own type."""
    return type(number)(int(number).bit_length())


def lane_length(number):
    """`bit_length`, for loops that become vectors, of numbers of 16 bits and more.

    AVX2 cannot count the leading zeros of lanes, but it makes floats of them, whose exponents tell.
    """
    return bit_length(number)


def seen_as(number, kind):
    """The number of another type that has the same bits."""
    return number.view(kind)


# Numba could compile `overload`s of one line, but takes 40 ms for each type of arguments.


@type_callable(word_at)
def _type_word_at(context):
    return lambda data, at: types.uint64


@lower_builtin(word_at, types.Array, types.Integer)
def _word_at(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    near = builder.bitcast(builder.gep(array.data, [arguments[1]]), WORD.as_pointer())
    return builder.load(near, align=1)


@type_callable(seen_as)
def _type_seen_as(context):
    return lambda number, kind: kind.dtype


@lower_builtin(seen_as, types.Number, types.NumberClass)
def _seen_as(context, builder, signature, arguments):
    return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))


@type_callable(item_bits)
def _type_item_bits(context):
    return lambda array: types.uint64


@lower_builtin(item_bits, types.Array)
def _item_bits(context, builder, signature, arguments):
    return WORD(signature.args[0].dtype.bitwidth)


@type_callable(bit_length)
def _type_bit_length(context):
    return lambda number: number


@lower_builtin(bit_length, types.Integer)
def _bit_length(context, builder, signature, arguments):
    value = arguments[0]
    kind = ir.FunctionType(value.type, [value.type, cgutils.bool_t])
    name = f"llvm.ctlz.i{value.type.width}"
    leading_zeros = cgutils.get_or_insert_function(builder.module, kind, name)
    zeros = builder.call(leading_zeros, [value, cgutils.false_bit])
    return builder.sub(value.type(value.type.width), zeros)


@type_callable(lane_length)
def _type_lane_length(context):
    return lambda number: number


@lower_builtin(lane_length, types.Integer)
def _lane_length(context, builder, signature, arguments):
    features = compiled_features()
    if "avx2" in features and "avx512cd" not in features:
        width = arguments[0].type.width
        if width == 32:
            return _length_by_float(builder, arguments[0])
        if width == 64:
            return _length_by_double(builder, arguments[0])
    return _bit_length(context, builder, signature, arguments)


def _length_by_float(builder, number):
    kind = number.type
    # With a 0 behind the leading 1, it is never rounded up to the next power of two.
    leading = builder.and_(number, builder.not_(builder.lshr(number, kind(1))))
    bits = builder.bitcast(builder.sitofp(leading, ir.FloatType()), kind)
    exponent = builder.lshr(bits, kind(EXPONENT_OF_FLOAT))
    # That of 0 is less, and that of what is negative as a signed number is more, with its sign.
    least, most = kind(BIAS_OF_FLOAT - 1), kind(BIAS_OF_FLOAT + kind.width - 1)
    exponent = builder.select(builder.icmp_signed("<", exponent, least), least, exponent)
    exponent = builder.select(builder.icmp_signed(">", exponent, most), most, exponent)
    return builder.sub(exponent, least)


def _length_by_double(builder, number):
    kind, double = number.type, ir.DoubleType()
    half = kind.width // 2
    upper = builder.lshr(number, kind(half))
    is_long = builder.icmp_unsigned("!=", upper, kind(0))
    # Twice as much and one more, so that 0 has an exponent; in the last bits of 2^52, and without
    # that it is a float.
    odd = builder.shl(builder.select(is_long, upper, number), kind(1))
    one_more = (BIAS_OF_DOUBLE + EXPONENT_OF_DOUBLE << EXPONENT_OF_DOUBLE) + 1
    above = builder.bitcast(builder.or_(odd, kind(one_more)), double)
    bits = builder.bitcast(builder.fsub(above, double(2.0**EXPONENT_OF_DOUBLE)), kind)
    least = builder.select(is_long, kind(BIAS_OF_DOUBLE - half), kind(BIAS_OF_DOUBLE))
    return builder.sub(builder.lshr(bits, kind(EXPONENT_OF_DOUBLE)), least)
