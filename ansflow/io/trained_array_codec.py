"""Many small arrays, by a recipe and distributions that are fitted to samples once."""

from __future__ import annotations

import math
from typing import Any, Self, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked, integer
from ansflow.buffers import Bytes, BytesLike, bytes_of, item_bytes
from ansflow.engine.item_dtype import items_text
from ansflow.engine.plan import Plan
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.trained import MAX_MESSAGE, identity_of
from ansflow.frame.trained_arrays import TrainedArrays
from ansflow.io.chunks import decode_chunk, encode_chunk
from ansflow.io.message_check import CHECK_BYTES, MessageCheck
from ansflow.io.trained_codec import message_bytes
from ansflow.varints import ByteReader, pack_varint

__all__ = ["TrainedArrayCodec"]

# What a message begins with, behind its lengths, if a bare chunk follows.
CHUNK = b"\0"

DAMAGED = "the message is damaged, or another codec's"


class TrainedArrayCodec:
    """Compresses small arrays one at a time: what `ansflow.train` returns for samples of arrays.

    A message takes about 8 bytes more than its code length, and 5 without a check, besides the
    lengths of axes that may differ. An array that is unlike the samples takes about as much as with
    `ansflow.encode_chunk`, which is at most a few bytes more than it has. All values come back bit
    for bit. A codec's messages are the same on all machines.

    A codec never changes, and may be used by several threads at once. It can be pickled.

    Attributes
    ----------
    dtype : dtype
    shape : tuple of int or None
        That of all arrays; None for axes whose length is in the message.
    recipe : str
        What becomes of the numbers, see `ansflow.Recipe`.
    identity : int
        XXH3-64 of what the codec consists of: codecs with the same one read each other's messages.
    check : bool
        Whether messages have a check.
    max_message : int
        Bytes that an array may have, 2^24.

    See Also
    --------
    ansflow.train

    Examples
    --------
    >>> import ansflow, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> walks = rng.integers(-3, 4, (300, 50)).cumsum(1)
    >>> codec = ansflow.train(list(walks))
    >>> message = codec.compress(walks[7])
    >>> len(message) < 50, np.array_equal(codec.decompress(message), walks[7])
    (True, True)
    """

    max_message = MAX_MESSAGE

    def __init__(self, trained: TrainedArrays) -> None:
        self.dtype, self.shape, self._recipe, self._coder, self.check = trained
        self._bytes = trained.pack()
        self.identity = identity_of(self._bytes)
        self._check = MessageCheck(self.identity, self.check)
        self.recipe = str(self._recipe.recipe)
        self._plan = Plan(recipe=self._recipe.recipe_of_others, items=items_text(self.dtype))
        self._open_axes = [axis for axis, length in enumerate(self.shape) if length is None]
        lengths = tuple(length for length in self.shape if length is not None)
        self._fixed = None if self._open_axes else lengths

    @classmethod
    def from_bytes(cls, data: BytesLike) -> Self:
        """The codec whose `to_bytes` returned `data`.

        Raises
        ------
        CorruptDataError
            If they are not the bytes of such a codec, or are damaged.
        UnsupportedError
            If a later release wrote them, or arrays are of a dtype that is not known here.

        Examples
        --------
        >>> import ansflow, numpy as np
        >>> codec = ansflow.train([np.arange(50), np.arange(7, 57)])
        >>> same = ansflow.TrainedArrayCodec.from_bytes(codec.to_bytes())
        >>> same.decompress(codec.compress(np.arange(3, 53)))[:3]
        array([3, 4, 5])
        """
        return cls(TrainedArrays.parse(bytes_of(data).tobytes()))

    def to_bytes(self) -> bytes:
        """The codec, to be kept where its messages are read. It has a version and a check."""
        return self._bytes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self._bytes,)

    def __repr__(self) -> str:
        arrays = f"{self.dtype} {self.shape}"
        return f"<{type(self).__name__} {self.identity:016x}: {arrays}, {self.recipe}>"

    def compress(self, array: npt.ArrayLike) -> bytes:
        """A message, which `decompress` of a codec with the same `identity` undoes.

        Parameters
        ----------
        array : array_like
            Of the codec's dtype and shape, with at most `max_message` bytes.

        Raises
        ------
        TypeError
            If it has another dtype, or is masked.
        ValueError
            If it has another shape, or is too large.

        Examples
        --------
        >>> import ansflow, numpy as np
        >>> walks = np.random.default_rng(0).normal(0, 9, (100, 64)).cumsum(axis=1).astype("i2")
        >>> codec = ansflow.train(walks[1:])
        >>> len(codec.compress(walks[0])) < 60
        True
        """
        given = self._checked(array)
        shape = given.shape
        lengths = b"".join([pack_varint(shape[axis]) for axis in self._open_axes])
        with self._recipe.scratch(shape) as scratch:
            scratch.put(given)
            digest = self._check.digest(scratch.content, lengths)
            tokens = self._recipe.forward(scratch) if given.size else None
            if tokens is not None:
                symbols, tail = tokens
                coded = self._coder.encode(symbols, 1 + len(tail), self._check.state(digest))
                if coded is not None and coded.size + len(tail) <= given.nbytes:
                    return lengths + coded.tobytes() + tail
        chunk = encode_chunk(given, self._plan)
        return lengths + CHUNK + chunk + self._check.stored(digest)

    def decompress(
        self, message: BytesLike, *, max_size: SupportsIndex = MAX_MESSAGE
    ) -> npt.NDArray[Any]:
        """Undo `compress`.

        Parameters
        ----------
        message : bytes-like
            All of a message, and nothing else.
        max_size : int
            Bytes that the array may have.

        Returns
        -------
        ndarray
            A new array of the codec's dtype, in C order.

        Raises
        ------
        CorruptDataError
            If no codec of this identity has made the message. Without a check, much damage is not
            noticed.
        LimitError
            If the array would be larger than `max_size`.

        Examples
        --------
        >>> import ansflow, numpy as np
        >>> codec = ansflow.train([np.arange(50), np.arange(70)])
        >>> message = codec.compress(np.arange(60))
        >>> codec.decompress(message).shape
        (60,)
        >>> codec.decompress(message[:-1])
        Traceback (most recent call last):
            ...
        ansflow.errors.CorruptDataError: the message is damaged, or another codec's
        """
        most = integer(max_size, "max_size", 0)
        given = message_bytes(message, "message")
        reader = ByteReader(given.data)
        shape = self._read_shape(reader)
        items = math.prod(shape)
        lengths = given[: reader.at].tobytes() if self._open_axes else b""
        if items * self.dtype.itemsize > most:
            raise LimitError(f"the message has an array of shape {shape}, above max_size={most}")
        tail = reader.varint() - 1
        if tail < 0:
            return self._from_chunk(given[reader.at :], shape, lengths)
        end = given.size - tail
        if end < reader.at or not items:
            raise CorruptDataError(f"the message has no tail of {tail} bytes")
        with self._recipe.scratch(shape) as scratch:
            state = self._coder.decode(given[:end], reader.at, scratch.symbols)
            self._recipe.inverse(scratch, given[end:])
            if state != self._check.state(self._check.digest(scratch.content, lengths)):
                raise CorruptDataError(DAMAGED)
            return scratch.get()

    def code_length(self, array: npt.ArrayLike) -> float:
        """Bits of an array under the codec's distributions, with raw bits: the ideal.

        It is infinite if the array is so unlike the samples that its message is a bare chunk.

        Examples
        --------
        >>> import ansflow, numpy as np
        >>> codec = ansflow.train(np.arange(200).reshape(10, 20))
        >>> codec.code_length(np.arange(20)) < 20
        True
        """
        given = self._checked(array)
        with self._recipe.scratch(given.shape) as scratch:
            scratch.put(given)
            tokens = self._recipe.forward(scratch) if given.size else None
            if tokens is None:
                return math.inf
            return self._coder.code_length(tokens.symbols) + 8 * len(tokens.tail)

    def _checked(self, array: npt.ArrayLike) -> npt.NDArray[Any]:
        """The array, of this codec's dtype and shape."""
        if type(array) is not np.ndarray:
            check_unmasked(array, "array")
            array = np.asarray(array)
        if array.dtype != self.dtype:
            raise TypeError(f"the codec is for arrays of {self.dtype}, not {array.dtype}")
        shape = array.shape
        if shape != self.shape and not self._may_have(shape):
            raise ValueError(
                f"the codec is for arrays of shape {self.shape}, not {shape}: for lengths that "
                "differ, train it with shape=, and None for these"
            )
        if array.nbytes > MAX_MESSAGE:
            raise ValueError(
                f"a message has at most {MAX_MESSAGE} bytes, not {array.nbytes}: use "
                "ansflow.compress"
            )
        return array

    def _may_have(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == len(self.shape) and all(
            own in (None, length) for own, length in zip(self.shape, shape, strict=True)
        )

    def _read_shape(self, reader: ByteReader) -> tuple[int, ...]:
        """The shape of a message, which says the open axes."""
        if self._fixed is not None:
            return self._fixed
        shape = tuple(reader.varint() if length is None else length for length in self.shape)
        if math.prod(shape) * self.dtype.itemsize > MAX_MESSAGE or max(shape) > MAX_MESSAGE:
            raise CorruptDataError(f"no message has an array of shape {shape}")
        return shape

    def _from_chunk(self, rest: Bytes, shape: tuple[int, ...], lengths: bytes) -> npt.NDArray[Any]:
        """The array in a bare chunk, which a check follows."""
        size = rest.size - CHECK_BYTES * self.check
        if size < 0:
            raise CorruptDataError("the message is too short for its check")
        array = np.empty(shape, self.dtype)
        decode_chunk(rest[:size], self._plan, array)
        digest = self._check.digest(item_bytes(array).data, lengths)
        if rest[size:].tobytes() != self._check.stored(digest):
            raise CorruptDataError(DAMAGED)
        return array
