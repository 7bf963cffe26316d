"""Arrays of texts: codes of those that come again, or each character by itself."""

import math

import numpy as np
import pytest

import ansflow
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.texts import characters, choose_texts, is_text
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(0)


def size_of(array, **told):
    """Bytes of a frame, which comes back as the array."""
    blob = ansflow.compress(array, **told)
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())
    return len(blob)


def recipe_of(array, **told):
    return str(ansflow.plan(array, **told).recipe)


CARRIERS = np.array(["UA", "AA", "B6", "DL", "EV", "MQ", "US", "9E", "WN", "VX"])


@pytest.mark.parametrize("level", [1, 3, 6])
@pytest.mark.parametrize("dtype", ["U2", ">U7", "S2", "S5", "S30", "U40"])
def test_texts_that_come_again_take_as_much_as_their_codes(dtype, level):
    texts = RNG.choice(CARRIERS, 20_000).astype(dtype)
    ideal = texts.size * math.log2(CARRIERS.size) / 8
    assert size_of(texts, level=level) < 1.01 * ideal + 200
    assert recipe_of(texts, level=level).replace(f"items[{texts.itemsize}](", "").startswith("dict")


def test_texts_that_are_numbered_are_predicted_character_by_character():
    numbers = np.char.mod("image_%06d.png", np.arange(30_000))
    assert size_of(numbers) < 2000
    assert size_of(numbers.astype("S")) < 2000
    assert recipe_of(numbers.astype("S")).startswith("fields[1, 1, ")


def test_random_characters_take_their_entropy():
    digits = RNG.integers(0, 16, (20_000, 32))
    texts = np.frombuffer(b"0123456789abcdef", np.uint8)[digits].view("S32")[:, 0]
    for array in (texts, texts.astype("U")):
        assert size_of(array) < 1.01 * digits.size / 2


def test_many_distinct_texts_that_come_again():
    names = np.char.mod("N%05d", RNG.choice(100_000, 3000, replace=False))
    texts = RNG.choice(names, 100_000)
    ideal = texts.size * math.log2(names.size) / 8 + names.size * math.log2(100_000 / 3000) / 8
    assert size_of(texts) < 1.05 * ideal


def test_texts_in_records():
    """Fields that are texts, and arrays."""
    records = np.zeros(20_000, [("a", "U7"), ("b", "f8"), ("c", "S3"), ("d", "i4", (2,))])
    records["a"] = RNG.choice(CARRIERS, records.size)
    records["b"] = RNG.normal(size=records.size).round(1)
    records["c"] = RNG.choice(CARRIERS, records.size)
    records["d"][:, 0] = np.arange(records.size)
    fields = [size_of(np.ascontiguousarray(records[name])) for name in ("a", "b", "c")]
    assert size_of(records) < 1.02 * sum(fields) + 500
    assert recipe_of(records).startswith("fields[28, 8, 3, 8](dict(stream, ")


def of_any_kind(dtype, size):
    """Texts of a dtype: a few, one, numbers, any bits, and empty ones."""
    dtype = np.dtype(dtype)
    width = 1 if dtype.kind == "S" else 4
    length = dtype.itemsize // width
    letters = "".join(map(chr, RNG.integers(97, 123, length)))
    code = f"{dtype.byteorder}u{width}" if width > 1 else "u1"
    bits = RNG.integers(0, 256 if width == 1 else 0x110000, (size, length)).astype(code)
    yield RNG.choice(np.array([letters[: int(n)] for n in RNG.integers(0, length + 1, 7)]), size)
    yield np.full(size, letters)
    yield np.array([str(i).zfill(length) for i in range(size)], "U")
    yield np.ndarray(size, dtype, bits.tobytes()) if size else np.zeros(0, dtype)
    yield np.zeros(size, dtype)


@pytest.mark.parametrize("length", [1, 2, 3, 16, 17, 64, 65, 130, 300])
@pytest.mark.parametrize("code", ["S", "<U", ">U"])
def test_any_texts(code, length):
    for size, level in ((0, 3), (1, 1), (31, 3), (33, 1), (300, 1), (300, 3)):
        for texts in of_any_kind(f"{code}{length}", size):
            array = texts.astype(f"{code}{length}")
            if size == 300:
                array = array.reshape(50, 2, 3)
            if level == 3:
                array = np.asfortranarray(array)
            # Recipes of a few items take up to three bytes a character.
            assert size_of(array, level=level) <= 1.001 * array.nbytes + 100 + 3 * length


def test_characters_have_recipes_of_their_own_where_there_are_not_too_many():
    assert [is_text(np.dtype(code)) for code in ("S1", "S256", "U256", "<U1", "V4", "u4")] == [
        *[True] * 4,
        *[False] * 2,
    ]
    assert not any(is_text(np.dtype(code)) for code in ("S0", "S257", "U257"))
    assert characters(np.dtype("S3"), 4) == [(np.dtype("u1"), at) for at in range(3)]
    assert characters(np.dtype(">U2"), 4) == [(np.dtype(">u4"), 0), (np.dtype(">u4"), 4)]
    parts = [(np.dtype(">U4"), 0), (np.dtype(">U4"), 16), (np.dtype(">U1"), 32)]
    assert characters(np.dtype(">U9"), 4) == parts
    long = np.char.mod("%0200d", np.arange(3000))
    assert size_of(long) < 4000
    assert ansflow.plan(long).recipe.depth <= MAX_DEPTH


def test_longer_texts_are_bytes():
    texts = np.char.mod("%0300d", np.arange(100))
    assert ansflow.plan(texts).recipe is None
    assert size_of(texts) < texts.nbytes // 4


def test_a_plan_is_for_texts_of_one_length():
    texts = RNG.choice(CARRIERS, 1000)
    plan = ansflow.plan(texts)
    assert "dict, of 10 values" in str(plan)
    assert size_of(RNG.permutation(texts), plan=plan) < 600
    with pytest.raises(ValueError, match="for items of <U2, not <U3"):
        ansflow.compress(texts.astype("U3"), plan=plan)


def test_later_chunks_have_other_texts():
    texts = np.concatenate([RNG.choice(CARRIERS, 4000), np.char.mod("%02d", np.arange(4000) % 100)])
    distinct = RNG.integers(97, 123, (4000, 2)).astype("<u4").view("U2")[:, 0]
    for array in (texts, np.concatenate([texts, distinct]), np.concatenate([distinct, texts])):
        size_of(array, chunks=(1000,))


def test_a_dictionary_or_characters_where_there_is_only_one_of_them():
    texts = np.char.mod("%03d", np.arange(400) % 100).astype("S")
    items = texts.view("V3")
    by_characters = Choice(Recipe("planes"), 20.0)

    def chosen(recipe, other):
        choice = None if recipe is None else Choice(recipe, 1.0)
        found = choose_texts(items, items, texts.dtype, lambda *told: choice, lambda: other)
        return found and found.recipe.name

    assert chosen(None, None) == "dict"
    assert chosen(None, by_characters) == "dict"
    too_deep = Recipe()
    for _ in range(MAX_DEPTH - 1):
        too_deep = Recipe("delta", (too_deep,), (0,))
    assert too_deep.depth == MAX_DEPTH
    assert chosen(too_deep, by_characters) == "planes"
    assert chosen(too_deep, None) is None
