"""Distributions without any form, given by logits or by weights."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import real_numbers
from ansflow.bitsback.distributions.array_codec import PRECISIONS, UINT32
from ansflow.bitsback.distributions.cdf_rows import (
    CDFRows,
    bits_of_weights,
    checked_alphabet,
)
from ansflow.bitsback.distributions.families import power_table
from ansflow.errors import ModelError
from ansflow.kernels.distributions.cdf_rows import categorical, proportional

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
        rows, cdf, precision = _rows_and_cdf(array, "logits", precision)
        bits = bits_of_weights(rows.shape[1])
        if not categorical(power_table(), rows, bits, PRECISIONS[precision], cdf):
            raise ModelError("logits must be finite")
        self._set_each(cdf, precision, array.shape[:-1])

    @classmethod
    def from_weights(cls, weights: npt.ArrayLike, precision: int = 20) -> Self:
        """From weights such as probabilities or counts, which need not sum to 1.

        Parameters
        ----------
        weights : array_like, shape (..., alphabet)
            At least 0, and more than 0 for at least one symbol of each distribution. Symbols of
            weight 0 have one slot.
        precision : int
            As that of `Categorical`. All other slots are shared in proportion to the weights.

        Raises
        ------
        ModelError
            If the weights are not finite, negative or all 0, or their number or the precision is
            out of range.

        Notes
        -----
        The CDF is computed with additions, divisions and multiplications of doubles, in a fixed
        order: the same weights are the same codec on every machine.

        Examples
        --------
        >>> from ansflow.bitsback import Categorical, Stack
        >>> stack = Stack()
        >>> Categorical.from_weights([[2, 1, 1], [1, 1, 6]]).push(stack, [0, 1])
        >>> round(stack.bits - 32, 2)
        4.0
        """
        array = real_numbers(weights, "weights")
        rows, cdf, precision = _rows_and_cdf(array, "weights", precision)
        if not proportional(rows, PRECISIONS[precision], cdf):
            raise ModelError(
                "weights must be finite and at least 0, and some of each distribution more than 0"
            )
        codec = cls.__new__(cls)
        codec._set_each(cdf, precision, array.shape[:-1])
        return codec


def _rows_and_cdf(
    values: npt.NDArray[np.float64], name: str, precision: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint32], int]:
    """The values as a matrix, room for its CDFs, and the precision, checked."""
    shape = values.shape
    if not shape:
        raise ModelError(f"{name} must have an axis for the alphabet")
    alphabet = shape[-1]
    precision = checked_alphabet(alphabet, precision)
    rows = values if len(shape) == 2 else values.reshape(-1, alphabet)
    return rows, np.empty((len(rows), alphabet + 1), UINT32), precision
