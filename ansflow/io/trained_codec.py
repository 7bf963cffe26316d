"""Many small messages, by distributions that are fitted to samples once."""

from __future__ import annotations

from typing import Any, Self, SupportsIndex

import numpy as np

from ansflow.arguments import integer
from ansflow.buffers import Bytes, BytesLike, bytes_of
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.trained import MAX_MESSAGE, Trained, identity_of
from ansflow.io.message_check import CHECK_BYTES, MessageCheck
from ansflow.varints import ByteReader

__all__ = ["TrainedCodec", "message_bytes"]

STORED = b"\0"


class TrainedCodec:
    """Compresses small messages one at a time: what `ansflow.train` returns.

    A message takes about 6 bytes more than its code length under the codec's distributions, and
    3 without a check; one that would not get smaller is stored, and takes 5 bytes more than it
    has, or 1. A codec's messages are the same on all machines.

    A codec never changes, and may be used by several threads at once. It can be pickled.

    Attributes
    ----------
    identity : int
        XXH3-64 of what the codec consists of: codecs with the same one read each other's messages.
    check : bool
        Whether messages have a check.
    max_message : int
        Bytes that a message may have, 2^24.

    See Also
    --------
    ansflow.train

    Examples
    --------
    >>> import ansflow
    >>> codec = ansflow.train([b'{"id": %d, "state": "open"}' % i for i in range(300)])
    >>> message = codec.compress(b'{"id": 512, "state": "open"}')
    >>> len(message) < 14, codec.decompress(message)
    (True, b'{"id": 512, "state": "open"}')
    """

    max_message = MAX_MESSAGE

    def __init__(self, trained: Trained) -> None:
        self._trained, self._coder, self.check = trained, trained.coder, trained.has_check
        self._bytes = trained.pack()
        self.identity = identity_of(self._bytes)
        self._check = MessageCheck(self.identity, self.check)

    @classmethod
    def from_bytes(cls, data: BytesLike) -> Self:
        """The codec whose `to_bytes` returned `data`.

        Raises
        ------
        CorruptDataError
            If they are not the bytes of a codec, or are damaged.
        UnsupportedError
            If a later release wrote them.

        Examples
        --------
        >>> import ansflow
        >>> codec = ansflow.train([b"one, two, three", b"two, three, four"])
        >>> same = ansflow.TrainedCodec.from_bytes(codec.to_bytes())
        >>> same.decompress(codec.compress(b"three, one"))
        b'three, one'
        """
        return cls(Trained.parse(bytes_of(data).tobytes()))

    def to_bytes(self) -> bytes:
        """The codec, to be kept where its messages are read. It has a version and a check."""
        return self._bytes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self._bytes,)

    def __repr__(self) -> str:
        coder = self._coder
        return (
            f"<{type(self).__name__} {self.identity:016x}: {coder.ones.size} contexts of one byte, "
            f"{coder.twos.size} of two>"
        )

    def compress(self, data: BytesLike) -> bytes:
        """A message as bytes, which `decompress` of a codec with the same `identity` undoes.

        Parameters
        ----------
        data : bytes-like or ndarray
            At most `max_message` bytes. Arrays are taken as their bytes in C order.

        Raises
        ------
        TypeError
            If `data` has no bytes, or Python objects.
        ValueError
            If it is too long.

        Examples
        --------
        >>> import ansflow
        >>> codec = ansflow.train([b"one, two, three", b"two, three, four"], check=False)
        >>> len(b"four, three, two"), len(codec.compress(b"four, three, two"))
        (16, 10)
        """
        content = message_bytes(data, "data")
        size = content.size
        if size > MAX_MESSAGE:
            raise ValueError(
                f"a message has at most {MAX_MESSAGE} bytes, not {size}: use ansflow.compress"
            )
        digest = self._check.digest(content.data)
        if size:
            message = self._coder.encode(content, size, self._check.state(digest))
            if message is not None and message.size <= size + CHECK_BYTES * self.check:
                return message.tobytes()
        return STORED + content.tobytes() + self._check.stored(digest)

    def decompress(self, message: BytesLike, *, max_size: SupportsIndex = MAX_MESSAGE) -> bytes:
        """Undo `compress`.

        Parameters
        ----------
        message : bytes-like
            All of a message, and nothing else.
        max_size : int
            Bytes that the content may have.

        Raises
        ------
        CorruptDataError
            If no codec of this identity has made the message. Without a check, damage is noticed
            only if the message does not end as it should.
        LimitError
            If there would be more content than `max_size`.

        Examples
        --------
        >>> import ansflow
        >>> codec = ansflow.train([b"one, two, three", b"two, three, four"])
        >>> message = codec.compress(b"four, three, two")
        >>> codec.decompress(message)
        b'four, three, two'
        >>> codec.decompress(message[:-1])
        Traceback (most recent call last):
            ...
        ansflow.errors.CorruptDataError: the message is damaged, or another codec's
        """
        most = integer(max_size, "max_size", 0)
        given = message_bytes(message, "message")
        reader = ByteReader(given.data)
        size = reader.varint()
        if not size:
            return self._stored(given[reader.at :], most)
        if size > MAX_MESSAGE:
            raise CorruptDataError(f"no message has {size} bytes: the most is {MAX_MESSAGE}")
        _check_size(size, most)
        content = np.empty(size, np.uint8)
        state = self._coder.decode(given, reader.at, content)
        if state != self._check.state(self._check.digest(content.data)):
            raise CorruptDataError("the message is damaged, or another codec's")
        return content.tobytes()

    def code_length(self, data: BytesLike) -> float:
        """Bits that the codec's distributions allot to a message: the ideal.

        Examples
        --------
        >>> import ansflow
        >>> codec = ansflow.train([b"one, two, three", b"two, three, four"])
        >>> round(codec.code_length(b"four, three, two"))
        56
        """
        return self._coder.code_length(message_bytes(data, "data"))

    def _stored(self, rest: Bytes, most: int) -> bytes:
        """The content of a stored message, without its first byte."""
        size = rest.size - CHECK_BYTES * self.check
        if size < 0:
            raise CorruptDataError("the message is too short for its check")
        _check_size(size, most)
        content = rest[:size].tobytes()
        if rest[size:].tobytes() != self._check.stored(self._check.digest(content)):
            raise CorruptDataError("the message is damaged, or another codec's")
        return content


def message_bytes(data: BytesLike, name: str) -> Bytes:
    """Bytes that kernels take: read-only, so that they are compiled once."""
    content = bytes_of(data, name)
    if content.flags.writeable:
        content = content.view()
        content.setflags(write=False)
    return content


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise LimitError(f"the message has {size} bytes of content, more than max_size={most}")
