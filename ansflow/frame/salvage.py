"""What is left of damaged frames: every head that can be found, wherever it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from ansflow.errors import AnsflowError, CorruptDataError, LimitError
from ansflow.frame import layout
from ansflow.frame.head import Head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.source import FileSource, take_header
from ansflow.frame.walk import walk
from ansflow.limits import Limits

__all__ = ["Remains", "find_remains"]

WINDOW = 1 << 20


@dataclass
class Remains:
    """What is left of one frame.

    Parameters
    ----------
    header : Header
    found : dict of int to (int, Head)
        By number, where in the file the payload of a block is, and what its head says.
    known : dict of int to Head
        Heads from the index, also of blocks that aren't found.
    blocks : int or None
        How many there were; None if the end is missing.
    damaged : bool
        Whether header, end mark or index are, or bytes lay around that belong to nothing.
    """

    header: Header
    found: dict[int, tuple[int, Head]] = field(default_factory=dict)
    known: dict[int, Head] = field(default_factory=dict)
    blocks: int | None = None
    damaged: bool = False


def find_remains(file: BinaryIO, limits: Limits) -> list[Remains]:
    """Look through a file from beginning to end.

    Raises
    ------
    CorruptDataError
        If no header is found, neither at the beginning of a frame nor in its index.
    """
    search = _Search(file, limits)
    search.run()
    if not search.frames:
        raise CorruptDataError("no header of a frame is to be found")
    return search.frames


class _Search:
    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.end = file.seek(0, 2)
        self.frames: list[Remains] = []

    def run(self) -> None:
        at = 0
        while at < self.end:
            found = self._next_header(at)
            if found is None:
                if self.frames:
                    self.frames[-1].damaged = True
                return
            begin, header, raw = found
            if header.version == 1:
                self.frames.append(self._walk_version_1(header, begin))
                return
            first = begin + len(raw)
            tag = raw[-layout.CHECK.size :][: layout.TAG_SIZE]
            remains = Remains(header)
            if self._is_index(first, header, tag):
                # The frame's own header is gone, and all that comes before is its blocks.
                remains.damaged = True
                self._find_blocks(remains, at, begin, tag, raw)
                at = self._read_index(remains, first, tag)
            else:
                remains.damaged = begin > at
                at = self._find_blocks(remains, first, self.end, tag, raw)
            self.frames.append(remains)

    def _read(self, at: int, size: int) -> bytes:
        self.file.seek(at)
        return self.file.read(max(0, min(size, self.end - at)))

    def _next_header(self, at: int) -> tuple[int, Header, bytes] | None:
        """The first sound header from byte `at` on: where it is, what it says, its bytes."""
        while (at := self._find((layout.MAGIC,), at, self.end)) < self.end:
            try:
                return at, *take_header(FileSource(self.file, at, self.end), self.limits)
            except LimitError:
                raise
            except AnsflowError:
                at += 1
        return None

    def _find(self, patterns: tuple[bytes, ...], at: int, end: int) -> int:
        """Where one of the patterns is next, or `end`."""
        overlap = max(map(len, patterns)) - 1
        while at < end:
            data = self._read(at, min(WINDOW, end - at))
            places = [place for p in patterns if (place := data.find(p)) >= 0]
            if places:
                return at + min(places)
            if at + len(data) >= end:
                break
            at += len(data) - overlap
        return end

    def _head_at(self, at: int, end: int, header: Header, tag: bytes) -> Head | None:
        """The sound head that is there, of whatever number."""
        raw = self._read(at, min(layout.HEAD.size, end - at))
        if len(raw) < layout.HEAD.size or raw[: layout.TAG_SIZE] != tag:
            return None
        try:
            return parse_head(raw, tag, header, int(layout.HEAD.unpack(raw)[7]))
        except AnsflowError:
            return None

    def _is_index(self, at: int, header: Header, tag: bytes) -> bool:
        """Whether heads follow without payloads. Frames without blocks have no index."""
        heads = [self._head_at(at + i * layout.HEAD.size, self.end, header, tag) for i in (0, 1)]
        return [head and head.number for head in heads] == [0, 1]

    def _read_index(self, remains: Remains, at: int, tag: bytes) -> int:
        """Take over the heads of an index; return where it ends."""
        expected = 0
        while head := self._head_at(at, self.end, remains.header, tag):
            if head.number != expected or head.kind == layout.END:
                break
            remains.known[head.number] = head
            expected += 1
            at += layout.HEAD.size
        trailer = self._read(at, layout.TRAILER.size)
        if trailer[-len(layout.TRAILER_MAGIC) :] == layout.TRAILER_MAGIC:
            at += layout.TRAILER.size
            remains.blocks = expected
        else:
            remains.damaged = True
        return at

    def _find_blocks(self, remains: Remains, at: int, end: int, tag: bytes, raw: bytes) -> int:
        """Note all blocks; return where the frame ends."""
        header = remains.header
        expected = 0
        while at < end:
            head = self._head_at(at, end, header, tag)
            if head is None or head.number < expected:
                # Lost: the next head may be anywhere, or the index, or the next frame.
                remains.damaged = True
                at = self._find((tag, layout.MAGIC), at + 1, end)
                if (
                    end - at >= layout.HEAD.size
                    and self._read(at, len(layout.MAGIC)) == layout.MAGIC
                ):
                    found = self._next_header(at)
                    if found is not None and found[0] == at:
                        first = at + len(found[2])
                        if found[2] == raw and self._is_index(first, header, tag):
                            return self._read_index(remains, first, tag)
                        return at
                continue
            if head.kind == layout.END:
                return self._pass_end(remains, head, at + layout.HEAD.size, tag, raw)
            remains.found[head.number] = (at + layout.HEAD.size, head)
            at += layout.HEAD.size + head.stored
            expected = head.number + 1
        remains.damaged = True
        return end

    def _pass_end(self, remains: Remains, end: Head, at: int, tag: bytes, raw: bytes) -> int:
        remains.blocks = end.number
        if not end.stored:
            return at
        first = at + len(raw)
        if self._read(at, len(raw)) != raw or not self._is_index(first, remains.header, tag):
            remains.damaged = True
            return min(self.end, at + end.stored)
        return self._read_index(remains, first, tag)

    def _walk_version_1(self, header: Header, begin: int) -> Remains:
        """Blocks up to the first head that is impossible: the rest can't be found."""
        remains = Remains(header)
        source = FileSource(self.file, begin, self.end)
        walker = walk(self.limits, first=True)
        event = next(walker)
        number = 0
        try:
            while True:
                if isinstance(event, int):
                    event = walker.send(bytes(source.take(event)))
                    continue
                if isinstance(event, Head):
                    remains.found[number] = (source.at, event)
                    number += 1
                    source.skip(event.stored)
                event = next(walker)
        except StopIteration:
            remains.blocks = number
        except AnsflowError:
            remains.damaged = True
        return remains
