"""A frame from its first byte to its last, whatever it is read from."""

from __future__ import annotations

from collections.abc import Generator

import xxhash

from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame import layout
from ansflow.frame.checks import low_half
from ansflow.frame.head import Head, parse_head
from ansflow.frame.header import Header, read_header
from ansflow.limits import Limits

__all__ = ["Event", "walk"]

# The index is only compared with what is known already, so it needn't be held.
PIECE = 1 << 16


# What `walk` yields: how many bytes it wants to be sent, or what it has found.
Event = int | Header | Head


def walk(limits: Limits) -> Generator[Event, bytes, None]:
    """Check all of a frame but the bodies of its chunks.

    A generator that doesn't care where bytes come from. It yields

    * an int: how many bytes it wants to be sent next;
    * a `Header`;
    * a `Head`: then come the bytes of that chunk's body, which it doesn't want; the caller reads or
      skips them.

    Raises
    ------
    AnsflowError
        If the frame is damaged, isn't one, or exceeds `limits`.
    """
    header, raw = yield from read_header(limits)
    yield header
    yield from _chunks(header, raw, limits)


def _chunks(header: Header, raw: bytes, limits: Limits) -> Generator[Event, bytes, None]:
    tag = raw[-layout.TAG_SIZE :]
    grid = header.grid
    chain = xxhash.xxh3_64(raw)
    number = content = stored = 0
    # Cells of the chunks that a group still lacks.
    missing: list[int] = []
    while True:
        head_raw = yield layout.HEAD.size
        head = parse_head(head_raw, tag, header, number)
        if head.is_end:
            break
        if number + 1 >= layout.MAX_CHUNKS:
            raise CorruptDataError(f"there are {layout.MAX_CHUNKS} chunks or more")
        if not missing:
            size = grid.group_of(head.cells, content)
            content += size
            _check_content(header, content, limits)
            missing = grid.cells(size)[:0:-1]
        elif head.cells != missing.pop():
            raise CorruptDataError(
                f"chunk {number} has more or fewer cells than others of its group"
            )
        chain.update(head_raw)
        stored += head.stored
        number += 1
        yield head
    if head.check != chain.intdigest():
        raise CorruptDataError("the end mark doesn't match the chunks before it")
    if missing or (header.content_size is not None and content != header.content_size):
        raise CorruptDataError("the frame ends before its content does")
    if header.array is not None:
        header.array.of_size(content)
    if head.stored:
        before = len(raw) + stored + (number + 1) * layout.HEAD.size
        yield from _index(head.stored, head.check, before, len(raw) + number * layout.HEAD.size)


def _index(size: int, chain: int, before: int, body: int) -> Generator[int, bytes, None]:
    """Check the index of `size` bytes that follows `before` bytes of the frame."""
    if size != body + layout.TRAILER.size:
        raise CorruptDataError(
            f"the index takes {size} bytes, not {body + layout.TRAILER.size} as its frame needs"
        )
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
        low_half(trailer[: layout.TRAILER_CHECKED]),
        layout.TRAILER_MAGIC,
    )
    if seen.intdigest() != chain or trailer != expected:
        raise CorruptDataError("the index doesn't match the frame")


def _check_content(header: Header, content: int, limits: Limits) -> None:
    if header.content_size is not None and content > header.content_size:
        raise CorruptDataError("the chunks have more content than the header says")
    if content > limits.max_output:
        raise LimitError(
            f"the content takes at least {content} bytes, more than max_output={limits.max_output}"
        )
