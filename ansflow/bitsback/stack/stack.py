"""The message of bits-back coding: a stack that symbols are pushed on and popped from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codecs.inputs import Buffer
from ansflow.bitsback.stack.rates import Mark, Rates
from ansflow.bitsback.stack.serialised import Parts, pack, unpack
from ansflow.bitsback.stack.source import SeededSource
from ansflow.bitsback.stack.tail import Tail
from ansflow.buffers import bytes_of
from ansflow.errors import CorruptDataError, ModelError, StackUnderflowError
from ansflow.kernels.constants import STACK_LOW, STACK_WORD_BITS
from ansflow.kernels.stack import uniform
from ansflow.kernels.stack.heads import IMPOSSIBLE as U_IMPOSSIBLE, UNDERFLOW as U_UNDERFLOW

__all__ = ["MAX_STACK_LANES", "Stack"]

Heads = npt.NDArray[np.uint64]

MAX_STACK_LANES = 1 << 16
IMPOSSIBLE, UNDERFLOW = int(U_IMPOSSIBLE), int(U_UNDERFLOW)
PLACES = np.array([31], np.uint64)  # of a head's highest bit, from 32 on

MAX_DRAWN = 1 << 48

# The first word of a seeded source that heads start with, so far up that no tail gets there.
HEAD_WORDS = 1 << 48


class Stack:
    """Lanes of 64-bit rANS heads on one shared tail of 32-bit words.

    Codecs (`ansflow.bitsback`) change it in place. What was pushed last is popped first, and a pop
    is the exact inverse of a push: it leaves heads and tail as they were, to the last bit.

    One thread at a time may use a stack, and its views. If several do, what it holds means nothing
    any more.

    Parameters
    ----------
    lanes : int
        1 to 65,536. Symbols are dealt to lanes in turn, so many symbols at a time are coded
        faster; each lane costs 32 bits at the beginning, unless it is made by `unfold`.
    seed : int, optional
        Where to take starting bits from when a pop needs more than the stack holds: a sequence of
        words that this number determines, 0 to 2^64 - 1. They are drawn when they are needed and
        counted as part of the message. Without it such a pop raises `StackUnderflowError`.
        The heads also start with words of it: as low as they can be, the first samples that
        are popped would be the most improbable ones.

    Attributes
    ----------
    heads : ndarray of uint64, shape (lanes,)
        Each in [2^32, 2^64).

    Raises
    ------
    ValueError
        If `lanes` or `seed` isn't one of those above.

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
            heads += source.words(HEAD_WORDS, lanes)
        self._set(heads, Tail(np.empty(0, np.uint32), source))

    def _set(self, heads: Heads, tail: Tail) -> None:
        self.heads = heads
        self._tail = tail

    @classmethod
    def _of(cls, heads: Heads, tail: Tail) -> Self:
        stack = cls.__new__(cls)
        stack._set(heads, tail)
        return stack

    @classmethod
    def from_parts(
        cls, heads: npt.ArrayLike, words: npt.ArrayLike, *, seed: int | None = None, drawn: int = 0
    ) -> Self:
        """A stack of these heads and words, which are copied.

        Parameters
        ----------
        heads : array_like of uint64, shape (lanes,)
        words : array_like of uint32, shape (n,)
            The top last.
        seed : int, optional
        drawn : int
            How many words of the seed's source have been drawn.

        Raises
        ------
        CorruptDataError
            If a head is outside [2^32, 2^64), a word outside [0, 2^32), or something is drawn
            without a source.
        """
        own = _within(heads, "heads", STACK_LOW, 1 << 64, np.uint64)
        integer(own.size, "the number of heads", 1, MAX_STACK_LANES)
        most = 0 if seed is None else MAX_DRAWN
        drawn = integer(drawn, "drawn", 0, most, error=CorruptDataError)
        source = None if seed is None else SeededSource(seed)
        tail = _within(words, "words", 0, 1 << STACK_WORD_BITS, np.uint32)
        return cls._of(own, Tail(tail, source, drawn))

    @classmethod
    def from_message(cls, message: Buffer, lanes: int = 1) -> Self:
        """A stack that starts with the bits of another message, which `message` gives back.

        Parameters
        ----------
        message : bytes-like
            Any; the closer to random, the better it serves as starting bits.
        lanes : int
            More than one take their heads from the message, some 37 bits each.

        Raises
        ------
        StackUnderflowError
            If the message is too short for the lanes.
        """
        padded = bytes_of(message, "a message").tobytes() + b"\x01"
        padded += bytes(-len(padded) % 4)
        # The first bytes are in the head, the next on top of the tail: they are used first.
        words = np.frombuffer(padded, "<u4").astype(np.uint32)
        head = np.array([STACK_LOW + int(words[0])], np.uint64)
        return cls._of(head, Tail(words[:0:-1].copy())).unfold(lanes)

    def message(self) -> bytes:
        """The message that the stack started with, once all else has been popped.

        Raises
        ------
        CorruptDataError
            If the stack can't be as it was then. That is found out in 31 of 32 cases; to be sure,
            compare it with another that starts with the same message.
        """
        folded = self.copy().fold()
        above, first = divmod(int(folded.heads[0]), STACK_LOW)
        data = np.append(np.uint32(first), folded.words[::-1]).astype("<u4").tobytes()
        data = data.rstrip(b"\0")
        if above != 1 or not data.endswith(b"\x01"):
            raise CorruptDataError("the stack holds more or less than the message it started with")
        return data[:-1]

    @property
    def lanes(self) -> int:
        return self.heads.size

    @property
    def words(self) -> npt.NDArray[np.uint32]:
        """A copy of the tail, the top last."""
        return self._tail.used.copy()

    @property
    def seed(self) -> int | None:
        """The seed of the source of starting bits, if there is one."""
        return None if self._tail.source is None else self._tail.source.seed

    @property
    def drawn(self) -> int:
        """How many words of the seeded source have been drawn."""
        return self._tail.drawn

    @property
    def bits(self) -> float:
        """Length of the message: 32 bits a word and log2 of each head.

        A new stack of n lanes has 32 n bits; see `fold`. Drawn words don't count as long as they,
        and all below them, lie as they were drawn.
        """
        size = self._tail.size - self._tail.unchanged()
        return STACK_WORD_BITS * size + self._head_bits()

    def _head_bits(self) -> float:
        return float(np.log2(self.heads.astype(np.float64)).sum())

    def __repr__(self) -> str:
        return f"Stack(lanes={self.lanes}, {self.bits:.1f} bits)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stack):
            return NotImplemented
        mine, theirs = self._tail, other._tail
        # It doesn't matter how many of the source's words happen to have been drawn.
        return (
            np.array_equal(self.heads, other.heads)
            and mine.source == theirs.source
            and mine.level == theirs.level
            and np.array_equal(mine.used[mine.unchanged() :], theirs.used[theirs.unchanged() :])
        )

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> Self:
        """A stack of its own with the same content."""
        return self._of(self.heads.copy(), self._tail.copy())

    def view(self, start: int, stop: int) -> Self:
        """A stack of lanes `start` to ``stop - 1`` of this one, which shares its tail.

        It can't be folded or unfolded.
        """
        start, stop = integer(start, "start"), integer(stop, "stop")
        if not 0 <= start < stop <= self.lanes:
            raise ValueError(f"there are no lanes {start} to {stop} in a stack of {self.lanes}")
        return self._of(self.heads[start:stop], self._tail)

    @contextmanager
    def atomic(self) -> Iterator[Self]:
        """Give the stack back what it had if the block raises anything.

        What one codec of a single distribution does is atomic by itself. When one of several
        fails, those before it have changed the stack; here that is undone, at the price of a copy.
        """
        before = self.copy()
        try:
            yield self
        except BaseException:
            if self.lanes == before.lanes:
                self.heads[:] = before.heads  # a view's are also another's
            else:
                self.heads = before.heads
            self._tail.restore(before._tail)
            raise

    # Counting

    def mark(self) -> Mark:
        """The present moment, for `rates`; only the last one made counts."""
        tail = self._tail
        tail.lowest = tail.level
        return Mark(self._head_bits(), tail.size - tail.unchanged(), tail.level)

    def rates(self, start: Mark) -> Rates:
        """Bits that have been added since `start`, counted in three ways.

        Examples
        --------
        >>> from ansflow.bitsback import Stack, Uniform
        >>> stack = Stack.from_message(bytes(range(100)))
        >>> start = stack.mark()
        >>> z = Uniform(256).pop(stack)  # borrows 8 bits, and so a word
        >>> Uniform(1 << 32).push(stack, [7])
        >>> rates = stack.rates(start)
        >>> round(rates.net, 3), round(rates.used - rates.net) % 32, rates.total > 800
        (24.0, 0, True)
        """
        bits = self.bits
        growth = STACK_WORD_BITS * (self._tail.level - start.level)
        untouched = max(0, start.size - (start.level - self._tail.lowest))
        return Rates(
            net=growth + self._head_bits() - start.head_bits,
            used=bits - STACK_WORD_BITS * untouched,
            total=bits,
        )

    # What codecs are made of

    def push(self, kernel: Callable[..., int], room: int, *args: Any) -> None:
        """Run a kernel that pushes at most `room` words, and takes none but of these.

        Parameters
        ----------
        kernel : callable
            One of `ansflow.kernels.stack`: it is given heads, tail, the tail's size and `args`.
        room : int
        *args

        Raises
        ------
        ModelError
            If a symbol has no probability; the stack is as it was.
        """
        words, size = self._tail.with_room(room)
        after = int(kernel(self.heads, words, size, *args))
        if after >= IMPOSSIBLE:
            _fail(after, size)
        self._tail.content = words, after

    def pop(
        self, kernel: Callable[..., int], most: int, *args: Any, room: int | None = None
    ) -> None:
        """Run a kernel that pops at most `most` words.

        Parameters
        ----------
        kernel : callable
        most : int
        *args
        room : int, optional
            How many words more than there were the kernel may have put on the tail at any moment;
            by default `most`.

        Raises
        ------
        StackUnderflowError
            If there are not so many bits; the stack is as it was.
        """
        tail, heads, drawn, before = self._tail, self.heads, 0, None
        if type(most) is not int:
            most = integer(most, "most")
        if tail.size < most:
            # Kernels may also put words where they have taken some.
            before = heads.copy(), tail.used.copy()
            drawn = 0 if tail.source is None else tail.draw(most)
        words, size = tail.with_room(most if room is None else room)
        after = int(kernel(heads, words, size, *args))
        if after >= IMPOSSIBLE:
            if before is not None:
                heads[:], words[:size] = before
            _fail(after, size)
        tail.content = words, after
        tail.lowest = min(tail.lowest, after - tail.drawn)
        if drawn:
            tail.give_back(min(drawn, tail.unchanged()))

    # Fewer and more lanes

    def fold(self, lanes: int = 1) -> Self:
        """Turn all heads but the first `lanes` into words, near their entropy.

        A head h has floor(log2 h) bits below its highest one, which are pushed as they are,
        and that number's place, one of 32, is pushed after them: together with the latter
        log2 h + 4.5 bits on average, and a head with its density proportional to 1 / h has an
        entropy of log2 h + 4.47.

        Returns
        -------
        Stack
            This one.
        """
        self._check_whole()
        lanes = integer(lanes, "lanes")
        if not 1 <= lanes <= self.lanes:
            raise ValueError(f"can't fold {self.lanes} lanes into {lanes}")
        surplus = self.heads[lanes:]
        self.heads = self.heads[:lanes].copy()
        if surplus.size:
            places = np.array([int(h).bit_length() - 33 for h in surplus], np.uint64)
            tops = np.uint64(STACK_LOW) << places
            self.push(uniform.push, 4 * surplus.size, surplus - tops, tops - np.uint64(1))
            self.push(uniform.push, surplus.size, places, PLACES)
        return self

    def unfold(self, lanes: int) -> Self:
        """Undo `fold`: pop heads for more lanes, up to `lanes`.

        Any stack with enough bits can be unfolded. So a message that begins on one lane and is
        unfolded when it has grown costs no more than it would on one lane.

        Returns
        -------
        Stack
            This one.

        Raises
        ------
        StackUnderflowError
            If there aren't enough bits, about 37 a lane; the stack is as it was.
        """
        self._check_whole()
        more = integer(lanes, "lanes", 1, MAX_STACK_LANES) - self.lanes
        if more < 0:
            raise ValueError(f"can't unfold {self.lanes} lanes into {lanes}")
        if more:
            places = np.empty(more, np.uint64)
            self.pop(uniform.pop, more, PLACES, places)
            tops = np.uint64(STACK_LOW) << places
            rests = np.empty(more, np.uint64)
            try:
                self.pop(uniform.pop, 4 * more, tops - np.uint64(1), rests)
            except StackUnderflowError:
                self.push(uniform.push, more, places, PLACES)
                raise
            self.heads = np.concatenate([self.heads, tops + rests])
        return self

    def _check_whole(self) -> None:
        if self.heads.base is not None:
            raise ValueError("a view of a stack has the lanes that it has")

    # Serialised

    def to_bytes(self) -> bytes:
        """The stack as bytes, with its heads folded into one and a checksum.

        38 bytes more than the words of the folded stack.
        """
        folded = self.copy().fold()
        tail = folded._tail
        tail.give_back(tail.unchanged())
        head = int(folded.heads[0])
        return pack(Parts(self.lanes, self.seed, tail.drawn, head, tail.used))

    @classmethod
    def from_bytes(cls, data: Buffer) -> Self:
        """Undo `to_bytes`.

        Parameters
        ----------
        data : bytes-like

        Raises
        ------
        TruncatedError, CorruptDataError, UnsupportedError
            If those aren't the bytes of a stack.
        """
        parts = unpack(bytes_of(data).data)
        if not 1 <= parts.lanes <= MAX_STACK_LANES:
            raise CorruptDataError(f"a stack of {parts.lanes} lanes")
        stack = cls.from_parts([parts.head], parts.words, seed=parts.seed, drawn=parts.drawn)
        try:
            return stack.unfold(parts.lanes)
        except StackUnderflowError:
            raise CorruptDataError(f"the stack has too few bits for {parts.lanes} lanes") from None


def _fail(status: int, size: int) -> NoReturn:
    if status == IMPOSSIBLE:
        raise ModelError("a symbol has no probability")
    raise StackUnderflowError(
        f"a codec needs more than the {size} words below the heads; start from a message or "
        "a seed if it is to borrow bits"
    )


def _within(values: npt.ArrayLike, name: str, low: int, end: int, dtype: type) -> npt.NDArray[Any]:
    """A copy as a vector of `dtype`; CorruptDataError if those aren't integers in [low, end)."""
    array = as_array(values, name)
    if array.ndim != 1:
        raise CorruptDataError(f"{name} must be a vector, not of shape {array.shape}")
    if array.dtype.kind not in "iu":
        # Of a list of large and small integers NumPy would make doubles.
        numbers = [_one_of(name, value, low, end) for value in np.array(values, object)]
        return np.array(numbers, dtype)
    if array.size:
        _one_of(name, array.min(), low, end)
        _one_of(name, array.max(), low, end)
    return array.astype(dtype)


def _one_of(name: str, value: Any, low: int, end: int) -> int:
    one = f"one of the {name}"
    return integer(value, one, low, end - 1, error=CorruptDataError, type_error=CorruptDataError)
