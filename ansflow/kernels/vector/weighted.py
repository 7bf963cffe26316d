"""Weighted sums of the rows before one, of many lanes at a time, which stay in registers.

LLVM would load and store them for every few rows: for it, lanes are the inner loop. So instructions
are written here. They are plain IR, for any machine; each product and each sum is rounded.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from ansflow.kernels.vector.ir import constant, element_pointer, i64, pointer_to, vector

__all__ = ["LANES", "weigh"]

# Half of the segments that there are by default, in seven registers of AVX2: sums wait for those of
# the row before, but not for each other.
LANES = 28
REGISTER = 4


def _weigh(values: Any, at: Any, weights: Any, order: Any, first: Any, sums: Any) -> None:
    """Fill ``sums[first : first + LANES]`` with those for the row that begins at ``values[at]``.

    Parameters
    ----------
    values : float64[]
        There are `order` rows before that one.
    at, order, first : uint64
    weights : float64[]
        Those of the row before, of the one before that, and so on.
    sums : float64[]
        As large as a row.
    """
    lanes, own = sums.size, slice(int(first), int(first) + LANES)
    sums[own] = 0.0
    for k in range(int(order)):
        before = values[int(at) - (k + 1) * lanes :]
        sums[own] += weights[k * lanes :][own] * before[own]


@intrinsic
def _weigh_compiled(typing_context, values, at, weights, order, first, sums):
    """The same, as instructions."""

    def codegen(context, builder, signature, arguments):
        values_, at_, weights_, order_, first_, sums_ = arguments
        kind = vector(ir.DoubleType(), REGISTER)
        arrays = [
            context.make_array(told)(context, builder, array)
            for told, array in zip((values, weights, sums), (values_, weights_, sums_), strict=True)
        ]
        lanes = builder.extract_value(arrays[2].shape, 0)
        value, weight, total = (array.data for array in arrays)

        def place(data, index, register):
            near = element_pointer(builder, data, builder.add(index, i64(register * REGISTER)))
            return pointer_to(builder, near, kind)

        row = cgutils.alloca_once_value(builder, builder.add(at_, first_))
        own = cgutils.alloca_once_value(builder, first_)
        registers = range(LANES // REGISTER)
        added = [cgutils.alloca_once_value(builder, constant(kind, 0.0)) for _ in registers]
        with cgutils.for_range(builder, order_):
            builder.store(builder.sub(builder.load(row), lanes), row)
            before, factors = builder.load(row), builder.load(own)
            for k in registers:
                term = builder.fmul(
                    builder.load(place(weight, factors, k), align=8),
                    builder.load(place(value, before, k), align=8),
                )
                builder.store(builder.fadd(builder.load(added[k]), term), added[k])
            builder.store(builder.add(factors, lanes), own)
        for k in registers:
            builder.store(builder.load(added[k]), place(total, first_, k), align=8)
        return context.get_dummy_value()

    arguments = values, types.uint64, weights, types.uint64, types.uint64, sums
    return types.void(*arguments), codegen


weigh = _weigh if getattr(config, "DISABLE_JIT", False) else _weigh_compiled
