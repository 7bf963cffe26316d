"""What numbers items are taken for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.engine.content import check_dtype

__all__ = ["item_dtype"]

# Floats that NumPy lacks, and a type of as many bits whose numbers are in the same order.
OTHER_FLOATS = {"bfloat16": np.dtype("f2")}


def item_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """A dtype that items may be taken for; bfloat16 is known by its name.

    Raises
    ------
    TypeError
        If it is not a dtype, contains Python objects, or has items without bytes.
    """
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    if name in OTHER_FLOATS:
        return OTHER_FLOATS[name]
    found = np.dtype(dtype)
    check_dtype(found)
    if not found.itemsize:
        raise TypeError(f"dtype must have items of at least one byte, unlike {found}")
    return found
