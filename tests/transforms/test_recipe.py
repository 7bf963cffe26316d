"""Recipes: what they are written as, and that every tree of transforms is undone."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

import ansflow
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.transforms import Recipe, registry
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import read_recipe
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.recipe import _setting
from ansflow.transforms.transform import Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)


class Differences(Transform):
    """Differences of integers of any width modulo its power of two, with the first as parameter."""

    id = 100
    name = "differences"

    def accepts(self, layout):
        return layout.itemsize in (1, 2, 4, 8)

    def outputs(self, parameters, layout):
        return [Layout(layout.itemsize, (layout.items - 1,))]

    def forward(self, items, layout):
        numbers = items.view(f"<u{layout.itemsize}")
        return int(numbers[0]), [np.diff(numbers).view(np.uint8)]

    def inverse(self, parameters, outputs, layout, out):
        numbers = out.view(f"<u{layout.itemsize}")
        numbers[0] = parameters
        numbers[1:] = outputs[0].view(numbers.dtype)
        np.cumsum(numbers, out=numbers, dtype=numbers.dtype)

    def pack(self, parameters):
        return pack_varint(parameters)

    def parse(self, reader, layout):
        first = reader.varint()
        if first >> (8 * layout.itemsize):
            raise CorruptDataError(f"the first number is {first}, which doesn't fit")
        return first


class Halves(Transform):
    """Numbers of four bytes: 16 bits as symbols, and of as many numbers as aren't 0 the rest."""

    id = 101
    name = "halves"

    def accepts(self, layout):
        return layout.itemsize == 4

    def outputs(self, parameters, layout):
        return [Layout(2, layout.shape), Layout(1, (layout.items,)), Layout(2, (parameters,))]

    def forward(self, items, layout):
        numbers = items.view("<u4")
        high = (numbers >> 16).astype("<u2")
        low = numbers.astype("<u2")
        mask = (high > 0).astype(np.uint8)
        return int(mask.sum()), [low.view(np.uint8), mask, high[mask > 0].view(np.uint8)]

    def inverse(self, parameters, outputs, layout, out):
        low, mask, high = outputs[0].view("<u2"), outputs[1], outputs[2].view("<u2")
        numbers = out.view("<u4")
        numbers[:] = low
        if np.count_nonzero(mask) != high.size:
            raise CorruptDataError("the mask has another number of ones than there are numbers")
        numbers[mask > 0] |= high.astype("<u4") << 16

    def pack(self, parameters):
        return pack_varint(parameters)

    def parse(self, reader, layout):
        return min(reader.varint(), layout.items)


class Xor(Transform):
    """Bytes XORed with a setting, which is the parameter, too; a second one is a word."""

    id = 103
    name = "xor"

    def accepts(self, layout):
        return layout.itemsize == 1

    def check(self, key=0, word="any"):
        if not isinstance(key, int) or not 0 <= key < 256 or word not in ("any", "even"):
            raise ValueError(f"the key must be 0 to 255, and a word any or even: {key}, {word}")

    def outputs(self, parameters, layout):
        return [layout]

    def forward(self, items, layout, key=0, word="any"):
        if word == "even" and np.any(items % 2):
            raise Unsuitable("a byte is odd")
        return key, [items ^ key]

    def inverse(self, parameters, outputs, layout, out):
        out[:] = outputs[0] ^ parameters

    def pack(self, parameters):
        return bytes([parameters])

    def parse(self, reader, layout):
        return reader.byte()

    def describe(self, parameters):
        return (parameters,)


@pytest.fixture
def more(monkeypatch):
    """Transforms that later ones are like: with parameters, and outputs of unequal size."""
    for transform in (Differences(), Halves(), Xor()):
        monkeypatch.setitem(registry._by_id, transform.id, transform)
        monkeypatch.setitem(registry._by_name, transform.name, transform)


def through(recipe, items, layout, *instead):
    """What the recipe was written as, the streams, and what becomes of them."""
    written, streams = recipe.forward(items, layout, *instead)
    reader = ByteReader(written)
    root, layouts = read_recipe(reader, layout)
    assert not reader.rest()
    assert [stream.nbytes for stream in layouts] == [s.symbols.size for s in streams]
    assert [stream.itemsize for stream in layouts] == [s.width for s in streams]
    left = iter(streams)
    out = np.empty(layout.nbytes, np.uint8)

    def decode(buffer):
        symbols = next(left).symbols
        if buffer is None:
            return symbols
        buffer[:] = symbols
        return buffer

    root.inverse(out, decode)
    assert next(left, None) is None
    assert out.tobytes() == items.tobytes()
    return written, streams, root


@given(st.integers(1, 64), st.lists(st.integers(1, 7), max_size=3))
def test_what_comes_with_the_library(itemsize, shape):
    layout = Layout(itemsize, tuple(shape))
    items = RNG.integers(0, 256, layout.nbytes, np.uint8)
    recipes = ["stream"] if itemsize == 1 else ["planes", "bytes"]
    for text in [*recipes, "stream"] if itemsize == 2 else recipes:
        written, streams, root = through(Recipe.of(text), items, layout)
        assert str(root) == text
        assert len(written) == 1
        assert len(streams) == (itemsize if text == "planes" else 1)
    if itemsize > 1:
        planes = Recipe("planes").forward(items, layout)[1]
        for j, plane in enumerate(planes):
            assert plane.symbols.tobytes() == items[j::itemsize].tobytes()


# And bytes of their items.
TREES = {
    "differences(planes)": 4,
    "differences(bytes)": 8,
    "differences": 2,
    "differences(differences(differences))": 1,
    "halves": 4,
    "differences(halves(planes, stream, bytes))": 4,
    "planes(differences, stream, differences(differences), stream)": 4,
}


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("text", TREES)
def test_any_tree(text):
    itemsize = TREES[text]
    recipe = Recipe.of(text)
    assert str(recipe) == text
    for count in (4, 5, 100):
        items = RNG.integers(0, 3, itemsize * count, np.uint8)
        _, _, root = through(recipe, items, Layout(itemsize, (count,)))
        assert str(root) == text


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("text", TREES)
def test_any_tree_in_frames(text):
    """The container knows no transform: what a recipe makes of content, it codes."""
    itemsize = TREES[text]
    array = (np.arange(3000) ** 2 // 7).astype(f"<u{itemsize}").reshape(30, 100)
    for options in ({}, {"chunk_size": 1000}, {"chunks": (7, 30)}, {"order": 1}):
        blob = ansflow.compress(array, recipe=text, **options)
        assert np.array_equal(ansflow.decompress(blob), array)
    plan = ansflow.Plan(recipe=text)
    out = np.empty_like(array)
    ansflow.decode_chunk(ansflow.encode_chunk(array, plan), plan, out)
    assert np.array_equal(out, array)
    for cut in range(0, len(blob), 97):
        with pytest.raises(CorruptDataError):
            ansflow.decompress(blob[:cut])


@pytest.mark.usefixtures("more")
def test_a_wrong_inverse_is_noticed(monkeypatch):
    """The check is one over the content."""
    blob = ansflow.compress(np.arange(1000, dtype="<u4"), recipe="differences(planes)")
    monkeypatch.setattr(
        Differences, "inverse", lambda self, parameters, outputs, layout, out: out.fill(parameters)
    )
    with pytest.raises(CorruptDataError, match="check"):
        ansflow.decompress(blob)


@pytest.mark.parametrize(
    "text", ["", "(", "planes(", "planes(stream", "planes)", "planes(stream,)", "planes stream"]
)
def test_texts_that_cannot_be_read(text):
    with pytest.raises(ValueError, match="recipe"):
        Recipe.of(text)


def test_recipes_that_cannot_be():
    with pytest.raises(ValueError, match="no transform is called 'shuffle'; there are affine"):
        Recipe("shuffle")
    with pytest.raises(ValueError, match="'planes' takes no settings"):
        Recipe.of("planes[1]")
    with pytest.raises(ValueError, match="a stream has no settings"):
        Recipe("stream", (Recipe(),))
    deep = "planes(" * 8 + "stream" + ")" * 8
    with pytest.raises(ValueError, match="more than 8 nodes deep"):
        Recipe.of(deep)
    with pytest.raises(ValueError, match="more than 8 nodes deep"):
        Recipe.of("planes(" * 5000)
    with pytest.raises(TypeError, match="recipe must be text"):
        ansflow.Plan(recipe=1)
    for recipe, itemsize, text in [
        ("planes", 1, "is not defined for items of 1 bytes"),
        ("stream", 4, "items of 4 bytes cannot be symbols"),
        ("bytes", 65, "is not defined"),
        ("planes(stream, stream)", 4, "has 4 outputs here; the recipe names 2"),
        ("planes(planes, stream)", 2, "is not defined for items of 1 bytes"),
    ]:
        with pytest.raises(ValueError, match=text):
            Recipe.of(recipe).forward(np.zeros(itemsize * 9, np.uint8), Layout(itemsize, (9,)))


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize(
    ("written", "itemsize", "error"),
    [
        (b"", 1, CorruptDataError),
        (b"\0", 4, CorruptDataError),
        (b"\x80", 1, CorruptDataError),
        (b"\x7f", 4, UnsupportedError),
        (b"\x01", 4, CorruptDataError),
        (b"\x01\0\0\0", 4, CorruptDataError),
        (b"\x01\0\0\0\0", 4, CorruptDataError),  # bit 7 should be set
        (b"\x81", 1, CorruptDataError),
        (b"\x82", 65, CorruptDataError),
        (b"\xe4", 4, CorruptDataError),  # a parameter is missing
        (b"\xe4\x80\0", 1, CorruptDataError),  # it takes more bytes than it needs
        (b"\xe4\x80\2", 1, CorruptDataError),  # or is too large
        (b"\x64\1" * 7 + b"\xe4\1", 1, CorruptDataError),  # too deep
    ],
)
def test_what_no_encoder_writes(written, itemsize, error):
    with pytest.raises(error):
        read_recipe(ByteReader(written), Layout(itemsize, (20,)))


@pytest.mark.usefixtures("more")
def test_settings():
    recipe = Recipe.of(" xor [ 17 , even ] ( xor[3] ) ")
    assert recipe == Recipe("xor", (Recipe("xor", settings=(3,)),), (17, "even"))
    assert str(recipe) == "xor[17, even](xor[3])"
    assert Recipe.of(str(recipe)) == recipe
    items = 2 * RNG.integers(0, 128, 100, np.uint8)
    written, streams, root = through(recipe, items, Layout(1, (100,)))
    assert written == bytes([103, 17, 128 + 103, 3])
    assert str(root) == "xor[17](xor[3])"
    assert streams[0].symbols.tobytes() == (items ^ 17 ^ 3).tobytes()
    for text in ("xor[256]", "xor[1.5]", "xor[1, odd]", "xor[even]"):
        with pytest.raises(ValueError, match="the key must be"):
            Recipe.of(text)
    for text in ("xor[1", "xor[1]]", "xor[]", "xor[1,]", "xor[a b]", "xor[(1)]", "xor[1](xor"):
        with pytest.raises(ValueError, match="recipe"):
            Recipe.of(text)
    kinds = [type(_setting(part, "")) for part in ("1", "1.0", "1e-3", "word")]
    assert kinds == [int, float, float, str]


@pytest.mark.usefixtures("more")
def test_unsuitable_content_is_coded_plainly():
    plan = ansflow.Plan(recipe="xor[7, even]")
    for items in (np.zeros(3000, np.uint8), np.arange(3000, dtype=np.uint8)):
        out = np.empty_like(items)
        chunk = ansflow.encode_chunk(items, plan)
        assert chunk[:1] == (b"\0" if np.any(items % 2) else b"\xe7")
        ansflow.decode_chunk(chunk, plan, out)
        assert out.tobytes() == items.tobytes()


@pytest.mark.parametrize(
    ("text", "distinct"),
    [
        ("dict(stream, planes)", 1 << 17),
        ("dict(delta[0](stream), planes)", 1 << 17),
        ("dict(bytes, planes)", 100),
        ("dict(planes(stream, stream), planes)", 1 << 17),
        ("lin[65536](bytes, stream)", 100),
    ],
)
def test_a_recipe_for_codes_of_another_width_is_unsuitable(text, distinct):
    """Later chunks may have more values than those that it was chosen for, or fewer."""
    numbers = np.arange(1 << 17, dtype=np.uint32) % distinct
    with pytest.raises(Unsuitable):
        Recipe.of(text).forward(numbers.view(np.uint8), Layout(4, numbers.shape))
    plan = ansflow.Plan(recipe=text)
    assert ansflow.decompress(ansflow.compress(numbers, plan=plan)).tobytes() == numbers.tobytes()


def test_values_that_are_too_wide_for_a_stream_are_an_error():
    with pytest.raises(ValueError, match="cannot be symbols"):
        ansflow.compress(np.zeros(100, np.uint32), recipe="dict")


def test_one_of_several_columns_is_coded_plainly():
    recipe = Recipe.of(
        "columns(affine[4](log), ordered[signed](affine[4](log)), mask[0](log, stream))"
    )
    numbers = np.zeros((300, 3), np.uint16)
    numbers[:] = RNG.integers(0, 99, (300, 1)) * 4
    numbers[7, 1] += 1
    numbers[:, 2] += 1
    layout = Layout(2, numbers.shape)
    items = numbers.reshape(-1).view(np.uint8)
    with pytest.raises(Unsuitable):
        recipe.forward(items, layout)
    _, _, root = through(recipe, items, layout, plain_recipe)
    assert str(root) == "columns(affine[4](log), ordered[signed](planes), planes)"
    with pytest.raises(Unsuitable):  # a whole recipe can be another one
        Recipe.of("affine[4](log)").forward(items, layout, plain_recipe)
    with pytest.raises(Unsuitable):  # or could not be written
        recipe.forward(items, Layout(1, (600, 3)), plain_recipe)


@pytest.mark.usefixtures("more")
def test_the_deepest_recipe():
    text = "differences(" * 6 + "differences" + ")" * 6
    through(Recipe.of(text), RNG.integers(0, 256, 30, np.uint8), Layout(1, (30,)))


class Many(Transform):
    """More streams than a recipe may have, from three levels."""

    id = 102
    name = "many"

    def accepts(self, layout):
        return layout.itemsize == 1

    def outputs(self, parameters, layout):
        return [Layout(1, (0,))] * 16 + [layout]

    def forward(self, items, layout):
        return None, [items[:0]] * 16 + [items]

    def inverse(self, parameters, outputs, layout, out):
        out[:] = outputs[-1]


def test_too_many_streams(monkeypatch):
    monkeypatch.setitem(registry._by_id, Many.id, Many())
    monkeypatch.setitem(registry._by_name, Many.name, Many())
    items, layout = np.zeros(5, np.uint8), Layout(1, (5,))
    one = f"many({', '.join(['many'] * 16 + ['stream'])})"  # 273 streams
    most = ", ".join([one] * 14 + ["stream"] * 3)
    assert len(through(Recipe.of(f"many({most})"), items, layout)[1]) == 3825
    more = ", ".join([one] * 15 + ["stream"] * 2)
    with pytest.raises(ValueError, match="4097 streams, more than 4096"):
        Recipe.of(f"many({more})").forward(items, layout)
    written = bytes([102]) + (bytes([102]) + bytes([102 | 0x80]) * 16 + b"\0") * 17
    with pytest.raises(CorruptDataError, match="more than 4096 streams"):
        read_recipe(ByteReader(written), layout)


@given(st.binary(max_size=12), st.integers(1, 66), st.integers(1, 5))
def test_any_bytes(written, itemsize, count):
    layout = Layout(itemsize, (count,))
    try:
        root, layouts = read_recipe(ByteReader(written), layout)
    except CorruptDataError:
        return
    out = np.empty(layout.nbytes, np.uint8)
    streams = enumerate(layouts)

    def decode(buffer):
        number, stream = next(streams)
        symbols = np.empty(stream.nbytes, np.uint8) if buffer is None else buffer
        symbols.fill(number % 256)
        return symbols

    root.inverse(out, decode)


class Echo(Transform):
    """Makes everything three times as large."""

    id = 103
    name = "echo"

    def accepts(self, layout):
        return True

    def outputs(self, parameters, layout):
        return [Layout(1, (3 * layout.nbytes,))]

    def forward(self, items, layout):
        return None, [np.concatenate([items, items, items])]

    def inverse(self, parameters, outputs, layout, out):
        out[:] = outputs[0][: out.size]


@pytest.mark.parametrize("dtype", ["u1", "<f8"])
def test_transforms_that_make_content_larger_are_left_out(monkeypatch, dtype):
    monkeypatch.setitem(registry._by_id, Echo.id, Echo())
    monkeypatch.setitem(registry._by_name, Echo.name, Echo())
    noise = np.frombuffer(RNG.bytes(80_000), dtype)
    blob = ansflow.compress(noise, recipe="echo")
    assert len(blob) < noise.nbytes + 200
    assert ansflow.decompress(blob).tobytes() == noise.tobytes()


def test_outputs_on_a_path_are_bounded(monkeypatch):
    """By eight times the content and 64 KiB: what a decoder has to hold for what it reads."""
    monkeypatch.setitem(registry._by_id, Echo.id, Echo())
    monkeypatch.setitem(registry._by_name, Echo.name, Echo())
    written = bytes([Echo.id, Echo.id | 0x80])
    most, more = np.zeros(16_384, np.uint8), np.zeros(16_385, np.uint8)  # 12 n are 8 n + 65536
    assert through(Recipe.of("echo(echo)"), most, Layout(1, most.shape))[0] == written
    with pytest.raises(Unsuitable, match="up to 'echo' make more than 8 times the bytes"):
        Recipe.of("echo(echo)").forward(more, Layout(1, more.shape))
    with pytest.raises(CorruptDataError, match="make more than 8 times the bytes of their content"):
        read_recipe(ByteReader(written), Layout(1, more.shape))
    blob = ansflow.compress(more, recipe="echo(echo)")
    assert np.array_equal(ansflow.decompress(blob), more)


@pytest.mark.parametrize("text", ["delta[0]", "mask[7](stream, bytes)", "ordered[float]"])
def test_a_recipe_around_another_one(text):
    outer, inner = Recipe.of(text), Recipe.of("affine(delta[0](log))")
    found = outer.around(inner)
    same = Recipe(outer.name, (inner, *outer.outputs), outer.settings)
    assert found == same
    for known in ("depth", "nodes", "has_leaves"):
        assert getattr(found, known) == getattr(same, known)


def test_a_recipe_around_one_that_is_too_deep():
    deep = Recipe.of("affine(" * 6 + "log" + ")" * 6)
    with pytest.raises(ValueError, match="9 nodes deep"):
        Recipe("affine").around(deep)
