"""Blocks whose fields lie, behind checks that are right: always an error, of every decoder."""

import itertools

import naive_frame as naive
import naive_payload as payloads
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses

import ansflow
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
CHECK = naive.xxh(CONTENT)
FREQ = payloads.fit(CONTENT, 12)
TABLE = payloads.write_table(FREQ, 12)
STREAM = payloads.write_stream(CONTENT, FREQ, 12, 2)
CODED = {"kind": naive.CODED, "lanes_log2": 1, "p": 12}

HEADER = writer.write_header(size=len(CONTENT))


def frame(content=CONTENT, **fields):
    """One block of `content`, stored unless `fields` say otherwise; checks are right."""
    header = writer.write_header(size=len(content))
    block = writer.write_block(header, 0, content, **fields)
    return writer.assemble(header, [block])


def coded(payload, content=CONTENT, **fields):
    return frame(content, payload=payload, **CODED | fields)


def test_the_sound_blocks_are_read():
    """What the others are one step away from."""
    for blob in (coded(TABLE + STREAM), frame()):
        assert naive.read(blob).content == CONTENT
        assert ansflow.decompress(blob) == CONTENT


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": 3}, CorruptDataError),
        ({"kind": 5}, UnsupportedError),
        ({"kind": 254}, UnsupportedError),
        ({"lanes_log2": 1}, CorruptDataError),
        ({"p": 12}, CorruptDataError),
        ({"n": 0}, CorruptDataError),
        ({"n": 299}, CorruptDataError),
        ({"n": 301}, CorruptDataError),
        ({"n": 2**32 - 1}, CorruptDataError),
        ({"payload": CONTENT[:-1]}, CorruptDataError),
        ({"payload": CONTENT + b"x"}, CorruptDataError),
        ({"payload": b""}, CorruptDataError),
        ({"payload": b"", "kind": naive.CONSTANT}, CorruptDataError),
        ({"payload": b"ab", "kind": naive.CONSTANT}, CorruptDataError),
        ({"check": CHECK ^ 1}, CorruptDataError),
        ({"check": naive.xxh(CONTENT, seed=1)}, CorruptDataError),
    ],
    ids=str,
)
def test_fields_of_uncoded_blocks(fields, error):
    refuses(frame(**fields), error)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": naive.END},
        {"table": 1},
        {"table": 255},
        {"m": 299},
        {"m": 301},
        {"m": 2**32 - 1},
        {"tag": b"\0\0\0\0"},
        {"tag": HEADER[-4:]},
        {"number": 1},
        {"number": 2**32 - 1},
        {"head_check": 0},
    ],
    ids=str,
)
def test_fields_of_any_block(fields):
    refuses(frame(**fields))


def test_an_unknown_kind_is_named():
    refuses(frame(kind=77), UnsupportedError, "77")


@pytest.mark.parametrize(
    "fields",
    [{"p": p} for p in (*range(12), *range(13, 18), 31, 32, 63, 64, 255)]
    + [{"lanes_log2": lanes} for lanes in (0, 2, 3, 6, 7, 31, 63, 64, 255)],
    ids=str,
)
def test_other_precisions_and_lanes(fields):
    refuses(coded(TABLE + STREAM, **fields))


@pytest.mark.parametrize("lanes_log2", [7, 8])
def test_more_lanes_than_are_legal(lanes_log2):
    """Though all else is right, and the decoder could do it."""
    content = CONTENT * 20
    stream = payloads.write_stream(content, FREQ, 12, 1 << lanes_log2)
    refuses(coded(TABLE + stream, content, lanes_log2=lanes_log2), match="lanes")
    rows = payloads.fit_contexts(content, 11, 1 << lanes_log2)
    payload = payloads.write_contexts(rows, 11)
    payload += payloads.write_stream_with_contexts(content, rows, 11, 1 << lanes_log2)
    told = {"kind": naive.CONTEXTS, "p": 11, "lanes_log2": lanes_log2}
    refuses(frame(content, payload=payload, **told), match="lanes")


# Above 2^p in one step, only in sum, and never reaching it.
TOO_MUCH = [5000]
TOO_MUCH_IN_SUM = [1000] * 5
TOO_LITTLE = [1] * 256


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0",
        bytes(300),
        b"\xff" * 300,
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
        payloads.write_table(TOO_MUCH, 12) + STREAM,
        payloads.write_table(TOO_MUCH_IN_SUM, 12) + STREAM,
        payloads.write_table(TOO_LITTLE, 12) + STREAM,
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:3].hex()}",
)
def test_other_payloads(payload):
    """A stream that ends early inside a whole payload isn't a frame that was cut."""
    error = refuses(coded(payload))
    assert not isinstance(error, TruncatedError)


WALK = bytes(i // 5 % 11 for i in range(300))
WITH_CONTEXTS = writer.code_contexts(11)(WALK).payload
BITMAP = 256 // 8


def contexts(payload, p=11, lanes_log2=0):
    fields = {"kind": naive.CONTEXTS, "p": p, "lanes_log2": lanes_log2}
    return frame(WALK, payload=bytes(payload), **fields)


def test_the_sound_block_with_contexts_is_read():
    blob = contexts(WITH_CONTEXTS)
    assert naive.read(blob).content == WALK
    assert ansflow.decompress(blob) == WALK


@pytest.mark.parametrize("p", [0, 7, 8, 10, 12, 13, 16, 255])
def test_other_precisions_with_contexts(p):
    refuses(contexts(WITH_CONTEXTS, p=p))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes(BITMAP - 1),
        bytes(BITMAP),
        bytes(300),
        b"\xff" * 300,
        WITH_CONTEXTS[:BITMAP],
        WITH_CONTEXTS[:-1],
        WITH_CONTEXTS[:-2],
        WITH_CONTEXTS + b"xy",
        bytes([WITH_CONTEXTS[0] & ~1]) + WITH_CONTEXTS[1:],  # context 0 must be there
    ],
    ids=lambda payload: f"{len(payload)}-{payload[:3].hex()}",
)
def test_other_payloads_with_contexts(payload):
    refuses(contexts(payload))


def test_random_payloads_with_contexts():
    rng = np.random.default_rng(1)
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
    refuses(coded(bytes(table) + STREAM))


def with_table(rows):
    stream = payloads.write_stream_with_contexts(WALK, rows, 11, 1)
    return payloads.write_contexts(rows, 11) + stream


def test_a_table_of_contexts_has_one_form_only():
    """Neither a bit that fills up, nor a level above the smallest, nor a symbol without a row."""
    rows = payloads.fit_contexts(WALK, 11, 1)
    assert with_table(rows) == WITH_CONTEXTS
    size = len(payloads.write_contexts(rows, 11))
    filled = bytearray(WITH_CONTEXTS)
    filled[size - 1] |= 0x80
    assert filled != WITH_CONTEXTS, "the test needs a bit that fills up"
    refuses(contexts(filled))
    missing = {c: row for c, row in rows.items() if c != WALK[-1]}
    refuses(contexts(payloads.write_contexts(missing, 11) + WITH_CONTEXTS[size:]))


def test_a_row_has_one_level_only():
    """One context, always followed by itself: level 0, not 1 with a frequency of 2."""
    bitmap = "1" + "0" * 255
    for rest, legal in (("0000" + "1", True), ("1000" + "1" + "010", False)):
        payload = payloads.pack(bitmap + rest) + (2**15).to_bytes(4, "little")
        blob = frame(bytes(300), kind=naive.CONTEXTS, p=11, payload=payload)
        if legal:
            assert naive.read(blob).content == bytes(300) == ansflow.decompress(blob)
        else:
            refuses(blob)


def test_states_outside_their_interval():
    for state in (0, 1, 2**15 - 1, 2**31, 2**32 - 1):
        stream = state.to_bytes(4, "little") + STREAM[4:]
        refuses(coded(TABLE + stream), match="interval")


@pytest.mark.parametrize("p", range(8, 17))
@pytest.mark.parametrize("lanes_log2", [0, 1, 5, 6])
def test_random_words_behind_valid_tables(p, lanes_log2):
    """States in their interval, so that the kernels run; then nothing but noise."""
    rng = np.random.default_rng(p)
    low = payloads.low(p)
    content = bytes(2000)  # room for tables of 16 bits
    spread = [1 << p - 8] * 256
    skewed = [1] * 255 + [(1 << p) - 255]
    for freq, words in itertools.product((spread, skewed), (0, 1, 63, 64, 65, 700)):
        states = rng.integers(low, low << 16, 1 << lanes_log2).astype("<u4")
        payload = payloads.write_table(freq, p) + states.tobytes() + rng.bytes(2 * words)
        with pytest.raises(CorruptDataError):
            ansflow.decompress(coded(payload[:2000], content, lanes_log2=lanes_log2, p=p))


def test_many_bytes_from_few_is_no_bomb_by_itself():
    """16 MiB of one value take a whole slot table and no word: legal, and quick."""
    n = 2**24
    freq = [0] * 255 + [2**16]
    payload = payloads.write_table(freq, 16) + payloads.write_stream(b"", freq, 16, 64)
    check = naive.xxh(b"\xff" * n)
    fields = {"lanes_log2": 6, "p": 16}
    header = writer.write_header(size=n, chunk_size=n)
    coding = writer.Coding(naive.CODED, payload, **fields)
    blob = writer.assemble(header, [writer.write_block(header, 0, b"", coding, n=n, check=check)])
    assert ansflow.decompress(blob) == b"\xff" * n
    with pytest.raises(LimitError, match="max_memory"):
        ansflow.decompress(blob, limits=ansflow.Limits(max_memory=n))


# Shared tables


SHARED = [(payloads.fit(CONTENT, p), p) for p in (12, 16, 9)]


def shared(coding, tables=SHARED, *, content=CONTENT, header=None, **fields):
    """A frame of one block that may use shared tables; `fields` are those of its head."""
    header = header or writer.write_header(
        size=len(content), tables=len(tables), shared=writer.write_shared(tables)
    )
    return writer.assemble(header, [writer.write_block(header, 0, content, coding, **fields)])


@pytest.mark.parametrize("table", [1, 2, 3])
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_shared_tables_are_used(table, lanes):
    content = CONTENT * 2
    blob = shared(writer.code_shared(table, SHARED, lanes)(content), content=content)
    (block,) = naive.read(blob).blocks
    assert block.table == table
    assert ansflow.decompress(blob) == content


def test_the_most_shared_tables():
    tables = [SHARED[i % 3] for i in range(64)]
    blob = shared(writer.code_shared(64, tables)(CONTENT), tables)
    assert len(naive.read(blob).shared) == 64
    assert ansflow.decompress(blob) == CONTENT


def test_a_frame_whose_tables_nobody_uses():
    assert ansflow.decompress(shared(writer.code(12)(CONTENT))) == CONTENT
    assert ansflow.decompress(shared(writer.store(CONTENT))) == CONTENT


@pytest.mark.parametrize(
    "fields",
    [
        *({"table": table} for table in (0, 2, 3, 4, 64, 255)),
        *({"p": p} for p in (0, 8, 13, 16, 255)),
        {"kind": naive.CONTEXTS},
        {"kind": naive.STORED},
        {"lanes_log2": 1},
        {"payload": b""},
        {"payload": TABLE + STREAM, "lanes_log2": 1},
    ],
    ids=str,
)
def test_fields_of_blocks_with_shared_tables(fields):
    refuses(shared(writer.code_shared(1, SHARED)(CONTENT), **fields))


def test_a_byte_that_a_shared_table_lacks():
    """It can't be coded; a stream of other bytes doesn't match the check."""
    stream = writer.code_shared(1, SHARED)(CONTENT)
    other = CONTENT[:-1] + b"\xfe"
    assert not SHARED[0][0][0xFE]
    refuses(shared(stream, content=other))


TABLES = writer.write_shared(SHARED)


@pytest.mark.parametrize(
    "fields",
    [
        {"tables": 2},
        {"tables": 4},
        {"tables": 0},
        {"tables": 65},
        {"tables": 255},
        {"shared": b""},
        {"shared": TABLES[:-1]},
        {"shared": TABLES + b"\0"},
        {"shared": b"\7" + TABLES[1:]},
        {"shared": b"\21" + TABLES[1:]},
        {"shared": b"\x0d" + TABLES[1:]},
        {"shared": TABLES[:-1] + bytes([TABLES[-1] | 0x80])},
        {"shared": bytes(len(TABLES))},
        {"shared": b"\xff" * 2000, "tables": 1},
        {"tables": 64, "shared": TABLES * 21 + TABLES[:20] + bytes(2**17)},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_shared_tables_that_are_none(fields):
    told = {"size": len(CONTENT), "tables": 3, "shared": TABLES} | fields
    assert not TABLES[-1] >> 7, "the test needs a bit that fills up"
    refuses(shared(writer.store(CONTENT), header=writer.write_header(**told)))


def test_no_tables_take_no_room():
    header = writer.write_header(size=len(CONTENT), shared=b"\0")
    refuses(shared(writer.store(CONTENT), header=header))
