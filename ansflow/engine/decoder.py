"""Decoding of frames whose bytes arrive in pieces, on several threads: no seeking needed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.byte_queue import ByteQueue
from ansflow.engine.cores import checked_threads
from ansflow.engine.schedule import BYTES_PER_CHUNK, Schedule
from ansflow.engine.threads import Pipeline
from ansflow.errors import AnsflowError, TruncatedError
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.header import Header, check_magic
from ansflow.frame.walk import Event, walk
from ansflow.limits import Limits

__all__ = ["FrameDecoder", "decode_frames"]

# Marks the end of the pieces.
NO_MORE = object()


class FrameDecoder:
    """Takes the bytes of one frame as they arrive, and returns its content as it is ready.

    Parameters
    ----------
    limits : Limits
    threads : int or None

    Attributes
    ----------
    header : Header or None
        None until all of it has arrived.
    done : bool
        Whether all of the frame has arrived. Some content may still be being decoded.
    size : int
        Bytes of the frame that have been used.
    """

    def __init__(self, limits: Limits, threads: int | None) -> None:
        self._limits, self._threads = limits, checked_threads(threads)
        self.header: Header | None = None
        self.done = False
        self.size = 0
        self._content_size = 0
        self._error: AnsflowError | None = None
        self._walk = walk(limits)
        self._event: Event = next(self._walk)
        self._begun = False
        self._input = ByteQueue()
        # Chunks that are not part of a task yet, and their weight.
        self._heads: list[Head] = []
        self._bodies: list[memoryview] = []
        self._waiting = 0
        self._unit = 0
        self._pipeline: Pipeline[Bytes] | None = None
        self._decode: ChunkDecoder | None = None

    def feed(self, data: Any) -> None:
        """Append bytes of the frame."""
        if self._error is not None:
            raise self._error
        self._input.put(data)
        if not self._begun:
            check_magic(self._input.peek(len(constants.MAGIC)))

    def unused(self) -> bytes:
        """The bytes that have not been used."""
        return self._input.peek(self._input.size)

    @property
    def is_empty(self) -> bool:
        """Whether all bytes have been used."""
        return not self._input.size

    def advance(self) -> Iterator[Bytes]:
        """Start decoding the chunks that have arrived, and yield content that is ready."""
        with self._noting_errors():
            yield from self._advance()

    def drain(self) -> Iterator[Bytes]:
        """Yield the content of all whole groups of chunks that have arrived."""
        with self._noting_errors():
            if self._pipeline is not None:
                yield from self._put(at_least=1)
                yield from self._pipeline.drain()

    def check_end(self) -> None:
        """Raise TruncatedError if a part of the frame is missing."""
        if not self.done:
            raise TruncatedError("the frame is cut off: the data end before its end mark or index")

    def following(self) -> FrameDecoder:
        """The decoder of the next frame, with the unused bytes and what is left of the limits."""
        decoder = FrameDecoder(self._limits.behind(self._content_size), self._threads)
        decoder._input = self._input
        decoder.feed(b"")
        return decoder

    def close(self) -> None:
        """Cancel pending tasks and stop the threads."""
        if self._pipeline is not None:
            self._pipeline.close()

    @contextmanager
    def _noting_errors(self) -> Iterator[None]:
        """Record an error, so that later calls raise it again."""
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
                body = self._input.take(event.body_size)
                if body is None:
                    return
                self.size += event.body_size
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
                self.size += event
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
        """The memory of a chunk in bytes: its content, which bounds its body, and objects."""
        return self._size(head) + BYTES_PER_CHUNK

    def _put(self, at_least: int) -> list[Bytes]:
        """Start a task for the whole groups that wait, if they weigh `at_least` so much."""
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
    pieces: Iterable[Any],
    limits: Limits,
    threads: int | None,
    on_end: Callable[[int], object] = lambda size: None,
) -> Generator[tuple[Header, Iterator[Bytes]], None, None]:
    """Yield the header and the content of each frame; exhaust the content before the next frame.

    Pieces are bytes-like. An empty piece announces that the next one may take a while: all content
    so far is then yielded. When a frame has ended, `on_end` is called with its size.
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
            on_end(decoder.size)
            while decoder.is_empty:
                piece = next(rest, NO_MORE)
                if piece is NO_MORE:
                    return
                decoder.feed(piece)
            decoder = decoder.following()
    finally:
        decoder.close()


def _content(decoder: FrameDecoder, pieces: Iterator[Any]) -> Iterator[Bytes]:
    """Yield the content of one frame, whose first bytes the decoder may already have."""
    yield from decoder.advance()
    while not decoder.done and (piece := next(pieces, NO_MORE)) is not NO_MORE:
        decoder.feed(piece)
        yield from decoder.advance()
        if not bytes_of(piece).size:
            yield from decoder.drain()
    yield from decoder.drain()
    decoder.check_end()
