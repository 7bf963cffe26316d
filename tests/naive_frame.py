"""The oracle: whole frames in plain Python integers, as FORMAT.md says and nothing else.

`read` takes a frame apart and checks it, `read_all` the frames of a file, and `join` makes one
content of them. Whatever isn't as it should be raises some exception.

`naive_header` knows what is in a header, `naive_grid` how content is cut, `naive_body` what is in a
chunk, with `naive_recipe`, `naive_numbers` and `naive_payload`; `naive_model` what images are under
a model, `naive_seek` what a reader that seeks may find, and `naive_writer` puts frames together,
with `naive_makers`.
"""

from math import prod
from typing import NamedTuple

import naive_grid
from naive_body import (
    ADAPTIVE,
    CLASSES,
    CODED,
    CONSTANT,
    CONTEXTS,
    MODELLED,
    NEIGHBOURS,
    SHARED,
    STORED,
    Context,
    read_bare,
    read_body,
)
from naive_header import MAGIC, VERSION, find_shape, read_header, take, xxh
from naive_payload import number

__all__ = [
    "ADAPTIVE",
    "CLASSES",
    "CODED",
    "CONSTANT",
    "CONTEXTS",
    "MAGIC",
    "MODELLED",
    "NEIGHBOURS",
    "SHARED",
    "STORED",
    "TRAILER_MAGIC",
    "VERSION",
    "attempt",
    "join",
    "read",
    "read_all",
    "read_bare",
    "read_header",
    "read_one",
    "xxh",
]

TRAILER_MAGIC = bytes([0x53, 0x4E, 0x41, 0x89])
HEAD, TRAILER = 28, 28
MOST_CHUNKS = 2**26 - 1


class Head(NamedTuple):
    """The head of a chunk, or an end mark if it has no cells."""

    tag: bytes
    number: int
    cells: int
    m: int
    check: int
    raw: bytes


class Chunk(NamedTuple):
    """A chunk as it stands in the frame."""

    cells: int
    recipe: object
    streams: list
    content: bytes
    body: bytes


class Frame(NamedTuple):
    """Everything a frame says. `shape` is that of an array, with its first axis found out."""

    header: object
    chunks: list
    groups: list
    content: bytes
    shape: list | None
    indexed: bool

    @property
    def description(self):
        return self.header.description

    @property
    def metadata(self):
        return self.description.get("metadata")

    @property
    def shared(self):
        return self.header.shared

    @property
    def chunk_shape(self):
        return self.header.grid.chunk

    @property
    def streams(self):
        """Those of all chunks."""
        return [stream for chunk in self.chunks for stream in chunk.streams]

    @property
    def kinds(self):
        return [stream.kind for stream in self.streams]


def attempt(function, *arguments):
    """What the function returns, or None if it fails."""
    try:
        return function(*arguments)
    except Exception:
        return None


# Chunks


def parse_head(data, at):
    """The `Head` at byte `at`, which needn't be legal."""
    raw = take(data, at, HEAD)
    sizes = [number(raw[begin : begin + 4], 4) for begin in (4, 8, 12)]
    return Head(raw[:4], *sizes, number(raw[16:24], 8), raw)


def check_head(head, header, place):
    """That the head, or end mark, is right behind `place` chunks."""
    assert head.tag == header.raw[-4:]
    assert head.number == place
    assert number(head.raw[24:], 4) == xxh(head.raw[:24]) % 2**32
    if head.cells:
        assert place < MOST_CHUNKS
        assert 2 <= head.m <= head.cells * header.grid.cell + 512


def read_chunk(head, body, header, shape):
    """The `Chunk` of a head and its body, with cells in such a shape."""
    assert head.cells == prod(shape)
    context = Context(header.shared, header.description.get("model"))
    recipe, streams, content = read_body(body, header.grid.cell, shape, context)
    check = xxh(content, seed=head.number)
    assert head.check == (check % 2**32 if header.terse else check)
    return Chunk(head.cells, recipe, streams, content, body)


# Frames


def read_chunks(data, header):
    """The content, groups and chunks of a frame, the end mark, what that checks, and its place."""
    content, groups, chunks, chain, at = b"", [], [], header.raw, len(header.raw)
    due = []  # shapes of the chunks that the group goes on with
    while (head := parse_head(data, at)).cells:
        check_head(head, header, len(chunks))
        if not due:
            assert header.size is None or len(content) < header.size
            done = len(content) // header.grid.cell
            group = naive_grid.find_group(header.grid, done, head.cells)
            groups.append(group)
            due = [size for _, size in group.cuts]
        at += HEAD + head.m
        body = take(data, at - head.m, head.m)
        chunks.append(read_chunk(head, body, header, due.pop(0)))
        chain += head.raw
        if not due:
            parts = [chunk.content for chunk in chunks[-len(group.cuts) :]]
            content += naive_grid.join(group, parts, header.grid.cell)
    assert not due
    assert header.size in (len(content), None)
    check_head(head, header, len(chunks))
    return content, groups, chunks, head, chain, at


def read_only(data, header):
    """The group and the `Chunk` of a short frame with such a header, and where it ends."""
    m, check = header.only
    cells, start = prod(header.grid.lengths), len(header.raw)
    head = Head(b"", 0, cells, m, check, b"")
    group = naive_grid.find_group(header.grid, 0, cells)
    ((_, size),) = group.cuts
    return group, read_chunk(head, take(data, start, m), header, size), start + m


def read_short(data, header):
    """The `Frame` with such a header, and where it ends."""
    group, chunk, at = read_only(data, header)
    assert take(data, at, 1) == b"\0"
    shape = find_shape(header.description, len(chunk.content)) if header.array else None
    return Frame(header, [chunk], [group], chunk.content, shape, False), at + 1


def read_one(data):
    """The `Frame` at the beginning of `data`, and where it ends."""
    header = read_header(data)
    if header.only is not None:
        return read_short(data, header)
    content, groups, chunks, end, chain, at = read_chunks(data, header)
    assert end.check == xxh(chain)
    assert end.m in (0, len(chain) + TRAILER)
    at += HEAD + end.m
    assert not end.m or take(data, at - end.m, end.m) == chain + trailer(at, end.m, chain)
    shape = find_shape(header.description, len(content)) if header.array else None
    return Frame(header, chunks, groups, content, shape, end.m > 0), at


def trailer(frame_size, index_size, chain):
    raw = frame_size.to_bytes(8, "little") + index_size.to_bytes(4, "little")
    raw += xxh(chain).to_bytes(8, "little")
    return raw + (xxh(raw) % 2**32).to_bytes(4, "little") + TRAILER_MAGIC


def read(data):
    """The `Frame` in `data`, which is nothing else."""
    frame, end = read_one(data)
    assert end == len(data)
    return frame


def read_all(data):
    """The frames of a file."""
    frames = []
    while data or not frames:
        frame, end = read_one(data)
        frames.append(frame)
        data = data[end:]
    return frames


class Content(NamedTuple):
    """What a file holds: bytes, or an array if there is a dtype, which may be masked."""

    dtype: str | list | None
    shape: list | None
    fortran: bool
    content: bytes
    masked: dict | None = None


def join(frames):
    """The one `Content` of all frames; fails if they don't make one."""
    first = frames[0]
    assert not any("directory" in frame.description for frame in frames)
    assert len(frames) == 1 or not any("name" in frame.description for frame in frames)
    content = b"".join(frame.content for frame in frames)
    if not first.header.array:
        assert not any(frame.header.array for frame in frames)
        return Content(None, None, False, content)
    dtype, shape = first.description["dtype"], first.shape
    if len(frames) > 1:
        assert all(frame.header.array and not frame.header.fortran for frame in frames)
        assert all(frame.description["dtype"] == dtype for frame in frames)
        assert all(shape and frame.shape[1:] == shape[1:] for frame in frames)
        masked = ["masked" in frame.description for frame in frames]
        assert len(set(masked)) == 1
        shape = [sum(frame.shape[0] for frame in frames), *shape[1:]]
    masked = first.description.get("masked")
    return Content(dtype, shape, first.header.fortran, content, masked)
