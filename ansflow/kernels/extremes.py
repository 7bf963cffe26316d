"""``min`` and ``max`` of two numbers, which become parts of kernels.

Numba compiles functions of their own for them, for all types.
"""

import operator
from typing import Any

from numba.core import types
from numba.core.errors import TypingError
from numba.cpython.builtins import do_minmax
from numba.extending import intrinsic

__all__ = ["EXTREMES"]


def _of_two(goes_before: Any) -> Any:
    """What chooses the second of two numbers if that goes before the first."""

    @intrinsic
    def extreme(typing_context: Any, one: Any, other: Any) -> Any:
        kinds = types.unliteral(one), types.unliteral(other)
        if not all(isinstance(kind, (types.Number, types.Boolean)) for kind in kinds):
            raise TypingError("min and max are for two numbers")

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return do_minmax(context, builder, signature.args, arguments, goes_before)

        return typing_context.unify_types(*kinds)(*kinds), codegen

    return extreme


# By what is called so in Python.
EXTREMES = {min: _of_two(operator.lt), max: _of_two(operator.gt)}
