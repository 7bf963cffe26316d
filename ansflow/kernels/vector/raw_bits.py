"""`ansflow.kernels.transforms.raw_bits.fetch_near` on vectors: eight words at once.

Eight words of raw bits have fewer than 64 bytes together. So one load gets all of them, and a byte
shuffle deals them out to the lanes: nothing is gathered.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.vector.ir import call, constant, i8, i32, i64, pointer_to, splat, vector
from ansflow.kernels.vector.memory import address_of

__all__ = ["ROW", "ROW_ISAS", "fetch_rows"]

# Those that shuffle 64 bytes.
ROW_ISAS = frozenset({"avx512"})

ROW = 8
U_ROW = np.uint64(ROW)
ROW_BYTES = 64
WORDS, BYTES = vector(i64, ROW), vector(i8, ROW_BYTES)


def moved(builder: ir.IRBuilder, words: Any, lanes: int) -> Any:
    """Words so many lanes further up, and zeros below."""
    order = [ROW - lanes + lane for lane in range(ROW)]
    return shuffle(builder, constant(WORDS, 0), words, order)


def shuffle(builder: ir.IRBuilder, first: Any, second: Any, order: list[int]) -> Any:
    """Elements of two vectors that follow each other."""
    return builder.shuffle_vector(first, second, ir.Constant(vector(i32, len(order)), order))


def repeated(values: range) -> ir.Constant:
    """The same eight bytes in each lane."""
    return ir.Constant(BYTES, [*values] * ROW)


@intrinsic
def fetch_row(typing_context, data, at, lengths, above, words, i):
    """Fill ``words[i : i + 8]`` as `fetch_near` does, and return the bit after them.

    Reads ``data[at // 8 : at // 8 + 64]``.
    """

    def codegen(context, builder, signature, arguments):
        def row(array, kind, index, elements):
            return pointer_to(builder, address_of(context, builder, kind, array, index), elements)

        data_, at_, lengths_, above_, words_, i_ = arguments
        length = builder.load(row(lengths_, lengths, i_, WORDS), align=8)
        length = builder.lshr(length, splat(builder, above_, WORDS))
        # The sum of all lengths up to each lane, from those of one, two and four.
        ends = length
        for lanes in (1, 2, 4):
            ends = builder.add(ends, moved(builder, ends, lanes))
        begins = builder.sub(ends, length)
        begins = builder.add(begins, splat(builder, builder.and_(at_, i64(7)), WORDS))
        # The number of the first byte of each word, in all bytes of the lane.
        byte = builder.bitcast(builder.lshr(begins, constant(WORDS, 3)), BYTES)
        byte = shuffle(builder, byte, byte, [place & ~7 for place in range(ROW_BYTES)])
        near = row(data_, data, builder.lshr(at_, i64(3)), BYTES)
        loaded = builder.load(near, align=1)
        # Eight bytes and eight more, from which the word is shifted down.
        low, high = (
            call(
                builder, "llvm.x86.avx512.permvar.qi.512", BYTES, loaded, builder.add(byte, places)
            )
            for places in (repeated(range(8)), repeated(range(8, 16)))
        )
        low, high = builder.bitcast(low, WORDS), builder.bitcast(high, WORDS)
        shift = builder.and_(begins, constant(WORDS, 7))
        word = call(builder, "llvm.fshr.v8i64", WORDS, high, low, shift)
        builder.store(word, row(words_, words, i_, WORDS), align=8)
        return builder.add(at_, builder.extract_element(ends, i32(ROW - 1)))

    return types.uint64(data, at, lengths, above, words, i), codegen


@inner
def fetch_rows(data, at, lengths, above, words):
    """`fetch_near`, for a multiple of eight words."""
    for i in range(ZERO, np.uint64(words.size), U_ROW):
        at = fetch_row(data, at, lengths, above, words, i)
