"""Gaussians, logistics and mixtures of them over intervals of the real line."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.distributions.array_codec import ArrayCodec, checked_precision
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.families import Family, FamilyName, family
from ansflow.bitsback.distributions.mixture import checked_shares
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET
from ansflow.kernels.distributions.checked import means_and_rates
from ansflow.kernels.distributions.location_scale import WEIGHT_BITS
from ansflow.kernels.stack import location_scale as kernels

__all__ = ["DEFAULT_PRECISION", "Line", "LocationScale", "line_of"]

Floats = npt.NDArray[np.float64]
Shares = npt.NDArray[np.uint32]

DEFAULT_PRECISION = 24


class Line(NamedTuple):
    """What the distributions of all symbols have in common: a family, on a line that is cut.

    `params` are the last ones of the kernels, `rate` is that of the family.
    """

    rate: float
    params: tuple[Any, ...]


def line_of(
    chosen: Family, edges: Floats, low: int, precision: SupportsIndex, full_support: bool = True
) -> Line:
    """A line with edges that ascend; ModelError if it is illegal otherwise."""
    alphabet = edges.size - 1
    if low > (1 << 63) - alphabet:
        raise ModelError(f"low must be at most {(1 << 63) - alphabet}, not {low}")
    precision = checked_precision(precision, alphabet if full_support else 2)
    params = edges, chosen.table, precision, int(full_support), low
    return Line(chosen.rate, params)


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

    Examples
    --------
    Intervals that are the finer the nearer they are to 0, and two Gaussians over them:

    >>> import numpy as np
    >>> from ansflow.bitsback import LocationScale, Stack
    >>> edges = np.array([-9.0, -3.0, -1.0, 0.0, 1.0, 3.0, 9.0])
    >>> codec = LocationScale("gaussian", [[0.0], [2.0]], [[1.0], [0.5]], edges)
    >>> stack = Stack()
    >>> codec.push(stack, [2, 4])
    >>> codec.pop(stack)
    array([2, 4])
    """

    kernels: ClassVar[Any] = kernels
    kernels_know_low: ClassVar[bool] = True

    def __init__(
        self,
        family_name: FamilyName,
        means: npt.ArrayLike,
        scales: npt.ArrayLike,
        edges: Floats,
        *,
        shares: Shares | None = None,
        low: int = 0,
        precision: int = DEFAULT_PRECISION,
        full_support: bool = True,
    ) -> None:
        m, s = real_numbers(means, "means", False), real_numbers(scales, "scales", False)
        if m.shape != s.shape:
            m, s = broadcast(means=m, scales=s)
        if not m.ndim or not m.shape[-1]:
            raise ModelError("means and scales must have an axis for components, of at least one")
        low = integer(low, "low", -(1 << 63), error=ModelError)
        line = line_of(family(family_name), _checked_edges(edges), low, precision, full_support)
        self._set_scales(m.shape[:-1], m, s, line, checked_shares(shares, m.shape))

    def _set_scales(
        self,
        shape: tuple[int, ...],
        means: Floats,
        scales: Floats,
        line: Line,
        shares: Shares | None = None,
    ) -> None:
        """Check contiguous parameters, and set those of the kernels."""
        if means.ndim != 1:
            means, scales = means.ravel(), scales.ravel()
        width = 1 if shares is None else shares.shape[-1]
        components = np.empty((means.size // width, width, 3))
        if not means_and_rates(means, scales, line.rate, components):
            raise ModelError("means must be finite, and scales positive and finite")
        if shares is not None:
            components[..., 2] = shares.reshape(-1, width)
        self._set_params(shape, (components, *line.params))

    # Read where they are: an attribute of its own takes time whenever a codec is built.

    @property
    def precision(self) -> int:
        return int(self._params[3])

    @property
    def low(self) -> int:  # type: ignore[override]
        return int(self._params[5])

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        slots = np.empty(symbols.size, np.int64)
        kernels.frequencies(symbols.view(np.int64), *self._params, slots)
        return slots > 0

    @classmethod
    def by_scales(cls, means: Floats, scales: Floats, line: Line) -> LocationScale:
        """One component a symbol, by contiguous arrays of one shape."""
        codec = LocationScale.__new__(LocationScale)
        codec._set_scales(means.shape, means, scales, line)
        return codec

    @classmethod
    def by_rates(
        cls,
        chosen: Family,
        means: Floats,
        rates: Floats,
        edges: Floats,
        *,
        shares: npt.ArrayLike = 1 << WEIGHT_BITS,
        precision: int = DEFAULT_PRECISION,
        full_support: bool = True,
    ) -> LocationScale:
        """From the kernels' parameters, unchecked, for models that compute them exactly.

        `rates` are ``family.rate / scales``.
        """
        codec = LocationScale.__new__(LocationScale)
        columns = np.broadcast_arrays(means, rates, shares)
        components = np.stack(columns, axis=-1, dtype=np.float64).reshape(-1, means.shape[-1], 3)
        line = line_of(chosen, edges, 0, precision, full_support)
        codec._set_params(means.shape[:-1], (components, *line.params))
        return codec


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
