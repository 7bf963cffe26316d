"""A few helpers that write LLVM IR: what every vector instruction here is made of."""

from collections.abc import Iterable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

__all__ = [
    "byte_table",
    "call",
    "constant",
    "element_pointer",
    "i1",
    "i8",
    "i16",
    "i32",
    "i64",
    "join",
    "pointer_to",
    "popcount",
    "splat",
    "split",
    "vector",
]

i1, i8, i16, i32, i64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))


def vector(element: ir.Type, count: int) -> ir.VectorType:
    return ir.VectorType(element, count)


def constant(kind: ir.VectorType, value: int) -> ir.Constant:
    """`value` in every element."""
    return ir.Constant(kind, [value] * kind.count)


def call(builder: ir.IRBuilder, name: str, result: ir.Type, *arguments: Any) -> Any:
    """Call an LLVM intrinsic."""
    signature = ir.FunctionType(result, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, signature, name)
    return builder.call(function, arguments)


def splat(builder: ir.IRBuilder, value: Any, kind: ir.VectorType) -> Any:
    """An integer, cut or extended to the element's width, in every element."""
    if value.type.width > kind.element.width:
        value = builder.trunc(value, kind.element)
    elif value.type.width < kind.element.width:
        value = builder.zext(value, kind.element)
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, value, i32(0))
    return builder.shuffle_vector(first, undefined, constant(vector(i32, kind.count), 0))


def join(builder: ir.IRBuilder, parts: Sequence[Any]) -> Any:
    """A power of two of equal vectors, one after the other, as one vector."""
    while len(parts) > 1:
        count = 2 * parts[0].type.count
        order = ir.Constant(vector(i32, count), list(range(count)))
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [builder.shuffle_vector(a, b, order) for a, b in pairs]
    return parts[0]


def split(builder: ir.IRBuilder, value: Any, count: int) -> list[Any]:
    """Undo `join` of vectors of so many elements."""
    firsts = range(0, value.type.count, count)
    orders = (ir.Constant(vector(i32, count), list(range(k, k + count))) for k in firsts)
    return [builder.shuffle_vector(value, value, order) for order in orders]


def popcount(builder: ir.IRBuilder, mask: Any) -> Any:
    """Set elements of a vector of i1, as an i64."""
    bits = builder.bitcast(mask, ir.IntType(mask.type.count))
    if bits.type.width < 32:
        bits = builder.zext(bits, i32)
    ones = call(builder, f"llvm.ctpop.i{bits.type.width}", bits.type, bits)
    return builder.zext(ones, i64)


def pointer_to(builder: ir.IRBuilder, address: Any, kind: ir.Type) -> Any:
    return builder.bitcast(address, kind.as_pointer())


def element_pointer(builder: ir.IRBuilder, address: Any, index: Any) -> Any:
    """Address of the element `index` places after `address`."""
    return builder.gep(address, [index if isinstance(index, ir.Value) else i64(index)])


def byte_table(builder: ir.IRBuilder, name: str, rows: Iterable[Sequence[int]]) -> Any:
    """A constant table of rows of as many bytes each, written into the module once."""
    if name not in builder.module.globals:
        values = [ir.Constant(vector(i8, len(row)), list(row)) for row in rows]
        table = ir.GlobalVariable(builder.module, ir.ArrayType(values[0].type, len(values)), name)
        table.initializer = ir.Constant(table.value_type, values)
        table.global_constant = True
        table.linkage = "internal"
        table.align = 64
    return builder.module.globals[name]
