"""A frame to content as its bytes come, on several threads: for streams that cannot seek."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.cores import checked_threads
from ansflow.engine.threads import Pipeline
from ansflow.errors import AnsflowError, TruncatedError
from ansflow.frame import layout
from ansflow.frame.chunk import UNIT, ChunkDecoder
from ansflow.frame.head import OBJECTS, Head
from ansflow.frame.header import Header, check_magic
from ansflow.frame.walk import Event, walk
from ansflow.limits import Limits

__all__ = ["FrameDecoder", "Schedule", "decode_frames"]

# What no piece is.
NO_MORE = object()


class Schedule(NamedTuple):
    """How the decoding of a frame is divided.

    A task takes groups of chunks that weigh at least `unit`, if there are so many, and `depth`
    tasks may be outstanding.
    """

    unit: int
    depth: int

    @classmethod
    def make(cls, header: Header, threads: int, room: int) -> Schedule:
        """Two tasks for each thread, if there is memory for them: so many bytes."""
        room -= header.held
        group = header.largest_group + header.grid.chunks_per_group * OBJECTS
        unit = UNIT
        while unit and header.memory(unit + group) > room:
            unit //= 2
        # With its last group, a task is larger than a unit by nearly that group. While the tasks
        # are outstanding, the chunks of the next one come.
        task = max(1, header.memory(unit + group))
        return cls(unit, max(1, min(2 * threads, room // task - 1)))


# Shorter pieces are put together: each of them takes some 200 bytes as it is.
SMALL = 1 << 12


class ByteQueue:
    """Bytes that come in pieces and go in others, copied only where those of one overlap two."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._small = bytearray()  # what comes after the pieces
        self.size = 0

    def put(self, data: Any) -> None:
        """Take bytes-like data, which may change afterwards."""
        view = bytes_of(data).data
        self.size += len(view)
        if len(view) < SMALL:
            self._small += bytes(view)
        else:
            self._gather()
            self._pieces.append(view if isinstance(data, bytes) else memoryview(bytes(view)))

    def take(self, count: int) -> memoryview | None:
        """The next bytes, or None if there aren't so many."""
        if self.size < count:
            return None
        if not count:
            return memoryview(b"")
        self._gather()
        self.size -= count
        first = self._pieces[0]
        if len(first) > count:
            self._pieces[0] = first[count:]
            return first[:count]
        if len(first) == count:
            return self._pieces.popleft()
        taken = bytearray()
        while len(taken) < count:
            piece = self._pieces.popleft()
            missing = count - len(taken)
            taken += piece[:missing]
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
        return memoryview(taken)

    def peek(self, count: int) -> bytes:
        """The next bytes, or as many as there are, which stay."""
        found = bytearray()
        for piece in (*self._pieces, memoryview(bytes(self._small))):
            if len(found) >= count:
                break
            found += piece[: count - len(found)]
        return bytes(found)

    def _gather(self) -> None:
        if self._small:
            self._pieces.append(memoryview(bytes(self._small)))
            self._small.clear()


class FrameDecoder:
    """Takes the bytes of one frame as they come, and gives its content as it is ready.

    Parameters
    ----------
    limits : Limits
    threads : int or None

    Attributes
    ----------
    header : Header or None
        None until it has come.
    done : bool
        Whether the frame has come to its end. Content may still be in work.
    """

    def __init__(self, limits: Limits, threads: int | None) -> None:
        self._limits, self._threads = limits, checked_threads(threads)
        self.header: Header | None = None
        self.done = False
        self._content_size = 0
        self._error: AnsflowError | None = None
        self._walk = walk(limits)
        self._event: Event = next(self._walk)
        self._begun = False
        self._input = ByteQueue()
        # Chunks that no task has yet, and what they weigh.
        self._heads: list[Head] = []
        self._bodies: list[memoryview] = []
        self._waiting = 0
        self._unit = 0
        self._pipeline: Pipeline[Bytes] | None = None
        self._decode: ChunkDecoder | None = None

    def feed(self, data: Any) -> None:
        """Take more bytes."""
        if self._error is not None:
            raise self._error
        self._input.put(data)
        if not self._begun:
            check_magic(self._input.peek(len(layout.MAGIC)))

    def unused(self) -> bytes:
        """The bytes that haven't been needed."""
        return self._input.peek(self._input.size)

    @property
    def is_empty(self) -> bool:
        """Whether all bytes have been needed."""
        return not self._input.size

    def advance(self) -> Iterator[Bytes]:
        """Decode what has come; yield what is ready, which needn't be all."""
        with self._noting_errors():
            yield from self._advance()

    def drain(self) -> Iterator[Bytes]:
        """Yield all content that is in work."""
        with self._noting_errors():
            if self._pipeline is not None:
                yield from self._put(at_least=1)
                yield from self._pipeline.drain()

    def check_end(self) -> None:
        """Raise TruncatedError if the frame hasn't come to its end."""
        if not self.done:
            raise TruncatedError("the frame is cut off")

    def following(self) -> FrameDecoder:
        """The decoder of the frame that follows this one, whose content counts, too.

        It has the bytes that this one hasn't needed.
        """
        decoder = FrameDecoder(self._limits.behind(self._content_size), self._threads)
        decoder._input = self._input
        decoder.feed(b"")
        return decoder

    def close(self) -> None:
        """Stop the threads, whatever they are doing."""
        if self._pipeline is not None:
            self._pipeline.close()

    @contextmanager
    def _noting_errors(self) -> Iterator[None]:
        """After an error the same is raised again, and nothing else happens."""
        try:
            yield
        except AnsflowError as error:
            self._error = error
            raise

    def _advance(self) -> Iterator[Bytes]:
        while not self.done:
            event = self._event
            if isinstance(event, Header):
                self._begin(event)
                self._step(None)
            elif isinstance(event, Head):
                body = self._input.take(event.stored)
                if body is None:
                    return
                self._heads.append(event)
                self._bodies.append(body)
                self._waiting += self._weight(event)
                self._content_size += self._size(event)
                self._step(None)
                yield from self._put(at_least=self._unit)
            else:
                data = self._input.take(event)
                if data is None:
                    return
                self._step(bytes(data))

    def _begin(self, header: Header) -> None:
        self.header = header
        self._decode = ChunkDecoder(header)
        self._unit, depth = Schedule.make(header, self._threads, self._limits.max_memory)
        self._pipeline = Pipeline(self._threads, depth)

    def _step(self, data: bytes | None) -> None:
        self._begun = True
        try:
            self._event = next(self._walk) if data is None else self._walk.send(data)
        except StopIteration:
            self.done = True

    def _size(self, head: Head) -> int:
        """Bytes of a chunk's content."""
        assert self.header is not None
        return head.cells * self.header.grid.cell_size

    def _weight(self, head: Head) -> int:
        """Bytes that a chunk counts for: its content, about as much as its body, and objects."""
        return self._size(head) + OBJECTS

    def _put(self, at_least: int) -> list[Bytes]:
        """Decode the chunks that wait for it, if they are whole groups and weigh so much."""
        assert self.header is not None
        assert self._pipeline is not None
        assert self._decode is not None
        if self._waiting < at_least or not self._heads:
            return []
        whole = len(self._heads) - len(self._heads) % self.header.grid.chunks_per_group
        if not whole:
            return []
        task = partial(self._decode, self._heads[:whole], self._bodies[:whole])
        self._heads, self._bodies = self._heads[whole:], self._bodies[whole:]
        self._waiting = sum(map(self._weight, self._heads))
        return self._pipeline.put(task)


def decode_frames(
    pieces: Iterable[Any], limits: Limits, threads: int | None
) -> Generator[tuple[Header, Iterator[Bytes]], None, None]:
    """The header of each frame and its content, which is to be used up before the next.

    Pieces are bytes-like. An empty one says that the next may take a while: all content so far is
    given.
    """
    rest = iter(pieces)
    decoder = FrameDecoder(limits, threads)
    try:
        while True:
            content = _content(decoder, rest)
            first = next(content, None)
            assert decoder.header is not None
            yield decoder.header, content if first is None else chain([first], content)
            decoder.close()
            while decoder.is_empty:
                piece = next(rest, NO_MORE)
                if piece is NO_MORE:
                    return
                decoder.feed(piece)
            decoder = decoder.following()
    finally:
        decoder.close()


def _content(decoder: FrameDecoder, pieces: Iterator[Any]) -> Iterator[Bytes]:
    """The content of one frame, which may have begun in a piece that the decoder has."""
    yield from decoder.advance()
    while not decoder.done and (piece := next(pieces, NO_MORE)) is not NO_MORE:
        decoder.feed(piece)
        yield from decoder.advance()
        if not bytes_of(piece).size:
            yield from decoder.drain()
    yield from decoder.drain()
    decoder.check_end()
