"""Hidden Markov models of symbols: the filter and the coder in one kernel."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.distributions.array_codec import ArrayCodec
from ansflow.bitsback.distributions.cdf_rows import CDFRows
from ansflow.bitsback.models.finite_states import (
    POSTERIOR_PRECISION,
    FiniteStates,
    Floats,
    StateTables,
    probabilities_in_columns,
    rows_of,
)
from ansflow.bitsback.read_only import read_only
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import CorruptDataError, ModelError
from ansflow.kernels.stack import hidden_markov as kernels
from ansflow.models.base import Model
from ansflow.models.checked import support_of
from ansflow.models.frequencies import cumulative

__all__ = ["HiddenMarkov"]

# Beliefs that are in memory at once: 8 MiB, or 16,384 steps of 64 states.
MAX_BELIEFS = 1 << 20


class HiddenMarkov(ArrayCodec):
    """Sequences of symbols under a hidden Markov model, at the cost of ``-log2 p(x)``.

    The states are the latents of `StateSpace`, which says why this works, and are summed over by
    the forward algorithm. All in one kernel: with 64 states, half a microsecond a symbol.

    Parameters
    ----------
    prior : Model
        Of the first state; states are numbered from 0. For example `models.Categorical`.
    transitions : Model
        With a row for each state: the distribution of the state after it. For example
        `models.Conditional`.
    emissions : Model
        With a row for each state: the distribution of symbols.
    length : int
        Of the sequences.

    Raises
    ------
    ModelError
        If the models do not fit each other.

    Notes
    -----
    A sequence is on the first lane of a stack; the other lanes are not used. It takes one word of
    initial bits, now and then two. If it has more than 2^20 beliefs (length times states), encoding
    runs the filter twice, to save memory.

    What is popped from bits that nobody has pushed is a sample, unless a state turns up that has
    none of the 2^24 slots of its posterior, with a probability of ``states * 2**-24`` at most in
    each step: that raises CorruptDataError. So do symbols of which no state believed in at 2^-400
    or more knows.

    ``StateSpace(codec.model, length)`` does the same step by step. It writes the same words if the
    emissions have 16 bits of precision or less; otherwise it rounds them differently.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import HiddenMarkov, Stack
    >>> from ansflow.models import Categorical, Conditional
    >>> codec = HiddenMarkov(
    ...     prior=Categorical([8, 8]),
    ...     transitions=Conditional([[15, 1], [1, 15]]),
    ...     emissions=Conditional([[14, 1, 1], [1, 1, 14]]),
    ...     length=500,
    ... )
    >>> x = np.repeat([0, 2, 0, 2, 0], 100)
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, x)
    >>> round(stack.rates(start).net, 2), round(codec.bits(x), 2)
    (158.33, 158.33)
    >>> np.array_equal(codec.pop(stack), x), stack == Stack(seed=0)
    (True, True)

    References
    ----------
    Townsend & Murray 2021, "Lossless compression with state space models using bits back coding",
    arXiv:2103.10150; Rabiner 1989, doi:10.1109/5.18626 (the forward algorithm).
    """

    kernels: ClassVar[Any] = kernels

    def __init__(self, prior: Model, transitions: Model, emissions: Model, length: int) -> None:
        tables, symbols = StateTables(prior, transitions), rows_of(emissions, "emissions")
        if symbols.freq.shape[0] != tables.states:
            raise ModelError(
                f"the emissions have {symbols.freq.shape[0]} rows, but there are {tables.states} "
                "states"
            )
        low, _ = support_of(emissions, symbols.alphabet)
        self.prior, self.transitions = prior, transitions
        self._tables, self._freq, self._precision = tables, symbols.freq, symbols.precision
        self._part = max(1, MAX_BELIEFS // tables.width)
        likelihoods = probabilities_in_columns(symbols.freq, symbols.precision)
        self._filter = read_only((tables.forward, likelihoods))
        coder = (
            *(tables.backward, np.uint64(POSTERIOR_PRECISION)),
            *(tables.cdf, np.uint64(tables.precision)),
            *(symbols.cdf, np.uint64(symbols.precision)),
        )
        self.length = integer(length, "length", 0)
        super().__init__(self.length, coder, low=low)

    @property
    def model(self) -> FiniteStates:
        """The same model for `StateSpace`, step by step."""
        cdf, numbers = cumulative(self._freq), np.arange(self._tables.states, dtype=np.uint32)
        read_only(numbers)
        rows = [CDFRows(cdf, numbers[z : z + 1], self._precision, (), self.low) for z in numbers]

        def likelihoods(x: npt.ArrayLike) -> npt.NDArray[np.uint32]:
            return self._freq[:, self._indices(x, ())[0]]

        return FiniteStates(self.prior, self.transitions, rows.__getitem__, likelihoods)

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        symbols = self._indices(x, (self.length,))
        starts = range(0, symbols.size, self._part)
        predictions, beliefs, _ = self._forward(symbols)
        after, lowest = np.array([self._tables.states], np.uint64), np.empty(1, np.uint64)
        scratch = self._tables.scratch()
        for start, predicted in zip(reversed(starts), reversed(predictions), strict=True):
            part = symbols[start : start + self._part]
            if start != starts[-1]:
                kernels.forward(part, predicted, *self._filter, beliefs, np.empty(part.size))
            arguments = part, beliefs, start == 0, after, *self._params, *scratch, lowest
            room = 2 * part.size  # a state and a symbol each
            stack.run_pop(kernels.push, part.size, *arguments, room=room, lowest=lowest)

    def pop(self, stack: Stack) -> npt.NDArray[np.int64]:
        tables, lowest = self._tables, np.empty(1, np.uint64)
        out = np.empty(self.length, np.int64)
        arguments = (
            *(tables.first.copy(), *self._filter, np.empty((1, tables.width))),
            *(*self._params, *tables.scratch(), lowest, out),
        )
        try:
            stack.run_pop(kernels.pop, 2 * out.size, *arguments, room=out.size, lowest=lowest)
        except ModelError:
            raise CorruptDataError(
                "a state has no probability given the symbols: the stack was not pushed by this "
                "codec, or has been damaged"
            ) from None
        if self.low:
            out += self.low
        return out

    def bits(self, x: npt.ArrayLike) -> float:
        """The code length of a sequence, ``-log2 p(x)``, by the forward algorithm.

        Raises
        ------
        ModelError
            If it is impossible.
        """
        _, _, probabilities = self._forward(self._indices(x, (self.length,)))
        return float(-np.log2(probabilities).sum())

    def _forward(self, symbols: npt.NDArray[np.int64]) -> tuple[list[Floats], Floats, Floats]:
        """Predictions of the parts of a sequence, beliefs of the last one, and probabilities."""
        predicted = self._tables.first.copy()
        beliefs = np.empty((min(symbols.size, self._part), self._tables.width))
        probabilities = np.empty(symbols.size)
        predictions = []
        for start in range(0, symbols.size, self._part):
            predictions.append(predicted.copy())
            end = start + self._part
            part, found = symbols[start:end], probabilities[start:end]
            done = int(kernels.forward(part, predicted, *self._filter, beliefs, found))
            if done < part.size:
                raise ModelError(
                    f"symbol {part[done] + self.low} at position {start + done} has no probability "
                    "after those before it"
                )
        return predictions, beliefs, probabilities

    def _indices(self, x: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Symbols from 0 on; ModelError if one is not in the alphabet."""
        symbols = self._symbols(x, shape) - self.low
        if not self._possible(symbols.view(np.uint64)).all():
            raise self._refusal(np.asarray(x), symbols)
        return symbols

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        possible: npt.NDArray[np.bool] = symbols < self._freq.shape[1]
        return possible
