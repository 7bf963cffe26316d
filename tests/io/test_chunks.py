"""Chunks without a frame: hardly larger than their coded data, and as safe as frames."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import naive_body
import naive_model
import numpy as np
import pytest
import small_vaes
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import AnsflowError, CorruptDataError, ModelError
from ansflow.kernels.tables.frequency_code import write_frequencies
from ansflow.models import Categorical

RNG = np.random.default_rng(0)
SKEWED = RNG.geometric(0.2, 2048).clip(1, 60).astype(np.uint8)
TABLE = Categorical.fit(SKEWED, precision=12)
PLANS = {
    "default": ansflow.Plan(),
    "order 1": ansflow.Plan(order=1, precision=14),
    "tables": ansflow.Plan(tables=[TABLE], lanes=1),
    "items": ansflow.Plan(recipe="stream"),
    "bytes": ansflow.Plan(recipe="bytes"),
}


def back(chunk, plan, like):
    out = np.empty_like(like)
    assert ansflow.decode_chunk(chunk, plan, out) is None
    return out


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("count", [1, 2, 255, 256, 2048, 70_000])
def test_any_size(name, count):
    plan = PLANS[name]
    content = RNG.geometric(0.2, count).clip(1, 60)
    for dtype in ("u1", "<u2", ">i2", "<f8") if name == "default" else ("<u2",):
        array = content.astype(dtype)
        chunk = ansflow.encode_chunk(array, plan)
        assert np.array_equal(back(chunk, plan, array), array)
        assert len(chunk) <= array.nbytes + 2 + array.itemsize
        found = naive_body.read_bare(chunk, array.itemsize, [count], shared=shared(plan))
        assert found == array.tobytes()


def shared(plan):
    """The plan's tables as the oracle has them."""
    pad = [0] * 256
    return [
        ([*pad[: table.low], *table.freq.tolist(), *pad][:256], table.precision)
        for table in plan.tables
    ]


@given(
    hnp.arrays(
        st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.byte_string_dtypes(max_len=80)),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=9),
    )
)
def test_any_array(array):
    plan = PLANS["default"]
    chunk = ansflow.encode_chunk(array, plan)
    assert back(chunk, plan, array).tobytes() == array.tobytes()
    assert (len(chunk) == 0) == (array.nbytes == 0)


def test_scalars_are_arrays_without_axes():
    plan, number = PLANS["default"], np.float64(1.5)
    out = np.empty((), np.float64)
    ansflow.decode_chunk(ansflow.encode_chunk(number, plan), plan, out)
    assert out == number


@given(st.binary(max_size=3000))
def test_bytes(data):
    plan = PLANS["order 1"]
    chunk = ansflow.encode_chunk(data, plan)
    for out in (bytearray(len(data)), memoryview(bytearray(len(data))), np.empty(len(data), "u1")):
        ansflow.decode_chunk(chunk, plan, out)
        assert bytes(out) == data


def test_less_than_eight_bytes_over_the_coded_data():
    """For 2 KiB, with a table of its own and without."""
    precision = 10  # of so few symbols
    freq = np.zeros(256, np.uint32)
    counts = np.bincount(SKEWED, minlength=256)
    freq[:] = ansflow.models.quantize(counts, precision)
    words = SingleCoder(freq, precision).encode(SKEWED, 4)
    table = np.zeros(256 * 8, np.uint8)
    size = int(write_frequencies(freq, np.uint64(1 << precision), table))
    chunk = ansflow.encode_chunk(SKEWED, ansflow.Plan())
    assert words.nbytes + size < len(chunk) < words.nbytes + size + 8
    chunk = ansflow.encode_chunk(SKEWED, ansflow.Plan(tables=[TABLE]))
    assert len(chunk) < ansflow.encode(SKEWED, TABLE, lanes=4).nbytes + 8
    noise = RNG.bytes(2048)
    assert len(ansflow.encode_chunk(noise, ansflow.Plan())) == 2048 + 2


def test_a_chunk_is_what_a_frame_has_of_it():
    array = SKEWED.view("<u4").reshape(16, 32)
    for plan in (ansflow.Plan(recipe="planes"), ansflow.plan(array, level=6)):
        assert ansflow.encode_chunk(array, plan) in ansflow.compress(array, plan=plan)


def test_16_bit_symbols():
    """Thousands of values in one stream: what belongs together isn't torn apart."""
    values = RNG.permutation(20_000).astype("<u2")
    array = values[RNG.geometric(0.01, 50_000).clip(1, 1000)]
    plan = PLANS["items"]
    chunk = ansflow.encode_chunk(array, plan)
    assert np.array_equal(back(chunk, plan, array), array)
    counts = np.unique_counts(array).counts
    ideal = counts @ np.log2(array.size / counts) / 8
    assert ideal < len(chunk) < 1.1 * ideal
    assert len(chunk) < 0.9 * len(ansflow.encode_chunk(array, PLANS["default"]))
    everything = np.arange(1 << 16, dtype="<u2")
    for part in (everything, everything[:257], np.repeat(everything[:300:7], 50)):
        assert np.array_equal(back(ansflow.encode_chunk(part, plan), plan, part), part)


def test_a_model():
    vae, model = small_vaes.make_known("bare", components=2, seed=1)
    content = naive_model.sample(model, 20)
    plan = ansflow.Plan(model=vae)
    chunk = ansflow.encode_chunk(content, plan)
    out = bytearray(len(content))
    ansflow.decode_chunk(chunk, plan, out)
    assert out == content
    with pytest.raises(CorruptDataError, match="no model"):
        ansflow.decode_chunk(chunk, PLANS["default"], out)


def test_tables_that_are_missing_or_others():
    chunk = ansflow.encode_chunk(SKEWED, PLANS["tables"])
    out = np.empty_like(SKEWED)
    with pytest.raises(CorruptDataError, match="shared table 1"):
        ansflow.decode_chunk(chunk, PLANS["default"], out)
    other = ansflow.Plan(tables=[Categorical.fit(SKEWED, precision=13)])
    with pytest.raises(CorruptDataError, match="12 bits of precision"):
        ansflow.decode_chunk(chunk, other, out)


def test_where_content_may_go():
    plan = PLANS["default"]
    chunk = ansflow.encode_chunk(SKEWED, plan)
    for out in (bytes(2048), memoryview(b"x" * 2048)):
        with pytest.raises(ValueError, match="out must be writable"):
            ansflow.decode_chunk(chunk, plan, out)
    for out in (np.empty(4096, "u1")[::2], memoryview(bytearray(4096))[::2]):
        with pytest.raises(ValueError, match="contiguous"):
            ansflow.decode_chunk(chunk, plan, out)
    for out in (None, 5, [0] * 2048, "text"):
        with pytest.raises(TypeError):
            ansflow.decode_chunk(chunk, plan, out)
    for size in (0, 1, 2047, 2049, 4096):
        with pytest.raises(CorruptDataError):
            ansflow.decode_chunk(chunk, plan, bytearray(size))


@pytest.mark.parametrize("content", [None, 5, "text", [1, 2], np.array([object()])])
def test_what_has_no_bytes(content):
    with pytest.raises(TypeError):
        ansflow.encode_chunk(content, PLANS["default"])


def test_what_is_too_large():
    with pytest.raises(ValueError, match="at most 134217728 bytes"):
        ansflow.encode_chunk(np.broadcast_to(np.uint8(0), (1 << 27) + 1), PLANS["default"])


def test_plans_are_checked():
    for options, error in [
        ({"precision": 7}, ValueError),
        ({"lanes": 3}, ValueError),
        ({"order": 2}, ValueError),
        ({"tables": TABLE}, TypeError),
        ({"recipe": "planes("}, ValueError),
    ]:
        with pytest.raises(error):
            ansflow.Plan(**options)
    for options, error in [
        ({"tables": [ansflow.models.Uniform(257)]}, ModelError),
        ({"model": "unknown"}, ModelError),
        ({"model": 5}, TypeError),
    ]:
        with pytest.raises(error):
            ansflow.encode_chunk(b"abc", ansflow.Plan(**options))


CHUNKS = {
    "coded": (np.resize(SKEWED, 4097), PLANS["default"]),
    "contexts": (np.tile(SKEWED[:10], 60), PLANS["order 1"]),
    "shared": (SKEWED[:300], PLANS["tables"]),
    "planes": (np.arange(400, dtype="<u4") % 9, PLANS["default"]),
    "16 bits": (SKEWED[:600].view("<u2"), PLANS["items"]),
    "constant": (np.ones(50, "u1"), PLANS["default"]),
    "stored": (RNG.integers(0, 256, 50, np.uint8), PLANS["default"]),
}


@pytest.mark.parametrize("name", CHUNKS)
def test_any_damage_is_harmless(name):
    """Cuts are noticed; so is most else, or there is other content of the same size."""
    array, plan = CHUNKS[name]
    chunk = ansflow.encode_chunk(array, plan)
    out = np.empty_like(array)
    for end in range(len(chunk)):
        with pytest.raises(CorruptDataError):
            ansflow.decode_chunk(chunk[:end], plan, out)
    noticed = 0
    for at in range(len(chunk)):
        for bit in range(8):
            damaged = bytearray(chunk)
            damaged[at] ^= 1 << bit
            try:
                ansflow.decode_chunk(damaged, plan, out)
            except AnsflowError:
                noticed += 1
    assert noticed > 0
    with pytest.raises(CorruptDataError):
        ansflow.decode_chunk(chunk + b"x", plan, out)


@given(st.binary(max_size=40), st.sampled_from(sorted(CHUNKS)))
def test_any_bytes_are_harmless(data, name):
    array, plan = CHUNKS[name]
    with suppress(CorruptDataError):
        ansflow.decode_chunk(data, plan, np.empty_like(array))


def test_threads_may_share_a_plan():
    plan = ansflow.Plan(order=1)
    arrays = [RNG.integers(0, n, 3000 + n, np.uint8) for n in range(1, 60)]

    def comes_back(array):
        return np.array_equal(back(ansflow.encode_chunk(array, plan), plan, array), array)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(comes_back, arrays))
