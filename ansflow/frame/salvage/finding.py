"""Looking for patterns, headers and heads in a file, and whether a chunk is intact."""

from __future__ import annotations

from typing import BinaryIO

from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnknownModelError
from ansflow.files.foreign import read_at
from ansflow.frame import layout
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.salvage.work import Work
from ansflow.frame.source import FileSource, take_header
from ansflow.limits import Limits

__all__ = ["Finder", "Headers", "intact_body", "parse_sound_head"]

WINDOW = 1 << 20


class Finder:
    """Finds the places of some patterns in a file, looking at each byte once if asked in order."""

    def __init__(self, file: BinaryIO, *patterns: bytes) -> None:
        self._file, self._patterns = file, patterns
        self._overlap = max(map(len, patterns)) - 1
        self._begin, self._window = 0, b""
        # Where each is next in the window from where the last search began.
        self._from = 0
        self._places: list[int] = []

    def find(self, at: int, end: int) -> int:
        """Where one of the patterns is next from byte `at` on, or `end`."""
        while at < end:
            if not self._from <= at < self._begin + len(self._window) - self._overlap:
                self._begin, self._window = at, read_at(self._file, at, WINDOW)
                self._places = [-1] * len(self._patterns)
            self._from = at
            for i, pattern in enumerate(self._patterns):
                if self._places[i] < at - self._begin:
                    place = self._window.find(pattern, at - self._begin)
                    self._places[i] = place if place >= 0 else WINDOW
            place = min(self._places)
            if place < WINDOW:
                return min(end, self._begin + place)
            if len(self._window) <= self._overlap:
                return end
            at = max(at + 1, self._begin + len(self._window) - self._overlap)
        return end


class Headers:
    """Finds sound headers."""

    def __init__(self, file: BinaryIO, end: int, limits: Limits, work: Work) -> None:
        self._file, self._end, self._limits, self.work = file, end, limits, work
        self._finder = Finder(file, layout.MAGIC)

    def at(self, at: int) -> tuple[Header, bytes] | None:
        """The header that is there: what it says, and its bytes."""
        try:
            return self._take(at)
        except AnsflowError:
            return None

    def next(self, at: int, *, at_once: bool) -> tuple[int, Header, bytes] | None:
        """The first from byte `at` on, and where it is.

        `at_once` says that it should be just there: LimitError if it exceeds the limits.
        """
        while (place := self._finder.find(at, self._end)) < self._end:
            try:
                return place, *self._take(place)
            except LimitError:
                if at_once and place == at:
                    raise
            except AnsflowError:
                pass
            at, at_once = place + 1, False
        return None

    def _take(self, at: int) -> tuple[Header, bytes]:
        """The header there; an AnsflowError if there is none, or if too many were none."""
        source = FileSource(self._file, at, self._end)
        try:
            if self.work.exhausted:
                raise CorruptDataError("too much was looked at in vain")
            return take_header(source, self._limits)
        except AnsflowError:
            self.work.spend(source.at - at)
            raise


def parse_sound_head(raw: bytes, tag: bytes, header: Header, number: int | None) -> Head | None:
    """The head that `raw` is, if it's a sound one, of that number if it isn't None."""
    if len(raw) < layout.HEAD.size or raw[: layout.TAG_SIZE] != tag:
        return None
    if number is None:
        number = int(layout.HEAD.unpack(raw)[1])
    try:
        head = parse_head(raw, tag, header, number)
    except AnsflowError:
        return None
    return head


def intact_body(file: BinaryIO, at: int, head: Head, decoder: ChunkDecoder) -> bytes | None:
    """The body of the chunk that has it at byte `at`; None if it's damaged.

    UnknownModelError if it takes a model that isn't known here: then nothing can tell.
    """
    body = read_at(file, at, head.stored)
    if len(body) < head.stored:
        return None
    try:
        decoder.decode(head, memoryview(body))
    except UnknownModelError:
        raise
    except AnsflowError:
        return None
    return body
