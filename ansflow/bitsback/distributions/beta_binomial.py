"""Counts, such as grey levels, under beta-binomial distributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers
from ansflow.bitsback.distributions.array_codec import PRECISIONS
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.cdf_rows import (
    CDFRows,
    bits_of_weights,
    checked_alphabet,
)
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.cdf_rows import beta_binomial

__all__ = ["BetaBinomial"]


class BetaBinomial(CDFRows):
    """Counts of successes among n trials whose probability of success has a beta distribution.

    Parameters
    ----------
    alpha, beta : array_like, any shape
        Positive; clipped to 2^-20 to 2^20.
    n : int
        The number of trials; symbols are 0 to n.
    precision : int
        Each symbol has at least one of ``2**precision`` slots.

    Raises
    ------
    ModelError
        If alpha and beta are not positive and finite, or n or the precision is out of range.

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
        a, b = real_numbers(alpha, "alpha"), real_numbers(beta, "beta")
        if a.shape != b.shape:
            a, b = broadcast(alpha=a, beta=b)
        n = integer(n, "n", 1, MAX_ALPHABET - 1, error=ModelError)
        precision = checked_alphabet(n + 1, precision)
        bits, row = bits_of_weights(n + 1), np.empty(n + 1)
        cdf = np.empty((a.size, n + 2), np.uint32)
        if not beta_binomial(a.reshape(-1), b.reshape(-1), bits, PRECISIONS[precision], row, cdf):
            raise ModelError("alpha and beta must be positive and finite")
        self._set_each(cdf, precision, a.shape)
