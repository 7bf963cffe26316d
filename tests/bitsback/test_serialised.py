"""Serialised stacks come back, and every cut and every flipped bit is noticed."""

import struct
import tracemalloc

import numpy as np
import pytest
import xxhash
from hypothesis import given, strategies as st
from naive_stack import contents
from random_stacks import SEEDS, stacks

from ansflow.bitsback import Stack, Uniform
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    TruncatedError,
    UnsupportedError,
)


@given(stacks())
def test_bytes_are_the_same_stack(stack):
    data = stack.to_bytes()
    again = Stack.from_bytes(data)
    assert again == stack
    assert contents(again) == contents(stack)
    assert again.to_bytes() == data
    assert len(data) == 38 + 4 * len(contents(stack.copy().fold())[1])


@pytest.mark.parametrize("lanes", [1, 2, 3, 1000, 2**16])
@pytest.mark.parametrize("seed", [None, 0, 2**64 - 1])
def test_bytes_of_many_lanes(lanes, seed):
    stack = Stack(lanes, seed=seed)
    assert Stack.from_bytes(stack.to_bytes()) == stack
    Uniform(2**48).push(stack, np.arange(lanes))
    assert Stack.from_bytes(stack.to_bytes()) == stack
    if seed is not None:
        Uniform(2**64).pop(stack)
        assert stack.drawn > 0
        assert Stack.from_bytes(stack.to_bytes()) == stack


def test_writing_bytes_changes_nothing():
    stack = Stack(5, seed=1)
    Uniform(2**64, 9).pop(stack)
    before = contents(stack)
    stack.to_bytes()
    assert contents(stack) == before
    assert stack.lanes == 5


def sample_stacks():
    unseeded, seeded = Stack(3), Stack(2, seed=0x0123_4567_89AB_CDEF)
    Uniform(1000, 5).push(unseeded, [999, 0, 5, 17, 301])
    Uniform(2**40, 4).pop(seeded)
    Uniform(7, 3).push(seeded, [6, 0, 3])
    return unseeded, seeded


@pytest.mark.parametrize("which", [0, 1])
def test_every_cut_is_noticed(which):
    data = sample_stacks()[which].to_bytes()
    for size in range(len(data)):
        error = TruncatedError if size < 38 else CorruptDataError
        with pytest.raises(error):
            Stack.from_bytes(data[:size])


@pytest.mark.parametrize("which", [0, 1])
def test_every_flipped_bit_is_noticed(which):
    data = sample_stacks()[which].to_bytes()
    for bit in range(8 * len(data)):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AnsflowError):
            Stack.from_bytes(bytes(broken))


def test_more_bytes_are_noticed():
    for stack in sample_stacks():
        for more in (b"\0", bytes(4), bytes(8), b"\xff" * 100):
            with pytest.raises(CorruptDataError):
                Stack.from_bytes(stack.to_bytes() + more)


def forged(version=1, flags=0, lanes=1, seed=0, drawn=0, head=2**32, words=b""):
    """Bytes with a right checksum."""
    body = struct.pack("<BBIQQQ", version, flags, lanes, seed, drawn, head) + words
    return body + struct.pack("<Q", xxhash.xxh3_64_intdigest(body))


def test_forged_bytes_are_those_of_a_stack_if_nothing_is_wrong():
    assert Stack.from_bytes(forged()) == Stack()
    assert Stack.from_bytes(forged(words=bytes(8))).words.tolist() == [0, 0]


FORGERIES = {
    "no lanes": {"lanes": 0},
    "too many lanes": {"lanes": 2**16 + 1},
    "most lanes": {"lanes": 2**32 - 1},
    "more lanes than bits": {"lanes": 2},
    "many more lanes than bits": {"lanes": 2**16, "words": bytes(range(40))},
    "head below its interval": {"head": 2**32 - 1},
    "head zero": {"head": 0, "flags": 1},
    "half a word": {"words": b"\1\2"},
    "a word and a byte": {"words": b"\1\2\3\4\5"},
    "seed without flag": {"seed": 1},
    "drawn without source": {"drawn": 1},
    "too much drawn": {"flags": 1, "drawn": 2**48 + 1},
    "most drawn": {"flags": 1, "drawn": 2**64 - 1},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_fields_are_refused_without_allocating(name):
    data = forged(**FORGERIES[name])
    tracemalloc.start()
    try:
        with pytest.raises(CorruptDataError):
            Stack.from_bytes(data)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("fields", [{"version": 0}, {"version": 2}, {"flags": 2}, {"flags": 255}])
def test_other_versions_and_flags_are_not_supported(fields):
    with pytest.raises(UnsupportedError):
        Stack.from_bytes(forged(**fields))


@given(st.integers(0, 2**16), SEEDS, st.integers(0, 2**48), SEEDS, st.binary(max_size=80), SEEDS)
def test_whatever_is_accepted_works(lanes, seed, drawn, head, words, number):
    try:
        stack = Stack.from_bytes(forged(1, 1, lanes, seed, drawn, head, words))
    except CorruptDataError:
        return
    assert (stack.heads >= 1 << 32).all()
    assert Stack.from_bytes(stack.to_bytes()) == stack
    before = contents(stack)
    codec = Uniform(2**64 - number, 3)
    codec.push(stack, codec.pop(stack))
    assert contents(stack) == before


def test_bytes_may_be_any_buffer():
    for stack in sample_stacks():
        data = stack.to_bytes()
        assert Stack.from_bytes(bytearray(data)) == stack
        assert Stack.from_bytes(memoryview(data)) == stack
