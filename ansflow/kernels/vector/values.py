"""Vectors as Numba values: the type, and what arithmetic does with it.

Integers and vectors mix: an integer stands for a vector that has it in every lane. Comparisons
are unsigned and give a mask, a vector of one bit a lane.

Sixty-four bits a lane
    The instruction that multiplies 32 bits by 32 to 64 reads the even elements of its operands and
    ignores the odd ones. A vector of 64-bit numbers is therefore kept as two registers for
    each register of 32-bit lanes: the numbers of its even lanes, and those of its odd lanes. To
    get there from 32 bits takes a shift for the odd lanes and nothing for the even ones, and
    `low` and `high` come back by a shift and a blend; no element crosses the register.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from ansflow.kernels.vector.ir import constant, i64, splat, vector
from ansflow.kernels.vector.isa import ISAS

__all__ = ["Vector", "high", "lane_numbers", "less", "low", "multiply", "pack", "unpack", "where"]

LOW_HALF = 0xFFFF_FFFF
HIGH_HALF = LOW_HALF << 32
HALF = 32


class Vector(types.Type):
    """`lanes` unsigned integers of `bits` bits (1, 32 or 64) in registers of `isa`."""

    def __init__(self, lanes: int, bits: int, isa: str) -> None:
        self.lanes, self.bits, self.isa = lanes, bits, isa
        self.width = ISAS[isa].width  # lanes in a register
        super().__init__(f"Vector({lanes} x {bits} bits, {isa})")

    def of_bits(self, bits: int) -> "Vector":
        return Vector(self.lanes, bits, self.isa)

    @property
    def register(self) -> ir.VectorType:
        width = self.width // 2 if self.bits == i64.width else self.width
        return vector(ir.IntType(self.bits), width)

    @property
    def registers(self) -> int:
        return self.lanes // int(self.register.count)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A struct of registers."""

    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.LiteralStructType([kind.register] * kind.registers))


def unpack(builder: ir.IRBuilder, value: Any) -> list[Any]:
    """The registers of a vector."""
    return [builder.extract_value(value, i) for i in range(len(value.type.elements))]


def pack(builder: ir.IRBuilder, registers: list[Any]) -> Any:
    """Undo `unpack`."""
    value = ir.Constant(ir.LiteralStructType([r.type for r in registers]), ir.Undefined)
    for i, register in enumerate(registers):
        value = builder.insert_value(value, register, i)
    return value


def define(op: Callable[..., Any], instruction: Callable[..., Any], mask: bool = False) -> None:
    """Teach Numba ``op(a, b)`` of two vectors, or of a vector and an integer."""

    @type_callable(op)
    def typer(context: Any) -> Callable[..., Any]:
        def result(a: types.Type, b: types.Type) -> Vector | None:
            found = [kind for kind in (a, b) if isinstance(kind, Vector)]
            if not found or not all(isinstance(kind, Vector | types.Integer) for kind in (a, b)):
                return None
            return found[0].of_bits(1) if mask else found[0]

        return result

    def lower(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        like = next(kind for kind in signature.args if isinstance(kind, Vector))
        sides = []
        for value, kind in zip(arguments, signature.args, strict=True):
            if isinstance(kind, Vector):
                sides.append(unpack(builder, value))
            else:
                integer = context.cast(builder, value, kind, types.uint64)
                sides.append([splat(builder, integer, like.register)] * like.registers)
        return pack(builder, [instruction(builder, a, b) for a, b in zip(*sides, strict=True)])

    for left, right in ((Vector, Vector), (Vector, types.Integer), (types.Integer, Vector)):
        lower_builtin(op, left, right)(lower)


define(operator.add, ir.IRBuilder.add)
define(operator.sub, ir.IRBuilder.sub)
define(operator.mul, ir.IRBuilder.mul)
define(operator.and_, ir.IRBuilder.and_)
define(operator.or_, ir.IRBuilder.or_)
define(operator.lshift, ir.IRBuilder.shl)
define(operator.rshift, ir.IRBuilder.lshr)
define(operator.lt, lambda builder, a, b: builder.icmp_unsigned("<", a, b), mask=True)
define(operator.ge, lambda builder, a, b: builder.icmp_unsigned(">=", a, b), mask=True)


@intrinsic(prefer_literal=True)
def lane_numbers(typing_context, lanes, isa):
    """0, 1, 2, ... in `lanes` lanes."""
    if not isinstance(lanes, types.IntegerLiteral) or not isinstance(isa, types.StringLiteral):
        return None
    kind = Vector(lanes.literal_value, 32, isa.literal_value)

    def codegen(context, builder, signature, arguments):
        firsts = range(0, kind.lanes, kind.width)
        values = [list(range(first, first + kind.width)) for first in firsts]
        return pack(builder, [ir.Constant(kind.register, numbers) for numbers in values])

    return kind(lanes, isa), codegen


@intrinsic
def less(typing_context, a, b):
    """``a < b`` for lanes, and an integer, below 2^31.

    Not all instruction sets compare unsigned numbers by one instruction.
    """
    mask = a.of_bits(1)

    def codegen(context, builder, signature, arguments):
        limit = splat(builder, context.cast(builder, arguments[1], b, types.uint64), a.register)
        sides = unpack(builder, arguments[0])
        return pack(builder, [builder.icmp_signed("<", side, limit) for side in sides])

    return mask(a, b), codegen


@intrinsic
def where(typing_context, mask, yes, no):
    """`yes` in the lanes of the mask, `no` in the others."""

    def codegen(context, builder, signature, arguments):
        sides = [unpack(builder, argument) for argument in arguments]
        return pack(builder, [builder.select(*three) for three in zip(*sides, strict=True)])

    return yes(mask, yes, no), codegen


def even_and_odd(builder: ir.IRBuilder, registers: list[Any]) -> list[Any]:
    """Registers of 32-bit lanes as twice as many of 64-bit lanes."""
    halves = []
    for register in registers:
        pairs = builder.bitcast(register, vector(i64, register.type.count // 2))
        halves.append(builder.and_(pairs, constant(pairs.type, LOW_HALF)))
        halves.append(builder.lshr(pairs, constant(pairs.type, HALF)))
    return halves


def half_of(numbers: Vector, even: Callable[..., Any], odd: Callable[..., Any]) -> Any:
    """What an intrinsic of 64-bit lanes returns that keeps half of each.

    `even` and `odd` clear the other half, having brought the right one to the place that the
    lane has among its neighbours.
    """
    kind = numbers.of_bits(32)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        registers = unpack(builder, arguments[0])
        merged = []
        for a, b in zip(registers[::2], registers[1::2], strict=True):
            pairs = builder.or_(even(builder, a), odd(builder, b))
            merged.append(builder.bitcast(pairs, kind.register))
        return pack(builder, merged)

    return kind(numbers), codegen


@intrinsic
def low(typing_context, numbers):
    """Low 32 bits of 64-bit lanes."""
    return half_of(
        numbers,
        even=lambda builder, a: builder.and_(a, constant(a.type, LOW_HALF)),
        odd=lambda builder, b: builder.shl(b, constant(b.type, HALF)),
    )


@intrinsic
def high(typing_context, numbers):
    """High 32 bits of 64-bit lanes."""
    return half_of(
        numbers,
        even=lambda builder, a: builder.lshr(a, constant(a.type, HALF)),
        odd=lambda builder, b: builder.and_(b, constant(b.type, HIGH_HALF)),
    )


@intrinsic
def multiply(typing_context, a, b):
    """64-bit products of 32-bit lanes."""

    def codegen(context, builder, signature, arguments):
        sides = [even_and_odd(builder, unpack(builder, argument)) for argument in arguments]
        return pack(builder, [builder.mul(x, y) for x, y in zip(*sides, strict=True)])

    return a.of_bits(64)(a, b), codegen
