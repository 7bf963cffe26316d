"""The frame's header: what the content is, and how it is cut into chunks."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ansflow.errors import CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import constants
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec
from ansflow.frame.brief import pack_brief, parse_brief
from ansflow.frame.checks import LOW_HALF, low_half
from ansflow.frame.description import parse_description, parsed_nbytes, write_description
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head, has_body
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.shared import SharedTable, pack_tables, read_table
from ansflow.lazy import cached_property
from ansflow.limits import Limits
from ansflow.varints import ByteReader, pack_varint

__all__ = ["FLAGS_AT", "Header", "check_magic", "header_size", "parse_header", "read_header"]

FLAGS_AT = len(constants.MAGIC) + 1  # behind the version

# What a shared table takes that is not used.
BYTES_PER_TABLE = 4096

# What a tile of a group takes, and each of its axes. A chunk waits for the last one of its group,
# as objects and with a body that may be that much larger than its content.
BYTES_PER_TILE = 1024 + constants.BODY_SLACK
BYTES_PER_AXIS = 16

# Headers that have been read, to be recognised: one-shot decoding reads each twice, and many frames
# of one kind have the same.
KEPT = 64
_kept: dict[tuple[bytes, Limits], Header] = {}

ARRAY_KEYS = ("dtype", "shape", "masked", "name")
KEYS = ("metadata", "model", "directory", *ARRAY_KEYS)


class _Begin(NamedTuple):
    """What stands in a header in front of what is known only when all is encoded.

    Parameters
    ----------
    flags : int
    fields : bytes
        The first ones.
    terse : bool
        Whether the check of the content is its low half.
    """

    flags: int
    fields: bytes
    terse: bool = False


@dataclass(frozen=True)
class Header:
    """What the header of a frame says.

    Parameters
    ----------
    content_size : int or None
        Bytes of content; None if that is not known beforehand.
    grid : Grid
        The content as an array, and its chunks.
    array : ArraySpec or None
        None if the content is just bytes.
    shared : tuple of SharedTable
        Tables that any stream may use.
    metadata : mapping
        The user's.
    model : ModelIdentity or None
        The model that streams may be coded with.
    directory : bool
        Whether the content is the directory of a collection.
    only : Head or None
        Of a short frame that was read, whose content is one chunk, what is known of that; its body
        follows.
    parsed : int
        Bytes that description and shared tables may take as they were parsed.
    raw : bytes
        What was read; empty if the header is to be written.
    terse : bool
        Whether `only` was read, and says no more than the low half of the check.
    """

    content_size: int | None
    grid: Grid
    array: ArraySpec | None = None
    shared: tuple[SharedTable, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    model: ModelIdentity | None = None
    directory: bool = False
    only: Head | None = None
    parsed: int = field(default=0, compare=False)
    raw: bytes = field(default=b"", compare=False, repr=False)
    terse: bool = field(default=False, compare=False)

    @property
    def largest_group(self) -> int:
        """Bytes of content that a group of chunks can have."""
        if self.content_size is None:
            return self.grid.group_size
        return min(self.grid.group_size, self.content_size)

    def memory(self, size: int) -> int:
        """Bytes that a decoder may need for groups with so much content, that included."""
        # Bodies and content, and what transforms and tiles are put together from.
        copies = 2 if self.grid.cell_size == 1 and self.grid.is_contiguous else 3
        return copies * size + (0 if self.model is None else self.model.memory(size))

    @property
    def head_size(self) -> int:
        """Bytes in front of each body."""
        return constants.HEAD.size if self.only is None else 0

    @property
    def end_size(self) -> int:
        """Bytes behind the last chunk, but for an index."""
        return constants.HEAD.size if self.only is None else len(constants.SHORT_END)

    @property
    def held(self) -> int:
        """Bytes that a decoder may hold from the first chunk to the last."""
        tile = BYTES_PER_TILE + BYTES_PER_AXIS * len(self.grid.shape)
        tiles = tile * self.grid.chunks_per_group
        return self.parsed + sum(table.slots_nbytes for table in self.shared) + tiles

    @property
    def name(self) -> str | None:
        """That of the array in a collection, if it is for one."""
        return None if self.array is None else self.array.name

    @property
    def is_listed(self) -> bool:
        """Whether a directory behind the frame says where it is."""
        return self.array is not None and self.array.listed

    @property
    def is_fortran(self) -> bool:
        return self.array is not None and self.array.fortran

    def pack(self, only: Head | None = None) -> bytes:
        """The header as it is written; of a short frame, with what is known of its only chunk.

        Raises
        ------
        TypeError, ValueError
            If dtype or metadata cannot be written, or take too much room.
        """
        flags, fields, terse = self._begin if only is None else self._begin_short
        fields += self._pack_chunks() if only is None else _pack_only(only, terse=terse)
        begin = constants.TERSE_HEADER if terse else constants.HEADER
        raw = begin.pack(constants.MAGIC, constants.VERSION, flags, len(fields)) + fields
        return raw + constants.CHECK.pack(low_half(raw))

    @property
    def is_plain(self) -> bool:
        """Whether nothing that it refers to is large, can be changed, or is of other packages."""
        array = self.array
        return (
            not (self.metadata or self.shared or self.model)
            and self.grid.is_contiguous
            and (array is None or (array.dtype.isbuiltin == 1 and array.lacking is None))
        )

    @cached_property
    def _begin(self) -> _Begin:
        return _Begin(self._flags, self._pack_fields(self._describe()))

    @cached_property
    def _begin_short(self) -> _Begin:
        """The same of a short frame, which may be brief."""
        flags = self._flags | constants.FLAG_SHORT
        brief = None if self.shared else pack_brief(self._describe())
        if brief is None:
            return _Begin(flags, self._begin.fields)
        flags |= constants.FLAG_BRIEF
        if (self.content_size or 0) > constants.MAX_TERSE:
            return _Begin(flags, brief)
        return _Begin(flags | constants.FLAG_TERSE, brief, terse=True)

    @property
    def _flags(self) -> int:
        """Those that do not say how it is written."""
        flags = 0 if self.array is None else constants.FLAG_ARRAY
        flags |= constants.FLAG_FORTRAN_ORDER if self.is_fortran else 0
        return flags | (constants.FLAG_LISTED if self.is_listed else 0)

    def _describe(self) -> dict[str, Any]:
        description: dict[str, Any] = {}
        if self.array is not None:
            description |= self.array.describe()
        if self.model is not None:
            description["model"] = self.model.describe()
        if self.directory:
            description["directory"] = True
        if self.metadata:
            description["metadata"] = self.metadata
        return description

    def _pack_fields(self, description: dict[str, Any]) -> bytes:
        """The first fields, if they are not brief."""
        text = write_description(description) if description else b""
        tables = pack_varint(len(self.shared)) + pack_tables(self.shared)
        size = 0 if self.content_size is None else self.content_size + 1
        return pack_varint(len(text)) + text + tables + pack_varint(size)

    def _pack_chunks(self) -> bytes:
        """The last fields: the shape of chunks."""
        return b"".join(map(pack_varint, self.grid.chunk_shape))


def _pack_only(only: Head, *, terse: bool) -> bytes:
    """What stands in their place where there is one chunk: what its head would say."""
    check = (
        constants.CHECK.pack(only.check & LOW_HALF)
        if terse
        else constants.CONTENT_CHECK.pack(only.check)
    )
    return pack_varint(only.body_size) + check


def check_magic(begin: bytes) -> None:
    """Refuse what does not begin like a frame, be it shorter than the magic."""
    if begin[: len(constants.MAGIC)] != constants.MAGIC[: len(begin)]:
        raise CorruptDataError("this is not an ansflow frame: it begins with another magic")


def read_header(limits: Limits) -> Generator[int, bytes, Header]:
    """Ask for the bytes of a header, piece by piece, and return it.

    As a generator it does not care where they come from: it yields how many it wants next, and is
    sent them.
    """
    begin = yield constants.TERSE_HEADER.size
    check_magic(begin)
    if not begin[FLAGS_AT] & constants.FLAG_TERSE:
        begin += yield constants.HEADER.size - len(begin)
    return parse_header(begin + (yield header_size(begin) - len(begin)), limits)


def header_size(begin: bytes) -> int:
    """Bytes of a header that begins so, with the magic and no fewer than the first fields take."""
    _, version, flags, size = constants.TERSE_HEADER.unpack_from(begin)
    if version != constants.VERSION:
        raise UnsupportedError(
            f"the frame is of version {version}; this release reads version {constants.VERSION}"
        )
    first = constants.TERSE_HEADER
    if not flags & constants.FLAG_TERSE:
        first = constants.HEADER
        _, _, _, size = first.unpack_from(begin)
    if not 1 <= size <= constants.MAX_FIELDS:
        raise CorruptDataError(
            f"the header's fields take {size} bytes, which is not 1 to {constants.MAX_FIELDS}"
        )
    wanted: int = first.size + size + constants.CHECK.size
    return wanted


def parse_header(raw: bytes, limits: Limits) -> Header:
    """The header whose bytes these are, as many as `header_size` says."""
    end = len(raw) - constants.CHECK.size
    (check,) = constants.CHECK.unpack_from(raw, end)
    if check != low_half(raw[:end]):
        raise CorruptDataError("the header does not match its check")
    header = _kept.get((raw, limits))
    if header is None:
        flags = raw[FLAGS_AT]
        first = constants.TERSE_HEADER if flags & constants.FLAG_TERSE else constants.HEADER
        header = _parse(flags, ByteReader(raw[first.size : end]), raw, limits)
        if header.is_plain:
            if len(_kept) >= KEPT:
                _kept.clear()
            _kept[raw, limits] = header
    return header


def _parse(flags: int, reader: ByteReader, raw: bytes, limits: Limits) -> Header:
    """The header of those fields, whose check was right."""
    if flags & ~constants.FLAGS:
        raise UnsupportedError(
            f"the header has the flags {flags:#04x}, some of which this release does not know"
        )
    if flags & (constants.FLAG_BRIEF | constants.FLAG_TERSE):
        return _parse_briefly(flags, reader, raw, limits)
    described = reader.varint()
    if described > constants.MAX_DESCRIPTION:
        raise CorruptDataError(
            f"the header's description takes {described} bytes, more than "
            f"{constants.MAX_DESCRIPTION}"
        )
    text = bytes(reader.take(described))
    parsed = parsed_nbytes(text)
    _check_memory(parsed, limits)
    description = parse_description(text) if text else {}
    unknown = set(description) - set(KEYS)
    if unknown:
        raise UnsupportedError(
            f"the header's description has unknown keys: {', '.join(sorted(unknown))}"
        )
    metadata = description.get("metadata", {})
    if not isinstance(metadata, dict):
        raise CorruptDataError("the metadata are not a JSON object")
    model = ModelIdentity.parse(description["model"]) if "model" in description else None
    count = reader.varint()
    if count > constants.MAX_SHARED_TABLES:
        raise CorruptDataError(
            f"the header has {count} shared tables, more than {constants.MAX_SHARED_TABLES}"
        )
    parsed += BYTES_PER_TABLE * count
    shared = tuple(read_table(reader, number) for number in range(1, count + 1))
    size = reader.varint()
    content_size = size - 1 if size else None
    _check_size(content_size, limits)
    array = _array(flags, description, content_size, limits)
    directory = "directory" in description
    if directory and (
        description["directory"] is not True or array or model or content_size is None
    ):
        raise CorruptDataError(
            "the header says of its content, in a wrong way, that it is a directory"
        )
    is_short = bool(flags & constants.FLAG_SHORT)
    if is_short and (directory or not content_size):
        raise CorruptDataError(
            "the frame is said to be short, but its content is a directory, empty, or of a size "
            "that is not known beforehand"
        )
    grid = _grid(array, content_size, None if is_short else reader)
    only = _only_head(grid, reader) if is_short else None
    header = Header(
        content_size, grid, array, shared, metadata, model, directory, only, parsed, raw
    )
    return _checked(header, reader, limits)


def _parse_briefly(flags: int, reader: ByteReader, raw: bytes, limits: Limits) -> Header:
    """The same of brief fields."""
    needed = constants.FLAG_BRIEF | constants.FLAG_ARRAY | constants.FLAG_SHORT
    free = constants.FLAG_FORTRAN_ORDER | constants.FLAG_TERSE
    if flags & ~free != needed:
        raise CorruptDataError(
            f"the header has the flags {flags:#04x}, but only that of a short frame with an array "
            "without a name can be brief, and only a brief one terse"
        )
    fortran = bool(flags & constants.FLAG_FORTRAN_ORDER)
    array = ArraySpec.parse(parse_brief(reader), fortran, False, limits)
    _check_size(array.nbytes, limits)
    if not array.nbytes:
        raise CorruptDataError("the header is brief, but its array is empty")
    terse = bool(flags & constants.FLAG_TERSE)
    if terse and array.nbytes > constants.MAX_TERSE:
        raise CorruptDataError(
            f"the header is terse, but its array takes {array.nbytes} bytes, more than "
            f"{constants.MAX_TERSE}"
        )
    grid = _grid(array, array.nbytes, None)
    only = _only_head(grid, reader, terse=terse)
    header = Header(array.nbytes, grid, array, only=only, terse=terse, raw=raw)
    return _checked(header, reader, limits)


def _checked(header: Header, reader: ByteReader, limits: Limits) -> Header:
    """The header, if nothing is behind its fields and a decoder may need what it asks for."""
    if left := len(reader.rest()):
        raise CorruptDataError(f"{left} bytes follow the last field of the header")
    _check_memory(header.memory(header.largest_group) + header.held, limits)
    return header


def _array(
    flags: int, description: dict[str, Any], content_size: int | None, limits: Limits
) -> ArraySpec | None:
    """The array that the content is, or None if it is bytes."""
    if flags & constants.FLAG_ARRAY:
        fortran = bool(flags & constants.FLAG_FORTRAN_ORDER)
        array = ArraySpec.parse(description, fortran, content_size is None, limits)
        if content_size is not None:
            array.of_size(content_size)
        if flags & constants.FLAG_LISTED:
            if array.name is None:
                raise CorruptDataError("the array is in a directory, but it has no name")
            array = replace(array, listed=True)
        return array
    if flags & ~constants.FLAG_SHORT or any(key in description for key in ARRAY_KEYS):
        raise CorruptDataError("the content is bytes, but the header describes an array")
    return None


def _grid(array: ArraySpec | None, content_size: int | None, reader: ByteReader | None) -> Grid:
    """The grid, whose chunks are all of it if there is nothing to read."""
    shape: tuple[int, ...] = (UNKNOWN_LENGTH if content_size is None else content_size,)
    cell_size = 1
    if array is not None:
        shape, cell_size = Grid.cells_of(array)
    chunk_shape = shape if reader is None else tuple(reader.varint() for _ in shape)
    if 0 in chunk_shape or not (grid := Grid(shape, chunk_shape, cell_size)).is_legal:
        raise CorruptDataError(
            f"content of shape {shape} cannot have chunks of shape {chunk_shape}"
        )
    return grid


def _only_head(grid: Grid, reader: ByteReader, *, terse: bool = False) -> Head:
    """What a head would say of the only chunk of a frame."""
    size = reader.varint()
    form = constants.CHECK if terse else constants.CONTENT_CHECK
    (check,) = form.unpack(reader.take(form.size))
    head = Head(0, grid.chunk_size // grid.cell_size, size, check)
    if not has_body(head, grid):
        raise CorruptDataError(
            f"the header says that {head.cells} cells have a body of {size} bytes, which no chunk "
            f"of shape {grid.chunk_shape} has"
        )
    return head


def _check_size(size: int | None, limits: Limits) -> None:
    if size is None:
        return
    if size >= 1 << 63:
        raise CorruptDataError(f"the content takes {size} bytes, which is not below 2^63")
    if size > limits.max_output:
        raise LimitError(
            f"the content takes {size} bytes, more than max_output={limits.max_output}"
        )


def _check_memory(taken: int, limits: Limits) -> None:
    if taken > limits.max_memory:
        raise LimitError(
            f"the description, shared tables and a group of chunks may take {taken} bytes, "
            f"more than max_memory={limits.max_memory}"
        )
