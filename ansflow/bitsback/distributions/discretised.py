"""Integers under discretised Gaussians and logistics, and mixtures of them."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Self, SupportsIndex

import numpy as np
import numpy.typing as npt
from numpy import empty

from ansflow.arguments import integer, real_numbers
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.families import FamilyName, family, power_table
from ansflow.bitsback.distributions.location_scale import (
    DEFAULT_PRECISION,
    Line,
    LocationScale,
    line_of,
)
from ansflow.bitsback.distributions.mixture import checked_components
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.checked import mixtures

__all__ = ["Gaussian", "Logistic"]


class _Discretised(LocationScale):
    """A family over consecutive integers: k stands for the interval (k - 1/2, k + 1/2]."""

    family_name: ClassVar[FamilyName]

    def __init__(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        low: int,
        high: int,
        *,
        precision: int = DEFAULT_PRECISION,
        full_support: bool = True,
    ) -> None:
        means, scales = real_numbers(mean, "mean", False), real_numbers(scale, "scale", False)
        if means.shape != scales.shape:
            means, scales = broadcast(mean=means, scale=scales)
        line = integers(self.family_name, low, high, precision, full_support)
        self._set_scales(means.shape, means, scales, line)

    @classmethod
    def mixture(
        cls,
        logits: npt.ArrayLike,
        means: npt.ArrayLike,
        scales: npt.ArrayLike,
        low: int,
        high: int,
        *,
        precision: int = DEFAULT_PRECISION,
    ) -> Self:
        """A mixture of several components for each symbol.

        Parameters
        ----------
        logits : array_like, shape (..., components)
            Natural logarithms of the components' weights, as in PyTorch, JAX and SciPy; a constant
            may be added to those of a symbol. They are rounded as those of `Categorical`.
        means, scales : array_like, shape (..., components)
        low, high : int
        precision : int

        Raises
        ------
        ModelError
            If a logit or mean is not finite, a scale is not positive and finite, there are not 1 to
            256 components, or support or precision are out of range.
        ValueError
            If the shapes cannot be broadcast to one.
        """
        weights = real_numbers(logits, "logits", False)
        m, s = real_numbers(means, "means", False), real_numbers(scales, "scales", False)
        shape = m.shape
        if not weights.shape == shape == s.shape:
            weights, m, s = broadcast(logits=weights, means=m, scales=s)
            shape = m.shape
        if len(shape) != 2:
            if not shape:
                raise ModelError("a mixture must have an axis for its components")
            width = checked_components(shape[-1])
            weights, m, s = (array.reshape(-1, width) for array in (weights, m, s))
        components = empty((len(m), checked_components(shape[-1]), 3))
        line = integers(cls.family_name, low, high, precision)
        if not mixtures(power_table(), weights, m, s, line.rate, components):
            raise ModelError("logits and means must be finite, and scales positive and finite")
        codec = cls.__new__(cls)
        codec._set_params(shape[:-1], (components, *line.params))
        return codec


class Gaussian(_Discretised):
    """Integers from `low` to `high` under Gaussians, one for each symbol.

    Parameters
    ----------
    mean, scale : array_like, any shape
        Mean and standard deviation.
    low, high : int
        The support, both included. The first and last integer also stand for all beyond them.
    precision : int
        There are ``2**precision`` slots.
    full_support : bool
        Whether each symbol has at least one slot, so that it can be pushed (`LocationScale`).

    Raises
    ------
    ModelError
        If a mean is not finite, a scale is not positive and finite, or support or precision are out
        of range.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Gaussian, Stack
    >>> stack = Stack()
    >>> codec = Gaussian(np.array([-3.0, 40.0]), np.array([1.0, 10.0]), -100, 100)
    >>> codec.push(stack, [-2, 55])
    >>> codec.pop(stack)
    array([-2, 55])
    """

    family_name = "gaussian"


class Logistic(_Discretised):
    """Integers from `low` to `high` under discretised logistics, one for each symbol.

    The likelihood of pixels in PixelCNN++ and HiLLoC. The parameters are those of `Gaussian`;
    `scale` is s in ``1 / (1 + exp(-(x - mean) / s))``.

    Raises
    ------
    ModelError
        As `Gaussian` does.

    Examples
    --------
    >>> from ansflow.bitsback import Logistic, Stack
    >>> stack = Stack()
    >>> codec = Logistic.mixture([0.0, -1.0], [10.0, 250.0], [3.0, 0.5], 0, 255)
    >>> codec.push(stack, 250)
    >>> codec.pop(stack)
    array(250)

    References
    ----------
    Salimans et al. 2017, arXiv:1701.05517, equation 2.
    """

    family_name = "logistic"


def integers(
    name: FamilyName,
    low: SupportsIndex,
    high: SupportsIndex,
    precision: SupportsIndex,
    full_support: bool = True,
) -> Line:
    """The line cut into intervals that stand for the integers from `low` to `high`."""
    if not type(low) is type(high) is type(precision) is int:
        low, high = integer(low, "low"), integer(high, "high")
        precision = integer(precision, "precision", error=ModelError)
    return _integers(name, low, high, precision, bool(full_support))


@lru_cache(maxsize=32)  # half a megabyte each at most
def _integers(name: FamilyName, low: int, high: int, precision: int, full_support: bool) -> Line:
    if not low < high:
        raise ModelError(f"low must be less than high, but they are {low} and {high}")
    if high - low >= MAX_ALPHABET or max(abs(low), abs(high)) >= 1 << 52:
        raise ModelError(
            f"the support {low} to {high} is too large: at most {MAX_ALPHABET} integers, "
            "none beyond 2**52"
        )
    edges = np.arange(low, high + 2, dtype=np.float64) - 0.5
    return line_of(family(name), edges, low, precision, full_support)
