"""Heads and a tail, and the door through which kernels work on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.stack.stirring import factor_of
from ansflow.bitsback.stack.tail import Tail
from ansflow.errors import ModelError, StackUnderflowError
from ansflow.kernels.stack.heads import IMPOSSIBLE as U_IMPOSSIBLE, UNDERFLOW as U_UNDERFLOW
from ansflow.kernels.stack.stirring import stir_heads

__all__ = ["Heads", "HeadsOnTail"]

Heads = npt.NDArray[np.uint64]

IMPOSSIBLE, UNDERFLOW = int(U_IMPOSSIBLE), int(U_UNDERFLOW)


class HeadsOnTail:
    """The 64-bit rANS states of all lanes, which are called heads, on one tail of 32-bit words.

    Attributes
    ----------
    heads : ndarray of uint64, shape (lanes,)
        Each in [2^32, 2^64).
    """

    def _set(self, heads: Heads, tail: Tail) -> None:
        self.heads = heads
        self._tail = tail

    @classmethod
    def _of(cls, heads: Heads, tail: Tail) -> Self:
        stack = cls.__new__(cls)
        stack._set(heads, tail)
        return stack

    @property
    def lanes(self) -> int:
        return self.heads.size

    @property
    def words(self) -> npt.NDArray[np.uint32]:
        """A copy of the tail; the last word is the top."""
        return self._tail.used.copy()

    @property
    def seed(self) -> int | None:
        """The seed that initial bits are drawn from, if there is one."""
        return None if self._tail.source is None else self._tail.source.seed

    @property
    def drawn(self) -> int:
        """How many words have been drawn from the seed."""
        return self._tail.drawn

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HeadsOnTail):
            return NotImplemented
        mine, theirs = self._tail, other._tail
        # Words that were drawn from the seed do not count as long as they are unchanged.
        return (
            np.array_equal(self.heads, other.heads)
            and mine.source == theirs.source
            and mine.level == theirs.level
            and np.array_equal(mine.used[mine.unchanged() :], theirs.used[theirs.unchanged() :])
        )

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> Self:
        """A copy that shares nothing with this one."""
        return self._of(self.heads.copy(), self._tail.copy())

    def view(self, start: int, stop: int) -> Self:
        """A stack of lanes `start` to ``stop - 1`` of this one, which shares its heads and tail.

        It cannot be folded or unfolded.
        """
        start, stop = integer(start, "start"), integer(stop, "stop")
        if not 0 <= start < stop <= self.lanes:
            raise ValueError(
                f"start and stop must select some of the stack's {self.lanes} lanes, "
                f"not {start} to {stop}"
            )
        return self._of(self.heads[start:stop], self._tail)

    @contextmanager
    def atomic(self) -> Iterator[Self]:
        """Restore the stack if the block raises anything.

        A push or pop of a single distribution is atomic by itself. When one codec of several
        fails, those before it have already changed the stack. This undoes their changes, at the
        price of a copy.
        """
        before = self.copy()
        try:
            yield self
        except BaseException:
            if self.lanes == before.lanes:
                self.heads[:] = before.heads  # in place, as views share them
            else:
                self.heads = before.heads
            self._tail.restore(before._tail)
            raise

    @contextmanager
    def stirred(self) -> Iterator[Self]:
        """Mix all bits of the stack while the block runs, for posteriors to be popped or pushed.

        Bits that have just been pushed are not as random as they have to be for samples
        (`ansflow.bitsback.stack.stirring`). `BitsBack` does this by itself; other codecs that
        pop latents from a posterior when they push should do the same, and when they pop,
        push the latents in such a block, too. In the block, `heads` are mixed already, and words
        when a kernel gets to see them.

        Examples
        --------
        >>> from ansflow.bitsback import Stack, Uniform
        >>> stack = Stack(seed=0)
        >>> Uniform(1 << 16, 4).push(stack, [1, 1, 1, 1])
        >>> with stack.stirred():
        ...     z = Uniform(1 << 16, 4).pop(stack)
        >>> z
        array([53022, 31161, 31161, 59305])
        >>> with stack.stirred():
        ...     Uniform(1 << 16, 4).push(stack, z)
        >>> Uniform(1 << 16, 4).pop(stack)
        array([1, 1, 1, 1])
        """
        tail = self._tail
        stir_heads(self.heads, factor_of(1))
        tail.stirred += 1
        try:
            yield self
        finally:
            tail.stirred -= 1
            stir_heads(self.heads, factor_of(-1))

    # The door for kernels. `Codec.push` and `Codec.pop` are for everything else.

    def run_push(self, kernel: Callable[..., int], room: int, *args: Any) -> None:
        """Run a kernel that only pushes, for codecs that bring a kernel of their own.

        A fused kernel pushes many symbols, or several distributions, in one call. It is called as
        ``kernel(heads, tail, size, *args)``, updates heads and tail in place, and returns the new
        size of the tail or a status of `ansflow.kernels.stack.heads`.

        Parameters
        ----------
        kernel : callable
            For example one of those in `ansflow.kernels.stack`, or a function that Numba compiles.
            ``heads`` are uint64, ``tail`` is uint32, and ``size`` an integer: how many words of
            ``tail`` are in use. If a symbol has no probability, it returns `IMPOSSIBLE` and leaves
            heads and words as they were.
        room : int
            The number of words that the kernel pushes at most. It may pop words that it has pushed
            itself, but no others. ``tail`` has one word more than that, which it may overwrite.
        *args
            Its other arguments.

        Raises
        ------
        ModelError
            If a symbol has no probability; the stack is as it was.
        """
        self._run_push(kernel, integer(room, "room", 0), args, ())

    def _run_push(
        self, kernel: Callable[..., int], room: int, x: tuple[Any, ...], params: tuple[Any, ...]
    ) -> None:
        """`run_push`, whose arguments are two tuples.

        A codec of one symbol feels each time that they are spread in a call, or put together.
        """
        tail = self._tail
        words, size = tail.content
        if room >= words.size - size:
            words, size = tail.with_room(room)
        after = kernel(self.heads, words, size, *x, *params)
        if type(after) is not int:
            after = int(after)
        if after >= IMPOSSIBLE:
            _fail(after, size)
        if tail.stirred:
            tail.unstir(words, size, after)
        tail.content = words, after

    def run_pop(
        self,
        kernel: Callable[..., int],
        most: int,
        *args: Any,
        room: int | None = None,
        lowest: npt.NDArray[np.uint64] | None = None,
    ) -> None:
        """Run a kernel that pops, or one that pops and pushes.

        This is the inverse of `run_push`, and the door for a model with latent variables in one
        kernel, both ways.

        Parameters
        ----------
        kernel : callable
            As that of `run_push`; if it finds no word where it needs one, it returns `UNDERFLOW`.
        most : int
            The number of words that the kernel pops at most, of those that are there now; it reads
            no others. They are drawn from the seed before, if the stack has one.
        *args
            Its other arguments.
        room : int, optional
            The number of words by which the kernel may make the tail longer at any moment. ``tail``
            has one word more than that, which it may overwrite. By default `most`, for a kernel
            that only pops. A kernel that also pushes must state it, and may fail at any moment.
        lowest : ndarray of uint64, shape (1,), optional
            Where a kernel that also pushes leaves the smallest size that the tail had meanwhile.
            If it does not, `most` words count as popped: in `Stack.rates`, and in a message of
            `encode`, which has all words that were drawn and popped.

        Raises
        ------
        StackUnderflowError
            If the stack has too few bits; it is as it was.
        ModelError
            If a symbol has no probability; the stack is as it was.

        Examples
        --------
        A latent z below 16, and data x that are z, z + 1, z + 2 or z + 3 modulo 16. A push pops z
        from the posterior, one of four, and pushes x and z; the net cost is 4 bits.

        >>> import numba
        >>> import numpy as np
        >>> from ansflow.bitsback import Stack
        >>> from ansflow.kernels.stack.heads import UNDERFLOW, pop_head, push_head, refill
        >>> one, two, four = np.array([1, 2, 4], np.uint64)
        >>> @numba.njit
        ... def push(heads, tail, size, x):
        ...     size = np.uint64(size)
        ...     for i in range(x.size - 1, -1, -1):
        ...         head = heads[i % heads.size]
        ...         slot = head % four
        ...         head, size = refill(pop_head(head, slot, one, two), tail, size)
        ...         if size == UNDERFLOW:
        ...             return size
        ...         z = np.uint64(x[i] - slot) % np.uint64(16)
        ...         head, size = push_head(head, slot, one, two, tail, size)
        ...         heads[i % heads.size], size = push_head(head, z, one, four, tail, size)
        ...     return size
        >>> @numba.njit
        ... def pop(heads, tail, size, x):
        ...     size = np.uint64(size)
        ...     for i in range(x.size):
        ...         head = heads[i % heads.size]
        ...         z = head % np.uint64(16)
        ...         head, size = refill(pop_head(head, z, one, four), tail, size)
        ...         if size == UNDERFLOW:
        ...             return size
        ...         slot = head % four
        ...         head, size = refill(pop_head(head, slot, one, two), tail, size)
        ...         if size == UNDERFLOW:
        ...             return size
        ...         x[i] = (z + slot) % np.uint64(16)
        ...         heads[i % heads.size], size = push_head(head, slot, one, two, tail, size)
        ...     return size
        >>> stack, x = Stack(seed=0), np.array([3, 1, 4, 1, 5, 9], np.uint64)
        >>> start = stack.mark()
        >>> stack.run_pop(push, x.size, x, room=2 * x.size)
        >>> round(stack.rates(start).net, 6)
        24.0
        >>> y = np.zeros_like(x)
        >>> stack.run_pop(pop, 2 * x.size, y, room=x.size)
        >>> y, stack == Stack(seed=0)
        (array([3, 1, 4, 1, 5, 9], dtype=uint64), True)
        """
        self._run_pop(kernel, integer(most, "most", 0), args, (), room, lowest)

    def _run_pop(
        self,
        kernel: Callable[..., int],
        most: int,
        params: tuple[Any, ...],
        out: tuple[Any, ...],
        room: int | None = None,
        lowest: npt.NDArray[np.uint64] | None = None,
    ) -> None:
        """`run_pop`, whose arguments are two tuples, as for `_run_push`."""
        tail, heads = self._tail, self.heads
        drawn, before = 0, None
        words, size = tail.content
        if size < most or room is not None:
            # A kernel may fail when it has popped words, and overwritten them.
            before = heads.copy(), words[max(0, size - most) : size].copy()
            if size < most and tail.source is not None:
                drawn = tail.draw(most)
            words, size = tail.with_room(most if room is None else room)
        elif most >= words.size - size:
            words, size = tail.with_room(most)
        bottom = size - most if size > most else 0
        if tail.stirred:
            tail.stir(words, bottom, size)
        after = kernel(heads, words, size, *params, *out)
        if type(after) is not int:
            after = int(after)
        if after >= IMPOSSIBLE:
            if before is None:
                tail.unstir(words, bottom, size)
            else:
                heads[:] = before[0]
                words[size - before[1].size : size] = before[1]
                tail.give_back(drawn)
            _fail(after, size)
        if tail.stirred:
            tail.unstir(words, bottom, after)
        tail.content = words, after
        unread = after if room is None else bottom
        if lowest is not None:
            unread = min(after, int(lowest[0]))
        if unread - tail.drawn < tail.lowest:
            tail.lowest = unread - tail.drawn
        if drawn:
            # Words that the kernel has popped stay, even if it has pushed the same again: whoever
            # undoes that without the seed, as `decode` does, needs them.
            tail.give_back(min(drawn, unread, tail.unchanged()))


def _fail(status: int, size: int) -> NoReturn:
    if status == IMPOSSIBLE:
        raise ModelError("a symbol has no probability")
    raise StackUnderflowError(
        f"the codec needs more bits than the heads and the {size} words of the stack hold; "
        "start with more initial bits (Stack.from_initial_bits) or with a seed"
    )
