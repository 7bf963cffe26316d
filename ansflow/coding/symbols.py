"""An array of values to symbols numbered from zero, refusing what a model cannot code.

Kernels read and write where symbols point to. Another thread may change a caller's array at any
time, so it is copied before it is checked, unless the coder stays within its tables for any symbol.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import Coder
from ansflow.errors import ModelError

__all__ = ["holds", "no_probability", "to_symbols"]


def holds(dtype: np.dtype[Any], low: int, high: int) -> bool:
    """Whether all integers from `low` to `high` are values of the type."""
    if dtype.kind == "b":
        return low >= 0 and high <= 1
    info = np.iinfo(dtype)
    return int(info.min) <= low and high <= int(info.max)


def to_symbols(
    values: npt.NDArray[Any], support: tuple[int, int], coder: Coder, lanes: int
) -> npt.NDArray[Any]:
    """Values as a contiguous vector of symbols that the coder can code, numbered from the lowest.

    It is read-only, as the symbols of frames are: kernels are compiled once.

    Parameters
    ----------
    values : ndarray of int or bool
    support : (int, int)
        The lowest and the highest value of the model.
    coder : Coder
    lanes : int

    Raises
    ------
    ModelError
        If the model gives a value no probability; the message says which, and where.
    """
    dtype = coder.symbol_dtype
    if not values.size:
        return _read_only(np.empty(0, dtype))
    low, high = support
    covered = values.dtype == dtype and low == 0 and coder.alphabet == np.iinfo(dtype).max + 1
    if not covered and (int(values.min()) < low or int(values.max()) > high):
        first = int(np.argmax((values < low) | (values > high)))
        raise no_probability(values, first, f"; the support is {low} to {high}")
    flat = np.ascontiguousarray(values).reshape(-1)
    numbered = flat if low == 0 else flat.astype(np.int64) - low
    if coder.takes_any_symbol:
        symbols = _read_only(numbered.astype(dtype, copy=False))
    else:
        symbols = _read_only(np.array(numbered, dtype))
        if not covered and int(symbols.max()) >= coder.alphabet:
            raise ModelError("another thread changed the symbols while they were encoded")
    first = coder.first_impossible(symbols, lanes)
    if first < symbols.size:
        raise no_probability(values, first, coder.place(first))
    return symbols


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view


def no_probability(values: npt.NDArray[Any], first: int, detail: str) -> ModelError:
    """The error for the first of some values that the model cannot code."""
    position = tuple(int(i) for i in np.unravel_index(first, values.shape))
    where = position[0] if len(position) == 1 else position
    return ModelError(
        f"the model gives symbol {values.reshape(-1)[first]} at position {where} "
        f"no probability{detail}"
    )
