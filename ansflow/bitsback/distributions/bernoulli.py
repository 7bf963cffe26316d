"""Bits, each with its own probability."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import real_numbers
from ansflow.bitsback.distributions.array_codec import ArrayCodec, Shape, checked_precision
from ansflow.bitsback.distributions.families import MAX_LOGIT, family
from ansflow.errors import ModelError
from ansflow.kernels.distributions.location_scale import CDF_BITS, standard_cdfs
from ansflow.kernels.stack import coins as kernels

__all__ = ["Bernoulli"]


class Bernoulli(ArrayCodec):
    """Bits, 0 or 1 (or booleans), each with its own probability or all with the same.

    Parameters
    ----------
    probability : array_like
        Of a 1. It is rounded to a multiple of ``2**-precision`` other than 0 and 1, so that both
        symbols are possible.
    shape : int or tuple of int, optional
        Shape of the arrays. By default that of `probability`, or one symbol for each lane if that
        is a single number.
    precision : int
        1 to 31 bits.

    Raises
    ------
    ModelError
        If a probability is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Bernoulli, Stack
    >>> stack = Stack()
    >>> Bernoulli([0.5, 0.25]).push(stack, [0, 1])
    >>> round(stack.bits - 32, 3)
    3.0
    """

    kernels: ClassVar[Any] = kernels

    def __init__(
        self, probability: npt.ArrayLike, shape: Shape = None, precision: int = 20
    ) -> None:
        p = real_numbers(probability, "probability")
        if not ((p >= 0) & (p <= 1)).all():  # also for NaN
            raise ModelError("probability must be between 0 and 1")
        precision = checked_precision(precision)
        total = 1 << precision
        self._set(np.clip(np.rint(p * total), 1, total - 1), shape, precision)

    @classmethod
    def from_logits(cls, logits: npt.ArrayLike, precision: int = 20) -> Self:
        """From logits, through an integer table: the same frequencies on every machine.

        Parameters
        ----------
        logits : array_like, any shape
            Natural logarithms of the odds of a 1, log(p / (1 - p)), as in PyTorch, JAX and SciPy.
            Those beyond -32 and 32 are cut off.
        precision : int

        Raises
        ------
        ModelError
            If a logit is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from ansflow.bitsback import Bernoulli, Stack
        >>> stack = Stack()
        >>> Bernoulli.from_logits([np.log(0.25 / 0.75)]).push(stack, [1])
        >>> round(stack.bits - 32, 3)
        2.0
        """
        odds = real_numbers(logits, "logits")
        if not np.isfinite(odds).all():
            raise ModelError("logits must be finite")
        logistic = family("logistic")
        ones = np.empty(odds.size, np.uint64)
        odds = np.clip(odds, -MAX_LOGIT, MAX_LOGIT)  # where the table ends
        standard_cdfs(logistic.table, odds.reshape(-1) * logistic.rate, ones)
        precision = checked_precision(precision)
        total = 1 << precision
        freqs = np.clip(ones >> np.uint64(CDF_BITS - precision), 1, total - 1)
        codec = cls.__new__(cls)
        codec._set(freqs.reshape(odds.shape), None, precision)
        return codec

    def _set(self, freqs: npt.NDArray[Any], shape: Shape, precision: int) -> None:
        self.freqs = freqs.astype(np.uint32).reshape(-1)
        self.precision = precision
        super().__init__(
            freqs.shape if shape is None and freqs.ndim else shape,
            (self.freqs, np.uint64(precision)),
        )
        if freqs.ndim and self.shape != freqs.shape:
            raise ValueError(f"probability has shape {freqs.shape}, but shape is {self.shape}")

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols <= 1
