"""Encoding of content that arrives in pieces to a frame, on several threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.cores import checked_threads
from ansflow.engine.options import Options
from ansflow.engine.plan import DEFAULT_LEVEL
from ansflow.engine.rechoosing import EVERY, Rechooser
from ansflow.engine.schedule import TASK_SIZE
from ansflow.engine.threads import Pipeline
from ansflow.engine.turns import in_turn, one_at_a_time
from ansflow.frame import constants
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.build import FrameBuilder, ShortFrame, check_count
from ansflow.frame.chunk import ChunkEncoder, in_one
from ansflow.frame.header import Header
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.masked import with_mask
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["JOINED_UP_TO", "FrameEncoder"]

NOTHING = np.empty(0, np.uint8)

# Chunks of so many bytes of content are kept until all are there, so that the frame gets memory of
# its size. That is mostly memory that the process has had before, while the room for the largest
# frame, of which most isn't used, is new each time; to touch a page of it for the first time takes
# as long as to encode half of it.
JOINED_UP_TO = 1 << 25


class FrameEncoder:
    """Takes content as it arrives, and yields the bytes of a frame as they are ready.

    Parameters
    ----------
    options : Options
    threads : int or None
    content_size : int, optional
        Bytes of content, if known beforehand.
    array : ArraySpec, optional
    directory : bool
        Whether the content is the directory of a collection.

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
    ) -> None:
        coding = options.coding
        if options.name is not None:
            if array is None:
                raise ValueError("name is for arrays; bytes have none")
            array = replace(array, name=options.name)
        identity = None
        if coding.model is not None:
            coding.model.check_array(array)
            identity = ModelIdentity.of(coding.model)
        grid = options.grid(array, content_size)
        chunks = grid.count(content_size or 0)
        check_count(chunks)
        self.header = Header(
            content_size,
            grid,
            array,
            coding.shared,
            options.metadata,
            identity,
            directory=directory,
        )
        # All content comes before the first flush if its size is known.
        is_short = chunks == 1 and not directory
        self._builder = ShortFrame(self.header) if is_short else FrameBuilder(self.header)
        self._dtype: np.dtype[Any] | None = None if array is None else array.dtype
        if options.dtype is not None:
            given = np.dtype(options.dtype)
            self._dtype = with_mask(given) if array is not None and array.has_mask else given
        options.check_items(None if array is None else array.dtype)
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

    def at_once(self, content: Bytes) -> bytes | None:
        """The frame of all of the content, if nothing is gained by several tasks; else None.

        Most of what is done for content in pieces takes longer than to encode a short one.
        """
        if not content.size:
            return None
        grid = self.header.grid
        most = grid.unit(0, TASK_SIZE)
        if self._threads == 1:
            most = EVERY * most - 1 if self._undecided else JOINED_UP_TO
        if content.size > most:
            return None
        self.choose(content)
        chunks = self._encode(content, grid.groups(0, content.size), 0)
        self._builder.append(chunks)
        pieces = [piece.data for chunk in chunks for piece in chunk]
        return b"".join([self._builder.begin, *pieces, self._builder.end()])

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
        self._encode = ChunkEncoder(
            self._builder.front,
            self.header.grid,
            options.recipe_for,
            options.coding,
            None if self._dtype is None else partial(_instead, options, self._dtype),
            by_hand=options.is_by_hand,
        )

    def choose(self, content: Bytes) -> None:
        """Choose a recipe by the first content, which is whole rows, unless there is one."""
        if not self._undecided or not content.size:
            return
        self._undecided = False
        assert self._dtype is not None
        layout = self.header.grid.layout_of(content.size)
        first = content[: layout.nbytes]
        task = partial(self._options.chosen, first, layout, self._dtype)
        if self._options.level <= DEFAULT_LEVEL:
            task = partial(one_at_a_time, task)  # longer searches are mostly in kernels
        self._use(in_turn(task, content.size))
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


def _instead(options: Options, dtype: np.dtype[Any], content: Bytes, layout: Layout) -> Recipe:
    """The recipe for a chunk that the one for all cannot be applied to."""
    return options.rechosen(content, layout, dtype).recipe_for(layout)
