"""Continuous and discrete distributions of `scipy.stats`, put onto consecutive integers."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.models.base import FrequencyModel
from ansflow.models.frequencies import DEFAULT_PRECISION, TINY, checked_low, quantize

__all__ = ["Quantized", "bin_probabilities"]


class Distribution(Protocol):
    """The methods that a distribution needs; frozen ones of `scipy.stats` have them."""

    def cdf(self, x: Any, /) -> Any: ...

    def sf(self, x: Any, /) -> Any: ...


def bin_probabilities(dist: Distribution, low: int, high: int) -> npt.NDArray[np.float64]:
    """Probability of each integer from `low` to `high`, the tails folded into the ends.

    Parameters
    ----------
    dist : Distribution
        Its parameters broadcast against an axis of integers: scalars, or arrays whose last
        axis has length 1.
    low, high : int

    Returns
    -------
    ndarray of float64, shape (..., high - low + 1)
        Integer k gets the mass of (k - 1/2, k + 1/2]. Every entry is positive: integers that
        the distribution, or float64, gives no mass get the smallest there is.

    Raises
    ------
    ModelError
        If the distribution's functions return no probabilities, or the support is empty or has
        more than 65,536 integers.
    TypeError
        If an end is not an integer.
    """
    low, high = integer(low, "low"), integer(high, "high")
    n = high - low + 1
    if not 1 <= n <= MAX_ALPHABET:
        raise ModelError(
            f"the support {low} to {high} has {n} symbols; it must have 1 to {MAX_ALPHABET}"
        )
    checked_low(low, n)
    edges = np.arange(low, high) + 0.5
    below = np.asarray(dist.cdf(edges), np.float64)
    above = np.asarray(dist.sf(edges), np.float64)
    ends = (*below.shape[:-1], 1)
    cdf = np.concatenate([np.zeros(ends), below, np.ones(ends)], axis=-1)
    sf = np.concatenate([np.ones(ends), above, np.zeros(ends)], axis=-1)
    # Differences of small numbers: from the left below the median, from the right above it.
    probs: npt.NDArray[np.float64] = np.where(
        sf[..., 1:] > 0.5, np.diff(cdf, axis=-1), -np.diff(sf, axis=-1)
    )
    if not np.isfinite(probs).all() or (probs < -1e-9).any():
        raise ModelError(f"{dist!r} gives no valid probabilities from {low} to {high}")
    return np.maximum(probs, TINY)


class Quantized(FrequencyModel):
    """A distribution of `scipy.stats` over the integers from `low` to `high`.

    An integer k gets the mass between k - 1/2 and k + 1/2; what lies beyond the ends is
    folded into them, and each integer can be coded.

    Parameters
    ----------
    dist : frozen distribution of scipy.stats
        Or any object with the methods `cdf` and `sf`. Continuous or discrete.
    low, high : int
        The support, both ends included; at most 65,536 integers.
    precision : int, optional
        By default 12, or as many bits as the support needs.

    Raises
    ------
    ModelError
        If the distribution gives no probabilities there, is an array of several, or support or
        precision are out of range.

    Notes
    -----
    Frequencies are computed from floats, which may differ in the last digit between versions
    of SciPy and machines. If the encoder and the decoder do not share both, keep `freq` with the
    data and rebuild the model as ``Categorical(freq, low=low)``.

    Examples
    --------
    >>> from scipy import stats
    >>> model = Quantized(stats.norm(0, 2), -10, 10)
    >>> model.freq[10], model.freq.size
    (np.uint32(808), 21)
    """

    def __init__(
        self, dist: Distribution, low: int, high: int, *, precision: int | None = None
    ) -> None:
        probs = bin_probabilities(dist, low, high)
        if probs.ndim != 1:
            raise ModelError(
                "an array of distributions makes no single model; use `Conditional.from_dist`"
            )
        if precision is None:
            precision = max(DEFAULT_PRECISION, (probs.size - 1).bit_length())
        super().__init__(quantize(probs, precision), low=low)
