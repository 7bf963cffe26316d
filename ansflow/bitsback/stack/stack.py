"""The stack of bits-back coding: symbols are pushed on it and popped from it."""

from __future__ import annotations

from math import fsum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.stack import folding, initial_bits
from ansflow.bitsback.stack.folding import MAX_STACK_LANES
from ansflow.bitsback.stack.heads_on_tail import HeadsOnTail
from ansflow.bitsback.stack.rates import Mark, Rates
from ansflow.bitsback.stack.seeded_source import SeededSource
from ansflow.bitsback.stack.serialised import Parts, pack, unpack
from ansflow.bitsback.stack.tail import Tail
from ansflow.buffers import BytesLike, bytes_of
from ansflow.errors import CorruptDataError, StackUnderflowError
from ansflow.kernels.constants import STACK_LOW, STACK_WORD_BITS

__all__ = ["Stack"]

MAX_DRAWN = 1 << 48

# Of a seed's words, the first that heads start with: no tail is ever so long that it gets there.
FIRST_OF_HEADS = 1 << 48


class Stack(HeadsOnTail):
    """Lanes of 64-bit rANS states, called heads, on one shared tail of 32-bit words.

    Codecs (`ansflow.bitsback`) change it in place. What was pushed last is popped first, and a pop
    is the exact inverse of a push: it restores heads and tail to the last bit.

    A stack and its views may be used by one thread at a time. If several threads use it at once,
    its content is undefined.

    Parameters
    ----------
    lanes : int
        1 to 65,536. Symbols are dealt to the lanes in turn, so many symbols at a time are coded
        faster. Each lane costs 32 bits at the beginning, unless it is made by `unfold`.
    seed : int, optional
        Initial bits for pops that need more than the stack holds: a sequence of words that this
        number determines, 0 to 2^64 - 1. They are drawn when they are needed, and then count as
        part of the stack. Without a seed such a pop raises `StackUnderflowError`.
        The heads also start with words of the sequence: heads as low as possible would make the
        first samples the least probable ones.

    Attributes
    ----------
    heads : ndarray of uint64, shape (lanes,)
        Each in [2^32, 2^64).

    Raises
    ------
    ValueError
        If `lanes` or `seed` is out of range.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, Uniform
    >>> stack = Stack(lanes=2)
    >>> Uniform(1000).push(stack, [123, 456])
    >>> data = stack.to_bytes()
    >>> Uniform(1000).pop(Stack.from_bytes(data))
    array([123, 456])

    References
    ----------
    Duda 2013, arXiv:1311.2540; Townsend, Bird & Barber 2019, arXiv:1901.04866, section 2.1;
    Giesen 2014, arXiv:1402.3392 (lanes).
    """

    def __init__(self, lanes: int = 1, *, seed: int | None = None) -> None:
        source = None if seed is None else SeededSource(seed)
        lanes = integer(lanes, "lanes", 1, MAX_STACK_LANES)
        heads = np.full(lanes, STACK_LOW, np.uint64)
        if source is not None:
            heads += source.words(FIRST_OF_HEADS, lanes)
        self._set(heads, Tail(np.empty(0, np.uint32), source))

    def __repr__(self) -> str:
        return f"Stack(lanes={self.lanes}, {self.bits:.1f} bits)"

    @classmethod
    def from_parts(
        cls, heads: npt.ArrayLike, words: npt.ArrayLike, *, seed: int | None = None, drawn: int = 0
    ) -> Self:
        """A stack of these heads and words, which are copied.

        Parameters
        ----------
        heads : array_like of uint64, shape (lanes,)
        words : array_like of uint32, shape (n,)
            The last word is the top.
        seed : int, optional
        drawn : int
            How many words have been drawn from the seed.

        Raises
        ------
        CorruptDataError
            If a head is outside [2^32, 2^64), a word outside [0, 2^32), or words have been drawn
            without a seed.
        """
        own = _within(heads, "heads", STACK_LOW, 1 << 64, np.uint64)
        integer(own.size, "the number of heads", 1, MAX_STACK_LANES)
        most = 0 if seed is None else MAX_DRAWN
        drawn = integer(drawn, "drawn", 0, most, error=CorruptDataError)
        source = None if seed is None else SeededSource(seed)
        tail = _within(words, "words", 0, 1 << STACK_WORD_BITS, np.uint32)
        return cls._of(own, Tail(tail, source, drawn))

    # Initial bits

    @classmethod
    def from_initial_bits(cls, data: BytesLike, lanes: int = 1) -> Self:
        """A stack that starts with bits of the user's, which `initial_bits` gives back.

        Parameters
        ----------
        data : bytes-like
            Of any content, such as data that are compressed already: the closer to random, the
            better.
        lanes : int
            With more than one, each head takes some 37 bits of the data.

        Raises
        ------
        StackUnderflowError
            If the data are too short for the lanes.
        """
        heads, words = initial_bits.to_heads_and_words(bytes_of(data, "initial bits").tobytes())
        return cls._of(heads, Tail(words)).unfold(lanes)

    def initial_bits(self) -> bytes:
        """The data that the stack started with, when everything else has been popped.

        Raises
        ------
        CorruptDataError
            If the stack is not as it was then. 31 of 32 such stacks are noticed; to be sure,
            compare the stack with another that starts with the same data.
        """
        folded = self.copy().fold()
        return initial_bits.from_heads_and_words(folded.heads, folded.words)

    # Counting

    @property
    def bits(self) -> float:
        """Length of the stack: 32 bits for each word, and log2 of each head.

        A new stack of n lanes has 32 n bits; see `fold`. Words that were drawn from the seed do not
        count as long as they and all words below them are unchanged.
        """
        size = self._tail.size - self._tail.unchanged()
        return STACK_WORD_BITS * size + self._head_bits()

    def _head_bits(self) -> float:
        return fsum(np.log2(self.heads).tolist())  # for few heads a third of the time of NumPy's

    def mark(self) -> Mark:
        """The present moment, for `rates`. A new mark invalidates the marks before it."""
        tail = self._tail
        tail.lowest = tail.level
        return Mark(self._head_bits(), tail.size - tail.unchanged(), tail.level)

    def rates(self, start: Mark) -> Rates:
        """Bits that have been added since `start`, counted in three ways.

        Examples
        --------
        >>> from ansflow.bitsback import Stack, Uniform
        >>> stack = Stack.from_initial_bits(bytes(range(100)))
        >>> start = stack.mark()
        >>> z = Uniform(256).pop(stack)  # borrows 8 bits, and so a word
        >>> Uniform(1 << 32).push(stack, [7])
        >>> rates = stack.rates(start)
        >>> round(rates.net, 3), round(rates.used - rates.net) % 32, rates.total > 800
        (24.0, 0, True)
        """
        tail, head_bits = self._tail, self._head_bits()
        level, size = tail.level, tail.size - tail.unchanged()
        bits = STACK_WORD_BITS * size + head_bits
        untouched = max(0, start.size - (start.level - tail.lowest))
        return Rates(
            net=STACK_WORD_BITS * (level - start.level) + head_bits - start.head_bits,
            used=bits - STACK_WORD_BITS * untouched,
            total=bits,
        )

    # Fewer and more lanes

    def fold(self, lanes: int = 1) -> Self:
        """Turn all heads but the first `lanes` into words, with less than a bit of loss each.

        Returns
        -------
        Stack
            This one.
        """
        folding.fold(self, lanes)
        return self

    def unfold(self, lanes: int) -> Self:
        """Undo `fold`: make heads for more lanes, up to `lanes`, from words.

        Any stack with enough bits can be unfolded. So a stack that starts on one lane, and is
        unfolded when it has grown, costs no more than it would on one lane.

        Returns
        -------
        Stack
            This one.

        Raises
        ------
        StackUnderflowError
            If there are too few bits, about 37 for each new lane; the stack is as it was.
        """
        folding.unfold(self, lanes)
        return self

    # Serialised

    def to_bytes(self) -> bytes:
        """The stack serialised, with its heads folded into one, and a checksum.

        38 bytes more than the words of the folded stack.
        """
        folded = self.copy().fold()
        tail = folded._tail
        tail.give_back(tail.unchanged())
        head = int(folded.heads[0])
        return pack(Parts(self.lanes, self.seed, tail.drawn, head, tail.used))

    @classmethod
    def from_bytes(cls, data: BytesLike) -> Self:
        """Undo `to_bytes`.

        Parameters
        ----------
        data : bytes-like

        Raises
        ------
        TruncatedError, CorruptDataError, UnsupportedError
            If the data are not a serialised stack.
        """
        parts = unpack(bytes_of(data).data)
        if not 1 <= parts.lanes <= MAX_STACK_LANES:
            raise CorruptDataError(
                f"the serialised stack has {parts.lanes} lanes; legal are 1 to {MAX_STACK_LANES}"
            )
        stack = cls.from_parts([parts.head], parts.words, seed=parts.seed, drawn=parts.drawn)
        try:
            return stack.unfold(parts.lanes)
        except StackUnderflowError:
            raise CorruptDataError(
                f"the serialised stack has too few bits for {parts.lanes} lanes"
            ) from None


def _within(values: npt.ArrayLike, name: str, low: int, end: int, dtype: type) -> npt.NDArray[Any]:
    """A copy as a vector of `dtype`; CorruptDataError unless all are integers in [low, end)."""
    array = as_array(values, name)
    if array.ndim != 1:
        raise CorruptDataError(f"{name} must be one-dimensional, not of shape {array.shape}")
    if array.dtype.kind not in "iu":
        # NumPy makes doubles of a list with both large and small integers.
        numbers = [_one_of(name, value, low, end) for value in np.array(values, object)]
        return np.array(numbers, dtype)
    if array.size:
        _one_of(name, array.min(), low, end)
        _one_of(name, array.max(), low, end)
    return array.astype(dtype)


def _one_of(name: str, value: Any, low: int, end: int) -> int:
    one = f"one of the {name}"
    return integer(value, one, low, end - 1, error=CorruptDataError, type_error=CorruptDataError)
