"""`encode` and `decode`: symbols and a model to words, and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, as_array, shape_of, symbol_array
from ansflow.coding.choice import Method, coder_of
from ansflow.coding.coders.coder import Words
from ansflow.coding.symbols import holds, to_symbols
from ansflow.kernels.constants import checked_lanes
from ansflow.models.base import Model
from ansflow.models.checked import support_of
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
        Any object with `precision` and `freq`; see `ansflow.models.Model`.
    lanes : int, optional
        Number of interleaved states, a power of two from 1 to 64. More lanes decode faster, but
        each adds its final state of 32 bits (64 above 16 bits of precision) to the result. By
        default there is about one lane for each 1024 symbols, at most 64.
    method : {"cdf", "alias"}
        How slots are assigned to symbols; decoding takes the same. "alias" decodes from tables as
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
        If the symbols are not integers.
    ValueError
        If `lanes` or `method` has another value.

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
    values = symbol_array(symbols)
    lanes = checked_lanes(lanes, values.size)
    coder = coder_of(model, method, values.shape)
    flat = to_symbols(values, support_of(model, coder.alphabet), coder, lanes)
    return coder.encode(flat, lanes).copy()  # the buffer behind the words is as long as the symbols


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
        Number of symbols, or shape of the result.
    lanes : int, optional
    method : {"cdf", "alias"}
        As when encoding.
    dtype : integer dtype, optional
        Type of the result. By default the smallest that holds the model's support, unsigned if
        possible.

    Returns
    -------
    ndarray, shape `size_or_shape`

    Raises
    ------
    TruncatedError
        If the words end too early.
    CorruptDataError
        If `encode` cannot have made them with this model, shape and number of lanes. Damage is
        noticed only if the stream does not end as it should; `ansflow.compress` adds checksums.
    TypeError, ValueError
        If an argument is of the wrong type, or out of range; also if `dtype` does not hold all
        symbols of the model.
    ModelError
        If the model is invalid, or its rows do not fit the shape.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> model = ansflow.models.Categorical([6, 3, 7])
    >>> words = ansflow.encode(np.array([2, 0, 2, 1]), model)
    >>> ansflow.decode(words, model, 4)
    array([2, 0, 2, 1], dtype=uint8)
    """
    shape = shape_of(size_or_shape)
    lanes = checked_lanes(lanes, math.prod(shape))
    coder = coder_of(model, method, shape)
    low, high = support_of(model, coder.alphabet)
    wanted = smallest_dtype(low, high) if dtype is None else np.dtype(dtype)
    if wanted.kind not in "iub" or not holds(wanted, low, high):
        raise ValueError(f"dtype {wanted} does not hold the support {low} to {high}")
    # Not a copy: kernels read each word once, and any value is safe.
    stream = as_array(words, "words")
    if stream.ndim != 1 or stream.dtype != np.uint16:
        raise TypeError(f"words must be a vector of uint16, not {stream.dtype} {stream.shape}")
    out = np.empty(shape, coder.symbol_dtype)
    coder.decode(np.ascontiguousarray(stream), out.reshape(-1), lanes)
    if low == 0:
        return out.astype(wanted, copy=False)
    return (out.astype(np.int64) + low).astype(wanted)
