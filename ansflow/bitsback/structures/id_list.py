"""A list of ids as a message, whose order is not kept.

| bytes | field |
|---|---|
| 1 | 0xD5: what this is, and its version |
| 1 to 5 | varint: the count, times 4, plus 1 if all are different, plus 2 if others are missing |
| | tail: the words, from the bottom to the top, 4 bytes each |
| 0 to 8 | head |

Integers are little-endian. There are no words if head and tail have up to 8 bytes; otherwise the
head has 5 to 8. Its last byte is not 0.

Head and tail are the number that is left when `ansflow.kernels.stack.integer_multisets` pushes the
ids on the check, which is below 2^24: the bits that the first order is popped from. So there are no
initial bits to be sent beside the check. It is the lower three bytes of the XXH3-64 of the sorted
ids, 8 bytes each, with the universe as its seed.

Of different ids, those that are missing from the list are coded if they are fewer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.arguments import symbol_array
from ansflow.bitsback.structures.integer_coder import MAX_COUNT, IntegerCoder
from ansflow.errors import CorruptDataError, LimitError, TruncatedError, UnsupportedError
from ansflow.kernels.constants import STACK_LOW, ZERO
from ansflow.kernels.stack import integer_multisets as kernels
from ansflow.limits import Limits
from ansflow.varints import ByteReader, pack_varint

__all__ = ["MAX_UNIVERSE", "pack_ids", "unpack_ids"]

FIRST = 0xD5
DIFFERENT, MISSING = 1, 2

MAX_UNIVERSE = 1 << 62

CHECK_MASK = (1 << 24) - 1
HEAD_BYTES, WORD_BYTES = 8, 4
LINE = 8  # heads in a line of a processor's cache

# Bytes that an id takes while it is decoded: keys in half-filled blocks, and a word.
MEMORY_PER_ID = 20

Ids = npt.NDArray[np.int64]


def pack_ids(ids: npt.ArrayLike, universe: int, name: str = "ids") -> bytes:
    """A message of these ids, of any order; ValueError if one is not below `universe`."""
    ordered = _ordered(ids, universe, name)
    different = not (ordered[1:] == ordered[:-1]).any()
    check, kind = _check(ordered, universe), DIFFERENT * different
    if different and 2 * ordered.size > universe:
        kind |= MISSING
        ordered = _others(ordered, universe)
    prefix = bytes([FIRST]) + pack_varint(4 * ordered.size + kind)
    coder = IntegerCoder(universe, ordered.size, different, ZERO)
    arguments = coder.push_arguments(ordered)
    heads, tail = _heads(check), np.empty(coder.digits * coder.size + 1, np.uint32)
    size = kernels.push(heads, tail, ZERO, *arguments, np.empty(1, np.uint64))
    head = int(heads[0])
    return (
        prefix
        + tail[: int(size)].astype("<u4", copy=False).tobytes()
        + head.to_bytes(-(-head.bit_length() // 8), "little")
    )


def unpack_ids(message: memoryview, universe: int, limits: Limits, name: str = "message") -> Ids:
    """Undo `pack_ids`: the ids, sorted.

    Raises
    ------
    TruncatedError, CorruptDataError, UnsupportedError
        If this is no message of ids of this universe.
    LimitError
        If the ids would take more bytes than `limits` allow, or more memory while they are decoded.
    """
    if not len(message):
        raise TruncatedError(f"{name} is empty; a message of ids has at least 2 bytes")
    if message[0] != FIRST:
        raise UnsupportedError(
            f"{name} begins with {message[0]:#04x}; messages of ids that this release reads begin "
            f"with {FIRST:#04x}"
        )
    reader = ByteReader(message)
    reader.byte()
    count, kind = divmod(reader.varint(), 4)
    different, missing = bool(kind & DIFFERENT), bool(kind & MISSING)
    if count > MAX_COUNT or (missing and not different):
        raise CorruptDataError(f"{name} has {count} ids of kind {kind}, which does not occur")
    if different and 2 * count > universe:
        raise CorruptDataError(f"{name} has {count} different ids; its half of {universe} is less")
    total = universe - count if missing else count
    if total > MAX_COUNT:
        raise CorruptDataError(f"{name} has {total} ids, which is more than {MAX_COUNT}")
    _check_limits(8 * total, MEMORY_PER_ID * count + universe * missing, limits, name)
    heads, words = _number(reader.rest(), name)
    coder = IntegerCoder(universe, count, different, ZERO)
    tail = np.empty(words.size + count + 1, np.uint32)
    tail[: words.size] = words
    out = np.empty(count, np.int64)
    arguments = coder.pop_arguments(), np.empty(1, np.uint64), out
    size = kernels.pop(heads, tail, np.uint64(words.size), *arguments[0], *arguments[1:])
    ids = _others(out, universe) if missing else out
    if size or int(heads[0]) != _check(ids, universe):
        raise CorruptDataError(
            f"{name} does not match its check: it is damaged, or not of universe {universe}"
        )
    return ids


def _check_limits(output: int, memory: int, limits: Limits, name: str) -> None:
    needs = f"the ids of {name} take"
    if output > limits.max_output:
        raise LimitError(f"{needs} {output} bytes: raise limits.max_output")
    if memory > limits.max_memory:
        raise LimitError(f"{needs} {memory} bytes of memory to be decoded: raise limits.max_memory")


def _ordered(ids: npt.ArrayLike, universe: int, name: str) -> Ids:
    """The ids, sorted, in an array of their own."""
    values = symbol_array(ids, name)
    if values.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {values.shape}")
    if values.size > MAX_COUNT:
        raise ValueError(f"{name} has {values.size} ids; a list has at most {MAX_COUNT}")
    if values.size:
        for value in (int(values.min()), int(values.max())):
            if not 0 <= value < universe:
                raise ValueError(f"{name} has the id {value}; ids must be 0 to {universe - 1}")
    ordered = values.astype(np.int64)
    if (ordered[1:] < ordered[:-1]).any():  # inverted lists are sorted most of the time
        ordered.sort()
    return ordered


def _others(ordered: Ids, universe: int) -> Ids:
    """All ids of the universe that are not there."""
    there = np.zeros(universe, bool)
    there[ordered] = True
    return np.flatnonzero(~there)


def _check(ordered: Ids, universe: int) -> int:
    data = ordered.astype("<i8", copy=False).data
    return xxhash.xxh3_64_intdigest(data, universe) & CHECK_MASK


def _number(
    data: bytes | memoryview, name: str
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Head and words of the number that these bytes are."""
    if len(data) and not data[-1]:
        raise CorruptDataError(f"{name} ends with a byte of 0, which a head does not need")
    count = max(0, len(data) - WORD_BYTES - 1) // WORD_BYTES if len(data) > HEAD_BYTES else 0
    head = int.from_bytes(data[WORD_BYTES * count :], "little")
    assert count == 0 or head >= STACK_LOW
    return _heads(head), np.frombuffer(data, "<u4", count)


def _heads(head: int) -> npt.NDArray[np.uint64]:
    """An array of one head, with a cache line on either side.

    It is written with each id, and would slow down another thread whose head is in the same line.
    """
    heads = np.empty(2 * LINE + 1, np.uint64)[LINE : LINE + 1]
    heads[0] = head
    return heads
