"""Data and a codec to bytes, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ansflow.bitsback.codecs.codec import Codec
from ansflow.bitsback.codecs.inputs import Buffer
from ansflow.bitsback.stack.stack import Stack
from ansflow.buffers import bytes_of
from ansflow.errors import CorruptDataError, StackUnderflowError, TruncatedError

__all__ = ["decode", "encode"]

HEAD_BYTES, WORD_BYTES = 8, 4


def encode(x: Any, codec: Codec, *, seed: int = 0) -> bytes:
    """Code data as a message of its own.

    Parameters
    ----------
    x
        What `codec` takes.
    codec : Codec
    seed : int
        Where starting bits are taken from. The decoder needs the same.

    Returns
    -------
    bytes
        The head and the words of the stack, the words that were popped last first, little-endian:
        no more than the message's bits and 8 bytes.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> codec = bitsback.Uniform(1000, 4)
    >>> data = bitsback.encode([1, 2, 3, 999], codec)
    >>> len(data)
    12
    >>> bitsback.decode(data, codec)
    array([  1,   2,   3, 999])
    """
    stack = Stack(seed=seed)
    codec.push(stack, x)
    words = stack.words[::-1].astype("<u4")
    return stack.heads.astype("<u8").tobytes() + words.tobytes()


def decode(data: Buffer, codec: Codec, *, seed: int = 0) -> Any:
    """Undo `encode`.

    Parameters
    ----------
    data : bytes-like
    codec : Codec
    seed : int

    Raises
    ------
    TruncatedError, CorruptDataError
        If the data aren't a message of that codec and seed, as the stack must end where it began.
        There is no checksum: some damage makes another message, and goes unnoticed. Blocks of
        frames have one.
    """
    message = bytes_of(data).data
    if len(message) < HEAD_BYTES or len(message) % WORD_BYTES:
        raise TruncatedError(f"{len(message)} bytes aren't a head and words")
    head = np.frombuffer(message, "<u8", 1)
    words = np.frombuffer(message, "<u4", offset=HEAD_BYTES)
    stack = Stack.from_parts(head, words[::-1])
    try:
        x = codec.pop(stack)
    except StackUnderflowError:
        raise TruncatedError("the message ends too early") from None
    left = stack.words
    if Stack.from_parts(stack.heads, left, seed=seed, drawn=left.size) != Stack(seed=seed):
        raise CorruptDataError("the message doesn't end where it began")
    return x
