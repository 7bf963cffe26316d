"""The interface of kinds of streams, and what they are given to work on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.single import SingleCoder
from ansflow.frame.content_model import ContentModel
from ansflow.frame.shared import SharedTable
from ansflow.frame.streams.coder_byte import CoderByte
from ansflow.frame.streams.scratch import DecoderScratch, EncoderScratch, pop
from ansflow.varints import ByteReader

__all__ = [
    "Encoded",
    "Kind",
    "Proposal",
    "Sample",
    "StreamCoding",
    "Symbols",
    "Tools",
    "ToolsPool",
    "TriedKind",
]

Symbols = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


class StreamCoding(NamedTuple):
    """How streams are to be coded.

    `precision` is 8 to 16; `lanes` a maximum, short streams get fewer; `order` 0 or 1; `shared` are
    tables that any stream may use; `model` is tried on streams that consist of its units.
    """

    precision: int
    lanes: int
    order: int
    shared: tuple[SharedTable, ...] = ()
    model: ContentModel | None = None


class Sample(NamedTuple):
    """Symbols that are to be coded, at least one, and what is known of them.

    Parameters
    ----------
    symbols : ndarray of uint8 or uint16, shape (n,)
    content : ndarray of uint8
        The same as bytes.
    lanes : int
    precision : int
    freq : ndarray of uint32, shape (alphabet,)
        The distribution that was fitted, with so many bits of precision.
    table : ndarray of uint8
        Its table of frequencies. Like `freq` it is only there until the next sample is taken.
    present : int
        How many symbols occur.
    counts : ndarray of float64, shape (alphabet,)
        How often symbols occur, in units of the most frequent one.
    coded_size : float
        Bytes that the symbols take under that distribution.
    """

    symbols: Symbols
    content: Bytes
    lanes: int
    precision: int
    freq: npt.NDArray[np.uint32]
    table: Bytes
    present: int
    counts: npt.NDArray[np.float64]
    coded_size: float
    coding: StreamCoding
    scratch: EncoderScratch


class Encoded(NamedTuple):
    """A stream's head behind the byte of its kind, and the pieces of its payload."""

    head: bytes
    payload: Sequence[Bytes]


class Proposal(NamedTuple):
    """A way to code a stream: about how many bytes it takes, and how it is done."""

    size: float
    encode: Callable[[], Encoded]


class Tools(NamedTuple):
    """What decoding takes besides the chunk itself: `model` finds the frame's, or raises."""

    shared: Sequence[SingleCoder]
    model: Callable[[], ContentModel] | None
    scratch: DecoderScratch


class ToolsPool:
    """Tools that no thread uses at the moment."""

    def __init__(
        self, shared: Sequence[SingleCoder], model: Callable[[], ContentModel] | None
    ) -> None:
        self._shared, self._model = shared, model
        self._idle: list[Tools] = []

    def take(self) -> Tools:
        """Tools, to be given back."""
        return pop(self._idle) or Tools(self._shared, self._model, DecoderScratch.make())

    def give(self, tools: Tools) -> None:
        self._idle.append(tools)


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
    def parse(self, reader: ByteReader, tools: Tools) -> Any:
        """The fields of a head behind its kind, without the size; CorruptDataError if illegal."""

    @abstractmethod
    def decode(self, fields: Any, payload: memoryview, out: Symbols, tools: Tools) -> None:
        """Fill `out`, a contiguous vector, from a payload of any size that may hold anything."""

    def coder(self, fields: Any) -> CoderByte | None:
        """Precision and lanes, if it has a stream of words."""
        return None

    def payload_size(self, symbols: int, width: int) -> int | None:
        """Bytes of the payload if they follow from the symbols; None if the head says them."""
        return None


class TriedKind(Kind):
    """A kind that is worth trying: how small a stream becomes depends on its symbols."""

    @abstractmethod
    def propose(self, sample: Sample) -> Proposal | None:
        """How the symbols are coded in this way, or None if they cannot be."""
