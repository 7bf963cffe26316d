"""Searching a file for patterns, headers and heads, and verifying chunks."""

from __future__ import annotations

from typing import BinaryIO

from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnknownModelError
from ansflow.files.foreign import read_at
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.salvage.work import Work
from ansflow.frame.source import FileSource, take_header
from ansflow.limits import Limits

__all__ = ["Finder", "Headers", "intact_body", "parse_sound_head"]

WINDOW = 1 << 20


class Finder:
    """Finds patterns in a file. Each byte is examined once if searches proceed in order."""

    def __init__(self, file: BinaryIO, *patterns: bytes) -> None:
        self._file, self._patterns = file, patterns
        self._overlap = max(map(len, patterns)) - 1
        self._begin, self._window = 0, b""
        # The next place of each pattern in the window, from the beginning of the last search on.
        self._from = 0
        self._places: list[int] = []

    def find(self, at: int, end: int) -> int:
        """Return the next place of any pattern from byte `at` on, or `end`."""
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
    """Finds valid headers."""

    def __init__(self, file: BinaryIO, end: int, limits: Limits, work: Work) -> None:
        self._file, self._end, self._limits, self.work = file, end, limits, work
        self._finder = Finder(file, constants.MAGIC)

    def at(self, at: int) -> Header | None:
        """Return the header at byte `at`; None if there is none."""
        try:
            return self._take(at)
        except AnsflowError:
            return None

    def next(self, at: int, *, at_once: bool) -> tuple[int, Header] | None:
        """Return the next header from byte `at` on, and its place.

        `at_once` says that it is expected at byte `at`: LimitError if it exceeds the limits.
        """
        while (place := self._finder.find(at, self._end)) < self._end:
            try:
                return place, self._take(place)
            except LimitError:
                if at_once and place == at:
                    raise
            except AnsflowError:
                pass
            at, at_once = place + 1, False
        return None

    def _take(self, at: int) -> Header:
        """Return the header at byte `at`; AnsflowError if there is none or work is exhausted."""
        source = FileSource(self._file, at, self._end)
        try:
            if self.work.exhausted:
                raise CorruptDataError("the search is too long: too many headers were invalid")
            return take_header(source, self._limits)
        except AnsflowError:
            self.work.spend(source.at - at)
            raise


def parse_sound_head(raw: bytes, tag: bytes, header: Header, number: int | None) -> Head | None:
    """Return the head in `raw` if it is valid and, unless `number` is None, has this number."""
    if len(raw) < constants.HEAD.size or raw[: constants.TAG_SIZE] != tag:
        return None
    if number is None:
        number = int(constants.HEAD.unpack(raw)[1])
    try:
        head = parse_head(raw, tag, header.grid, number)
    except AnsflowError:
        return None
    return head


def intact_body(file: BinaryIO, at: int, head: Head, decoder: ChunkDecoder) -> bytes | None:
    """Return the body of a chunk at byte `at`; None if it is damaged.

    Raises UnknownModelError if its model is not registered, since it cannot be verified then.
    """
    body = read_at(file, at, head.body_size)
    if len(body) < head.body_size:
        return None
    try:
        decoder.decode(head, memoryview(body))
    except UnknownModelError:
        raise
    except AnsflowError:
        return None
    return body
