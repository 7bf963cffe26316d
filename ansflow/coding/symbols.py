"""An array of values to symbols numbered from zero, refusing what the model cannot code.

Kernels read and write where symbols and rows point to. Another thread may change a caller's arrays
at any time, so what is checked here are copies, unless nothing that an array may hold does harm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.coding.tables import AnyTables, ContextTables
from ansflow.errors import ModelError
from ansflow.kernels.coders import order1, uncodable as support
from ansflow.models.base import Model

__all__ = ["check_support", "holds", "row_index", "support_of", "to_symbols"]


def row_index(
    model: Model, tables: AnyTables, shape: tuple[int, ...]
) -> npt.NDArray[np.uint32] | None:
    """The row of each symbol in coding order, or None for a single distribution; a copy."""
    if isinstance(tables, ContextTables) or not tables.conditional:
        return None
    own = getattr(model, "index", None)
    index = np.asarray(own)
    if index.dtype.kind not in "iu" or isinstance(own, np.ma.MaskedArray):
        raise ModelError("a model with rows of frequencies needs an integer array `index`")
    try:
        rows = np.array(np.broadcast_to(index, shape), np.uint32, order="C").reshape(-1)
    except ValueError:
        raise ModelError(
            f"row index of shape {index.shape} doesn't fit symbols of shape {shape}"
        ) from None
    # The original for the values, which may have wrapped; the copy for what kernels rely on.
    for given in (index, rows):
        if given.size and (int(given.min()) < 0 or int(given.max()) >= tables.rows):
            raise ModelError(f"row index outside 0 to {tables.rows - 1}")
    return rows


def support_of(model: Model, tables: AnyTables) -> tuple[int, int]:
    """Lowest and highest value of the model."""
    low = integer(getattr(model, "low", 0), "a model's low", type_error=ModelError)
    high = low + tables.alphabet - 1
    if not holds(np.dtype(np.int64), low, high):
        raise ModelError(f"the support {low} to {high} leaves the range of int64")
    return low, high


def holds(dtype: np.dtype[Any], low: int, high: int) -> bool:
    if dtype.kind == "b":
        return low >= 0 and high <= 1
    info = np.iinfo(dtype)
    return int(info.min) <= low and high <= int(info.max)


def to_symbols(
    values: npt.NDArray[Any], model: Model, tables: AnyTables, *, any_byte: bool
) -> npt.NDArray[Any]:
    """Values as a contiguous vector of symbols, numbered from the model's lowest value.

    Parameters
    ----------
    values : ndarray of int or bool
    model : Model
    tables : Tables or ContextTables
    any_byte : bool
        Whether the kernel stays within its arrays for bytes of any value: they needn't be a copy.

    Raises
    ------
    ModelError
        If a value is outside the support.
    """
    dtype = tables.symbol_dtype
    if not values.size:
        return np.empty(0, dtype)
    low, high = support_of(model, tables)
    covered = values.dtype == dtype and low == 0 and tables.alphabet == np.iinfo(dtype).max + 1
    if not covered and (int(values.min()) < low or int(values.max()) > high):
        first = int(np.argmax((values < low) | (values > high)))
        raise _no_probability(values, first, f"; the support is {low} to {high}")
    flat = np.ascontiguousarray(values).reshape(-1)
    if any_byte and dtype == np.uint8:
        return _numbered(flat, low).astype(dtype, copy=False)
    symbols = np.array(_numbered(flat, low), dtype)
    if not covered and int(symbols.max()) >= tables.alphabet:
        raise ModelError("the symbols were changed while they were encoded")
    return symbols


def _numbered(values: npt.NDArray[Any], low: int) -> npt.NDArray[Any]:
    return values if low == 0 else values.astype(np.int64) - low


def check_support(
    symbols: npt.NDArray[Any],
    index: npt.NDArray[np.uint32] | None,
    values: npt.NDArray[Any],
    tables: AnyTables,
    lanes: int,
) -> None:
    if isinstance(tables, ContextTables):
        first = int(order1.first_without_record(symbols, np.uint64(lanes), tables.records))
        where = " in its context"
    elif index is not None:
        first = int(support.first_impossible(symbols, index, tables.cdf))
        where = "" if first == symbols.size else f" in row {index[first]}"
    elif tables.has_holes:
        first = int(support.first_flagged(symbols, tables.flags))
        where = ""
    else:
        return
    if first < symbols.size:
        raise _no_probability(values, first, where)


def _no_probability(values: npt.NDArray[Any], first: int, detail: str) -> ModelError:
    position = tuple(int(i) for i in np.unravel_index(first, values.shape))
    where = position[0] if len(position) == 1 else position
    return ModelError(
        f"the model gives symbol {values.reshape(-1)[first]} at position {where} "
        f"no probability{detail}"
    )
