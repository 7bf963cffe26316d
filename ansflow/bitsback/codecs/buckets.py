"""Continuous latents, cut into buckets that are all equally likely under the prior."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.codecs.codec import Shape
from ansflow.bitsback.codecs.families import FamilyName, family
from ansflow.bitsback.codecs.inputs import spread
from ansflow.bitsback.codecs.location_scale import LocationScale
from ansflow.bitsback.codecs.read_only import ReadOnly
from ansflow.bitsback.codecs.uniform import Uniform
from ansflow.bitsback.combinators import Mapped
from ansflow.errors import ModelError
from ansflow.lazy import cached_property

__all__ = ["Buckets"]

MAX_BITS = 16
GOLDEN = 2654435769  # 2^32 over the golden ratio

# With 12 bits of buckets, messages of images were 0.25% longer at 22 bits. Above 28, heads of 64
# bits begin to lose more than that gains.
POSTERIOR_PRECISION = 28

# Edges and centres are multiples of 2^-24: coarse enough that all machines agree on them.
RESOLUTION = 24


class Buckets(ReadOnly):
    """2^bits intervals of the line that a standard Gaussian or logistic prior makes equally likely.

    Of all ways to cut the line into so many buckets, this one has the largest entropy under the
    prior, which becomes exactly uniform.

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
        # Symmetric, whatever the machine's quantile function does to large probabilities.
        values = np.concatenate([rounded, -rounded[: numerators.size // 2][::-1]])
        values.setflags(write=False)
        return values

    def prior(self, shape: Shape = None) -> Mapped:
        """The codec of bucket numbers under the prior: they are uniform.

        What is pushed isn't a number b itself but b * m modulo 2^bits, where m is odd and 2^bits
        over the golden ratio. The next latents are sampled from these bits. If the prior isn't
        exactly the average of all posteriors, some numbers are likelier than others, and then so
        would be those samples. Multiplied, numbers close to each other become evenly spread.
        """
        size, m = 1 << self.bits, GOLDEN >> (32 - self.bits) | 1
        inverse = pow(m, -1, size)

        def spread(b: npt.ArrayLike) -> npt.NDArray[np.int64]:
            numbers = as_array(b, "bucket numbers")
            if numbers.size and numbers.dtype.kind not in "iub":
                raise TypeError(f"bucket numbers must be integers, not {numbers.dtype}")
            if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < size:
                raise ModelError(f"a bucket's number isn't between 0 and {size - 1}")
            return numbers.astype(np.int64) * m % size

        def gathered(y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            return np.asarray(y * inverse % size)

        return Mapped(Uniform(size, shape), pushed=spread, popped=gathered)

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
            In the prior's unit.
        family_name : {"gaussian", "logistic"}
        precision : int
            At least `bits`. Each bucket's one slot is as if the posterior were mixed with the
            prior: a sample comes from the latter with probability ``2**(bits - precision)``.
        """
        means, scales = spread(mean=real_numbers(mean, "mean"), scale=real_numbers(scale, "scale"))
        return LocationScale(
            family_name,
            means[..., np.newaxis],
            scales[..., np.newaxis],
            self.edges,
            precision=precision,
        )
