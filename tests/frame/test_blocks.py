"""Blocks whose fields lie, behind a header that is right: always an AnsflowError."""

import itertools

import naive_frame as naive
import numpy as np
import pytest

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, TruncatedError, UnsupportedError

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
CHECK = naive.xxhash.xxh3_64_intdigest(CONTENT)
FREQ = [0] * 256
for value in CONTENT:
    FREQ[value] += 1
FREQ[0] += 4096 - sum(FREQ)
TABLE = naive.write_table(FREQ, 12)
STREAM = naive.write_stream(CONTENT, FREQ, 12, 2)
HEAD = naive.write_header(size=len(CONTENT))


def coded(payload, **fields):
    fields = {"lanes_log2": 1, "p": 12} | fields
    return HEAD + naive.write_block(naive.CODED, len(CONTENT), payload, CHECK, **fields)


def stored(**fields):
    fields = {"kind": naive.STORED, "n": len(CONTENT), "payload": CONTENT, "check": CHECK} | fields
    return HEAD + naive.write_block(**fields)


def test_the_sound_blocks_are_read():
    """What the others are one step away from."""
    assert ansflow.decompress(coded(TABLE + STREAM)) == CONTENT
    assert ansflow.decompress(stored()) == CONTENT


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": 3}, CorruptDataError),
        ({"kind": 4}, UnsupportedError),
        ({"kind": 255}, UnsupportedError),
        ({"reserved": 1}, CorruptDataError),
        ({"lanes_log2": 1}, CorruptDataError),
        ({"p": 12}, CorruptDataError),
        ({"n": 0}, CorruptDataError),
        ({"n": 299}, CorruptDataError),
        ({"n": 2**32 - 1}, CorruptDataError),
        ({"m": 299}, CorruptDataError),
        ({"m": 301}, TruncatedError),
        ({"m": 2**32 - 1}, TruncatedError),
        ({"payload": CONTENT[:-1]}, CorruptDataError),
        ({"payload": CONTENT + b"x"}, CorruptDataError),
        ({"payload": b""}, CorruptDataError),
        ({"payload": b"", "kind": naive.CONSTANT}, CorruptDataError),
        ({"payload": b"ab", "kind": naive.CONSTANT}, CorruptDataError),
        ({"check": CHECK ^ 1}, CorruptDataError),
        ({"check": naive.xxhash.xxh3_64_intdigest(CONTENT, seed=1)}, CorruptDataError),
    ],
    ids=str,
)
def test_fields_of_uncoded_blocks(fields, error):
    with pytest.raises(error):
        ansflow.decompress(stored(**fields))


@pytest.mark.parametrize(
    "fields",
    [{"p": p} for p in (*range(12), *range(13, 18), 31, 32, 63, 64, 255)]
    + [{"lanes_log2": lanes} for lanes in (0, 2, 3, 6, 7, 31, 63, 64, 255)],
    ids=str,
)
def test_other_precisions_and_lanes(fields):
    with pytest.raises(CorruptDataError):
        ansflow.decompress(coded(TABLE + STREAM, **fields))


# Above 2^p in one step, only in sum, and never reaching it.
TOO_MUCH = [5000]
TOO_MUCH_IN_SUM = [1000] * 5
TOO_LITTLE = [1] * 256


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        bytes(1000),
        b"\xff" * 1000,
        TABLE,
        TABLE[:-1],
        STREAM,
        TABLE + STREAM[:4],
        TABLE + STREAM[:-1],
        TABLE + STREAM[:-2],
        TABLE + STREAM + b"x",
        TABLE + STREAM + b"xy",
        TABLE[:-1] + STREAM,
        TABLE + b"\0" + STREAM,
        TABLE + b"\0\0" + STREAM,
        naive.write_table(TOO_MUCH, 12) + STREAM,
        naive.write_table(TOO_MUCH_IN_SUM, 12) + STREAM,
        naive.write_table(TOO_LITTLE, 12) + STREAM,
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:3].hex()}",
)
def test_other_payloads(payload):
    """A stream that ends early inside a whole payload isn't a frame that was cut."""
    with pytest.raises(CorruptDataError) as caught:
        ansflow.decompress(coded(payload))
    assert not isinstance(caught.value, TruncatedError)


WALK = bytes(i // 5 % 11 for i in range(300))
WITH_CONTEXTS = ansflow.compress(WALK, order=1)[len(HEAD) + 20 :]
BITMAP = 256 // 8


def contexts(payload, p=11, lanes_log2=0):
    check = naive.xxhash.xxh3_64_intdigest(WALK)
    return HEAD + naive.write_block(naive.CONTEXTS, len(WALK), payload, check, lanes_log2, p)


def test_the_sound_block_with_contexts_is_read():
    assert ansflow.decompress(contexts(WITH_CONTEXTS)) == WALK
    assert naive.read(contexts(WITH_CONTEXTS)).content == WALK


@pytest.mark.parametrize("p", [0, 7, 8, 10, 12, 13, 16, 255])
def test_other_precisions_with_contexts(p):
    with pytest.raises(CorruptDataError):
        ansflow.decompress(contexts(WITH_CONTEXTS, p=p))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes(BITMAP - 1),
        bytes(BITMAP),
        bytes(1000),
        b"\xff" * 1000,
        WITH_CONTEXTS[:BITMAP],
        WITH_CONTEXTS[:-1],
        WITH_CONTEXTS[:-2],
        WITH_CONTEXTS + b"xy",
        bytes([WITH_CONTEXTS[0] & ~1]) + WITH_CONTEXTS[1:],  # context 0 must be there
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:3].hex()}",
)
def test_other_payloads_with_contexts(payload):
    with pytest.raises(CorruptDataError):
        ansflow.decompress(contexts(payload))


def test_random_payloads_with_contexts():
    rng = np.random.default_rng(0)
    for _ in range(300):
        payload = bytearray(WITH_CONTEXTS)
        at = int(rng.integers(BITMAP, len(payload)))
        payload[at:] = rng.bytes(len(payload) - at)
        with pytest.raises(AnsflowError):
            ansflow.decompress(contexts(payload, lanes_log2=int(rng.integers(0, 7))))


def test_a_table_has_one_form_only():
    last = 8 * len(TABLE) - 1
    assert not TABLE[-1] >> 7, "the test needs a bit that fills up"
    table = bytearray(TABLE)
    table[last // 8] |= 1 << last % 8
    with pytest.raises(CorruptDataError):
        ansflow.decompress(coded(bytes(table) + STREAM))


def test_states_outside_their_interval():
    for state in (0, 1, 2**15 - 1, 2**31, 2**32 - 1):
        stream = state.to_bytes(4, "little") + STREAM[4:]
        with pytest.raises(CorruptDataError, match="interval"):
            ansflow.decompress(coded(TABLE + stream))


@pytest.mark.parametrize("p", range(8, 17))
@pytest.mark.parametrize("lanes_log2", [0, 1, 5, 6])
def test_random_words_behind_valid_tables(p, lanes_log2):
    """States in their interval, so that the kernels run; then nothing but noise."""
    rng = np.random.default_rng(p)
    low = naive.low(p)
    spread = [1 << p - 8] * 256
    skewed = [1] * 255 + [(1 << p) - 255]
    for freq, words in itertools.product((spread, skewed), (0, 1, 63, 64, 65, 700)):
        states = rng.integers(low, low << 16, 1 << lanes_log2).astype("<u4")
        payload = naive.write_table(freq, p) + states.tobytes() + rng.bytes(2 * words)
        with pytest.raises(AnsflowError):
            ansflow.decompress(coded(payload, lanes_log2=lanes_log2, p=p))


def test_many_bytes_from_few_is_no_bomb_by_itself():
    """16 MiB of one value take a whole slot table and no word: legal, and quick."""
    n = 2**24
    freq = [0] * 255 + [2**16]
    stream = naive.write_stream(b"", freq, 16, 64)
    check = naive.xxhash.xxh3_64_intdigest(b"\xff" * n)
    block = naive.write_block(
        naive.CODED, n, naive.write_table(freq, 16) + stream, check, lanes_log2=6, p=16
    )
    frame = naive.write_header(size=n, block_size=n) + block
    assert ansflow.decompress(frame) == b"\xff" * n
    with pytest.raises(AnsflowError, match="max_block"):
        ansflow.decompress(frame, limits=ansflow.Limits(max_block=n - 1))
