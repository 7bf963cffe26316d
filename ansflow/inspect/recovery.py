"""Recovery of all intact chunks of a damaged file to a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.collection import encode_directory
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.files.atomic import AtomicFile
from ansflow.files.foreign import read_at
from ansflow.frame.array_spec import UNKNOWN_LENGTH
from ansflow.frame.build import FrameBuilder, ShortFrame
from ansflow.frame.chunk import ChunkDecoder, ChunkEncoder, in_one
from ansflow.frame.directory import entries_of
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head
from ansflow.frame.header import Header
from ansflow.frame.salvage import Remains, find_remains
from ansflow.frame.salvage.finding import intact_body
from ansflow.frame.streams.sample import StreamCoding
from ansflow.inspect.lost import Losses, LostBox
from ansflow.limits import STREAM_LIMITS, Limits
from ansflow.transforms.recipe import Recipe

__all__ = ["Recovery", "recover"]

# Bounds of the zeros that are added to complete an array, in addition to as many as its content.
MOST_ADDED = 16 << 20
MOST_CHUNKS = 1000

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(frozen=True)
class Recovery:
    """The result of `recover`.

    Parameters
    ----------
    chunks : int
        Number of intact chunks, which were copied.
    lost_chunks : int
        Number of damaged or missing chunks, which were replaced.
    content_size : int
        Bytes of content in the new file.
    lost : tuple of (int, int)
        The ranges of this content, begin and end, where zeros replace lost content. For chunks side
        by side, the range of the whole group.
    cut : bool
        Whether the end of a frame is missing, or some bytes belong to no frame, so that more may be
        lost than is known.
    damaged : bool
        Whether the file was damaged at all.
    boxes : tuple of LostBox
        What is lost, chunk by chunk, in the terms of the content: boxes of arrays, with the array's
        ``name`` in a collection, and ranges of bytes. As text they are indices as in NumPy.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "a.ans")
    >>> blob = bytearray(ansflow.compress(bytes(range(200)) * 50, chunk_size=5000))
    >>> blob[-60] ^= 1
    >>> _ = path.write_bytes(blob)
    >>> found = ansflow.recover(path, path.with_suffix(".mended"))
    >>> found.damaged, found.chunks, found.content_size
    (True, 2, 10000)
    """

    chunks: int
    lost_chunks: int
    content_size: int
    lost: tuple[tuple[int, int], ...]
    cut: bool
    damaged: bool
    boxes: tuple[LostBox, ...] = ()


def recover(
    source: Path,
    target: Path,
    *,
    limits: Limits = STREAM_LIMITS,
    on_progress: Callable[[int], object] = lambda size: None,
) -> Recovery:
    """Copy every intact chunk of a damaged or truncated file to a new, valid one.

    Arrays of a collection keep their names, and get a new directory. Lost chunks are replaced by
    zeros, so that the others keep their positions. If the end of a
    frame is missing, bytes and arrays in C order become shorter; other arrays are filled up with
    zeros, unless so little is left that the content becomes bytes. Chunks are found even if the
    index is damaged, and their sizes even if their heads are damaged but the index is valid.

    Parameters
    ----------
    source, target : path
        The target is replaced when it is complete.
    limits : Limits
    on_progress : callable
        Called repeatedly with the bytes of content written so far.

    Returns
    -------
    Recovery

    Raises
    ------
    CorruptDataError
        If no header is found, neither at the beginning of a frame nor in an index.
    UnsupportedError
        If chunks need a model that is not registered, or all of them need transforms or kinds of
        streams that are not supported, so that they cannot be verified.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "file.ans")
    >>> blob = ansflow.compress(bytes(range(256)) * 4, chunk_size=256)
    >>> size = path.write_bytes(blob[:400] + b"DAMAGE" + blob[406:])
    >>> result = ansflow.recover(path, path.with_suffix(".recovered"))
    >>> result.chunks, result.lost, str(result.boxes[0])
    (3, ((256, 512),), 'bytes 256 to 512')
    """
    totals = _Totals()
    with open(source, "rb") as file:
        frames = find_remains(file, limits)
        with AtomicFile(target) as out:
            names: list[tuple[str | None, int, int]] = []
            for remains in frames:
                if remains.header.directory:
                    continue
                begin = out.file.tell()
                name = _copy(file, remains, out.file, totals, limits, on_progress)
                names.append((name, begin, out.file.tell()))
            directories = [each.header for each in frames if each.header.directory]
            several = len(names) > 1 and any(name is not None for name, _, _ in names)
            if directories or several or any(remains.header.is_listed for remains in frames):
                metadata = directories[-1].metadata if directories else {}
                for part in encode_directory(list(entries_of(names)), out.file.tell(), metadata):
                    out.file.write(part)
    return Recovery(
        totals.chunks,
        totals.lost_chunks,
        totals.size,
        tuple(totals.losses.ranges),
        any(remains.chunks is None or remains.orphans for remains in frames),
        totals.lost_chunks > 0 or any(remains.damaged for remains in frames),
        tuple(totals.losses.boxes),
    )


class _Totals:
    def __init__(self) -> None:
        self.chunks = self.lost_chunks = self.size = 0
        self.losses = Losses()


def _copy(
    file: BinaryIO,
    remains: Remains,
    out: BinaryIO,
    totals: _Totals,
    limits: Limits,
    on_progress: Callable[[int], object],
) -> str | None:
    """Write a valid frame with the content of `remains`; return its name, if it still has one."""
    sizes = _group_sizes(file, remains)
    fitted = _fit(remains.header, sizes)
    header, sizes = (None, sizes) if fitted is None else fitted
    size = totals.size + sum(sizes)
    if size > limits.max_output:
        raise LimitError(
            f"the recovered content takes {size} bytes, more than max_output={limits.max_output}"
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
    if header is None:
        return None
    totals.losses.end_frame(header, sum(sizes))
    return header.name


def _group_sizes(file: BinaryIO, remains: Remains) -> list[int]:
    """The size of each group in bytes; a group of unknown size is assumed to be full.

    If the size of the content is known and only one group has unknown size, its size follows.
    Groups after the end of the content did not exist.
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
    """The size of the group that begins with chunk `first`, if a head of its chunks is known."""
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
    """The header of a frame with these groups, and groups of zeros that complete an array.

    None if too many zeros would be needed, so that the content is recovered as bytes.
    """
    content_size = sum(sizes)
    grid, spec = header.grid, header.array
    if header.content_size == content_size:
        return header, sizes
    if spec is None:
        open_grid = Grid((UNKNOWN_LENGTH,), grid.chunk_shape, grid.cell_size)
        return replace(header, content_size=None, grid=open_grid, only=None), sizes
    if spec.shape and spec.row_nbytes and not spec.fortran:
        missing = -content_size % spec.row_nbytes
        open_grid = Grid((UNKNOWN_LENGTH, *grid.shape[1:]), grid.chunk_shape, grid.cell_size)
        open_spec = replace(spec, shape=(UNKNOWN_LENGTH, *spec.shape[1:]))
        header = replace(header, content_size=None, grid=open_grid, array=open_spec, only=None)
    else:
        missing = (header.content_size or 0) - content_size
    if missing > content_size + MOST_ADDED or grid.count(missing) > len(sizes) + MOST_CHUNKS:
        return None
    return header, sizes + grid.groups(content_size, missing)


class _Bodies:
    """The intact chunks of a frame."""

    def __init__(self, file: BinaryIO, remains: Remains) -> None:
        self._file, self._remains = file, remains
        self.header = remains.header
        self.decoder = ChunkDecoder(remains.header)

    def chunk(self, number: int, cells: int, front: Callable[[Head], bytes]) -> bytes | None:
        """The chunk with what stands in front of it in the new frame; None if it is lost."""
        found = self.body(number, cells)
        if found is None:
            return None
        head, body = found
        return front(head) + body

    def body(self, number: int, cells: int) -> tuple[Head, bytes] | None:
        """Head and body of the chunk, if it is intact and has this number of cells."""
        remains = self._remains
        if number not in remains.found or number in remains.broken:
            return None
        head = remains.head(self._file, number)
        if head is None or head.cells != cells:
            return None
        body = intact_body(self._file, remains.found[number], head, self.decoder)
        return None if body is None else (head, body)

    def check_support(self) -> None:
        """Raise UnsupportedError if this is the reason why none of several chunks is intact."""
        numbers = sorted(self._remains.found)
        error: UnsupportedError | None = None
        for number in numbers:
            head = self._remains.head(self._file, number)
            if head is None:
                continue
            body = read_at(self._file, self._remains.found[number], head.body_size)
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
    """Yield the frame with this header, with zeros in place of lost chunks."""
    grid = header.grid
    builder = FrameBuilder(header) if header.only is None else ShortFrame(header)
    intact_before, base = totals.chunks, totals.size
    yield builder.begin
    zero_bytes = Recipe() if grid.cell_size == 1 else Recipe("bytes")
    encode_zeros = ChunkEncoder(builder.front, grid, lambda _: zero_bytes, StreamCoding(12, 1, 0))
    for size in sizes:
        first = builder.count
        zeros: list[list[Bytes]] | None = None
        for tile, cells in enumerate(grid.cells(size)):
            chunk = bodies.chunk(first + tile, cells, builder.front)
            if chunk is None:
                if zeros is None:
                    zeros = encode_zeros(np.zeros(size, np.uint8), [size], first)
                part = in_one(zeros[tile])
                totals.lost_chunks += 1
                totals.losses.add(header, totals.size - base, size, tile, totals.size)
            else:
                part = np.frombuffer(chunk, np.uint8)
                totals.chunks += 1
            builder.append([[part]])
            yield part.data
        totals.size += size
    if totals.chunks == intact_before:
        bodies.check_support()
    yield builder.end()


def _as_bytes(bodies: _Bodies, sizes: list[int], totals: _Totals) -> Iterator[memoryview]:
    """Yield a frame of bytes with the content of an array that is mostly lost."""
    grid = bodies.header.grid
    plain = replace(bodies.header, array=None)
    encoder = FrameEncoder(Options(metadata=bodies.header.metadata), 1)
    number = 0
    with closing(encoder):
        for size in sizes:
            content = np.zeros(size, np.uint8)
            for tile, cells in enumerate(grid.cells(size)):
                found = bodies.body(number + tile, cells)
                if found is None:
                    totals.lost_chunks += 1
                    totals.losses.add(plain, 0, size, tile, totals.size)
                else:
                    head, body = found
                    grid.put(bodies.decoder.decode(head, memoryview(body)), tile, content)
                    totals.chunks += 1
            number += grid.chunks_per_group
            yield from encoder.write(content, lasting=True)
            totals.size += size
        yield from encoder.finish()
