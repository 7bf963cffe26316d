"""Everything that is intact of a damaged file, in a new one."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import xxhash

from ansflow.buffers import Bytes
from ansflow.errors import LimitError
from ansflow.files.atomic import AtomicFile
from ansflow.frame import layout
from ansflow.frame.array_spec import UNKNOWN_LENGTH
from ansflow.frame.build import FrameBuilder
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage import Remains, find_remains
from ansflow.frame.salvage.finding import intact_content, single_blocks
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["Recovery", "recover"]

# Zeros that are added to make the last row of an array whole, beside as many as there is content.
MOST_ADDED = 16 << 20
MOST_CHUNKS = 1000

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(frozen=True)
class Recovery:
    """What `recover` found.

    Parameters
    ----------
    blocks : int
        Those that are intact, which were copied.
    lost_blocks : int
        Those that are damaged or missing, which were replaced.
    content_size : int
        Bytes of content in the new file.
    lost : tuple of (int, int)
        Where in that content zeros stand for what was lost: begin and end of each range.
    cut : bool
        Whether the end of a frame is missing, or bytes belong to no frame, which may have been
        one: more may be lost than is known.
    damaged : bool
        Whether anything at all was wrong with the file.
    """

    blocks: int
    lost_blocks: int
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
    """Copy every intact block of a damaged or cut file into a sound one.

    What is lost in the middle becomes zeros, so that all else stays in its place. Where the end of
    a frame is missing, bytes become fewer, and so do the rows of an array in C order; of other
    arrays all is filled up, unless hardly anything is left: then it becomes bytes. Blocks
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
        If blocks take a model that isn't known here: whether they are intact can't be told.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "file.ans")
    >>> blob = ansflow.compress(bytes(range(256)) * 4, block_size=256)
    >>> size = path.write_bytes(blob[:500] + b"DAMAGE" + blob[506:])
    >>> result = ansflow.recover(path, path.with_suffix(".recovered"))
    >>> result.blocks, result.lost
    (3, ((256, 512),))
    """
    totals = _Totals()
    with open(source, "rb") as file:
        frames = find_remains(file, limits)
        with AtomicFile(target) as out:
            for remains in frames:
                _copy(file, remains, out.file, totals, limits, on_progress)
    return Recovery(
        totals.blocks,
        totals.lost_blocks,
        totals.size,
        tuple(totals.lost),
        any(remains.blocks is None or remains.orphans for remains in frames),
        totals.lost_blocks > 0 or any(remains.damaged for remains in frames),
    )


class _Totals:
    def __init__(self) -> None:
        self.blocks = self.lost_blocks = self.size = 0
        self.lost: list[tuple[int, int]] = []

    def lose(self, begin: int, end: int) -> None:
        """Note a range, together with the one before if they touch."""
        if self.lost and self.lost[-1][1] >= begin:
            begin = self.lost.pop()[0]
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
    header, sizes = _fit(remains.header, _chunk_sizes(file, remains))
    size = totals.size + sum(sizes) * header.planes
    if size > limits.max_output:
        raise LimitError(
            f"what is left of the content takes {size} bytes, "
            f"more than max_output={limits.max_output}"
        )
    builder = FrameBuilder(header)
    out.write(builder.begin)
    decode = single_blocks(remains.header)
    for chunk, size in enumerate(sizes):
        first = chunk * header.planes
        end = totals.size + size * header.planes
        for number in range(first, first + header.planes):
            block = _intact_block(file, remains, number, size, decode, builder.tag)
            if block is None:
                block = _zeros(number, size, builder.tag)
                totals.lost_blocks += 1
                totals.lose(totals.size, end)
            else:
                totals.blocks += 1
            builder.append([block])
            out.write(block.data)
        totals.size = end
        on_progress(end)
    out.write(builder.end())


def _chunk_sizes(file: BinaryIO, remains: Remains) -> list[int]:
    """Bytes in each block of each chunk; a chunk of which nothing is known is taken to be full.

    If the size of the content is known, and of a single chunk nothing else, that has what the
    others leave. So has the last one, and what comes behind was never there.
    """
    header = remains.header
    planes = header.planes
    count = max(remains.blocks or 0, max(remains.found, default=-1) + 1)
    sizes: list[int] = []
    unknown: list[int] = []
    for first in range(0, count, planes):
        numbers = range(first, first + planes)
        heads = (remains.head(file, number) for number in numbers)
        head = next((head for head in heads if head is not None), None)
        if head is None:
            unknown.append(len(sizes))
        sizes.append(header.block_size if head is None else head.size)
    if header.content_size is None:
        return sizes
    left = header.content_size // planes
    if len(unknown) == 1 and remains.blocks is not None:
        others = sum(sizes) - sizes[unknown[0]]
        if 1 <= left - others <= header.block_size:
            sizes[unknown[0]] = left - others
    possible = []
    for size in sizes:
        if left:
            possible.append(min(size, left))
            left -= possible[-1]
    return possible


def _fit(header: Header, sizes: list[int]) -> tuple[Header, list[int]]:
    """The header of a frame with such chunks, and what to add for an array to be whole.

    If that would be more than is left, it becomes bytes.
    """
    content_size = sum(sizes) * header.planes
    spec, open_spec = header.array, None
    if header.content_size == content_size:
        return header, sizes
    if spec is None:
        return replace(header, content_size=None), sizes
    if spec.shape and spec.row_nbytes and not spec.fortran:
        step = math.lcm(spec.row_nbytes, header.planes)
        missing = -content_size % step
        open_spec = replace(spec, shape=(UNKNOWN_LENGTH, *spec.shape[1:]))
    else:
        missing = (header.content_size or 0) - content_size
    if (
        missing > content_size + MOST_ADDED
        or missing // header.chunk_size > len(sizes) + MOST_CHUNKS
    ):
        return replace(header, content_size=None, array=None), sizes
    if open_spec is not None:
        header = replace(header, content_size=None, array=open_spec)
    added = missing // header.planes
    rest = [added % header.block_size] if added % header.block_size else []
    return header, sizes + [header.block_size] * (added // header.block_size) + rest


def _intact_block(
    file: BinaryIO,
    remains: Remains,
    number: int,
    size: int,
    decode: ChunkDecoder,
    tag: bytes,
) -> Bytes | None:
    """The block as it is to be written, or None if it's lost."""
    if number not in remains.found or number in remains.broken:
        return None
    head = remains.head(file, number)
    if head is None or head.size != size:
        return None
    found = intact_content(file, remains.found[number], head, decode)
    if found is None:
        return None
    payload, _ = found
    return np.frombuffer(pack_head(tag, head) + payload, np.uint8)


@lru_cache(maxsize=1)
def _zero_bytes(size: int) -> bytes:
    return bytes(size)


def _zeros(number: int, size: int, tag: bytes) -> Bytes:
    check = xxhash.xxh3_64_intdigest(_zero_bytes(size), seed=number)
    head = Head(layout.BLOCK_CONSTANT, 0, 0, 0, size, 1, number, check)
    return np.frombuffer(pack_head(tag, head) + b"\0", np.uint8)
