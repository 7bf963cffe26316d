"""The bytes of a number in reverse, which Numba lacks and processors have.

Uncompiled, the function does the same in plain Python.
"""

from numba import types
from numba.extending import intrinsic, overload

__all__ = ["swap_bytes"]


def swap_bytes(number):
    """An unsigned number of two, four or eight bytes with its bytes in reverse."""
    return number.byteswap()


@intrinsic
def _swap(typing_context, number):
    if not isinstance(number, types.Integer) or number.bitwidth == 8:
        return None

    def codegen(context, builder, signature, arguments):
        return builder.bswap(arguments[0])

    return number(number), codegen


@overload(swap_bytes)
def _swap_bytes(number):
    return lambda number: _swap(number)
