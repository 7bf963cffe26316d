"""Contexts of a turn of lanes from the symbols above it, in registers, on vectors of bytes.

Where an instruction set can, it looks the context of an activity up in a table. Where it can only
look a limit up, as there are few of them, it searches; elsewhere the activity is compared with all.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ansflow.kernels.coders.neighbours import LIMITS
from ansflow.kernels.jit import inner
from ansflow.kernels.vector.ir import (
    call,
    constant,
    element_pointer,
    i8,
    i64,
    pointer_to,
    splat,
    split,
    vector,
)
from ansflow.kernels.vector.targets import TARGETS
from ansflow.kernels.vector.values import Vector, pack

__all__ = ["contexts_above", "tabulate"]

ACTIVITIES = 256
# By how many contexts a search goes on, from the first one.
STEPS = 8, 4, 2, 1
# It looks among so many bytes, from any of the limits on that it begins with.
FEW = 16
TABLE = ACTIVITIES + FEW + max(STEPS)
# Turns bytes into signed ones in the same order, which is all that AVX2 compares.
SIGN = np.uint8(0x80)


@inner
def tabulate(limits):
    """The context of each activity, then the limits, as signed bytes."""
    table = np.empty(TABLE, np.uint8)
    for i in range(ACTIVITIES):
        context = np.uint8(0)
        for k in range(limits.size):
            context += np.uint8(i > limits[k])
        table[i] = context
    for k in range(limits.size):
        table[ACTIVITIES + k] = limits[k] ^ SIGN
    return table


def exceeds(builder: ir.IRBuilder, activity: Any, limit: Any) -> Any:
    """-1 where it does, and elsewhere 0."""
    signed = builder.xor(activity, constant(activity.type, int(SIGN)))
    return builder.sext(builder.icmp_signed(">", signed, limit), activity.type)


def count_below(builder: ir.IRBuilder, table: Any, activity: Any) -> Any:
    """Contexts of activities, by comparing them with all limits."""
    contexts = constant(activity.type, 0)
    for k in range(LIMITS):
        limit = builder.load(element_pointer(builder, table, ACTIVITIES + k))
        limit = splat(builder, limit, activity.type)
        contexts = builder.sub(contexts, exceeds(builder, activity, limit))
    return contexts


def search(builder: ir.IRBuilder, pick_few: Any, table: Any, activity: Any) -> Any:
    """The same by bisection."""
    contexts = constant(activity.type, 0)
    for step in STEPS:
        limits = element_pointer(builder, table, ACTIVITIES + step - 1)
        above = exceeds(builder, activity, pick_few(builder, limits, contexts))
        above = builder.and_(above, constant(activity.type, step))
        contexts = builder.add(contexts, above)
    return contexts


def contexts_of(builder: ir.IRBuilder, target: Any, table: Any, activity: Any) -> Any:
    """Contexts of activities, in the way of an instruction set."""
    if target.pick:
        return target.pick(builder, table, activity)
    if target.pick_few:
        return search(builder, target.pick_few, table, activity)
    return count_below(builder, table, activity)


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
        contexts = contexts_of(builder, TARGETS[kind.isa], told, activity)
        parts = split(builder, contexts, kind.width)
        return pack(builder, [builder.zext(part, kind.register) for part in parts])

    return signature, codegen
