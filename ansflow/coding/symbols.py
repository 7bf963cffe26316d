"""An array of values to symbols numbered from zero, refusing what the model cannot code."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import AnyTables, ContextTables
from ansflow.errors import ModelError
from ansflow.kernels import order1, support
from ansflow.models.base import Model

__all__ = ["check_support", "holds", "row_index", "support_of", "to_symbols"]


def row_index(
    model: Model, tables: AnyTables, shape: tuple[int, ...]
) -> npt.NDArray[np.uint32] | None:
    """The row of each symbol in coding order, or None for a single distribution."""
    if isinstance(tables, ContextTables) or not tables.conditional:
        return None
    index = np.asarray(getattr(model, "index", None))
    if index.dtype.kind not in "iu":
        raise ModelError("a model with rows of frequencies needs an integer array `index`")
    try:
        spread = np.broadcast_to(index, shape)
    except ValueError:
        raise ModelError(
            f"row index of shape {index.shape} doesn't fit symbols of shape {shape}"
        ) from None
    if index.size and (int(index.min()) < 0 or int(index.max()) >= tables.rows):
        raise ModelError(f"row index outside 0 to {tables.rows - 1}")
    return np.ascontiguousarray(spread, np.uint32).reshape(-1)


def support_of(model: Model, tables: AnyTables) -> tuple[int, int]:
    """Lowest and highest value of the model."""
    low = int(getattr(model, "low", 0))
    high = low + tables.alphabet - 1
    if not holds(np.dtype(np.int64), low, high):
        raise ModelError(f"the support {low} to {high} leaves the range of int64")
    return low, high


def holds(dtype: np.dtype[Any], low: int, high: int) -> bool:
    if dtype.kind == "b":
        return low >= 0 and high <= 1
    info = np.iinfo(dtype)
    return int(info.min) <= low and high <= int(info.max)


def to_symbols(values: npt.NDArray[Any], model: Model, tables: AnyTables) -> npt.NDArray[Any]:
    """Values as a contiguous vector of symbols, numbered from the model's lowest value."""
    dtype = tables.symbol_dtype
    if not values.size:
        return np.empty(0, dtype)
    if values.dtype.kind not in "iub":
        raise TypeError(f"symbols must be integers, not {values.dtype}")
    low, high = support_of(model, tables)
    covered = values.dtype == dtype and low == 0 and tables.alphabet == np.iinfo(dtype).max + 1
    if not covered and (int(values.min()) < low or int(values.max()) > high):
        first = int(np.argmax((values < low) | (values > high)))
        raise _no_probability(values, first, f"; the support is {low} to {high}")
    flat = np.ascontiguousarray(values).reshape(-1)
    if low == 0:
        return flat.astype(dtype, copy=False)
    return (flat.astype(np.int64) - low).astype(dtype)


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
