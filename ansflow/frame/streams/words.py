"""Symbols to the bytes of a stream of words, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.coder import FastCoder
from ansflow.errors import CorruptDataError
from ansflow.frame.streams.sample import Sample
from ansflow.frame.streams.tools import Tools

__all__ = ["decode_words", "encode_words"]

# As they are written, and as kernels take them. NumPy takes its time to find types by their names.
WORDS, NATIVE, BYTES = np.dtype("<u2"), np.dtype(np.uint16), np.dtype(np.uint8)


def encode_words(sample: Sample, symbols: npt.NDArray[np.generic], coder: FastCoder) -> Bytes:
    """The symbols as words, in the stack of them."""
    stack = sample.words
    words = coder.encode(symbols, sample.lanes, stack.free)
    if words.nbytes < sample.content.size:
        stack.keep(words)
    return (words if WORDS is NATIVE else words.astype(WORDS)).view(BYTES)


def decode_words(
    payload: Bytes,
    coder: FastCoder,
    lanes: int,
    out: npt.NDArray[np.generic],
    tools: Tools | None = None,
) -> None:
    """Undo `encode_words` for what is left of a payload."""
    if payload.size % 2:
        raise CorruptDataError(
            f"a stream of words takes {payload.size} bytes, which is not a multiple of 2"
        )
    words = payload.view(WORDS)
    if WORDS is not NATIVE:
        words = words.astype(NATIVE)
    coder.decode(words, out, lanes)
    if tools is not None and tools.lengths is not None:
        tools.lengths.append(coder.code_length(out, lanes))
