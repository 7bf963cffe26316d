"""Integers of any size in as many bytes as they need, and a cursor over bytes that reads them."""

from __future__ import annotations

from ansflow.errors import CorruptDataError

__all__ = ["ByteReader", "pack_varint"]

MAX_BITS = 64
MAX_BYTES = -(-MAX_BITS // 7)
CUT_OFF = "a field is cut off: its bytes end too early"
TOO_LONG = "an integer has more than 64 bits, or bytes that it does not need"

BYTES = [bytes((value,)) for value in range(0x100)]


def pack_varint(value: int) -> bytes:
    """An integer from 0 to 2^64 - 1 in groups of seven bits, the lowest first (LEB128)."""
    if value < 0x80:
        return BYTES[value]
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


class ByteReader:
    """Reads bytes from the first to the last.

    Parameters
    ----------
    data : bytes or memoryview of bytes
    """

    __slots__ = ("at", "data")

    def __init__(self, data: bytes | memoryview) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        """The next byte."""
        try:
            byte = self.data[self.at]
        except IndexError:
            raise CorruptDataError(CUT_OFF) from None
        self.at += 1
        return byte

    def varint(self) -> int:
        """The next integer; CorruptDataError if it is not as `pack_varint` writes it."""
        first = self.byte()
        if first < 0x80:  # most are of one byte
            return first
        value, shift = first - 0x80, 7
        more = self.data[self.at : self.at + MAX_BYTES - 1]
        for byte in more:
            if byte < 0x80:
                break
            value += byte - 0x80 << shift
            shift += 7
        else:
            raise CorruptDataError(TOO_LONG if len(more) == MAX_BYTES - 1 else CUT_OFF)
        self.at += shift // 7
        value += byte << shift
        if value >> MAX_BITS or not byte:
            raise CorruptDataError(TOO_LONG)
        return value

    def take(self, count: int) -> bytes | memoryview:
        """So many bytes."""
        at, end = self.at, self.at + count
        if end > len(self.data):
            raise CorruptDataError(
                f"a field of {count} bytes is cut off after {len(self.data) - at}"
            )
        self.at = end
        return self.data[at:end]

    def rest(self) -> bytes | memoryview:
        """All bytes that are left."""
        at, self.at = self.at, len(self.data)
        return self.data[at:]
