"""Random access to the content of frames, by way of their indexes."""

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
from ansflow.engine.cores import checked_threads
from ansflow.engine.kept import Kept
from ansflow.engine.schedule import BYTES_PER_CHUNK, Schedule
from ansflow.engine.threads import Pipeline, ordered
from ansflow.errors import AnsflowError, CorruptDataError, TruncatedError
from ansflow.files.foreign import can_seek, check_binary, fill_from
from ansflow.files.forks import renew_in_children
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.index import FrameMap, map_file
from ansflow.limits import Limits

__all__ = ["ContentReader"]

# Bytes of decoded chunks that are kept, if limits allow for four times as much: a row of tiles, of
# which the next read takes the next line.
KEPT = 1 << 25


class Place(NamedTuple):
    """The position of a byte of content: frame, group, offset in the group, size of the group."""

    frame: int
    group: int
    begin: int
    size: int


class Run(NamedTuple):
    """Consecutive groups, decoded or being decoded, with content from byte `begin` to `end`."""

    begin: int
    end: int


class ContentReader:
    """Reads ranges of the content of all frames in a file that can seek.

    Groups of chunks are decoded directly to their destination. A group of which only a part is
    requested is kept for the next read, and so are chunks of which a box takes a part. A read that
    continues where the last one ended, and is too small to keep all threads busy, makes them decode
    the next groups ahead.

    Parameters
    ----------
    file : binary file
        The frames extend from its position to its end.
    limits : Limits
    threads : int or None

    Attributes
    ----------
    frames : list of FrameMap
    starts : list of int
        How much content comes before each frame, and all of it.
    size : int
        Bytes of content.
    """

    def __init__(self, file: BinaryIO, limits: Limits, threads: int | None) -> None:
        check_binary(file)
        if not can_seek(file):
            raise io.UnsupportedOperation(
                f"{type(file).__name__} cannot seek: read it sequentially, with ansflow.open or "
                "ansflow.iter_decompress"
            )
        self._file = file
        self.frames = map_file(file, file.tell(), limits)
        self._threads = checked_threads(threads)
        room = limits.max_memory - sum(frame.memory for frame in self.frames)
        self._room_kept = min(KEPT, max(0, room) // 4)
        room -= self._room_kept
        schedules = [Schedule.make(frame.header, self._threads, room) for frame in self.frames]
        self._unit = min(schedule.unit for schedule in schedules)
        self._depth = min(schedule.depth for schedule in schedules)
        # The decoder of one frame only, as it holds tables.
        self._decoder = 0, ChunkDecoder(self.frames[0].header)
        self.starts = list(accumulate((f.content_size for f in self.frames), initial=0))
        self.size = self.starts[-1]
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Begin anew, as a forked process must, which has none of the threads at work."""
        self._lock = threading.Lock()
        self._last = -1  # where the last read ended
        # The runs that the pipeline decodes, and the content of the first of them.
        self._runs: deque[Run] = deque()
        self._contents: deque[Bytes] = deque()
        self._kept_chunks = Kept(self._room_kept)
        self._pipeline = self._new_pipeline()

    def read_into(self, at: int, out: Bytes) -> int:
        """Fill `out` with content from byte `at` on; return the number of bytes read.

        Raises
        ------
        CorruptDataError
            If a chunk is damaged.
        """
        count = max(0, min(out.size, self.size - at))
        with self._lock:
            on = self._threads > 1 and at == self._last
            for _ in ordered(self._tasks(at, out[:count], on), self._threads, self._depth):
                pass
            self._last = at + count
        return count

    def run(self, tasks: Iterator[Callable[[], object]]) -> None:
        """Run tasks, made with `load_chunk`, on all threads."""
        with self._lock:
            for _ in ordered(tasks, self._threads, self._depth):
                pass

    def groups_in(self, number: int, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield each group of a frame with places from `begin` to `end`, and its own range of them.

        Places are those along the axis of the frame's grid, counted from the first of all sweeps.
        """
        frame = self.frames[number]
        size = frame.header.grid.place_size
        group = int(np.searchsorted(frame.content_at, begin * size, side="right")) - 1
        while group < frame.groups and (low := int(frame.content_at[group]) // size) < end:
            yield group, low, int(frame.content_at[group + 1]) // size
            group += 1

    def load_chunk(self, number: int, chunk: int, keep: bool) -> Callable[[], Bytes]:
        """Read a chunk that is not kept; return a task that gives its content, and may keep it."""
        content = self._kept_chunks.get((number, chunk))
        if content is not None:
            return lambda: content
        frame = self.frames[number]
        (head,) = frame.heads_of(chunk, 1)[1]
        at = frame.body_at(chunk)
        begin, end = at - frame.header.head_size, at + head.body_size
        (_,), (body,) = self._read(frame, chunk, 1, begin, end)
        decode = partial(self._decoder_of(number).decode, head, body)
        return partial(self._kept_chunks.decoded, (number, chunk), decode) if keep else decode

    def chunks(self, number: int) -> Iterator[tuple[Head, memoryview]]:
        """Yield the verified head and the body of each chunk, reading a group at a time."""
        frame = self.frames[number]
        for group in range(frame.groups):
            with self._lock:
                heads, bodies = self._load(Place(number, group, 0, 0), 1)
            yield from zip(heads, bodies, strict=True)

    def beginnings(self, number: int) -> Iterator[tuple[Head, memoryview]]:
        """Yield the same, with each body cut off after its recipe and the heads of its streams."""
        frame = self.frames[number]
        for chunk in range(frame.heads.size):
            (head,) = frame.heads_of(chunk, 1)[1]
            size = min(head.body_size, constants.MAX_BODY_HEAD)
            with self._lock:
                yield head, self._bytes(frame.body_at(chunk), size)

    def close(self) -> None:
        """Stop the threads. The file stays open."""
        self._pipeline.close()

    def _tasks(self, at: int, out: Bytes, on: bool) -> Iterator[Callable[[], object]]:
        """Yield tasks of about a unit each; `on` says whether the read continues the last one."""
        little = on and out.size < 2 * self._unit
        while out.size:
            place = self._find(at)
            if little or place.begin or place.size > out.size:
                part = self._kept(at, on)[: out.size]
                taken = part.size
                out[:taken] = part
            else:
                count, taken = self._whole_groups(place, out.size)
                decode = self._decoder_of(place.frame)
                yield partial(decode, *self._load(place, count), out[:taken])
            at, out = at + taken, out[taken:]

    def _find(self, at: int) -> Place:
        """The position of byte `at` of the content."""
        frame = bisect_right(self.starts, at) - 1
        content_at = self.frames[frame].content_at
        at -= self.starts[frame]
        group = int(np.searchsorted(content_at, at, side="right")) - 1
        begin, end = content_at[group : group + 2].tolist()
        return Place(frame, group, at - begin, end - begin)

    def _whole_groups(self, place: Place, room: int) -> tuple[int, int]:
        """How many groups from `place` on fit into `room` and one task, and their size."""
        content_at, grid = self.frames[place.frame].content_at, self.frames[place.frame].header.grid
        begin = content_at[place.group]
        fit = int(np.searchsorted(content_at, begin + room, side="right")) - 1
        unit = int(np.searchsorted(content_at, begin + self._unit))
        light = place.group + self._unit // (BYTES_PER_CHUNK * max(1, grid.chunks_per_group))
        end = max(place.group + 1, min(fit, unit, light))
        return end - place.group, int(content_at[end] - begin)

    def _decoder_of(self, frame: int) -> ChunkDecoder:
        if self._decoder[0] != frame:
            self._decoder = frame, ChunkDecoder(self.frames[frame].header)
        return self._decoder[1]

    def _kept(self, at: int, on: bool) -> Bytes:
        """Content from byte `at` to the end of the run that contains it.

        If `on` is true, the runs that follow are decoded in the meantime.
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
            # The damaged group may be another one of the run, or in another run.
            self._put(at, room=0)
            content = self._first_content()
        return content[at - self._runs[0].begin :]

    def _have(self, at: int) -> bool:
        """Drop the runs before byte `at`; return whether the first one left contains it."""
        while self._runs and self._runs[0].end <= at:
            self._first_content()
            self._contents.popleft()
            self._runs.popleft()
        return bool(self._runs) and self._runs[0].begin <= at

    def _put(self, at: int, room: int) -> None:
        """Start decoding the group of byte `at`, and those that follow within `room` bytes."""
        place = self._find(at)
        count, size = self._whole_groups(place, room)
        begin = at - place.begin
        task: Callable[[], Bytes]
        try:
            task = partial(self._decoder_of(place.frame), *self._load(place, count))
        except AnsflowError as error:
            task = partial(_fail, error)  # raised only if this part is requested
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
        """Replace the pipeline after an error or an interrupt, which closes it."""
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
        # One more than the number of runs at once, so that `put` never waits.
        return Pipeline(self._threads, self._depth + 1)

    def _load(self, place: Place, count: int) -> tuple[list[Head], list[memoryview]]:
        """Verified heads and bodies of `count` groups."""
        frame = self.frames[place.frame]
        begin, end = frame.group_at[[place.group, place.group + count]].tolist()
        per_group = frame.header.grid.chunks_per_group
        return self._read(frame, place.group * per_group, count * per_group, begin, end)

    def _read(
        self, frame: FrameMap, first: int, count: int, begin: int, end: int
    ) -> tuple[list[Head], list[memoryview]]:
        """Heads and bodies of `count` chunks, which take bytes `begin` to `end` of the file."""
        data = self._bytes(begin, end - begin)
        raw_heads, heads = frame.heads_of(first, count)
        bodies, at, size = [], 0, frame.header.head_size
        for raw, head in zip(raw_heads, heads, strict=True):
            if frame.indexed and raw != data[at : at + size]:
                raise CorruptDataError(
                    f"the head of chunk {head.number} differs from the one in the index"
                )
            at += size
            bodies.append(data[at : at + head.body_size])
            at += head.body_size
        return heads, bodies

    def _bytes(self, at: int, size: int) -> memoryview:
        """So many bytes of the file; TruncatedError if it ends before."""
        data = np.empty(size, np.uint8).data
        left = size - fill_from(self._file, at, data)
        if left:
            raise TruncatedError(
                f"the file became shorter while it was read: {left} of {size} bytes are missing"
            )
        return data


def _fail(error: AnsflowError) -> Bytes:
    raise error
