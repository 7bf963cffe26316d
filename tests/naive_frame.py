"""The oracle: whole frames in plain Python integers, as FORMAT.md says and nothing else.

`read` takes a frame apart and checks it, `read_all` the frames of a file, and `join` makes one
content of them. Whatever isn't as it should be raises some exception.

`naive_header` and `naive_payload` know what is in a header and in a block, `naive_model` what
images are under a model, `naive_seek` what a reader that seeks may find, and `naive_writer` puts
frames together.
"""

from typing import NamedTuple

import naive_model
from naive_header import ARRAY, BYTES, MAGIC, UNKNOWN, find_shape, read_header, take, xxh
from naive_payload import (
    number,
    read_contexts,
    read_stream,
    read_stream_with_contexts,
    read_table,
)

__all__ = [
    "ARRAY",
    "BYTES",
    "CODED",
    "CONSTANT",
    "CONTEXTS",
    "END",
    "MAGIC",
    "MODELLED",
    "STORED",
    "TRAILER_MAGIC",
    "UNKNOWN",
    "attempt",
    "join",
    "read",
    "read_all",
    "read_header",
    "read_one",
    "xxh",
]

STORED, CONSTANT, CODED, CONTEXTS, MODELLED, END = 0, 1, 2, 3, 4, 255
TRAILER_MAGIC = bytes([0x53, 0x4E, 0x41, 0x89])
HEAD, TRAILER = 32, 28


class Head(NamedTuple):
    """The head of a block, or an end mark."""

    kind: int
    lanes_log2: int
    precision: int
    table: int
    n: int
    m: int
    place: int
    check: int
    raw: bytes


class Block(NamedTuple):
    """A block as it stands in the frame."""

    kind: int
    lanes_log2: int
    precision: int
    table: int
    content: bytes
    payload: bytes


class Frame(NamedTuple):
    """Everything a frame says. `shape` is that of an array, with its first axis found out."""

    fortran: bool
    kind: int
    planes: int
    block_size: int
    description: dict | None
    metadata: dict | None
    shape: list | None
    shared: list
    content: bytes
    blocks: list
    indexed: bool
    header: bytes


def attempt(function, *arguments):
    """What the function returns, or None if it fails."""
    try:
        return function(*arguments)
    except Exception:
        return None


# Blocks


def parse_head(data, at):
    """The `Head` at byte `at`, which needn't be legal."""
    raw = take(data, at, HEAD)
    sizes = number(raw[8:12], 4), number(raw[12:16], 4)
    return Head(*raw[4:8], *sizes, number(raw[16:20], 4), number(raw[20:28], 8), raw)


def model_of(header):
    """What the header says of a model, or None."""
    return header.description.get("model")


def check_coding(head, header):
    """That lanes, precision and table are those of a block of its kind."""
    assert head.kind in (STORED, CONSTANT, CODED, CONTEXTS, MODELLED)
    assert head.kind != MODELLED or model_of(header)
    tables = len(header.shared)
    assert head.lanes_log2 <= (6 if head.kind in (CODED, CONTEXTS) else 0)
    assert head.table <= (tables if head.kind == CODED else 0)
    lowest, highest = {CODED: (8, 16), CONTEXTS: (8, 12)}.get(head.kind, (0, 0))
    assert lowest <= head.precision <= highest


def check_head(head, header, place):
    """That the head, or end mark, is right behind `place` blocks."""
    assert head.raw[:4] == header.raw[-8:-4]
    assert number(head.raw[28:], 4) == xxh(head.raw[:28]) % 2**32
    assert head.place == place
    if head.kind == END:
        assert (head.lanes_log2, head.precision, head.table, head.n) == (0, 0, 0, 0)
        return
    assert place < 2**26 - 1
    assert 1 <= head.m <= head.n <= header.block_size
    check_coding(head, header)


def read_payload(head, payload, header):
    """The `Block` of a head and its payload."""
    kind, p, n, lanes = head.kind, head.precision, head.n, 2**head.lanes_log2
    if kind == CODED:
        if head.table:
            (freq, table_p), used = header.shared[head.table - 1], 0
            assert p == table_p
        else:
            freq, used = read_table(payload, p)
        content = read_stream(payload[used:], n, freq, p, lanes)
    elif kind == CONTEXTS:
        rows, used = read_contexts(payload, p)
        content = read_stream_with_contexts(payload[used:], n, rows, p, lanes)
    elif kind == MODELLED:
        model = naive_model.find(**model_of(header))
        assert n % model.image_size == 0
        content = naive_model.decode(model, payload, n // model.image_size)
    else:
        assert head.m == (n if kind == STORED else 1)
        content = payload if kind == STORED else payload * n
    assert head.check == xxh(content, seed=head.place)
    return Block(kind, head.lanes_log2, p, head.table, content, payload)


def weave(planes):
    """The chunk that the contents of its blocks make; they are equally long."""
    return bytes(byte for item in zip(*planes, strict=True) for byte in item)


# Frames


def read_body(data, header):
    blocks, heads, at = [], header.raw, len(header.raw)
    while (head := parse_head(data, at)).kind != END:
        check_head(head, header, len(blocks))
        at += HEAD + head.m
        blocks.append(read_payload(head, take(data, at - head.m, head.m), header))
        heads += head.raw
    check_head(head, header, len(blocks))
    assert head.check == xxh(heads)
    assert head.m in (0, len(heads) + TRAILER)
    at += HEAD + head.m
    assert not head.m or take(data, at - head.m, head.m) == heads + trailer(at, head.m, heads)
    contents, planes = [block.content for block in blocks], header.planes
    assert len(blocks) % planes == 0
    content = b"".join(weave(contents[i : i + planes]) for i in range(0, len(blocks), planes))
    assert header.size in (len(content), UNKNOWN)
    return content, blocks, head.m > 0, at


def trailer(frame_size, index_size, heads):
    raw = frame_size.to_bytes(8, "little") + index_size.to_bytes(4, "little")
    raw += xxh(heads).to_bytes(8, "little")
    return raw + (xxh(raw) % 2**32).to_bytes(4, "little") + TRAILER_MAGIC


def read_one(data):
    """The `Frame` at the beginning of `data`, and where it ends."""
    h = read_header(data)
    content, blocks, indexed, end = read_body(data, h)
    shape = find_shape(h.description, len(content)) if h.kind == ARRAY else None
    metadata = h.description.get("metadata")
    said = (h.fortran, h.kind, h.planes, h.block_size, h.description, metadata)
    return Frame(*said, shape, h.shared, content, blocks, indexed, h.raw), end


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
    """What a file holds: bytes, or an array if there is a dtype."""

    dtype: str | list | None
    shape: list | None
    fortran: bool
    content: bytes


def join(frames):
    """The one `Content` of all frames; fails if they don't make one."""
    first = frames[0]
    content = b"".join(frame.content for frame in frames)
    if first.kind == BYTES:
        assert all(frame.kind == BYTES for frame in frames)
        return Content(None, None, False, content)
    dtype, shape = first.description["dtype"], first.shape
    if len(frames) > 1:
        assert all(frame.kind == ARRAY and not frame.fortran for frame in frames)
        assert all(frame.description["dtype"] == dtype for frame in frames)
        assert all(shape and frame.shape[1:] == shape[1:] for frame in frames)
        shape = [sum(frame.shape[0] for frame in frames), *shape[1:]]
    return Content(dtype, shape, first.fortran, content)
