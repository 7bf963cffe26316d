"""Continuous latents, discretised into buckets that are equally likely under the prior."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.distributions.array_codec import Shape
from ansflow.bitsback.distributions.broadcasting import broadcast
from ansflow.bitsback.distributions.families import FamilyName, family
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.read_only import ReadOnly
from ansflow.errors import ModelError
from ansflow.lazy import cached_property

__all__ = ["Buckets"]

MAX_BITS = 16
GOLDEN = 2654435769  # 2^32 over the golden ratio

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
        1 to 16.
    prior : {"gaussian", "logistic"}

    Attributes
    ----------
    edges : ndarray of float64, shape (2**bits + 1,)
        Multiples of 2^-24, except the first and last one, which are infinite.
    centres : ndarray of float64, shape (2**bits,)
        The prior's median in each bucket, a multiple of 2^-24.

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

    def prior(self, shape: Shape = None) -> Mapped:
        """The codec of bucket numbers under the prior, under which they are uniform.

        Instead of a number b, b * m modulo 2^bits is pushed, where m is odd and about 2^bits over
        the golden ratio. The next latents are sampled from these bits. If the prior is not exactly
        the average of all posteriors, some numbers are more probable than others, and so would
        those samples be. The multiplication spreads numbers that are close to each other evenly.
        """
        size, m = 1 << self.bits, GOLDEN >> (32 - self.bits) | 1
        inverse = pow(m, -1, size)

        def scattered(b: npt.ArrayLike) -> npt.NDArray[np.int64]:
            numbers = as_array(b, "bucket numbers")
            if numbers.size and numbers.dtype.kind not in "iub":
                raise TypeError(f"bucket numbers must be integers, not {numbers.dtype}")
            if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < size:
                raise ModelError(f"bucket numbers must be 0 to {size - 1}")
            return numbers.astype(np.int64) * m % size

        def gathered(y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            return np.asarray(y * inverse % size)

        return Mapped(Uniform(size, shape), pushed=scattered, popped=gathered)

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
            At least `bits`. Each bucket has at least one slot, as if the posterior were mixed with
            the prior: a sample comes from the prior with probability ``2**(bits - precision)``.
        """
        means, scales = broadcast(
            mean=real_numbers(mean, "mean"), scale=real_numbers(scale, "scale")
        )
        return LocationScale(
            family_name,
            means[..., np.newaxis],
            scales[..., np.newaxis],
            self.edges,
            precision=precision,
        )
