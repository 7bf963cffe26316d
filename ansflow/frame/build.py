"""A frame put together: header, chunks in order, end mark, index; or a short one, at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xxhash

from ansflow.buffers import Bytes
from ansflow.frame import constants
from ansflow.frame.checks import low_half
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header

__all__ = ["FrameBuilder", "ShortFrame", "check_count", "pack_trailer"]


class FrameBuilder:
    """Keeps account of what a frame consists of.

    Parameters
    ----------
    header : Header

    Attributes
    ----------
    begin : bytes
        What the frame begins with.
    tag : bytes
        What its heads begin with.
    """

    def __init__(self, header: Header) -> None:
        self.begin = header.pack()
        self.tag = self.begin[-constants.TAG_SIZE :]
        self._always_indexed = header.directory
        self._heads = bytearray()
        self._size = len(self.begin)

    @property
    def count(self) -> int:
        """Chunks so far."""
        return len(self._heads) // constants.HEAD.size

    def front(self, head: Head) -> bytes:
        """What stands in front of the body of a chunk."""
        return pack_head(self.tag, head)

    def append(self, chunks: Iterable[Sequence[Bytes]]) -> None:
        """Take note of chunks, which are to be written in the order in which they come here.

        Each is given in pieces, one or more; the first has the whole head.
        """
        for pieces in chunks:
            self._heads += pieces[0][: constants.HEAD.size].data
            self._size += sum([piece.size for piece in pieces])
        check_count(self.count)

    def end(self) -> bytes:
        """The end mark, and an index if it is of use."""
        body = self.begin + self._heads
        chain = xxhash.xxh3_64_intdigest(body)
        index_size = (
            len(body) + constants.TRAILER.size if self.count > 1 or self._always_indexed else 0
        )
        end = pack_head(self.tag, Head(self.count, 0, index_size, chain))
        if not index_size:
            return end
        size = self._size + constants.HEAD.size + index_size
        return end + body + pack_trailer(size, index_size, chain)


class ShortFrame:
    """Puts a frame together whose content is one chunk, and whose header says what that is.

    Parameters
    ----------
    header : Header
    """

    begin = b""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.count = 0

    def front(self, head: Head) -> bytes:
        """What stands in front of the body."""
        return self._header.pack(head)

    def append(self, chunks: Iterable[Sequence[Bytes]]) -> None:
        """Take note of the chunk."""
        self.count += len([*chunks])

    def end(self) -> bytes:
        return constants.SHORT_END


def check_count(chunks: int) -> None:
    """ValueError if a frame cannot have so many chunks."""
    if chunks >= constants.MAX_CHUNKS:
        raise ValueError(
            f"the frame would have {chunks} chunks or more, but fewer than {constants.MAX_CHUNKS} "
            "are possible: choose a larger chunk_size"
        )


def pack_trailer(size: int, index_size: int, chain: int) -> bytes:
    fields = (size, index_size, chain)
    raw = constants.TRAILER.pack(*fields, 0, constants.TRAILER_MAGIC)
    check = low_half(raw[: constants.TRAILER_CHECKED])
    return constants.TRAILER.pack(*fields, check, constants.TRAILER_MAGIC)
