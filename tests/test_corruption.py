"""Whatever the bytes, `decompress` returns what was compressed or raises an AnsflowError."""

import json
import tracemalloc

import numpy as np
import pytest
import xxhash
from hypothesis import given, strategies as st

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import layout

SKEWED = np.random.default_rng(0).geometric(0.3, 3000).astype(np.uint8).tobytes()
CONTENTS = {
    "stored": bytes(range(150)),
    "constant": bytes(1000),
    "coded": SKEWED[:400],
    "blocks": SKEWED[:900] + bytes(300) + bytes(range(256)) + SKEWED[:300],
    "array": np.arange(120, dtype=">u2").reshape(15, 8).T,
}
FRAMES = {name: ansflow.compress(data, block_size=300) for name, data in CONTENTS.items()}
CONTENTS["contexts"] = bytes(i // 5 % 11 for i in range(500))
FRAMES["contexts"] = ansflow.compress(CONTENTS["contexts"], order=1)
assert FRAMES["contexts"][layout.HEADER.size + layout.CHECK.size] == layout.BLOCK_CONTEXTS


def same(a, b):
    if isinstance(a, bytes) or isinstance(b, bytes):
        return isinstance(a, bytes) and isinstance(b, bytes) and a == b
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def check(damaged):
    """Raises AnsflowError, or returns one of the contents."""
    try:
        result = ansflow.decompress(bytes(damaged))
    except AnsflowError:
        return
    assert any(same(result, data) for data in CONTENTS.values())


@pytest.mark.parametrize("name", FRAMES)
def test_every_flipped_bit_is_noticed(name):
    frame = bytearray(FRAMES[name])
    for bit in range(8 * len(frame)):
        frame[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AnsflowError):
            ansflow.decompress(frame)
        frame[bit // 8] ^= 1 << bit % 8


@st.composite
def mutations(draw):
    frame = bytearray(FRAMES[draw(st.sampled_from(sorted(FRAMES)))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame)))
        end = min(at + draw(st.integers(0, 40)), len(frame))
        match draw(st.integers(0, 4)):
            case 0:
                frame[at:end] = draw(st.binary(max_size=40))
            case 1:
                frame[at:at] = frame[at:end]
            case 2:
                frame[at:] = FRAMES[draw(st.sampled_from(sorted(FRAMES)))][at:]
            case 3:
                frame[at:end] = bytes(end - at)
            case 4:
                frame[at:end] = b"\xff" * (end - at)
    return frame


@given(mutations())
def test_mutations(damaged):
    check(damaged)


@given(st.binary(max_size=400))
def test_random_bytes(data):
    check(data)
    check(layout.MAGIC + b"\x01" + data)
    check(FRAMES["coded"][: layout.HEADER.size + layout.CHECK.size] + data)


def test_random_streams_behind_a_valid_table():
    # The checksum is recomputed only for what was decoded, so nearly all must fail on it.
    frame = FRAMES["coded"]
    rng = np.random.default_rng(1)
    for _ in range(300):
        damaged = bytearray(frame)
        at = rng.integers(len(frame) - 60, len(frame))
        damaged[at:] = rng.bytes(len(frame) - at)
        check(damaged)


def blocks_of(frame):
    at = layout.HEADER.size + layout.CHECK.size
    while at < len(frame):
        size = layout.BLOCK.unpack_from(frame, at)[5]
        yield frame[at : at + layout.BLOCK.size + size]
        at += layout.BLOCK.size + size


def test_blocks_cannot_change_places():
    frame = ansflow.compress(SKEWED, block_size=1000)
    first, second, third = blocks_of(frame)
    head = frame[: layout.HEADER.size + layout.CHECK.size]
    assert ansflow.decompress(head + first + second + third) == SKEWED
    for order in ((second, first, third), (first, first, third), (first, third, second)):
        with pytest.raises(CorruptDataError, match="check"):
            ansflow.decompress(head + b"".join(order))


def header(
    version=1, flags=0, kind=1, planes=4, size=8, block=100, dtype="<i4", shape=(2,), text=None
):
    """A header with a valid check whatever it says, and no blocks."""
    if text is None:
        text = json.dumps({"dtype": dtype, "shape": shape}).encode() if kind == 1 else b""
    fields = (layout.MAGIC, version, flags, kind, planes, size, block, len(text))
    head = layout.HEADER.pack(*fields) + text
    return head + layout.CHECK.pack(xxhash.xxh3_64_intdigest(head))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"version": 2}, UnsupportedError, "version 2"),
        ({"version": 0}, UnsupportedError, "version 0"),
        ({"flags": 2}, UnsupportedError, "flags 0x02"),
        ({"kind": 2}, UnsupportedError, "kind of content 2"),
        ({"planes": 0}, CorruptDataError, "items of 0"),
        ({"planes": 65, "size": 650}, CorruptDataError, "items of 65"),
        ({"planes": 3}, CorruptDataError, "items of 3"),
        ({"block": 0}, CorruptDataError, "block size"),
        ({"block": (1 << 32) - 1}, CorruptDataError, "block size"),
        ({"size": (1 << 64) - 4}, LimitError, "max_output"),
        ({"size": 1 << 40, "shape": [1 << 38]}, LimitError, "max_output"),
        ({"shape": [3]}, CorruptDataError, "doesn't take"),
        ({"shape": [-2]}, CorruptDataError, "shape"),
        ({"shape": [2.0]}, CorruptDataError, "shape"),
        ({"shape": [True, 2]}, CorruptDataError, "shape"),
        ({"shape": [[2]]}, CorruptDataError, "shape"),
        ({"shape": [1 << 70]}, CorruptDataError, "shape"),
        ({"shape": [0, 1 << 62, 1 << 62], "size": 0}, CorruptDataError, "shape"),
        ({"shape": 2}, CorruptDataError, "shape"),
        ({"shape": [1] * 65 + [2]}, LimitError, "max_dimensions"),
        ({"dtype": "|O", "size": 16}, CorruptDataError, "type"),
        ({"dtype": [["a", "|O"]], "size": 16}, CorruptDataError, "type"),
        # These two divide by zero inside NumPy, which ends the process.
        ({"dtype": "<M8[D/0]"}, CorruptDataError, "type"),
        ({"dtype": "<m8[7D/0]"}, CorruptDataError, "type"),
        ({"dtype": "nonsense"}, CorruptDataError, "read"),
        ({"dtype": "|V99999999999"}, CorruptDataError, "read"),
        ({"dtype": []}, CorruptDataError, None),
        ({"dtype": [[]]}, CorruptDataError, "read"),
        ({"dtype": [["a"]]}, CorruptDataError, "read"),
        ({"dtype": [[1, "<i4"]]}, CorruptDataError, "read"),
        ({"dtype": {"names": ["a"]}}, CorruptDataError, "read"),
        ({"dtype": None}, CorruptDataError, None),
        ({"dtype": [["a", "<i4", [-1]]]}, CorruptDataError, "read"),
        ({"dtype": [["a", "<i4", [1 << 40]]]}, CorruptDataError, None),
        ({"text": b"{"}, CorruptDataError, "read"),
        ({"text": b"[]"}, CorruptDataError, "read"),
        ({"text": b"\xff\xfe"}, CorruptDataError, "read"),
        ({"text": b"[" * 65_000}, CorruptDataError, "read"),
        ({"text": b'{"dtype":' + b"[" * 30_000}, CorruptDataError, "read"),
        ({"text": b" " * 65_537}, CorruptDataError, "description of 65537"),
        ({"kind": 0, "planes": 2}, CorruptDataError, "bytes describes"),
        ({"kind": 0, "planes": 1, "flags": 1}, CorruptDataError, "bytes describes"),
        ({"kind": 0, "planes": 1, "text": b"{}"}, CorruptDataError, "bytes describes"),
    ],
)
def test_insane_headers(fields, error, message):
    with pytest.raises(error, match=message):
        ansflow.decompress(header(**fields))


def test_a_deeply_nested_description_is_refused():
    text = b'{"dtype":' + b"[" * 25_000 + b"]" * 25_000 + b',"shape":[1]}'
    with pytest.raises(CorruptDataError, match="read"):
        ansflow.decompress(header(text=text))


@pytest.mark.parametrize("size", [1 << 33, 1 << 62])
def test_promises_are_refused_before_anything_is_allocated(size):
    bomb = header(kind=0, planes=1, size=size, block=1 << 24) + bytes(200)
    tracemalloc.start()
    with pytest.raises(AnsflowError):
        ansflow.decompress(bomb, limits=ansflow.Limits(max_output=1 << 63))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_limits_hold():
    frame = ansflow.compress(bytes(100_000), block_size=50_000)
    assert len(ansflow.decompress(frame, limits=ansflow.Limits(100_000, 50_000))) == 100_000
    with pytest.raises(LimitError, match="max_output=99999"):
        ansflow.decompress(frame, limits=ansflow.Limits(max_output=99_999))
    with pytest.raises(LimitError, match="max_block=49999"):
        ansflow.decompress(frame, limits=ansflow.Limits(max_block=49_999))
    matrix = ansflow.compress(np.zeros((2, 2)))
    with pytest.raises(LimitError, match="max_dimensions=1"):
        ansflow.decompress(matrix, limits=ansflow.Limits(max_dimensions=1))
