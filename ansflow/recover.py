"""Everything that is intact of a damaged file, in a new one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import xxhash

from ansflow.atomic import AtomicFile
from ansflow.content import Bytes
from ansflow.errors import AnsflowError
from ansflow.frame import layout
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec
from ansflow.frame.build import FrameBuilder
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage import Remains, find_remains
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["Recovery", "recover"]

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
        Whether the end of a frame is missing, so that more may be lost than is known.
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
    a frame is missing, bytes become fewer, and so do the rows of an array in C order. Blocks
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
                _copy(file, remains, out.file, totals, on_progress)
    return Recovery(
        totals.blocks,
        totals.lost_blocks,
        totals.size,
        tuple(totals.lost),
        any(remains.blocks is None for remains in frames),
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
    on_progress: Callable[[int], object],
) -> None:
    """Write the frame that `remains` can be made into."""
    header = remains.header
    sizes = _chunk_sizes(remains)
    content_size = sum(sizes) * header.planes
    builder = FrameBuilder(_new_header(header, content_size))
    out.write(builder.begin)
    decode = ChunkDecoder(replace(header, planes=1))
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


def _chunk_sizes(remains: Remains) -> list[int]:
    """Bytes in each block of each chunk, as far as there is anything to tell them."""
    header, found, known = remains.header, remains.found, remains.known
    planes = header.planes
    count = max(remains.blocks or 0, max(found, default=-1) + 1, max(known, default=-1) + 1)
    sizes: list[int] = []
    for first in range(0, count, planes):
        numbers = range(first, first + planes)
        heads = [known[n] for n in numbers if n in known]
        heads += [found[n][1] for n in numbers if n in found]
        sizes.append(heads[0].size if heads else header.block_size)
    if header.content_size is not None and sizes and not heads:
        # The last chunk has what the others leave, unless that is impossible.
        left = header.content_size // planes - sum(sizes[:-1])
        sizes[-1] = left if 1 <= left <= header.block_size else header.block_size
    spec = header.array
    if spec is not None:
        sizes += _missing_sizes(header, spec, sum(sizes) * planes)
    return sizes


def _missing_sizes(header: Header, spec: ArraySpec, content_size: int) -> list[int]:
    """What to add for the last row of an array to be whole, or all of it if need be."""
    if spec.shape and not spec.fortran and spec.row_nbytes:
        missing = -content_size % spec.row_nbytes
    else:
        missing = (header.content_size or 0) - content_size
    sizes = []
    missing //= header.planes
    while missing > 0:
        sizes.append(min(missing, header.block_size))
        missing -= sizes[-1]
    return sizes


def _new_header(header: Header, content_size: int) -> Header:
    """The same in version 2, of other content size if that can't be kept."""
    header = replace(header, version=layout.VERSION)
    spec = header.array
    if header.content_size in (None, content_size):
        return header
    if spec is not None:
        spec = replace(spec, shape=(UNKNOWN_LENGTH, *spec.shape[1:]))
    return replace(header, content_size=None, array=spec)


def _intact_block(
    file: BinaryIO,
    remains: Remains,
    number: int,
    size: int,
    decode: ChunkDecoder,
    tag: bytes,
) -> Bytes | None:
    """The block as it is to be written, or None if it's lost."""
    if number not in remains.found:
        return None
    at, head = remains.found[number]
    if head.size != size:
        return None
    file.seek(at)
    payload = file.read(head.stored)
    if len(payload) < head.stored:
        return None
    try:
        decode([head], [memoryview(payload)])
    except AnsflowError:
        return None
    return np.frombuffer(pack_head(tag, head) + payload, np.uint8)


def _zeros(number: int, size: int, tag: bytes) -> Bytes:
    check = xxhash.xxh3_64_intdigest(bytes(size), seed=number)
    head = Head(layout.BLOCK_CONSTANT, 0, 0, 0, size, 1, number, check)
    return np.frombuffer(pack_head(tag, head) + b"\0", np.uint8)
