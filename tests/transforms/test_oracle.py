"""Every transform is what FORMAT.md says: what is written is read by the oracle, and vice versa."""

import math
import random

import naive_frame as naive
import naive_makers as makers
import naive_numbers as numbers
import naive_recipe
import numpy as np
import pytest
import random_recipes
from hypothesis import given, settings, strategies as st
from naive_numbers import WHOLE

from ansflow.errors import CorruptDataError
from ansflow.transforms import registry
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

TRANSFORMS = dict(registry._by_name)
IDS = [transform.id for transform in TRANSFORMS.values()]

# Examples of each transform, of which there are many.
OF_EACH = 12

SHAPES = st.one_of(
    st.lists(st.integers(0, 9), max_size=3),
    st.lists(st.integers(1, 300), min_size=1, max_size=1),
    st.lists(st.integers(1, 60), min_size=2, max_size=2),
    st.sampled_from([[4096], [4097], [3, 2000]]),
)
WIDTHS = st.sampled_from(WHOLE) | st.sampled_from(WHOLE) | st.integers(1, 64)


@st.composite
def some_items(draw):
    """A source of randomness, w, a shape, and the content of items in it."""
    rng, w, shape = random.Random(draw(st.integers(0, 2**64 - 1))), draw(WIDTHS), draw(SHAPES)
    return rng, w, shape, random_recipes.some_items(rng, math.prod(shape), w)


@given(some_items(), st.integers(1, 4))
@settings(max_examples=40)
def test_the_oracle_undoes_what_it_makes(case, deepest):
    rng, w, shape, content = case
    if w > 2 and deepest < 2:
        return
    grow = random_recipes.grow(rng, list(naive_recipe.KINDS), deepest)
    node, streams = grow(w, shape, content)
    written = naive_recipe.write_recipe(node)
    assert naive_recipe.read_recipe(written, 0, w, shape) == (node, len(written))
    said = naive_recipe.streams(node, w, shape)
    assert [width * n for width, n in said] == [len(stream) for stream in streams]
    assert naive_recipe.undo(node, w, shape, iter(streams)) == content


# Settings, legal ones, that may suit some items


def settings_of(name, rng, w, shape, content):
    match name:
        case "planes" | "bytes" | "log" | "bins" | "dict" | "runs" | "ramp":
            return ()
        case "ordered":
            kind = rng.choice(["unsigned", "signed", "float"])
            big = ["big"] * rng.randrange(2) if w > 1 else []
            return (kind, *big, *rng.choice([(), (0,), (1,), (rng.randrange(64),)]))
        case "delta":
            axes = [rng.randrange(max(1, len(shape))) for _ in range(rng.randint(1, 4))]
            return (*axes, *["rising"] * rng.randrange(2))
        case "lin":
            return (1 << rng.randint(4, 16),)
        case "affine":
            return rng.choice([(), (1,), (rng.randint(1, 99),)])
        case "fields":
            made = random_recipes.fields(rng, w, shape, content)
            return made(w, shape, content)[0].sizes
        case "columns":
            most = min(shape[-1], 64)
            return tuple(rng.sample(range(1, most), rng.randrange(most)))
        case "groups":
            made = random_recipes.groups(rng, w, shape, content)
            return made(w, shape, content)[0].groups
        case "digits":
            made = random_recipes.digits(rng, w, shape, content)
            return made(w, shape, content)[0].bases
        case "items":
            return (rng.randint(2, 64),)
        case "lookback":
            return rng.choice([(), (1,), (2,), (rng.randint(1, 255),)])
        case "join":
            return tuple(sorted(rng.sample(range(1, len(shape) + 1), rng.randint(1, len(shape)))))
        case "period":
            return (rng.randint(2, shape[0] + 1),)
        case "decimal":
            factor = rng.choice(random_recipes.SCALES * 4 + random_recipes.FACTORS)
            sizes = rng.choice([(), ("near",), ("far",)])
            times, big = (rng.randrange(2) * (word,) for word in ("times", "big"))
            return (factor, *times, *sizes, *big)
        case "lpc":
            numbers_before = rng.choice([1, 2, 3, 7, 32]), rng.randrange(3)
            return (rng.choice(["integer", "float"]), *numbers_before, rng.randint(1, 9))
        case "stencil":
            return rng.choice([(), (2,), (3,)])
        case "mask" | "sparse":
            return rng.choice([(), (rng.choice(numbers.integers(content, w) or [0]),)])
    raise AssertionError(f"which settings does the transform {name!r} take?")


# There is one way only to make the outputs, once the parameters are chosen.
AGAIN = {
    naive_recipe.Planes: lambda t: makers.planes,
    naive_recipe.Bytes: lambda t: makers.item_bytes,
    numbers.Ordered: lambda t: makers.ordered(t.kind, t.shift),
    numbers.Delta: lambda t: makers.delta(*t.axes, rising=t.first is not None),
    numbers.Log: lambda t: makers.log,
    numbers.Lin: lambda t: makers.lin(t.base, t.shift, t.width),
    numbers.FieldsOfItems: lambda t: makers.fields(*t.sizes),
    numbers.Columns: lambda t: makers.columns(t.differences),
    numbers.Runs: lambda t: makers.runs(),
    numbers.Items: lambda t: makers.items_of(t.size),
    numbers.Bins: lambda t: makers.bins(*[begin for begin, _ in t.bins]),
    numbers.Digits: lambda t: makers.digits(*t.bases),
    numbers.Period: lambda t: makers.period(t.places),
    numbers.Groups: lambda t: makers.groups(*t.groups),
    numbers.Join: lambda t: makers.join(*t.axes),
}


def vector(content, offset, writeable=True):
    """The bytes in an array, which begins at an address with such a remainder."""
    room = np.zeros(len(content) + 16, np.uint8)
    begin = (offset - room.ctypes.data) % 8
    array = room[begin : begin + len(content)]
    array[:] = np.frombuffer(content, np.uint8)
    array.setflags(write=writeable)
    return array


def layouts(transform, w, shape):
    return [Layout(width, tuple(inner)) for width, inner in transform.outputs(w, shape)]


def undo(transform, parameters, layout, parts, offset=0):
    """What the library makes of outputs."""
    out = vector(bytes(layout.nbytes), offset)
    buffers = transform.buffers(parameters, layout, out)
    filled = [np.frombuffer(part, np.uint8) for part in parts]
    for number, buffer in enumerate(buffers):
        if buffer is not None:
            buffer[:] = filled[number]
            filled[number] = buffer
    transform.inverse(parameters, filled, layout, out)
    return out.tobytes()


@pytest.mark.parametrize("name", TRANSFORMS)
@given(some_items(), st.integers(0, 7))
@settings(max_examples=OF_EACH)
def test_the_oracle_undoes_what_the_library_makes(name, case, offset):
    rng, w, shape, content = case
    transform, layout = TRANSFORMS[name], Layout(w, tuple(shape))
    if not transform.accepts(layout):
        return
    told = settings_of(name, rng, w, shape, content)
    transform.check(*told)
    try:
        parameters, parts = transform.forward(vector(content, offset, False), layout, *told)
    except Unsuitable:
        return
    parts = [part.tobytes() for part in parts]
    written = transform.pack(parameters)
    fields = numbers.Fields(written, 0)
    read = naive_recipe.KINDS[transform.id].read(fields, w, shape)
    assert fields.at == len(written)
    assert layouts(read, w, shape) == list(transform.outputs(parameters, layout))
    assert read.undo(w, shape, parts) == content
    if type(read) in AGAIN:
        assert AGAIN[type(read)](read)(w, shape, content) == (read, parts)
    assert undo(transform, parameters, layout, parts, offset) == content
    assert (
        transform.forward(vector(content, 0, False), layout, *transform.describe(parameters))[0]
        == parameters
        or name not in DESCRIBED
    )


# Transforms that are told all of their parameters.
DESCRIBED = ["ordered", "delta", "fields", "columns", "items", "lpc", "period", "join", "groups"]


@pytest.mark.parametrize("name", TRANSFORMS)
@given(some_items(), st.integers(0, 7))
@settings(max_examples=OF_EACH)
def test_the_library_undoes_what_the_oracle_makes(name, case, offset):
    rng, w, shape, content = case
    transform, layout = TRANSFORMS[name], Layout(w, tuple(shape))
    make = random_recipes.CHOICES[transform.id](rng, w, shape, content)
    assert (make is not None) == transform.accepts(layout)
    if make is None:
        return
    made, parts = make(w, shape, content)
    reader = ByteReader(made.write() + b"rest")
    parameters = transform.parse(reader, layout)
    assert reader.rest() == b"rest"
    assert transform.pack(parameters) == made.write()
    assert list(transform.outputs(parameters, layout)) == layouts(made, w, shape)
    assert undo(transform, parameters, layout, parts, offset) == content


# What no encoder writes


def harm(rng, content):
    """A few bytes are others, or gone, or more."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(content) + 1)
        match rng.randrange(4):
            case 0 | 1 if at < len(content):
                content[at] = rng.choice([0, 1, 127, 128, 255, content[at] ^ 1, rng.randrange(256)])
            case 2:
                content[at : at + 1] = b""
            case 3:
                content[at:at] = rng.randbytes(rng.randint(1, 9))
    return bytes(content)


@pytest.mark.parametrize("name", TRANSFORMS)
@given(some_items())
@settings(max_examples=OF_EACH)
def test_parameters_that_are_harmed(name, case):
    """The library refuses what the oracle refuses, and nothing else."""
    rng, w, shape, content = case
    transform, layout = TRANSFORMS[name], Layout(w, tuple(shape))
    make = random_recipes.CHOICES[transform.id](rng, w, shape, content)
    if make is None:
        return
    made, parts = make(w, shape, content)
    written = harm(rng, made.write())
    fields, reader = numbers.Fields(written, 0), ByteReader(written)
    read = naive.attempt(type(made).read, fields, w, shape)
    try:
        parameters = transform.parse(reader, layout)
    except CorruptDataError:
        assert read is None
        return
    assert read is not None
    assert fields.at == reader.at
    assert transform.pack(parameters) == read.write() == written[: reader.at]
    outputs = list(transform.outputs(parameters, layout))
    assert outputs == layouts(read, w, shape)
    parts = (parts + [b""] * len(outputs))[: len(outputs)]
    parts = [
        (part + bytes(output.nbytes))[: output.nbytes]
        for part, output in zip(parts, outputs, strict=True)
    ]
    if rng.randrange(2):
        place = rng.randrange(len(parts))
        parts[place] = rng.randbytes(len(parts[place]))
    try:
        undo(transform, parameters, layout, parts)
    except CorruptDataError:
        return
    assert len(read.undo(w, shape, parts)) == len(content)
