"""Data and a codec make a message of its own, which gives nothing but these data back."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.bitsback import (
    Autoregressive,
    Bernoulli,
    BitsBack,
    Buckets,
    Gaussian,
    Serial,
    Stack,
    Unfolded,
    Uniform,
    decode,
    encode,
)
from ansflow.errors import AnsflowError, CorruptDataError, ModelError, TruncatedError

WORDS = Uniform(2**32, 4)


def latent(n):
    """Gaussian data with a latent for each number; so wide a posterior excludes no sample."""
    buckets = Buckets(10)
    return BitsBack(
        buckets.prior(n),
        lambda z: Gaussian(9 * buckets.centres[z], np.full(n, 3.0), -50, 50),
        lambda x: buckets.posterior(x / 10, np.full(n, 2.0)),
    )


CODECS = {
    "uniform": Uniform(1000, 50),
    "bits": Bernoulli(0.01, 200),
    "one bit": Bernoulli(0.5, 1),
    "nothing": Uniform(1, 5),
    "no symbols": Uniform(9, 0),
    "latent": latent(40),
    "latent that nothing depends on": BitsBack(WORDS, lambda z: Uniform(1, 1), lambda x: WORDS),
    "latent that is nearly as likely afterwards": BitsBack(
        WORDS, lambda z: Bernoulli(1.0, 1), lambda x: WORDS
    ),
    "unfolded": Serial([Unfolded(latent(300), 16), Uniform(2**64, 40)]),
    "autoregressive": Autoregressive(lambda items: Uniform(3 + len(items), 2), 30),
}


def same(x, y):
    return all(map(np.array_equal, x, y)) if isinstance(x, tuple | list) else np.array_equal(x, y)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_data_come_back(name, seed):
    codec = CODECS[name]
    for source in range(20):
        data = codec.pop(Stack(seed=source))
        message = encode(data, codec, seed=seed)
        assert same(decode(message, codec, seed=seed), data)
        assert encode(data, codec, seed=seed) == message


@given(st.lists(st.integers(0, 999), min_size=50, max_size=50))
def test_a_message_is_no_longer_than_its_bits_and_a_head(numbers):
    codec = CODECS["uniform"]
    message = encode(numbers, codec)
    assert len(message) <= 50 * np.log2(1000) / 8 + 8
    assert decode(message, codec).tolist() == numbers
    assert decode(bytearray(message), codec).tolist() == numbers
    assert decode(memoryview(message), codec).tolist() == numbers


MESSAGES = {
    name: encode(CODECS[name].pop(Stack(seed=3)), CODECS[name])
    for name in ("uniform", "bits", "latent", "unfolded")
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_cut_is_noticed(name):
    message = MESSAGES[name]
    for size in range(len(message)):
        with pytest.raises(CorruptDataError):
            decode(message[:size], CODECS[name])
    for size in range(8):
        with pytest.raises(TruncatedError):
            decode(message[:size], CODECS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_accepted_is_the_message_of_what_it_gives(name):
    """A flipped bit may give other data, if all data are likely, but never the same data."""
    message = MESSAGES[name]
    for bit in range(0, 8 * len(message), 1 if len(message) < 500 else 37):
        broken = bytearray(message)
        broken[bit // 8] ^= 1 << bit % 8
        try:
            data = decode(bytes(broken), CODECS[name])
        except AnsflowError:
            continue
        assert encode(data, CODECS[name]) == broken


@given(st.sampled_from(sorted(CODECS)), st.binary(max_size=400), st.integers(0, 2**32))
def test_any_bytes_are_a_message_or_an_error(name, data, seed):
    codec = CODECS[name]
    if seed % 2:  # more like a message: it ends as it should
        data = encode(codec.pop(Stack(seed=seed)), codec)[: len(data)] + data[:8]
    try:
        x = decode(data, codec)
    except AnsflowError:
        return
    assert encode(x, codec) == data


@pytest.mark.parametrize("name", MESSAGES)
def test_longer_messages_are_noticed(name):
    for more in (b"\0", bytes(4), b"\xff" * 4, bytes(400)):
        with pytest.raises(CorruptDataError):
            decode(MESSAGES[name] + more, CODECS[name])


def test_another_seed_is_noticed():
    for name, message in MESSAGES.items():
        with pytest.raises(CorruptDataError):
            decode(message, CODECS[name], seed=1)


def test_impossible_data():
    with pytest.raises(ModelError):
        encode([1000] * 50, CODECS["uniform"])
    with pytest.raises(ValueError, match="shape"):
        encode([1], CODECS["uniform"])


def test_the_layout_is_a_head_and_the_words_from_the_top():
    data = np.arange(50) * 17
    stack = Stack(seed=7)
    CODECS["uniform"].push(stack, data)
    expected = int(stack.heads[0]).to_bytes(8, "little")
    expected += b"".join(word.to_bytes(4, "little") for word in stack.words.tolist()[::-1])
    assert encode(data, CODECS["uniform"], seed=7) == expected


def test_messages_stay_as_they_are():
    golden = "6ceef1276f605100d8dc8e6f44cb4d0ab0b978131ca8e8ae"
    assert encode(np.arange(1, 6), Uniform(10**9, 5)).hex() == golden
