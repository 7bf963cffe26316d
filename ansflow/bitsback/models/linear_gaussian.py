"""Linear-Gaussian state-space models: integers that a Kalman filter follows."""

from __future__ import annotations

from collections.abc import Sequence
from math import e, log2, pi
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.autoregressive import Autoregressive
from ansflow.bitsback.combinators.state_space import StateSpaceModel
from ansflow.bitsback.distributions.discretised import Gaussian
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET

__all__ = ["LinearGaussian"]

Floats = npt.NDArray[np.float64]

# There must be many more slots than cells: each has a slot when latents are pushed. When they are
# popped, only those near the mean have: a latent from anywhere costs some 30 bits, and so does each
# of those before it, until they are where they should be.
PRECISION = 28

# The least standard deviation, in cells: what rounding leaves of a variance may be negative.
SMALLEST = 2.0**-20


class Belief(NamedTuple):
    """A Gaussian over latents, in cells."""

    mean: Floats  # shape (latents,)
    covariance: Floats  # shape (latents, latents)


class LinearGaussian(StateSpaceModel):
    """Vectors of integers whose latents move linearly, with Gaussian noise: for `StateSpace`.

    With independent standard Gaussians e and f::

        z_1   = prior_scale * e
        z_t+1 = transition_matrix @ z_t + transition_scale * e
        x_t   = emission_matrix @ z_t + emission_scale * f, rounded

    Latents are discretised: each is a multiple of its `cell`, up to `reach` cells from 0. The
    posterior is that of the continuous model, from a Kalman filter. Items are integer arrays of
    shape (items,), latents lists of integers.

    Parameters
    ----------
    transition_matrix : array_like, shape (latents, latents)
    transition_scale : array_like, shape (latents,)
        Standard deviations.
    emission_matrix : array_like, shape (items, latents)
    emission_scale : array_like, shape (items,)
    prior_scale : array_like, shape (latents,)
    low, high : int
        The smallest and the largest integer possible; they also stand for all beyond them.
    cell : array_like, shape (latents,) or ()
        Best a quarter of a latent's standard deviation under the posterior, or a little less.
    reach : int
        Latents that are further away are moved there, so it should be eight standard deviations of
        what a latent can be at any time. More than needed does no harm.

    Raises
    ------
    ModelError
        If shapes do not fit, a number is not finite, or a scale or a cell is not positive.

    Notes
    -----
    Sums of products are added in a fixed order, and not by a library of linear algebra, so that all
    machines compute the same numbers. Observations are taken one after the other, as their noise is
    independent; so the filter inverts no matrices. Latents after a latent are observations of it,
    too.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import LinearGaussian, Stack, StateSpace
    >>> slow = LinearGaussian([[0.99]], [1.0], [[5.0]], [20.0], [7.0], low=-300, high=300, cell=0.5)
    >>> codec = StateSpace(slow, 4)
    >>> stack = Stack(seed=0)
    >>> codec.push(stack, [[30], [11], [52], [26]])
    >>> np.concatenate(codec.pop(stack))
    array([30, 11, 52, 26])

    References
    ----------
    Kalman 1960, doi:10.1115/1.3662552; Townsend & Murray 2021, arXiv:2103.10150, section 3.
    """

    def __init__(
        self,
        transition_matrix: npt.ArrayLike,
        transition_scale: npt.ArrayLike,
        emission_matrix: npt.ArrayLike,
        emission_scale: npt.ArrayLike,
        prior_scale: npt.ArrayLike,
        *,
        low: int,
        high: int,
        cell: npt.ArrayLike,
        reach: int = 511,
    ) -> None:
        prior = real_numbers(prior_scale, "prior_scale")
        latents = (prior.size,)
        cells = _checked("cell", np.broadcast_to(real_numbers(cell, "cell"), latents), latents)
        rows = _checked("emission_matrix", emission_matrix, (-1, prior.size), positive=False)
        moves = _checked("transition_matrix", transition_matrix, latents * 2, positive=False)
        self.low, self.high = low, high
        self.reach = integer(reach, "reach", 1, (MAX_ALPHABET - 1) // 2, error=ModelError)
        # All latents in cells from here on.
        self._cells = cells
        self._prior = _checked("prior_scale", prior, latents) / cells
        self._moves = moves * cells / cells[:, np.newaxis]
        self._moved = _checked("transition_scale", transition_scale, latents) / cells
        self._rows = rows * cells
        self._noise = _checked("emission_scale", emission_scale, (len(rows),))

    def prior(self) -> Codec:
        return self._latents(np.zeros_like(self._prior), self._prior)

    def transition(self, z: Sequence[int]) -> Codec:
        return self._latents(_product(self._moves, _floats(z)), self._moved)

    def emission(self, z: Sequence[int]) -> Codec:
        return Gaussian(_product(self._rows, _floats(z)), self._noise, self.low, self.high)

    def update(self, belief: Belief | None, x: npt.ArrayLike) -> Belief:
        return _given(self._predicted(belief), self._rows, self._noise, self._item(x))

    def posterior(self, belief: Belief, after: Sequence[int] | None) -> Codec:
        if after is not None:
            belief = _given(belief, self._moves, self._moved, _floats(after))
        certain = np.zeros_like(self._prior)

        def one_after(known: list[Any]) -> Codec:
            i = len(known)
            mean, covariance = _given(belief, np.eye(i, certain.size), certain[:i], _floats(known))
            scale = max(float(np.sqrt(max(covariance[i, i], 0.0))), SMALLEST)
            return self._latents(mean[i], scale, full_support=False)

        return Autoregressive(one_after, certain.size)

    def bits(self, x: Sequence[npt.ArrayLike]) -> float:
        """What a sequence takes under the continuous model: ``-log2 p(x)``, for densities of x.

        The closed form, by the innovations of the Kalman filter. It holds for integers if the
        emissions' scales are large.
        """
        total, belief = 0.0, None
        for item in x:
            now, values = self._predicted(belief), self._item(item)
            for row, noise, value in zip(self._rows, self._noise, values, strict=True):
                surprise = value - float(_product(row[np.newaxis], now.mean)[0])
                variance = float(_variance(now, row, noise)[1])
                total += 0.5 * (log2(2 * pi * variance) + log2(e) * surprise**2 / variance)
                now = _given(now, row[np.newaxis], np.array([noise]), np.array([value]))
            belief = now
        return total

    def _latents(
        self, means: npt.ArrayLike, scales: npt.ArrayLike, full_support: bool = True
    ) -> Codec:
        line = {"low": -self.reach, "high": self.reach, "precision": PRECISION}
        return Gaussian(means, scales, **line, full_support=full_support)

    def _item(self, x: npt.ArrayLike) -> Floats:
        item = symbol_array(x, "items")
        if item.shape != self._noise.shape:
            raise ValueError(f"an item has shape {self._noise.shape}, not {item.shape}")
        return item.astype(np.float64)

    def _predicted(self, belief: Belief | None) -> Belief:
        if belief is None:
            return Belief(np.zeros_like(self._prior), np.diag(self._prior * self._prior))
        covariance = _product(_product(self._moves, belief.covariance), self._moves.T)
        noise = np.diag(self._moved * self._moved)
        return Belief(_product(self._moves, belief.mean), covariance + noise)


# Only elementwise operations of NumPy, which are rounded as IEEE 754 says.


def _product(a: Floats, b: Floats) -> Floats:
    """``a @ b``, added in the order of the inner axis."""
    total = np.zeros(a.shape[:1] + b.shape[1:])
    for j in range(a.shape[1]):
        total = total + np.multiply.outer(a[:, j], b[j])
    return total


def _variance(belief: Belief, row: Floats, noise: float) -> tuple[Floats, Floats]:
    """Covariances of the latents with a sum of them, and the variance of that sum with noise."""
    covariances = _product(belief.covariance, row)
    return covariances, _product(row[np.newaxis], covariances)[0] + noise * noise


def _given(belief: Belief, rows: Floats, noises: Floats, values: Floats) -> Belief:
    """The belief after observing ``rows @ z`` with independent noise, one value after the other."""
    mean, covariance = belief
    for row, noise, value in zip(rows, noises, values, strict=True):
        covariances, variance = _variance(Belief(mean, covariance), row, noise)
        gain = covariances / np.maximum(variance, SMALLEST * SMALLEST)
        mean = mean + gain * (value - _product(row[np.newaxis], mean)[0])
        covariance = covariance - np.multiply.outer(gain, covariances)
    return Belief(mean, covariance)


def _floats(latents: Sequence[int]) -> Floats:
    return np.array([float(z) for z in latents])


def _checked(
    name: str, values: npt.ArrayLike, shape: tuple[int, ...], positive: bool = True
) -> Floats:
    array = real_numbers(values, name)
    expected = (*array.shape[:1], *shape[1:]) if shape[0] < 0 else shape
    if array.shape != expected or not array.size:
        raise ModelError(f"{name} must have shape {expected}, not {array.shape}")
    if not np.isfinite(array).all() or (positive and not (array > 0).all()):
        kind = "positive and finite" if positive else "finite"
        raise ModelError(f"{name} must be {kind}, not {array!r:.60}")
    return array
