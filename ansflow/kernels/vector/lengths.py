"""Code lengths of a row of 64 symbols in eight classes, added up for all classes at once.

The lengths of a symbol are a vector of eight 16-bit integers, and a symbol takes one addition. LLVM
would rather gather lengths of several symbols, which takes three times as long, so the
instructions are written here. They are plain IR, for any machine.
"""

from typing import Any

from numba import types
from numba.core import config
from numba.extending import intrinsic

from ansflow.kernels.coders.row_classes import ROW
from ansflow.kernels.vector.ir import constant, element_pointer, i16, i64, pointer_to, vector

__all__ = ["CLASSES", "add_lengths"]

CLASSES = 8

# More than one sum, so that additions seldom wait for each other.
SUMS = 2


def add_lengths(symbols: Any, at: Any, lengths: Any, totals: Any) -> None:
    """Fill `totals` with the sums of ``lengths[symbol]`` over ``symbols[at : at + 64]``, modulo 2^16.

    Parameters
    ----------
    symbols : uint8[]
    at : uint64
    lengths : uint16[256, 8]
    totals : uint16[8]
    """
    totals[:] = lengths[symbols[int(at) : int(at) + ROW]].sum(axis=0)


if not config.DISABLE_JIT:

    @intrinsic
    def add_lengths(typing_context, symbols, at, lengths, totals):
        """The same, compiled."""

        def codegen(context, builder, signature, arguments):
            def data(place):
                array = context.make_array(signature.args[place])
                return array(context, builder, arguments[place]).data

            kind = vector(i16, CLASSES)
            table, first = (
                pointer_to(builder, data(2), kind),
                element_pointer(builder, data(0), arguments[1]),
            )
            sums = [constant(kind, 0)] * SUMS
            for i in range(ROW):
                symbol = builder.zext(builder.load(element_pointer(builder, first, i)), i64)
                row = builder.load(element_pointer(builder, table, symbol), align=2)
                sums[i % SUMS] = builder.add(sums[i % SUMS], row)
            total = sums[0]
            for more in sums[1:]:
                total = builder.add(total, more)
            builder.store(total, pointer_to(builder, data(3), kind), align=2)
            return context.get_dummy_value()

        return types.void(symbols, types.uint64, lengths, totals), codegen
