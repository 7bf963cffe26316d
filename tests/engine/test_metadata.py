"""Metadata come back as they were given, or are refused when they are given."""

import io
import json
import types
from enum import Enum, IntEnum, StrEnum

import numpy as np
import pytest
from hypothesis import given, strategies as st

import ansflow
from ansflow.engine.metadata import MAX_DEPTH, SURROGATE_PAIR

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates among them.
    | st.text(st.characters(exclude_categories=[])).filter(lambda t: not SURROGATE_PAIR.search(t)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read_back(metadata):
    blob = ansflow.compress(b"content", metadata=metadata)
    with ansflow.open(io.BytesIO(blob)) as file:
        return file.metadata


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_all_that_json_has_comes_back(metadata):
    again = read_back(metadata)
    assert again == metadata
    assert json.dumps(again) == json.dumps(metadata)  # 1, 1.0 and True are equal


def test_other_mappings_and_sequences_come_back_as_dicts_and_lists():
    class Colour(IntEnum):
        RED = 1

    proxy = types.MappingProxyType({"a": types.MappingProxyType({"b": (1, ({"c": ()},))})})
    assert read_back(proxy) == {"a": {"b": [1, [{"c": []}]]}}
    assert read_back({"red": Colour.RED, "x": np.float64(0.1)}) == {"red": 1, "x": 0.1}


class Unit(str, Enum):  # noqa: UP042  (whose str() is "Unit.KELVIN")
    KELVIN = "K"


class Axis(StrEnum):
    TIME = "t"


def test_enumerations_of_text_are_their_values():
    metadata = {Axis.TIME: Unit.KELVIN, Unit.KELVIN: [Axis.TIME]}
    assert read_back(metadata) == metadata == {"t": "K", "K": ["t"]}


@pytest.mark.parametrize(
    "pair", ["\ud83d\ude00", "a\udbff\udc00b", "\ud800\ud800\udfff"], ids=ascii
)
def test_text_that_would_come_back_as_other_text(pair):
    for metadata in ({pair: 1}, {"a": pair}, {"a": [{"b": pair}]}, {"a": {pair: 1}}):
        with pytest.raises(ValueError, match="pair of surrogates"):
            ansflow.Options(metadata=metadata)


def test_half_a_character_comes_back():
    metadata = {"\ude00\ud83d": ["\ud83d", "\ude00", "\ud83da\ude00", "\U0001f600"]}
    assert read_back(metadata) == metadata


@pytest.mark.parametrize("key", [1, 1.5, None, True, b"a", ("a",), Ellipsis], ids=repr)
def test_keys_are_text(key):
    for metadata in ({key: 1}, {"a": {key: 1}}, {"a": [{key: 1}]}, {"1": 1, key: 2}):
        with pytest.raises(TypeError, match="must be text"):
            ansflow.Options(metadata=metadata)


@pytest.mark.parametrize(
    "value",
    [b"a", 1j, {1}, np.int64(1), np.arange(3), np.bool_(True), Ellipsis, range(3)],
    ids=repr,
)
def test_what_json_cannot_say(value):
    for metadata in ({"a": value}, {"a": {"b": value}}, {"a": [0, value]}):
        with pytest.raises(TypeError, match=r"metadata\['a'\].* is of type"):
            ansflow.Options(metadata=metadata)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 10**1000, -(10**1000)], ids=str)
def test_numbers_that_json_cannot_say(value):
    with pytest.raises(ValueError, match=r"metadata\['a'\]\[1\]"):
        ansflow.Options(metadata={"a": [0, value]})
    assert read_back({"a": 10**999}) == {"a": 10**999}


@pytest.mark.parametrize("wrong", [[("a", 1)], "a", None, 1])
def test_metadata_are_a_mapping(wrong):
    with pytest.raises(TypeError, match="must be a mapping"):
        ansflow.Options(metadata=wrong)


def test_metadata_are_as_deep_as_every_decoder_must_read():
    nested = []
    for _ in range(MAX_DEPTH - 1):
        nested = [nested]
    assert read_back({"a": nested}) == {"a": nested}
    with pytest.raises(ValueError, match="deeper"):
        ansflow.Options(metadata={"a": [nested]})
    endless = {}
    endless["a"] = endless
    with pytest.raises(ValueError, match="deeper"):
        ansflow.Options(metadata=endless)


def test_metadata_are_a_copy():
    metadata = {"a": [1]}
    options = ansflow.Options(metadata=metadata)
    metadata["a"].append(2)
    assert options.metadata == {"a": [1]}
