"""Content from anywhere in a file, by way of its index."""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import accumulate
from typing import BinaryIO, NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.decoder import Plan
from ansflow.engine.threads import Pipeline, checked_threads, ordered
from ansflow.errors import AnsflowError, CorruptDataError
from ansflow.files.foreign import can_seek, check_binary, read_exactly
from ansflow.frame import layout
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import OBJECTS, Head
from ansflow.frame.index import map_file
from ansflow.limits import Limits

__all__ = ["ContentReader"]


class Place(NamedTuple):
    """A byte of content: in which frame and chunk it is, its place there, the chunk's size."""

    frame: int
    chunk: int
    begin: int
    size: int


class Run(NamedTuple):
    """Consecutive chunks with content from byte `begin` to `end`, decoded or being decoded."""

    begin: int
    end: int


class ContentReader:
    """Reads ranges of the content of all frames in a file that can seek.

    Decodes the chunks it needs, and straight to where they are wanted. A chunk of which only a part
    is wanted is kept for the next read. Who reads on from where the last read ended, and too
    little at once to keep all threads busy, finds the next chunks kept, too: threads decode them
    meanwhile.

    Parameters
    ----------
    file : binary file
        Its frames begin at its position, and take up the rest of it.
    limits : Limits
    threads : int or None

    Attributes
    ----------
    frames : list of FrameMap
    size : int
        Bytes of content.
    """

    def __init__(self, file: BinaryIO, limits: Limits, threads: int | None) -> None:
        check_binary(file)
        if not can_seek(file):
            raise io.UnsupportedOperation(
                f"{type(file).__name__} can't seek: ansflow.open and ansflow.iter_decompress read "
                "such files from beginning to end"
            )
        self._file = file
        self.frames = map_file(file, file.tell(), limits)
        self._threads = checked_threads(threads)
        room = limits.max_memory - sum(frame.memory for frame in self.frames)
        plans = [Plan.make(frame.header, self._threads, room) for frame in self.frames]
        self._unit, self._depth = min(plan.unit for plan in plans), min(p.depth for p in plans)
        # Of one frame at a time, for the tables it keeps.
        self._decoder = 0, ChunkDecoder(self.frames[0].header)
        self._starts = list(accumulate((f.content_size for f in self.frames), initial=0))
        self.size = self._starts[-1]
        self._lock = threading.Lock()
        self._last = -1  # where the last read ended
        # What is kept: the runs that the pipeline has, and the content of the first of them.
        self._runs: deque[Run] = deque()
        self._contents: deque[Bytes] = deque()
        self._pipeline = self._new_pipeline()

    def read_into(self, at: int, out: Bytes) -> int:
        """Fill `out` with content from byte `at` on; return how much there was.

        Raises
        ------
        CorruptDataError
            If a block is damaged.
        """
        count = max(0, min(out.size, self.size - at))
        with self._lock:
            on = self._threads > 1 and at == self._last
            for _ in ordered(self._tasks(at, out[:count], on), self._threads, self._depth):
                pass
            self._last = at + count
        return count

    def close(self) -> None:
        """Stop the threads. The file stays open."""
        self._pipeline.close()

    def _tasks(self, at: int, out: Bytes, on: bool) -> Iterator[Callable[[], object]]:
        """What there is to do, a unit at a time; `on` says that it begins where the last ended."""
        little = on and out.size < 2 * self._unit
        while out.size:
            place = self._find(at)
            if little or place.begin or place.size > out.size:
                part = self._kept(at, on)[: out.size]
                taken = part.size
                out[:taken] = part
            else:
                count, taken = self._whole_chunks(place, out.size)
                decode = self._decoder_of(place.frame)
                yield partial(decode, *self._load(place, count), out[:taken])
            at, out = at + taken, out[taken:]

    def _find(self, at: int) -> Place:
        """Where byte `at` of the content is."""
        frame = bisect_right(self._starts, at) - 1
        content_at = self.frames[frame].content_at
        at -= self._starts[frame]
        chunk = int(np.searchsorted(content_at, at, side="right")) - 1
        begin, end = content_at[chunk : chunk + 2].tolist()
        return Place(frame, chunk, at - begin, end - begin)

    def _whole_chunks(self, place: Place, room: int) -> tuple[int, int]:
        """How many chunks from here on are for one task, if they fit; and their size."""
        content_at = self.frames[place.frame].content_at
        begin = content_at[place.chunk]
        fit = int(np.searchsorted(content_at, begin + room, side="right")) - 1
        unit = int(np.searchsorted(content_at, begin + self._unit))
        light = place.chunk + self._unit // (OBJECTS * self.frames[place.frame].header.planes)
        end = max(place.chunk + 1, min(fit, unit, light))
        return end - place.chunk, int(content_at[end] - begin)

    def _decoder_of(self, frame: int) -> ChunkDecoder:
        if self._decoder[0] != frame:
            self._decoder = frame, ChunkDecoder(self.frames[frame].header)
        return self._decoder[1]

    def _kept(self, at: int, on: bool) -> Bytes:
        """Content from byte `at` on, to the end of the chunks that were decoded with it.

        If it is to be read `on`, what follows is decoded meanwhile.
        """
        content = None
        with suppress(AnsflowError):
            if not self._have(at):
                self._keep_nothing()
                self._put(at, self._unit if on else 0)
            while on and len(self._runs) < self._depth and self._runs[-1].end < self.size:
                self._put(self._runs[-1].end, self._unit)
            content = self._first_content()
        if content is None:
            # It may be another chunk of the run that is damaged, or another run.
            self._put(at, room=0)
            content = self._first_content()
        return content[at - self._runs[0].begin :]

    def _have(self, at: int) -> bool:
        """Let go of the runs before byte `at`; whether it's in the first one then."""
        while self._runs and self._runs[0].end <= at:
            self._first_content()
            self._contents.popleft()
            self._runs.popleft()
        return bool(self._runs) and self._runs[0].begin <= at

    def _put(self, at: int, room: int) -> None:
        """Decode the chunk around byte `at`, and those that follow as far as there is `room`."""
        place = self._find(at)
        count, size = self._whole_chunks(place, room)
        begin = at - place.begin
        task: Callable[[], Bytes]
        try:
            task = partial(self._decoder_of(place.frame), *self._load(place, count))
        except AnsflowError as error:
            task = partial(_fail, error)  # of no concern before somebody wants this part
        self._runs.append(Run(begin, begin + size))
        with self._keeping_nothing_broken():
            self._contents += self._pipeline.put(task)

    def _first_content(self) -> Bytes:
        if not self._contents:
            with self._keeping_nothing_broken():
                self._contents.append(next(self._pipeline.drain()))
        return self._contents[0]

    @contextmanager
    def _keeping_nothing_broken(self) -> Iterator[None]:
        """A pipeline gives nothing more after an error or an interrupt."""
        try:
            yield
        except BaseException:
            self._keep_nothing()
            raise

    def _keep_nothing(self) -> None:
        self._pipeline.close()
        self._pipeline = self._new_pipeline()
        self._runs.clear()
        self._contents.clear()

    def _new_pipeline(self) -> Pipeline[Bytes]:
        # One more than there are runs at once, so that it never waits to take one.
        return Pipeline(self._threads, self._depth + 1)

    def _load(self, place: Place, count: int) -> tuple[list[Head], list[memoryview]]:
        """Heads, which are verified, and payloads of so many chunks."""
        frame = self.frames[place.frame]
        begin, end = frame.chunk_at[[place.chunk, place.chunk + count]].tolist()
        self._file.seek(begin)
        data = memoryview(read_exactly(self._file, end - begin))
        raw_heads, heads = frame.heads_of(place.chunk, count)
        payloads, at = [], 0
        for raw, head in zip(raw_heads, heads, strict=True):
            if frame.indexed and raw != data[at : at + layout.HEAD.size]:
                raise CorruptDataError(
                    f"the head of block {head.number} isn't the one in the index"
                )
            at += layout.HEAD.size
            payloads.append(data[at : at + head.stored])
            at += head.stored
        return heads, payloads


def _fail(error: AnsflowError) -> Bytes:
    raise error
