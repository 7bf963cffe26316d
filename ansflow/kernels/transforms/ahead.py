"""Memory that is asked for before it is needed.

A kernel that works on blocks reads one in a moment, and then does not touch memory for a while.
CPUs see ahead only as long as they read. Where they are told what comes next, it is there in time.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.words import item_bits

__all__ = ["ask_ahead"]

LINE_BITS = np.uint64(512)

# As LLVM has it: to read, to keep in all caches, and data.
READ, KEEP, DATA = 0, 3, 1


def ask_for(array, at):
    """Ask for the line of the cache with ``array[at]``, which need not exist."""


@type_callable(ask_for)
def _type_ask_for(context):
    return lambda array, at: types.void


@lower_builtin(ask_for, types.Array, types.Integer)
def _ask_for(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    address = builder.gep(array.data, [arguments[1]])
    near = builder.bitcast(address, ir.IntType(8).as_pointer())
    told = [ir.IntType(32)(value) for value in (READ, KEEP, DATA)]
    kind = ir.FunctionType(ir.VoidType(), [near.type, *(value.type for value in told)])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [near, *told])
    return context.get_dummy_value()


@inner
def ask_ahead(items, begin, end):
    """Ask for ``items[begin:end]``, uint64, which may be behind all items.

    Some lines at a time: more than a few dozen would have to wait for each other.
    """
    for i in range(begin, end, LINE_BITS // item_bits(items)):
        ask_for(items, i)
