"""Bits-back coding: a latent-variable model as a codec of the data alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import CorruptDataError, ModelError

__all__ = ["BitsBack", "Layer"]


@dataclass(frozen=True, eq=False)
class Layer:
    """Latents above data: all of `BitsBack` but the prior, which `push` leaves to be pushed.

    Parameters
    ----------
    likelihood : callable
        From z to the codec of x.
    posterior : callable
        From x to the codec of z.
    stir : bool
    """

    likelihood: Callable[[Any], Codec]
    posterior: Callable[[Any], Codec]
    stir: bool = True

    def push(self, stack: Stack, x: Any) -> Any:
        """Pop z given x, push x given z, and return z."""
        posterior = self.posterior(x)
        with self._stirred(stack):
            z = posterior.pop(stack)
        self.likelihood(z).push(stack, x)
        return z

    def pop(self, stack: Stack, z: Any) -> Any:
        """Pop x given z, push z given x, and return x."""
        x = self.likelihood(z).pop(stack)
        posterior = self.posterior(x)
        try:
            with self._stirred(stack):
                posterior.push(stack, z)
        except ModelError as error:
            raise CorruptDataError(
                "the stack holds no data of this codec: the latents that were popped cannot have "
                f"been sampled from their posterior ({error})"
            ) from error
        return x

    def _stirred(self, stack: Stack) -> AbstractContextManager[Any]:
        return stack.stirred() if self.stir else nullcontext()


class BitsBack(Codec):
    """A latent-variable model: a joint distribution of data x and latents z as a codec of x alone.

    To push x, z is sampled from the posterior *with bits of the stack*, and then both are pushed
    under the model. The decoder gets the ``-log q(z | x)`` bits of the sample back, so that on
    average

        log q(z | x) - log p(x | z) - log p(z)

    are added: the free energy, or negative evidence lower bound. If q is the exact posterior, that
    is ``-log p(x)``, as if z had been marginalised out.

    Parameters
    ----------
    prior : Codec
        The codec of z.
    likelihood : callable
        From z to the codec of x.
    posterior : callable
        From x to the codec of z. It need not have full support.
    stir : bool
        Whether the posterior is popped from, and pushed on, a stirred stack (`Stack.stirred`). If
        it is exact for all data, it may as well take the bits that are on top.

    Raises
    ------
    StackUnderflowError
        By a push if the stack has too few bits to sample z, and no seed; by a pop as well.
    CorruptDataError
        By a pop if the posterior gives the latents no probability, since no push leaves such a
        stack.

    Examples
    --------
    Two coins, one of them fair. The latent is the coin, x how often it wins in 8 throws.

    >>> from ansflow.bitsback import Bernoulli, BitsBack, Stack, Symbols
    >>> from ansflow.models import Quantized
    >>> from scipy.stats import binom
    >>> throws = [Symbols(Quantized(binom(8, p), 0, 8), 1) for p in (0.5, 0.9)]
    >>> codec = BitsBack(
    ...     prior=Bernoulli(0.5, 1),
    ...     likelihood=lambda z: throws[z[0]],
    ...     posterior=lambda x: Bernoulli(0.97 if x[0] > 6 else 0.03, 1),
    ... )
    >>> stack = Stack(seed=0)
    >>> codec.push(stack, [8])
    >>> codec.pop(stack)
    array([8])

    References
    ----------
    Townsend, Bird & Barber 2019, arXiv:1901.04866, table 1; Frey & Hinton 1997; Wallace 1990.
    """

    def __init__(
        self,
        prior: Codec,
        likelihood: Callable[[Any], Codec],
        posterior: Callable[[Any], Codec],
        *,
        stir: bool = True,
    ) -> None:
        self.prior = prior
        self.layer = Layer(likelihood, posterior, stir)

    def push(self, stack: Stack, x: Any) -> None:
        z = self.layer.push(stack, x)
        self.prior.push(stack, z)

    def pop(self, stack: Stack) -> Any:
        z = self.prior.pop(stack)
        return self.layer.pop(stack, z)
