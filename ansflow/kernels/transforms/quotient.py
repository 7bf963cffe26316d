"""Quotients by a number that stays the same, as division rounds them, without dividing.

With r = 1 / c as binary64, q = d * r is d / c up to an error. What that leaves of d, d - q * c, is
a binary64 number, which a multiplication with an addition that rounds once gets exactly. Another
one adds r times that to q, and that is d / c, correctly rounded (Brisebarre, Muller and Raina,
2004). A processor does so with several numbers in the time that it takes to divide one.

Where a processor lacks this instruction, or numbers might become too large or too small on the
way, there is just a division.
"""

import functools
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ansflow.kernels.jit import inlined
from ansflow.kernels.vector.ir import call
from ansflow.kernels.vector.isa import available, compiled_features

__all__ = ["LEAST", "MOST", "goes_by_product", "quotient"]

# Divisors. What is divided are integers of up to 64 bits.
LEAST, MOST = 2.0**-256, 2.0**256

# Of x86 and of ARM.
FEATURES = frozenset({"fma", "fp-armv8"})

BINARY64 = ir.DoubleType()


def goes_by_product(*divisors: float) -> bool:
    """Whether there is a way around division here, by all of these divisors."""
    return _multiplies_and_adds() and min(divisors) >= LEAST and max(divisors) <= MOST


@functools.cache
def _multiplies_and_adds() -> bool:
    """Whether the processor does both at once."""
    return bool(available()) and not FEATURES.isdisjoint(compiled_features())


@intrinsic
def multiply_add(typing_context, a, b, c):
    """``a * b + c``, rounded once."""

    def codegen(context, builder, signature, arguments):
        return call(builder, "llvm.fma.f64", BINARY64, *arguments)

    return types.float64(types.float64, types.float64, types.float64), codegen


@functools.cache
def quotient(by_product: bool) -> Callable[..., Any]:
    """The function ``quotient(d, c, r)`` for integers d, as binary64: d / c; r is 1 / c."""

    @inlined
    def product(d, c, r):
        q = d * r
        return multiply_add(multiply_add(-q, c, d), r, q)

    @inlined
    def division(d, c, r):
        return d / c

    return product if by_product else division
