"""The positions of chunks in a file: from the index of each frame, or by walking over its heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.errors import AnsflowError, CorruptDataError, LimitError, TruncatedError
from ansflow.files.foreign import end_of, read_at, read_exactly
from ansflow.frame import constants
from ansflow.frame.checks import low_half
from ansflow.frame.head import Head, pack_head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.source import FileSource, MemorySource, take_header, walk_source
from ansflow.lazy import cached_property
from ansflow.limits import Limits

__all__ = ["HEADS", "FrameMap", "ends_frame", "map_file", "map_last"]

# `constants.HEAD` as a dtype, for arrays of heads.
HEADS = np.dtype(
    [
        ("tag", "V4"),
        ("number", "<u4"),
        ("cells", "<u4"),
        ("body_size", "<u4"),
        ("check", "<u8"),
        ("head_check", "<u4"),
    ]
)

# Upper bounds of the memory of a `FrameMap` in bytes, in addition to the parsed header: for each
# chunk, its head twice and a few numbers; and for the map itself.
BYTES_PER_CHUNK = 4 * constants.HEAD.size
BYTES_PER_FRAME = 4096


@dataclass(frozen=True)
class FrameMap:
    """One frame of a file, and where its chunks are.

    Parameters
    ----------
    header : Header
    begin, end : int
        Position of the frame in the file.
    indexed : bool
        Whether it has an index.
    heads : ndarray of `HEADS`, shape (chunks,)
    group_at : ndarray of int64, shape (groups + 1,)
        Position in the file of the first chunk of each group, and the end of the last body.
    content_at : ndarray of int64, shape (groups + 1,)
        Bytes of content before each group, and of all groups.
    """

    header: Header
    begin: int
    end: int
    indexed: bool
    heads: npt.NDArray[Any]
    group_at: npt.NDArray[np.int64]
    content_at: npt.NDArray[np.int64]

    @property
    def content_size(self) -> int:
        return int(self.content_at[-1])

    @property
    def memory(self) -> int:
        """An upper bound of the memory of this object in bytes."""
        return BYTES_PER_FRAME + self.header.parsed + BYTES_PER_CHUNK * self.heads.size

    @property
    def groups(self) -> int:
        return self.content_at.size - 1

    def heads_of(self, first: int, count: int) -> tuple[list[bytes], list[Head]]:
        """The heads of `count` chunks from chunk `first` on, as bytes and parsed.

        Heads that come from an index are verified here.
        """
        raw = [head.tobytes() for head in self.heads[first : first + count]]
        if not self.indexed:
            return raw, [Head.of(head) for head in raw]
        tag = raw[0][: constants.TAG_SIZE]
        return raw, [
            parse_head(head, tag, self.header.grid, number)
            for number, head in enumerate(raw, first)
        ]

    def body_at(self, chunk: int) -> int:
        """The position of a chunk's body in the file."""
        return int(self._ends[chunk] - self.heads["body_size"][chunk])

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """Where each chunk ends."""
        spans = self.heads["body_size"].astype(np.int64) + self.header.head_size
        ends: npt.NDArray[np.int64] = np.cumsum(spans)
        ends += self.group_at[0]
        return ends


def _make_map(
    header: Header, heads: npt.NDArray[Any], *, begin: int, first: int, end: int, indexed: bool
) -> FrameMap:
    """The map of a frame whose first chunk is at byte `first`."""
    per_group = max(1, header.grid.chunks_per_group)
    group_at = np.full(heads.size // per_group + 1, first, np.int64)
    spans = (heads["body_size"].astype(np.int64) + header.head_size).reshape(-1, per_group)
    np.cumsum(spans.sum(axis=1), out=group_at[1:])
    group_at[1:] += first
    content_at = np.zeros_like(group_at)
    cells = heads["cells"].astype(np.int64).reshape(-1, per_group).sum(axis=1)
    np.cumsum(cells * header.grid.cell_size, out=content_at[1:])
    return FrameMap(header, begin, end, indexed, heads, group_at, content_at)


def map_file(file: BinaryIO, begin: int, limits: Limits) -> list[FrameMap]:
    """Return all frames from byte `begin` of a file to its end.

    Frames are found by their trailers, beginning with the last one. Where a trailer is missing, the
    remaining frames are walked over from the first one on.

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


def map_last(file: BinaryIO, begin: int, limits: Limits) -> FrameMap | None:
    """The last of the frames from byte `begin` of a file to its end, if it has an index.

    Raises
    ------
    AnsflowError
        If it is damaged, or its map would take more than ``limits.max_memory``.
    """
    return _map_from_trailer(file, begin, end_of(file), limits, limits.max_memory)


def _check_room(room: int, limits: Limits) -> None:
    if room < 0:
        raise LimitError(
            f"the heads of all chunks take more memory than max_memory={limits.max_memory}"
        )


def _map_from_trailer(
    file: BinaryIO, begin: int, end: int, limits: Limits, room: int
) -> FrameMap | None:
    """The frame whose trailer ends at byte `end`; None if there is no trailer."""
    tail = constants.TRAILER.size + constants.HEAD.size
    if end - begin < tail + constants.HEADER.size:
        return None
    file.seek(end - constants.TRAILER.size)
    raw = read_exactly(file, constants.TRAILER.size)
    size, index_size, chain, check, magic = constants.TRAILER.unpack(raw)
    if magic != constants.TRAILER_MAGIC or check != low_half(raw[: constants.TRAILER_CHECKED]):
        return None
    if (
        not tail + constants.HEADER.size <= size <= end - begin
        or index_size > size - constants.HEAD.size
    ):
        raise CorruptDataError(
            f"the trailer gives a frame of {size} bytes with an index of {index_size}, which does "
            f"not fit into the {end - begin} bytes of the file"
        )
    _check_room(room - index_size // constants.HEAD.size * BYTES_PER_CHUNK, limits)
    source = FileSource(file, end - index_size - constants.HEAD.size, end)
    end_mark = source.take(constants.HEAD.size)
    body = source.take(index_size - constants.TRAILER.size)
    if xxhash.xxh3_64_intdigest(body) != chain:
        raise CorruptDataError("the index does not match the check in its trailer")
    try:
        header = take_header(MemorySource(body), limits)
    except TruncatedError:
        raise CorruptDataError("the index is too short for the header at its beginning") from None
    if header.only is not None:
        raise CorruptDataError("there is an index, but the header is that of a short frame")
    left = (len(body) - len(header.raw)) % constants.HEAD.size
    if left:
        raise CorruptDataError(
            f"the index is malformed: {left} bytes are left over after the heads"
        )
    heads = np.frombuffer(body, HEADS, offset=len(header.raw))
    tag = header.raw[-constants.TAG_SIZE :]
    expected = pack_head(tag, Head(heads.size, 0, index_size, chain))
    if end_mark != expected:
        raise CorruptDataError("the end mark does not match the index")
    _check_heads(heads, header, tag)
    first = end - size + len(header.raw)
    frame = _make_map(header, heads, begin=end - size, first=first, end=end, indexed=True)
    if int(frame.group_at[-1]) != end - index_size - constants.HEAD.size:
        raise CorruptDataError(
            f"the chunks in the index end at byte {int(frame.group_at[-1])}, not at byte "
            f"{end - index_size - constants.HEAD.size}, where the end mark is"
        )
    _check_content(header, frame.content_size)
    # The index is used, but a sequential reader must see the same frame.
    if FileSource(file, frame.begin, end).take(len(header.raw)) != header.raw:
        raise CorruptDataError("the header of the frame differs from the one in its index")
    return frame


def ends_frame(file: BinaryIO, limits: Limits) -> bool:
    """Whether a file ends with a trailer or an end mark, or with a short frame, as they all do."""
    return _ends_marked(file) or _ends_short(file, limits)


def _ends_short(file: BinaryIO, limits: Limits) -> bool:
    """Whether a short frame is found at the end, and nothing but frames before it."""
    try:
        return map_file(file, 0, limits)[-1].header.only is not None
    except AnsflowError:
        return False


def _ends_marked(file: BinaryIO) -> bool:
    size = constants.HEAD.size
    tail = read_at(file, max(0, end_of(file) - size), size)
    if len(tail) < size:
        return False
    _, _, cells, stored, _, check = constants.HEAD.unpack(tail)
    if not cells and not stored and check == low_half(tail[: constants.HEAD_CHECKED]):
        return True
    *_, check, magic = constants.TRAILER.unpack(tail[-constants.TRAILER.size :])
    checked = tail[-constants.TRAILER.size :][: constants.TRAILER_CHECKED]
    return bool(magic == constants.TRAILER_MAGIC and check == low_half(checked))


def _check_heads(heads: npt.NDArray[Any], header: Header, tag: bytes) -> None:
    """Raise CorruptDataError if the sizes in heads are invalid. Their checks are verified later."""
    sizes = heads["cells"].astype(np.int64) * header.grid.cell_size
    stored = heads["body_size"]
    sound = bool(
        heads.size < constants.MAX_CHUNKS
        and (heads["tag"] == np.void(tag)).all()
        and (heads["number"] == np.arange(heads.size)).all()
        and (stored >= constants.MIN_BODY).all()
        and (stored <= sizes + constants.BODY_SLACK).all()
        and header.grid.check_cells(heads["cells"].astype(np.int64))
    )
    if not sound:
        raise CorruptDataError(
            "the heads in the index are invalid: tags, numbers, cells or sizes are not those of "
            "consecutive chunks of the frame"
        )


def _check_content(header: Header, content: int) -> None:
    if header.content_size is not None and content != header.content_size:
        raise CorruptDataError(
            f"the chunks hold {content} bytes of content, not {header.content_size} as the header "
            "gives"
        )
    if header.array is not None:
        header.array.of_size(content)


def _map_by_walking(file: BinaryIO, begin: int, end: int, limits: Limits, room: int) -> FrameMap:
    source = FileSource(file, begin, end)
    header: Header | None = None
    packed = bytearray()
    first = begin
    for event in walk_source(source, limits):
        if isinstance(event, Header):
            header, first = event, source.at
            continue
        source.skip(event.body_size)
        packed += constants.HEAD.pack(b"", *event, 0)
        _check_room(room - len(packed) // constants.HEAD.size * BYTES_PER_CHUNK, limits)
    assert header is not None
    heads = np.frombuffer(packed, HEADS)
    return _make_map(header, heads, begin=begin, first=first, end=source.at, indexed=False)
