"""What the encoder of a stream works on: symbols, what is known of them, and how to code them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.frame.content_model import ContentModel
from ansflow.frame.shared import SharedTable
from ansflow.frame.streams.scratch import EncoderScratch, WordStack
from ansflow.transforms.layout import Layout

__all__ = [
    "NOTHING_SEEN",
    "Encoded",
    "Look",
    "Proposal",
    "Sample",
    "StreamCoding",
    "Symbols",
    "plain_coding",
]

Symbols = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


class StreamCoding(NamedTuple):
    """How streams are to be coded.

    `precision` is 8 to 16, and `lanes` a maximum; short streams get less. `order` is 0 or 1;
    `shared` are tables that any stream may use; `model` is tried on streams that consist of its
    units. With `classes`, rows of symbols may have distributions of their own. In `haste`, those of
    long streams are estimated.
    """

    precision: int
    lanes: int
    order: int
    shared: tuple[SharedTable, ...] = ()
    model: ContentModel | None = None
    classes: bool = False
    haste: bool = False


@functools.cache
def plain_coding(
    precision: int, lanes: int, order: int, classes: bool, haste: bool
) -> StreamCoding:
    """One without tables and model: of the same parameters, the same one."""
    return StreamCoding(precision, lanes, order, classes=classes, haste=haste)


class Look(NamedTuple):
    """What a kind has found in symbols of 8 bits before all else is known of them.

    Parameters
    ----------
    counts : ndarray of uint32, shape (groups, 256), or None
        How often symbols occur in groups of them, if it has found any.
    found : object
        What else it needs to know to propose.
    """

    counts: npt.NDArray[np.uint32] | None
    found: Any


NOTHING_SEEN = Look(None, None)


class Sample(NamedTuple):
    """Symbols that are to be coded, at least one, and what is known of them.

    Parameters
    ----------
    symbols : ndarray of uint8 or uint16, shape (n,)
    content : ndarray of uint8
        The same as bytes.
    layout : Layout
        Theirs: they may be those of an array.
    lanes : int
    coding : StreamCoding
    scratch : EncoderScratch
    words : WordStack
    counts : ndarray of float64, shape (alphabet,)
        How often symbols occur, in units of the most frequent one.
    present : int
        How many symbols occur.
    coded_size : float
        Bytes that they take under the distribution that was fitted.
    precision : int
    freq : ndarray of uint32, shape (alphabet,)
        That distribution.
    records : ndarray of uint64 or None
        Its records, if they have been made.
    table : ndarray of uint8
        Its table of frequencies. Like `freq` and `records` it is only there until the next sample
        is taken.
    looks : dict
        By the codes of kinds, what those have found that have looked so far.
    """

    symbols: Symbols
    content: Bytes
    layout: Layout
    lanes: int
    coding: StreamCoding
    scratch: EncoderScratch
    words: WordStack
    counts: npt.NDArray[np.float64]
    present: int
    coded_size: float
    precision: int
    freq: npt.NDArray[np.uint32]
    records: npt.NDArray[np.uint64] | None
    table: Bytes
    looks: dict[int, Look]


class Encoded(NamedTuple):
    """A stream's head behind the byte of its kind, and the pieces of its payload."""

    head: bytes
    payload: Sequence[Bytes]


class Proposal(NamedTuple):
    """A way to code a stream: about how many bytes it takes, and how it is done.

    If it is `clear`, kinds that come later are not tried: they would hardly take less.
    """

    size: float
    encode: Callable[[], Encoded]
    clear: bool = False
