"""Distributions without any form, given by logits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import real_numbers
from ansflow.bitsback.distributions.cdf_rows import CDFRows, bits_of_weights, cumulated
from ansflow.bitsback.distributions.families import fixed_log2, power_table
from ansflow.errors import ModelError
from ansflow.kernels.distributions.cdf_rows import softmax

__all__ = ["Categorical"]


class Categorical(CDFRows):
    """A distribution for each symbol, by the natural logarithms of its probabilities.

    Parameters
    ----------
    logits : array_like, shape (..., alphabet)
        Natural logarithms of weights, as in PyTorch, JAX and SciPy; a constant may be added to all
        of a distribution. Weights below 2^-32 of the largest are raised to that. Inside, the
        logarithms are binary, and rounded to multiples of 2^-12.
    precision : int
        Each symbol has at least one of ``2**precision`` slots.

    Raises
    ------
    ModelError
        If the logits are not finite, or their number or the precision is out of range.

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
        array = real_numbers(logits, "logits")
        if not array.shape[-1:] or not array.shape[-1] or not np.isfinite(array).all():
            raise ModelError(
                "logits must be finite, with an axis for the alphabet that is not empty"
            )
        rows = array.reshape(-1, array.shape[-1])
        precision, bits = bits_of_weights(rows.shape[1], precision)
        weights = np.empty(rows.shape, np.uint32)
        softmax(power_table(), fixed_log2(rows), np.uint64(bits), weights)
        super().__init__(*cumulated(weights, precision), array.shape[:-1])
