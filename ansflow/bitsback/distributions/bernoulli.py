"""Bits, each with its own probability."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import real_numbers
from ansflow.bitsback.distributions.array_codec import (
    PRECISIONS,
    UINT32,
    ArrayCodec,
    Shape,
    as_shape,
    checked_precision,
)
from ansflow.bitsback.distributions.families import family
from ansflow.bitsback.read_only import read_only_view
from ansflow.errors import ModelError
from ansflow.kernels.distributions.checked import logistic_slots, rounded_slots
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
        p = real_numbers(probability, "probability", False)
        precision = checked_precision(precision)
        freqs = np.empty(p.size, UINT32)
        if not rounded_slots(p.reshape(-1), PRECISIONS[precision], freqs):
            raise ModelError("probability must be between 0 and 1")
        own = p.shape or None
        shape = own if shape is None else as_shape(shape)
        if own is not None and shape != own:
            raise ValueError(f"probability has shape {own}, but shape is {shape}")
        self._set(freqs, shape, precision)

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
        odds = real_numbers(logits, "logits", False)
        precision = checked_precision(precision)
        logistic = family("logistic")
        table, rate = logistic.table, logistic.rate
        freqs = np.empty(odds.size, UINT32)
        if not logistic_slots(odds.reshape(-1), table, rate, PRECISIONS[precision], freqs):
            raise ModelError("logits must be finite")
        codec = cls.__new__(cls)
        codec._set(freqs, odds.shape or None, precision)
        return codec

    def _set(
        self, freqs: npt.NDArray[np.uint32], shape: tuple[int, ...] | None, precision: int
    ) -> None:
        self.precision = precision
        self._set_params(shape, (freqs, PRECISIONS[precision]))

    @property
    def freqs(self) -> npt.NDArray[np.uint32]:
        """The number of slots of a 1, of each symbol or of all; read-only."""
        return read_only_view(self._params[0])

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols <= 1
