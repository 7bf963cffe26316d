"""Counts, such as grey levels, under beta-binomial distributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.cdf_rows import CDFRows, bits_of_weights, cumulated
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.cdf_rows import beta_binomial

__all__ = ["BetaBinomial"]

SMALLEST, LARGEST = 2.0**-20, 2.0**20


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
        a, b = broadcast(alpha=real_numbers(alpha, "alpha"), beta=real_numbers(beta, "beta"))
        if not (np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)).all():
            raise ModelError("alpha and beta must be positive and finite")
        n = integer(n, "n", 1, MAX_ALPHABET - 1, error=ModelError)
        precision, bits = bits_of_weights(n + 1, precision)
        shape = a.shape
        a, b = (np.clip(x, SMALLEST, LARGEST).reshape(-1) for x in (a, b))
        weights = np.empty((a.size, n + 1), np.uint32)
        beta_binomial(a, b, np.uint64(bits), np.empty(n + 1), weights)
        super().__init__(*cumulated(weights, precision), shape)
