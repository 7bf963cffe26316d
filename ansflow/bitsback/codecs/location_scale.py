"""Gaussians, logistics and mixtures of them, over the intervals of a line."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.codecs.codec import ArrayCodec, checked_precision
from ansflow.bitsback.codecs.families import Family, FamilyName, family, fixed_logits, power_table
from ansflow.bitsback.codecs.inputs import Floats, spread
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.cdf_rows import mixture_weights
from ansflow.kernels.distributions.location_scale import WEIGHT_BITS
from ansflow.kernels.stack import location_scale as kernels

__all__ = ["Gaussian", "LocationScale", "Logistic", "mixture_shares"]

DEFAULT_PRECISION = 24
ONE_COMPONENT = np.full((1, 1), 1 << WEIGHT_BITS, np.uint32)
ONE_COMPONENT.setflags(write=False)
MAX_COMPONENTS = 256

# Scales are this much of an edge's unit at least, and at most its inverse.
SMALLEST, LARGEST = 2.0**-24, 2.0**24


class LocationScale(ArrayCodec):
    """Symbols that are intervals of the real line, each with a distribution over the line.

    The CDF at the intervals' edges becomes integers once, by the arithmetic of
    `ansflow.kernels.distributions.location_scale`; a pop searches those same integers. Each
    interval has at least one of the ``2**precision`` slots.

    Parameters
    ----------
    family_name : {"gaussian", "logistic"}
    means, scales : ndarray of float64, shape (..., components)
        Scales are standard deviations of a Gaussian; of a logistic, s in
        ``1 / (1 + exp(-(x - mean) / s))``. They are clipped to 2^-24 to 2^24.
    edges : ndarray of float64, shape (alphabet + 1,)
        Ascending. The first and last symbol's intervals reach beyond theirs.
    weights : ndarray of uint32, shape (..., components), optional
        Shares of the components, which sum to 2^16 (`mixture_shares`); for more than one.
    low : int
        Value of the first symbol.
    precision : int

    Raises
    ------
    ModelError
        If parameters aren't finite, scales not positive, or shares, edges or precision illegal.
    """

    kernels: ClassVar[Any] = kernels

    def __init__(
        self,
        family_name: FamilyName,
        means: npt.ArrayLike,
        scales: npt.ArrayLike,
        edges: Floats,
        *,
        weights: npt.NDArray[np.uint32] | None = None,
        low: int = 0,
        precision: int = DEFAULT_PRECISION,
    ) -> None:
        m, s = spread(means=real_numbers(means, "means"), scales=real_numbers(scales, "scales"))
        if not (np.isfinite(m).all() and np.isfinite(s).all() and (s > 0).all()) or not m.ndim:
            raise ModelError("means must be finite, and scales positive and finite")
        edges = _checked_edges(edges)
        chosen = family(family_name)
        rates = chosen.rate / np.clip(s, SMALLEST, LARGEST)
        shares = _checked_shares(ONE_COMPONENT if weights is None else weights, m.shape)
        self._set(chosen, m, rates, shares, edges, low, precision)

    def _set(
        self,
        chosen: Family,
        means: Floats,
        rates: Floats,
        shares: npt.NDArray[np.uint32],
        edges: Floats,
        low: int,
        precision: int,
    ) -> None:
        alphabet, components = edges.size - 1, means.shape[-1]
        low = integer(low, "low", -(1 << 63), (1 << 63) - alphabet, error=ModelError)
        self.precision = checked_precision(precision, alphabet)
        params = (
            _rows(means, components),
            _rows(rates, components),
            _rows(shares, components),
            edges,
            chosen.table,
            np.uint64(precision),
        )
        super().__init__(means.shape[:-1], params, low=low)
        self._alphabet = alphabet

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols < self._alphabet

    @classmethod
    def by_rates(
        cls,
        chosen: Family,
        means: Floats,
        rates: Floats,
        edges: Floats,
        *,
        shares: npt.NDArray[np.uint32] = ONE_COMPONENT,
        precision: int = DEFAULT_PRECISION,
    ) -> LocationScale:
        """From the kernels' own parameters, unchecked, for models that compute them exactly.

        `rates` are ``family.rate / scales``.
        """
        codec = LocationScale.__new__(LocationScale)
        codec._set(chosen, means, rates, shares, edges, 0, precision)
        return codec


class _Discretised(LocationScale):
    """A family over consecutive integers: k stands for (k - 1/2, k + 1/2]."""

    name: FamilyName

    def __init__(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        low: int,
        high: int,
        *,
        precision: int = DEFAULT_PRECISION,
    ) -> None:
        means, scales = spread(mean=real_numbers(mean, "mean"), scale=real_numbers(scale, "scale"))
        super().__init__(
            self.name,
            means[..., np.newaxis],
            scales[..., np.newaxis],
            _unit_edges(low, high),
            low=low,
            precision=precision,
        )

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
        """Several of them for each symbol.

        Parameters
        ----------
        logits : array_like, shape (..., components)
            Natural logarithms of the components' weights; any constant may be added. They are
            rounded as those of `Categorical`.
        means, scales : array_like, shape (..., components)
        low, high : int
        precision : int
        """
        given = spread(
            logits=real_numbers(logits, "logits"),
            means=real_numbers(means, "means"),
            scales=real_numbers(scales, "scales"),
        )
        if not given[0].shape[-1:] or not given[0].shape[-1]:
            raise ModelError("a mixture has at least one component")
        shares = mixture_shares(fixed_logits(given[0]))
        codec = cls.__new__(cls)
        LocationScale.__init__(
            codec,
            cls.name,
            given[1],
            given[2],
            _unit_edges(low, high),
            weights=shares,
            low=low,
            precision=precision,
        )
        return codec


class Gaussian(_Discretised):
    """Integers from `low` to `high` under Gaussians, one for each symbol.

    Parameters
    ----------
    mean, scale : array_like, any shape
        Mean and standard deviation.
    low, high : int
        The support, both included; what lies beyond belongs to its ends.
    precision : int
        Each symbol has at least one of ``2**precision`` slots.

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

    name = "gaussian"


class Logistic(_Discretised):
    """Integers from `low` to `high` under discretised logistics, one for each symbol.

    The likelihood of pixels in PixelCNN++ and HiLLoC. The parameters are those of `Gaussian`;
    `scale` is s in ``1 / (1 + exp(-(x - mean) / s))``.

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

    name = "logistic"


def mixture_shares(logits: npt.NDArray[np.int32]) -> npt.NDArray[np.uint32]:
    """Weights in proportion to 2^(logit / 4096) that sum to 2^16 in the last axis."""
    if not 1 <= logits.shape[-1] <= MAX_COMPONENTS:
        raise ModelError(f"{logits.shape[-1]} components, not 1 to {MAX_COMPONENTS}")
    rows = np.ascontiguousarray(logits).reshape(-1, logits.shape[-1])
    shares = np.empty(rows.shape, np.uint32)
    mixture_weights(power_table(), rows, np.uint64(WEIGHT_BITS), shares)
    return shares.reshape(logits.shape)


def _unit_edges(low: int, high: int) -> Floats:
    low, high = integer(low, "low"), integer(high, "high")
    if not low < high:
        raise ModelError(f"the support {low} to {high} has no two symbols")
    if high - low >= MAX_ALPHABET or max(abs(low), abs(high)) >= 1 << 52:
        raise ModelError(f"the support {low} to {high} is too large")
    edges: Floats = np.arange(low, high + 2, dtype=np.float64) - 0.5
    return edges


def _rows(values: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
    return np.ascontiguousarray(values).reshape(-1, columns)


def _checked_edges(edges: npt.ArrayLike) -> Floats:
    edges = as_array(edges, "edges").copy()
    if edges.ndim != 1 or edges.dtype != np.float64 or not 2 <= edges.size <= MAX_ALPHABET + 1:
        raise ModelError(f"edges must be a vector of float64, 2 to {MAX_ALPHABET + 1} of them")
    if not (edges[1:] > edges[:-1]).all():  # also if one isn't a number
        raise ModelError("edges must ascend")
    return edges


def _checked_shares(weights: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    shares = as_array(weights, "weights").copy()
    if shares.dtype != np.uint32 or shares.shape[-1:] != shape[-1:]:
        raise ModelError("several components need weights, uint32, one for each")
    if (shares.sum(axis=-1, dtype=np.uint64) != 1 << WEIGHT_BITS).any():
        raise ModelError(f"weights don't sum to 2**{WEIGHT_BITS}")
    # One row serves all symbols.
    if shares.size == shape[-1]:
        return shares
    try:
        return np.broadcast_to(shares, shape)
    except ValueError:
        raise ValueError(f"weights of {shares.shape} don't fit means of {shape}") from None
