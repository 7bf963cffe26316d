"""Distributions given by their probabilities: uniform, Bernoulli, categorical, and mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers, symbol_array
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.models.base import FrequencyModel
from ansflow.models.checked import frequencies_of, support_of
from ansflow.models.frequencies import (
    DEFAULT_PRECISION,
    checked_low,
    checked_precision,
    quantize,
)

__all__ = ["Bernoulli", "Categorical", "Mixture", "Uniform"]


class Uniform(FrequencyModel):
    """`n` consecutive integers with equal probabilities.

    Parameters
    ----------
    n : int
        1 to 65,536.
    low : int
        The smallest.
    precision : int, optional
        By default 12, or more if `n` needs more. If `n` is not a power of two, frequencies differ
        by up to one unit.

    Raises
    ------
    ModelError
        If `n` or the precision is out of range, or they do not fit each other.

    Examples
    --------
    >>> Uniform(5, precision=4).freq
    array([4, 3, 3, 3, 3], dtype=uint32)
    """

    def __init__(self, n: int, *, low: int = 0, precision: int | None = None) -> None:
        n = integer(n, "the number of symbols", 1, MAX_ALPHABET, error=ModelError)
        needed = max(1, (n - 1).bit_length())
        if precision is None:
            precision = max(DEFAULT_PRECISION, needed)
        precision = checked_precision(precision)
        if precision < needed:
            raise ModelError(
                f"{n} symbols need a precision of at least {needed} bits, not {precision}"
            )
        share, rest = divmod(1 << precision, n)
        super().__init__(share + (np.arange(n) < rest), low=low)


class Bernoulli(FrequencyModel):
    """Symbols 0 and 1, or False and True.

    Parameters
    ----------
    p : float
        Probability of 1, strictly between 0 and 1.
    precision : int
        Bits.

    Raises
    ------
    ModelError
        If `p` is not between 0 and 1, or the precision is out of range.

    Examples
    --------
    >>> Bernoulli(0.25, precision=4).freq
    array([12,  4], dtype=uint32)
    """

    def __init__(self, p: float, *, precision: int = DEFAULT_PRECISION) -> None:
        values = real_numbers(p, "p")
        if values.shape != () or not 0.0 < values < 1.0:
            raise ModelError(f"p must be one number strictly between 0 and 1, not {p!r}")
        p = float(values)
        super().__init__(quantize([1.0 - p, p], precision))


class Categorical(FrequencyModel):
    """Any distribution over at most 65,536 consecutive integers.

    ``Categorical(freq)`` takes frequencies as they are; the constructors below make them from
    counts, probabilities or data, minimising the expected code length.

    Parameters
    ----------
    freq : array_like of int, shape (alphabet,)
        They sum to a power of two, from 2 to 2^31.
    low : int
        Value of the first symbol.

    Raises
    ------
    ModelError
        If frequencies are negative, no integers, too many, or have another sum.

    Examples
    --------
    >>> Categorical([3, 5, 8]).precision
    4
    >>> Categorical.from_counts([17, 24, 40, 19], precision=4).freq
    array([3, 4, 6, 3], dtype=uint32)
    >>> Categorical.fit([-1, 0, 0, 1]).low
    -1
    """

    @classmethod
    def from_counts(
        cls, counts: npt.ArrayLike, *, low: int = 0, precision: int = DEFAULT_PRECISION
    ) -> Self:
        """From how often each symbol occurs; a symbol with count 0 cannot be coded.

        Parameters
        ----------
        counts : array_like, shape (alphabet,)
            Finite, not negative, not all zero; need not be integers.
        low : int
            Value of the first symbol.
        precision : int
            Bits, 1 to 31; at least log2 of the number of symbols present.

        Raises
        ------
        ModelError
            If the counts are unusable or the precision too small for them.
        """
        return cls(quantize(counts, precision), low=low)

    @classmethod
    def from_probs(
        cls, probs: npt.ArrayLike, *, low: int = 0, precision: int = DEFAULT_PRECISION
    ) -> Self:
        """From probabilities, which must sum to 1 within 1e-6 (float32 will do).

        Parameters and errors are those of `from_counts`.
        """
        values = real_numbers(probs, "probabilities")
        total = float(values.sum())
        if not abs(total - 1.0) <= 1e-6 * max(1.0, np.sqrt(values.size)):
            raise ModelError(f"probabilities sum to {total}, not to 1")
        return cls(quantize(values, precision), low=low)

    @classmethod
    def fit(cls, data: npt.ArrayLike, *, precision: int = DEFAULT_PRECISION) -> Self:
        """The model of this kind that codes the given integers best.

        Parameters
        ----------
        data : array_like of int or bool, any shape
            Not empty; its values span at most 65,536. Where they lie in 0 to 65,535 symbols
            are numbered from 0, else from the smallest.
        precision : int
            Bits.

        Raises
        ------
        ModelError
            If the data is empty, spans too much, or has more symbols than ``2**precision``.
        TypeError
            If the data is not integers.
        """
        values = symbol_array(data).reshape(-1)
        if values.size == 0:
            raise ModelError("the data is empty, so no model can be fitted to it")
        smallest, largest = int(values.min()), int(values.max())
        low = 0 if smallest >= 0 and largest < MAX_ALPHABET else smallest
        if largest - low >= MAX_ALPHABET:
            raise ModelError(
                f"values from {smallest} to {largest} span more than {MAX_ALPHABET} symbols"
            )
        low = checked_low(low, largest - low + 1)
        counts = np.bincount(values.astype(np.int64) - low)
        return cls.from_counts(counts, low=low, precision=precision)


class Mixture(FrequencyModel):
    """A weighted sum of models, over the union of their supports.

    Parameters
    ----------
    models : sequence of FrequencyModel
    weights : array_like, shape (len(models),), optional
        Positive, in any unit; equal by default.
    precision : int, optional
        By default the largest of the models'.

    Raises
    ------
    ModelError
        If there are no models, the weights are not positive, finite, and as many, or the supports
        reach over more than 65,536 symbols.

    Examples
    --------
    >>> Mixture([Uniform(2, precision=3), Uniform(4, precision=3)]).freq
    array([3, 3, 1, 1], dtype=uint32)
    """

    def __init__(
        self,
        models: Sequence[FrequencyModel],
        weights: npt.ArrayLike | None = None,
        *,
        precision: int | None = None,
    ) -> None:
        if not models:
            raise ModelError("a mixture needs at least one model")
        shares = np.ones(len(models)) if weights is None else real_numbers(weights, "weights")
        if shares.shape != (len(models),) or not (shares > 0).all() or np.isinf(shares).any():
            raise ModelError(
                f"a mixture of {len(models)} models needs as many positive weights, all finite"
            )
        parts = [_part(model) for model in models]
        low = min(begin for begin, _, _ in parts)
        high = max(begin + freq.size for begin, freq, _ in parts)
        if high - low > MAX_ALPHABET:
            raise ModelError(f"the supports' union spans more than {MAX_ALPHABET} symbols")
        probs = np.zeros(high - low)
        shares /= shares.max()  # so that their sum cannot overflow
        for (begin, freq, bits), share in zip(parts, shares / shares.sum(), strict=True):
            probs[begin - low : begin - low + freq.size] += share * freq / float(1 << bits)
        if precision is None:
            precision = max(bits for _, _, bits in parts)
        super().__init__(quantize(probs, precision), low=low)


def _part(model: FrequencyModel) -> tuple[int, npt.NDArray[np.uint32], int]:
    """Lowest value, frequencies and precision of a component, which may be of any class."""
    known = frequencies_of(model)
    if known.freq.ndim != 1:
        raise ModelError("the components of a mixture must be single distributions, not matrices")
    low, _ = support_of(model, known.alphabet)
    return low, known.freq, known.precision
