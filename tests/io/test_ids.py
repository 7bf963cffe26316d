"""Lists of ids as messages: what they are, what they take, and what becomes of damaged ones."""

from contextlib import suppress
from math import comb, log2

import naive_multisets as oracle
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import ansflow
from ansflow import compress_ids, decompress_ids
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)
from ansflow.limits import Limits

# Lists, their universe, and the messages that have been written for ever.
GOLDEN = [
    ([], 1, "d50103676f"),
    ([3, 3, 0, 9, 3], 10, "d514cabb7be112"),
    ([999_999, 0, 123_456, 77], 1_000_000, "d511612cea9bf1a5e579408d67b204"),
    ([0, 1, 2, 4, 5, 7], 8, "d50b03baa01a"),
    (
        [2**61, 5, 2**40, 2**61],
        2**62,
        "d510000000e800a8aa0a0000000005000010000000000000000000400000000000604a0e",
    ),
    (
        list(range(0, 600, 20)),
        2**21 + 1,
        "d579eb7ff65dbf8d9f4f43d25dbf712635710c0b5299f4cb4f98a77eb1feb656c975b9619f2389c7b0b4c8201516309a2113ec3a1fd27500201a000000b0a0004015595710b902",
    ),
]


def lists_of(rng, universe, count):
    """A partition of all ids."""
    sizes = rng.multinomial(universe, rng.dirichlet(np.full(count, 4.0)))
    return np.split(rng.permutation(universe), np.cumsum(sizes)[:-1])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 79), max_size=90), st.sampled_from([80, 2**20, 2**33 + 1, 2**62]))
def test_messages_are_those_of_the_oracle(ids, universe):
    (message,) = compress_ids([ids], universe, threads=1)
    assert message == oracle.message(ids, universe)
    (restored,) = decompress_ids([message], universe, threads=1)
    assert restored.dtype == np.int64
    assert restored.tolist() == sorted(ids)


@settings(max_examples=30)
@given(st.sets(st.integers(0, 79), max_size=80))
def test_sets_that_are_dense_are_coded_by_what_is_missing(ids):
    (message,) = compress_ids([list(ids)], 80, threads=1)
    assert message == oracle.message(ids, 80)
    assert len(message) <= 7 + log2(comb(80, len(ids))) / 8
    assert decompress_ids([message], 80, threads=1)[0].tolist() == sorted(ids)


@pytest.mark.parametrize(("ids", "universe", "message"), GOLDEN)
def test_messages_never_change(ids, universe, message):
    assert compress_ids([ids], universe)[0].hex() == message
    assert decompress_ids([bytes.fromhex(message)], universe)[0].tolist() == sorted(ids)


@pytest.mark.parametrize("count", [10, 100])
def test_lists_take_their_ideal_and_six_bytes(count):
    lists = lists_of(np.random.default_rng(0), 100_000, count)
    messages = compress_ids(lists, 100_000)
    for ids, message in zip(lists, messages, strict=True):
        ideal = log2(comb(100_000, ids.size)) / 8
        assert ideal + 3 < len(message) < ideal + 8
    for threads in (1, 2):
        assert compress_ids(iter(lists), 100_000, threads=threads) == messages
        restored = decompress_ids(iter(messages), 100_000, threads=threads)
        assert all(map(np.array_equal, restored, map(np.sort, lists)))


def test_any_order_and_type_is_the_same():
    ids = np.random.default_rng(0).permutation(3000)[:1000]
    same = [ids, ids[::-1], np.sort(ids), ids.astype(np.uint16), ids.tolist(), ids.astype(">i4")]
    assert len(set(compress_ids(same, 3000))) == 1
    assert compress_ids([], 5) == decompress_ids([], 5) == []


def test_what_is_no_list_of_ids():
    for lists, universe, error, message in [
        ([[0], [1, 10]], 10, ValueError, "list 1 has the id 10; ids must be 0 to 9"),
        ([[-1]], 10, ValueError, "list 0 has the id -1"),
        ([[[1]]], 10, ValueError, "one-dimensional"),
        ([[1.5]], 10, TypeError, "list 0 must be integers"),
        ([[1]], 0, ValueError, "universe must be"),
        ([[1]], 2**62 + 1, ValueError, "universe must be"),
    ]:
        with pytest.raises(error, match=message):
            compress_ids(lists, universe)


MESSAGE = compress_ids([np.arange(5, 400, 11)], 1000)[0]


def refused(message, universe=1000, error=CorruptDataError, limits=ansflow.limits.DEFAULT_LIMITS):
    with pytest.raises(error) as caught:
        decompress_ids([message], universe, limits=limits)
    return str(caught.value)


def test_every_cut_and_every_flipped_bit_is_noticed():
    """But for one in 2^24, of which none is among these."""
    for cut in range(len(MESSAGE)):
        refused(MESSAGE[:cut])
    for at in range(len(MESSAGE)):
        for bit in range(8):
            damaged = bytearray(MESSAGE)
            damaged[at] ^= 1 << bit
            refused(damaged)
    refused(MESSAGE + b"\1")
    refused(MESSAGE, universe=1001)
    refused(b"", error=TruncatedError)
    refused(b"\xd6" + MESSAGE[1:], error=UnsupportedError)


def test_messages_that_promise_too_much():
    forged = b"\xd5" + oracle.varint(4 * 2**25 + 1) + b"\1"
    refused(forged, universe=2**40, error=LimitError)
    refused(forged, universe=2**25)
    refused(b"\xd5" + oracle.varint(2**40))
    refused(b"\xd5" + oracle.varint(4 * 5 + 2))  # others are missing, but not all are different
    refused(b"\xd5" + oracle.varint(3), universe=2**30)  # all of them
    small = Limits(max_output=8 * 35)
    assert "max_output" in refused(MESSAGE, error=LimitError, limits=small)
    small = Limits(max_memory=20 * 35)
    assert "max_memory" in refused(MESSAGE, error=LimitError, limits=small)
    decompress_ids([MESSAGE], 1000, limits=Limits(max_output=8 * 36, max_memory=20 * 36))


@settings(max_examples=30)
@given(
    st.binary(max_size=60),
    st.integers(0, 300),
    st.sampled_from([1, 2, 100, 1000, 2**33]),
)
def test_any_bytes_are_ids_or_an_error(body, field, universe):
    with suppress(AnsflowError):
        decompress_ids([b"\xd5" + oracle.varint(field) + body], universe, threads=1)
