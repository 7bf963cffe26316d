"""A matrix of distributions, with the row of each symbol given by an index array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, shape_of, symbol_array
from ansflow.errors import ModelError
from ansflow.kernels.coders.rows import find_symbols
from ansflow.models.base import FrequencyModel
from ansflow.models.frequencies import (
    DEFAULT_PRECISION,
    check_frequencies,
    checked_low,
    cumulative,
    quantize,
    smallest_dtype,
)
from ansflow.models.quantized import Distribution, bin_probabilities
from ansflow.models.rows import IndexedRows

__all__ = ["Conditional"]


class Conditional(IndexedRows):
    """Symbol i is distributed by row ``index[i]`` of a matrix.

    Per-pixel distributions, classes, contexts that the decoder knows beforehand.

    Parameters
    ----------
    freq : array_like of int, shape (rows, alphabet)
        Frequencies; each row sums to ``2**precision``.
    index : array_like of int, optional
        Row of each symbol, of the symbols' shape or one that broadcasts to it. By default
        symbol i has row i.
    low : int
        Value of the first column.

    Attributes
    ----------
    precision : int
    freq : ndarray of uint32, shape (rows, alphabet)
        Read-only.
    cdf : ndarray of uint32, shape (rows, alphabet + 1)
        Read-only.
    index : ndarray of int
        Read-only.
    low : int

    Raises
    ------
    ModelError
        If the rows do not sum to the same power of two, or the index names a row that does not
        exist.
    TypeError
        If `low` is not an integer, or an array is masked.

    Examples
    --------
    >>> coins = Conditional([[15, 1], [8, 8]])
    >>> coins.at([0, 0, 1, 0]).code_length([0, 0, 1, 0]).__round__(3)
    1.279
    """

    def __init__(
        self, freq: npt.ArrayLike, index: npt.ArrayLike | None = None, *, low: int = 0
    ) -> None:
        self.freq, self.precision = check_frequencies(freq)
        if self.freq.ndim != 2:
            raise ModelError("frequencies must be a matrix, a row for each distribution")
        self.cdf = cumulative(self.freq)
        self.low = checked_low(low, self.freq.shape[1])
        self.index = self._checked(index)

    @classmethod
    def from_counts(
        cls,
        counts: npt.ArrayLike,
        index: npt.ArrayLike | None = None,
        *,
        low: int = 0,
        precision: int = DEFAULT_PRECISION,
    ) -> Self:
        """From counts or probabilities, shape (rows, alphabet), optimally for each row.

        See `Categorical.from_counts`; a row of zeros is a ModelError.
        """
        return cls(quantize(counts, precision), index, low=low)

    @classmethod
    def from_dist(
        cls,
        dist: Distribution,
        low: int,
        high: int,
        index: npt.ArrayLike | None = None,
        *,
        precision: int = DEFAULT_PRECISION,
    ) -> Self:
        """From a `scipy.stats` distribution frozen with columns of parameters.

        Parameters
        ----------
        dist : frozen distribution of scipy.stats
            Its parameters have shape (rows, 1); see `Quantized` for what a row is.
        low, high : int
            The support, both ends included.
        index : array_like of int, optional
        precision : int

        Raises
        ------
        ModelError
            If the parameters have another shape, or the support has more symbols than
            ``2**precision``.

        Examples
        --------
        >>> import numpy as np
        >>> from scipy import stats
        >>> mean = np.array([[-3.0], [0.0], [3.0]])
        >>> Conditional.from_dist(stats.norm(mean, 1.0), -8, 8).freq.shape
        (3, 17)
        """
        probs = bin_probabilities(dist, low, high)
        if probs.ndim != 2:
            raise ModelError("the distribution's parameters must have shape (rows, 1)")
        return cls(quantize(probs, precision), index, low=low)

    @classmethod
    def from_models(
        cls, models: Sequence[FrequencyModel], index: npt.ArrayLike | None = None
    ) -> Self:
        """From models of the same support and precision, one a row.

        Raises
        ------
        ModelError
            If there are none, or they differ in either.
        """
        if len({(model.low, model.freq.size, model.precision) for model in models}) != 1:
            raise ModelError("the rows need one or more models of the same support and precision")
        return cls(np.stack([model.freq for model in models]), index, low=models[0].low)

    def __repr__(self) -> str:
        rows, alphabet = self.freq.shape
        return (
            f"{type(self).__name__}({rows} rows, support {self.low}..{self.low + alphabet - 1}, "
            f"precision={self.precision})"
        )

    @property
    def entropies(self) -> npt.NDArray[np.float64]:
        """Expected bits of a symbol in each row, shape (rows,)."""
        weights = self.freq / float(1 << self.precision)
        logs = np.log2(weights, out=np.zeros_like(weights), where=self.freq > 0)
        result: npt.NDArray[np.float64] = -np.sum(weights * logs, axis=1)
        return result

    @property
    def entropy(self) -> float:
        """Expected bits a symbol, averaged over the index; 0 if that is empty."""
        return float(self.entropies[self.index].mean()) if self.index.size else 0.0

    def code_length(self, symbols: npt.ArrayLike) -> float:
        """Ideal size of `symbols` in bits; infinite if one has no frequency in its row.

        Raises
        ------
        TypeError
            If the symbols are not integers.
        ModelError
            If the index does not broadcast to their shape.
        """
        values = symbol_array(symbols)
        if not values.size:
            return 0.0
        if int(values.min()) < self.low or int(values.max()) >= self.low + self.freq.shape[1]:
            return float("inf")
        index = self._spread(values.shape)
        with np.errstate(divide="ignore"):
            logs = np.log2(self.freq[index, values.astype(np.int64) - self.low])
        return float(np.sum(self.precision - logs.astype(np.float64)))

    def sample(
        self,
        size: Axes | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> npt.NDArray[Any]:
        """Independent draws, one for each entry of the index, exactly by the frequencies.

        Parameters
        ----------
        size : int or tuple of int, optional
            A shape that the index broadcasts to; its own by default.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or its seed.
        """
        shape = self.index.shape if size is None else shape_of(size, "size")
        index = np.array(self._spread(shape), np.uint32, order="C")
        slots = np.random.default_rng(rng).integers(0, 1 << self.precision, index.size, np.uint32)
        symbols = np.empty(index.size, np.uint16)
        find_symbols(slots, index.reshape(-1), self.cdf, symbols)
        high = self.low + self.freq.shape[1] - 1
        values = (symbols.astype(np.int64) + self.low).astype(smallest_dtype(self.low, high))
        return values.reshape(index.shape)
