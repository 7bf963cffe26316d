"""The frame's header: what the content is, and how it is cut into blocks."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import xxhash

from ansflow.errors import CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import layout
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.description import parse_description, parsed_nbytes, write_description
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.shared import SharedTable, pack_tables, parse_tables
from ansflow.limits import Limits

__all__ = ["Header", "check_magic", "read_header"]

# What a shared table takes that isn't used.
BYTES_PER_TABLE = 4096

KEYS = ("metadata", "model", "planes", "dtype", "shape")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a frame says.

    Parameters
    ----------
    content_size : int or None
        Bytes of content; None if that isn't known beforehand.
    block_size : int
        Bytes of content in a full block.
    planes : int
        Bytes of an item that are coded in blocks of their own.
    array : ArraySpec or None
        None if the content is just bytes.
    shared : tuple of SharedTable
        Tables that any block may use.
    metadata : mapping
        The user's.
    model : ModelIdentity or None
        The model that blocks may be coded with.
    parsed : int
        Bytes that description and shared tables may take as they were parsed.
    """

    content_size: int | None
    block_size: int
    planes: int = 1
    array: ArraySpec | None = None
    shared: tuple[SharedTable, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    model: ModelIdentity | None = None
    parsed: int = field(default=0, compare=False)

    @property
    def chunk_size(self) -> int:
        """Bytes of content in a full chunk, which gives a block for each plane."""
        return self.block_size * self.planes

    @property
    def largest_chunk(self) -> int:
        """Bytes of content that a chunk can have."""
        if self.content_size is None:
            return self.chunk_size
        return min(self.chunk_size, self.content_size)

    @property
    def copies(self) -> int:
        """How many times its size a decoder may need for a chunk: payload and content.

        With a model also the stack's words, which are more for a while, and images.
        """
        return 2 if self.model is None else 6

    @property
    def held(self) -> int:
        """Bytes that a decoder may hold from the first block to the last."""
        return self.parsed + sum(table.slots_nbytes for table in self.shared)

    @property
    def is_fortran(self) -> bool:
        return self.array is not None and self.array.fortran

    def pack(self) -> bytes:
        """The header as it is written.

        Raises
        ------
        TypeError, ValueError
            If dtype or metadata can't be written, or take too much room.
        """
        description: dict[str, Any] = {}
        if self.array is not None:
            description |= self.array.describe()
        if self.planes > 1:
            description["planes"] = self.planes
        if self.model is not None:
            description["model"] = self.model.describe()
        if self.metadata:
            description["metadata"] = self.metadata
        text = write_description(description)
        tables = pack_tables(self.shared)
        head = layout.HEADER.pack(
            layout.MAGIC,
            layout.VERSION,
            layout.FLAG_FORTRAN_ORDER if self.is_fortran else 0,
            layout.KIND_BYTES if self.array is None else layout.KIND_ARRAY,
            len(self.shared),
            layout.UNKNOWN_SIZE if self.content_size is None else self.content_size,
            self.block_size,
            len(text),
            len(tables),
        )
        head += text + tables
        return head + layout.CHECK.pack(xxhash.xxh3_64_intdigest(head))


def check_magic(begin: bytes) -> None:
    """Refuse what doesn't begin like a frame, be it shorter than the magic."""
    if begin[: len(layout.MAGIC)] != layout.MAGIC[: len(begin)]:
        raise CorruptDataError("this isn't an ansflow frame: it begins with another magic")


def read_header(limits: Limits) -> Generator[int, bytes, tuple[Header, bytes]]:
    """Ask for the bytes of a header, piece by piece; return it, and its bytes.

    As a generator it doesn't care where they come from: it yields how many it wants next, and is
    sent them.
    """
    begin = yield len(layout.MAGIC) + 1
    check_magic(begin)
    if begin[-1] != layout.VERSION:
        raise UnsupportedError(
            f"the frame is of version {begin[-1]}; this release reads version {layout.VERSION}"
        )
    fixed = begin + (yield layout.HEADER.size - len(begin))
    described, tabled = layout.HEADER.unpack(fixed)[-2:]
    if described > layout.MAX_DESCRIPTION or tabled > layout.MAX_TABLES_SIZE:
        raise CorruptDataError(f"a description of {described} bytes, tables of {tabled}")
    rest = yield described + tabled + layout.CHECK.size
    raw = fixed + rest
    _verify(raw)
    return _parse(fixed, rest[:described], rest[described : described + tabled], limits), raw


def _parse(fixed: bytes, text: bytes, tables: bytes, limits: Limits) -> Header:
    """The header of those fields, whose check was right."""
    _, _, flags, kind, shared, size, block_size, _, _ = layout.HEADER.unpack(fixed)
    if flags & ~layout.FLAG_FORTRAN_ORDER:
        raise UnsupportedError(f"unknown flags {flags:#04x}")
    if kind not in (layout.KIND_BYTES, layout.KIND_ARRAY):
        raise UnsupportedError(f"unknown kind of content {kind}")
    if not 1 <= block_size <= layout.MAX_BLOCK_SIZE:
        raise CorruptDataError(f"impossible block size {block_size}")
    if shared > layout.MAX_SHARED_TABLES:
        raise CorruptDataError(f"{shared} shared tables")
    parsed = parsed_nbytes(text)
    _check_memory(parsed, limits)
    description = parse_description(text)
    unknown = set(description) - set(KEYS)
    if unknown:
        raise UnsupportedError(f"unknown keys of the description: {', '.join(sorted(unknown))}")
    planes = description.get("planes", 1)
    if type(planes) is not int or not 1 <= planes <= layout.MAX_PLANES:
        raise CorruptDataError(f"impossible planes {planes!r}")
    if "planes" in description and planes == 1:
        raise CorruptDataError("one plane isn't written")
    metadata = description.get("metadata", {})
    if not isinstance(metadata, dict):
        raise CorruptDataError("metadata that isn't an object")
    model = ModelIdentity.parse(description["model"]) if "model" in description else None
    if model is not None and planes > 1:
        raise CorruptDataError("a model of bytes that are split into planes")
    content_size = None if size == layout.UNKNOWN_SIZE else size
    _check_size(content_size, planes, limits)
    array = None
    if kind == layout.KIND_ARRAY:
        fortran = bool(flags & layout.FLAG_FORTRAN_ORDER)
        array = ArraySpec.parse(description, fortran, content_size is None, limits)
        if content_size is not None:
            array.of_size(content_size)
    elif flags or "dtype" in description or "shape" in description:
        raise CorruptDataError("the header of bytes describes an array")
    parsed_tables = parse_tables(tables, shared)
    parsed += BYTES_PER_TABLE * shared
    header = Header(
        *(content_size, block_size, planes, array, parsed_tables, metadata, model, parsed)
    )
    _check_memory(header.copies * header.largest_chunk + header.held, limits)
    return header


def _verify(raw: bytes) -> None:
    (check,) = layout.CHECK.unpack_from(raw, len(raw) - layout.CHECK.size)
    if check != xxhash.xxh3_64_intdigest(raw[: -layout.CHECK.size]):
        raise CorruptDataError("the header doesn't match its check")


def _check_size(size: int | None, planes: int, limits: Limits) -> None:
    if size is None:
        return
    if size % planes:
        raise CorruptDataError(f"{size} bytes in items of {planes}")
    if size > limits.max_output:
        raise LimitError(
            f"the content takes {size} bytes, more than max_output={limits.max_output}"
        )


def _check_memory(taken: int, limits: Limits) -> None:
    if taken > limits.max_memory:
        raise LimitError(
            f"the description, shared tables and a chunk may take {taken} bytes, "
            f"more than max_memory={limits.max_memory}"
        )
