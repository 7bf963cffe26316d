"""Walking over a frame from its first byte to its last, independent of where it is read from."""

from __future__ import annotations

from collections.abc import Generator

import xxhash

from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame import constants
from ansflow.frame.checks import low_half
from ansflow.frame.head import Head, parse_head
from ansflow.frame.header import Header, read_header
from ansflow.limits import Limits

__all__ = ["Event", "walk"]

# The index is only verified, so it is read in pieces of this size and not held.
PIECE = 1 << 16


# What `walk` yields: how many bytes to send it next, or a header or head that it has parsed.
Event = int | Header | Head


def walk(limits: Limits) -> Generator[Event, bytes, None]:
    """Verify all of a frame except the bodies of its chunks.

    This is a generator, to which the caller sends the bytes of the frame. It yields

    * an int: the number of bytes to send next;
    * a `Header`;
    * a `Head`: the bytes of this chunk's body follow, which the caller reads or skips instead of
      sending them.

    Raises
    ------
    AnsflowError
        If the data are damaged, are not a frame, or exceed `limits`.
    """
    header = yield from read_header(limits)
    yield header
    if header.only is None:
        yield from _chunks(header, limits)
    else:
        yield header.only
        if (yield len(constants.SHORT_END)) != constants.SHORT_END:
            raise CorruptDataError("the frame does not end where its header says that it does")


def _chunks(header: Header, limits: Limits) -> Generator[Event, bytes, None]:
    raw = header.raw
    tag = raw[-constants.TAG_SIZE :]
    grid = header.grid
    chain = xxhash.xxh3_64(raw)
    number = content = stored = 0
    # The cells of the chunks that complete the current group, in reverse order.
    missing: list[int] = []
    while True:
        head_raw = yield constants.HEAD.size
        head = parse_head(head_raw, tag, grid, number)
        if head.is_end:
            break
        if number + 1 >= constants.MAX_CHUNKS:
            raise CorruptDataError(
                f"the frame has {constants.MAX_CHUNKS} chunks or more, more than the format allows"
            )
        if not missing:
            size = grid.group_of(head.cells, content)
            content += size
            _check_content(header, content, limits)
            if not grid.is_contiguous:
                missing = grid.cells(size)[:0:-1]
        elif head.cells != (cells := missing.pop()):
            raise CorruptDataError(
                f"chunk {number} has {head.cells} cells, not {cells} as its group requires"
            )
        chain.update(head_raw)
        stored += head.body_size
        number += 1
        yield head
    if head.check != chain.intdigest():
        raise CorruptDataError("the check in the end mark does not match the chunks before it")
    if missing or (header.content_size is not None and content != header.content_size):
        raise CorruptDataError(
            f"the frame ends after {content} bytes of content, before its content is complete"
        )
    if header.array is not None:
        header.array.of_size(content)
    if head.body_size:
        before = len(raw) + stored + (number + 1) * constants.HEAD.size
        yield from _index(
            head.body_size, head.check, before, len(raw) + number * constants.HEAD.size
        )


def _index(size: int, chain: int, before: int, body: int) -> Generator[int, bytes, None]:
    """Verify the index of `size` bytes that follows `before` bytes of the frame."""
    if size != body + constants.TRAILER.size:
        raise CorruptDataError(
            f"the index takes {size} bytes, not {body + constants.TRAILER.size} as the frame "
            "requires"
        )
    seen = xxhash.xxh3_64()
    while body:
        piece = yield min(body, PIECE)
        seen.update(piece)
        body -= len(piece)
    trailer = yield constants.TRAILER.size
    expected = constants.TRAILER.pack(
        before + size,
        size,
        chain,
        low_half(trailer[: constants.TRAILER_CHECKED]),
        constants.TRAILER_MAGIC,
    )
    if seen.intdigest() != chain or trailer != expected:
        raise CorruptDataError("the index does not match the header and heads of the frame")


def _check_content(header: Header, content: int, limits: Limits) -> None:
    if header.content_size is not None and content > header.content_size:
        raise CorruptDataError(
            f"the chunks hold at least {content} bytes of content, more than the "
            f"{header.content_size} that the header gives"
        )
    if content > limits.max_output:
        raise LimitError(
            f"the content takes at least {content} bytes, more than max_output={limits.max_output}"
        )
