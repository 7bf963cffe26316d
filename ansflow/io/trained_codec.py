"""Many small messages, by distributions that are fitted to samples once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, SupportsIndex

import xxhash

from ansflow.arguments import integer
from ansflow.buffers import Bytes, BytesLike, bytes_of
from ansflow.engine.training import fit_messages
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.trained import MAX_MESSAGE, Trained, identity_of
from ansflow.varints import ByteReader

__all__ = ["TrainedCodec", "train"]

STORED = b"\0"
CHECK_BYTES = 4
CHECK_MASK = (1 << 8 * CHECK_BYTES) - 1

# States are 1 to this.
LAST_STATE = (1 << 31) - 1


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
    """

    max_message = MAX_MESSAGE

    def __init__(self, trained: Trained) -> None:
        self._trained, self._coder, self.check = trained, trained.coder, trained.has_check
        self._bytes = trained.pack()
        self.identity = identity_of(self._bytes)

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
        >>> codec = train([b"one, two, three", b"two, three, four"])
        >>> same = TrainedCodec.from_bytes(codec.to_bytes())
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
        >>> codec = train([b"one, two, three", b"two, three, four"], check=False)
        >>> len(b"four, three, two"), len(codec.compress(b"four, three, two"))
        (16, 10)
        """
        content = _bytes_of(data, "data")
        size = content.size
        if size > MAX_MESSAGE:
            raise ValueError(
                f"a message has at most {MAX_MESSAGE} bytes, not {size}: use ansflow.compress"
            )
        digest = xxhash.xxh3_64_intdigest(content.data, self.identity) if self.check else 0
        if size:
            message = self._coder.encode(content, size, self._state(digest))
            if message is not None and message.size <= size + CHECK_BYTES * self.check:
                return message.tobytes()
        return STORED + content.tobytes() + self._stored_check(digest)

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
        >>> codec = train([b"one, two, three", b"two, three, four"])
        >>> message = codec.compress(b"four, three, two")
        >>> codec.decompress(message)
        b'four, three, two'
        >>> codec.decompress(message[:-1])
        Traceback (most recent call last):
            ...
        ansflow.errors.CorruptDataError: the message is damaged, or another codec's
        """
        most = integer(max_size, "max_size", 0)
        given = _bytes_of(message, "message")
        reader = ByteReader(given.data)
        size = reader.varint()
        if not size:
            return self._stored(given[reader.at :], most)
        if size > MAX_MESSAGE:
            raise CorruptDataError(f"no message has {size} bytes: the most is {MAX_MESSAGE}")
        _check_size(size, most)
        content, state = self._coder.decode(given, reader.at, size)
        digest = xxhash.xxh3_64_intdigest(content.data, self.identity) if self.check else 0
        if state != self._state(digest):
            raise CorruptDataError("the message is damaged, or another codec's")
        return content.tobytes()

    def code_length(self, data: BytesLike) -> float:
        """Bits that the codec's distributions allot to a message: the ideal.

        Examples
        --------
        >>> codec = train([b"one, two, three", b"two, three, four"])
        >>> round(codec.code_length(b"four, three, two"))
        56
        """
        return self._coder.code_length(_bytes_of(data, "data"))

    def _state(self, digest: int) -> int:
        """What encoding begins with: the check."""
        return 1 + digest % LAST_STATE

    def _stored_check(self, digest: int) -> bytes:
        return (digest & CHECK_MASK).to_bytes(CHECK_BYTES, "little") if self.check else b""

    def _stored(self, rest: Bytes, most: int) -> bytes:
        """The content of a stored message, without its first byte."""
        size = rest.size - CHECK_BYTES * self.check
        if size < 0:
            raise CorruptDataError("the message is too short for its check")
        _check_size(size, most)
        content = rest[:size].tobytes()
        digest = xxhash.xxh3_64_intdigest(content, self.identity) if self.check else 0
        if rest[size:].tobytes() != self._stored_check(digest):
            raise CorruptDataError("the message is damaged, or another codec's")
        return content


def train(
    samples: Iterable[BytesLike], *, order: SupportsIndex = 2, check: bool = True
) -> TrainedCodec:
    """Fit a codec for many small messages to samples of them.

    Records of a database and values of a key-value store are too short to say themselves how their
    bytes are distributed. The codec knows: it has the distribution of a byte behind each one or two
    bytes for which that pays, and is kept once for all messages.

    Parameters
    ----------
    samples : iterable of bytes-like
        Messages like those to come, not all of them empty. A few hundred kilobytes are enough.
        Bytes that do not occur in them can be coded, too.
    order : int
        Bytes of the longest contexts, 0 to 2. Tables take at most 7 MiB, 2 MiB without contexts of
        two bytes, and a few KiB without any.
    check : bool
        Whether messages have a check of 31 bits, which takes about 3 bytes: damaged messages and
        those of other codecs are refused. Without it, this is noticed only where a message does not
        end as it should, which stored ones always do.

    Returns
    -------
    TrainedCodec

    Raises
    ------
    TypeError
        If a sample has no bytes.
    ValueError
        If there are no bytes in any sample, or `order` is not 0 to 2.

    See Also
    --------
    ansflow.encode_chunk : arrays of numbers, one at a time, with a plan that was chosen once.

    Notes
    -----
    A context gets a distribution of its own if that saves more bits in the samples than it takes to
    say what it is. Other bytes are coded by shorter contexts behind an *escape* (Cleary & Witten
    1984), whose probability is that of what has been seen once (Good 1953). The coder is rANS with
    one state (Duda 2013), which begins with the check.

    Examples
    --------
    >>> import ansflow
    >>> records = [b'{"id": %d, "city": "Rome", "ok": true}' % (i * i) for i in range(500)]
    >>> codec = ansflow.train(records[::2])
    >>> message = codec.compress(records[77])
    >>> len(records[77]), len(message)
    (40, 10)
    >>> codec.decompress(message) == records[77]
    True

    References
    ----------
    J. Cleary, I. Witten: Data compression using adaptive coding and partial string matching, 1984.
    I. J. Good: The population frequencies of species, 1953. J. Duda: arXiv:1311.2540.
    """
    order = integer(order, "order", 0, 2)
    arrays = [_bytes_of(sample, "a sample") for sample in samples]
    if not any(array.size for array in arrays):
        raise ValueError("there are no bytes in the samples, so no codec can be fitted to them")
    return TrainedCodec(Trained(fit_messages(arrays, order), bool(check)))


def _bytes_of(data: BytesLike, name: str) -> Bytes:
    """Bytes that kernels take: read-only, so that they are compiled once."""
    content = bytes_of(data, name)
    if content.flags.writeable:
        content = content.view()
        content.setflags(write=False)
    return content


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise LimitError(f"the message has {size} bytes of content, more than max_size={most}")
