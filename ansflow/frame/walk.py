"""A frame from its first byte to its last, whatever it is read from."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import xxhash

from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame import layout
from ansflow.frame.head import Head, head_check, parse_head, parse_head_v1
from ansflow.frame.header import Header, read_header
from ansflow.limits import Limits

__all__ = ["Event", "limits_behind", "walk"]

# The index is only compared with what is known already, so it needn't be held.
PIECE = 1 << 16


# What `walk` yields: how many bytes it wants to be sent, or what it has found.
Event = int | Header | Head


def walk(limits: Limits, *, first: bool) -> Generator[Event, bytes, None]:
    """Check all of a frame but the payloads; `first` says whether it's the first of its file.

    A generator that doesn't care where bytes come from. It yields

    * an int: how many bytes it wants to be sent next;
    * a `Header`;
    * a `Head`: then come the bytes of that block's payload, which it doesn't want; whoever drives
      it reads or skips them.

    Raises
    ------
    AnsflowError
        If the frame is damaged, isn't one, or exceeds `limits`.
    """
    header, raw = yield from read_header(limits)
    if header.version == 1 and not first:
        raise CorruptDataError("a frame of version 1, which stands alone, follows another")
    yield header
    if header.version == 1:
        yield from _blocks_v1(header, limits)
    else:
        yield from _blocks(header, raw, limits)


def limits_behind(header: Header, content_size: int, limits: Limits) -> Limits:
    """The limits of the frame that follows this one; CorruptDataError if none may."""
    if header.version == 1:
        raise CorruptDataError("bytes follow a frame of version 1, which stands alone")
    return replace(limits, max_output=limits.max_output - content_size)


def _blocks(header: Header, raw: bytes, limits: Limits) -> Generator[Event, bytes, None]:
    tag = raw[-layout.CHECK.size :][: layout.TAG_SIZE]
    chain = xxhash.xxh3_64(raw)
    number = content = stored = 0
    first: Head | None = None
    while True:
        head_raw = yield layout.HEAD.size
        head = parse_head(head_raw, tag, header, number)
        if head.kind == layout.END:
            break
        if number + 1 >= layout.MAX_BLOCKS:
            raise CorruptDataError("too many blocks")
        if number % header.planes == 0:
            first = head
            content += head.size * header.planes
            _check_content(header, content, limits)
        elif first is not None and head.size != first.size:
            raise CorruptDataError(f"block {number} is shorter or longer than other planes")
        chain.update(head_raw)
        stored += head.stored
        number += 1
        yield head
    if head.check != chain.intdigest():
        raise CorruptDataError("the end mark doesn't match the blocks before it")
    if number % header.planes or (
        header.content_size is not None and content != header.content_size
    ):
        raise CorruptDataError("the frame ends before its content does")
    if header.array is not None:
        header.array.of_size(content)
    if head.stored:
        before = len(raw) + stored + (number + 1) * layout.HEAD.size
        yield from _index(head.stored, head.check, before, len(raw) + number * layout.HEAD.size)


def _index(size: int, chain: int, before: int, body: int) -> Generator[int, bytes, None]:
    """Check the index of `size` bytes that follows `before` bytes of the frame."""
    if size != body + layout.TRAILER.size:
        raise CorruptDataError("the index is shorter or longer than it can be")
    seen = xxhash.xxh3_64()
    while body:
        piece = yield min(body, PIECE)
        seen.update(piece)
        body -= len(piece)
    trailer = yield layout.TRAILER.size
    expected = layout.TRAILER.pack(
        before + size,
        size,
        chain,
        head_check(trailer[: layout.TRAILER_CHECKED]),
        layout.TRAILER_MAGIC,
    )
    if seen.intdigest() != chain or trailer != expected:
        raise CorruptDataError("the index doesn't match the frame")


def _check_content(header: Header, content: int, limits: Limits) -> None:
    if header.content_size is not None and content > header.content_size:
        raise CorruptDataError("the blocks have more content than the header says")
    if content > limits.max_output:
        raise LimitError(
            f"the content takes at least {content} bytes, more than max_output={limits.max_output}"
        )


def _blocks_v1(header: Header, limits: Limits) -> Generator[Event, bytes, None]:
    assert header.content_size is not None
    number = 0
    for begin in range(0, header.content_size, header.chunk_size):
        size = min(header.chunk_size, header.content_size - begin) // header.planes
        for _ in range(header.planes):
            head = parse_head_v1((yield layout.HEAD_V1.size), size, number)
            if head.stored > limits.max_memory:
                raise LimitError(
                    f"a payload takes {head.stored} bytes, more than max_memory={limits.max_memory}"
                )
            yield head
            number += 1
