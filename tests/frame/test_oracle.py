"""What `compress` writes is what FORMAT.md says, by a decoder that was written from it alone."""

import io
import math
import random

import naive_examples as examples
import naive_frame as naive
import naive_golden as golden
import naive_grid
import naive_payload as payloads
import naive_recipe
import naive_seek
import naive_writer as writer
import numpy as np
import pytest
import random_recipes
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError
from ansflow.frame.streams.registry import KINDS
from ansflow.transforms import registry

# A cheap source of skewed bytes of any length that looks like no formula to the coder.
SKEWED = bytes(i * i % 7 * (i % 3) for i in range(5000))

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
PRECISIONS = st.integers(8, 16)


def kinds(blob):
    return naive.read(blob).kinds


# Few values, so that some streams are coded, some constant and the short ones stored.
def contents(max_size):
    few = st.lists(st.sampled_from([0, 0, 0, 0, 1, 2, 255]), max_size=max_size).map(bytes)
    repeated = st.tuples(few, st.integers(1, 20)).map(lambda pair: pair[0] * pair[1])
    return st.binary(max_size=max_size) | few | repeated


@given(contents(100), st.integers(1, 3000), PRECISIONS, LANES)
@example(SKEWED, 2**18, 12, 32)
@example(b"", 1, 8, 1)
@settings(max_examples=20)
def test_bytes(content, chunk_size, precision, lanes):
    blob = ansflow.compress(content, chunk_size=chunk_size, precision=precision, lanes=lanes)
    frame = naive.read(blob)
    assert frame.content == content
    assert frame.header.size == len(content)
    assert frame.chunk_shape == [max(1, min(chunk_size, len(content)))]
    assert all(chunk.recipe == naive_recipe.LEAF for chunk in frame.chunks)
    assert frame.indexed == (len(frame.chunks) > 1)


def deserved(symbols, precision):
    """The precision of a stream of so many symbols."""
    return precision if precision > 12 else min(precision, max(8, symbols.bit_length() - 2))


@pytest.mark.parametrize("precision", range(8, 17))
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_every_precision_and_number_of_lanes(precision, lanes):
    content = SKEWED[: 1024 * lanes] * 2 if lanes <= 4 else SKEWED * 27
    blob = ansflow.compress(content, precision=precision, lanes=lanes)
    (stream,) = naive.read(blob).streams
    assert stream.content == content
    expected = deserved(len(content), precision)
    assert (stream.kind, stream.precision, stream.lanes) == (naive.CODED, expected, lanes)


@pytest.mark.parametrize(("size", "precision"), [(2047, 9), (2048, 10), (8191, 11)])
def test_short_streams_use_fewer_bits(size, precision):
    """A bit of precision more takes a bit of the table for each symbol that occurs."""
    content = (SKEWED * 5)[:size]
    (stream,) = naive.read(ansflow.compress(content)).streams
    assert (stream.kind, stream.precision) == (naive.CODED, precision)


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
def test_kinds_of_streams(content, expected):
    assert kinds(ansflow.compress(content)) == expected


# A byte of a walk says much about the next; so streams are coded with contexts.
STEPS = np.random.default_rng(0).integers(-1, 2, 9000)
WALK = (np.cumsum(STEPS) % 256).astype(np.uint8).tobytes()


@given(st.integers(0, 9000), st.integers(1, 9000), PRECISIONS, LANES)
@example(9000, 9000, 12, 64)
@example(2000, 700, 8, 1)
@example(2007, 201, 8, 1)  # contexts seem to take less than what is learnt, and don't
@settings(max_examples=10)
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
    (stream,) = naive.read(blob).streams
    assert (stream.kind, stream.lanes) == (naive.CONTEXTS, lanes)
    assert len(blob) < 0.5 * len(ansflow.compress(content))
    independent = np.random.default_rng(1).geometric(0.1, 5000).astype(np.uint8).tobytes()
    assert kinds(ansflow.compress(independent, order=1)) == [naive.CODED]


def test_all_kinds_in_one_frame():
    content = bytes(500) + SKEWED[:500] + bytes(range(250)) * 2 + b"end"
    blob = ansflow.compress(content, chunk_size=500)
    assert kinds(blob) == [naive.CONSTANT, naive.ADAPTIVE, naive.STORED, naive.STORED]
    assert naive.read(blob).content == content


@given(contents(60), st.integers(1, 500), PRECISIONS, LANES)
@example(SKEWED, 300, 12, 2)
@settings(max_examples=10)
def test_shared_tables(content, chunk_size, precision, lanes):
    """As many as are given, and some stream uses one if that is smaller."""
    freq = payloads.fit(SKEWED + bytes(range(256)), precision)
    tables = [
        ansflow.models.Categorical(np.array(freq)),
        ansflow.models.Uniform(256, precision=12),
    ]
    options = {"chunk_size": chunk_size, "precision": precision, "lanes": lanes}
    blob = ansflow.compress(content, tables=tables, **options)
    frame = naive.read(blob)
    assert frame.content == content
    assert [p for _, p in frame.shared] == [precision, 12]
    assert frame.shared[1][0] == [16] * 256
    if content == SKEWED:
        assert {stream.table for stream in frame.streams} == {1}


METADATA = {"name": "é", "numbers": [1, 2.5, None, True], "more": {"": "\0"}}


def test_metadata():
    for content in (b"content", np.arange(4)):
        blob = ansflow.compress(content, metadata=METADATA)
        assert naive.read(blob).metadata == METADATA
    assert naive.read(ansflow.compress(b"content")).description == {}


@given(st.lists(contents(40) | st.none(), max_size=8), st.integers(1, 300), st.integers(1, 3))
@example([SKEWED, None, b"a", None, None, SKEWED], 300, 2)
@settings(max_examples=15)
def test_streams(pieces, chunk_size, threads):
    """None is for flushing, which ends a chunk before it is full."""
    compressor = ansflow.Compressor(chunk_size=chunk_size, threads=threads)
    written = [
        compressor.flush() if piece is None else compressor.compress(piece) for piece in pieces
    ]
    frame = naive.read(b"".join(written) + compressor.finish())
    assert frame.content == b"".join(piece or b"" for piece in pieces)
    assert frame.header.size is None
    assert frame.chunk_shape == [chunk_size]
    assert frame.indexed == (len(frame.chunks) > 1)


@given(st.lists(st.integers(0, 60), max_size=5), st.integers(1, 300))
@settings(max_examples=15)
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


# Arrays


DTYPES = st.sampled_from(["u1", "<i2", ">u4", "<f8", "S3", "V64", "V65", "M8[s]", "c16"])


@st.composite
def arrays(draw, min_dims=0):
    """Arrays of any dtype, shape and memory order, with a chunk shape and what that gives."""
    dtype = np.dtype(draw(DTYPES))
    shape = tuple(draw(st.lists(st.integers(0, 7), min_size=min_dims, max_size=3)))
    raw = (SKEWED * 30)[: math.prod(shape) * dtype.itemsize]
    array = np.frombuffer(raw, dtype).reshape(shape)
    if draw(st.booleans()):
        array = array.copy(order="F")
    chunks = tuple(draw(st.integers(1, 9)) for _ in shape)
    return array, chunks


def expected_grid(array, chunks, known=True):
    """The grid that a frame of such an array has."""
    fortran = not array.flags.c_contiguous
    lengths, cell = naive_grid.lengths_and_cell(list(array.shape), array.itemsize, fortran)
    steps = list(reversed(chunks)) if fortran else list(chunks)
    steps += lengths[len(steps) :]  # items that are cut into bytes
    open_ended = [None, *lengths[1:]] if not known else lengths
    clipped = [
        step if length is None else min(step, max(1, length))
        for step, length in zip(steps, open_ended, strict=True)
    ]
    return naive_grid.Grid(open_ended, cell, [max(1, step) for step in clipped])


RECIPES = st.sampled_from([None, "planes", "bytes", "stream"])


def fits(recipe, itemsize):
    """Whether a recipe is defined for the cells of such items."""
    cell = itemsize if itemsize <= 64 else 1
    return recipe is None or (cell in (1, 2) if recipe == "stream" else cell > 1)


@given(arrays(), RECIPES, st.sampled_from([0, 1]))
@example((np.arange(2000, dtype=">u2").reshape(40, 50), (9, 50)), "stream", 0)
@example((np.arange(2000, dtype="<u2").reshape(40, 50) % 700, (30, 41)), "stream", 0)
@example((np.arange(600, dtype="<f8").reshape(4, 150), (1, 100)), None, 0)
@settings(max_examples=40)
def test_tiles(case, recipe, order):
    """Any chunk shape: the grid is the one that was asked for, and so are recipe and content."""
    array, chunks = case
    if not fits(recipe, array.itemsize):
        recipe = None
    blob = ansflow.compress(array, chunks=chunks, recipe=recipe, order=order)
    frame = naive.read(blob)
    assert frame.content == array.tobytes("C" if array.flags.c_contiguous else "F")
    assert frame.header.grid == expected_grid(array, chunks)
    assert frame.shape == list(array.shape)
    assert frame.header.fortran == (not array.flags.c_contiguous)
    if recipe is not None:
        wanted = naive_recipe.recipe(recipe, frame.header.grid.cell)
        assert all(chunk.recipe == wanted for chunk in frame.chunks)
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@given(arrays(), st.integers(1, 500))
@settings(max_examples=20)
def test_whole_rows(case, chunk_size):
    """Without a chunk shape, chunks are contiguous, and as large as was asked for at most."""
    array, _ = case
    frame = naive.read(ansflow.compress(array, chunk_size=chunk_size))
    assert frame.content == array.tobytes("C" if array.flags.c_contiguous else "F")
    assert len(frame.chunks) == len(frame.groups)
    cell = frame.header.grid.cell
    assert all(len(chunk.content) <= max(cell, chunk_size) for chunk in frame.chunks)
    assert frame.indexed == (len(frame.chunks) > 1)


@given(
    arrays(min_dims=1), st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=7), RECIPES
)
@settings(max_examples=25)
def test_tiles_that_are_flushed(case, pieces, recipe):
    """Written row by row, with flushes anywhere."""
    array, chunks = case
    array = np.ascontiguousarray(array)
    if not math.prod(array.shape[1:]) * array.itemsize:
        return
    if not fits(recipe, array.itemsize):
        recipe = None
    file, at = io.BytesIO(), 0
    told = {"chunks": chunks, "recipe": recipe, "threads": 1}
    with ansflow.ArrayWriter(file, array.dtype, array.shape[1:], **told) as rows:
        for count, flush in pieces:
            rows.append(array[at : at + count])
            at += len(array[at : at + count])
            if flush:
                rows.flush()
                assert rows.shape[0] == at
    blob = file.getvalue()
    frame = naive.read(blob)
    assert frame.content == array[:at].tobytes()
    assert frame.shape == [at, *array.shape[1:]]
    assert frame.header.grid == expected_grid(array, chunks, known=False)
    assert ansflow.decompress(blob).tobytes() == array[:at].tobytes()
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        assert reader[at // 2 :].tobytes() == array[at // 2 : at].tobytes()


@given(DTYPES, st.sampled_from([0, 1, 20, 31, 32, 300]), st.integers(1, 3000))
@settings(max_examples=20)
def test_plain_recipes(dtype, items, chunk_size):
    """Planes, but where few items aren't worth it; and nothing in the description but the array.

    So it is of what is neither numbers nor texts, and of these if their bytes have tables.
    """
    dtype = np.dtype(dtype)
    array = np.frombuffer((SKEWED * 20)[: items * dtype.itemsize], dtype)
    tables = [] if dtype.kind == "V" else TABLES
    frame = naive.read(ansflow.compress(array, chunk_size=chunk_size, tables=tables))
    for chunk in frame.chunks:
        name = "planes" if chunk.cells >= 32 else "bytes"
        if not 2 <= dtype.itemsize <= 64:
            name = "stream"
        assert chunk.recipe == naive_recipe.recipe(name, dtype.itemsize)
    assert frame.content == array.tobytes()
    assert frame.description == {"dtype": dtype.str, "shape": [items]}


@given(st.integers(1, 2000), st.integers(1, 1000), PRECISIONS, st.sampled_from([1, 4, 64]))
@example(2000, 1, 16, 4)
@settings(max_examples=12)
def test_symbols_of_16_bits(items, spread, precision, lanes):
    """Some streams are coded, some constant, some stored."""
    array = (np.arange(items, dtype=np.int64) ** 2 // 7 % spread + 300).astype("<u2")
    blob = ansflow.compress(array, recipe="stream", precision=precision, lanes=lanes)
    (stream,) = naive.read(blob).streams
    assert (stream.w, stream.content) == (2, array.tobytes())
    assert stream.kind == naive.CONSTANT or spread > 1
    assert stream.kind != naive.CODED or stream.precision >= deserved(items, precision)
    assert np.array_equal(ansflow.decompress(blob), array)


def test_orders_of_bytes_and_axes():
    array = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    for given_array, fortran in ((array, False), (array.T, True), (array[:, ::2], False)):
        frame = naive.read(ansflow.compress(given_array))
        assert frame.header.fortran is fortran
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


# Payloads


@given(contents(100), PRECISIONS, LANES)
@example(SKEWED, 12, 2)
@settings(max_examples=20)
def test_the_naive_encoder_writes_the_same_payload(content, precision, lanes):
    """Not the same choice of frequencies: the format leaves that to the encoder."""
    content = (content * 50)[:6000]
    for stream in naive.read(ansflow.compress(content, precision=precision, lanes=lanes)).streams:
        if stream.kind == naive.CODED:
            freq, used = payloads.read_table(stream.payload, stream.precision)
            assert payloads.write_table(freq, stream.precision) == stream.payload[:used]
            words = payloads.write_words(content, freq, stream.precision, stream.lanes)
            assert words == stream.payload[used:]


@given(st.integers(0, 9000), PRECISIONS, LANES)
@example(9000, 11, 8)
@settings(max_examples=10)
def test_the_naive_encoder_writes_the_same_payload_with_contexts(size, precision, lanes):
    content = WALK[:size]
    blob = ansflow.compress(content, precision=precision, lanes=lanes, order=1)
    for stream in naive.read(blob).streams:
        if stream.kind == naive.CONTEXTS:
            rows, used = payloads.read_contexts(stream.payload, stream.precision)
            assert payloads.write_contexts(rows, stream.precision) == stream.payload[:used]
            words = payloads.write_words_with_contexts(
                content, rows, stream.precision, stream.lanes
            )
            assert words == stream.payload[used:]


@given(
    contents(60).filter(len),
    PRECISIONS,
    st.integers(0, 6),
    st.lists(st.integers(0, 255), min_size=1, max_size=20),
)
@settings(max_examples=20)
def test_ansflow_reads_what_the_naive_encoder_writes(content, precision, lanes_log2, spread):
    """Also what `compress` wouldn't write: more lanes than bytes, frequencies that don't fit."""
    freq = [0] * 256
    for value in content:
        freq[value] = 1
    for value in spread:  # the rest goes anywhere, also to values that don't occur
        freq[value] += (2**precision - len(set(content))) // len(spread)
    freq[content[0]] += 2**precision - sum(freq)
    body = writer.write_body(content, 1, writer.code(precision, 2**lanes_log2, freq))
    if len(body) > len(content) + 512:
        return
    header = writer.write_header(len(content))
    blob = writer.assemble(header, [writer.write_chunk(header, 0, content, body)])
    (stream,) = naive.read(blob).streams
    assert (stream.kind, stream.content) == (naive.CODED, content)
    assert ansflow.decompress(blob) == content


# Frames that no encoder writes


@st.composite
def described(draw):
    """Content and what a description says of it: bytes, or an array of any shape."""
    if draw(st.booleans()):
        size = draw(st.integers(0, 2000))
        return (SKEWED * 2)[:size], {}, [size], False
    item, dtype = draw(
        st.sampled_from(
            [(1, "|u1"), (2, ">i2"), (4, "<f4"), (8, "<f8"), (12, "|S12"), (66, "|V66")]
        )
    )
    shape = draw(st.lists(st.integers(0, 6), max_size=3))
    content = (SKEWED * 5)[: math.prod(shape) * item]
    if draw(st.booleans()):
        rng = random.Random(draw(st.integers(0, 2**64 - 1)))
        content = random_recipes.some_items(rng, math.prod(shape), item)
    return content, {"dtype": dtype, "shape": shape}, shape, draw(st.booleans())


CODERS = [
    st.just(writer.store),
    st.builds(writer.code, PRECISIONS, LANES),
    st.builds(lambda i, n: writer.code_shared(i + 1, WIDE, n), st.sampled_from([0, 1]), LANES),
    st.builds(writer.code_contexts, st.integers(8, 12), st.sampled_from([1, 2, 64])),
]
INNER = [writer.store, writer.code(9, 2), writer.code(16, 64)]
if naive.CLASSES in [kind.code for kind in KINDS]:
    CLASSES = st.integers(8, 12), LANES, st.integers(2, 8), st.sampled_from(INNER)
    CODERS.append(st.builds(writer.code_classes, *CLASSES))
if naive.NEIGHBOURS in [kind.code for kind in KINDS]:
    DISTANCES = st.integers(65, 80), st.just(0) | st.integers(81, 300)
    LIMITS = st.sets(st.integers(0, 254), min_size=1, max_size=15).map(sorted)
    CODERS.append(st.builds(writer.code_neighbours, st.integers(8, 12), LANES, *DISTANCES, LIMITS))
if naive.ADAPTIVE in [kind.code for kind in KINDS]:
    CODERS.append(st.just(writer.adapt))
CODINGS = st.lists(st.one_of(CODERS), min_size=1, max_size=4)
TRANSFORMS = list(registry._by_id)
WIDE = [(payloads.fit(SKEWED + bytes(range(256)), p), p) for p in (9, 14)]


@st.composite
def frames(draw):
    """Legal frames: chunks of any shape, groups cut short, any recipes, any kinds of streams."""
    content, description, shape, fortran = draw(described())
    known = draw(st.booleans()) or fortran or not content or not shape
    if "shape" in description and not known:
        description["shape"] = [None, *shape[1:]]
    if draw(st.booleans()):
        description["metadata"] = METADATA
    grid = writer.grid_of(description, len(content) if known else None, None, fortran)
    if not description.get("dtype"):
        chunk = [draw(st.integers(1, 700))]
    else:
        chunk = [draw(st.integers(1, 7 if length != 66 else 70)) for length in grid.lengths]
    chunk = [
        step if length is None else min(step, max(1, length))
        for step, length in zip(chunk, grid.lengths, strict=True)
    ]
    extents = draw(st.lists(st.integers(1, 5), max_size=5))
    names = {1: ["stream"], 2: ["stream", "planes", "bytes"]}.get(grid.cell, ["planes", "bytes"])
    rng = random.Random(draw(st.integers(0, 2**64 - 1)))
    deepest = draw(st.integers(2, 4))
    recipes = [*names, random_recipes.grow(rng, TRANSFORMS, deepest)]
    blob = writer.write_frame(
        content,
        description,
        coding=writer.in_turn(*draw(CODINGS)),
        recipe=draw(st.lists(st.sampled_from(recipes), min_size=1, max_size=3)),
        chunk=chunk,
        extents=extents,
        shared=WIDE,
        index=draw(st.booleans()),
        known=known,
        fortran=fortran,
    )
    return blob, content


@given(frames())
@settings(max_examples=20)
def test_ansflow_reads_frames_that_no_encoder_writes(case):
    blob, content = case
    frame = naive.read(blob)
    assert frame.content == content
    assert examples.same(ansflow.decompress(blob), naive.join([frame]))
    assert b"".join(ansflow.iter_decompress([blob[:50], blob[50:]], threads=1)) == content
    with ansflow.open(io.BytesIO(blob), threads=1) as file:
        assert file.read() == content
        file.seek(len(content) // 3)
        assert file.read(40) == content[len(content) // 3 :][:40]
    for view in naive_seek.salvage(blob):
        assert b"".join(part for _, part in view) == content


@given(frames(), st.data())
@settings(max_examples=20)
def test_boxes_of_arrays_that_no_encoder_writes(case, data):
    blob, _ = case
    frame = naive.read(blob)
    if not frame.header.array:
        return
    array = ansflow.decompress(blob)
    box = tuple(
        slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))))
        for n in frame.shape
    )
    with ansflow.ArrayReader(io.BytesIO(blob), threads=1) as reader:
        assert reader[box].tobytes() == array[box].tobytes()


@given(frames(), st.integers(0, 2))
@settings(max_examples=20)
def test_buffers_of_the_caller_for_frames_that_no_encoder_writes(case, kind):
    """A buffer of bytes, an array like the one in the frame, and one whose items lie elsewhere."""
    blob, content = case
    frame = naive.read(blob)
    result = ansflow.decompress(blob)
    if isinstance(result, bytes) or (kind == 0 and not frame.header.fortran):
        out = bytearray(len(content))
        assert ansflow.decompress(blob, out=out) is out
        assert out == content
        return
    out = np.empty_like(result)
    if kind == 2 and out.ndim:
        out = np.empty((*result.shape[:-1], 2 * result.shape[-1]), result.dtype)[..., ::2]
    assert ansflow.decompress(blob, out=out) is out
    assert out.tobytes() == result.tobytes()


@given(st.lists(frames(), min_size=2, max_size=3))
@settings(max_examples=10)
def test_frames_one_after_the_other(cases):
    """Their bytes are in common, whatever they are."""
    blob = b"".join(blob for blob, _ in cases)
    content = b"".join(content for _, content in cases)
    found = naive.read_all(blob)
    assert b"".join(frame.content for frame in found) == content
    with ansflow.open(io.BytesIO(blob), threads=1) as file:
        assert file.read() == content
    joined = naive.attempt(naive.join, found)
    if joined is not None:
        assert examples.same(ansflow.decompress(blob), joined)
    else:
        with pytest.raises(CorruptDataError):
            ansflow.decompress(blob)


@pytest.mark.parametrize("name", golden.GOLDEN)
def test_golden_files(name):
    """Whole, and by those who seek."""
    blob = golden.path_of(name).read_bytes()
    content = naive.join(naive.read_all(blob)).content
    for view in naive_seek.salvage(blob):
        assert b"".join(part for _, part in view) == content


@pytest.mark.parametrize("name", examples.FILES)
def test_examples(name):
    blob, content = examples.FILES[name], examples.CONTENTS[name]
    assert examples.same(ansflow.decompress(blob), content)
    for view in naive_seek.salvage(blob):
        assert b"".join(part for _, part in view) == content.content


# Bare chunks


@given(
    st.sampled_from(["u1", ">u2", "<f4", "V64", "V65"]),
    st.integers(0, 300),
    RECIPES,
    st.sampled_from([0, 1]),
    PRECISIONS,
)
@example("u1", 2048, None, 1, 11)
@settings(max_examples=30)
def test_bare_chunks(dtype, items, recipe, order, precision):
    """Written by ansflow and read by the oracle, and the other way round."""
    dtype = np.dtype(dtype)
    recipe = recipe if fits(recipe, dtype.itemsize) else None
    plan = ansflow.Plan(recipe=recipe, order=order, precision=precision, tables=TABLES)
    array = np.frombuffer((SKEWED * 20)[: items * dtype.itemsize], dtype)
    bare = ansflow.encode_chunk(array, plan)
    out = np.zeros_like(array)
    ansflow.decode_chunk(bare, plan, out)
    assert out.tobytes() == array.tobytes()
    if not items:
        assert bare == b""
        return
    w = dtype.itemsize if dtype.itemsize <= 64 else 1
    count = array.nbytes // w
    assert naive.read_bare(bare, w, [count], shared=WIDE) == array.tobytes()
    assert len(bare) <= array.nbytes + 4 + w
    ours = writer.write_body(array.tobytes(), w, writer.code_shared(2, WIDE), recipe)
    out = np.zeros_like(array)
    ansflow.decode_chunk(ours, plan, out)
    assert out.tobytes() == array.tobytes()


TABLES = [ansflow.models.Categorical(np.array(freq)) for freq, _ in WIDE]


@pytest.mark.parametrize("name", golden.BARE)
def test_damaged_bare_chunks(name):
    """Cuts and flipped bits all over it are what the oracle reads, or an error."""
    content, context, _ = golden.BARE[name]()
    items = np.frombuffer(content, "u1") if isinstance(content, bytes) else content
    bare = golden.path_of(name).read_bytes()
    tables = [ansflow.models.Categorical(freq) for freq, _ in context.get("shared", ())]
    plan = ansflow.Plan(tables=tables, model="golden" if "model" in context else None)
    few = 6 if "model" in context else 16  # the oracle takes its time
    cases = [bare[:end] for end in range(0, len(bare), 1 + len(bare) // few)]
    for bit in range(0, 8 * len(bare), 1 + len(bare) * 2 // few):
        cases.append(bytearray(bare))
        cases[-1][bit // 8] ^= 1 << bit % 8
    out = np.zeros_like(items)
    for case in cases:
        told = naive.attempt(
            lambda case=case: naive.read_bare(bytes(case), items.itemsize, items.shape, **context)
        )
        try:
            ansflow.decode_chunk(case, plan, out)
        except AnsflowError:
            assert told is None
        else:
            assert told == out.tobytes()
