"""The oracle's headers: what they say, and whether that can be true."""

import json
import math
import re
from typing import NamedTuple

import xxhash
from naive_payload import number, read_table

BYTES, ARRAY = range(2)
UNKNOWN = 2**64 - 1
MAGIC = bytes([0x89, 0x41, 0x4E, 0x53])


class Header(NamedTuple):
    """Everything a header says; `shared` are pairs of frequencies and their precision."""

    fortran: bool
    kind: int
    planes: int
    size: int
    block_size: int
    description: dict | None
    shared: list
    raw: bytes


def xxh(data, seed=0):
    return xxhash.xxh3_64_intdigest(bytes(data), seed=seed)


def take(data, at, size):
    """Bytes that are there."""
    assert at + size <= len(data)
    return bytes(data[at : at + size])


def parse(text):
    """The object in JSON; nothing but JSON."""

    def refuse(constant):
        raise ValueError(constant)

    description = json.loads(text.decode("utf-8"), parse_constant=refuse)
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
    unknown = size == UNKNOWN
    assert (description["shape"][:1] == [None]) == unknown
    assert not (unknown and fortran)
    find_shape(description, 0 if unknown else size)


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


def read_header(data):
    """The `Header` at the beginning of `data`."""
    assert take(data, 0, 4) == MAGIC
    version, flags, kind = take(data, 4, 3)
    assert version == 2
    assert flags in (0, 1)
    assert kind in (BYTES, ARRAY)
    assert kind == ARRAY or flags == 0
    assert 1 <= number(take(data, 16, 4), 4) <= 2**24
    tables, size = data[7], number(data[8:16], 8)
    described, shared_size = number(take(data, 20, 4), 4), number(take(data, 24, 4), 4)
    assert tables <= 64
    assert 2 <= described <= 2**20
    assert shared_size <= (2**17 if tables else 0)
    middle = 28 + described
    end = middle + shared_size
    assert number(take(data, end, 8), 8) == xxh(data[:end])
    description = parse(data[28:middle])
    assert description.keys() <= {"metadata", "model", "planes", "dtype", "shape"}
    assert type(description.get("metadata", {})) is dict
    if "model" in description:
        check_model(description["model"])
        assert "planes" not in description
    planes = whole(description["planes"], 2, 64) if "planes" in description else 1
    assert size == UNKNOWN or size % planes == 0
    assert ("dtype" in description) == ("shape" in description) == (kind == ARRAY)
    if kind == ARRAY:
        check_array(description, size, bool(flags))
    shared = read_shared(data[middle:end], tables)
    block_size, raw = number(data[16:20], 4), bytes(data[: end + 8])
    return Header(bool(flags), kind, planes, size, block_size, description, shared, raw)


def read_shared(data, count):
    """The shared tables, each with its precision."""
    shared = []
    for _ in range(count):
        p = data[0]
        assert 8 <= p <= 16
        freq, used = read_table(data[1:], p)
        shared.append((freq, p))
        data = data[1 + used :]
    assert not data
    return shared
