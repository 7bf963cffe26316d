"""`keep` and `spread` of `ansflow.kernels.transforms.mask` on vectors: items of 64 bytes at once.

An instruction moves the lanes of a vector whose bits are set to its beginning. Another one expands
consecutive items in memory to such lanes, and reads no more of them than there are bits.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.bits import WORD_BITS, ones
from ansflow.kernels.transforms.words import item_bits
from ansflow.kernels.vector.ir import call, constant, i64, pointer_to, splat, vector
from ansflow.kernels.vector.memory import address_of

__all__ = ["ROW_BYTES", "ROW_ISAS", "keep_rows", "spread_rows"]

# Those that move items of 8 and 16 bits, too.
ROW_ISAS = frozenset({"avx512"})

ROW_BYTES = 64
ROW_BITS = 8 * ROW_BYTES
U_ROW_BITS, WORD_SHIFT = np.uint64(ROW_BITS), np.uint64(6)


@intrinsic
def keep_row(typing_context, items, i, pattern, kept, at):
    """Set a bit for each item of a row of ``items[i:]`` that is the pattern, and return all bits.

    The other items are put to ``kept[at:]``, of which 64 bytes are overwritten.
    """
    bits = items.dtype.bitwidth
    row = vector(ir.IntType(bits), ROW_BITS // bits)

    def codegen(context, builder, signature, arguments):
        items_, i_, pattern_, kept_, at_ = arguments
        near = pointer_to(builder, address_of(context, builder, items, items_, i_), row)
        loaded = builder.load(near, align=bits // 8)
        strewn = builder.icmp_unsigned("==", loaded, splat(builder, pattern_, row))
        name = f"llvm.x86.avx512.mask.compress.v{row.count}i{bits}"
        packed = call(builder, name, row, loaded, constant(row, 0), builder.not_(strewn))
        there = pointer_to(builder, address_of(context, builder, kept, kept_, at_), row)
        builder.store(packed, there, align=bits // 8)
        found = builder.bitcast(strewn, ir.IntType(row.count))
        return found if row.count == i64.width else builder.zext(found, i64)

    return types.uint64(items, types.uint64, pattern, kept, types.uint64), codegen


@inner
def keep_rows(items, pattern, mask, kept, words):
    """`keep` of the items of so many words of the mask; returns how many are kept.

    `kept` has room for 64 bytes more.
    """
    row = U_ROW_BITS // item_bits(items)
    at = ZERO
    for k in range(words):
        begin, word = np.uint64(k) << WORD_SHIFT, ZERO
        for part in range(ZERO, WORD_BITS, row):
            strewn = keep_row(items, begin + part, pattern, kept, at)
            word |= strewn << part
            at += row - ones(strewn)
        mask[k] = word
    return at


@intrinsic
def spread_row(typing_context, kept, at, strewn, pattern, items, i):
    """Fill a row of ``items[i:]``: the pattern where bits are set, and elsewhere what is kept.

    That is ``kept[at:]``, of which as much is read as bits are not set.
    """
    bits = items.dtype.bitwidth
    row = vector(ir.IntType(bits), ROW_BITS // bits)

    def codegen(context, builder, signature, arguments):
        kept_, at_, strewn_, pattern_, items_, i_ = arguments
        begin = address_of(context, builder, kept, kept_, at_)
        left = builder.not_(strewn_)
        if row.count < i64.width:
            left = builder.trunc(left, ir.IntType(row.count))
        lanes = builder.bitcast(left, vector(ir.IntType(1), row.count))
        name = f"llvm.masked.expandload.v{row.count}i{bits}"
        filled = call(builder, name, row, begin, lanes, splat(builder, pattern_, row))
        there = pointer_to(builder, address_of(context, builder, items, items_, i_), row)
        builder.store(filled, there, align=bits // 8)
        return context.get_dummy_value()

    return types.void(kept, types.uint64, types.uint64, pattern, items, types.uint64), codegen


@inner
def spread_rows(mask, pattern, kept, items, words):
    """`spread` of the items of so many words of the mask, which leave no more than are kept.

    Returns how many of these were taken.
    """
    row = U_ROW_BITS // item_bits(items)
    at = ZERO
    for k in range(words):
        begin, word = np.uint64(k) << WORD_SHIFT, mask[k]
        for part in range(ZERO, WORD_BITS, row):
            strewn = word >> part
            spread_row(kept, at, strewn, pattern, items, begin + part)
            at += ones(~strewn & ((~ZERO) >> (WORD_BITS - row)))
    return at
