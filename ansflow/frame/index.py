"""Where each block of a frame lies: from the index at its end, or by walking over its heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.errors import CorruptDataError, LimitError, TruncatedError, UnsupportedError
from ansflow.files.foreign import end_of, read_at, read_exactly
from ansflow.frame import layout
from ansflow.frame.head import Head, head_check, pack_head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.source import FileSource, MemorySource, take_header, walk_source
from ansflow.limits import Limits

__all__ = ["HEADS", "FrameMap", "ends_frame", "map_file"]

# `layout.HEAD`, to look at all heads at once.
HEADS = np.dtype(
    [
        ("tag", "V4"),
        ("kind", "u1"),
        ("lanes_log2", "u1"),
        ("precision", "u1"),
        ("table", "u1"),
        ("size", "<u4"),
        ("stored", "<u4"),
        ("number", "<u4"),
        ("check", "<u8"),
        ("head_check", "<u4"),
    ]
)

# What a `FrameMap` takes at most, in bytes, beside what was parsed: for each block its head twice,
# and a few numbers; and for itself.
BYTES_PER_BLOCK = 4 * layout.HEAD.size
BYTES_PER_FRAME = 4096


@dataclass(frozen=True)
class FrameMap:
    """One frame of a file.

    Parameters
    ----------
    header : Header
    begin, end : int
        Where it lies in the file.
    indexed : bool
        Whether it has an index.
    heads : ndarray of `HEADS`, shape (blocks,)
    chunk_at : ndarray of int64, shape (chunks + 1,)
        Where in the file the first head of each chunk is, and the end of the last one's payload.
    content_at : ndarray of int64, shape (chunks + 1,)
        How much content comes before each chunk, and all of it.
    """

    header: Header
    begin: int
    end: int
    indexed: bool
    heads: npt.NDArray[Any]
    chunk_at: npt.NDArray[np.int64]
    content_at: npt.NDArray[np.int64]

    @property
    def content_size(self) -> int:
        return int(self.content_at[-1])

    @property
    def memory(self) -> int:
        """Bytes that this takes at most."""
        return BYTES_PER_FRAME + self.header.parsed + BYTES_PER_BLOCK * self.heads.size

    @property
    def chunks(self) -> int:
        return self.content_at.size - 1

    def heads_of(self, chunk: int, count: int) -> tuple[list[bytes], list[Head]]:
        """The heads of so many chunks, as they are written and as what they say.

        Those from an index are checked here, one by one.
        """
        first = chunk * self.header.planes
        heads = self.heads[first : first + count * self.header.planes]
        raw = [head.tobytes() for head in heads]
        if not self.indexed:
            return raw, [Head(*layout.HEAD.unpack(head)[1:-1]) for head in raw]
        tag = raw[0][: layout.TAG_SIZE]
        return raw, [
            parse_head(head, tag, self.header, number) for number, head in enumerate(raw, first)
        ]


def _make_map(
    header: Header, heads: npt.NDArray[Any], *, begin: int, first: int, end: int, indexed: bool
) -> FrameMap:
    """The map of a frame whose first head is at byte `first`."""
    planes = header.planes
    chunk_at = np.full(heads.size // planes + 1, first, np.int64)
    spans = (heads["stored"].astype(np.int64) + layout.HEAD.size).reshape(-1, planes)
    np.cumsum(spans.sum(axis=1), out=chunk_at[1:])
    chunk_at[1:] += first
    content_at = np.zeros_like(chunk_at)
    np.cumsum(heads["size"][::planes].astype(np.int64) * planes, out=content_at[1:])
    return FrameMap(header, begin, end, indexed, heads, chunk_at, content_at)


def map_file(file: BinaryIO, begin: int, limits: Limits) -> list[FrameMap]:
    """All frames from byte `begin` of a file to its end.

    From the end on frames are found by their trailers. Where there is none, the rest is walked over
    from its beginning.

    Raises
    ------
    AnsflowError
        If a frame is damaged, or the map would take more than ``limits.max_memory``.
    """
    end = end_of(file)
    found: list[FrameMap] = []
    room = limits.max_memory
    while end > begin:
        _check_room(room, limits)
        frame = _map_from_trailer(file, begin, end, limits, room)
        if frame is None:
            break
        found.insert(0, frame)
        room -= frame.memory
        end = frame.begin
    walked: list[FrameMap] = []
    at = begin
    while at < end or not (walked or found):
        _check_room(room, limits)
        frame = _map_by_walking(file, at, end, limits, room)
        walked.append(frame)
        room -= frame.memory
        at = frame.end
    frames = walked + found
    total = sum(frame.content_size for frame in frames)
    if total > limits.max_output:
        raise LimitError(
            f"the content takes {total} bytes, more than max_output={limits.max_output}"
        )
    return frames


def _check_room(room: int, limits: Limits) -> None:
    if room < 0:
        raise LimitError(f"the map of all blocks exceeds max_memory={limits.max_memory}")


def _map_from_trailer(
    file: BinaryIO, begin: int, end: int, limits: Limits, room: int
) -> FrameMap | None:
    """The frame whose trailer is the last thing before `end`; None if there is no trailer."""
    tail = layout.TRAILER.size + layout.HEAD.size
    if end - begin < tail + layout.HEADER.size:
        return None
    file.seek(end - layout.TRAILER.size)
    raw = read_exactly(file, layout.TRAILER.size)
    size, index_size, chain, check, magic = layout.TRAILER.unpack(raw)
    if magic != layout.TRAILER_MAGIC or check != head_check(raw[: layout.TRAILER_CHECKED]):
        return None
    if not tail + layout.HEADER.size <= size <= end - begin or index_size > size - layout.HEAD.size:
        raise CorruptDataError("the trailer of the file names impossible sizes")
    _check_room(room - index_size // layout.HEAD.size * BYTES_PER_BLOCK, limits)
    source = FileSource(file, end - index_size - layout.HEAD.size, end)
    end_mark = source.take(layout.HEAD.size)
    body = source.take(index_size - layout.TRAILER.size)
    if xxhash.xxh3_64_intdigest(body) != chain:
        raise CorruptDataError("the index doesn't match its check")
    try:
        header, header_raw = take_header(MemorySource(body), limits)
    except TruncatedError:
        raise CorruptDataError("the index is none") from None
    if (len(body) - len(header_raw)) % layout.HEAD.size:
        raise CorruptDataError("the index is none")
    heads = np.frombuffer(body, HEADS, offset=len(header_raw))
    tag = header_raw[-layout.CHECK.size :][: layout.TAG_SIZE]
    expected = pack_head(tag, Head(layout.END, 0, 0, 0, 0, index_size, heads.size, chain))
    if end_mark != expected:
        raise CorruptDataError("the end mark doesn't match the index")
    _check_heads(heads, header, tag)
    first = end - size + len(header_raw)
    frame = _make_map(header, heads, begin=end - size, first=first, end=end, indexed=True)
    if int(frame.chunk_at[-1]) != end - index_size - layout.HEAD.size:
        raise CorruptDataError("the blocks of the index don't fill the frame")
    _check_content(header, frame.content_size)
    # The index is what counts, but whoever reads from the front must see the same frame.
    if FileSource(file, frame.begin, end).take(len(header_raw)) != header_raw:
        raise CorruptDataError("the header isn't the one in the index")
    return frame


def ends_frame(file: BinaryIO) -> bool:
    """Whether a file ends as a frame does: with a trailer or an end mark."""
    size = layout.HEAD.size
    tail = read_at(file, max(0, end_of(file) - size), size)
    if len(tail) < size:
        return False
    _, kind, *_, stored, _, _, check = layout.HEAD.unpack(tail)
    if kind == layout.END and not stored and check == head_check(tail[: layout.HEAD_CHECKED]):
        return True
    *_, check, magic = layout.TRAILER.unpack(tail[-layout.TRAILER.size :])
    checked = tail[-layout.TRAILER.size :][: layout.TRAILER_CHECKED]
    return bool(magic == layout.TRAILER_MAGIC and check == head_check(checked))


def _check_heads(heads: npt.NDArray[Any], header: Header, tag: bytes) -> None:
    """Refuse heads whose sizes aren't sound; each is checked for itself when it's used."""
    unknown = set(heads["kind"].tolist()) - set(layout.BLOCK_KINDS)
    if unknown:
        raise UnsupportedError(f"blocks of the unknown kind {max(unknown)}")
    planes = header.planes
    sound = heads.size < layout.MAX_BLOCKS and heads.size % planes == 0
    if sound:
        sizes, stored = heads["size"], heads["stored"]
        sound = bool(
            (heads["tag"] == np.void(tag)).all()
            and (heads["number"] == np.arange(heads.size)).all()
            and (sizes >= 1).all()
            and (sizes <= header.block_size).all()
            and (stored >= 1).all()
            and (stored <= sizes).all()
            and (sizes.reshape(-1, planes) == sizes[::planes, None]).all()
        )
    if not sound:
        raise CorruptDataError("the index has impossible heads")


def _check_content(header: Header, content: int) -> None:
    if header.content_size is not None and content != header.content_size:
        raise CorruptDataError("the blocks don't have the content that the header promises")
    if header.array is not None:
        header.array.of_size(content)


def _map_by_walking(file: BinaryIO, begin: int, end: int, limits: Limits, room: int) -> FrameMap:
    source = FileSource(file, begin, end)
    header: Header | None = None
    packed = bytearray()
    heads_at = begin
    for event in walk_source(source, limits):
        if isinstance(event, Header):
            header, heads_at = event, source.at
            continue
        source.skip(event.stored)
        packed += layout.HEAD.pack(b"", *event, 0)
        _check_room(room - len(packed) // layout.HEAD.size * BYTES_PER_BLOCK, limits)
    assert header is not None
    heads = np.frombuffer(packed, HEADS)
    return _make_map(header, heads, begin=begin, first=heads_at, end=source.at, indexed=False)
