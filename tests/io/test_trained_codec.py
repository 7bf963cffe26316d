"""Trained codecs: what FORMAT.md says, close to the code length, and safe with any bytes."""

import json
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import naive_trained as naive
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_payload import write_table, write_varint

import ansflow
from ansflow import TrainedCodec
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.models import quantize


def records(count, seed):
    """Lines of JSON."""
    rng = random.Random(seed)
    return [
        json.dumps(
            {"id": rng.randrange(10**9), "event": rng.choice(["view", "click"]), "ok": True}
        ).encode()
        for _ in range(count)
    ]


SAMPLES = records(400, seed=0)
CODECS = {
    f"order {order}, {'checked' if check else 'unchecked'}": ansflow.train(
        SAMPLES, order=order, check=check
    )
    for order in (0, 1, 2)
    for check in (True, False)
}
CHECKED, UNCHECKED = CODECS["order 2, checked"], CODECS["order 2, unchecked"]


def random_codec(seed, has_check=True):
    """With few bytes a row, so that most need escapes."""
    rng = np.random.default_rng(seed)
    escape = int(rng.integers(256))
    contexts = [b"", b"\0", b"a", b"\0\0", b"\0a", b"aa", b"ab", b"\xff\xff"]
    rows = {}
    for context in contexts[: rng.integers(1, len(contexts) + 1)]:
        weights = np.zeros(256)
        weights[rng.choice([*b"\0abcd\xff", escape], 4)] = rng.random(4) ** 3
        weights[escape] += 0.01
        rows[context] = quantize(weights, 12).tolist()
    return naive.Codec(escape, rows, has_check)


@pytest.mark.parametrize("has_check", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_as_the_format_says(seed, has_check):
    said = random_codec(seed, has_check)
    codec = TrainedCodec.from_bytes(naive.write_codec(said))
    assert codec.to_bytes() == naive.write_codec(said)
    rng = random.Random(seed)
    for size in (0, 1, 2, 3, 4, 9, 50, 130):
        for alphabet in (b"a", b"ab", b"\0abcd", bytes(range(256))):
            content = bytes(rng.choices(alphabet, k=size))
            message = codec.compress(content)
            assert message == naive.encode(said, content)
            assert naive.decode(said, message) == content
            assert codec.decompress(message) == content


@pytest.mark.parametrize("name", CODECS)
def test_what_training_finds_is_as_the_format_says(name):
    codec = CODECS[name]
    said = naive.read_codec(codec.to_bytes())
    assert naive.write_codec(said) == codec.to_bytes()
    assert codec.identity == naive.identity(said)
    for content in (*records(3, seed=1), b"", b"\xff\xfe", b'{"id": \x00}'):
        message = codec.compress(content)
        assert naive.encode(said, content) == message
        assert codec.decompress(message) == content


@pytest.mark.parametrize("name", CODECS)
@given(content=st.binary(max_size=300) | st.lists(st.sampled_from(SAMPLES)).map(b"".join))
def test_round_trips(name, content):
    message = CODECS[name].compress(content)
    assert CODECS[name].decompress(message) == content
    assert len(message) <= len(content) + (5 if CODECS[name].check else 1)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("size", [20, 50, 200, 2048, 10_000])
def test_few_bytes_more_than_the_code_length(name, size):
    codec = CODECS[name]
    stream = b"\n".join(records(4500, seed=2))
    for content in (stream[i : i + size] for i in range(0, 20 * size, size)):
        assert len(content) == size
        overhead = len(codec.compress(content)) - codec.code_length(content) / 8
        assert overhead < (8 if codec.check else 5)


def test_contexts_pay():
    content = b"".join(records(20, seed=3))
    sizes = [len(CODECS[f"order {order}, checked"].compress(content)) for order in (0, 1, 2)]
    assert sizes[0] > 1.3 * sizes[1] > 1.3 * 1.2 * sizes[2]


def test_no_contexts_where_they_do_not_pay():
    noise = [random.Random(0).randbytes(20_000)]
    said = naive.read_codec(ansflow.train(noise).to_bytes())
    assert list(said.rows) == [b""]


def test_rows_are_limited_to_the_best():
    rng = np.random.default_rng(0)
    table, pairs = rng.integers(0, 64, (64, 64)), rng.integers(0, 64, (100_000, 2))
    pairs[:50_000] %= 8  # these are the most frequent
    triples = np.column_stack([pairs, 64 + table[pairs[:, 0], pairs[:, 1]]]).astype(np.uint8)
    codec = ansflow.train([triples.tobytes()])
    said = naive.read_codec(codec.to_bytes())
    assert len(said.rows) == 1 + 1022
    assert all(bytes([a, b]) in said.rows for a in range(8) for b in range(8))
    content = triples[::300].tobytes()
    assert codec.decompress(codec.compress(content)) == content


def test_fitted_to_what_was_seen():
    """More samples than are counted at a time give the counts of all."""
    many = [b"ab" * 200_000, b"ba" * 200_000, b"cc" * 200_000]
    assert ansflow.train(many).to_bytes() == ansflow.train(many[::-1]).to_bytes()
    assert len(ansflow.train(many).compress(b"abababab" * 20)) < 10


@pytest.mark.parametrize("size", [5, 70, 3000])
def test_any_damage_of_a_checked_message_is_noticed(size):
    content = b"".join(records(80, seed=4))[:size]
    for data in (content, random.Random(0).randbytes(size)):
        message = CHECKED.compress(data)
        places = range(len(message)) if size < 100 else range(0, len(message), 41)
        for at in places:
            for bit in range(8):
                damaged = bytearray(message)
                damaged[at] ^= 1 << bit
                with pytest.raises(CorruptDataError):
                    CHECKED.decompress(damaged)
            with pytest.raises(CorruptDataError):
                CHECKED.decompress(message[:at])
        for more in (b"\0", b"\0\0", b"abcd"):
            with pytest.raises(CorruptDataError):
                CHECKED.decompress(message + more)


def test_messages_of_another_codec_are_refused():
    other = ansflow.train(SAMPLES[1:])
    assert other.identity != CHECKED.identity
    for content in (SAMPLES[0], b"\xff\xfe\xfd"):
        with pytest.raises(CorruptDataError, match="another codec"):
            other.decompress(CHECKED.compress(content))


@given(message=st.binary(max_size=60))
def test_any_bytes_are_a_message_or_an_error(message):
    with pytest.raises(CorruptDataError):
        CHECKED.decompress(message)
    with suppress(AnsflowError):
        # What is a message by chance has a content that makes one.
        content = UNCHECKED.decompress(message, max_size=1 << 16)
        assert UNCHECKED.decompress(UNCHECKED.compress(content)) == content


def test_lengths_are_limited():
    codec = ansflow.train([bytes(1000)], check=False)
    for size in (codec.max_message + 1, (1 << 64) - 1):
        with pytest.raises(CorruptDataError, match="bytes"):
            codec.decompress(write_varint(size) + b"\0\0\1")
    zeros = bytes(1 << 20)
    bomb = codec.compress(zeros)
    assert len(bomb) < 1000
    assert codec.decompress(bomb) == zeros
    for message in (bomb, b"\0abc"):
        with pytest.raises(LimitError, match="max_size=2"):
            codec.decompress(message, max_size=2)
    assert codec.decompress(b"\0ab", max_size=2) == b"ab"
    with pytest.raises(ValueError, match=r"use ansflow\.compress"):
        codec.compress(bytes(codec.max_message + 1))


def test_damaged_codecs_are_refused():
    data = ansflow.train([b"abcabcabc" * 30]).to_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        for wrong in (damaged, data[:at]):
            with pytest.raises(CorruptDataError):
                TrainedCodec.from_bytes(wrong)


HEAD = b"\x89ANT\x01\x01\x00"
TABLE = write_table([2048, 2048], 12)
WRONG = {
    "version": (b"\x89ANT\x02", UnsupportedError, "version 2"),
    "flags": (b"\x89ANT\x01\x02\x00\0\0" + TABLE, UnsupportedError, "flags"),
    "too many ones": (HEAD + write_varint(257), CorruptDataError, "257"),
    "equal ones": (HEAD + b"\2aa\0" + 3 * TABLE, CorruptDataError, "ascend"),
    "cut ones": (HEAD + b"\7ab", CorruptDataError, "cut off"),
    "too many twos": (HEAD + b"\0" + write_varint(1023), CorruptDataError, "1022"),
    "large twos": (HEAD + b"\0\1" + write_varint(65536), CorruptDataError, "65536"),
    "no table": (HEAD + b"\0\0", CorruptDataError, "table"),
    "a table too few": (HEAD + b"\1a\0" + TABLE, CorruptDataError, "table"),
    "no escape": (HEAD + b"\0\0" + write_table([0, 4096], 12), CorruptDataError, "table"),
    "more": (HEAD + b"\0\0" + TABLE + b"\0", CorruptDataError, "behind"),
}


@pytest.mark.parametrize("name", WRONG)
def test_codecs_that_are_signed_but_wrong_are_refused(name):
    data, error, text = WRONG[name]
    with pytest.raises(error, match=text):
        TrainedCodec.from_bytes(naive.sign(data))


def test_codecs_are_pickled_and_print_what_they_are():
    same = pickle.loads(pickle.dumps(CHECKED))
    assert same.to_bytes() == CHECKED.to_bytes()
    assert same.decompress(CHECKED.compress(SAMPLES[0])) == SAMPLES[0]
    assert f"{CHECKED.identity:016x}" in repr(CHECKED)


def test_buffers_of_all_kinds():
    content = SAMPLES[0]
    array = np.frombuffer(content, np.uint8)
    message = CHECKED.compress(content)
    strided = np.repeat(array, 2)[::2]
    for data in (bytearray(content), memoryview(content), array, array.copy(), strided):
        assert CHECKED.compress(data) == message
    odd = np.frombuffer(b"x" + message, np.uint8)[1:]
    for given_message in (bytearray(message), memoryview(message), odd, odd.copy()):
        assert CHECKED.decompress(given_message) == content
    numbers = np.arange(10.0)
    assert CHECKED.decompress(CHECKED.compress(numbers)) == numbers.tobytes()
    same = ansflow.train(bytearray(sample) for sample in SAMPLES)
    assert same.identity == CHECKED.identity


def test_threads_share_a_codec():
    codec = TrainedCodec.from_bytes(CHECKED.to_bytes())  # its tables are yet to be built
    contents = records(200, seed=5)
    with ThreadPoolExecutor(4) as pool:
        messages = list(pool.map(codec.compress, contents))
        assert list(pool.map(codec.decompress, messages)) == contents
    assert messages == list(map(CHECKED.compress, contents))


def test_arguments():
    for samples in ([], [b""], [b"", b""]):
        with pytest.raises(ValueError, match="no bytes"):
            ansflow.train(samples)
    for order in (-1, 3):
        with pytest.raises(ValueError, match="order"):
            ansflow.train([b"a"], order=order)
    for wrong in (["text"], [1]):
        with pytest.raises(TypeError, match="a sample"):
            ansflow.train(wrong)
    for wrong in (b"abc", bytearray(3), memoryview(b"abc"), "text", None, 3):
        with pytest.raises(TypeError, match=r"as in a list, not \w+$"):
            ansflow.train(wrong)
    with pytest.raises(TypeError, match="data"):
        CHECKED.compress("text")
    with pytest.raises(TypeError, match="message"):
        CHECKED.decompress("text")
    with pytest.raises(ValueError, match="max_size"):
        CHECKED.decompress(b"\0", max_size=-1)


# Codecs with four rows and their messages, as the oracle wrote them: they are read for ever.
ROWS = (
    "0200e1c201ffffffffffffffffffffffff0108a0010410e0ff030283ff011081ffffffffffffffffffffffff0310"
    "40030820c0ffff3f001210ffffffffffffffffffffffff01086080ffffff03600001ffffffffffffffffffffffff"
    "ffff0310c000ff03600001"
)
GOLDEN = {
    True: ("89414e5401017e0161" + ROWS + "8f38339a9e1766ab", "18020209a85044820000a6d27fc6"),
    False: ("89414e5401007e0161" + ROWS + "95f2697c2c0c96a7", "18490007c640c4830100"),
}
GOLDEN_SHORT = {True: "0361c15b01162c", False: "0061627e"}


@pytest.mark.parametrize("check", GOLDEN)
def test_golden_codecs_and_messages_are_read_and_written(check):
    codec, message = map(bytes.fromhex, GOLDEN[check])
    short = bytes.fromhex(GOLDEN_SHORT[check])
    said = naive.read_codec(codec)
    assert list(said.rows) == [b"", b"a", b"\0\0", b"ab"]
    trained = TrainedCodec.from_bytes(codec)
    for blob, content in ((message, b"abracadabra, abracadabra"), (short, b"ab~")):
        assert naive.decode(said, blob) == content
        assert trained.decompress(blob) == content
        assert trained.compress(content) == blob
