"""Walking over frames whose parts are in place: each begins where the previous one ends."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.files.foreign import read_at
from ansflow.frame import constants
from ansflow.frame.build import pack_trailer
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.header import Header
from ansflow.frame.index import HEADS
from ansflow.frame.salvage.finding import Headers, intact_body, parse_sound_head
from ansflow.frame.salvage.remains import Remains

__all__ = ["BYTES_PER_CHUNK", "Walked", "walk_from"]

# Memory of `Remains` for each chunk that was found.
BYTES_PER_CHUNK = 320


class Walked(NamedTuple):
    """A frame and its end, after which up to `slack` bytes of a damaged index may follow."""

    remains: Remains
    end: int
    slack: int


def cells_of(heads: list[bytes]) -> npt.NDArray[np.int64]:
    """The number of cells of each chunk."""
    return np.frombuffer(b"".join(heads), HEADS)["cells"].astype(np.int64)


def walk_from(
    file: BinaryIO, begin: int, end: int, header: Header, headers: Headers
) -> tuple[Walked | None, list[bytes]]:
    """Return the frame with a header at byte `begin`, if all its heads and its end mark are valid.

    Its bodies and its index may be damaged. The second result is the list of valid heads.
    """
    if header.only is not None:
        return walk_short(file, begin, end, header, header.only, headers), []
    remains = Remains(header)
    tag = header.raw[-constants.TAG_SIZE :]
    heads: list[bytes] = []
    at = begin + len(header.raw)
    while not headers.work.exhausted:
        packed = read_at(file, at, min(constants.HEAD.size, end - at))
        head = parse_sound_head(packed, tag, header, len(heads))
        if head is None:
            break
        at += constants.HEAD.size
        if head.is_end:
            body = header.raw + b"".join(heads)
            if head.check != xxhash.xxh3_64_intdigest(body) or not header.grid.check_cells(
                cells_of(heads)
            ):
                break
            remains.chunks = len(heads)
            headers.work.hold(header.parsed)
            return _with_index(file, remains, begin, at, end, head.body_size, body, headers), heads
        if at + head.body_size > end:
            break
        headers.work.hold(BYTES_PER_CHUNK)
        remains.found[len(heads)] = at
        heads.append(packed)
        at += head.body_size
    headers.work.hold(-BYTES_PER_CHUNK * len(heads))
    headers.work.spend(constants.HEAD.size * (len(heads) + 1))
    return None, heads


def walk_short(
    file: BinaryIO, begin: int, end: int, header: Header, head: Head, headers: Headers
) -> Walked:
    """The short frame with a header at byte `begin`, whose body may be damaged or cut off."""
    body = begin + len(header.raw)
    after = body + head.body_size + len(constants.SHORT_END)
    headers.work.hold(header.parsed + BYTES_PER_CHUNK)
    if after > end:
        return Walked(Remains(header, damaged=True), end, 0)
    remains = Remains(header, {0: body}, chunks=1)
    mark = read_at(file, after - len(constants.SHORT_END), len(constants.SHORT_END))
    remains.damaged = mark != constants.SHORT_END
    if after == end or headers.at(after) is not None:
        return Walked(remains, after, 0)
    # Bytes were added behind the frame, or to its body, or cut out of that.
    headers.work.spend(head.body_size + head.cells * header.grid.cell_size)
    if headers.work.exhausted or intact_body(file, body, head, ChunkDecoder(header)) is not None:
        return Walked(remains, after, 0)
    remains.broken.add(0)
    return Walked(remains, body, after - body)


def _with_index(
    file: BinaryIO,
    remains: Remains,
    begin: int,
    at: int,
    end: int,
    size: int,
    body: bytes,
    headers: Headers,
) -> Walked:
    """The frame that was walked to byte `at`, where its index of `size` bytes should follow."""
    if not size:
        return Walked(remains, at, 0)
    chain = xxhash.xxh3_64_intdigest(body)
    index = body + pack_trailer(at + size - begin, size, chain)
    there = read_at(file, at, min(size, end - at))
    if there == index:
        return Walked(remains, at + size, 0)
    remains.damaged = True
    if index.startswith(there):
        return Walked(remains, end, 0)  # it is cut off
    if at + size == end or headers.at(at + size) is not None:
        return Walked(remains, at + size, 0)
    # Bytes were inserted or cut out. The header in the index does not begin a frame.
    raw_size = len(body) - constants.HEAD.size * (remains.chunks or 0)
    for number in (1, 2):
        place = raw_size + number * constants.HEAD.size
        head = body[place : place + constants.HEAD.size]
        found = read_at(file, at, raw_size), read_at(file, at + place, constants.HEAD.size)
        if head and found == (body[:raw_size], head):
            return Walked(remains, at + raw_size, size)
    return Walked(remains, at, size)
