"""Codecs made of codecs. Each pop is its push backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np

from ansflow.arguments import integer
from ansflow.bitsback.codecs.codec import Codec
from ansflow.bitsback.stack.stack import MAX_STACK_LANES, Stack
from ansflow.errors import ModelError

__all__ = [
    "Autoregressive",
    "BitsBack",
    "Certain",
    "FromIterable",
    "Mapped",
    "Parallel",
    "Repeat",
    "Serial",
    "Substack",
    "Unfolded",
]


class BitsBack(Codec):
    """A latent variable model: a joint distribution of data x and latent z as a codec of x alone.

    To push x, sample z from the posterior *with bits of the stack*, and push both under the model.
    The sampling gives ``-log q(z | x)`` bits back, so that on average

        log q(z | x) - log p(x | z) - log p(z)

    are added: the free energy, or negative evidence lower bound. If q is the exact posterior,
    that is ``-log p(x)``, as if z had been summed over.

    Parameters
    ----------
    prior : Codec
        Of z.
    likelihood : callable
        From z to a codec of x.
    posterior : callable
        From x to a codec of z.

    Examples
    --------
    Two coins, one fair, and x is the sum of 8 throws of one of them: which one is the latent.

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
    ) -> None:
        self.prior = prior
        self.likelihood = likelihood
        self.posterior = posterior

    def push(self, stack: Stack, x: Any) -> None:
        z = self.posterior(x).pop(stack)
        self.likelihood(z).push(stack, x)
        self.prior.push(stack, z)

    def pop(self, stack: Stack) -> Any:
        z = self.prior.pop(stack)
        x = self.likelihood(z).pop(stack)
        self.posterior(x).push(stack, z)
        return x


class Certain(Codec):
    """The codec of what is known already: it takes no bits.

    Parameters
    ----------
    value
        The only thing that can be pushed.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def push(self, stack: Stack, x: Any) -> None:
        if not np.array_equal(x, self.value):
            raise ModelError(f"{x!r} has no probability; only {self.value!r} has")

    def pop(self, stack: Stack) -> Any:
        return self.value


class Mapped(Codec):
    """A codec of things that correspond to those of another.

    Parameters
    ----------
    codec : Codec
        Of the others.
    pushed : callable
        From a thing to the other, which is pushed in its place.
    popped : callable
        Its inverse.
    """

    def __init__(
        self, codec: Codec, pushed: Callable[[Any], Any], popped: Callable[[Any], Any]
    ) -> None:
        self.codec = codec
        self.pushed = pushed
        self.popped = popped

    def push(self, stack: Stack, x: Any) -> None:
        self.codec.push(stack, self.pushed(x))

    def pop(self, stack: Stack) -> Any:
        return self.popped(self.codec.pop(stack))


class Serial(Codec):
    """Tuples whose i-th item has the i-th codec.

    Parameters
    ----------
    codecs : sequence of Codec

    Notes
    -----
    The last item is pushed first, so that items are popped in their order.
    """

    def __init__(self, codecs: Sequence[Codec]) -> None:
        self.codecs = tuple(codecs)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        for codec, item in reversed(list(zip(self.codecs, x, strict=True))):
            codec.push(stack, item)

    def pop(self, stack: Stack) -> tuple[Any, ...]:
        return tuple(codec.pop(stack) for codec in self.codecs)


class Repeat(Codec):
    """Lists of `count` items that have the same codec.

    Parameters
    ----------
    codec : Codec
    count : int
    """

    def __init__(self, codec: Codec, count: int) -> None:
        self._serial = Serial([codec] * integer(count, "count", 0))

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        self._serial.push(stack, x)

    def pop(self, stack: Stack) -> list[Any]:
        return list(self._serial.pop(stack))


class FromIterable(Codec):
    """Lists whose items' codecs come from an iterable, as long as it is: each time afresh.

    Parameters
    ----------
    codecs : callable
        Without arguments; returns an iterable of codecs. They are needed last to first by a push,
        so it is read to its end.

    Examples
    --------
    >>> from ansflow.bitsback import FromIterable, Stack, Uniform
    >>> deck = FromIterable(lambda: (Uniform(n, 1) for n in range(52, 0, -1)))  # a permutation
    >>> stack = Stack(seed=0)
    >>> cards = deck.pop(stack)  # a shuffle
    >>> start = stack.mark()
    >>> deck.push(stack, cards)
    >>> round(stack.rates(start).net, 1)  # log2 of 52!
    225.6
    """

    def __init__(self, codecs: Callable[[], Iterable[Codec]]) -> None:
        self.codecs = codecs

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        Serial(list(self.codecs())).push(stack, x)

    def pop(self, stack: Stack) -> list[Any]:
        return [codec.pop(stack) for codec in self.codecs()]


class Substack(Codec):
    """A codec on some of the lanes only.

    Parameters
    ----------
    codec : Codec
    start, stop : int
        Lanes `start` to ``stop - 1``.
    """

    def __init__(self, codec: Codec, start: int, stop: int) -> None:
        self.codec = codec
        self.start = integer(start, "start")
        self.stop = integer(stop, "stop")

    def push(self, stack: Stack, x: Any) -> None:
        self.codec.push(stack.view(self.start, self.stop), x)

    def pop(self, stack: Stack) -> Any:
        return self.codec.pop(stack.view(self.start, self.stop))


class Parallel(Codec):
    """Tuples whose i-th item has the i-th codec, on lanes of its own.

    Parameters
    ----------
    codecs : sequence of Codec
    lanes : sequence of int
        How many lanes each of them has, from the first lane of the stack on.
    """

    def __init__(self, codecs: Sequence[Codec], lanes: Sequence[int]) -> None:
        counts = [integer(count, "one of lanes", 1, MAX_STACK_LANES) for count in lanes]
        self._serial = Serial(
            [
                Substack(codec, end - count, end)
                for codec, count, end in zip(codecs, counts, accumulate(counts), strict=True)
            ]
        )

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        self._serial.push(stack, x)

    def pop(self, stack: Stack) -> tuple[Any, ...]:
        return self._serial.pop(stack)


class Autoregressive(Codec):
    """Lists whose next item's distribution depends on those before it.

    Parameters
    ----------
    codec_after : callable
        From the list of all items so far, which it must not change, to the codec of the next.
    count : int
        Length of the lists.

    Examples
    --------
    >>> from ansflow.bitsback import Autoregressive, Bernoulli, Stack
    >>> sticky = Autoregressive(lambda bits: Bernoulli(0.9 if bits and bits[-1][0] else 0.1, 1), 6)
    >>> stack = Stack()
    >>> sticky.push(stack, [[0], [0], [1], [1], [1], [0]])
    >>> [int(bit[0]) for bit in sticky.pop(stack)]
    [0, 0, 1, 1, 1, 0]
    """

    def __init__(self, codec_after: Callable[[list[Any]], Codec], count: int) -> None:
        self.codec_after = codec_after
        self.count = integer(count, "count", 0)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        items = list(x)
        if len(items) != self.count:
            raise ValueError(f"{len(items)} items instead of {self.count}")
        for i in reversed(range(self.count)):
            self.codec_after(items[:i]).push(stack, items[i])

    def pop(self, stack: Stack) -> list[Any]:
        items: list[Any] = []
        for _ in range(self.count):
            items.append(self.codec_after(items).pop(stack))
        return items


class Unfolded(Codec):
    """A codec on a stack that has more lanes while it works.

    Many lanes are fast, but each costs 32 bits at the beginning. Unfolded from a stack that holds
    something already, they cost nothing.

    Parameters
    ----------
    codec : Codec
    lanes : int
        Lanes that it is unfolded to, and folded from afterwards.
    """

    def __init__(self, codec: Codec, lanes: int) -> None:
        self.codec = codec
        self.lanes = integer(lanes, "lanes", 1, MAX_STACK_LANES)

    def push(self, stack: Stack, x: Any) -> None:
        with self._unfolded(stack):
            self.codec.push(stack, x)

    def pop(self, stack: Stack) -> Any:
        with self._unfolded(stack):
            return self.codec.pop(stack)

    @contextmanager
    def _unfolded(self, stack: Stack) -> Iterator[None]:
        lanes = stack.lanes
        stack.unfold(self.lanes)
        try:
            yield
        finally:
            stack.fold(lanes)
