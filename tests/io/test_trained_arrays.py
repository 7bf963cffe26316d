"""Trained codecs for arrays: what FORMAT.md says, close to the code length, safe with any bytes."""

import functools
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import naive_numbers as nodes
import naive_trained as bytewise
import naive_trained_arrays as naive
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_payload import write_table, write_varint
from naive_recipe import Bytes
from stored_arrays import DTYPES, array_of, awkward

import ansflow
from ansflow import TrainedArrayCodec, TrainedCodec
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.models import quantize


def rows(seed, has_check=True):
    """Some symbols in each row, so that others need escapes."""
    rng = np.random.default_rng(seed)
    escape = 255
    found = {}
    for context in (b"", b"\0", b"\6", b"\5\6")[: 1 + seed % 4]:
        weights = np.zeros(256)
        weights[:200] = 0.97 ** np.arange(200) * rng.random(200)
        weights[escape] = 0.5
        weights[rng.integers(0, 200, 80 * len(context))] = 0
        found[context] = quantize(weights, 12).tolist()
    return bytewise.Codec(escape, found, has_check)


ORDERED, DELTA, LOG = nodes.Ordered(1, 0), nodes.Delta((0,)), nodes.Log(0)

# What a codec may be told: the dtype, lengths of axes, and nodes. Numbers are to be such that all
# of them come through.
SAID = {
    "bytes of numbers": ("<i4", [None], [Bytes()]),
    "items of three bytes": ("|V3", [20], [Bytes()]),
    "symbols": ("|u1", [90], []),
    "differences are symbols": ("|i1", [None, 5], [ORDERED, nodes.Delta((0, 1))]),
    "logarithmic": ("<u2", [None, None], [LOG]),
    "differences": ("<i2", [50], [ORDERED, DELTA, LOG]),
    "big-endian": (">i2", [50], [nodes.Ordered(5, 0), DELTA, LOG]),
    "floats": ("<f4", [3, None], [nodes.Ordered(2, 0), nodes.Delta((0, 1)), LOG]),
    "low bits": ("<f8", [30], [nodes.Ordered(2, 32), DELTA, LOG]),
    "multiples": ("<i8", [30], [ORDERED, nodes.Affine(0, 3), DELTA, LOG]),
    "linear": ("<u4", [40], [nodes.Lin(0, 24, 1)]),
    "linear, of differences": ("<u2", [40], [DELTA, nodes.Lin(0, 4, 1)]),
    "decimals": ("<f8", [40], [nodes.Decimal(0, 10.0, 0), nodes.Delta((0, 0)), LOG]),
    "big-endian decimals": (">f4", [None], [nodes.Decimal(3, 0.5, 0), DELTA, LOG]),
    "corrected decimals": ("<f8", [40], [nodes.Decimal(4, 10.0, 0), DELTA, LOG]),
    "a dictionary": ("<u2", [None], [naive.Dictionary([*range(1, 70, 3)])]),
    "a dictionary of differences": (
        "<i8",
        [None, 3],
        [ORDERED, nodes.Delta((0,)), naive.Dictionary([0, 5, 6, 11, 12, 17, 18, 23])],
    ),
    "a dictionary of decimals, with a mask": (
        ">f4",
        [40],
        [
            nodes.Mask(0xC07F, 0),
            nodes.Decimal(6, 10.0, 0),
            DELTA,
            naive.Dictionary([0, 5, 6, 11, 12]),
        ],
    ),
    "a mask": ("<u2", [None, 2], [nodes.Mask(31, 0), DELTA, LOG]),
    "a mask and big-endian, corrected decimals": (
        ">f4",
        [None],
        [nodes.Mask(0xC07F, 0), nodes.Decimal(6, 10.0, 0), DELTA, LOG],
    ),
}


def numbers_for(name, shape):
    dtype = np.dtype(SAID[name][0])
    count = int(np.prod(shape))
    steps = np.random.default_rng(0).integers(-2, 3, count)
    walk = 3 * np.cumsum(steps) + (1000 if dtype.kind == "f" else 31)
    if name == "linear":
        return ((walk % 4).astype("u4") << 24 | 77).reshape(shape)
    if "corrected" in name or "with a mask" in name:
        found = (walk * 0.1).astype(dtype)  # not always the float that is nearest to a tenth
        found[5::7] = np.nan if "mask" in name else 1
        return found.reshape(shape)
    if "decimals" in name:
        return (walk / 10 if dtype.itemsize == 8 else walk * 0.5).astype(dtype).reshape(shape)
    if dtype.kind == "V":
        return array_of(dtype, shape)
    return walk.astype(dtype).reshape(shape)


@pytest.mark.parametrize("has_check", [True, False])
@pytest.mark.parametrize("name", SAID)
def test_as_the_format_says(name, has_check):
    dtype, shape, recipe = SAID[name]
    said = naive.Codec(dtype, shape, recipe, rows(len(name), has_check))
    assert naive.read_codec(naive.write_codec(said)) == said
    codec = TrainedArrayCodec.from_bytes(naive.write_codec(said))
    assert codec.to_bytes() == naive.write_codec(said)
    assert (codec.dtype.str, list(codec.shape)) == (np.dtype(dtype).str, shape)
    coded = 0
    for length in (1, 30):
        array = numbers_for(name, [length if told is None else told for told in shape])
        message = codec.compress(array)
        content = array.tobytes()
        written = naive.encode(said, content, list(array.shape))
        is_chunk = message[len(naive.lengths_of(said, array.shape))] == 0
        assert is_chunk or message == written
        coded += not is_chunk
        for blob in (message, written):
            assert naive.decode(said, blob) == (content, list(array.shape))
            same = codec.decompress(blob)
            assert (same.dtype, same.shape, same.tobytes()) == (array.dtype, array.shape, content)
            assert same.flags.writeable
    assert coded


RNG = np.random.default_rng(0)
WALKS = RNG.normal(0, 20, (120, 200)).cumsum(axis=1).astype("i2")
FIELDS = RNG.normal(0, 1, (60, 12, 16)).cumsum(axis=1).cumsum(axis=2).astype("f4")
PRICES = np.round(100 + RNG.normal(0, 0.02, (80, 100)).cumsum(axis=1), 2)
TIMES = 10**12 + 1000 * RNG.integers(900, 1100, (60, 100)).cumsum(axis=1)
MORE = np.random.default_rng(1)
KINDS = np.sort(MORE.integers(0, 2**31, 30)).astype("u4")
OTHERS = MORE.integers(0, 2**31, (60, 40)).astype("u4")
GAPS = np.array([60_013, 119_987, 3_600_001])
SAMPLES = {
    "walks": list(WALKS),
    "fields": list(FIELDS),
    "prices": list(PRICES),
    "times": list(TIMES),
    "pixels": list(FIELDS.astype("u1")),
    "lengths": [walk[: 50 + i] for i, walk in enumerate(WALKS)],
    "near": list(np.arange(-40, 60) * 0.1 + 0.1 * RNG.integers(0, 4, (40, 1))),
    "kinds": list(KINDS[MORE.integers(0, 30, (60, 40))]),
    "kinds and others": list(np.where(MORE.random((60, 40)) < 0.1, OTHERS, KINDS[OTHERS % 30])),
    "gaps": list(10**12 + GAPS[MORE.integers(0, 3, (60, 60))].cumsum(axis=1)),
    "missing": list(np.where(RNG.random(PRICES.shape) < 0.08, np.nan, PRICES)),
}
CODECS = [f"{name}, {check}" for name in SAMPLES for check in ("checked", "unchecked")]


@functools.cache
def trained(name):
    """One of the codecs; all would take each process that collects tests seconds."""
    some, check = name.split(", ")
    return ansflow.train(SAMPLES[some][:-4], check=check == "checked")


def with_check():
    return trained("lengths, checked")


def without_check():
    return trained("lengths, unchecked")


@pytest.mark.parametrize("name", CODECS)
def test_what_training_finds_is_as_the_format_says(name):
    codec = trained(name)
    said = naive.read_codec(codec.to_bytes())
    assert naive.write_codec(said) == codec.to_bytes()
    for array in SAMPLES[name.partition(",")[0]][-3:]:
        message = codec.compress(array)
        assert naive.encode(said, array.tobytes(), list(array.shape)) == message
        assert naive.decode(said, message) == (array.tobytes(), list(array.shape))
        over = len(message) - codec.code_length(array) / 8
        assert 0 <= over <= (8 if codec.check else 5) + len(naive.lengths_of(said, array.shape))


def test_recipes_are_those_that_suit():
    found = {name.partition(",")[0]: trained(name).recipe for name in CODECS}
    assert found["walks"] == found["lengths"] == "ordered[signed](delta[0](log))"
    assert found["prices"] == "decimal[100.0](delta[0](dict(stream, bytes)), log, bytes)"
    assert found["kinds"] == found["kinds and others"] == "dict(stream, bytes)"
    assert found["gaps"] == "delta[0](dict(stream, bytes))"
    assert found["times"].startswith("affine[1000](delta")
    assert "delta" in found["pixels"]
    assert found["near"].startswith("decimal[10.0, near](")
    assert found["missing"].startswith("mask[9221120237041090560](decimal[100.0](")
    for name, some in SAMPLES.items():
        size = sum(len(trained(f"{name}, checked").compress(one)) for one in some[-10:])
        assert size <= sum(len(ansflow.encode_chunk(one, ansflow.plan(one))) for one in some[-10:])


BITS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    "name",
    [
        *("fields, checked", "prices, unchecked", "times, checked", "near, checked"),
        *("missing, checked", "gaps, checked"),
    ],
)
@given(bits=st.lists(BITS, max_size=40), begin=st.integers(0, 60))
def test_any_values_come_back(name, bits, begin):
    codec = trained(name)
    array = SAMPLES[name.partition(",")[0]][0].copy()
    flat = array.reshape(-1).view(f"u{array.itemsize}")
    flat[begin : begin + len(bits)] = np.array(bits, "u8")[: flat.size - begin]
    message = codec.compress(array)
    assert codec.decompress(message).tobytes() == array.tobytes()
    assert len(message) <= array.nbytes + 70
    said = naive.read_codec(codec.to_bytes())
    assert naive.decode(said, message) == (array.tobytes(), list(array.shape))


@pytest.mark.parametrize("name", ["kinds, checked", "gaps, unchecked"])
def test_numbers_that_are_all_outside_the_dictionary_come_back(name):
    codec = trained(name)
    for high in (1, 50, 2**31):
        array = MORE.integers(0, high, codec.shape).astype(codec.dtype)
        message = codec.compress(array)
        assert codec.decompress(message).tobytes() == array.tobytes()
        assert len(message) <= array.nbytes + 70


def test_decimals_some_of_which_are_none():
    """Corrections of any size are what others than trained codecs have for them."""
    wild = np.random.default_rng(3)
    prices, others = np.round(wild.normal(100, 9, (40, 60)), 2), wild.normal(100, 9, (40, 60))
    samples = list(np.where(wild.random(prices.shape) < 0.15, others, prices))
    assert "far" in str(ansflow.plan(np.concatenate(samples)).recipe)
    codec = TrainedArrayCodec.from_bytes(ansflow.train(samples).to_bytes())
    for array in (*samples, prices[0], others[0]):
        assert codec.decompress(codec.compress(array)).tobytes() == array.tobytes()


def test_exceptions_of_decimals_are_few_bytes():
    codec = trained("prices, checked")
    plain = PRICES[-1]
    missing = plain.copy()
    missing[[0, 1, 50, 99]] = np.nan, -0.0, np.inf, 1e300
    message = codec.compress(missing)
    assert codec.decompress(message).tobytes() == missing.tobytes()
    # What comes before and behind an exception differs by more than the dictionary has.
    assert len(message) < len(codec.compress(plain)) + 2 + 3 + 3 + 13 + 8


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_dtypes(dtype):
    codec = ansflow.train([array_of(dtype, (8, 9)), array_of(dtype, (8, 9))[::-1]], order=1)
    array = array_of(dtype, (8, 9))[:, ::-1]
    same = codec.decompress(codec.compress(array))
    assert (same.dtype, same.tobytes()) == (array.dtype, array.tobytes())
    again = TrainedArrayCodec.from_bytes(codec.to_bytes())
    assert again.compress(array) == codec.compress(array)


@pytest.mark.parametrize("name", awkward())
def test_awkward_arrays(name):
    array = awkward()[name]
    samples = [array, np.ones([max(1, length) for length in array.shape], array.dtype)]
    codec = ansflow.train(samples, order=0, shape=[None] * array.ndim)
    same = codec.decompress(codec.compress(array))
    assert (same.dtype, same.shape) == (array.dtype, array.shape)
    assert same.tobytes() == array.tobytes()
    assert codec.decompress(bytearray(codec.compress(array))).tobytes() == array.tobytes()


def test_any_damage_of_a_checked_message_is_noticed():
    wild = np.random.default_rng(1).integers(-(2**15), 2**15, 70).astype("i2")
    kinds = trained("kinds and others, checked")
    for codec, array in (
        *((with_check(), one) for one in (WALKS[-1][:60], wild, WALKS[-1][:0])),
        (kinds, SAMPLES["kinds and others"][-1]),
    ):
        message = codec.compress(array)
        for place in range(8 * len(message)):
            damaged = bytearray(message)
            damaged[place // 8] ^= 1 << place % 8
            try:
                found = codec.decompress(damaged)
            except AnsflowError:
                continue
            # In bare chunks there are bits that mean nothing.
            assert array is wild
            assert np.array_equal(found, array)
        for size in range(len(message)):
            with pytest.raises(CorruptDataError):
                codec.decompress(message[:size])
        for more in (b"\0", b"\0\0", b"abcd"):
            with pytest.raises(CorruptDataError):
                codec.decompress(message + more)


def test_shapes_are_checked_with_the_content():
    codec = ansflow.train([np.ones((6, 8), "i2"), np.ones((8, 6), "i2")])
    message = codec.compress(np.ones((2, 3), "i2"))
    for swapped in (b"\3\2", b"\1\6"):
        with pytest.raises(CorruptDataError, match="another codec"):
            codec.decompress(swapped + message[2:])


def test_messages_of_another_codec_are_refused():
    other = ansflow.train(SAMPLES["lengths"][1:])
    with pytest.raises(CorruptDataError):
        other.decompress(with_check().compress(WALKS[0]))


@given(message=st.binary(max_size=60))
def test_any_bytes_are_a_message_or_an_error(message):
    with pytest.raises(AnsflowError):
        with_check().decompress(message)
    for name in (
        *("lengths", "prices", "fields", "pixels", "times", "near", "missing"),
        *("kinds", "gaps"),
    ):
        codec = trained(f"{name}, unchecked")
        with suppress(AnsflowError):
            array = codec.decompress(message, max_size=1 << 16)
            assert codec.decompress(codec.compress(array)).tobytes() == array.tobytes()


def test_lengths_are_limited():
    for length in (1 << 24, (1 << 64) - 1):
        with pytest.raises(CorruptDataError, match="shape"):
            without_check().decompress(write_varint(length) + b"\1\1")
    with pytest.raises(LimitError, match="max_size=100"):
        without_check().decompress(without_check().compress(WALKS[0]), max_size=100)
    with pytest.raises(LimitError, match="max_size=100"):
        trained("walks, checked").decompress(b"", max_size=100)
    with pytest.raises(ValueError, match=r"use ansflow\.compress"):
        without_check().compress(np.zeros(1 << 23 | 1, "i2"))


def test_damaged_codecs_are_refused():
    data = ansflow.train([np.arange(9, dtype="i2")]).to_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        for wrong in (damaged, data[:at]):
            with pytest.raises(CorruptDataError):
                TrainedArrayCodec.from_bytes(wrong)
    with pytest.raises(CorruptDataError, match="of this kind"):
        TrainedCodec.from_bytes(data)
    with pytest.raises(CorruptDataError, match="of this kind"):
        TrainedArrayCodec.from_bytes(ansflow.train([b"abc"]).to_bytes())


def signed(description, recipe):
    told = write_varint(len(description)) + description + recipe
    table = b"\0\0\0" + write_table([2048, 2048], 12)
    return bytewise.sign(b"\x89ANA\x01\x01" + told + table)


I2 = b'{"dtype":"<i2","shape":[9]}'
F8 = I2.replace(b"<i2", b"<f8")
LOG_ALONE = b"\x85\0"
WRONG = {
    "no JSON": (b"{", LOG_ALONE, "description"),
    "no object": (b"[]", LOG_ALONE, "description"),
    "more keys": (I2[:-1] + b',"more":1}', LOG_ALONE, "description"),
    "no dtype": (b'{"shape":[9]}', LOG_ALONE, "description"),
    "objects": (b'{"dtype":"|O","shape":[9]}', LOG_ALONE, "description"),
    "no bytes": (b'{"dtype":"|S0","shape":[9]}', LOG_ALONE, "description"),
    "large items": (b'{"dtype":"|S65","shape":[9]}', LOG_ALONE, "description"),
    "negative": (b'{"dtype":"<i2","shape":[-9]}', LOG_ALONE, "description"),
    "large": (b'{"dtype":"<i2","shape":[8388609]}', LOG_ALONE, "description"),
    "axes": (b'{"dtype":"<i2","shape":[%s]}' % b",".join([b"1"] * 33), LOG_ALONE, "description"),
    "planes": (I2, b"\x81", "recipe"),
    "two tokens": (I2, b"\5\0\x85\0\0", "recipe"),
    "deltas of tokens": (I2, b"\5\0\x84\1\0\0", "recipe"),
    "raw bits in deltas": (I2, b"\5\0\0\x84\1\0", "recipe"),
    "raw bits": (I2, b"\x85\1", "recipe"),
    "wide tokens": (I2, b"\x86\0\0\2", "recipe"),
    "no tokens": (I2, b"\x84\1\0", "recipe"),
    "twice": (I2, b"\4\1\0\4\1\0\x85\0", "recipe"),
    "rising": (I2, b"\4\x09\0\5\x85\0", "recipe"),
    "another order": (I2, b"\4\1\0\3\1\0\x85\0", "recipe"),
    "no such axis": (I2, b"\4\1\1\x85\0", "axis 1"),
    "no bits": (I2, b"\3\1\x10\x85\0", "16 low bits"),
    "no step": (I2, b"\x08\0\0\x85\0", "affine"),
    "exact decimals": (F8, b"\7\x10\0\0\0\0\0\0\x59\x40\x85\0", "recipe"),
    "exact decimals of a whole factor": (F8, b"\7\x30\x64\x85\0", "recipe"),
    "a whole factor": (F8, b"\7\x20\x64\0\x85\0\x82\x82", "recipe"),
    "a lag": (I2, b"\x0a\0\1\x85\0\0", "recipe"),
    "a large pattern": (I2, b"\x0a\x80\x80\4\0\x85\0\0", "pattern"),
    "two masks": (I2, b"\x0a\0\0\x0a\1\0\x85\0\0\0", "recipe"),
    "a mask inside": (I2, b"\3\1\0\x0a\0\0\x85\0\0", "recipe"),
    "a mask of bytes": (I2, b"\x0a\0\0\x82\0", "recipe"),
    "a mask in another form": (I2, b"\x0a\0\0\x85\0\x82", "recipe"),
    "a dictionary without values": (I2, b"\x09\1\0\x82\0", "0 values"),
    "a dictionary that is cut off": (I2, b"\x09\1\0\x82\xff\1", "cut off"),
    "a large dictionary": (I2, b"\x09\1\0\x82\x80\2" + bytes(512), "256 values"),
    "a dictionary that does not ascend": (I2, b"\x09\1\0\x82\2\1\0\1\0", "ascend"),
    "a dictionary of two values": (I2, b"\x09\2\0\x82\1\1\0", "dict"),
    "a dictionary whose values are a stream": (I2, b"\x89\1\1\1\0", "recipe"),
    "a dictionary of bytes": (I2.replace(b"<i2", b"|i1"), b"\x09\1\0\x82\1\0", "dict"),
    "a mask of single bytes": (
        I2.replace(b"<i2", b"|i1"),
        b"\x0a\0\0\x85\0\0",
        "recipe",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_codecs_that_are_signed_but_wrong_are_refused(name):
    description, recipe, text = WRONG[name]
    with pytest.raises(CorruptDataError, match=text):
        TrainedArrayCodec.from_bytes(signed(description, recipe))


def test_codecs_of_later_releases_are_refused():
    for data, text in ((b"\x89ANA\x02", "version 2"), (b"\x89ANA\x01\x02", "flags")):
        with pytest.raises(UnsupportedError, match=text):
            TrainedArrayCodec.from_bytes(bytewise.sign(data))
    with pytest.raises(UnsupportedError, match="127"):
        TrainedArrayCodec.from_bytes(signed(I2, b"\x7f"))


def test_codecs_are_pickled_and_print_what_they_are():
    same = pickle.loads(pickle.dumps(with_check()))
    assert same.to_bytes() == with_check().to_bytes()
    assert f"{with_check().identity:016x}: int16 (None,), ordered" in repr(same)


@pytest.mark.parametrize("name", ["missing, checked", "kinds and others, unchecked"])
def test_threads_share_a_codec(name):
    codec, arrays = trained(name), SAMPLES[name.partition(",")[0]]
    expected = [codec.compress(array) for array in arrays]

    def codes(number):
        for array, message in zip(arrays[number::4], expected[number::4], strict=True):
            for _ in range(20):
                assert codec.compress(array) == message
                assert codec.decompress(message).tobytes() == array.tobytes()
        return number

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(codes, range(4))) == [0, 1, 2, 3]
    finally:
        sys.setswitchinterval(interval)


def test_no_array_leaves_a_trace_in_the_next_ones():
    wild = np.random.default_rng(2)
    codec = ansflow.train([array[: 20 + i] for i, array in enumerate(SAMPLES["missing"])])
    large, pairs, coded = np.round(100 + wild.normal(0, 0.02, 5000).cumsum(), 2), [], 0
    some = (0, 1, 2, 40, 5000, 40, 1500, 5000)
    for length in (*some, *range(200, 350), *range(1100, 1106), *some):
        array = large[:length].copy()
        array[3::5] = np.nan
        array[5::20] = wild.random(array[5::20].size)
        message = TrainedArrayCodec.from_bytes(codec.to_bytes()).compress(array)
        assert codec.compress(array) == codec.compress(np.repeat(array, 2)[::2]) == message
        pairs.append((array, codec.decompress(message)))
        coded += message[len(write_varint(length))] > 0
        if length:
            with pytest.raises(CorruptDataError):
                codec.decompress(message[:-1])
        assert codec.decompress(message).tobytes() == array.tobytes()
    assert coded > 150
    for array, same in pairs:
        assert same.tobytes() == array.tobytes()


def test_shapes_are_those_of_the_samples_or_told():
    samples = [np.zeros((3, 4), "i2"), np.zeros((5, 4), "i2")]
    assert ansflow.train(samples).shape == (None, 4)
    assert ansflow.train(samples[:1]).shape == (3, 4)
    assert ansflow.train(samples[:1], shape=[3, None]).shape == (3, None)
    for shape in ([3, 4], [None], [None, None, None], [None, 5]):
        with pytest.raises(ValueError, match="not that of all samples"):
            ansflow.train(samples, shape=shape)
    codec = ansflow.train(samples)
    for wrong in (np.zeros((3, 5), "i2"), np.zeros(4, "i2")):
        with pytest.raises(ValueError, match="with shape="):
            codec.compress(wrong)


def test_arguments():
    array = np.zeros(9, "i2")
    for samples in ([array, b"\0\0"], [b"\0\0", array]):
        with pytest.raises(TypeError, match="or none"):
            ansflow.train(samples)
    for samples, error, text in (
        ([array, array.astype("i4")], TypeError, "one dtype"),
        ([array, array[None]], ValueError, "equally many axes"),
        ([array[:0]], ValueError, "no items"),
        ([np.array([None])], TypeError, "objects"),
        ([np.zeros(9, "S65")], TypeError, "64 bytes"),
        ([np.ma.masked_array(array)], TypeError, "masked"),
        ([np.zeros(1 << 24 | 1, "u1")], ValueError, r"use ansflow\.compress"),
    ):
        with pytest.raises(error, match=text):
            ansflow.train(samples)
    with pytest.raises(ValueError, match="samples that are arrays"):
        ansflow.train([b"abc"], shape=[3])
    with pytest.raises(TypeError, match="int16, not int32"):
        without_check().compress(array.astype("i4"))
    with pytest.raises(TypeError, match="masked"):
        without_check().compress(np.ma.masked_array(array))
    with pytest.raises(ValueError, match="max_size"):
        without_check().decompress(b"\0", max_size=-1)


# Codecs with three rows, and messages, as the oracle wrote them: they are read for ever. (What
# stands in place of an exception is the encoder's choice.)
ROWS = (
    "ff0102018202000bd8e682f526e8aaaee2324b28a240af57fb6b6285fe1ea7ed5254f0bb8f6d1109de3d6b0a"
    "c2c7ffffffffffffffffffffffffffffffffffffffffffffffffffff4f0100be40ccc9b99e07f0ffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffff3f300500be40ccc9b99e07f0ffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffff3f3005"
)
STEPS = b'\x89ANA\1%c {"dtype":"<i2","shape":[null,3]}\3\1\0\4\2\0\1\x85\0'
TENTHS = b'\x89ANA\1%c\x1c{"dtype":"<f8","shape":[12]}\7' + bytes(7) + b"$@\0\4\1\0\x85\0\x82\x82"
HOLES = (
    b'\x89ANA\1%c\x1c{"dtype":"<f4","shape":[12]}\x0a\xff\xff\xff\xff\7\0\7\4'
    + b"\0\0\0\0\0\0$@\0\4\1\0\x85\0\x82\x82\0\0"
)
KNOWN = b'\x89ANA\1%c\x1c{"dtype":"<u2","shape":[12]}\x09\1\0\x82\4' + b"\7\0\x64\0\xe8\3\x10\x27"
SOME = np.array([7, 7, 100, 1000, 7, 7, 12345, 10_000, 7, 7, 100, 100], "<u2")
SQUARES = (np.arange(30) ** 2 // 7).astype("<i2").reshape(10, 3)
INEXACT = np.arange(30, 42, dtype="f4") * np.float32(0.1)
INEXACT.view("u4")[[3, 4, 11]] = 0x7FFFFFFF  # a NaN
MISSING = np.array([30, 31, 32, 33, np.nan, 35, 36, 37, 38, 39, 40, 41]) / 10
GOLDEN = {
    "steps, checked": (
        STEPS % 1,
        "8b9378fef87aa04f",
        "0a05fecf00f7733c11fd23603be228b329f01affbfff03",
    ),
    "steps": (STEPS % 0, "64ad067609c60465", "0a05fc9f00f5a3c7f0f4233dc96fc8de9affbfff03"),
    "tenths, checked": (
        TENTHS % 1,
        "4c17cdba84171c11",
        "0cffcfff0b4a6420d3f82ac3ffffffffffff1f04fe3f",
    ),
    "tenths": (
        TENTHS % 0,
        "2f5d9c9ee0aa0270",
        "0cff4f6cf56fa4b1c3ffffffffffff1f04fe3f",
    ),
    "holes, checked": (
        HOLES % 1,
        "ef9789bba5ca2614",
        "05fedf9f1892a3707377e104906a3083d5c3ffff1f",
    ),
    "known, checked": (KNOWN % 1, "72b5b78b17bcbf10", "0323f10cef1279d408d23930"),
    "known": (KNOWN % 0, "713ab1e7b938ea2b", "03b80057266d303930"),
    "holes": (HOLES % 0, "3ad913ccd672b898", "05ff8f66f0e716b0b64984206f61c3ffff1f"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_codecs_and_messages_are_read_and_written(name):
    head, identity, text = GOLDEN[name]
    codec, message = head + bytes.fromhex(ROWS + identity), bytes.fromhex(text)
    array = {"steps": SQUARES, "tenths": MISSING, "known": SOME, "holes": INEXACT}[
        name.partition(",")[0]
    ]
    trained = TrainedArrayCodec.from_bytes(codec)
    assert trained.compress(array) == message
    assert trained.decompress(message).tobytes() == array.tobytes()
    said = naive.read_codec(codec)
    assert naive.decode(said, message) == (array.tobytes(), list(array.shape))
