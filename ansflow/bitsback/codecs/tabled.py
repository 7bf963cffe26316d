"""Symbols under distributions that are given as rows of integer CDFs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.codecs.codec import ArrayCodec, Shape, as_shape, checked_precision
from ansflow.bitsback.codecs.families import fixed_logits, power_table
from ansflow.bitsback.codecs.inputs import spread
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions import cdf_rows as kernels
from ansflow.kernels.stack import tables
from ansflow.models.base import Model
from ansflow.models.checked import frequencies_of, row_index, support_of

__all__ = ["BetaBinomial", "Categorical", "Symbols", "Tabled"]

ONE_ROW = np.zeros(1, np.uint32)
ONE_ROW.setflags(write=False)


class Tabled(ArrayCodec):
    """Symbols under rows of a matrix of cumulative frequencies; a pop searches the row.

    Parameters
    ----------
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
        Each row ascends from 0 to ``2**precision``; not checked.
    index : ndarray of uint32, shape (symbols,) or (1,)
        Row of each symbol, or of all; not checked.
    precision : int
    shape : int, tuple of int or None
    low : int
        Value of the first symbol.
    """

    kernels: ClassVar[Any] = tables

    def __init__(
        self,
        cdf: npt.NDArray[np.uint32],
        index: npt.NDArray[np.uint32],
        precision: int,
        shape: Shape,
        low: int = 0,
    ) -> None:
        self.cdf = cdf
        self.index = index
        self.precision = precision
        super().__init__(shape, (index, cdf, np.uint64(precision)), low=low)

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        inside = np.minimum(symbols, self.cdf.shape[1] - 2).astype(np.int64)
        has_slots = self.cdf[self.index, inside] < self.cdf[self.index, inside + 1]
        possible: npt.NDArray[np.bool] = (symbols == inside.astype(np.uint64)) & has_slots
        return possible


class Symbols(Tabled):
    """Symbols under a model of `ansflow.models`, or any other `Model`.

    Parameters
    ----------
    model : Model
        With one distribution for all symbols, or with rows and an `index` (`Conditional`).
    shape : int or tuple of int, optional
        Shape of the arrays. By default that of the model's index if it has one, else one symbol
        a lane.

    Raises
    ------
    ModelError
        If the model is inconsistent or depends on previous symbols, as `Markov` does.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Stack, Symbols
    >>> from ansflow.models import Categorical, Conditional
    >>> stack = Stack(lanes=4)
    >>> Symbols(Categorical([3, 1])).push(stack, [0, 0, 1, 0])
    >>> coins = Conditional([[15, 1], [8, 8]], index=[[0, 1], [1, 1]])
    >>> Symbols(coins).push(stack, np.zeros((2, 2), int))
    >>> Symbols(coins).pop(stack)
    array([[0, 0],
           [0, 0]])
    """

    def __init__(self, model: Model, shape: Shape = None) -> None:
        known = frequencies_of(model)
        if known.contexts:
            raise ModelError("each symbol needs a distribution that is known beforehand")
        if known.conditional:
            rows_of = as_array(getattr(model, "index", ()), "the model's index")
            shape = rows_of.shape if shape is None else shape
        given = as_shape(shape)
        rows = None
        if known.conditional and given is not None:
            rows = row_index(model, known.freq.shape[0], given)
        low, _ = support_of(model, known.alphabet)
        self.model = model
        super().__init__(
            known.cdf,
            ONE_ROW if rows is None else rows,
            known.precision,
            given,
            low,
        )


class Categorical(Tabled):
    """A distribution for each symbol, by the logarithms of its probabilities.

    Parameters
    ----------
    logits : array_like, shape (..., alphabet)
        Natural logarithms of weights, as in `Bernoulli.from_logits`; any constant may be added.
        Weights below 2^-32 of the largest are taken for that, and the others' binary logarithms
        are rounded to multiples of 2^-12.
    precision : int
        2^precision slots, of which each symbol gets at least one.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Categorical, Stack
    >>> stack = Stack()
    >>> codec = Categorical(np.log([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]))
    >>> codec.push(stack, [0, 1])
    >>> round(stack.bits - 32, 2)  # -log2 of 0.5 * 0.125
    4.0
    """

    def __init__(self, logits: npt.ArrayLike, precision: int = 20) -> None:
        rows, shape = _rows(logits)
        precision, bits = _weight_bits(rows.shape[1], precision)
        weights = np.empty(rows.shape, np.uint32)
        kernels.softmax(power_table(), fixed_logits(rows), np.uint64(bits), weights)
        super().__init__(*_cumulated(weights, precision), shape)


class BetaBinomial(Tabled):
    """Counts of successes among n trials whose probability of success is beta distributed.

    Parameters
    ----------
    alpha, beta : array_like, any shape
        Positive; clipped to 2^-20 to 2^20.
    n : int
        Trials; symbols are 0 to n.
    precision : int

    Examples
    --------
    >>> from ansflow.bitsback import BetaBinomial, Stack
    >>> stack = Stack()
    >>> BetaBinomial([1.0, 1.0], [1.0, 1.0], n=255).push(stack, [0, 255])  # uniform
    >>> round(stack.bits - 32, 4)
    16.0
    """

    def __init__(
        self, alpha: npt.ArrayLike, beta: npt.ArrayLike, n: int, precision: int = 20
    ) -> None:
        a, b = spread(alpha=real_numbers(alpha, "alpha"), beta=real_numbers(beta, "beta"))
        if not (np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)).all():
            raise ModelError("alpha and beta must be positive and finite")
        n = integer(n, "n", 1, MAX_ALPHABET - 1, error=ModelError)
        precision, bits = _weight_bits(n + 1, precision)
        shape = a.shape
        a, b = (np.clip(x, SMALLEST, LARGEST).reshape(-1) for x in (a, b))
        weights = np.empty((a.size, n + 1), np.uint32)
        kernels.beta_binomial(a, b, np.uint64(bits), np.empty(n + 1), weights)
        super().__init__(*_cumulated(weights, precision), shape)


SMALLEST, LARGEST = 2.0**-20, 2.0**20


def _rows(values: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], tuple[int, ...]]:
    """A matrix of finite numbers, and the shape of what its rows are for."""
    array = real_numbers(values, "logits")
    if not array.shape[-1:] or not array.shape[-1] or not np.isfinite(array).all():
        raise ModelError("logits must be finite numbers, some for each symbol")
    return array.reshape(-1, array.shape[-1]), array.shape[:-1]


def _weight_bits(alphabet: int, precision: int) -> tuple[int, int]:
    """The precision, checked, and bits of the largest weight: the sum has no more than 32."""
    if not 2 <= alphabet <= MAX_ALPHABET:
        raise ModelError(f"alphabet of {alphabet} symbols, not 2 to {MAX_ALPHABET}")
    weight_bits = min(31, kernels.WEIGHT_SUM_BITS - (alphabet - 1).bit_length())
    return checked_precision(precision, alphabet), weight_bits


def _cumulated(
    weights: npt.NDArray[np.uint32], precision: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], int]:
    n, alphabet = weights.shape
    cdf = np.empty((n, alphabet + 1), np.uint32)
    kernels.cumulate(weights, np.uint64(precision), cdf)
    return cdf, np.arange(n, dtype=np.uint32), precision
