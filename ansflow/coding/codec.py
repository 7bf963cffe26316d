"""`encode` and `decode`: symbols and a model to words, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, as_array, shape_of, symbol_array
from ansflow.coding.streams import (
    Method,
    Words,
    decode_symbols,
    encode_symbols,
    takes_any_byte,
)
from ansflow.coding.symbols import check_support, holds, row_index, support_of, to_symbols
from ansflow.coding.tables import tables_of
from ansflow.kernels.constants import checked_lanes
from ansflow.models.base import Model
from ansflow.models.frequencies import smallest_dtype

__all__ = ["decode", "encode"]


def encode(
    symbols: npt.ArrayLike, model: Model, *, lanes: int | None = None, method: Method = "cdf"
) -> Words:
    """Code an array of symbols under a model.

    Parameters
    ----------
    symbols : array_like of int or bool, any shape
        Coded in C order.
    model : Model
        Anything with `precision`, `freq` and `cdf`; see `ansflow.models`.
    lanes : int, optional
        Interleaved states, a power of two from 1 to 64. More lanes decode faster and cost
        more: each ends as 32 bits (64 above 16 bits of precision) of the result. By default
        one for each 1024 symbols, as far as that goes.
    method : {"cdf", "alias"}
        How slots belong to symbols; part of the stream. "alias" decodes from tables as
        long as the alphabet instead of ``2**precision``; it takes a single distribution
        of at most 16 bits of precision.

    Returns
    -------
    ndarray of uint16, shape (words,)
        The lanes' states and the word stream.

    Raises
    ------
    ModelError
        If the model is inconsistent, or gives a symbol no probability: the message names
        the symbol and its position.
    TypeError
        If the symbols aren't integers.
    ValueError
        If `lanes` or `method` isn't one of those above.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> data = np.array([[1, 0, 2, 0], [0, 0, 1, 0]])
    >>> model = ansflow.models.Categorical.fit(data)
    >>> words = ansflow.encode(data, model, lanes=1)
    >>> words.size
    2
    >>> ansflow.decode(words, model, (2, 4), lanes=1)
    array([[1, 0, 2, 0],
           [0, 0, 1, 0]], dtype=uint8)

    References
    ----------
    Duda 2013, arXiv:1311.2540; Giesen 2014, arXiv:1402.3392.
    """
    tables = tables_of(model)
    values = symbol_array(symbols)
    lanes = checked_lanes(lanes, values.size)
    index = row_index(model, tables, values.shape)
    flat = to_symbols(values, model, tables, any_byte=takes_any_byte(tables, method))
    check_support(flat, index, values, tables, lanes)
    words = encode_symbols(flat, tables, index=index, lanes=lanes, method=method)
    return words.copy()  # the buffer behind them is as long as the symbols


def decode(
    words: Words,
    model: Model,
    size_or_shape: Axes,
    *,
    lanes: int | None = None,
    method: Method = "cdf",
    dtype: npt.DTypeLike | None = None,
) -> npt.NDArray[Any]:
    """Undo `encode`.

    Parameters
    ----------
    words : ndarray of uint16, shape (words,)
    model : Model
        With the same frequencies, support and rows as when encoding.
    size_or_shape : int or sequence of int
        How many symbols, and in what shape.
    lanes : int, optional
    method : {"cdf", "alias"}
        As when encoding.
    dtype : integer dtype, optional
        Of the result; by default the smallest that holds the model's support, unsigned
        if it can be.

    Returns
    -------
    ndarray, shape `size_or_shape`

    Raises
    ------
    TruncatedError
        If the words end too early.
    CorruptDataError
        If they cannot have been made by `encode` with this model, shape and lanes. A stream
        has hardly any redundancy: that some words decode doesn't prove them right, which is
        what the checksums of `ansflow.compress` are for.
    """
    tables = tables_of(model)
    shape = shape_of(size_or_shape)
    lanes = checked_lanes(lanes, math.prod(shape))
    low, high = support_of(model, tables)
    wanted = smallest_dtype(low, high) if dtype is None else np.dtype(dtype)
    if wanted.kind not in "iub" or not holds(wanted, low, high):
        raise ValueError(f"dtype {wanted} doesn't hold the support {low} to {high}")
    # Not a copy: kernels look at each word once, and may meet any.
    stream = as_array(words, "words")
    if stream.ndim != 1 or stream.dtype != np.uint16:
        raise TypeError(f"words must be a vector of uint16, not {stream.dtype} {stream.shape}")
    out = np.empty(shape, tables.symbol_dtype)
    decode_symbols(
        np.ascontiguousarray(stream),
        tables,
        out.reshape(-1),
        index=row_index(model, tables, shape),
        lanes=lanes,
        method=method,
    )
    if low == 0:
        return out.astype(wanted, copy=False)
    return (out.astype(np.int64) + low).astype(wanted)
