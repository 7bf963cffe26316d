"""Hierarchies of latents, coded by BB-ANS or by Bit-Swap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.autoregressive import Autoregressive
from ansflow.bitsback.combinators.bits_back import BitsBack, Layer
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.stack.stack import Stack

__all__ = ["Hierarchy"]


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """A Markov chain of latents z_1 ... z_L above data x, with inference from the bottom up.

        p(x, z_1 ... z_L) = p(x | z_1) p(z_1 | z_2) ... p(z_(L-1) | z_L) p(z_L)
        q(z_1 ... z_L | x) = q(z_1 | x) q(z_2 | z_1) ... q(z_L | z_(L-1))

    Two codecs of x follow from this description, `bb_ans` and `bit_swap`. Both add the free energy
    on average, but they need different numbers of initial bits.

    Parameters
    ----------
    prior : Codec
        Of z_L.
    likelihoods : sequence of callable
        From z_1 to the codec of x, from z_2 to that of z_1, up to that of z_(L-1).
    posteriors : sequence of callable
        From x to the codec of z_1, from z_1 to that of z_2, up to that of z_L; as many as there are
        likelihoods.

    Raises
    ------
    ValueError
        If there are no likelihoods, or not as many posteriors.

    Examples
    --------
    Eight layers of correlated numbers, with exact posteriors. The words that are drawn from the
    seed are the initial bits:

    >>> import numpy as np
    >>> from ansflow.bitsback import Buckets, Gaussian, Hierarchy, Stack
    >>> buckets, zeros = Buckets(12), np.zeros(64)
    >>> def below(z):
    ...     return buckets.likelihood(0.8 * buckets.centres[z], 0.6 + zeros)
    >>> def above(z):
    ...     return buckets.posterior(0.8 * buckets.centres[z], 0.6 + zeros)
    >>> hierarchy = Hierarchy(
    ...     buckets.prior(64),
    ...     [lambda z: Gaussian(16 * buckets.centres[z], 12 + zeros, -200, 200), *[below] * 7],
    ...     [lambda x: buckets.posterior(0.04 * x, 0.6 + zeros), *[above] * 7],
    ... )
    >>> x = Gaussian(zeros, 20, -200, 200).pop(Stack(seed=1))
    >>> for codec in (hierarchy.bb_ans(), hierarchy.bit_swap()):
    ...     stack = Stack(seed=0)
    ...     codec.push(stack, x)
    ...     print(32 * stack.drawn)
    5792
    1120

    References
    ----------
    F. Kingma, Abbeel & Ho 2019, "Bit-Swap: recursive bits-back coding for lossless compression
    with hierarchical latent variables", arXiv:1905.06845, algorithm 1.
    """

    prior: Codec
    likelihoods: Sequence[Callable[[Any], Codec]]
    posteriors: Sequence[Callable[[Any], Codec]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "likelihoods", tuple(self.likelihoods))
        object.__setattr__(self, "posteriors", tuple(self.posteriors))
        if not 1 <= len(self.likelihoods) == len(self.posteriors):
            raise ValueError(
                "a hierarchy must have a likelihood and a posterior for each layer of latents, and "
                f"one layer or more, not {len(self.likelihoods)} and {len(self.posteriors)} of them"
            )

    @property
    def depth(self) -> int:
        """The number of layers of latents, L."""
        return len(self.likelihoods)

    def bit_swap(self) -> Codec:
        """The codec of x that pops each layer of latents after it has pushed the one below.

        It is `BitsBack` whose prior is `BitsBack`, and so on. So a layer is popped from the bits of
        the one below it, and the initial bits do not depend on the depth.
        """
        layers = zip(self.likelihoods, self.posteriors, strict=True)
        return BitSwap(self.prior, [Layer(*layer) for layer in layers])

    def bb_ans(self) -> BitsBack:
        """The codec of x that pops all latents first, as one: the initial bits are those of all."""

        def from_below(x: Any) -> Codec:
            return Autoregressive(lambda z: self.posteriors[len(z)](z[-1] if z else x), self.depth)

        def from_above(z: list[Any]) -> Codec:
            return self.likelihoods[self.depth - len(z)](z[-1]) if z else self.prior

        return BitsBack(
            prior=Mapped(Autoregressive(from_above, self.depth), _reversed, _reversed),
            likelihood=lambda z: self.likelihoods[0](z[0]),
            posterior=from_below,
        )


class BitSwap(Codec):
    """`BitsBack` in `BitsBack`, in a loop: Python's functions can't call each other for ever.

    Parameters
    ----------
    prior : Codec
        Of the highest layer of latents.
    layers : list of Layer
        The lowest first.
    """

    def __init__(self, prior: Codec, layers: list[Layer]) -> None:
        self.prior = prior
        self.layers = layers

    def push(self, stack: Stack, x: Any) -> None:
        for layer in self.layers:
            x = layer.push(stack, x)
        self.prior.push(stack, x)

    def pop(self, stack: Stack) -> Any:
        x = self.prior.pop(stack)
        for layer in reversed(self.layers):
            x = layer.pop(stack, x)
        return x


def _reversed(z: list[Any]) -> list[Any]:
    return z[::-1]
