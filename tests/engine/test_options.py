"""Options and limits take integers by one rule, and check them when they are made."""

import copy
import pickle
from dataclasses import fields

import numpy as np
import pytest

import ansflow
from ansflow.engine.options import OptionsDict

OPTIONS = {"chunk_size": 64, "precision": 12, "lanes": 64, "order": 1}
LIMITS = {"max_output": 100, "max_memory": 100, "max_dimensions": 5}
ALL = [(ansflow.Options, name, n) for name, n in OPTIONS.items()]
ALL += [(ansflow.Limits, name, n) for name, n in LIMITS.items()]


@pytest.mark.parametrize(("make", "name", "n"), ALL, ids=lambda value: str(value))
def test_integers_by_one_rule(make, name, n):
    for kind in (int, np.int8, np.uint8, np.int64, np.uint64):
        value = getattr(make(**{name: kind(n)}), name)
        assert value == n
        assert type(value) is int
    for wrong in (float(n), np.float64(n), True, np.True_, str(n)):
        with pytest.raises(TypeError, match=f"^{name} must be an integer"):
            make(**{name: wrong})
    for wrong in (-1, np.int8(-1), -(10**30)):
        with pytest.raises(ValueError, match=name):
            make(**{name: wrong})


@pytest.mark.parametrize("lanes", [0, 3, 65, 96, 128, 2**32, np.uint8(128), np.uint64(2**63)])
def test_lanes_are_a_power_of_two_up_to_64(lanes):
    model = ansflow.models.Uniform(2)
    for use in (
        lambda: ansflow.Options(lanes=lanes),
        lambda: ansflow.encode([0] * 500, model, lanes=lanes),
        lambda: ansflow.decode(np.zeros(1024, np.uint16), model, 500, lanes=lanes),
        lambda: ansflow.models.Markov.fit(bytes(500), lanes=lanes),
    ):
        with pytest.raises(ValueError, match="power of two from 1 to 64"):
            use()


def test_tables_are_a_sequence():
    model = ansflow.models.Uniform(256)
    for wrong in (model, {model}, iter([model]), None):
        with pytest.raises(TypeError, match="tables must be a sequence"):
            ansflow.Options(tables=wrong)
    tables = [model]
    options = ansflow.Options(tables=tables)
    tables.clear()
    assert options.tables == (model,)


def test_keyword_arguments_are_the_options():
    """Functions are typed with them."""
    options = {option.name for option in fields(ansflow.Options) if option.repr}
    assert set(OptionsDict.__annotations__) == options | {"plan"}


def test_bytes_that_are_numbers_are_named_in_one_way():
    numbers = np.arange(5000, dtype="<u8") * 1000
    as_bytes = ansflow.compress(numbers.tobytes())
    blobs = [
        ansflow.compress(numbers.tobytes(), **given) for given in ({"typesize": 8}, {"dtype": "u8"})
    ]
    assert blobs[0] == blobs[1]
    assert len(blobs[0]) < len(as_bytes) / 4
    assert ansflow.decompress(blobs[0]) == numbers.tobytes()
    with pytest.raises(ValueError, match="give one"):
        ansflow.Options(typesize=8, dtype="u8")
    with pytest.raises(ValueError, match="typesize must be 1, 2, 4 or 8, not 3"):
        ansflow.Options(typesize=3)


def test_a_plan_is_checked_once():
    array = np.arange(1000, dtype="i4")
    plan = ansflow.plan(array)
    options = ansflow.Options.of({"plan": plan})
    assert options is ansflow.Options.of({"plan": plan})
    assert options == ansflow.Options.of({"plan": plan, "metadata": {}})
    assert ansflow.Options.of({"level": 1}) is ansflow.Options.of({"level": 1})


def test_what_is_kept_hides_no_fault():
    for wrong in (True, 1.0, "1"):
        ansflow.Options.of({"level": 1})
        with pytest.raises(TypeError, match="level must be an integer"):
            ansflow.Options.of({"level": wrong})
    array = np.arange(1000, dtype="i4")
    told = array.astype(np.dtype("i4", metadata={"unit": "K"}))
    assert told.dtype == array.dtype
    plan = ansflow.Plan()
    assert len(ansflow.compress(array, plan=plan)) < array.nbytes
    with pytest.raises(TypeError, match="metadata"):
        ansflow.compress(told, plan=plan)


def test_copies_of_a_plan_that_was_used():
    array = np.arange(1000, dtype="i4")
    plan = ansflow.plan(array)
    fresh = set(vars(plan))
    blob = ansflow.compress(array, plan=plan)
    out = np.empty_like(array)
    ansflow.decode_chunk(ansflow.encode_chunk(array, plan), plan, out)
    for copy_of in (copy.copy, lambda plan: pickle.loads(pickle.dumps(plan))):
        other = copy_of(plan)
        assert other == plan
        assert set(vars(other)) == fresh
        assert ansflow.compress(array, plan=other) == blob
