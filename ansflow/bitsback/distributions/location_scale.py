"""Gaussians, logistics and mixtures of them over intervals of the real line."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.distributions.array_codec import ArrayCodec, checked_precision
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.families import Family, FamilyName, family
from ansflow.bitsback.distributions.mixture import ONE_COMPONENT, checked_shares
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.stack import location_scale as kernels

__all__ = ["DEFAULT_PRECISION", "LocationScale"]

Floats = npt.NDArray[np.float64]

DEFAULT_PRECISION = 24

# The smallest and largest scale, in the unit of the edges.
SMALLEST, LARGEST = 2.0**-24, 2.0**24


class LocationScale(ArrayCodec):
    """Symbols that are intervals of the real line, each with a distribution over the line.

    The CDF at the intervals' edges becomes integers once, by the arithmetic of
    `ansflow.kernels.distributions.location_scale`; a pop searches those same integers.

    Parameters
    ----------
    family_name : {"gaussian", "logistic"}
    means, scales : ndarray of float64, shape (..., components)
        Scales are standard deviations of a Gaussian; of a logistic, s in
        ``1 / (1 + exp(-(x - mean) / s))``. They are clipped to 2^-24 to 2^24.
    edges : ndarray of float64, shape (alphabet + 1,)
        Ascending. The intervals of the first and last symbol reach beyond them to infinity.
    shares : ndarray of uint32, shape (..., components), optional
        Shares of the components, which sum to 2^16 (`mixture_shares`). They may be left out if
        there is one component.
    low : int
        Value of the first symbol.
    precision : int
        There are ``2**precision`` slots.
    full_support : bool
        Whether each symbol has at least one slot, as if a sample came from the uniform distribution
        with probability ``alphabet / 2**precision``. A prior or a likelihood needs that, so that
        any symbol can be pushed. A posterior does not: what is pushed has been popped from it
        before, and it had better not give samples that are nowhere near its mean.

    Raises
    ------
    ModelError
        If a parameter is not finite, a scale is not positive, or shares, edges or precision are
        illegal.
    """

    kernels: ClassVar[Any] = kernels

    def __init__(
        self,
        family_name: FamilyName,
        means: npt.ArrayLike,
        scales: npt.ArrayLike,
        edges: Floats,
        *,
        shares: npt.NDArray[np.uint32] = ONE_COMPONENT,
        low: int = 0,
        precision: int = DEFAULT_PRECISION,
        full_support: bool = True,
    ) -> None:
        m, s = broadcast(means=real_numbers(means, "means"), scales=real_numbers(scales, "scales"))
        if not (np.isfinite(m).all() and np.isfinite(s).all() and (s > 0).all()) or not m.ndim:
            raise ModelError(
                "means must be finite and scales positive and finite, with an axis for components"
            )
        edges = _checked_edges(edges)
        chosen = family(family_name)
        rates = chosen.rate / np.clip(s, SMALLEST, LARGEST)
        shares = checked_shares(shares, m.shape)
        self._set(chosen, m, rates, shares, edges, low, precision, full_support)

    def _set(
        self,
        chosen: Family,
        means: Floats,
        rates: Floats,
        shares: npt.NDArray[np.uint32],
        edges: Floats,
        low: int,
        precision: int,
        full_support: bool,
    ) -> None:
        alphabet, components = edges.size - 1, means.shape[-1]
        low = integer(low, "low", -(1 << 63), (1 << 63) - alphabet, error=ModelError)
        self.precision = checked_precision(precision, alphabet if full_support else 2)
        params = (
            _rows(means, components),
            _rows(rates, components),
            _rows(shares, components),
            edges,
            chosen.table,
            np.uint64(precision),
            np.uint64(full_support),
        )
        super().__init__(means.shape[:-1], params, low=low)

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        slots = np.empty_like(symbols)
        kernels.frequencies(symbols, *self._params, slots)
        return slots > 0

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
        full_support: bool = True,
    ) -> LocationScale:
        """From the kernels' parameters, unchecked, for models that compute them exactly.

        `rates` are ``family.rate / scales``.
        """
        codec = LocationScale.__new__(LocationScale)
        codec._set(chosen, means, rates, shares, edges, 0, precision, full_support)
        return codec


def _rows(values: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
    return np.ascontiguousarray(values).reshape(-1, columns)


def _checked_edges(edges: npt.ArrayLike) -> Floats:
    edges = as_array(edges, "edges").copy()
    if edges.ndim != 1 or edges.dtype != np.float64 or not 2 <= edges.size <= MAX_ALPHABET + 1:
        raise ModelError(
            f"edges must be float64 of one axis, 2 to {MAX_ALPHABET + 1} of them, not "
            f"{edges.dtype} of shape {edges.shape}"
        )
    if not (edges[1:] > edges[:-1]).all():  # also for NaN
        raise ModelError("edges must ascend strictly")
    return edges
