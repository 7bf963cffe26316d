"""Small messages of bytes, with contexts of up to two bytes and escapes to shorter ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.coders.escapes import (
    ESCAPE,
    ROOM,
    STRIDE,
    decode_message,
    encode_message,
)
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.buckets import BUCKETS, fill_bucket_rows
from ansflow.kernels.tables.records import fill_record_rows, reciprocals_of
from ansflow.lazy import cached_property

__all__ = ["PRECISION", "TOTAL", "EscapeCoder", "code_lengths"]

BYTES = 256
PRECISION = MAX_PACKED_PRECISION
TOTAL = 1 << PRECISION
ROOM_BYTES = int(ROOM)


class EscapeCoder:
    """Codes messages by a tree of rows.

    Row 0, the root, has all bytes, equally likely, and no context; row 1 that of no bytes. Then
    come the rows of contexts of one byte and of two. A row's parent has the longest context that is
    shorter than its own.

    Parameters
    ----------
    freq : ndarray of uint32, shape (rows - 1, 256)
        Those of the root are left out. Not checked: rows sum to `TOTAL`, and have a frequency for
        the escape.
    ones : ndarray of int64, shape (k,)
        The bytes that are contexts, ascending.
    twos : ndarray of int64, shape (rows - 2 - k,)
        The contexts of two bytes, the one before the last times 256 plus the last, ascending.
    escape : int
    """

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        ones: npt.NDArray[np.int64],
        twos: npt.NDArray[np.int64],
        escape: int,
    ) -> None:
        self.ones, self.twos, self.escape = ones, twos, escape
        root = np.full((1, BYTES), TOTAL // BYTES, np.uint32)
        self.freq = np.concatenate([root, freq])
        self._escape = np.uint64(escape)
        # The row of each byte as a context, then that of each pair of bytes.
        single = np.ones(BYTES, np.uint16)
        single[ones] = 2 + np.arange(ones.size)
        self.parents = np.concatenate([[0, 0], np.ones(ones.size), single[twos % BYTES]])
        self.parents = self.parents.astype(np.uint16)
        self.row_of = single if ones.size else np.ones(1, np.uint16)
        if twos.size:
            self.row_of = np.tile(single, BYTES)
            self.row_of[twos] = 2 + ones.size + np.arange(twos.size)

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """For the encoder: of each row, the bytes and then the escape."""
        records = np.zeros((len(self.freq), int(STRIDE)), np.uint64)
        fill_record_rows(self.freq, reciprocals_of(PRECISION), records)
        records[1:, ESCAPE] = records[1:, self.escape]
        records[1:, self.escape] = 0
        return records.reshape(-1)

    @cached_property
    def entries(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """For the decoder: buckets and entries of all rows."""
        buckets = np.empty(len(self.freq) * BUCKETS, np.uint64)
        entries = np.empty(np.count_nonzero(self.freq), np.uint64)
        fill_bucket_rows(self.freq, self._following(), buckets, entries)
        return buckets, entries

    def _following(self) -> npt.NDArray[np.uint16]:
        """The row of the byte behind each byte that a row codes; of the escape, the row's parent.

        It is 0 if that is the matter of a byte that the row does not know.
        """
        ends = np.concatenate([self.ones, self.twos % BYTES])  # the bytes before, where known
        contexts = np.zeros(len(self.freq), np.int64)
        contexts[2:] = ends * BYTES
        pairs = contexts[:, None] + np.arange(BYTES)
        following: npt.NDArray[np.uint16] = self.row_of[pairs % self.row_of.size]
        if self.twos.size:
            following[:2] = 0
        following[1:, self.escape] = self.parents[1:]
        return following

    @cached_property
    def lengths(self) -> npt.NDArray[np.float64]:
        """Bits that a byte takes in a row, with all escapes, shape (rows, 256)."""
        lengths = np.full(self.freq.shape, np.log2(BYTES))
        for row in range(1, len(lengths)):
            above = lengths[self.parents[row]]
            lengths[row] = code_lengths(self.freq[row], above, self.escape)
        return lengths

    def encode(self, data: Bytes, head: int, state: int) -> Bytes | None:
        """A message; None if it would be longer than `data` by more than its head.

        Parameters
        ----------
        data : contiguous ndarray of uint8, read-only
        head : int
            What the message begins with, as a varint.
        state : int
            What encoding begins with, 1 to 2^31 - 1.
        """
        out = np.empty(data.size + ROOM_BYTES, np.uint8)
        tables = self.row_of, self.parents, self.records
        begin = encode_message(data, head, state, *tables, out)
        return out[begin:] if begin else None

    def decode(self, message: Bytes, begin: int, out: Bytes) -> int:
        """Fill `out` with the content, and return the state with which encoding began.

        That is 2^31 or more if `encode` cannot have made the message. Whatever it is, it has
        to be compared with what it should be.

        Parameters
        ----------
        message : contiguous ndarray of uint8, read-only
        begin : int
            Where the state is, behind the varint.
        out : contiguous ndarray of uint8
            As many bytes as the content has.
        """
        tables = self.row_of, *self.entries, self._escape
        return int(decode_message(message, begin, *tables, out))

    def code_length(self, data: Bytes) -> float:
        """Bits that the distributions allot to a message."""
        padded = np.concatenate([np.zeros(2, np.int64), data])
        contexts = (padded[:-2] * BYTES + padded[1:-1]) & (self.row_of.size - 1)
        return float(self.lengths[self.row_of[contexts], data].sum())


def code_lengths(
    freq: npt.NDArray[np.uint32],
    above: npt.NDArray[np.float64],
    escape: int,
) -> npt.NDArray[np.float64]:
    """Bits that bytes take by rows of frequencies whose parents take the bits `above`.

    All are of shape (..., 256).
    """
    own = PRECISION - np.log2(np.maximum(freq, 1))
    escaped = own[..., escape, None] + above
    own[..., escape] = np.inf
    own[freq == 0] = np.inf
    return np.where(np.isinf(own), escaped, own)
