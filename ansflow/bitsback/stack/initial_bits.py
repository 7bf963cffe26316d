"""Bytes of any kind as the initial bits of a stack, and back.

A byte 1 and then zeros are appended, up to whole words. The first word becomes the head, the
second is on top of the tail, and so on, so that the first bytes are used first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.errors import CorruptDataError
from ansflow.kernels.constants import STACK_LOW

__all__ = ["from_heads_and_words", "to_heads_and_words"]

END = b"\x01"


def to_heads_and_words(data: bytes) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """One head, and the words below it."""
    padded = data + END
    padded += bytes(-len(padded) % 4)
    words = np.frombuffer(padded, "<u4").astype(np.uint32)
    return np.array([STACK_LOW + int(words[0])], np.uint64), words[:0:-1].copy()


def from_heads_and_words(heads: npt.NDArray[np.uint64], words: npt.NDArray[np.uint32]) -> bytes:
    """Undo `to_heads_and_words`; CorruptDataError if these cannot have come from it."""
    above, first = divmod(int(heads[0]), STACK_LOW)
    padded = np.append(np.uint32(first), words[::-1]).astype("<u4").tobytes().rstrip(b"\0")
    if above != 1 or not padded.endswith(END):
        raise CorruptDataError(
            "the stack holds more or less than its initial bits; pop everything that was pushed "
            "since, and push what was popped"
        )
    return padded[: -len(END)]
