"""What `compress` writes is what FORMAT.md says, by a decoder that was written from it alone."""

import naive_frame as naive
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow

# A cheap source of skewed bytes of any length that looks like no formula to the coder.
SKEWED = bytes(i * i % 7 * (i % 3) for i in range(5000))

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
PRECISIONS = st.integers(8, 16)


def kinds(blob):
    return [block.kind for block in naive.read(blob).blocks]


# Few values, so that some blocks are coded, some constant and the short ones stored.
def contents(max_size):
    few = st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 255]), max_size=max_size).map(bytes)
    repeated = st.tuples(few, st.integers(1, 20)).map(lambda pair: pair[0] * pair[1])
    return st.binary(max_size=max_size) | few | repeated


@given(contents(100), st.integers(1, 3000), PRECISIONS, LANES)
@example(SKEWED, 2**18, 12, 32)
@example(b"", 1, 8, 1)
@settings(max_examples=40)
def test_bytes(content, block_size, precision, lanes):
    blob = ansflow.compress(content, block_size=block_size, precision=precision, lanes=lanes)
    frame = naive.read(blob)
    assert frame.content == content
    assert (frame.kind, frame.block_size, frame.planes) == (naive.BYTES, block_size, 1)


@pytest.mark.parametrize("precision", range(8, 17))
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_every_precision_and_number_of_lanes(precision, lanes):
    content = SKEWED[: 1024 * lanes] * 2 if lanes <= 4 else SKEWED * 27
    blob = ansflow.compress(content, precision=precision, lanes=lanes)
    (block,) = naive.read(blob).blocks
    assert block.content == content
    assert (block.kind, block.precision, 1 << block.lanes_log2) == (naive.CODED, precision, lanes)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ab", [naive.STORED]),
        (b"aaaa", [naive.CONSTANT]),
        (b"a", [naive.CONSTANT]),
        (SKEWED, [naive.CODED]),
        (b"", []),
    ],
)
def test_every_kind_of_block(content, expected):
    assert kinds(ansflow.compress(content)) == expected


# A byte of a walk says much about the next; so blocks are coded with contexts.
STEPS = np.random.default_rng(0).integers(-1, 2, 9000)
WALK = (np.cumsum(STEPS) % 256).astype(np.uint8).tobytes()


@given(st.integers(0, 9000), st.integers(1, 9000), PRECISIONS, LANES)
@example(9000, 9000, 12, 64)
@example(2000, 700, 8, 1)
@settings(max_examples=20)
def test_contexts(size, block_size, precision, lanes):
    content = WALK[:size]
    blob = ansflow.compress(
        content, block_size=block_size, precision=precision, lanes=lanes, order=1
    )
    frame = naive.read(blob)
    assert frame.content == content
    assert len(blob) <= len(
        ansflow.compress(content, block_size=block_size, precision=precision, lanes=lanes)
    )


@pytest.mark.parametrize("lanes", [1, 8, 32])
def test_contexts_are_used_where_they_help(lanes):
    content = (WALK * 4)[:33_000]
    blob = ansflow.compress(content, block_size=33_000, lanes=lanes, order=1)
    (block,) = naive.read(blob).blocks
    assert (block.kind, 1 << block.lanes_log2) == (naive.CONTEXTS, lanes)
    assert len(blob) < 0.5 * len(ansflow.compress(content))
    independent = np.random.default_rng(1).geometric(0.1, 5000).astype(np.uint8).tobytes()
    assert kinds(ansflow.compress(independent, order=1)) == [naive.CODED]


def test_all_kinds_in_one_frame():
    content = bytes(500) + SKEWED[:500] + bytes(range(250)) * 2 + b"end"
    blob = ansflow.compress(content, block_size=500)
    assert kinds(blob) == [naive.CONSTANT, naive.CODED, naive.STORED, naive.STORED]
    assert naive.read(blob).content == content


@given(
    st.sampled_from(["u1", "<i4", ">u2", "<f8", "S3", "V64", "V65", "M8[s]"]),
    st.integers(0, 40),
    st.integers(1, 50),
)
@settings(max_examples=40)
def test_planes_of_arrays(dtype, items, block_size):
    dtype = np.dtype(dtype)
    content = SKEWED[: items * dtype.itemsize]
    array = np.frombuffer(content, dtype)
    frame = naive.read(ansflow.compress(array, block_size=block_size))
    assert frame.kind == naive.ARRAY
    assert frame.planes == (dtype.itemsize if dtype.itemsize <= 64 else 1)
    assert frame.content == content
    assert frame.description == {"dtype": dtype.str, "shape": [items]}


def test_orders_of_bytes_and_axes():
    array = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    for given_array, fortran in ((array, False), (array.T, True), (array[:, ::2], False)):
        frame = naive.read(ansflow.compress(given_array))
        assert frame.fortran is fortran
        assert frame.content == given_array.tobytes(order="F" if fortran else "C")
        assert frame.description == {"dtype": ">i2", "shape": list(given_array.shape)}


def test_structured_types_as_lists():
    dtype = np.dtype([("a", "<u2"), ("b", [("c", "S2")], (2,)), ("d", "<f4", (1, 2))])
    frame = naive.read(ansflow.compress(np.zeros(2, dtype)))
    assert frame.description["dtype"] == [
        ["a", "<u2"],
        ["b", [["c", "|S2"]], [2]],
        ["d", "<f4", [1, 2]],
    ]


@given(contents(100), PRECISIONS, LANES)
@example(SKEWED, 12, 2)
@settings(max_examples=40)
def test_the_naive_encoder_writes_the_same_payload(content, precision, lanes):
    """Not the same choice of frequencies: the format leaves that to the encoder."""
    content = (content * 50)[:6000]
    for block in naive.read(ansflow.compress(content, precision=precision, lanes=lanes)).blocks:
        if block.kind == naive.CODED:
            freq, used = naive.read_table(block.payload, precision)
            assert naive.write_table(freq, precision) == block.payload[:used]
            stream = naive.write_stream(content, freq, precision, 1 << block.lanes_log2)
            assert stream == block.payload[used:]


@given(
    contents(60).filter(len),
    PRECISIONS,
    st.integers(0, 6),
    st.lists(st.integers(0, 255), min_size=1, max_size=20),
)
@settings(max_examples=40)
def test_ansflow_reads_what_the_naive_encoder_writes(content, precision, lanes_log2, spread):
    """Also what `compress` wouldn't write: more lanes than bytes, frequencies that don't fit."""
    freq = [0] * 256
    for value in content:
        freq[value] = 1
    for value in spread:  # the rest goes anywhere, also to values that don't occur
        freq[value] += (2**precision - len(set(content))) // len(spread)
    freq[content[0]] += 2**precision - sum(freq)
    payload = naive.write_table(freq, precision)
    payload += naive.write_stream(content, freq, precision, 2**lanes_log2)
    check = naive.xxhash.xxh3_64_intdigest(content)
    block = naive.write_block(naive.CODED, len(content), payload, check, lanes_log2, precision)
    blob = naive.write_header(size=len(content)) + block
    assert naive.read(blob).content == content
    assert ansflow.decompress(blob) == content


def test_any_number_of_planes_may_be_asked_for():
    """P needn't be the size of an item."""
    content = bytes(range(12))
    blocks = [
        naive.write_block(
            naive.STORED,
            4,
            content[j::3],
            naive.xxhash.xxh3_64_intdigest(content[j::3], seed=j),
        )
        for j in range(3)
    ]
    description = b'{"extra":0,"shape":[6],"dtype":"<u2"}'
    head = naive.write_header(naive.ARRAY, 12, 4, 3, description)
    blob = head + b"".join(blocks)
    assert naive.read(blob).content == content
    assert np.array_equal(ansflow.decompress(blob), np.frombuffer(content, "<u2"))
