"""What Numba lacks for streams of bits: 64 bits at any address, and how many bits numbers have.

Uncompiled, the functions do the same in plain Python.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["bit_length", "item_bits", "view_if_wider", "word_at"]

WORD = ir.IntType(64)


def word_at(data, at):
    """The eight bytes ``data[at : at + 8]`` as a number, the first one lowest; all must exist.

    `data` is uint8[], and `at` uint64.
    """
    return data[at : at + data.dtype.type(8)].view("<u8")[0]


def item_bits(array):
    """The bits of an item; compiled, that is a constant, as ``array.itemsize`` is not."""
    return np.uint64(8 * array.itemsize)


def view_if_wider(words, kind, like):
    """The same memory as items of a type, if they are wider than those of an array; or None.

    Compiled, what is done with it only if it is there is left out where it is not.
    """
    return words.view(kind) if np.dtype(kind).itemsize > like.itemsize else None


def bit_length(number):
    """The number of bits of an unsigned number without leading zeros, in its own type."""
    return type(number)(int(number).bit_length())


@intrinsic
def _load(typing_context, data, at):
    def codegen(context, builder, signature, arguments):
        array = context.make_array(data)(context, builder, arguments[0])
        near = builder.bitcast(builder.gep(array.data, [arguments[1]]), WORD.as_pointer())
        return builder.load(near, align=1)

    return types.uint64(data, at), codegen


@intrinsic
def _leading_zeros(typing_context, number):
    def codegen(context, builder, signature, arguments):
        value = arguments[0]
        kind = ir.FunctionType(value.type, [value.type, cgutils.bool_t])
        name = f"llvm.ctlz.i{value.type.width}"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [value, cgutils.false_bit])

    return number(number), codegen


@overload(word_at)
def _word_at(data, at):
    return lambda data, at: _load(data, at)


@overload(item_bits)
def _item_bits(array):
    bits = np.uint64(array.dtype.bitwidth)
    return lambda array: bits


@overload(view_if_wider)
def _view_if_wider(words, kind, like):
    if kind.dtype.bitwidth > like.dtype.bitwidth:
        return lambda words, kind, like: words.view(kind)
    return lambda words, kind, like: None


@overload(bit_length)
def _bit_length(number):
    kind, bits = number, number.bitwidth
    return lambda number: kind(bits) - _leading_zeros(number)
