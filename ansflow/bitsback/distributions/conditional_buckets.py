"""Continuous latents, discretised into buckets that are equally likely given other latents."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, real_numbers
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.buckets import POSTERIOR_PRECISION, Buckets
from ansflow.bitsback.distributions.families import FamilyName
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.read_only import ReadOnly, read_only
from ansflow.errors import ModelError

__all__ = ["ConditionalBuckets"]


class ConditionalBuckets(ReadOnly):
    """Buckets of latents z given others z', equally likely under a prior p(z | z') for each latent.

    For models whose latents are coded from the top down, so that z' is known before z: hierarchies
    with top-down inference, diffusion. Buckets are where the prior expects the latents, so few of
    them are enough: 8 bits are as good as 12 bits of `Buckets`, which are the same for any z'.

    They are those of `buckets`, shifted by `mean` and stretched by `scale`. That takes additions,
    multiplications and divisions of doubles, each rounded by itself: they are the same on all
    machines.

    Parameters
    ----------
    buckets : Buckets
        Their prior is the family of p(z | z').
    mean, scale : array_like, any shape
        Of p(z | z'), for each latent; finite, and scales positive.

    Attributes
    ----------
    mean, scale : ndarray of float64

    Raises
    ------
    ModelError
        If a mean is not finite, or a scale not positive and finite.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import BitsBack, Buckets, ConditionalBuckets, Gaussian, Stack
    >>> given = ConditionalBuckets(Buckets(8), mean=[300.0, -2.0], scale=[10.0, 0.5])
    >>> model = BitsBack(
    ...     given.prior,
    ...     likelihood=lambda b: Gaussian(given.centres(b), [0.5, 0.5], -1000, 1000),
    ...     posterior=lambda x: given.posterior(mean=x, scale=[0.5, 0.35]),
    ... )
    >>> stack = Stack(seed=0)
    >>> model.push(stack, [315, -2])
    >>> model.pop(stack)
    array([315,  -2])

    References
    ----------
    Townsend, Bird, Kunze & Barber 2020, "HiLLoC: lossless image compression with hierarchical
    latent variable models", arXiv:1912.09953, section 3.3.
    """

    def __init__(self, buckets: Buckets, mean: npt.ArrayLike, scale: npt.ArrayLike) -> None:
        self.buckets = buckets
        means, scales = real_numbers(mean, "mean"), real_numbers(scale, "scale")
        if means.shape != scales.shape:
            means, scales = broadcast(mean=means, scale=scales)
        if not (np.isfinite(means).all() and np.isfinite(scales).all() and (scales > 0).all()):
            raise ModelError("the means of buckets must be finite, and scales positive and finite")
        self.mean, self.scale = read_only((means, scales))

    @property
    def prior(self) -> Uniform:
        """The codec of bucket numbers under p(z | z'), under which they are uniform."""
        return self.buckets.prior(self.mean.shape)

    def posterior(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        family_name: FamilyName = "gaussian",
        precision: int = POSTERIOR_PRECISION,
    ) -> LocationScale:
        """The codec of bucket numbers under a posterior q(z | z', x), as `Buckets.posterior`.

        Parameters
        ----------
        mean, scale : array_like
            Of z itself, not relative to the prior. They are broadcast to the shape of the prior's.
        family_name : {"gaussian", "logistic"}
        precision : int
        """
        means, scales = real_numbers(mean, "mean"), real_numbers(scale, "scale")
        if not means.shape == scales.shape == self.mean.shape:
            means, scales, _ = broadcast(mean=means, scale=scales, prior=self.mean)
        with np.errstate(over="ignore", under="ignore"):
            relative = (means - self.mean) / self.scale, scales / self.scale
        return self.buckets.posterior(*relative, family_name, precision)

    def centres(self, numbers: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float64]:
        """The prior's median in each of these buckets.

        Parameters
        ----------
        numbers : ndarray of int, shape of the prior's mean
        """
        centres = self.buckets.centres[as_array(numbers, "numbers")]
        return np.asarray(self.mean + self.scale * centres)
