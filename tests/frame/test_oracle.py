"""What `compress` writes is what FORMAT.md says, by a decoder that was written from it alone."""

import io
from pathlib import Path

import naive_examples as examples
import naive_frame as naive
import naive_payload as payloads
import naive_seek
import naive_writer as writer
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow

GOLDEN = Path(__file__).parents[1] / "data"

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
def test_bytes(content, chunk_size, precision, lanes):
    blob = ansflow.compress(content, chunk_size=chunk_size, precision=precision, lanes=lanes)
    frame = naive.read(blob)
    assert frame.content == content
    assert (frame.kind, frame.chunk_size, frame.planes) == (naive.BYTES, chunk_size, 1)
    assert frame.indexed == (len(frame.blocks) > 1)


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
def test_contexts(size, chunk_size, precision, lanes):
    content = WALK[:size]
    blob = ansflow.compress(
        content, chunk_size=chunk_size, precision=precision, lanes=lanes, order=1
    )
    frame = naive.read(blob)
    assert frame.content == content
    assert len(blob) <= len(
        ansflow.compress(content, chunk_size=chunk_size, precision=precision, lanes=lanes)
    )


@pytest.mark.parametrize("lanes", [1, 8, 32])
def test_contexts_are_used_where_they_help(lanes):
    content = (WALK * 4)[:33_000]
    blob = ansflow.compress(content, chunk_size=33_000, lanes=lanes, order=1)
    (block,) = naive.read(blob).blocks
    assert (block.kind, 1 << block.lanes_log2) == (naive.CONTEXTS, lanes)
    assert len(blob) < 0.5 * len(ansflow.compress(content))
    independent = np.random.default_rng(1).geometric(0.1, 5000).astype(np.uint8).tobytes()
    assert kinds(ansflow.compress(independent, order=1)) == [naive.CODED]


def test_all_kinds_in_one_frame():
    content = bytes(500) + SKEWED[:500] + bytes(range(250)) * 2 + b"end"
    blob = ansflow.compress(content, chunk_size=500)
    assert kinds(blob) == [naive.CONSTANT, naive.CODED, naive.STORED, naive.STORED]
    assert naive.read(blob).content == content


@given(contents(60), st.integers(1, 500), PRECISIONS, LANES)
@example(SKEWED, 300, 12, 2)
@settings(max_examples=20)
def test_shared_tables(content, chunk_size, precision, lanes):
    """As many as there are models, and some block uses one if that is smaller."""
    freq = payloads.fit(SKEWED + bytes(range(256)), precision)
    models = [
        ansflow.models.Categorical(np.array(freq)),
        ansflow.models.Uniform(256, precision=12),
    ]
    options = {"chunk_size": chunk_size, "precision": precision, "lanes": lanes}
    blob = ansflow.compress(content, models=models, **options)
    frame = naive.read(blob)
    assert frame.content == content
    assert [p for _, p in frame.shared] == [precision, 12]
    assert frame.shared[1][0] == [16] * 256
    if content == SKEWED:
        assert {block.table for block in frame.blocks} == {1}


METADATA = {"name": "é", "numbers": [1, 2.5, None, True], "more": {"": "\0"}}


def test_metadata():
    for content in (b"content", np.arange(4)):
        blob = ansflow.compress(content, metadata=METADATA)
        assert naive.read(blob).metadata == METADATA
    assert naive.read(ansflow.compress(b"content")).metadata in (None, {})


@given(st.lists(contents(40) | st.none(), max_size=8), st.integers(1, 300), st.integers(1, 3))
@example([SKEWED, None, b"a", None, None, SKEWED], 300, 2)
@settings(max_examples=30)
def test_streams(pieces, chunk_size, threads):
    """None is for flushing, which ends a chunk before it is full."""
    compressor = ansflow.Compressor(chunk_size=chunk_size, threads=threads)
    written = [
        compressor.flush() if piece is None else compressor.compress(piece) for piece in pieces
    ]
    frame = naive.read(b"".join(written) + compressor.finish())
    assert frame.content == b"".join(piece or b"" for piece in pieces)
    assert naive.read_header(frame.header).size == naive.UNKNOWN
    assert frame.indexed == (len(frame.blocks) > 1)


@given(st.lists(st.integers(0, 60), max_size=5), st.integers(1, 300))
@settings(max_examples=30)
def test_arrays_written_row_by_row(lengths, chunk_size):
    rows = np.arange(300 * 6).reshape(300, 3, 2).astype(">i2")
    file, at = io.BytesIO(), 0
    with ansflow.ArrayWriter(file, ">i2", (3, 2), chunk_size=chunk_size) as writer:
        for length in lengths:
            writer.append(rows[at : at + length])
            at += length
    frame = naive.read(file.getvalue())
    assert frame.content == rows[:at].tobytes()
    assert frame.description["shape"] == [None, 3, 2]
    assert frame.shape == [at, 3, 2]


@given(
    st.sampled_from(["u1", "<i4", ">u2", "<f8", "S3", "V64", "V65", "M8[s]"]),
    st.sampled_from([0, 1, 40, 300]),
    st.integers(1, 50),
)
@settings(max_examples=40)
def test_planes_of_arrays(dtype, items, chunk_size):
    dtype = np.dtype(dtype)
    content = (SKEWED * 20)[: items * dtype.itemsize]
    array = np.frombuffer(content, dtype)
    frame = naive.read(ansflow.compress(array, chunk_size=chunk_size))
    assert frame.kind == naive.ARRAY
    assert frame.planes in (1, dtype.itemsize)
    # Few items aren't worth it.
    assert frame.planes == dtype.itemsize or items <= 40 or dtype.itemsize > 64
    assert frame.content == content
    description = {"dtype": dtype.str, "shape": [items]}
    if frame.planes > 1:
        description["planes"] = frame.planes
    assert frame.description == description


def test_orders_of_bytes_and_axes():
    array = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    for given_array, fortran in ((array, False), (array.T, True), (array[:, ::2], False)):
        frame = naive.read(ansflow.compress(given_array))
        assert frame.fortran is fortran
        assert frame.content == given_array.tobytes(order="F" if fortran else "C")
        assert frame.description["dtype"] == ">i2"
        assert frame.description["shape"] == frame.shape == list(given_array.shape)


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
            freq, used = payloads.read_table(block.payload, precision)
            assert payloads.write_table(freq, precision) == block.payload[:used]
            stream = payloads.write_stream(content, freq, precision, 1 << block.lanes_log2)
            assert stream == block.payload[used:]


@given(st.integers(0, 9000), PRECISIONS, LANES)
@example(9000, 11, 8)
@settings(max_examples=15)
def test_the_naive_encoder_writes_the_same_payload_with_contexts(size, precision, lanes):
    content = WALK[:size]
    blob = ansflow.compress(content, precision=precision, lanes=lanes, order=1)
    for block in naive.read(blob).blocks:
        if block.kind == naive.CONTEXTS:
            p, lanes = block.precision, 1 << block.lanes_log2
            rows, used = payloads.read_contexts(block.payload, p)
            assert payloads.write_contexts(rows, p) == block.payload[:used]
            stream = payloads.write_stream_with_contexts(content, rows, p, lanes)
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
    coding = writer.code(precision, 2**lanes_log2, freq)
    content *= 1 + 1500 // len(content)  # payloads aren't larger than the content
    blob = writer.write_frame(content, coding=coding)
    (block,) = naive.read(blob).blocks
    assert block.content == content
    assert ansflow.decompress(blob) == content


@st.composite
def frames(draw):
    """Legal frames, with the content: chunks of any size, any kinds of blocks, any planes."""
    planes = draw(st.sampled_from([1, 1, 2, 3, 64]))
    chunk_size = draw(st.integers(1, 300 if planes < 64 else 5))
    chunks = draw(st.lists(st.integers(1, chunk_size), max_size=8))
    source = draw(st.sampled_from([SKEWED * 2, WALK, bytes(9000), bytes(range(256)) * 40]))
    content = source[: sum(chunks) * planes]
    used = st.sampled_from(range(len(examples.SHARED)))
    shared = [(payloads.fit(SKEWED + bytes(range(256)), draw(PRECISIONS))) for _ in range(2)]
    shared = [(freq, sum(freq).bit_length() - 1) for freq in shared]
    lanes = st.sampled_from([1, 2, 64])
    codings = draw(
        st.lists(
            st.one_of(
                st.just(writer.store),
                st.builds(writer.code, PRECISIONS, lanes),
                st.builds(lambda i, n: writer.code_shared(i + 1, shared, n), used, lanes),
                st.builds(writer.code_contexts, st.integers(8, 12), lanes),
            ),
            min_size=1,
            max_size=4,
        )
    )
    description = {"planes": planes} if planes > 1 else {}
    if draw(st.booleans()):
        description["metadata"] = METADATA
    blob = writer.write_frame(
        content,
        description=description,
        coding=writer.in_turn(*codings),
        chunk_size=chunk_size,
        chunks=chunks,
        shared=shared,
        index=draw(st.booleans()),
        known=draw(st.booleans()),
    )
    return blob, content


@given(frames())
@settings(max_examples=60)
def test_ansflow_reads_frames_that_no_encoder_writes(case):
    blob, content = case
    assert naive.read(blob).content == content
    assert ansflow.decompress(blob) == content


@given(st.lists(frames(), min_size=2, max_size=4))
@settings(max_examples=15)
def test_frames_one_after_the_other(cases):
    blob = b"".join(blob for blob, _ in cases)
    content = b"".join(content for _, content in cases)
    assert naive.join(naive.read_all(blob)).content == content
    assert ansflow.decompress(blob) == content


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ans")), ids=lambda path: path.stem)
def test_golden_files(path):
    blob = path.read_bytes()
    frames = naive.read_all(blob)
    assert path.name.startswith("v2-")
    assert examples.same(ansflow.decompress(blob), naive.join(frames))


@pytest.mark.parametrize("name", examples.FILES)
def test_examples(name):
    blob, content = examples.FILES[name], examples.CONTENTS[name]
    assert examples.same(ansflow.decompress(blob), content)
    for view in naive_seek.salvage(blob):
        assert b"".join(part for _, part in view) == content.content


def test_any_number_of_planes_may_be_asked_for():
    """P needn't be the size of an item."""
    content = bytes(range(12))
    description = {"shape": [6], "dtype": "<u2", "planes": 3}
    blob = writer.write_frame(content, naive.ARRAY, description)
    assert naive.read(blob).content == content
    assert np.array_equal(ansflow.decompress(blob), np.frombuffer(content, "<u2"))
