"""Encoding of content that arrives in pieces to a frame, on several threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.at_once import chosen, chunk_encoder
from ansflow.engine.cores import checked_threads
from ansflow.engine.framing import Framing, framing_of
from ansflow.engine.options import Options
from ansflow.engine.rechoosing import EVERY, Rechooser
from ansflow.engine.schedule import TASK_SIZE
from ansflow.engine.threads import Pipeline
from ansflow.engine.turns import in_turn
from ansflow.frame import constants
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.chunk import ChunkEncoder, in_one

__all__ = ["FrameEncoder"]

NOTHING = np.empty(0, np.uint8)


class FrameEncoder:
    """Takes content as it arrives, and yields the bytes of a frame as they are ready.

    Parameters
    ----------
    options : Options
    threads : int or None
    content_size, array, directory
        Those of `framing_of`.
    framing : Framing, optional
        What that returns, if it is there already.

    Notes
    -----
    The methods are generators, each of which must be exhausted before the next one is called.
    Otherwise a part of the frame is lost, and the next one raises ValueError.
    """

    def __init__(
        self,
        options: Options,
        threads: int | None,
        *,
        content_size: int | None = None,
        array: ArraySpec | None = None,
        directory: bool = False,
        framing: Framing | None = None,
    ) -> None:
        if framing is None:
            framing = framing_of(options, content_size, array, directory=directory)
        self.header, self._dtype = framing.header, framing.dtype
        self._builder = framing.builder()
        self._undecided = options.recipe is None and self._dtype is not None
        self._options = options
        if not self._undecided:
            self._use(options)
        self._rechooser: Rechooser | None = None
        self._threads = checked_threads(threads)
        self._pipeline: Pipeline[list[Bytes]] = Pipeline(self._threads)
        self._rest = NOTHING  # a partial unit, and how much of it is filled
        self._fill = 0
        self._position = 0  # of the next unit in the content
        self._number = 0  # of the next chunk
        self._begun = self._broken = False

    def largest_frame(self) -> int:
        """The maximal size of the frame in bytes, for content of known size."""
        header = self.header
        assert header.content_size is not None
        chunks = header.grid.count(header.content_size)
        begin = len(header.pack())
        # Of bytes no stream is larger than when it is stored, with a byte of head.
        plain = self._dtype is None and self._options.recipe is None
        most = 1 + header.grid.cell_size if plain else constants.BODY_SLACK
        size = begin + chunks * (constants.HEAD.size + most) + header.content_size
        return (
            size
            + constants.HEAD.size
            + begin
            + chunks * constants.HEAD.size
            + constants.TRAILER.size
        )

    def write(self, content: Bytes, *, lasting: bool) -> Iterator[memoryview]:
        """Encode content; `lasting` promises that it does not change until the frame ends."""
        with self._unbroken():
            yield from self._begin()
            yield from self._write(content, lasting=lasting)

    def flush(self) -> Iterator[memoryview]:
        """Encode the content so far, as far as it consists of whole items."""
        with self._unbroken():
            yield from self._begin()
            yield from self._flush()

    def finish(self) -> Iterator[memoryview]:
        """Yield the rest of the frame; ValueError if the content ends within an item."""
        with self._unbroken():
            yield from self._begin()
            yield from self._flush()
            self.close()
            if self._fill:
                raise ValueError(
                    "the content must consist of whole items, but ends with a part of "
                    f"{self._fill} bytes"
                )
            yield memoryview(self._builder.end())

    def close(self) -> None:
        """Cancel pending tasks and stop the threads."""
        self._pipeline.close()

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        if self._broken:
            raise ValueError("an earlier part of the frame was lost: start a new frame")
        self._broken = True
        yield
        self._broken = False

    def _write(self, content: Bytes, *, lasting: bool) -> Iterator[memoryview]:
        while content.size:
            # The size of the next task.
            size = self.header.grid.unit(self._position, TASK_SIZE)
            if self._fill or content.size < size:
                taken = min(size - self._fill, content.size)
                self._keep(content[:taken], size, lasting=lasting)
                if self._fill == size:
                    yield from self._put_rest(size)
            else:
                taken = size
                unit = content[:size]
                yield from self._put(unit if lasting else unit.copy())
            content = content[taken:]

    def _flush(self) -> Iterator[memoryview]:
        size = sum(self.header.grid.groups(self._position, self._fill))
        if size:
            yield from self._put_rest(size)
        for chunks in self._pipeline.drain():
            yield from self._append(chunks)

    def _begin(self) -> Iterator[memoryview]:
        if not self._begun:
            self._begun = True
            yield memoryview(self._builder.begin)

    def _keep(self, content: Bytes, unit: int, *, lasting: bool) -> None:
        """Keep content until the unit is full; `lasting` content is not copied if it is alone."""
        if lasting and not self._fill:
            self._rest = content
        else:
            if self._rest.size < unit:
                room = np.empty(unit, np.uint8)
                room[: self._fill] = self._rest[: self._fill]
                self._rest = room
            self._rest[self._fill : self._fill + content.size] = content
        self._fill += content.size

    def _put_rest(self, size: int) -> Iterator[memoryview]:
        """Encode the first `size` bytes of the partial unit."""
        unit, left = self._rest[:size], self._rest[size : self._fill].copy()
        self._rest, self._fill = left, left.size
        yield from self._put(unit)

    def _use(self, options: Options) -> None:
        self._options = options
        self._encode = chunk_encoder(options, self._dtype, self.header.grid, self._builder.front)

    def choose(self, content: Bytes) -> None:
        """Choose a recipe by the first content, which is whole rows, unless there is one."""
        if not self._undecided or not content.size:
            return
        self._undecided = False
        assert self._dtype is not None
        layout = self.header.grid.layout_of(content.size)
        self._use(chosen(self._options, self._dtype, layout, content))
        if not self._options.tables and self._options.model is None:
            several = content.size >= EVERY * self.header.grid.unit(0, TASK_SIZE)
            self._rechooser = Rechooser(self._options, self._dtype, first=several)

    def _choose_again(self, unit: Bytes) -> None:
        """Choose another recipe from a unit on, if that is worth it."""
        assert self._rechooser is not None
        layout = self.header.grid.layout_of(unit.size)
        options = in_turn(partial(self._rechooser.look, unit[: layout.nbytes], layout))
        if options is not None:
            self._use(options)

    def _put(self, unit: Bytes) -> Iterator[memoryview]:
        self.choose(unit)
        if self._rechooser is not None:
            self._choose_again(unit)
        grid = self.header.grid
        groups = grid.groups(self._position, unit.size)
        task = partial(_chunks, self._encode, unit, groups, self._number)
        self._position += unit.size
        self._number += len(groups) * grid.chunks_per_group
        for chunks in self._pipeline.put(task):
            yield from self._append(chunks)

    def _append(self, chunks: list[Bytes]) -> Iterator[memoryview]:
        self._builder.append([[chunk] for chunk in chunks])
        for chunk in chunks:
            yield chunk.data


def _chunks(encode: ChunkEncoder, unit: Bytes, groups: Sequence[int], number: int) -> list[Bytes]:
    """The chunks of a unit, each in one piece, as they wait for those before them."""
    return [in_one(pieces) for pieces in encode(unit, groups, number)]
