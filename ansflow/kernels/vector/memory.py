"""Vectors and arrays: load, store, gather, pull and put.

Nothing here checks a bound. Each function says which elements it touches.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, type_callable

from ansflow.kernels.vector.ir import element_pointer, i16, i64, join, pointer_to, popcount, vector
from ansflow.kernels.vector.targets import TARGETS
from ansflow.kernels.vector.values import Vector, even_and_odd, pack, unpack

__all__ = ["load", "load_quads", "pull", "put", "store", "store_quads"]

STORED_TOGETHER = 64  # elements that are narrowed and stored by one instruction, at most


def address_of(context: Any, builder: ir.IRBuilder, kind: types.Array, array: Any, at: Any) -> Any:
    """Address of ``array[at]``, at an unsigned 64-bit index."""
    return element_pointer(builder, context.make_array(kind)(context, builder, array).data, at)


def unsigned(context: Any, builder: ir.IRBuilder, value: Any, kind: types.Type) -> Any:
    return context.cast(builder, value, kind, types.uint64)


@intrinsic(prefer_literal=True)
def load(typing_context, array, at, lanes, isa):
    """``array[at : at + lanes]``, whose elements have 8, 16 or 32 bits, as 32-bit lanes."""
    if not isinstance(lanes, types.IntegerLiteral) or not isinstance(isa, types.StringLiteral):
        return None
    kind = Vector(lanes.literal_value, 32, isa.literal_value)
    bits = array.dtype.bitwidth

    def codegen(context, builder, signature, arguments):
        index = unsigned(context, builder, arguments[1], at)
        address = address_of(context, builder, array, arguments[0], index)
        loaded = vector(ir.IntType(bits), kind.width)
        registers = []
        for first in range(0, kind.lanes, kind.width):
            near = pointer_to(builder, element_pointer(builder, address, first), loaded)
            elements = builder.load(near, align=bits // 8)
            registers.append(elements if bits == 32 else builder.zext(elements, kind.register))
        return pack(builder, registers)

    return kind(array, at, lanes, isa), codegen


@intrinsic
def store(typing_context, array, at, values):
    """Store 32-bit lanes, cut to the array's 8, 16 or 32 bits, into ``array[at : at + lanes]``."""
    bits = array.dtype.bitwidth

    def codegen(context, builder, signature, arguments):
        index = unsigned(context, builder, arguments[1], at)
        address = address_of(context, builder, array, arguments[0], index)
        registers = unpack(builder, arguments[2])
        step = max(1, min(values.registers, STORED_TOGETHER // values.width)) if bits < 32 else 1
        for first in range(0, values.registers, step):
            elements = join(builder, registers[first : first + step])
            if bits < 32:
                elements = builder.trunc(elements, vector(ir.IntType(bits), elements.type.count))
            near = element_pointer(builder, address, first * values.width)
            builder.store(elements, pointer_to(builder, near, elements.type), align=bits // 8)
        return context.get_dummy_value()

    return types.void(array, at, values), codegen


@type_callable(operator.getitem)
def type_gather(context: Any) -> Callable[..., Any]:
    def result(table: types.Type, index: types.Type) -> Vector | None:
        if isinstance(table, types.Array) and table.ndim == 1 and isinstance(index, Vector):
            return index.of_bits(table.dtype.bitwidth)
        return None

    return result


@lower_builtin(operator.getitem, types.Array, Vector)
def gather(context, builder, signature, arguments):
    """``table[index]`` in each lane, from a vector of uint32 or uint64."""
    kind, index = signature.args
    table = context.make_array(kind)(context, builder, arguments[0]).data
    registers = unpack(builder, arguments[1])
    if kind.dtype.bitwidth == i64.width:
        registers = even_and_odd(builder, registers)
    target = TARGETS[index.isa]
    scale = kind.dtype.bitwidth // 8
    return pack(builder, [target.gather(builder, table, r, scale) for r in registers])


@intrinsic
def load_quads(typing_context, array, at, positions):
    """``array[at + position]`` and the three bytes after it in each lane, first byte lowest.

    `array` is uint8[], and positions are below 2^31.
    """
    target = TARGETS[positions.isa]

    def codegen(context, builder, signature, arguments):
        index = unsigned(context, builder, arguments[1], at)
        address = address_of(context, builder, array, arguments[0], index)
        registers = unpack(builder, arguments[2])
        return pack(builder, [target.gather(builder, address, r, scale=1) for r in registers])

    return positions(array, at, positions), codegen


@intrinsic
def store_quads(typing_context, array, at, positions, quads):
    """Undo `load_quads`."""
    target = TARGETS[positions.isa]

    def codegen(context, builder, signature, arguments):
        index = unsigned(context, builder, arguments[1], at)
        address = address_of(context, builder, array, arguments[0], index)
        places, values = unpack(builder, arguments[2]), unpack(builder, arguments[3])
        for place, value in zip(places, values, strict=True):
            target.scatter(builder, address, place, value)
        return context.get_dummy_value()

    return types.void(array, at, positions, quads), codegen


@intrinsic
def pull(typing_context, words, cursor, due):
    """``(vector, cursor)``: the next words of the stream for the lanes that are due one.

    The first lane of the mask `due` gets ``words[cursor]``, the second the next, and so on; the
    other lanes get 0. Reads within ``words[cursor : cursor + lanes]``.
    """
    kind = due.of_bits(32)
    target = TARGETS[due.isa]

    def codegen(context, builder, signature, arguments):
        at = unsigned(context, builder, arguments[1], cursor)
        registers = []
        for mask in unpack(builder, arguments[2]):
            address = address_of(context, builder, words, arguments[0], at)
            registers.append(target.expand(builder, address, mask))
            at = builder.add(at, popcount(builder, mask))
        return context.make_tuple(builder, signature.return_type, [pack(builder, registers), at])

    return types.Tuple([kind, types.uint64])(words, cursor, due), codegen


@intrinsic
def put(typing_context, words, cursor, values, due):
    """Store the low 16 bits of the lanes that are due below the cursor; return the new cursor.

    The last lane of the mask `due` goes to ``words[cursor - 1]``, the one before it below, and so
    on: `pull` undoes it. What `put` returns is the first word stored; it may overwrite
    ``words[cursor - lanes : cursor]``.
    """
    target = TARGETS[due.isa]

    def codegen(context, builder, signature, arguments):
        at = unsigned(context, builder, arguments[1], cursor)
        registers, masks = unpack(builder, arguments[2]), unpack(builder, arguments[3])
        for register, mask in zip(reversed(registers), reversed(masks), strict=True):
            end = at
            at = builder.sub(at, popcount(builder, mask))
            places = [address_of(context, builder, words, arguments[0], i) for i in (at, end)]
            halves = builder.trunc(register, vector(i16, values.width))
            target.compact(builder, *places, halves, mask)
        return at

    return types.uint64(words, cursor, values, due), codegen
