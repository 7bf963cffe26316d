"""The interface of all coders, and what surrounds the words of a stream.

A stream is the lanes' final states, then the words in the order in which the decoder reads them:

precision 1 to 16
    fast coders; a state is two words, low half first.
precision 17 to 31
    the wide coder; a state is four words and a word of the stack coder two, low parts first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.kernels.coders.rans import (
    OUTSIDE,
    UNFINISHED,
    finished,
    put_states,
    take_states,
)
from ansflow.kernels.constants import MAX_FAST_PRECISION, MAX_LANES, WORDS_PER_STATE, state_low

__all__ = [
    "Coder",
    "FastCoder",
    "States",
    "SteppingCoder",
    "Symbols",
    "Words",
    "allotted",
    "buffer_size",
    "of_one_type",
]

# NumPy takes longer to make an integer than a kernel to use it. For each precision: itself, the
# lowest state, and states with which encoding starts; for each number of lanes: where words begin.
NUMBERS = [
    (np.uint64(p), np.uint64(state_low(p)), np.full(MAX_LANES, state_low(p), np.uint32))
    for p in range(MAX_FAST_PRECISION + 1)
]
BEGINS = {1 << k: np.uint64(WORDS_PER_STATE << k) for k in range(MAX_LANES.bit_length())}

Symbols = npt.NDArray[Any]
States = npt.NDArray[np.uint32]
Words = npt.NDArray[np.uint16]


def buffer_size(symbols: int, lanes: int) -> int:
    """Words that fast coders may touch.

    At most one for each symbol, one that is overwritten whether or not it is due, and the states,
    whose place vector kernels use as scratch.
    """
    return WORDS_PER_STATE * lanes + 1 + symbols


def of_one_type(words: Words) -> Words:
    """A view for kernels, which are compiled once for each type.

    It has the same one at all addresses, and whether or not the words can be written to.
    """
    view = words.view()
    view.setflags(write=False, align=False)
    return view


def allotted(
    freq: npt.NDArray[np.uint32], counts: npt.NDArray[np.integer[Any]], precision: int
) -> float:
    """Bits that symbols take which occur so often, all of them with a frequency."""
    seen = counts > 0
    return float(counts[seen] @ (precision - np.log2(freq[seen])))


class Coder(ABC):
    """Symbols, numbered from 0, to words and back.

    Attributes
    ----------
    precision : int
    alphabet : int
        Number of symbols.
    takes_any_symbol : bool
        Whether `encode` stays within its arrays whatever values of `symbol_dtype` there are, even
        if another thread changes them. If not, symbols must have been checked, in an array that no
        other thread can change.
    """

    precision: int
    alphabet: int
    takes_any_symbol: ClassVar[bool] = False

    @property
    def symbol_dtype(self) -> np.dtype[Any]:
        """The type of symbols: the smallest of uint8 and uint16 that numbers the alphabet."""
        return np.dtype(np.uint8 if self.alphabet <= 256 else np.uint16)

    @abstractmethod
    def encode(self, symbols: Symbols, lanes: int, buffer: Words | None = None) -> Words:
        """The symbols as a stream.

        Parameters
        ----------
        symbols : contiguous ndarray of `symbol_dtype`, shape (n,)
            Each below `alphabet` and with a frequency (see `first_impossible`,
            `takes_any_symbol`).
        lanes : int
            A power of two from 1 to 64.
        buffer : contiguous ndarray of uint16, optional
            Fast coders write to its end; at least `buffer_size` long. By default a new one.

        Returns
        -------
        ndarray of uint16
            Possibly a view of the buffer's end.
        """

    @abstractmethod
    def decode(self, words: Words, out: Symbols, lanes: int) -> None:
        """Undo `encode`.

        Parameters
        ----------
        words : contiguous ndarray of uint16
            The stream, at any address. It may hold anything.
        out : contiguous ndarray of `symbol_dtype`, shape (n,)
            Filled.
        lanes : int

        Raises
        ------
        TruncatedError
            If the words end too early.
        CorruptDataError
            If they cannot have been made by `encode`.
        """

    @abstractmethod
    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        """Where the first symbol without a frequency is, or the number of symbols.

        Symbols are below `alphabet`.
        """

    def code_length(self, symbols: Symbols, lanes: int) -> float | None:
        """Bits that the distributions allot to symbols, which have frequencies; None if unknown."""
        return None

    def place(self, position: int) -> str:
        """Which distribution the symbol at a position has, for messages."""
        return ""


class FastCoder(Coder):
    """A coder with states of 32 bits and words of 16.

    Subclasses push the symbols alone; here the states are put before the words.
    """

    def __init__(self, precision: int) -> None:
        self.precision = precision
        self._precision, self._low, self._first = NUMBERS[precision]

    @abstractmethod
    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        """Push all symbols, filling `words` from its end; return the cursor."""

    @abstractmethod
    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        """Decode a whole stream, which has all states; return what `finished` does, or `OUTSIDE`.

        It is what a kernel does at once where streams are short or frequent: calls count there.
        """

    def encode(self, symbols: Symbols, lanes: int, buffer: Words | None = None) -> Words:
        words = np.empty(buffer_size(symbols.size, lanes), np.uint16) if buffer is None else buffer
        states = self._first[:lanes].copy()
        cursor = np.uint64(self._push(symbols, states, words))
        return words[put_states(states, words, cursor) :]

    def decode(self, words: Words, out: Symbols, lanes: int) -> None:
        if words.size < WORDS_PER_STATE * lanes:
            raise TruncatedError(
                f"the stream has {words.size} words, fewer than the {WORDS_PER_STATE * lanes} of "
                f"{lanes} states"
            )
        end = self._read(of_one_type(words), lanes, out)
        if end == OUTSIDE:
            raise CorruptDataError("the state of a lane lies outside its interval")
        if end == UNFINISHED:
            raise CorruptDataError("the stream does not end where decoding does")
        if end > words.size:
            raise TruncatedError(f"the stream ends {end - words.size} words too early")


class SteppingCoder(FastCoder):
    """A fast coder whose kernels pop symbols alone: here the states are taken and checked."""

    @abstractmethod
    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        """Pop all symbols of `out` from the cursor on; return the cursor.

        It exceeds ``words.size`` if there were too few words.
        """

    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        states = np.empty(lanes, np.uint32)
        if not take_states(words, self._low, states):
            return OUTSIDE
        cursor = self._pop(words, BEGINS[lanes], states, out)
        return int(finished(words, np.uint64(cursor), states, self._low))
