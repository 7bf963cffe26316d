"""Content to frames, piece by piece, on several threads: what everything that compresses uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.options import Options
from ansflow.engine.threads import Pipeline, checked_threads
from ansflow.errors import ModelError
from ansflow.frame import layout
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.build import FrameBuilder
from ansflow.frame.chunk import UNIT, ChunkEncoder
from ansflow.frame.header import Header
from ansflow.frame.identity import ModelIdentity

__all__ = ["FrameEncoder"]

NOTHING = np.empty(0, np.uint8)


def check_images(array: ArraySpec | None, image_shape: tuple[int, int]) -> None:
    """Refuse an array that doesn't consist of images of that shape; bytes may."""
    if array is None:
        return
    height, width = image_shape
    fits = array.shape[-2:] == image_shape or array.shape[-1:] == (height * width,)
    if array.dtype not in (np.uint8, np.bool) or array.fortran or not fits:
        order = "Fortran" if array.fortran else "C"
        raise ModelError(
            f"the model takes bytes, or arrays of uint8 or bool in C order of shape "
            f"(..., {height}, {width}) or (..., {height * width}), not {array.dtype} in {order} "
            f"order of shape {array.shape}"
        )


class FrameEncoder:
    """Takes content as it comes, and gives the bytes of a frame as they are ready.

    Parameters
    ----------
    options : Options
    threads : int or None
    content_size : int, optional
        If it is known beforehand.
    planes : int
    array : ArraySpec, optional

    Notes
    -----
    The methods are generators, to be used up before the next is called. If one isn't, a part of the
    frame is lost, and the next raises ValueError.
    """

    def __init__(
        self,
        options: Options,
        threads: int | None,
        *,
        content_size: int | None = None,
        planes: int = 1,
        array: ArraySpec | None = None,
    ) -> None:
        coding = options.coding()
        identity = None
        if coding.model is not None:
            check_images(array, coding.model.image_shape)
            identity = ModelIdentity.of(coding.model)
        self.header = Header(
            content_size=content_size,
            block_size=coding.block_size,
            planes=planes,
            array=array,
            shared=coding.shared,
            metadata=options.metadata,
            model=identity,
        )
        self._builder = FrameBuilder(self.header)
        self._encode = ChunkEncoder(self._builder.tag, planes, coding)
        self._pipeline: Pipeline[list[Bytes]] = Pipeline(checked_threads(threads))
        # What a task takes: whole chunks.
        self._unit = self.header.chunk_size * max(1, UNIT // self.header.chunk_size)
        self._rest = NOTHING  # a unit that isn't full yet, and how much of it is
        self._fill = 0
        self._number = 0  # of the next block
        self._begun = self._broken = False

    def largest_frame(self) -> int:
        """Bytes that the frame takes at most, if the size of its content is known."""
        header = self.header
        assert header.content_size is not None
        blocks = -(-header.content_size // header.chunk_size) * header.planes
        begin = len(self._builder.begin)
        # No block is larger than when it is stored.
        size = begin + blocks * layout.HEAD.size + header.content_size + layout.HEAD.size
        return size + begin + blocks * layout.HEAD.size + layout.TRAILER.size

    def write(self, content: Bytes, *, lasting: bool) -> Iterator[memoryview]:
        """Encode content; `lasting` says that it will stay as it is until the frame ends."""
        with self._unbroken():
            yield from self._begin()
            yield from self._write(content, lasting=lasting)

    def flush(self) -> Iterator[memoryview]:
        """Encode what has come so far, as far as it consists of whole items."""
        with self._unbroken():
            yield from self._begin()
            yield from self._flush()

    def finish(self) -> Iterator[memoryview]:
        """The rest of the frame. ValueError if the content doesn't consist of whole items."""
        with self._unbroken():
            yield from self._begin()
            yield from self._flush()
            self.close()
            if self._fill:
                raise ValueError(f"{self._fill} bytes are left over that make no item")
            yield memoryview(self._builder.end())

    def close(self) -> None:
        """Stop the threads, whatever they are doing."""
        self._pipeline.close()

    @contextmanager
    def _unbroken(self) -> Iterator[None]:
        if self._broken:
            raise ValueError("an earlier part of the frame was lost")
        self._broken = True
        yield
        self._broken = False

    def _write(self, content: Bytes, *, lasting: bool) -> Iterator[memoryview]:
        size = self._unit
        if self._fill:
            taken = min(size - self._fill, content.size)
            self._keep(content[:taken], lasting=False)
            content = content[taken:]
            if self._fill == size:
                yield from self._put_rest()
        whole = content.size - content.size % size
        for begin in range(0, whole, size):
            unit = content[begin : begin + size]
            yield from self._put(unit if lasting else unit.copy())
        if whole < content.size:
            self._keep(content[whole:], lasting=lasting)

    def _flush(self) -> Iterator[memoryview]:
        left = self._fill % self.header.planes
        if self._fill - left:
            odd = self._rest[self._fill - left : self._fill]
            self._fill -= left
            yield from self._put_rest()
            self._keep(odd, lasting=False)
        for blocks in self._pipeline.drain():
            yield from self._append(blocks)

    def _begin(self) -> Iterator[memoryview]:
        if not self._begun:
            self._begun = True
            yield memoryview(self._builder.begin)

    def _keep(self, content: Bytes, *, lasting: bool) -> None:
        """Have content wait until there is more; what is `lasting` isn't copied if it can be."""
        if not content.size:
            return
        if lasting and not self._fill:
            self._rest = content
        else:
            if self._rest.size < self._unit:
                room = np.empty(self._unit, np.uint8)
                room[: self._fill] = self._rest[: self._fill]
                self._rest = room
            self._rest[self._fill : self._fill + content.size] = content
        self._fill += content.size

    def _put_rest(self) -> Iterator[memoryview]:
        unit, self._rest, self._fill = self._rest[: self._fill], NOTHING, 0
        yield from self._put(unit)

    def _put(self, unit: Bytes) -> Iterator[memoryview]:
        task = partial(self._encode, unit, self._number)
        self._number += -(-unit.size // self.header.chunk_size) * self.header.planes
        for blocks in self._pipeline.put(task):
            yield from self._append(blocks)

    def _append(self, blocks: list[Bytes]) -> Iterator[memoryview]:
        self._builder.append(blocks)
        for block in blocks:
            yield block.data
