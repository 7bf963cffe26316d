"""The words below the heads, which all views of a stack share."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.source import SeededSource

__all__ = ["Tail"]

COMPARED_AT_ONCE = 1 << 12


class Tail:
    """A growing array of 32-bit words, and perhaps a source of starting bits below it.

    With a source the tail is, in effect, infinitely long: the source's words follow below its own.
    Of those, it holds as many as have been asked for; which doesn't matter for what it *is*.

    Attributes
    ----------
    words : ndarray of uint32
        The first `size` of them are in use, the last of these on top.
    size : int
    source : SeededSource or None
    drawn : int
        How many of the words are the source's, from its first down to the bottom.
    lowest : int
        The lowest `level` since it was last set.
    """

    def __init__(
        self, words: npt.NDArray[np.uint32], source: SeededSource | None = None, drawn: int = 0
    ) -> None:
        self.words = words
        self.size = words.size
        self.source = source
        self.drawn = drawn
        self.lowest = self.level

    @property
    def level(self) -> int:
        """Words in use, less those of the source: below 0 if it had to lend some."""
        return self.size - self.drawn

    @property
    def used(self) -> npt.NDArray[np.uint32]:
        return self.words[: self.size]

    def copy(self) -> Self:
        other = copy(self)
        other.words = self.used.copy()
        return other

    def reserve(self, room: int) -> None:
        """Make `words` long enough for `room` more and one that a kernel writes in vain."""
        needed = self.size + room + 1
        if needed > self.words.size:
            longer = np.empty(max(needed, 2 * self.words.size, 64), np.uint32)
            longer[: self.size] = self.used
            self.words = longer

    def draw(self, size: int) -> int:
        """Let the source fill the tail up to `size` words; return how many that took."""
        assert self.source is not None
        lacking = size - self.size
        words = self.source.words(self.drawn, lacking)[::-1]  # the source's first on top
        self.words = np.concatenate([words, self.used])
        self.size = size
        self.drawn += lacking
        return lacking

    def give_back(self, count: int) -> None:
        """Return the lowest words to the source, which they must be from, and as they were."""
        if count:
            self.words = self.words[count:]
            self.size -= count
            self.drawn -= count

    def unchanged(self) -> int:
        """How many words, from the lowest one on, are the source's and lie as they were drawn."""
        if self.source is None:
            return 0
        count, same = min(self.drawn, self.size), 0
        while same < count:  # most often the first differs already
            step = min(COMPARED_AT_ONCE, count - same)
            drawn = self.source.words(self.drawn - same - step, step)[::-1]
            differs = self.words[same : same + step] != drawn
            if differs.any():
                return same + int(np.argmax(differs))
            same += step
        return same

    def restore(self, before: Tail) -> None:
        """Be what `before` is, which was a copy; only `lowest` remembers."""
        self.words, self.size, self.drawn = before.words, before.size, before.drawn
