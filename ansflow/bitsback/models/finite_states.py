"""Hidden Markov models with emissions of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.arguments import real_numbers
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.state_space import StateSpaceModel
from ansflow.bitsback.distributions.cdf_rows import ONE_ROW, CDFRows
from ansflow.bitsback.read_only import ReadOnly, read_only
from ansflow.errors import ModelError
from ansflow.kernels.stack import hidden_markov as kernels
from ansflow.models.base import Model
from ansflow.models.checked import Frequencies, frequencies_of, support_of
from ansflow.models.frequencies import cumulative

__all__ = ["FiniteStates", "StateTables", "probabilities_in_columns", "rows_of"]

Floats = npt.NDArray[np.float64]

# With 24 bits 16,384 steps of 64 states cost 0.1 bits more than they should at most; with 20 as
# with 26 up to three times that. Few slots round the posterior, many leave a head too few bits.
POSTERIOR_PRECISION = 24

# Likelihoods keep so many significant bits that tables of up to 16 bits stay as they are, and so
# few that two machines, whose exp differs in the last bit, disagree once in 2^36 numbers.
LIKELIHOOD_BITS = 16

# States are padded to a multiple of this.
PADDING = 4


class StateTables(ReadOnly):
    """A Markov chain of states, as integers for the coder and as doubles for the filter.

    Parameters
    ----------
    prior, transitions : Model

    Attributes
    ----------
    states : int
        Also the number of the state outside the sequence, `outside` in the kernels.
    width : int
        How long vectors of states are with their padding.
    precision : int
    cdf : ndarray of uint32, shape (states + 1, states + 1)
        Of the next state, after each state and after none.
    first : ndarray of float64, shape (width,)
        The prior.
    forward : ndarray of float64, shape (width, width)
        ``forward[j, k]`` is the probability of k after j.
    backward : ndarray of float64, shape (states + 1, width)
        The same transposed, and a row of ones.
    """

    def __init__(self, prior: Model, transitions: Model) -> None:
        start, steps = frequencies_of(prior), rows_of(transitions, "transitions")
        states = steps.alphabet
        if start.freq.shape != (states,) or steps.freq.shape != (states, states):
            raise ModelError(
                "the prior must be one distribution of states, and the transitions one for each "
                f"state, but their frequencies have shapes {start.freq.shape} and "
                f"{steps.freq.shape}"
            )
        if support_of(prior, states)[0] or support_of(transitions, states)[0]:
            raise ModelError("states are numbered from 0: low must be 0")
        precision = max(start.precision, steps.precision)
        after_each = steps.freq << np.uint32(precision - steps.precision)
        after_none = start.freq << np.uint32(precision - start.precision)
        backward = np.ones((states + 1, states + -states % PADDING))
        backward[:states] = probabilities_in_columns(after_each, precision)
        width = backward.shape[1]
        forward = np.zeros((width, width))
        forward[:states, :states] = backward[:states, :states].T
        self.states, self.width, self.precision = states, width, precision
        self.cdf = cumulative(np.vstack([after_each, after_none]))
        self.first = read_only(padded(np.ldexp(after_none, -precision), width))
        self.forward, self.backward = read_only(forward), read_only(backward)

    def scratch(self) -> tuple[Floats, npt.NDArray[np.uint32]]:
        """Room for a row of a posterior: its cumulative sums, and its CDF."""
        return np.empty(self.states), np.zeros((1, self.states + 1), np.uint32)


class Belief(NamedTuple):
    """What the forward filter knows after an item."""

    states: Floats  # p(z_t | x_1, ..., x_t), shape (1, width)
    predicted: Floats  # p(z_t+1 | x_1, ..., x_t), shape (width,)


class FiniteStates(StateSpaceModel):
    """A hidden Markov model whose emissions are any codec, for `StateSpace`.

    Where emissions are tables of frequencies, `HiddenMarkov` does the same in one kernel, and much
    faster.

    Parameters
    ----------
    prior : Model
        Of the first state; states are numbered from 0. For example `models.Categorical`.
    transitions : Model
        With a row for each state: the distribution of the state after it. For example
        `models.Conditional`.
    emission : callable
        From a state, an int, to the codec of an item.
    likelihoods : callable
        From an item to what it is worth in each state: array_like of float, shape (states,), the
        probabilities or densities up to a common factor. Each is rounded to 16 significant bits,
        and is 0 below 2^-400 of the largest. 0 says that the item is impossible in a state.

    Raises
    ------
    ModelError
        If the prior and the transitions do not fit each other.

    Notes
    -----
    The rounding makes likelihoods the same on machines whose ``exp`` differs in the last bit, but
    for one number in 2^36 or so. Those that need no such function are safe.

    Examples
    --------
    Levels that stay for some time, measured with noise:

    >>> import numpy as np
    >>> from ansflow.bitsback import FiniteStates, Gaussian, Stack, StateSpace
    >>> from ansflow.models import Categorical, Conditional
    >>> levels = np.array([-20.0, 0.0, 35.0])
    >>> model = FiniteStates(
    ...     prior=Categorical.from_counts([1, 1, 1]),
    ...     transitions=Conditional.from_counts(np.eye(3) + 0.05),
    ...     emission=lambda z: Gaussian(levels[z], 4.0, -100, 100),
    ...     likelihoods=lambda x: np.exp(-((x - levels) ** 2) / (2 * 4.0**2)),
    ... )
    >>> codec = StateSpace(model, 6)
    >>> stack = Stack(seed=0)
    >>> codec.push(stack, [-23, -18, 1, 39, 33, 36])
    >>> [int(x) for x in codec.pop(stack)]
    [-23, -18, 1, 39, 33, 36]
    """

    stir = False  # posteriors are exact

    def __init__(
        self,
        prior: Model,
        transitions: Model,
        emission: Callable[[int], Codec],
        likelihoods: Callable[[Any], npt.ArrayLike],
    ) -> None:
        self.tables = StateTables(prior, transitions)
        self._emission = emission
        self._likelihoods = likelihoods
        numbers = read_only(np.arange(self.tables.states + 1, dtype=np.uint32))
        self._next = [
            CDFRows(self.tables.cdf, numbers[z : z + 1], self.tables.precision, ()) for z in numbers
        ]

    def prior(self) -> Codec:
        return self._next[self.tables.states]

    def transition(self, z: Any) -> Codec:
        return self._next[int(z)]

    def emission(self, z: Any) -> Codec:
        return self._emission(int(z))

    def update(self, belief: Belief | None, x: Any) -> Belief:
        tables = self.tables
        likelihoods = real_numbers(self._likelihoods(x), "likelihoods")
        if likelihoods.shape != (tables.states,) or not (likelihoods >= 0).all():
            raise ModelError(
                f"likelihoods must be {tables.states} numbers, none of them negative, not "
                f"{likelihoods!r:.60}"
            )
        row = read_only(padded(rounded(likelihoods), tables.width)[np.newaxis])
        predicted = (tables.first if belief is None else belief.predicted).copy()
        now = Belief(np.empty((1, tables.width)), predicted)
        first, probability = np.zeros(1, np.int64), np.empty(1)
        if not kernels.forward(first, predicted, tables.forward, row, now.states, probability):
            raise ModelError(f"the item {x!r} has no probability after those before it")
        return now

    def posterior(self, belief: Belief, after: Any) -> Codec:
        tables = self.tables
        sums, row = tables.scratch()
        later = np.uint64(tables.states if after is None else int(after))
        precision = np.uint64(POSTERIOR_PRECISION)
        kernels.posterior(belief.states, tables.backward, later, precision, sums, row)
        return CDFRows(row, ONE_ROW, POSTERIOR_PRECISION, ())


def rounded(likelihoods: Floats) -> Floats:
    """To 16 significant bits, and relative to a power of two near the largest."""
    if not np.isfinite(likelihoods).all():
        raise ModelError("likelihoods must be finite; divide them by the largest")
    mantissas, exponents = np.frexp(likelihoods)
    below = exponents - np.max(exponents, where=mantissas > 0, initial=-(1 << 12))
    digits = np.rint(np.ldexp(mantissas, LIKELIHOOD_BITS))
    digits[below < -400] = 0.0
    result: Floats = np.ldexp(digits, np.maximum(below, -400) - LIKELIHOOD_BITS)
    return result


def rows_of(model: Model, name: str) -> Frequencies:
    """The frequencies of a model that has a row for each state."""
    known = frequencies_of(model)
    if not known.conditional:
        raise ModelError(
            f"the {name} must have a row of frequencies for each state, such as those of "
            "models.Conditional"
        )
    return known


def probabilities_in_columns(freq: npt.NDArray[np.uint32], precision: int) -> Floats:
    """Probabilities of rows of frequencies, transposed, with padding; read-only."""
    rows, alphabet = freq.shape
    columns = np.zeros((alphabet, rows + -rows % PADDING))
    columns[:, :rows] = freq.T * 2.0**-precision
    columns.setflags(write=False)
    return columns


def padded(values: Floats, width: int) -> Floats:
    row = np.zeros(width)
    row[: values.size] = values
    return row
