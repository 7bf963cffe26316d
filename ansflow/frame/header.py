"""The frame's header: what the content is, and how it is cut into blocks."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import xxhash

from ansflow.errors import CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import layout
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.shared import SharedTable, pack_tables, parse_tables
from ansflow.limits import Limits

__all__ = ["Header", "check_magic", "read_header"]

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
    version : int
    """

    content_size: int | None
    block_size: int
    planes: int = 1
    array: ArraySpec | None = None
    shared: tuple[SharedTable, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    model: ModelIdentity | None = None
    version: int = layout.VERSION

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
    def is_fortran(self) -> bool:
        return self.array is not None and self.array.fortran

    def pack(self) -> bytes:
        """As version 2 writes it.

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
        try:
            text = json.dumps(description, separators=(",", ":"), allow_nan=False).encode()
        except RecursionError:
            raise ValueError("metadata are nested too deep") from None
        if len(text) > layout.MAX_DESCRIPTION:
            raise ValueError(
                f"dtype, shape and metadata take {len(text)} bytes, "
                f"more than {layout.MAX_DESCRIPTION}"
            )
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


class Fields(NamedTuple):
    """The fields that both versions have."""

    flags: int
    kind: int
    content_size: int | None
    block_size: int


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
    version = begin[-1]
    if version == layout.VERSION:
        return (yield from _read_version_2(begin, limits))
    if version == 1:
        return (yield from _read_version_1(begin, limits))
    raise UnsupportedError(
        f"format version {version}; this release reads versions 1 to {layout.VERSION}"
    )


def _read_version_2(begin: bytes, limits: Limits) -> Generator[int, bytes, tuple[Header, bytes]]:
    fixed = begin + (yield layout.HEADER.size - len(begin))
    _, _, flags, kind, shared, size, block_size, described, tabled = layout.HEADER.unpack(fixed)
    if described > layout.MAX_DESCRIPTION or tabled > layout.MAX_TABLES_SIZE:
        raise CorruptDataError(f"a description of {described} bytes, tables of {tabled}")
    rest = yield described + tabled + layout.CHECK.size
    raw = fixed + rest
    _verify(raw)
    content_size = None if size == layout.UNKNOWN_SIZE else size
    fields = _checked_fields(Fields(flags, kind, content_size, block_size))
    if shared > layout.MAX_SHARED_TABLES:
        raise CorruptDataError(f"{shared} shared tables")
    description = _parse_description(rest[:described])
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
    if kind == layout.KIND_BYTES and ("dtype" in description or "shape" in description):
        raise CorruptDataError("the header of bytes describes an array")
    _check_size(fields, planes, limits)
    array = _parse_array(fields, description, limits)
    tables = parse_tables(rest[described : described + tabled], shared)
    header = Header(content_size, block_size, planes, array, tables, metadata, model)
    slots = sum(table.slots_nbytes for table in tables)
    _check_memory(header.copies * header.largest_chunk + slots, limits)
    return header, raw


def _read_version_1(begin: bytes, limits: Limits) -> Generator[int, bytes, tuple[Header, bytes]]:
    fixed = begin + (yield layout.HEADER_V1.size - len(begin))
    _, _, flags, kind, planes, size, block_size, described = layout.HEADER_V1.unpack(fixed)
    if described > layout.MAX_DESCRIPTION_V1:
        raise CorruptDataError(f"a description of {described} bytes")
    rest = yield described + layout.CHECK.size
    raw = fixed + rest
    _verify(raw)
    fields = _checked_fields(Fields(flags, kind, size, block_size))
    if not 1 <= planes <= layout.MAX_PLANES:
        raise CorruptDataError(f"impossible planes {planes}")
    if kind == layout.KIND_BYTES and (planes != 1 or described):
        raise CorruptDataError("the header of bytes describes an array")
    _check_size(fields, planes, limits)
    array = None
    if kind == layout.KIND_ARRAY:
        array = _parse_array(fields, _parse_description(rest[:described]), limits)
    return Header(size, block_size, planes, array, version=1), raw


def _verify(raw: bytes) -> None:
    (check,) = layout.CHECK.unpack_from(raw, len(raw) - layout.CHECK.size)
    if check != xxhash.xxh3_64_intdigest(raw[: -layout.CHECK.size]):
        raise CorruptDataError("the header doesn't match its check")


def _checked_fields(fields: Fields) -> Fields:
    if fields.flags & ~layout.FLAG_FORTRAN_ORDER:
        raise UnsupportedError(f"unknown flags {fields.flags:#04x}")
    if fields.kind not in (layout.KIND_BYTES, layout.KIND_ARRAY):
        raise UnsupportedError(f"unknown kind of content {fields.kind}")
    if fields.kind == layout.KIND_BYTES and fields.flags:
        raise CorruptDataError("the header of bytes describes an array")
    if not 1 <= fields.block_size <= layout.MAX_BLOCK_SIZE:
        raise CorruptDataError(f"impossible block size {fields.block_size}")
    return fields


def _check_size(fields: Fields, planes: int, limits: Limits) -> None:
    size, chunk = fields.content_size, fields.block_size * planes
    if size is not None:
        if size % planes:
            raise CorruptDataError(f"{size} bytes in items of {planes}")
        if size > limits.max_output:
            raise LimitError(
                f"the content takes {size} bytes, more than max_output={limits.max_output}"
            )
        chunk = min(chunk, size)
    # A chunk's payload and its content.
    _check_memory(2 * chunk, limits)


def _check_memory(taken: int, limits: Limits) -> None:
    if taken > limits.max_memory:
        raise LimitError(
            f"chunks and tables take {taken} bytes, more than max_memory={limits.max_memory}"
        )


def _parse_description(text: bytes) -> dict[str, Any]:
    try:
        description = json.loads(bytes(text).decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as e:
        raise CorruptDataError(f"the header's description can't be read: {e!r}") from e
    if not isinstance(description, dict):
        raise CorruptDataError("the header's description is no object")
    return description


def _refuse(constant: str) -> None:
    """Of NaN and infinities, which are no JSON though Python reads them."""
    raise ValueError(constant)


def _parse_array(fields: Fields, description: dict[str, Any], limits: Limits) -> ArraySpec | None:
    if fields.kind == layout.KIND_BYTES:
        return None
    fortran = bool(fields.flags & layout.FLAG_FORTRAN_ORDER)
    spec = ArraySpec.parse(description, fortran, fields.content_size is None, limits)
    if fields.content_size is not None:
        spec.of_size(fields.content_size)
    return spec
