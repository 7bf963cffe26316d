"""Adaptive streams: messages are the oracle's, in as much room as there is."""

import naive_payload
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.kernels.coders import adaptive
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.records import reciprocals_of

ROOM = int(adaptive.ROOM)


def encode(symbols, room=None):
    """A message as a list; None if it was given up."""
    symbols = np.array(symbols, np.uint8)
    out = np.empty(ROOM + (2 * symbols.size if room is None else room), np.uint8)
    nodes = np.empty(adaptive.NODES, np.uint32)
    decisions = np.empty(adaptive.DECISIONS * symbols.size, np.uint16)
    reciprocals = reciprocals_of(MAX_PACKED_PRECISION)
    begin = int(adaptive.encode(symbols, reciprocals, nodes, decisions, out))
    return out[begin:].copy() if begin else None


def decode(message, size):
    out = np.empty(size, np.uint8)
    nodes = np.empty(adaptive.NODES, np.uint32)
    message = np.frombuffer(bytes(message), np.uint8)
    return out.tolist() if adaptive.decode(message, nodes, out) else None


@given(
    st.integers(0, 2**32),
    st.integers(2, 700),
    st.sampled_from([1, 2, 3, 17, 60, 200]),
    st.sampled_from([0, 0.02, 0.5]),
)
def test_messages_are_those_of_the_oracle(seed, size, alphabet, repeated):
    """Also of symbols that are the same so often that probabilities are as extreme as they get."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, 256, alphabet)[rng.integers(0, alphabet, size)]
    symbols[rng.random(size) < repeated] = 0
    message = encode(symbols)
    if message is None:
        return  # as good as random
    expected = naive_payload.write_adaptive(symbols.tolist())
    assert message.tobytes() == expected
    assert decode(message, size) == symbols.tolist() == naive_payload.read_adaptive(expected, size)


def test_many_of_one_symbol():
    symbols = [200] * 60_000
    message = encode(symbols)
    assert message.tobytes() == naive_payload.write_adaptive(symbols)
    assert decode(message, len(symbols)) == symbols
    assert message.size < 200  # a decision is never certain


@pytest.mark.parametrize("size", [2, 3, 20, 300])
def test_random_symbols_are_given_up(size):
    symbols = np.random.default_rng(0).permutation(256)[:size] if size <= 256 else range(256)
    assert encode(symbols) is None
    assert encode(np.random.default_rng(1).integers(0, 128, 2000)) is not None


def test_what_has_no_room_is_given_up():
    symbols = np.minimum(np.random.default_rng(0).geometric(0.2, 300), 255)
    size = encode(symbols).size
    assert encode(symbols, size).size == size
    for room in (0, 1, size // 2, size - ROOM):
        assert encode(symbols, room) is None
