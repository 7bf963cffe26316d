"""Data to a message, the bytes that stand for them, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.buffers import BytesLike, bytes_of
from ansflow.errors import CorruptDataError, StackUnderflowError, TruncatedError

__all__ = ["decode", "encode"]

HEAD_BYTES, WORD_BYTES = 8, 4


def encode(x: Any, codec: Codec, *, seed: int | None = 0) -> bytes:
    """Encode data as a message.

    Parameters
    ----------
    x
        What `codec` takes.
    codec : Codec
    seed : int or None
        Determines the initial bits. The decoder needs the same seed. Without one there are none:
        the codec may pop no more bits than it has pushed before.

    Returns
    -------
    bytes
        The head of a stack of one lane, and then its words from the top to the bottom,
        little-endian: no more than the bits of the data and 8 bytes.

    Raises
    ------
    StackUnderflowError
        If the codec takes initial bits, and there is no seed.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> codec = bitsback.Uniform(1000, 4)
    >>> message = bitsback.encode([1, 2, 3, 999], codec)
    >>> len(message)
    12
    >>> bitsback.decode(message, codec)
    array([  1,   2,   3, 999])
    """
    stack = Stack(seed=seed)
    codec.push(stack, x)
    words = stack.words[::-1].astype("<u4")
    return stack.heads.astype("<u8").tobytes() + words.tobytes()


def decode(message: BytesLike, codec: Codec, *, seed: int | None = 0) -> Any:
    """Undo `encode`.

    Parameters
    ----------
    message : bytes-like
    codec : Codec
    seed : int or None

    Raises
    ------
    TruncatedError, CorruptDataError
        If the stack does not end as it began, with the initial bits alone: then this is not a
        message of that codec and seed. There is no checksum, so some damage results in another
        message, and is not noticed. The chunks of frames have a checksum.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> codec = bitsback.Uniform(1000, 2)
    >>> bitsback.decode(bitsback.encode([7, 999], codec), codec)
    array([  7, 999])
    """
    data = bytes_of(message, "message").data
    if len(data) < HEAD_BYTES or len(data) % WORD_BYTES:
        raise TruncatedError(
            f"a message has {HEAD_BYTES} bytes and then words of {WORD_BYTES} bytes, but there are "
            f"{len(data)} bytes"
        )
    head = np.frombuffer(data, "<u8", 1)
    words = np.frombuffer(data, "<u4", offset=HEAD_BYTES)
    stack = Stack.from_parts(head, words[::-1])
    try:
        x = codec.pop(stack)
    except StackUnderflowError:
        raise TruncatedError("the message ends before all data are decoded") from None
    left = stack.words
    drawn = 0 if seed is None else left.size
    if Stack.from_parts(stack.heads, left, seed=seed, drawn=drawn) != Stack(seed=seed):
        raise CorruptDataError(
            "the message does not end with the initial bits of its seed: it is damaged, or has "
            "another codec or seed"
        )
    return x
