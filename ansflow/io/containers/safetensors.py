"""Weights in ``.safetensors`` files as collections of arrays, and back, byte for byte.

Such a file begins with the size of a header, eight bytes, and the header, which is JSON. Tensors
follow, one directly after the other. The header becomes a frame of bytes in front of those of the
tensors, so that all content, one after the other, is the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.buffers import Bytes
from ansflow.engine.content import array_content
from ansflow.errors import AnsflowError
from ansflow.files.counter import Counter
from ansflow.files.foreign import end_of, read_at, read_exactly
from ansflow.frame.array_spec import ArraySpec, checked_name
from ansflow.frame.header import Header
from ansflow.io.containers.container import Container, Member
from ansflow.limits import DEFAULT_LIMITS

__all__ = ["SafetensorsWriter", "container_of", "is_lead", "read_safetensors"]

# Of the frame in front of the tensors.
LEAD = {"safetensors": "header"}

# By the names of the format, those of frames. Types of fewer than eight bits have no place there.
DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "BF16": "bfloat16",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}

NAMES = {dtype: name for name, dtype in DTYPES.items()}

SIZE_BYTES = 8

# The size of a header that is not parsed, as its objects may take many times as much.
MAX_HEADER = 16 << 20
METADATA = "__metadata__"
READ_AT_ONCE = 4 << 20

# There is little to know of weights but how large they usually are, here and there, and a chunk
# knows eight kinds of rows: in larger ones they would have more in common than they should.
CHUNK_SIZE = 2 << 20


def read_safetensors(file: BinaryIO) -> Container | None:
    """The tensors of a file, whose position is and stays at its beginning.

    None if it is of another format, or has dtypes that arrays do not have.
    """
    try:
        begin = read_at(file, 0, SIZE_BYTES + 1)
        size = int.from_bytes(begin[:SIZE_BYTES], "little")
        if begin[SIZE_BYTES:] != b"{" or size > MAX_HEADER:
            return None
        lead = read_at(file, 0, SIZE_BYTES + size)
        header = json.loads(lead[SIZE_BYTES:])
        metadata = header.pop(METADATA, {})
        members = _members(file, header, len(lead))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, AnsflowError):
        return None
    finally:
        file.seek(0)
    sound = isinstance(metadata, dict) and all(type(text) is str for text in metadata.values())
    return Container(members, metadata, lead, LEAD, CHUNK_SIZE) if sound else None


def container_of(tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> Container:
    """The container that a file of these tensors would be.

    Raises
    ------
    TypeError
        If the format has no such dtype, or no masks.
    ValueError
        If a tensor has the name that metadata have in the format, or one that no array can have.
    """
    if METADATA in tensors:
        raise ValueError(f"no tensor can be named {METADATA!r}, as files of safetensors use it")
    told: dict[str, Any] = {METADATA: dict(metadata)} if metadata else {}
    members = []
    at = 0
    # As in the library of that name, wide items come first, so that all are aligned.
    for name, array in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        check_unmasked(array, f"the tensor {name!r:.100}")
        content, spec = array_content(np.asarray(array, order="C"))
        described = spec.describe()
        kind = described["dtype"]
        if not isinstance(kind, str) or kind not in NAMES:
            raise TypeError(
                f"the tensor {name!r:.100} is of {array.dtype}, which files of safetensors do not "
                f"have: convert it to one of {', '.join(NAMES)}"
            )
        offsets = [at, at + content.size]
        at += content.size
        told[name] = {
            "dtype": NAMES[kind],
            "shape": described["shape"],
            "data_offsets": offsets,
        }
        members.append(Member(checked_name(name), spec, {}, partial(iter, [content])))
    header = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % SIZE_BYTES)
    lead = len(header).to_bytes(SIZE_BYTES, "little") + header
    return Container(members, dict(metadata), lead, LEAD, CHUNK_SIZE)


def _members(file: BinaryIO, header: dict[str, Any], at: int) -> list[Member]:
    """The tensors, in the order of the file; ValueError if they are not all of it."""
    members = []
    begin = at
    for name, told in sorted(header.items(), key=lambda item: tuple(item[1]["data_offsets"])):
        fields = {"dtype": DTYPES[told["dtype"]], "shape": told["shape"]}
        spec = ArraySpec.parse(fields, False, False, DEFAULT_LIMITS)
        end = at + spec.nbytes
        if told["data_offsets"] != [at - begin, end - begin]:
            raise ValueError("tensors overlap, or there is something between them")
        members.append(Member(checked_name(name), spec, {}, partial(_items, file, at, end)))
        at = end
    if at != end_of(file):
        raise ValueError("something follows the tensors, or they are cut off")
    return members


def _items(file: BinaryIO, at: int, end: int) -> Iterator[Bytes]:
    file.seek(at)
    while at < end:
        piece = read_exactly(file, min(end - at, READ_AT_ONCE))
        at += len(piece)
        yield np.frombuffer(piece, np.uint8)


def is_lead(header: Header) -> bool:
    """Whether a frame is what stands in front of tensors."""
    return header.array is None and header.metadata == LEAD


class SafetensorsWriter:
    """Writes the content of all frames one after the other."""

    def __init__(self, file: Counter) -> None:
        self._file = file

    def add(self, header: Header, content: Iterable[Bytes]) -> None:
        for part in content:
            self._file.write(part.data)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass
