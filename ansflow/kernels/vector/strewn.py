"""Loops of `ansflow.kernels.transforms.mask` on vectors: a row of items at once.

To put a pattern where bits are set is plain IR, for any machine. For `keep` and `spread`, items
have to change their places.

With AVX-512, a row is 64 bytes. An instruction moves the lanes of a vector whose bits are set to
its beginning. Another one expands consecutive items in memory to such lanes, and reads no more of
them than there are bits.

With AVX2, a row is as many items as there are in a register, and at most eight. They are moved by a
shuffle of bytes, or of 32 bits, that is looked up by the bits.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import config
from numba.extending import intrinsic

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.bits import WORD_BITS, ones
from ansflow.kernels.transforms.words import item_bits
from ansflow.kernels.vector.ir import (
    byte_table,
    call,
    constant,
    i1,
    i8,
    i32,
    i64,
    pointer_to,
    splat,
    vector,
)
from ansflow.kernels.vector.memory import address_of

__all__ = ["MORE_KEPT", "ROW_ISAS", "keeper", "put_where", "spreader"]

WORD_SHIFT = np.uint64(6)

# Bytes of a row, of which perhaps none is kept.
MORE_KEPT = 64

# A register of AVX2; others are larger or smaller.
PUT_BITS = 256

# As an index, it stands for no lane.
NO_LANE = 0x80


class Avx512:
    """Masks are registers, and instructions know what to do with them."""

    ROW_BITS, MOST_LANES = 512, 64
    READ_AHEAD = 0  # items, whether they are needed or not

    @staticmethod
    def compress(builder: ir.IRBuilder, items: Any, strewn: Any) -> Any:
        """The lanes whose bits are not set, moved together."""
        row = items.type
        name = f"llvm.x86.avx512.mask.compress.v{row.count}i{row.element.width}"
        left = builder.bitcast(builder.not_(strewn), vector(i1, row.count))
        return call(builder, name, row, items, constant(row, 0), left)

    @staticmethod
    def expand(builder: ir.IRBuilder, begin: Any, strewn: Any, pattern: Any) -> Any:
        """The pattern in the lanes whose bits are set, and items from an address in the others."""
        row = pattern.type
        name = f"llvm.masked.expandload.v{row.count}i{row.element.width}"
        left = builder.bitcast(builder.not_(strewn), vector(i1, row.count))
        return call(builder, name, row, begin, left, pattern)


class Avx2:
    """Items are shuffled by bytes if they have 8 or 16 bits, and otherwise by 32 bits."""

    ROW_BITS, MOST_LANES = 256, 8
    READ_AHEAD = 64

    @classmethod
    def compress(cls, builder: ir.IRBuilder, items: Any, strewn: Any) -> Any:
        index = looked_up(builder, "keep", places_kept, items.type, strewn)
        return builder.bitcast(cls.shuffled(builder, items, index)[0], items.type)

    @classmethod
    def expand(cls, builder: ir.IRBuilder, begin: Any, strewn: Any, pattern: Any) -> Any:
        index = looked_up(builder, "spread", places_spread, pattern.type, strewn)
        items = builder.load(begin, align=pattern.type.element.width // 8)
        moved, index = cls.shuffled(builder, items, index)
        # An instruction for that looks at the highest bits alone.
        empty = builder.icmp_signed("<", index, constant(index.type, 0))
        filled = builder.select(empty, builder.bitcast(pattern, index.type), moved)
        return builder.bitcast(filled, pattern.type)

    @staticmethod
    def shuffled(builder: ir.IRBuilder, items: Any, index: Any) -> tuple[Any, Any]:
        """What is at the indices, which are bytes; and these, of the size of what is shuffled."""
        if items.type.element.width >= i32.width:
            words = vector(i32, index.type.count)
            index, items = builder.sext(index, words), builder.bitcast(items, words)
            return call(builder, "llvm.x86.avx2.permd", words, items, index), index
        register, size = ir.IntType(128), ir.IntType(8 * index.type.count)
        data, order = (
            builder.bitcast(builder.zext(builder.bitcast(each, size), register), vector(i8, 16))
            for each in (items, index)
        )
        moved = call(builder, "llvm.x86.ssse3.pshuf.b.128", data.type, data, order)
        moved = builder.trunc(builder.bitcast(moved, register), size)
        return builder.bitcast(moved, index.type), index


TARGETS: dict[str, Any] = {"avx512": Avx512, "avx2": Avx2, "avx2-loads": Avx2}

ROW_ISAS = frozenset(TARGETS)


def row_of(items: Any, isa: str) -> ir.VectorType:
    """A register of items."""
    target, bits = TARGETS[isa], items.dtype.bitwidth
    return vector(ir.IntType(bits), min(target.ROW_BITS // bits, target.MOST_LANES))


def places_kept(lanes: int, parts: int) -> Iterator[list[int]]:
    """By mask: the parts of all lanes without a bit, in order."""
    for mask in range(1 << lanes):
        left = (lane for lane in range(lanes) if not mask >> lane & 1)
        row = [parts * lane + part for lane in left for part in range(parts)]
        yield row + [NO_LANE] * (lanes * parts - len(row))


def places_spread(lanes: int, parts: int) -> Iterator[list[int]]:
    """By mask: the first parts for the first lane without a bit, and so on."""
    for mask in range(1 << lanes):
        row: list[int] = []
        place = 0
        for lane in range(lanes):
            left = not mask >> lane & 1
            row += range(place, place + parts) if left else [NO_LANE] * parts
            place += parts * left
        yield row


def looked_up(builder: ir.IRBuilder, name: str, places: Any, row: Any, mask: Any) -> Any:
    """Places by mask, each a byte: those of bytes for small items, and otherwise of 32 bits."""
    bits = row.element.width
    lanes, parts = row.count, bits // (8 if bits < i32.width else i32.width)
    table = byte_table(builder, f"ansflow.{name}.{lanes}.{parts}", places(lanes, parts))
    number = builder.zext(mask, i64)
    return builder.load(builder.gep(table, [i64(0), number], inbounds=True), align=8)


def _put_where(word: Any, pattern: Any, items: Any, i: Any) -> None:
    """Put the pattern to those of ``items[i : i + 64]`` whose bits are set.

    LLVM makes vectors of a loop over items of 32 and 64 bits, but not of smaller ones.
    """
    for j in range(64):
        if int(word) >> j & 1:
            items[int(i) + j] = pattern


@intrinsic
def _put_where_compiled(typing_context, word, pattern, items, i):
    """The same, as instructions."""
    bits = items.dtype.bitwidth
    row = vector(ir.IntType(bits), PUT_BITS // bits)

    def codegen(context, builder, signature, arguments):
        word_, pattern_, items_, i_ = arguments
        filled = splat(builder, pattern_, row)
        for first in range(0, i64.width, row.count):
            part = builder.trunc(builder.lshr(word_, i64(first)), ir.IntType(row.count))
            place = builder.add(i_, i64(first))
            near = pointer_to(builder, address_of(context, builder, items, items_, place), row)
            loaded = builder.load(near, align=bits // 8)
            is_set = builder.bitcast(part, vector(i1, row.count))
            put = builder.select(is_set, filled, loaded)
            builder.store(put, near, align=bits // 8)
        return context.get_dummy_value()

    return types.void(types.uint64, pattern, items, types.uint64), codegen


put_where = _put_where if getattr(config, "DISABLE_JIT", False) else _put_where_compiled


@intrinsic(prefer_literal=True)
def keep_row(typing_context, items, i, pattern, kept, at, isa):
    """Set a bit for each item of a row of ``items[i:]`` that is the pattern, and return all bits.

    The other items are put to ``kept[at:]``, of which a row is overwritten.
    """
    if not isinstance(isa, types.StringLiteral):
        return None
    row, target = row_of(items, isa.literal_value), TARGETS[isa.literal_value]

    def codegen(context, builder, signature, arguments):
        items_, i_, pattern_, kept_, at_, _ = arguments
        near = pointer_to(builder, address_of(context, builder, items, items_, i_), row)
        loaded = builder.load(near, align=row.element.width // 8)
        same = builder.icmp_unsigned("==", loaded, splat(builder, pattern_, row))
        found = builder.bitcast(same, ir.IntType(row.count))
        packed = target.compress(builder, loaded, found)
        there = pointer_to(builder, address_of(context, builder, kept, kept_, at_), row)
        builder.store(packed, there, align=row.element.width // 8)
        return found if row.count == i64.width else builder.zext(found, i64)

    return types.uint64(items, types.uint64, pattern, kept, types.uint64, isa), codegen


@functools.cache
def keeper(isa: str) -> Callable[..., Any]:
    """Make ``keep_rows(items, pattern, mask, kept, words)``.

    It is `keep` of the items of so many words of the mask, and returns how many are kept. `kept`
    has room for `MORE_KEPT` bytes more.
    """
    bits, most = np.uint64(TARGETS[isa].ROW_BITS), np.uint64(TARGETS[isa].MOST_LANES)

    @inner
    def keep_rows(items, pattern, mask, kept, words):
        row = min(bits // item_bits(items), most)
        at = ZERO
        for k in range(words):
            begin, word = np.uint64(k) << WORD_SHIFT, ZERO
            for part in range(ZERO, WORD_BITS, row):
                strewn = keep_row(items, begin + part, pattern, kept, at, isa)
                word |= strewn << part
                at += row - ones(strewn)
            mask[k] = word
        return at

    return keep_rows


@intrinsic(prefer_literal=True)
def spread_row(typing_context, kept, at, strewn, pattern, items, i, isa):
    """Fill a row of ``items[i:]``: the pattern where bits are set, and elsewhere what is kept.

    That is ``kept[at:]``, of which a row may be read.
    """
    if not isinstance(isa, types.StringLiteral):
        return None
    row, target = row_of(items, isa.literal_value), TARGETS[isa.literal_value]

    def codegen(context, builder, signature, arguments):
        kept_, at_, strewn_, pattern_, items_, i_, _ = arguments
        begin = pointer_to(builder, address_of(context, builder, kept, kept_, at_), row)
        if row.count < i64.width:
            strewn_ = builder.trunc(strewn_, ir.IntType(row.count))
        filled = target.expand(builder, begin, strewn_, splat(builder, pattern_, row))
        there = pointer_to(builder, address_of(context, builder, items, items_, i_), row)
        builder.store(filled, there, align=row.element.width // 8)
        return context.get_dummy_value()

    return types.void(kept, types.uint64, types.uint64, pattern, items, types.uint64, isa), codegen


@functools.cache
def spreader(isa: str) -> Callable[..., Any]:
    """Make ``spread_rows(mask, pattern, kept, items, words)``.

    It is `spread` of the items of so many words of the mask, which leave no more than are kept, and
    returns how many of these were taken.
    """
    bits, most = np.uint64(TARGETS[isa].ROW_BITS), np.uint64(TARGETS[isa].MOST_LANES)
    more = np.uint64(TARGETS[isa].READ_AHEAD)

    @inner
    def spread_words(mask, pattern, kept, at, items, k, words):
        """Go on with word `k` for as long as enough is kept from `at` on; return both."""
        row = min(bits // item_bits(items), most)
        while k < words and at + more <= np.uint64(kept.size):
            begin, word = k << WORD_SHIFT, mask[k]
            for part in range(ZERO, WORD_BITS, row):
                strewn = word >> part
                spread_row(kept, at, strewn, pattern, items, begin + part, isa)
                at += ones(~strewn & ((~ZERO) >> (WORD_BITS - row)))
            k += ONE
        return at, k

    @inner
    def spread_rows(mask, pattern, kept, items, words):
        # Its end may be that of all memory: the last items are read from a copy, with more behind.
        size = np.uint64(kept.size)
        last = min(size, more)
        end = np.zeros(more + more, items.dtype)
        for i in range(last):
            end[i] = kept[size - last + i]
        at, k = spread_words(mask, pattern, kept, ZERO, items, ZERO, words)
        before = size - last
        if k < words:
            at, _ = spread_words(mask, pattern, end, at - before, items, k, words)
            at += before
        return at

    return spread_rows
