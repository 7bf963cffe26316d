"""Parameters of recipes: the first and the last that are legal, and the next, which are refused."""

import struct
import sys

import naive_frame as naive
import naive_recipe
import pytest
from naive_numbers import Fields
from naive_payload import write_varint as varint

from ansflow.errors import CorruptDataError
from ansflow.transforms import registry
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader


def decimal(kind=0, factor=10.0, exceptions=0):
    return bytes([kind]) + struct.pack("<d", factor) + varint(exceptions)


def whole(factor):
    """The same with a factor that is an integer, and nine exceptions."""
    return b"\x20" + varint(factor) + b"\x09"


def fields(*sizes):
    return bytes([len(sizes)]) + b"".join(map(varint, sizes))


def bins(*steps):
    """Bins without raw bits, each so far behind the one before."""
    return bytes([len(steps) - 1, 0]) + b"".join(varint(step) + b"\0" for step in steps)


def bases(*told):
    return bytes([len(told)]) + b"".join(map(varint, told))


def neighbours(most):
    """So many neighbours, 1, 2 and 8 to 13 items before, with weights."""
    told = [1, 2, *range(8, 15)][:most]
    return bytes([most]) + b"".join(varint(offset) + varint(2**18 - 1) for offset in told)


NEAR = [b"\1\1\0", b"\2\1\0\2\0", b"\2\1\0\x08\0"]
NAN, INFINITY = float("nan"), float("inf")
FACTORS = [5e-324, 100.0, sys.float_info.max]
NO_FACTORS = [0.0, -0.0, -1.0, NAN, -NAN, INFINITY, -INFINITY]

# The transform, w, the shape, what is legal, and what isn't.
BOUNDS = [
    ("ordered", 1, [3], [b"\0\0", b"\2\7"], [b"\3\0", b"\4\0", b"\0\x08", b"\x80\0"]),
    ("ordered", 8, [3], [b"\4\0", b"\6\x3f"], [b"\7\0", b"\x08\0", b"\x10\0", b"\0\x40"]),
    ("delta", 2, [3, 4], [b"\1\0", b"\4\1\1\1\1"], [b"\0", b"\5\0\0\0\0\0", b"\1\2", b"\2\0\xff"]),
    ("delta", 1, [0, 5], [b"\2\0\1", b"\x0a\0\1\0"], [b"\1\2", b"\x09\2\0", b"\x0d\0\0\0\0\0"]),
    ("delta", 2, [9], [b"\x09\0" + varint(65535)], [b"\x09\0" + varint(65536), b"\x21\0", b"\x08"]),
    (
        "delta",
        1,
        [9],
        [b"\x11\0\1", b"\x11\0" + varint(255)],
        [b"\x19\0\1", b"\x11\0\0", b"\x11\0" + varint(256)],
    ),
    ("log", 1, [9], [b"\0", b"\x09"], [b"\x0a", varint(2**64 - 1)]),
    ("log", 8, [2, 10], [varint(160)], [varint(161), varint(2**32)]),
    ("lin", 1, [9], [b"\0\0\1", b"\xff\1\7\1"], [b"\x80\2\0\1", b"\0\x08\1", b"\0\0\2", b"\0\0\0"]),
    ("lin", 2, [9], [varint(65535) + b"\x0f\2"], [varint(65536) + b"\0\2", b"\0\x10\2", b"\0\0\3"]),
    ("lin", 8, [9], [varint(2**64 - 1) + b"\x3f\2"], [b"\0\x40\2", b"\0\xff\1"]),
    ("decimal", 4, [9], [decimal(0, c, 9) for c in FACTORS], [decimal(0, c) for c in NO_FACTORS]),
    ("decimal", 2, [9], [decimal(7), decimal(11)], [decimal(12), decimal(64), decimal(0, 1.0, 10)]),
    ("decimal", 8, [9], [b"\x10" + decimal()[1:-1], whole(1), whole(2**49 - 1)], [b"\x1c\1\0"]),
    (
        "decimal",
        8,
        [9],
        [b"\x30\x0a", b"\x39\1"],
        [whole(0), whole(2**49), whole(2**63), b"\x70\1"],
    ),
    ("affine", 1, [9], [b"\0\1", varint(255) * 2], [b"\0\0", varint(256) + b"\1"]),
    ("affine", 4, [], [varint(2**32 - 1) * 2], [varint(2**32) + b"\1", b"\0" + varint(2**32)]),
    ("affine", 8, [9], [varint(2**64 - 1) * 2], [b"\0\0"]),
    ("dict", 2, [300], [b"\1", varint(256), varint(300)], [b"\0", varint(301)]),
    ("dict", 2, [2**17], [varint(2**16)], [varint(2**16 + 1)]),
    ("dict", 4, [0], [b"\0"], [b"\1"]),
    ("dict", 3, [2**17], [varint(2**16)], [varint(2**16 + 1)]),
    ("dict", 5, [2**21], [varint(2**20)], [varint(2**20 + 1)]),
    ("dict", 300, [9], [b"\1", b"\x09"], [b"\0", b"\x0a"]),
    ("dict", 8, [1100, 1000], [varint(2**20)], [varint(2**20 + 1), varint(2**63)]),
    ("mask", 2, [9], [b"\0\0", varint(65535) + b"\x09"], [varint(65536) + b"\0", b"\0\x0a"]),
    ("mask", 8, [9], [varint(2**64 - 1) + b"\0"], [b"\0" + varint(2**64 - 1)]),
    ("lpc", 4, [3, 4], [b"\0\0\3\1", b"\1\1\x0c\1"], [b"\0\0\4\1", b"\2\0\1\1", b"\0\2\1\1"]),
    ("lpc", 8, [2**7], [b"\1\0\x20\4", b"\0\0\2\x40"], [b"\0\0\x21\1", b"\0\0\1\x41"]),
    ("lpc", 2, [9], [b"\0\0\3\3"], [b"\1\0\1\1", b"\0\0\0\1", b"\0\0\1\0", b"\0\0\2\5"]),
    ("sparse", 2, [9], [b"\0\0\0", b"\0\x09\x09"], [b"\0\0\x0a", b"\0\x0a\0"]),
    ("sparse", 1, [0], [b"\0\0\0", b"\x01\0\0"], [varint(256) + b"\0\0", b"\0\0\1"]),
    ("stencil", 1, [9], [*NEAR, b"\3\1\0\2\1\x09\2"], [b"\2\1\0\x0a\0", b"\2\1\0\7\0"]),
    ("stencil", 2, [1], [b"\1\1\0"], [b"\2\1\0\2\0", b"\1\2\0", b"\1\0\0", b"\0"]),
    ("stencil", 4, [99], [neighbours(8)], [neighbours(9), b"\2\1\0\1\0", b"\3\1\0\x09\0\x08\0"]),
    ("stencil", 4, [3, 3], NEAR, [b"\1\1" + varint(2**18), b"\2\1\0" + varint(2**64 - 1) + b"\0"]),
    ("fields", 2, [9], [fields(1, 1)], [fields(), fields(2), fields(2, 0), fields(1, 1, 1)]),
    ("fields", 64, [9], [fields(63, 1), fields(*[1] * 64)], [fields(*[1] * 65)]),
    ("fields", 3, [9], [fields(1, 2)], [fields(2**63, 2**63 + 3), fields(1, 1), fields(1, 3)]),
    ("columns", 4, [5, 2], [b"\0", b"\2"], [b"\1", b"\3", b"\4", b"\6"]),
    ("columns", 1, [16], [varint(2**16 - 2)], [varint(2**16 - 1), varint(2**16), varint(2**63)]),
    ("runs", 1, [9], [b"\1", b"\x09"], [b"\0", b"\x0a", varint(2**32)]),
    ("runs", 8, [3, 0], [b"\0"], [b"\1"]),
    ("items", 1, [9], [b"\2", b"\xff"], [b"\1"]),
    (
        "items",
        1,
        [9],
        [b"\0" + varint(256), b"\0" + varint(2**16)],
        [b"\0" + varint(size) for size in (0, 2, 255, 2**16 + 1, 2**63)],
    ),
    ("period", 3, [9, 2], [b"\2", b"\x09"], [b"\0", b"\1", b"\x0a", varint(2**64 - 1)]),
    ("join", 3, [9, 2, 1], [b"\1\1", b"\2\1\2"], [b"\0", b"\1\0", b"\1\3", b"\2\2\1", b"\2\1\1"]),
    ("groups", 1, [9, 2], [b"\1", b"\2\2"], [b"\0", b"\2\0", b"\2\1", b"\2\3", b"\2\6"]),
    ("groups", 8, [0, 5], [b"\3\x90\0", b"\3\xa4\2"], [b"\3\x90\4", b"\3\x60\0", b"\3\xf4\0"]),
    (
        "groups",
        2,
        [9, 1, 4],
        [b"\1", b"\4\xe4"],
        [b"\4\x24", b"\4\xe1", b"\5\0\0", varint(2**63)],
    ),
    ("bins", 1, [9], [b"\0\0\0\0", b"\1\x09\7\7\x08\0"], [b"\0\x0a\0\0", b"\0\0\0\x08"]),
    ("bins", 2, [9], [bins(65535)], [bins(65536), bins(1, 0), bins(65535, 1)]),
    ("bins", 8, [9], [bins(*[1] * 256), bins(2**64 - 1)], [bins(2**64 - 1, 1), b"\0\0\0\x40"]),
    ("lookback", 2, [9], [b"\1\x09", b"\2\5", b"\xff\1"], [b"\0\1", b"\1\x0a", b"\2\6"]),
    ("lookback", 8, [0, 3], [b"\1\0"], [b"\0\0", b"\1\1", b"\xff" + varint(2**64 - 1)]),
    ("digits", 1, [9], [bases(2), bases(255), bases(*[2] * 7)], [bases(256), bases(*[2] * 8)]),
    ("digits", 2, [0], [bases(255, 257)], [bases(256, 256), bases(0), bases(1), bases(9, 1)]),
    ("digits", 4, [9], [bases(2**32 - 1)], [bases(2**32), bases(2**31, 2), bases()]),
    ("digits", 8, [], [bases(2**64 - 1)], [bases(2**63, 2), bases(2**64 - 1, 2**64 - 1)]),
    ("digits", 8, [9], [bases(*[2] * 15)], [bases(*[2] * 16), bases(2**63, 0), b"\xff" * 9]),
]

# A transform, and what it is not defined for.
UNDEFINED = [
    ("planes", b"", [(1, [4]), (65, [4])]),
    ("bytes", b"", [(1, [4]), (65, [4])]),
    ("ordered", b"\0\0", [(3, [4]), (16, [4])]),
    ("delta", b"\1\0", [(3, [4]), (4, []), (4, [1] * 256)]),
    ("log", b"\0", [(3, [4]), (16, [4])]),
    ("bins", b"\0\0\0\0", [(3, [4]), (16, [4])]),
    ("lookback", b"\1\0", [(3, [4]), (16, [4])]),
    ("digits", bases(2), [(3, [4]), (16, [4])]),
    ("lin", b"\0\0\1", [(3, [4]), (16, [4])]),
    ("decimal", decimal(), [(1, [4]), (3, [4]), (16, [4])]),
    ("affine", b"\0\1", [(3, [4]), (16, [4])]),
    ("dict", b"\1", [(1, [4])]),
    ("mask", b"\0\0", [(3, [4]), (16, [4])]),
    ("ramp", b"", [(3, [4]), (16, [4])]),
    ("lpc", b"\0\0\1\1", [(3, [4]), (4, []), (4, [0]), (4, [1] * 256)]),
    ("stencil", b"\1\1\0", [(3, [4]), (8, [4]), (16, [4]), (4, [0])]),
    ("sparse", b"\0\0\0", [(3, [4]), (16, [4])]),
    ("fields", fields(1, 1), [(1, [4]), (4, [4])]),
    ("columns", b"\0", [(4, []), (4, [4, 1]), (4, [2, 257]), (3, [4, 2])]),
    ("runs", b"\1", [(3, [4]), (16, [4])]),
    ("items", b"\2", [(2, [4]), (4, [4])]),
    ("period", b"\2", [(4, []), (4, [1, 9]), (4, [0]), (4, [2] * 255)]),
    ("join", b"\1\1", [(4, []), (4, [9]), (4, [1] * 256)]),
    ("groups", b"\1", [(4, []), (4, [9]), (4, [9, 1]), (4, [1, 4097]), (3, [9, 2])]),
]


def read(name, written, w, shape):
    """The bytes of the parameters that the library and the oracle read, or None each."""
    transform, layout = registry.by_name(name), Layout(w, tuple(shape))
    fields = Fields(written, 0)
    told = naive.attempt(naive_recipe.KINDS[transform.id].read, fields, w, shape)
    if not transform.accepts(layout):
        return None, told and told.write()
    reader = ByteReader(written)
    try:
        parameters = transform.parse(reader, layout)
    except CorruptDataError:
        return None, told and told.write()
    assert reader.at == fields.at == len(written)
    return transform.pack(parameters), told and told.write()


def test_there_are_bounds_of_all_transforms():
    names = {transform.name for transform in registry.ALL}
    assert {name for name, *_ in BOUNDS} == names - {"planes", "bytes", "ramp"}
    assert {name for name, *_ in UNDEFINED} == names


@pytest.mark.parametrize(("name", "w", "shape", "legal", "illegal"), BOUNDS)
def test_bounds(name, w, shape, legal, illegal):
    for written in legal:
        assert read(name, written, w, shape) == (written, written)
        for end in range(len(written)):
            assert read(name, written[:end], w, shape) == (None, None)
    for written in illegal:
        assert read(name, written, w, shape) == (None, None)


@pytest.mark.parametrize(("name", "written", "undefined"), UNDEFINED)
def test_what_transforms_are_not_defined_for(name, written, undefined):
    for w, shape in undefined:
        assert read(name, written, w, shape) == (None, None)
