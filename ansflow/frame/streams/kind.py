"""The interface of kinds of streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ansflow.buffers import Bytes
from ansflow.frame.streams.coder_byte import CoderByte
from ansflow.frame.streams.sample import (
    NOTHING_SEEN,
    Look,
    Proposal,
    Sample,
    StreamCoding,
    Symbols,
)
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Kind", "TriedKind"]


class Kind(ABC):
    """One way to write a stream.

    Attributes
    ----------
    code : int
        That of FORMAT.md.
    name : str
    wide : bool
        Whether symbols may have 16 bits.
    """

    code: ClassVar[int]
    name: ClassVar[str]
    wide: ClassVar[bool] = False

    @abstractmethod
    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> Any:
        """The fields of a head behind its kind, without the size; CorruptDataError if illegal.

        The layout is that of the symbols.
        """

    @abstractmethod
    def decode(self, fields: Any, payload: Bytes, out: Symbols, tools: Tools) -> None:
        """Fill `out`, a contiguous vector, from a payload of any size that may hold anything."""

    def symbols_in(self, payload: Bytes, layout: Layout) -> Bytes | None:
        """The symbols as bytes, if they lie in the payload: they cannot be written to then."""
        return None

    def coder(self, fields: Any) -> CoderByte | None:
        """Precision and lanes, if it has a stream of words."""
        return None

    def payload_size(self, layout: Layout) -> int | None:
        """Bytes of the payload if they follow from the symbols; None if the head says them."""
        return None


class TriedKind(Kind):
    """A kind that is worth trying: how small a stream becomes depends on its symbols."""

    def suits(self, coding: StreamCoding) -> bool:
        """Whether it is worth trying with any symbols that are to be coded like that."""
        return True

    def look(self, symbols: Bytes, layout: Layout) -> Look:
        """What it finds in symbols that nothing is known of yet.

        Who counts the symbols of groups has counted all: that is not done once more.
        """
        return NOTHING_SEEN

    @abstractmethod
    def propose(self, sample: Sample, most: float) -> Proposal | None:
        """How the symbols are coded in this way, or None if they cannot be.

        If it is clear that this takes more than `most` bytes, None will do, too.
        """
