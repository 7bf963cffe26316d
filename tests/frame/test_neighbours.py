"""Streams with neighbours: written as FORMAT.md says, used where they help, and safe to read."""

import itertools
from types import SimpleNamespace

import naive_body
import naive_frame as naive
import naive_payload as payloads
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses
from hypothesis import given, settings, strategies as st

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.frame.body import decode_body, encode_body
from ansflow.frame.streams import neighbours
from ansflow.frame.streams.neighbours import distances
from ansflow.frame.streams.sample import Look, StreamCoding
from ansflow.frame.streams.scratch import DecoderScratch
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

AS_STREAM = b"\0"


def scales(shape, seed=0):
    """Symbols of an array whose spread changes slowly along both axes."""
    y, x = np.indices(shape[-2:])
    spread = 2.0 ** (2 + 2 * np.sin(x / 5) + 1.5 * np.cos(y / 20))
    rng = np.random.default_rng(seed)
    return np.minimum(rng.exponential(spread, shape), 255).astype(np.uint8)


def encode(array, recipe=None, **coding):
    """The body of a chunk, and the oracle's reading of it."""
    told = {"precision": 12, "lanes": 64, "order": 0, "classes": True} | coding
    w, content = array.itemsize, array.reshape(-1).view(np.uint8)
    layout = Layout(w, array.shape)
    head, pieces = encode_body(content, layout, recipe or Recipe(), StreamCoding(**told))
    data = head + b"".join(piece.tobytes() for piece in pieces)
    out = np.empty(content.size, np.uint8)
    decode_body(memoryview(data), layout, out, Tools((), None, DecoderScratch.make()))
    assert np.array_equal(out, content)
    body = naive_body.read_body(data, w, array.shape, naive_body.Context())
    assert body.content == content.tobytes()
    return data, body


def kinds(body):
    return [stream.kind for stream in body.streams]


def told(stream):
    """What a payload says of its contexts."""
    return payloads.read_neighbours(stream.payload, len(stream.content), stream.precision)[0]


@pytest.mark.parametrize("shape", [(70, 65), (33, 127), (90, 200), (5, 50, 90), (150, 9, 11)])
def test_what_is_written_is_what_the_oracle_reads(shape):
    array = scales((shape[0], np.prod(shape[1:]))).reshape(shape)
    data, body = encode(array)
    plain, _ = encode(array, classes=False)
    assert kinds(body) == [naive.NEIGHBOURS]
    assert len(data) < len(plain)
    row = shape[-1] if shape[-1] > 64 else shape[-1] * shape[-2]
    assert told(body.streams[0]).row == row


def test_planes_before_are_used_where_they_tell_more():
    one = scales((40, 100)).astype(np.int64)
    order = np.random.default_rng(1).permutation(one.size)
    same = one.reshape(-1)[order].reshape(one.shape)  # rows tell nothing
    planes = np.stack([np.maximum(same - i % 3, 0) for i in range(9)]).astype(np.uint8)
    _, body = encode(planes)
    assert kinds(body) == [naive.NEIGHBOURS]
    assert told(body.streams[0]).plane == 4000


@given(
    st.integers(30, 90),
    st.integers(8, 16),
    st.sampled_from([1, 2, 8, 32, 64]),
    st.integers(0, 1),
)
@settings(max_examples=10)
def test_options(rows, precision, lanes, order):
    _, body = encode(scales((rows, 100), rows), precision=precision, lanes=lanes, order=order)
    (stream,) = body.streams
    assert stream.kind == naive.NEIGHBOURS
    contexts = len(told(stream).limits) + 1
    deserved = max(8, (100 * rows // contexts).bit_length() - 2)  # of the symbols of one context
    assert stream.precision == min(precision, 11, deserved)
    assert stream.lanes <= lanes


def test_where_nothing_is_above_or_it_tells_nothing_there_are_no_neighbours():
    rng = np.random.default_rng(0)
    alike = np.minimum(rng.exponential(3, (150, 200)), 255).astype(np.uint8)
    noise = rng.integers(0, 256, (150, 200)).astype(np.uint8)
    few = scales((20, 100))
    vector = scales((100, 200)).reshape(-1)
    narrow = scales((2000, 10))[:, :1].copy()
    for array in (alike, noise, few, vector, narrow):
        assert naive.NEIGHBOURS not in kinds(encode(array)[1])
    assert kinds(encode(scales((100, 200)), classes=False)[1]) == [naive.CODED]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((100, 65), [(65, 0)]),
        ((100, 64), []),
        ((100, 5, 13), [(65, 0)]),
        ((10, 8, 100), [(100, 0), (100, 800)]),
        ((3, 4, 8, 100), [(100, 0), (100, 800)]),
        ((4, 1, 100), [(100, 0)]),
        ((1, 50, 100), [(100, 0)]),
        ((1, 100), []),
        ((2, 100), [(100, 0)]),
        ((5, 0, 100), []),
        ((1000,), []),
        ((), []),
    ],
)
def test_distances_follow_from_the_shape(shape, expected):
    found = distances(Layout(1, shape))
    assert found == expected
    for row, plane in found:
        assert 65 <= row < Layout(1, shape).items
        assert plane < Layout(1, shape).items


def test_streams_keep_the_shape_of_the_array():
    y, x = np.indices((60, 80))
    spread = 2.0 ** (6 + 3 * np.sin(x / 9) + 2 * np.cos(y / 20))
    steps = np.random.default_rng(0).normal(0, spread).astype(np.int64)
    recipe = Recipe.of("ordered[signed](delta[1](log))")
    _, body = encode(steps.cumsum(axis=1).astype("<i4"), recipe)
    assert body.streams[0].kind == naive.NEIGHBOURS
    assert told(body.streams[0]).row == 80


@pytest.mark.parametrize("lanes", [1, 64])
def test_the_overhead_is_that_of_states_and_rounded_frequencies(lanes):
    _, body = encode(scales((256, 512)), lanes=lanes)
    (stream,) = body.streams
    assert stream.kind == naive.NEIGHBOURS
    symbols = list(stream.content)
    where, tables, at = payloads.read_neighbours(stream.payload, len(symbols), stream.precision)
    context = np.array([where.context(symbols, i) for i in range(len(symbols))])
    freq = np.array(tables)
    ideal = float((stream.precision - np.log2(freq[context, symbols])).sum())
    bits = 8 * (len(stream.payload) - at)
    assert 0 < bits - ideal < 2e-4 * ideal + 32 * stream.lanes
    counts = np.bincount(256 * context + symbols, minlength=freq.size).reshape(freq.shape)
    with np.errstate(all="ignore"):
        entropy = np.nansum(counts * np.log2(counts.sum(axis=1, keepdims=True) / counts))
    assert ideal < 1.01 * entropy


# What the oracle writes


SIZE = 700
CONTENT = scales((7, 100)).tobytes()


def body_of(coding):
    return writer.join_streams(AS_STREAM, [coding])


def decode(body, size=SIZE):
    out = np.empty(size, np.uint8)
    tools = Tools((), None, DecoderScratch.make())
    decode_body(memoryview(body), Layout(1, (size,)), out, tools)
    return out.tobytes()


@pytest.mark.parametrize("size", [66, 67, 128, 129, 130, 131, 300, 700])
def test_what_the_oracle_writes_is_read(size):
    content = CONTENT[:size]
    ends = ((65, 0), (size - 1, 0), (65, size - 1), (65, 66))
    limits = ([0], [254], [2, 9, 40], range(15))
    coders = ((8, 64), (11, 4), (12, 1))
    for (p, lanes), (row, plane), told in itertools.product(coders, ends, limits):
        if plane and not row < plane < size:
            continue
        coding = writer.code_neighbours(p, lanes, row, plane, told)(content)
        assert coding.kind == naive.NEIGHBOURS
        body = body_of(coding)
        assert naive_body.read_bare(body, 1, [size]) == content
        assert decode(body, size) == content


# Payloads that lie, behind checks that are right

WHERE = payloads.Neighbours(100, 300, (4, 10))
TABLES = b"".join(
    payloads.write_table(freq, 11) for freq in payloads.fit_neighbours(CONTENT, 11, WHERE)
)
SOUND = writer.code_neighbours(11, 2, 100, 300, [4, 10])(CONTENT)
START = b"\x64\xac\x02\x03\x04\x0a"
WORDS = SOUND.payload[len(START + TABLES) :]


def frame(**fields):
    header = writer.write_header(len(CONTENT))
    body = body_of(SOUND._replace(**fields))
    return writer.assemble(header, [writer.write_chunk(header, 0, CONTENT, body)])


def test_the_sound_streams_are_read():
    for blob in (frame(), frame(payload=START + TABLES + WORDS)):
        assert naive.read(blob).content == CONTENT == ansflow.decompress(blob)


@pytest.mark.parametrize("p", [1, 7, 8, 10, 12, 13, 16])
def test_other_precisions(p):
    refuses(frame(fields=writer.coder_byte(p, 2)))


def test_more_precision_than_is_legal():
    """Though all else is right."""
    for p in (7, 13):
        coding = writer.code_neighbours(p, 2)(CONTENT)
        refuses(frame(fields=coding.fields, payload=coding.payload))


@pytest.mark.parametrize("lanes_log2", [0, 2, 6, 7, 8, 15])
def test_other_lanes(lanes_log2):
    refuses(frame(fields=bytes([10 | lanes_log2 << 4])))


def start(row=100, plane=300, number=3, limits=(4, 10)):
    return writer.write_varint(row) + writer.write_varint(plane) + bytes([number, *limits])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x64",
        START[:2],
        START[:3],
        START[:4],
        START[:5],
        START,
        START + TABLES[:-1],
        START + TABLES,
        START + TABLES + WORDS[:-1],
        START + TABLES + WORDS[:-2],
        START + TABLES + WORDS + b"xy",
        # distances
        *(start(row=row) + TABLES + WORDS for row in (0, 1, 64, 65, 99, 101, 300, 700, 2**63)),
        *(start(row=row, plane=0) + TABLES + WORDS for row in (64, 100, 699, 700, 2**64 - 1)),
        *(start(plane=p) + TABLES + WORDS for p in (0, 1, 64, 100, 299, 301, 700, 2**64 - 1)),
        b"\xff" * 11 + START[1:] + TABLES + WORDS,
        b"\xe4\x00" + START[1:] + TABLES + WORDS,
        # numbers of contexts, and limits
        *(start(number=k) + TABLES + WORDS for k in (0, 1, 2, 4, 16, 17, 255)),
        *(
            start(limits=limits) + TABLES + WORDS
            for limits in [(10, 4), (4, 4), (4, 255), (255, 4), (0, 1), (253, 254), (5, 10)]
        ),
        start(number=1, limits=()) + TABLES + WORDS,
        start(number=17, limits=range(16)) + TABLES + WORDS,
        # tables
        START + bytes(400),
        START + b"\xff" * 400,
        START + payloads.write_table([5000], 11) + WORDS,
        START + TABLES[: len(TABLES) // 2] + WORDS,
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:8].hex()}",
)
def test_other_payloads(payload):
    refuses(frame(payload=payload))


def test_random_payloads():
    rng = np.random.default_rng(1)
    for begin in (1, 3, len(START), len(START + TABLES)):
        for _ in range(100):
            payload = bytearray(START + TABLES + WORDS)
            at = int(rng.integers(begin, len(payload)))
            payload[at:] = rng.bytes(len(payload) - at)
            fields = bytes([10 | int(rng.integers(0, 7)) << 4])
            with pytest.raises(CorruptDataError):
                ansflow.decompress(frame(payload=bytes(payload), fields=fields))


@pytest.mark.parametrize("lanes", [1, 32, 64])
def test_random_words_behind_valid_tables(lanes):
    """States in their interval, so that the kernels run; then nothing but noise."""
    rng = np.random.default_rng(lanes)
    content = bytes(9000)
    for (row, plane), p in itertools.product([(65, 0), (130, 8999), (8999, 0)], (8, 12)):
        where = payloads.Neighbours(row, plane, (0, 100, 254))
        tables = [[1] * 255 + [2**p - 255], *[[2 ** (p - 8)] * 256] * 3]
        begin = payloads.write_neighbours(where, tables, p)
        for words in (0, 1, 63, 64, 65, 700, 5000):
            states = rng.integers(1 << 15, 1 << 31, lanes).astype("<u4").tobytes()
            payload = begin + states + rng.bytes(2 * words)
            coding = SOUND._replace(fields=writer.coder_byte(p, lanes), payload=payload)
            with pytest.raises(CorruptDataError):
                decode(body_of(coding), len(content))


@pytest.mark.parametrize(("share", "clear"), [(0.979, True), (0.981, False)])
@pytest.mark.parametrize("size", [neighbours.MANY, neighbours.MANY - 1])
def test_other_kinds_are_not_tried_where_contexts_leave_less(size, share, clear):
    """Of many symbols, a bit less is enough."""
    symbols = np.zeros(size, np.uint8)
    bits = 8 * share * 1000
    chosen = neighbours.Chosen(100, 0, *3 * [symbols], bits)
    looks = {neighbours.Neighbours.code: Look(symbols, chosen)}
    told = {"symbols": symbols, "content": symbols, "layout": None, "looks": looks}
    sample = SimpleNamespace(coded_size=1000, table=np.empty(0, np.uint8), **told)
    proposal = neighbours.Neighbours().propose(sample, 1000)
    assert proposal.clear == (clear and size == neighbours.MANY)
