"""State-space models: sequences that a Markov chain of latents has caused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import items_of
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import CorruptDataError, ModelError

__all__ = ["StateSpace", "StateSpaceModel"]


class StateSpaceModel(ABC):
    """A state-space model as codecs: what pushes latents and data, and what pops latents.

    A *belief* is whatever stands for p(z_t | x_1, ..., x_t). Encoder and decoder must compute the
    same beliefs and the same codecs, to the last bit.

    Attributes
    ----------
    stir : bool
        Whether latents are popped from, and pushed on, a stirred stack (`Stack.stirred`), by
        default True. If posteriors are exact, an item costs the same whatever latents are popped,
        so that they may as well be popped from the bits that are on top.

    Examples
    --------
    Two coins, of which one is loaded; which one is thrown changes once in ten throws:

    >>> import numpy as np
    >>> from ansflow.bitsback import Bernoulli, Categorical, Stack, StateSpace, StateSpaceModel
    >>> steps = np.array([[9, 1], [1, 9]])
    >>> class Coins(StateSpaceModel):
    ...     def prior(self):
    ...         return Categorical.from_weights([1, 1])
    ...
    ...     def transition(self, z):
    ...         return Categorical.from_weights(steps[z])
    ...
    ...     def emission(self, z):
    ...         return Bernoulli([0.5, 0.75][z], ())
    ...
    ...     def update(self, belief, x):
    ...         expected = np.ones(2) if belief is None else belief @ steps
    ...         joint = expected * [[2, 1], [2, 3]][x]
    ...         return joint / joint.sum()
    ...
    ...     def posterior(self, belief, after):
    ...         return Categorical.from_weights(belief if after is None else belief * steps[after])
    >>> stack = Stack(seed=0)
    >>> StateSpace(Coins(), 4).push(stack, [1, 1, 0, 1])
    >>> [int(x) for x in StateSpace(Coins(), 4).pop(stack)]
    [1, 1, 0, 1]
    """

    stir: ClassVar[bool] = True

    @abstractmethod
    def prior(self) -> Codec:
        """The codec of z_1."""

    @abstractmethod
    def transition(self, z: Any) -> Codec:
        """The codec of z_t+1, given that z_t is `z`."""

    @abstractmethod
    def emission(self, z: Any) -> Codec:
        """The codec of x_t, given that z_t is `z`."""

    @abstractmethod
    def update(self, belief: Any, x: Any) -> Any:
        """The belief after one more item, a new object; the belief before the first is None."""

    @abstractmethod
    def posterior(self, belief: Any, after: Any) -> Codec:
        """The codec of z_t, given x_1, ..., x_t and that z_t+1 is `after`; None if x_t is last."""


class StateSpace(Codec):
    """Sequences under a state-space model: bits back along the chain of its latents.

    The talk's identity, H(X) = H(X, Z) - H(Z | X), for sequences: latents are popped from the
    posterior, which gives H(Z | X) back, and latents and data are pushed under the model, which
    takes H(X, Z). The chain of latents is also one backwards, given the data:

        p(z_1, ..., z_T | x) = p(z_T | x_1, ..., x_T) * product of p(z_t | z_t+1, x_1, ..., x_t)

    so all that is needed from the data are the filter's beliefs p(z_t | x_1, ..., x_t). Each latent
    is popped when the one after it waits to be pushed, and what a step pushes is there for the next
    one to pop from. Only the first step needs initial bits, however long the sequence is. The
    decoder runs the same filter forwards, on what it has decoded so far.

    If the posterior is exact, a sequence takes ``-log2 p(x)`` bits, whatever the latents are that
    were popped.

    Parameters
    ----------
    model : StateSpaceModel
        `FiniteStates` or `LinearGaussian`, for example.
    length : int
        How many items a sequence has.

    Raises
    ------
    TypeError, ValueError
        If `length` is not an integer, or negative; a push also if a sequence has another length.
    StackUnderflowError
        If the stack has too few bits, and no seed: a push pops latents as well.
    CorruptDataError
        By a pop if a latent has no slot in its posterior, since no push leaves such a stack.

    Notes
    -----
    Pushing keeps a belief for each item, popping only the last one. The model is given items as
    they are pushed or popped, so what it computes must not depend on their type. A failure may
    leave the stack changed (`Stack.atomic`). What is popped from bits that nobody has pushed is a
    sample, unless a latent turns up that has no slot in its posterior.

    Examples
    --------
    A coin that is fair or not, and that is changed once in ten throws.

    >>> from ansflow.bitsback import Bernoulli, FiniteStates, Stack, StateSpace
    >>> from ansflow.models import Categorical, Conditional
    >>> coins = [Bernoulli(p, ()) for p in (0.5, 0.97)]
    >>> model = FiniteStates(
    ...     prior=Categorical([1, 1]),
    ...     transitions=Conditional.from_counts([[9, 1], [1, 9]]),
    ...     emission=lambda z: coins[z],
    ...     likelihoods=lambda x: [0.5, 0.97 if x else 0.03],
    ... )
    >>> codec = StateSpace(model, 8)
    >>> stack = Stack(seed=0)
    >>> codec.push(stack, [0, 1, 0, 1, 1, 1, 1, 1])
    >>> [int(x) for x in codec.pop(stack)]
    [0, 1, 0, 1, 1, 1, 1, 1]

    References
    ----------
    Townsend & Murray 2021, "Lossless compression with state space models using bits back coding",
    arXiv:2103.10150, section 3.
    """

    def __init__(self, model: StateSpaceModel, length: int) -> None:
        self.model = model
        self.length = integer(length, "length", 0)

    def push(self, stack: Stack, x: Sequence[Any]) -> None:
        items, model = items_of(x, self.length), self.model
        beliefs: list[Any] = []
        for item in items:
            beliefs.append(model.update(beliefs[-1] if beliefs else None, item))
        after = None
        for item, belief in zip(reversed(items), reversed(beliefs), strict=True):
            posterior = model.posterior(belief, after)
            with self._stirred(stack):
                z = posterior.pop(stack)
            if after is not None:
                model.transition(z).push(stack, after)
            model.emission(z).push(stack, item)
            after = z
        if items:
            model.prior().push(stack, after)

    def pop(self, stack: Stack) -> list[Any]:
        items: list[Any] = []
        model, belief, z = self.model, None, None
        if self.length:
            z = model.prior().pop(stack)
        while len(items) < self.length:
            items.append(model.emission(z).pop(stack))
            after = None
            try:
                belief = model.update(belief, items[-1])
                if len(items) < self.length:
                    after = model.transition(z).pop(stack)
                posterior = model.posterior(belief, after)
                with self._stirred(stack):
                    posterior.push(stack, z)
            except ModelError as error:
                raise CorruptDataError(
                    f"latent {z!r} of item {len(items) - 1} has no probability given the data: the "
                    f"stack was not pushed by this codec, or has been damaged ({error})"
                ) from error
            z = after
        return items

    def _stirred(self, stack: Stack) -> AbstractContextManager[Any]:
        return stack.stirred() if self.model.stir else nullcontext()
