"""Everything that is intact of a damaged file, in a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.files.atomic import AtomicFile
from ansflow.files.foreign import read_at
from ansflow.frame.array_spec import UNKNOWN_LENGTH
from ansflow.frame.build import FrameBuilder
from ansflow.frame.chunk import ChunkDecoder, ChunkEncoder
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage import Remains, find_remains
from ansflow.frame.salvage.finding import intact_body
from ansflow.frame.streams.kind import StreamCoding
from ansflow.limits import STREAM_LIMITS, Limits
from ansflow.transforms.recipe import Recipe

__all__ = ["Recovery", "recover"]

# Zeros that are added to make an array whole, beside as many as there is content.
MOST_ADDED = 16 << 20
MOST_CHUNKS = 1000

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(frozen=True)
class Recovery:
    """What `recover` found.

    Parameters
    ----------
    chunks : int
        Those that are intact, which were copied.
    lost_chunks : int
        Those that are damaged or missing, which were replaced.
    content_size : int
        Bytes of content in the new file.
    lost : tuple of (int, int)
        Where in that content zeros stand for what was lost: begin and end of each range. Of chunks
        that lie side by side, the range is that of all of them.
    cut : bool
        Whether the end of a frame is missing, or bytes belong to no frame, which may have been
        one: more may be lost than is known.
    damaged : bool
        Whether anything at all was wrong with the file.
    """

    chunks: int
    lost_chunks: int
    content_size: int
    lost: tuple[tuple[int, int], ...]
    cut: bool
    damaged: bool


def recover(
    source: Path,
    target: Path,
    *,
    limits: Limits = STREAM_LIMITS,
    on_progress: Callable[[int], object] = lambda size: None,
) -> Recovery:
    """Copy every intact chunk of a damaged or cut file into a sound one.

    What is lost in the middle becomes zeros, so that all else stays in its place. Where the end of
    a frame is missing, bytes become fewer, and so do the rows of an array in C order; of other
    arrays all is filled up, unless hardly anything is left: then it becomes bytes. Chunks
    are found without the index, and their sizes also without their heads if there is an index.

    Parameters
    ----------
    source, target : path
        The target gets its name when it is whole.
    limits : Limits
    on_progress : callable
        Called again and again with the bytes of content so far.

    Returns
    -------
    Recovery

    Raises
    ------
    CorruptDataError
        If there is no header, neither at the beginning nor in an index; nothing can be made of the
        rest then.
    UnsupportedError
        If chunks take a model that isn't known here, or all of them transforms or kinds of streams
        that this release doesn't know: whether they are intact can't be told.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "file.ans")
    >>> blob = ansflow.compress(bytes(range(256)) * 4, chunk_size=256)
    >>> size = path.write_bytes(blob[:400] + b"DAMAGE" + blob[406:])
    >>> result = ansflow.recover(path, path.with_suffix(".recovered"))
    >>> result.chunks, result.lost
    (3, ((256, 512),))
    """
    totals = _Totals()
    with open(source, "rb") as file:
        frames = find_remains(file, limits)
        with AtomicFile(target) as out:
            for remains in frames:
                _copy(file, remains, out.file, totals, limits, on_progress)
    return Recovery(
        totals.chunks,
        totals.lost_chunks,
        totals.size,
        tuple(totals.lost),
        any(remains.chunks is None or remains.orphans for remains in frames),
        totals.lost_chunks > 0 or any(remains.damaged for remains in frames),
    )


class _Totals:
    def __init__(self) -> None:
        self.chunks = self.lost_chunks = self.size = 0
        self.lost: list[tuple[int, int]] = []

    def lose(self, begin: int, end: int) -> None:
        """Note a range, together with the one before if they touch."""
        if self.lost and self.lost[-1][1] >= begin:
            begin = min(begin, self.lost.pop()[0])
        self.lost.append((begin, end))


def _copy(
    file: BinaryIO,
    remains: Remains,
    out: BinaryIO,
    totals: _Totals,
    limits: Limits,
    on_progress: Callable[[int], object],
) -> None:
    """Write the frame that `remains` can be made into."""
    sizes = _group_sizes(file, remains)
    fitted = _fit(remains.header, sizes)
    header, sizes = (None, sizes) if fitted is None else fitted
    size = totals.size + sum(sizes)
    if size > limits.max_output:
        raise LimitError(
            f"what is left of the content takes {size} bytes, "
            f"more than max_output={limits.max_output}"
        )
    bodies = _Bodies(file, remains)
    parts = (
        _as_bytes(bodies, sizes, totals)
        if header is None
        else _as_it_was(bodies, header, sizes, totals)
    )
    for part in parts:
        out.write(part)
        on_progress(totals.size)


def _group_sizes(file: BinaryIO, remains: Remains) -> list[int]:
    """Bytes of each group; one of which nothing is known is taken to be full.

    If the size of the content is known, and of a single group nothing else, that has what the
    others leave. So has the last one, and what comes behind was never there.
    """
    header, grid = remains.header, remains.header.grid
    if grid.is_empty:
        return []
    per_group = max(1, grid.chunks_per_group)
    count = max(remains.chunks or 0, max(remains.found, default=-1) + 1)
    sizes: list[int] = []
    unknown: list[int] = []
    position = 0
    for first in range(0, count, per_group):
        known = _known_size(file, remains, first)
        if known is None or grid.axis > 0:
            if known is None:
                unknown.append(len(sizes))
            known = grid.next_group(position)
        sizes.append(known)
        position += known
    if header.content_size is None:
        return sizes
    left = header.content_size
    if len(unknown) == 1 and remains.chunks is not None and grid.axis <= 0:
        own = left - (sum(sizes) - sizes[unknown[0]])
        if 1 <= own <= grid.group_size:
            sizes[unknown[0]] = own
    possible = []
    for size in sizes:
        if left:
            possible.append(min(size, left))
            left -= possible[-1]
    return possible


def _known_size(file: BinaryIO, remains: Remains, first: int) -> int | None:
    """Bytes of the group whose first chunk has that number, by the head of any of its chunks."""
    grid = remains.header.grid
    for tile in range(grid.chunks_per_group):
        head = remains.head(file, first + tile)
        if head is None:
            continue
        try:
            shape = grid.layout(head.number, head.cells)
        except CorruptDataError:
            continue  # no such chunk is there, though its head has the right check
        return shape.items // grid.cells(grid.place_size)[tile] * grid.place_size
    return None


def _fit(header: Header, sizes: list[int]) -> tuple[Header, list[int]] | None:
    """The header of a frame with such groups, and others added for an array to be whole.

    None if more would be added than is left: then only bytes can be made of it.
    """
    content_size = sum(sizes)
    grid, spec = header.grid, header.array
    if header.content_size == content_size:
        return header, sizes
    if spec is None:
        open_grid = Grid((UNKNOWN_LENGTH,), grid.chunk_shape, grid.cell_size)
        return replace(header, content_size=None, grid=open_grid), sizes
    if spec.shape and spec.row_nbytes and not spec.fortran:
        missing = -content_size % spec.row_nbytes
        open_grid = Grid((UNKNOWN_LENGTH, *grid.shape[1:]), grid.chunk_shape, grid.cell_size)
        open_spec = replace(spec, shape=(UNKNOWN_LENGTH, *spec.shape[1:]))
        header = replace(header, content_size=None, grid=open_grid, array=open_spec)
    else:
        missing = (header.content_size or 0) - content_size
    if missing > content_size + MOST_ADDED or grid.count(missing) > len(sizes) + MOST_CHUNKS:
        return None
    return header, sizes + grid.groups(content_size, missing)


class _Bodies:
    """The chunks of a frame that are intact."""

    def __init__(self, file: BinaryIO, remains: Remains) -> None:
        self._file, self._remains = file, remains
        self.header = remains.header
        self.decoder = ChunkDecoder(remains.header)

    def chunk(self, number: int, cells: int, tag: bytes) -> bytes | None:
        """The chunk as it is to be written, or None if it's lost."""
        found = self.body(number, cells)
        if found is None:
            return None
        head, body = found
        return pack_head(tag, head) + body

    def body(self, number: int, cells: int) -> tuple[Head, bytes] | None:
        """Head and body of the chunk, if it's intact and has so many cells."""
        remains = self._remains
        if number not in remains.found or number in remains.broken:
            return None
        head = remains.head(self._file, number)
        if head is None or head.cells != cells:
            return None
        body = intact_body(self._file, remains.found[number], head, self.decoder)
        return None if body is None else (head, body)

    def check_support(self) -> None:
        """Raise UnsupportedError if that is why none of several chunks is intact."""
        numbers = sorted(self._remains.found)
        error: UnsupportedError | None = None
        for number in numbers:
            head = self._remains.head(self._file, number)
            if head is None:
                continue
            body = read_at(self._file, self._remains.found[number], head.stored)
            try:
                self.decoder.decode(head, memoryview(body))
            except UnsupportedError as e:
                error = e
            except AnsflowError:
                return
        if error is not None and len(numbers) > 1:
            raise error


def _as_it_was(
    bodies: _Bodies, header: Header, sizes: list[int], totals: _Totals
) -> Iterator[bytes | memoryview]:
    """The frame with that header, with zeros in place of the chunks that are lost."""
    grid = header.grid
    builder = FrameBuilder(header)
    intact_before = totals.chunks
    yield builder.begin
    recipe = Recipe() if grid.cell_size == 1 else Recipe("bytes")
    encode_zeros = ChunkEncoder(builder.tag, grid, recipe, StreamCoding(12, 1, 0))
    for size in sizes:
        first = builder.count
        zeros: list[Bytes] | None = None
        for tile, cells in enumerate(grid.cells(size)):
            chunk = bodies.chunk(first + tile, cells, builder.tag)
            if chunk is None:
                if zeros is None:
                    zeros = encode_zeros(np.zeros(size, np.uint8), [size], first)
                part = zeros[tile]
                totals.lost_chunks += 1
                totals.lose(totals.size, totals.size + size)
            else:
                part = np.frombuffer(chunk, np.uint8)
                totals.chunks += 1
            builder.append([part])
            yield part.data
        totals.size += size
    if totals.chunks == intact_before:
        bodies.check_support()
    yield builder.end()


def _as_bytes(bodies: _Bodies, sizes: list[int], totals: _Totals) -> Iterator[memoryview]:
    """A frame of bytes with the content of an array of which too little is left."""
    grid = bodies.header.grid
    encoder = FrameEncoder(Options(metadata=bodies.header.metadata), 1)
    number = 0
    with closing(encoder):
        for size in sizes:
            content = np.zeros(size, np.uint8)
            for tile, cells in enumerate(grid.cells(size)):
                found = bodies.body(number + tile, cells)
                if found is None:
                    totals.lost_chunks += 1
                    totals.lose(totals.size, totals.size + size)
                else:
                    head, body = found
                    grid.put(bodies.decoder.decode(head, memoryview(body)), tile, content)
                    totals.chunks += 1
            number += grid.chunks_per_group
            yield from encoder.write(content, lasting=True)
            totals.size += size
        yield from encoder.finish()
