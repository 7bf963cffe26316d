"""Contexts of a turn of lanes from the symbols above it, in registers, on vectors of bytes.

Where an instruction set can, it looks the context of an activity up in a table; elsewhere the
activity is compared with all limits.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ansflow.kernels.coders.neighbours import LIMITS
from ansflow.kernels.constants import MAX_LANES
from ansflow.kernels.jit import inner
from ansflow.kernels.vector.ir import (
    call,
    constant,
    element_pointer,
    i8,
    i32,
    i64,
    pointer_to,
    splat,
    vector,
)
from ansflow.kernels.vector.targets import TARGETS
from ansflow.kernels.vector.values import Vector, pack

__all__ = ["contexts_above", "tabulate"]

ACTIVITIES = 256


@inner
def tabulate(limits):
    """The context of each activity, then each limit in 64 bytes that follow each other."""
    table = np.empty(ACTIVITIES + limits.size * MAX_LANES, np.uint8)
    for i in range(ACTIVITIES):
        context = np.uint8(0)
        for k in range(limits.size):
            context += np.uint8(i > limits[k])
        table[i] = context
    for i in range(limits.size * MAX_LANES):
        table[ACTIVITIES + i] = limits[i // MAX_LANES]
    return table


def count_below(builder: ir.IRBuilder, table: Any, activity: Any) -> Any:
    """Contexts of activities, by comparing them with all limits."""
    contexts = constant(activity.type, 0)
    for k in range(LIMITS):
        near = element_pointer(builder, table, ACTIVITIES + k * MAX_LANES)
        limit = builder.load(pointer_to(builder, near, activity.type), align=1)
        above = builder.icmp_unsigned(">", activity, limit)
        contexts = builder.sub(contexts, builder.sext(above, activity.type))
    return contexts


@intrinsic(prefer_literal=True)
def contexts_above(typing_context, symbols, at, row, plane, table, lanes, isa):
    """The contexts of symbols `at` to ``at + lanes - 1`` as 32-bit lanes.

    Parameters
    ----------
    symbols : uint8[]
        ``symbols[at - row - 1 : at - row + lanes + 1]`` must exist.
    at, row : uint64
    plane : uint64
        0 if there is none, and otherwise at most `at`.
    table : uint8[]
        From `tabulate`.
    lanes, isa
        Literal, as for `ansflow.kernels.vector.memory.load`.
    """
    if not isinstance(lanes, types.IntegerLiteral) or not isinstance(isa, types.StringLiteral):
        return None
    kind = Vector(lanes.literal_value, 32, isa.literal_value)
    signature = kind(symbols, types.uint64, types.uint64, types.uint64, table, lanes, isa)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        bytes_ = vector(i8, kind.lanes)
        data, told = (
            context.make_array(signature.args[place])(context, builder, arguments[place]).data
            for place in (0, 4)
        )
        at_, row_, plane_ = arguments[1:4]

        def before(distance: Any) -> Any:
            near = element_pointer(builder, data, builder.sub(at_, distance))
            return builder.load(pointer_to(builder, near, bytes_), align=1)

        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_unsigned(">", a, b), a, b)

        sides = before(builder.add(row_, i64(1))), before(builder.sub(row_, i64(1)))
        activity = larger(larger(*sides), before(row_))
        # Without a plane, something else is loaded and made 0.
        used = builder.icmp_unsigned("!=", plane_, i64(0))
        behind = before(builder.select(used, plane_, row_))
        keep = splat(builder, builder.sext(used, i8), bytes_)
        behind = builder.and_(behind, keep)
        activity = call(builder, f"llvm.uadd.sat.v{kind.lanes}i8", bytes_, activity, behind)
        pick = TARGETS[kind.isa].pick
        contexts = (pick or count_below)(builder, told, activity)
        registers = []
        for first in range(0, kind.lanes, kind.width):
            order = ir.Constant(vector(i32, kind.width), list(range(first, first + kind.width)))
            part = builder.shuffle_vector(contexts, ir.Constant(bytes_, ir.Undefined), order)
            registers.append(builder.zext(part, kind.register))
        return pack(builder, registers)

    return signature, codegen
