"""Continuous latents, discretised into buckets that are equally likely under the prior."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers
from ansflow.bitsback.distributions.array_codec import Shape
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.families import FamilyName, family
from ansflow.bitsback.distributions.location_scale import LocationScale, line_of
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.read_only import ReadOnly
from ansflow.errors import ModelError
from ansflow.lazy import cached_property

__all__ = ["Buckets"]

MAX_BITS = 16

# With 12 bits of buckets, messages of images were 0.25% longer at 22 bits. Above 28 bits, heads of
# 64 bits lose more than is gained.
POSTERIOR_PRECISION = 28

# Edges and centres are multiples of 2^-24: coarse enough that all machines agree on them.
RESOLUTION = 24


class Buckets(ReadOnly):
    """2^bits intervals of the line, equally likely under a standard Gaussian or logistic prior.

    Of all ways to cut the line into so many buckets, this one has the largest entropy under the
    prior, which is exactly uniform over them.

    Parameters
    ----------
    bits : int
        1 to 16. The rate of images is the same from 10 bits on; more bits take a little more time.
    prior : {"gaussian", "logistic"}

    Attributes
    ----------
    edges : ndarray of float64, shape (2**bits + 1,)
        Multiples of 2^-24, except the first and last one, which are infinite.
    centres : ndarray of float64, shape (2**bits,)
        The prior's median in each bucket, a multiple of 2^-24.

    Raises
    ------
    ModelError
        If `bits` is out of range.
    ValueError
        If there is no such prior.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Buckets, Stack
    >>> buckets = Buckets(12)
    >>> stack = Stack(seed=1)
    >>> posterior = buckets.posterior(mean=[0.5, -1.0], scale=[0.1, 0.2])
    >>> z = posterior.pop(stack)  # samples, with borrowed bits
    >>> buckets.prior(2).push(stack, z)
    >>> np.abs(buckets.centres[z] - [0.5, -1.0]) < 1
    array([ True,  True])

    References
    ----------
    Townsend, Bird & Barber 2019, arXiv:1901.04866, section 2.5.1 and appendix B.
    """

    def __init__(self, bits: int, prior: FamilyName = "gaussian") -> None:
        self.bits = integer(bits, "bits", 1, MAX_BITS, error=ModelError)
        self.family = family(prior)

    @cached_property
    def edges(self) -> npt.NDArray[np.float64]:
        return self._quantiles(np.arange((1 << self.bits) + 1), 1 << self.bits)

    @cached_property
    def centres(self) -> npt.NDArray[np.float64]:
        return self._quantiles(np.arange(1, 2 << self.bits, 2), 2 << self.bits)

    def _quantiles(
        self, numerators: npt.NDArray[np.int64], denominator: int
    ) -> npt.NDArray[np.float64]:
        lower = self.family.quantile(numerators[: (numerators.size + 1) // 2] / denominator)
        rounded = np.ldexp(np.rint(np.ldexp(lower, RESOLUTION)), -RESOLUTION)
        # Symmetric, even if the machine's quantile function is not exact for large probabilities.
        values = np.concatenate([rounded, -rounded[: numerators.size // 2][::-1]])
        values.setflags(write=False)
        return values

    def prior(self, shape: Shape = None) -> Uniform:
        """The codec of bucket numbers under the prior, under which they are uniform."""
        return Uniform(1 << self.bits, shape)

    def likelihood(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        family_name: FamilyName = "gaussian",
        precision: int = POSTERIOR_PRECISION,
    ) -> LocationScale:
        """The codec of bucket numbers under what another latent says of them.

        Parameters and errors are those of `posterior`. Each bucket has at least one slot, so that
        any can be pushed.
        """
        return self._codec(mean, scale, family_name, precision, True)

    def posterior(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        family_name: FamilyName = "gaussian",
        precision: int = POSTERIOR_PRECISION,
    ) -> LocationScale:
        """The codec of bucket numbers under independent Gaussians or logistics.

        Parameters
        ----------
        mean, scale : array_like, any shape
            In units of the prior's scale.
        family_name : {"gaussian", "logistic"}
        precision : int
            1 to 31.

        Raises
        ------
        ModelError
            If a mean is not finite, a scale is not positive and finite, or the precision is out of
            range.
        ValueError
            If the shapes cannot be broadcast to one.

        Notes
        -----
        Buckets that are so improbable that they have none of the ``2**precision`` slots are never
        popped, and cannot be pushed (`ModelError`).
        """
        return self._codec(mean, scale, family_name, precision, False)

    def _codec(
        self,
        mean: npt.ArrayLike,
        scale: npt.ArrayLike,
        family_name: FamilyName,
        precision: int,
        full_support: bool,
    ) -> LocationScale:
        means, scales = real_numbers(mean, "mean", False), real_numbers(scale, "scale", False)
        if means.shape != scales.shape:
            means, scales = broadcast(mean=means, scale=scales)
        line = line_of(family(family_name), self.edges, 0, precision, full_support)
        return LocationScale.by_scales(means, scales, line)
