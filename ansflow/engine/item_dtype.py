"""What numbers items are taken for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.engine.content import check_dtype
from ansflow.extension_dtypes import STAND_INS, extension_name, stand_in

__all__ = ["item_dtype", "items_text"]


def item_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """A dtype that items may be taken for; bfloat16 and others are known by their names.

    Raises
    ------
    TypeError
        If it is not a dtype, contains Python objects, or has items without bytes.
    """
    if isinstance(dtype, str) and dtype in STAND_INS:
        return STAND_INS[dtype]
    found = stand_in(np.dtype(dtype))
    check_dtype(found)
    if not found.itemsize:
        raise TypeError(f"dtype must have items of at least one byte, unlike {found}")
    return found


def items_text(dtype: np.dtype[Any] | None) -> str:
    """What is to be known of a dtype for a recipe: dates are integers, and fields have no names.

    None stands for bytes that are no array.
    """
    if dtype is None:
        return "bytes"
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{shape}{items_text(base)}"
    if dtype.names is not None:
        fields = ", ".join(items_text(dtype[name]) for name in dtype.names)
        return f"[{fields}]"
    if dtype.kind in "mM":
        return f"{dtype.str[0]}i{dtype.itemsize}"
    return extension_name(dtype) or dtype.str
