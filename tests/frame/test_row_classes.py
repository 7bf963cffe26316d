"""Streams with row classes: written as FORMAT.md says, used where they help, and safe to read."""

import itertools

import naive_body
import naive_frame as naive
import naive_payload as payloads
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses
from hypothesis import given, settings, strategies as st

import ansflow
from ansflow.coding.coders.coder import buffer_size
from ansflow.errors import CorruptDataError
from ansflow.frame.body import decode_body, encode_body
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.scratch import DecoderScratch, WordStack
from ansflow.frame.streams.tools import Tools
from ansflow.kernels.coders.row_classes import ROW
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe, Stream

AS_STREAM = b"\0"


def changing(size, seed=0, period=8):
    """Bytes whose distribution changes from some rows to the next."""
    rng = np.random.default_rng(seed)
    scale = 2.0 ** (5 * np.arange(-(-size // (period * ROW))) % 6).repeat(period * ROW)[:size]
    return np.minimum(rng.exponential(scale), 255).astype(np.uint8)


def encode(content, w=1, recipe=None, **coding):
    """The body of a chunk, and the oracle's reading of it."""
    told = {"precision": 12, "lanes": 64, "order": 0, "classes": True} | coding
    layout = Layout(w, (content.size // w,))
    head, pieces = encode_body(content, layout, recipe or Recipe(), StreamCoding(**told))
    data = head + b"".join(piece.tobytes() for piece in pieces)
    out = np.empty(content.size, np.uint8)
    decode_body(memoryview(data), layout, out, Tools((), None, DecoderScratch.make()))
    assert np.array_equal(out, content)
    body = naive_body.read_body(data, w, layout.shape, naive_body.Context())
    assert body.content == content.tobytes()
    return data, body


@pytest.mark.parametrize("size", [4097, 4160, 5000, 20_000, 70_000])
def test_what_is_written_is_what_the_oracle_reads(size):
    content = changing(size)
    data, body = encode(content)
    plain, _ = encode(content, classes=False)
    assert [stream.kind for stream in body.streams] == [naive.CLASSES]
    assert len(data) < len(plain)


@given(
    st.integers(4097, 9000),
    st.integers(8, 16),
    st.sampled_from([1, 2, 8, 32, 64]),
    st.integers(0, 1),
)
@settings(max_examples=15)
def test_options(size, precision, lanes, order):
    _, body = encode(changing(size, size), precision=precision, lanes=lanes, order=order)
    (stream,) = body.streams
    assert stream.kind == naive.CLASSES
    number = stream.payload[0]
    deserved = max(8, (size // number).bit_length() - 2)  # of the symbols of one class
    assert stream.precision == min(precision, 11, deserved)
    assert stream.lanes <= lanes


def test_long_streams_have_64_lanes():
    _, body = encode(changing(1 << 16))
    assert [(stream.kind, stream.lanes) for stream in body.streams] == [(naive.CLASSES, 64)]


def test_where_rows_are_alike_or_few_there_are_no_classes():
    rng = np.random.default_rng(0)
    alike = np.minimum(rng.exponential(3, 20_000), 255).astype(np.uint8)
    for content in (alike, changing(2047), alike[:100]):
        assert encode(content)[0] == encode(content, classes=False)[0]


def test_classes_are_not_tried_unless_asked_for():
    content = changing(20_000)
    _, body = encode(content, classes=False)
    assert [stream.kind for stream in body.streams] == [naive.CODED]
    _, body = encode(content.repeat(2), w=2)  # of 16 bits
    assert [stream.kind for stream in body.streams] == [naive.CODED]


@pytest.mark.parametrize("order", [0, 1])
def test_several_streams_share_a_scratch(order):
    """Words of all streams, and of their classes, stay apart until the chunk is put together."""
    for size in (5000, 9000, 4097):
        parts = [changing(size, seed) for seed in range(3)] + [
            np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
        ]
        content = np.stack(parts, axis=1).reshape(-1)
        _, body = encode(content, 4, Recipe("planes"), order=order)
        assert [stream.kind for stream in body.streams] == [naive.CLASSES] * 3 + [naive.STORED]


@pytest.mark.parametrize("sizes", [[2048], [5000, 64, 1, 70_001], [1 << 16] * 8])
def test_the_scratch_has_room_for_the_most_that_streams_and_their_classes_keep(sizes):
    stack = WordStack([Stream(np.zeros(size, np.uint8), Layout(1, (size,))) for size in sizes])
    for size in sizes:
        # What has more words than half of its bytes is stored instead.
        for symbols in (size, -(-size // ROW)):
            assert stack.free.size >= buffer_size(symbols, 64)
            stack.keep(np.zeros((symbols - 1) // 2, np.uint16))


# What the oracle writes


SIZE = 1000
CONTENT = changing(SIZE, period=2).tobytes()
ROWS = -(-SIZE // ROW)
INNERS = [writer.store, writer.code(8), writer.code(12, lanes=4)]


def body_of(coding):
    return writer.join_streams(AS_STREAM, [coding])


def decode(body, size=SIZE):
    out = np.empty(size, np.uint8)
    tools = Tools((), None, DecoderScratch.make())
    decode_body(memoryview(body), Layout(1, (size,)), out, tools)
    return out.tobytes()


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 640, 1000])
def test_what_the_oracle_writes_is_read(size):
    content = CONTENT[:size]
    for p, lanes, count in itertools.product((8, 11, 12), (1, 4, 64), (2, 3, 8)):
        for inner in INNERS:
            coding = writer.code_classes(p, lanes, count, inner)(content)
            body = body_of(coding)
            assert naive_body.read_bare(body, 1, [size]) == content
            assert decode(body, size) == content


def test_constant_classes():
    for d, count in ((0, 2), (1, 2), (3, 8)):
        classes = bytes(d * (i + 1) % count for i in range(ROWS))
        coding = writer.code_classes(count=count, inner=writer.repeat, classes=classes)(CONTENT)
        assert naive_body.read_bare(body_of(coding), 1, [SIZE]) == CONTENT
        assert decode(body_of(coding)) == CONTENT


# Payloads that lie, behind checks that are right

SOUND = writer.code_classes(11, 2, 3, writer.code(8))(CONTENT)
OWN = bytes(i % 3 for i in range(ROWS))
TABLES = payloads.write_tables(payloads.fit_classes(CONTENT, 11, OWN, 3), 11)
DIFFERENCES = bytes([0] + [1] * (ROWS - 1))
STORED = writer.join_inner(writer.store(DIFFERENCES))
WORDS = payloads.write_words_with_classes(
    CONTENT, payloads.fit_classes(CONTENT, 11, OWN, 3), OWN, 11, 2
)


def frame(**fields):
    header = writer.write_header(len(CONTENT))
    body = body_of(SOUND._replace(**fields))
    return writer.assemble(header, [writer.write_chunk(header, 0, CONTENT, body)])


def inner(kind, fields, payload, size=None):
    told = writer.write_varint(len(payload) if size is None else size)
    return bytes([kind]) + fields + told + payload


def test_the_sound_streams_are_read():
    for blob in (frame(), frame(payload=TABLES + STORED + WORDS)):
        assert naive.read(blob).content == CONTENT == ansflow.decompress(blob)


@pytest.mark.parametrize("p", [1, 7, 8, 10, 12, 13, 16])
def test_other_precisions(p):
    refuses(frame(fields=writer.coder_byte(p, 2)))


def test_more_precision_than_is_legal():
    """Though all else is right."""
    for p in (7, 13):
        coding = writer.code_classes(p, 2, 3)(CONTENT)
        refuses(frame(fields=coding.fields, payload=coding.payload))


@pytest.mark.parametrize("lanes_log2", [0, 2, 6, 7, 8, 15])
def test_other_lanes(lanes_log2):
    refuses(frame(fields=bytes([10 | lanes_log2 << 4])))


CODED_INNER = writer.code(8)(DIFFERENCES)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\3",
        TABLES,
        TABLES[:-1],
        TABLES + STORED,
        TABLES + STORED + WORDS[:-1],
        TABLES + STORED + WORDS[:-2],
        TABLES + STORED + WORDS + b"xy",
        TABLES + STORED[:-1] + WORDS,
        TABLES + b"\0" + WORDS,
        # numbers of classes
        b"\0" + TABLES[1:] + STORED + WORDS,
        b"\1" + TABLES[1:] + STORED + WORDS,
        b"\2" + TABLES[1:] + STORED + WORDS,
        b"\4" + TABLES[1:] + STORED + WORDS,
        b"\x09" + TABLES[1:] + STORED + WORDS,
        b"\xff" + TABLES[1:] + STORED + WORDS,
        # tables
        b"\3" + bytes(400),
        b"\3" + b"\xff" * 400,
        b"\2" + payloads.write_table([5000], 11) + STORED + WORDS,
        # kinds of classes, of which the next test tries all
        TABLES + inner(2, CODED_INNER.fields, CODED_INNER.payload[:-2]) + WORDS,
        TABLES + inner(2, CODED_INNER.fields, CODED_INNER.payload + b"xy") + WORDS,
        TABLES + inner(2, CODED_INNER.fields, CODED_INNER.payload, 2**63) + WORDS,
        TABLES + inner(2, b"\0", CODED_INNER.payload) + WORDS,
        TABLES + bytes([6]) + SOUND.fields + SOUND.payload,
        # classes
        TABLES + b"\0" + DIFFERENCES[:-1] + WORDS,
        TABLES + b"\0" + DIFFERENCES + b"\0" + WORDS,
        TABLES + b"\0" + DIFFERENCES[:-1] + b"\3" + WORDS,
        TABLES + b"\0" + b"\3" + DIFFERENCES[1:] + WORDS,
        TABLES + b"\0" + b"\xff" * ROWS + WORDS,
        TABLES + b"\1\3" + WORDS,
        TABLES + b"\1\2" + WORDS,
        TABLES + b"\1" + WORDS,
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:1].hex()}-{payload[len(TABLES) :][:3].hex()}",
)
def test_other_payloads(payload):
    refuses(frame(payload=payload))


def test_other_kinds_of_classes():
    for kind in range(256):
        classes = inner(kind, CODED_INNER.fields, CODED_INNER.payload)
        refuses(frame(payload=TABLES + classes))


def test_random_payloads():
    rng = np.random.default_rng(1)
    for start in (1, len(TABLES), len(TABLES + STORED)):
        for _ in range(100):
            payload = bytearray(TABLES + STORED + WORDS)
            at = int(rng.integers(start, len(payload)))
            payload[at:] = rng.bytes(len(payload) - at)
            fields = bytes([10 | int(rng.integers(0, 7)) << 4])
            with pytest.raises(CorruptDataError):
                ansflow.decompress(frame(payload=bytes(payload), fields=fields))


@pytest.mark.parametrize("lanes", [1, 32, 64])
def test_random_words_behind_valid_classes(lanes):
    """States in their interval, so that the kernels run; then nothing but noise."""
    rng = np.random.default_rng(lanes)
    content = bytes(9000)
    classes = bytes(rng.integers(0, 8, -(-len(content) // ROW)).astype(np.uint8))
    differences = writer.store(bytes((np.diff(np.frombuffer(classes, "i1"), prepend=0)) % 8))
    for p in (8, 12):
        tables = [[1] * 255 + [2**p - 255], *[[2 ** (p - 8)] * 256] * 7]
        start = payloads.write_tables(tables, p) + writer.join_inner(differences)
        for words in (0, 1, 63, 64, 65, 700):
            states = rng.integers(1 << 15, 1 << 31, lanes).astype("<u4").tobytes()
            payload = start + states + rng.bytes(2 * words)
            coding = SOUND._replace(fields=writer.coder_byte(p, lanes), payload=payload)
            with pytest.raises(CorruptDataError):
                decode(body_of(coding), len(content))
