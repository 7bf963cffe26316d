"""Code lengths of a row of 64 symbols in eight classes, added up for all classes at once.

The lengths of a symbol are a vector of eight 16-bit integers, and a symbol takes one addition. LLVM
would rather gather lengths of several symbols, which takes three times as long, so the
instructions are written here. They are plain IR, for any machine.
"""

import functools
from typing import Any

from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from ansflow.kernels.coders.row_classes import ROW
from ansflow.kernels.vector.ir import constant, element_pointer, i16, i64, pointer_to, vector

__all__ = ["CLASSES", "add_lengths"]

CLASSES = 8

# Sums of every other symbol, so that additions seldom wait for each other.
CHAINS = 2
AT_ONCE = 16


def _add_lengths(symbols: Any, at: Any, lengths: Any, totals: Any) -> None:
    """Fill `totals` with the sums of ``lengths[symbol]`` over ``symbols[at : at + 64]``.

    Parameters
    ----------
    symbols : uint8[]
    at : uint64
    lengths : uint16[256, 8]
        Below 2^10.
    totals : uint16[8]
    """
    totals[:] = lengths[symbols[int(at) : int(at) + ROW]].sum(axis=0)


@intrinsic
def _add_lengths_compiled(typing_context, symbols, at, lengths, totals):
    """The same, as instructions."""

    def codegen(context, builder, signature, arguments):
        first, table, sums = (
            context.make_array(signature.args[place])(context, builder, arguments[place]).data
            for place in (0, 2, 3)
        )
        kind = vector(i16, CLASSES)
        first, table = (
            element_pointer(builder, first, arguments[1]),
            pointer_to(builder, table, kind),
        )
        chains = [cgutils.alloca_once_value(builder, constant(kind, 0)) for _ in range(CHAINS)]
        with cgutils.for_range(builder, i64(ROW // AT_ONCE)) as turn:
            part = element_pointer(builder, first, builder.mul(turn.index, i64(AT_ONCE)))
            for i in range(AT_ONCE):
                symbol = builder.zext(builder.load(element_pointer(builder, part, i)), i64)
                row = builder.load(element_pointer(builder, table, symbol), align=2)
                chain = chains[i % CHAINS]
                builder.store(builder.add(builder.load(chain), row), chain)
        total = functools.reduce(builder.add, map(builder.load, chains))
        builder.store(total, pointer_to(builder, sums, kind), align=2)
        return context.get_dummy_value()

    return types.void(symbols, types.uint64, lengths, totals), codegen


add_lengths = _add_lengths if getattr(config, "DISABLE_JIT", False) else _add_lengths_compiled
