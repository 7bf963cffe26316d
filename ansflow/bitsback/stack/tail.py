"""The words below the heads, which all views of a stack share."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.stack.source import SeededSource

__all__ = ["Tail", "Words"]

Words = npt.NDArray[np.uint32]

COMPARED_AT_ONCE = 1 << 12


class Tail:
    """A growing array of 32-bit words, and perhaps a source of starting bits below it.

    With a source the tail is, in effect, infinitely long: the source's words follow below its own.
    Of those, it holds as many as have been asked for; which doesn't matter for what it *is*.

    Attributes
    ----------
    content : tuple of ndarray of uint32, int
        Words, and how many of them are in use, from the first on; the last of these is on top.
        They are one value, so that no thread ever sees one without the other: kernels write where
        the number says.
    source : SeededSource or None
    drawn : int
        How many of the words are the source's, from its first down to the bottom.
    lowest : int
        The lowest `level` since it was last set.
    """

    def __init__(self, words: Words, source: SeededSource | None = None, drawn: int = 0) -> None:
        self.content = words, words.size
        self.source = source
        self.drawn = drawn
        self.lowest = self.level

    @property
    def size(self) -> int:
        return self.content[1]

    @property
    def level(self) -> int:
        """Words in use, less those of the source: below 0 if it had to lend some."""
        return self.size - self.drawn

    @property
    def used(self) -> Words:
        words, size = self.content
        return words[:size]

    def copy(self) -> Self:
        other = copy(self)
        used = self.used.copy()
        other.content = used, used.size
        return other

    def with_room(self, room: int) -> tuple[Words, int]:
        """The content, with room for so many words more and one that a kernel writes in vain."""
        words, size = self.content
        if type(room) is not int:
            room = integer(room, "room")
        if not 0 <= room < words.size - size:
            room = integer(room, "room", 0)
            longer = np.empty(max(size + room + 1, 2 * size, 64), np.uint32)
            longer[:size] = words[:size]
            words = longer
        return words, size

    def draw(self, size: int) -> int:
        """Let the source fill the tail up to `size` words; return how many that took."""
        assert self.source is not None
        words, own = self.content
        lacking = size - own
        longer = np.empty(2 * size + 1, np.uint32)  # a pop may also put as many
        longer[:lacking] = self.source.words(self.drawn, lacking)[::-1]  # its first on top
        longer[lacking:size] = words[:own]
        self.content = longer, size
        self.drawn += lacking
        return lacking

    def give_back(self, count: int) -> None:
        """Return the lowest words to the source, which they must be from, and as they were."""
        if count:
            words, size = self.content
            count = min(count, size)
            self.content = words[count:], size - count
            self.drawn -= count

    def unchanged(self) -> int:
        """How many words, from the lowest one on, are the source's and lie as they were drawn."""
        if self.source is None:
            return 0
        words = self.used
        count, same = min(self.drawn, words.size), 0
        while same < count:  # most often the first differs already
            step = min(COMPARED_AT_ONCE, count - same)
            drawn = self.source.words(self.drawn - same - step, step)[::-1]
            differs = words[same : same + step] != drawn
            if differs.any():
                return same + int(np.argmax(differs))
            same += step
        return same

    def restore(self, before: Tail) -> None:
        """Be what `before` is, which was a copy; only `lowest` remembers."""
        self.content, self.drawn = before.content, before.drawn
