"""The oracle's headers: what they say, and whether that can be true."""

import json
import math
import re
from typing import NamedTuple

import naive_grid
import xxhash
from naive_payload import number, read_table, read_varint

MAGIC = bytes([0x89, 0x41, 0x4E, 0x53])
VERSION = 3


class Header(NamedTuple):
    """Everything a header says; the size is None if it isn't known beforehand.

    `shared` are pairs of frequencies and their precision. `only` is the size of the body and the
    check of the only chunk of a short frame, whose low half it is if that is terse.
    """

    array: bool
    fortran: bool
    listed: bool
    description: dict
    shared: list
    size: int | None
    grid: naive_grid.Grid
    only: tuple | None
    terse: bool
    raw: bytes


def xxh(data, seed=0):
    return xxhash.xxh3_64_intdigest(bytes(data), seed=seed)


def take(data, at, size):
    """Bytes that are there."""
    assert at + size <= len(data)
    return bytes(data[at : at + size])


def parse(text):
    """The object in JSON, or what a list stands for; nothing but JSON."""

    def refuse(constant):
        raise ValueError(constant)

    description = json.loads(text.decode("utf-8"), parse_constant=refuse)
    if type(description) is list:
        dtype, *shape = description
        description = {"dtype": dtype, "shape": shape}
        if shape and type(shape[-1]) is str:
            description["name"] = shape.pop()
    assert type(description) is dict
    return description


def whole(value, least, greatest):
    assert type(value) is int
    assert least <= value <= greatest
    return value


SIZES = [
    (r"\|b1", lambda: 1),
    (r"\|[iu]1", lambda: 1),
    (r"[<>][iu]([248])", int),
    (r"[<>]f(2|4|8|12|16)", int),
    (r"[<>]c(8|16|24|32)", int),
    (r"\|[SV]([0-9]{1,9})", int),
    (r"[<>]U([0-9]{1,9})", lambda digits: 4 * int(digits)),
    (
        r"float8_(?:e3m4|e4m3|e4m3b11fnuz|e4m3fn|e4m3fnuz|e5m2|e5m2fnuz|e8m0fnu)"
        r"|float6_(?:e2m3|e3m2)fn|float4_e2m1fn|u?int[124]",
        lambda: 1,
    ),
    (r"bfloat16", lambda: 2),
    (r"b?complex32", lambda: 4),
    (r"[<>][Mm]8(?:\[(?:[1-9][0-9]{0,8})?(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?", lambda: 8),
]


def item_size(dtype):
    """The size of an item of a type, which must be one that the document lists."""
    if type(dtype) is str:
        found = [(re.fullmatch(pattern, dtype), size) for pattern, size in SIZES]
        ((match, size),) = [pair for pair in found if pair[0]]
        return size(*match.groups())
    assert type(dtype) is list
    assert dtype
    return sum(field_size(*field) for field in dtype)


def field_size(name, dtype, shape=None):
    titled = [name] if type(name) is str else name
    assert len(titled) == (1 if type(name) is str else 2)
    assert all(type(text) is str for text in titled)
    return item_size(dtype) * math.prod(check_shape([] if shape is None else shape))


def check_shape(shape):
    assert type(shape) is list
    return [whole(length, 0, 2**63 - 1) for length in shape]


def find_shape(description, size):
    """The shape of an array of `size` bytes, whether its header knew that or not."""
    item, shape = item_size(description["dtype"]), description["shape"]
    if shape[:1] == [None]:
        row = item * math.prod(check_shape(shape[1:]))
        assert row > 0
        assert size % row == 0
        return [size // row, *shape[1:]]
    assert math.prod(check_shape(shape)) * item == size
    return shape


def check_array(description, size, fortran):
    """That what is said of an array can be true."""
    assert (description["shape"][:1] == [None]) == (size is None)
    assert not (size is None and fortran)
    find_shape(description, 0 if size is None else size)


def check_masked(masked, dtype):
    """That it goes with such items."""
    assert type(masked) is dict
    assert masked.keys() == {"hard", "fill_value"}
    assert type(masked["hard"]) is bool
    if type(dtype) is not str:
        data, mask = dtype
        assert mask == ["mask", "|b1"]
        name, dtype = data
        assert name == "data"
        assert type(dtype) is str
    value = masked["fill_value"]
    if value is not None:
        assert len(value) == 2 * item_size(dtype)
        assert set(value) <= set("0123456789abcdef")


def check_name(name):
    """That an array can have it."""
    assert type(name) is str
    assert 1 <= len(name.encode()) <= 4096
    assert chr(0) not in name


def check_model(model):
    """That it could be one's name and fingerprint."""
    assert type(model) is dict
    assert model.keys() == {"name", "fingerprint"}
    name, fingerprint = model["name"], model["fingerprint"]
    assert type(name) is type(fingerprint) is str
    assert 1 <= len(name) <= 64
    assert all("!" <= character <= "~" for character in name)
    assert len(fingerprint) == 32
    assert set(fingerprint) <= set("0123456789abcdef")


def read_description(text, array):
    """The object in it."""
    description = parse(text) if text else {}
    keys = {"metadata", "model", "dtype", "shape", "masked", "name", "directory"}
    assert description.keys() <= keys
    assert type(description.get("metadata", {})) is dict
    if "model" in description:
        check_model(description["model"])
    assert ("dtype" in description) == ("shape" in description) == array
    if "masked" in description:
        check_masked(description["masked"], description["dtype"])
    if "name" in description:
        assert array
        check_name(description["name"])
    if "directory" in description:
        assert description["directory"] is True
        assert not array
        assert "model" not in description
    return description


def read_shared(data, at):
    """The shared tables, each with its precision, and where they end."""
    count, at = read_varint(data, at)
    assert count <= 64
    shared = []
    for _ in range(count):
        p = data[at]
        assert 8 <= p <= 16
        freq, used = read_table(data[at + 1 :], p)
        shared.append((freq, p))
        at += 1 + used
    return shared, at


def read_grid(data, at, description, size, fortran, short):
    """The `Grid`, and where it ends. That of a short frame is one chunk."""
    lengths, cell, chunk = [size], 1, []
    if description.get("dtype") is not None:
        item = item_size(description["dtype"])
        lengths, cell = naive_grid.lengths_and_cell(description["shape"], item, fortran)
    for length in lengths:
        t, at = (length, at) if short else read_varint(data, at)
        chunk.append(t)
    grid = naive_grid.Grid(lengths, cell, chunk)
    naive_grid.check(grid)
    return grid, at


BRIEF_TYPES = [
    *("|b1", "|u1", "|i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8"),
    *("<c8", "<c16", "bfloat16", "<M8[s]", "<M8[ms]", "<M8[us]", "<M8[ns]", "<m8[ns]"),
]


def read_brief(fields):
    """The description and the size that brief fields begin with, and where these end."""
    dtype, axes, at = BRIEF_TYPES[fields[0] % 32], fields[0] // 32, 1
    shape = []
    for _ in range(axes):
        length, at = read_varint(fields, at)
        shape.append(length)
    return {"dtype": dtype, "shape": shape}, item_size(dtype) * math.prod(check_shape(shape)), at


def read_header(data):
    """The `Header` at the beginning of `data`."""
    assert take(data, 0, 4) == MAGIC
    version, flags = take(data, 4, 2)
    assert version == VERSION
    assert flags in (0, 1, 3, 5, 7, 8, 9, 11, 13, 15, 25, 27, 57, 59)
    terse = flags >= 32
    begin = 7 if terse else 10
    array, fortran, listed, short = flags % 2 == 1, flags & 2 > 0, flags & 4 > 0, flags >= 8
    length = number(take(data, 6, begin - 6), begin - 6)
    assert 1 <= length <= 2**21
    fields, raw = take(data, begin, length), take(data, 0, begin + length + 4)
    assert number(raw[-4:], 4) == xxh(raw[:-4]) % 2**32

    if flags & 16:
        shared = []
        description, size, at = read_brief(fields)
        assert size < 2**63
        assert not terse or size <= 2**16
    else:
        described, at = read_varint(fields, 0)
        assert described <= 2**20
        description = read_description(take(fields, at, described), array)
        shared, at = read_shared(fields, at + described)
        known, at = read_varint(fields, at)
        size = known - 1 if known else None
        assert known <= 2**63
        assert known or "directory" not in description
    if array:
        check_array(description, size, fortran)
    assert "name" in description or not listed
    assert not short or (size and "directory" not in description)
    grid, at = read_grid(fields, at, description, size, fortran, short)
    only = None
    if short:
        m, at = read_varint(fields, at)
        check = 4 if terse else 8
        only, at = (m, number(take(fields, at, check), check)), at + check
        assert 2 <= m <= size + 512
    assert at == length
    return Header(array, fortran, listed, description, shared, size, grid, only, terse, raw)
