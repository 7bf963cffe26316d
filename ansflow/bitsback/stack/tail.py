"""The words of a stack below its heads, which all its views share."""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.stack.seeded_source import SeededSource
from ansflow.bitsback.stack.stirring import factor_of
from ansflow.kernels.stack.stirring import stir_words

__all__ = ["Tail", "Words"]

Words = npt.NDArray[np.uint32]

COMPARED_AT_ONCE = 1 << 12


class Tail:
    """A growing array of 32-bit words, with or without a source of initial bits below it.

    With a source the tail is, in effect, infinitely long: the source's words follow below its own.
    It holds as many of them as have been needed; tails that differ only in their number are equal.

    Attributes
    ----------
    content : tuple of ndarray of uint32, int
        Words, and how many of them are in use, from the first on; the last of these is the top.
        They are one value, so that no thread sees one without the other: kernels write where the
        number says.
    source : SeededSource or None
    drawn : int
        How many of the words were drawn from the source. Its first word is the uppermost of them.
    lowest : int
        The lowest `level` since `Stack.mark`.
    stirred : int
        How many times words are stirred where kernels see them. In `content` they never are.
    """

    def __init__(self, words: Words, source: SeededSource | None = None, drawn: int = 0) -> None:
        self.content = words, words.size
        self.source = source
        self.drawn = drawn
        self.lowest = self.level
        self.stirred = 0

    @property
    def size(self) -> int:
        return self.content[1]

    @property
    def level(self) -> int:
        """Words in use minus those drawn from the source; negative if some of these were popped."""
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
        """The content, with room for so many words more, and one that kernels may overwrite."""
        words, size = self.content
        if type(room) is not int:
            room = integer(room, "room")
        if not 0 <= room < words.size - size:
            room = integer(room, "room", 0)
            longer = np.empty(max(size + room + 1, 2 * size, 64), np.uint32)
            longer[:size] = words[:size]
            words = longer
        return words, size

    def stir(self, words: Words, start: int, stop: int) -> None:
        """Stir some words for a kernel to see, as many times as is due."""
        if self.stirred and start < stop:
            stir_words(words, start, stop, factor_of(self.stirred))

    def unstir(self, words: Words, start: int, stop: int) -> None:
        """Undo `stir`."""
        if self.stirred and start < stop:
            stir_words(words, start, stop, factor_of(-self.stirred))

    def draw(self, size: int) -> int:
        """Draw words from the source until the tail has `size`; return how many were drawn."""
        assert self.source is not None
        words, own = self.content
        lacking = size - own
        longer = np.empty(2 * size + 1, np.uint32)  # a pop may push as many
        longer[:lacking] = self.source.words(self.drawn, lacking)[
            ::-1
        ]  # its first is the uppermost
        longer[lacking:size] = words[:own]
        self.content = longer, size
        self.drawn += lacking
        return lacking

    def give_back(self, count: int) -> None:
        """Remove the lowest words, which must be as they were drawn from the source."""
        if count:
            words, size = self.content
            count = min(count, size)
            self.content = words[count:], size - count
            self.drawn -= count

    def unchanged(self) -> int:
        """How many words, from the lowest one on, are as they were drawn from the source."""
        if self.source is None:
            return 0
        words = self.used
        count, same = min(self.drawn, words.size), 0
        if count and words[0] != self.source.word(self.drawn - 1):  # most of the time
            return 0
        while same < count:
            step = min(COMPARED_AT_ONCE, count - same)
            drawn = self.source.words(self.drawn - same - step, step)[::-1]
            differs = words[same : same + step] != drawn
            if differs.any():
                return same + int(np.argmax(differs))
            same += step
        return same

    def restore(self, before: Tail) -> None:
        """Restore the content of an earlier copy; `lowest` and `stirred` stay."""
        self.content, self.drawn = before.content, before.drawn
