"""Messages of structures: what is in them, how large it is, and a checksum.

| bytes | field |
|---|---|
| 3 | "AFS" |
| 1 | version, 1 |
| 1 | kind of the content |
| varint | number of sizes |
| varints | sizes, whose meaning depends on the kind |
| | a message of `ansflow.bitsback.encode`, with the seed 0 |
| 8 | XXH3-64 of all bytes before it |

Integers are little-endian.
"""

from __future__ import annotations

from collections.abc import Sequence

import xxhash

from ansflow.errors import CorruptDataError, LimitError, TruncatedError, UnsupportedError
from ansflow.limits import Limits
from ansflow.varints import ByteReader, pack_varint

__all__ = ["check_limits", "seal", "unseal"]

MAGIC = b"AFS\x01"
CHECK_BYTES = 8
SHORTEST = len(MAGIC) + 2 + CHECK_BYTES


def seal(kind: int, sizes: Sequence[int], message: bytes) -> bytes:
    """A message with its kind, its sizes and a checksum."""
    head = b"".join(map(pack_varint, [len(sizes), *sizes]))
    data = MAGIC + bytes([kind]) + head + message
    return data + xxhash.xxh3_64_intdigest(data).to_bytes(CHECK_BYTES, "little")


def unseal(data: memoryview, name: str, kinds: Sequence[int]) -> tuple[int, list[int], memoryview]:
    """Undo `seal`, for messages of these kinds, which are said to be of a `name`.

    Raises
    ------
    TruncatedError, UnsupportedError, CorruptDataError
        If this is no such message. What the sizes are is not checked.
    """
    if len(data) < SHORTEST:
        raise TruncatedError(f"a message of {name} has at least {SHORTEST} bytes, not {len(data)}")
    if data[: len(MAGIC)] != MAGIC:
        raise UnsupportedError(
            f"a message of {name} begins with {MAGIC!r}, not {bytes(data[: len(MAGIC)])!r}"
        )
    body, check = data[:-CHECK_BYTES], data[-CHECK_BYTES:]
    if xxhash.xxh3_64_intdigest(body) != int.from_bytes(check, "little"):
        raise CorruptDataError(f"the message of {name} does not match its checksum")
    kind = body[len(MAGIC)]
    if kind not in kinds:
        raise UnsupportedError(f"the message has content of kind {kind}, which is not {name}")
    reader = ByteReader(body[len(MAGIC) + 1 :])
    count = reader.varint()
    if count > len(body):  # each size takes a byte
        raise CorruptDataError(f"the message of {name} has {count} sizes in {len(body)} bytes")
    sizes = [reader.varint() for _ in range(count)]
    return kind, sizes, body[len(MAGIC) + 1 + reader.at :]


def check_limits(content: int, memory: int, limits: Limits, name: str) -> None:
    """LimitError if the content, or what its decoder holds meanwhile, has too many bytes."""
    if content > limits.max_output:
        raise LimitError(
            f"the {name} take {content} bytes, which exceeds max_output={limits.max_output}"
        )
    if memory > limits.max_memory:
        raise LimitError(
            f"decoding the {name} takes up to {memory} bytes of memory, which exceeds "
            f"max_memory={limits.max_memory}"
        )
