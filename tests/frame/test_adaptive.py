"""Adaptive streams: written as FORMAT.md says, used where there are few symbols, safe to read."""

import naive_body
import naive_frame as naive
import naive_payload as payloads
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses
from hypothesis import given, strategies as st

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.frame.body import decode_body, encode_body
from ansflow.frame.constants import MAX_ADAPTIVE
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.scratch import MOST_ADAPTIVE, DecoderScratch
from ansflow.frame.streams.tools import Tools
from ansflow.models import Categorical
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

AS_STREAM = b"\0"


def skewed(size, seed=0, scale=8.0):
    rng = np.random.default_rng(seed)
    return np.minimum(rng.exponential(scale, size), 255).astype(np.uint8)


def encode(content, recipe=None, **coding):
    """The body of a chunk, and the oracle's reading of it."""
    told = {"precision": 12, "lanes": 64, "order": 0} | coding
    layout = Layout(1, content.shape)
    head, pieces = encode_body(content, layout, recipe or Recipe(), StreamCoding(**told))
    data = head + b"".join(piece.tobytes() for piece in pieces)
    assert decode(data, content.size) == content.tobytes()
    body = naive_body.read_body(data, 1, layout.shape, naive_body.Context())
    assert body.content == content.tobytes()
    return data, body


def decode(body, size):
    out = np.empty(size, np.uint8)
    tools = Tools((), None, DecoderScratch.make())
    decode_body(memoryview(body), Layout(1, (size,)), out, tools)
    return out.tobytes()


@pytest.mark.parametrize("size", [10, 50, 300, 512, 513, 1000])
def test_few_symbols_need_no_table(size):
    content = skewed(size)
    data, body = encode(content)
    assert [stream.kind for stream in body.streams] == [naive.ADAPTIVE]
    assert body.streams[0].payload == payloads.write_adaptive(content.tolist())
    with_table = writer.code(8)(content.tobytes())
    assert len(data) < len(writer.join_streams(AS_STREAM, [with_table]))


@pytest.mark.parametrize("size", [MOST_ADAPTIVE, MOST_ADAPTIVE + 1, 70_000])
def test_many_symbols_have_a_table(size):
    _, body = encode(skewed(size))
    assert [stream.kind for stream in body.streams] == [naive.CODED]


def test_what_changes_is_learnt_anew():
    """More symbols than deserve it otherwise: their distribution changes too often for a table."""
    content = np.concatenate([skewed(800, 0, 2), 200 - skewed(800, 1, 2), 90 + skewed(800, 2, 2)])
    _, body = encode(content)
    assert [stream.kind for stream in body.streams] == [naive.ADAPTIVE]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (np.full(100, 7, np.uint8), naive.CONSTANT),
        (np.full(1, 7, np.uint8), naive.CONSTANT),
        (np.arange(2, dtype=np.uint8), naive.STORED),
        (np.arange(256, dtype=np.uint8), naive.STORED),
        (np.random.default_rng(0).integers(0, 256, 400).astype(np.uint8), naive.STORED),
        (np.array([0, 0, 0, 0, 0, 0, 0, 0, 1], np.uint8), naive.ADAPTIVE),
    ],
    ids=["constant", "one", "two", "all", "random", "rare"],
)
def test_other_short_streams(content, kind):
    assert [stream.kind for stream in encode(content)[1].streams] == [kind]


def test_short_streams_in_columns():
    """Heads with sizes, and one without, behind streams of other kinds."""
    content = np.stack([skewed(200, 1), np.full(200, 3), skewed(200, 2)], axis=1).astype(np.uint8)
    _, body = encode(content.reshape(-1), Recipe("items", (Recipe("planes"), Recipe()), (3,)))
    kinds = [stream.kind for stream in body.streams]
    assert kinds == [naive.ADAPTIVE, naive.CONSTANT, naive.ADAPTIVE, naive.STORED]


@pytest.mark.parametrize("order", [0, 1])
def test_other_options_see_all_kinds(order):
    """With shared tables or contexts, a short stream is of the kind that takes least."""
    content = skewed(400).tobytes()
    model = Categorical.fit(np.frombuffer(content, np.uint8), precision=12)
    frames = [
        ansflow.compress(content, tables=tables, order=order) for tables in ([], [model], [model])
    ]
    assert frames[1] == frames[2]
    for frame in frames:
        assert ansflow.decompress(frame) == content == naive.read(frame).content
    kinds = [naive.read(frame).chunks[0].streams[0].kind for frame in frames]
    assert kinds == [naive.ADAPTIVE, naive.SHARED, naive.SHARED]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=300) | st.binary(min_size=1, max_size=80))
def test_any_symbols(symbols):
    encode(np.array(list(symbols), np.uint8))


# What the oracle writes, and payloads that lie behind checks that are right

CONTENT = skewed(500).tobytes()
SOUND = writer.adapt(CONTENT)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100, 500])
def test_what_the_oracle_writes_is_read(size):
    for content in (CONTENT[:size], bytes(size), b"\xff" * size):
        body = writer.join_streams(AS_STREAM, [writer.adapt(content)])
        assert naive_body.read_bare(body, 1, [size]) == content
        assert decode(body, size) == content


def test_as_many_symbols_as_there_may_be():
    content = bytes(MAX_ADAPTIVE)
    body = writer.join_streams(AS_STREAM, [writer.adapt(content)])
    assert decode(body, MAX_ADAPTIVE) == content
    with pytest.raises(CorruptDataError, match="65537 symbols"):
        decode(body, MAX_ADAPTIVE + 1)


def frame(payload):
    header = writer.write_header(len(CONTENT))
    body = writer.join_streams(AS_STREAM, [SOUND._replace(payload=payload)])
    return writer.assemble(header, [writer.write_chunk(header, 0, CONTENT, body)])


def test_the_sound_stream_is_read():
    blob = frame(SOUND.payload)
    assert naive.read(blob).content == CONTENT == ansflow.decompress(blob)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\1",
        b"\0" * 4,
        b"\xff" * 4,
        b"\xff" * 300,
        *(SOUND.payload[:size] for size in range(1, 9)),
        *(SOUND.payload[:-size] for size in range(1, 9)),
        SOUND.payload + b"\0",
        SOUND.payload + b"\0\0",
        b"\0\0" + SOUND.payload,
        SOUND.payload[:3] + b"\x80" + SOUND.payload[4:],
        payloads.write_adaptive(CONTENT[:-1]),
        payloads.write_adaptive(CONTENT + b"\0"),
        payloads.write_adaptive(CONTENT[::-1]),
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:8].hex()}",
)
def test_other_payloads(payload):
    refuses(frame(payload))


def test_random_payloads():
    rng = np.random.default_rng(1)
    for begin in (0, 3, 4, 20, len(SOUND.payload) - 3):
        for _ in range(100):
            payload = bytearray(SOUND.payload)
            payload[begin:] = rng.bytes(len(payload) - begin)
            with pytest.raises(CorruptDataError):
                ansflow.decompress(frame(bytes(payload)))
