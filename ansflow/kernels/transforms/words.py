"""What Numba lacks for streams of bits: 64 bits at any address, and how many bits numbers have.

Uncompiled, the functions do the same in plain Python.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.arrays import viewed

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


# Numba could compile `overload`s of one line, but takes 40 ms for each type of arguments.


@type_callable(word_at)
def _type_word_at(context):
    return lambda data, at: types.uint64


@lower_builtin(word_at, types.Array, types.Integer)
def _word_at(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    near = builder.bitcast(builder.gep(array.data, [arguments[1]]), WORD.as_pointer())
    return builder.load(near, align=1)


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


@type_callable(view_if_wider)
def _type_view_if_wider(context):
    def typer(words, kind, like):
        return (
            words.copy(dtype=kind.dtype)
            if kind.dtype.bitwidth > like.dtype.bitwidth
            else types.none
        )

    return typer


@lower_builtin(view_if_wider, types.Array, types.NumberClass, types.Array)
def _view_if_wider(context, builder, signature, arguments):
    kind = signature.return_type
    if kind == types.none:
        return context.get_dummy_value()
    view = viewed(context, builder, kind, arguments[0], signature.args[0])
    return impl_ret_borrowed(context, builder, kind, view)
