"""Streams and recipes that lie, behind checks that are right: always an error, of every decoder."""

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
from ansflow.frame.streams import choice

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
FREQ = payloads.fit(CONTENT, 12)
TABLE = payloads.write_table(FREQ, 12)
STREAM = payloads.write_words(CONTENT, FREQ, 12, 2)
SOUND = writer.Coding(naive.CODED, writer.coder_byte(12, 2), True, TABLE + STREAM)
STORED = writer.store(CONTENT)
AS_STREAM = b"\0"


def frame(body, content=CONTENT, description=b"", w=1, **told):
    """One chunk of that body, with checks that are right."""
    told = {"shared": b"", "tables": 0} | told
    array = bool(description)
    header = writer.write_header(len(content), description, array=array, **told)
    return writer.assemble(header, [writer.write_chunk(header, 0, content, body, w)])


def one(coding, content=CONTENT, **fields):
    """A chunk of one stream, whose coding may be another than `coding` says."""
    return frame(writer.join_streams(AS_STREAM, [coding._replace(**fields)]), content)


def coded(payload, content=CONTENT, **fields):
    return one(SOUND, content, payload=payload, **fields)


def coder(p, lanes_log2):
    """The byte of the coder, also of those that aren't legal."""
    return bytes([p - 1 & 15 | lanes_log2 << 4])


def test_the_sound_streams_are_read():
    """What the others are one step away from."""
    for blob in (one(SOUND), one(STORED)):
        assert naive.read(blob).content == CONTENT
        assert ansflow.decompress(blob) == CONTENT


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": 3}, CorruptDataError),
        ({"kind": 4}, CorruptDataError),
        ({"kind": 5}, CorruptDataError),
        ({"kind": 6}, CorruptDataError),
        ({"kind": 8}, CorruptDataError),
        ({"kind": 9}, UnsupportedError),
        ({"kind": 255}, UnsupportedError),
        ({"kind": naive.CONSTANT}, CorruptDataError),
        ({"fields": b"\0"}, CorruptDataError),
        ({"payload": CONTENT[:-1]}, CorruptDataError),
        ({"payload": CONTENT + b"x"}, CorruptDataError),
        ({"payload": b""}, CorruptDataError),
        ({"payload": b"", "kind": naive.CONSTANT}, CorruptDataError),
        ({"payload": b"ab", "kind": naive.CONSTANT}, CorruptDataError),
        ({"payload": CONTENT[:-1] + b"x"}, CorruptDataError),
    ],
    ids=str,
)
def test_fields_of_streams_that_are_not_coded(fields, error):
    refuses(one(STORED, **fields), error)


@pytest.mark.parametrize(
    "told",
    [
        {"cells": 299},
        {"cells": 301},
        {"cells": 2**32 - 1},
        {"cells": 0},
        {"m": 299},
        {"m": 301},
        {"m": 1},
        {"m": 0},
        {"m": 300 + 513},
        {"m": 2**32 - 1},
        {"tag": b"\0\0\0\0"},
        {"tag": b"\x89ANS"},
        {"number": 1},
        {"number": 2**32 - 1},
        {"check": naive.xxh(CONTENT) ^ 1},
        {"check": naive.xxh(CONTENT, seed=1)},
        {"head_check": 0},
    ],
    ids=str,
)
def test_heads_of_chunks(told):
    header = writer.write_header(len(CONTENT))
    refuses(writer.assemble(header, [writer.write_chunk(header, 0, CONTENT, **told)]))


def test_an_unknown_kind_is_named():
    refuses(one(STORED, kind=77), UnsupportedError, "77")


@pytest.mark.parametrize("p", [*range(1, 12), *range(13, 17)])
def test_other_precisions(p):
    refuses(one(SOUND, fields=coder(p, 1)))


def test_precisions_outside_their_range():
    """Though all else is right."""
    for p in (6, 7):
        refuses(one(writer.code(p, 2)(CONTENT)))
    for p in (7, 13, 14):
        refuses(one(writer.code_contexts(p)(WALK), WALK))


@pytest.mark.parametrize("lanes_log2", [0, 2, 3, 6, 7, 8, 15])
def test_other_lanes(lanes_log2):
    refuses(one(SOUND, fields=coder(12, lanes_log2)))


@pytest.mark.parametrize("lanes_log2", [7, 8])
def test_more_lanes_than_are_legal(lanes_log2):
    """Though all else is right, and the decoder could do it."""
    content = CONTENT * 20
    words = payloads.write_words(content, FREQ, 12, 1 << lanes_log2)
    refuses(coded(TABLE + words, content, fields=coder(12, lanes_log2)))
    rows = payloads.fit_contexts(content, 11, 1 << lanes_log2)
    payload = payloads.write_contexts(rows, 11)
    payload += payloads.write_words_with_contexts(content, rows, 11, 1 << lanes_log2)
    told = {"kind": naive.CONTEXTS, "fields": coder(11, lanes_log2)}
    refuses(coded(payload, content, **told))


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
CONTEXTS = writer.code_contexts(11)(WALK)
WITH_CONTEXTS = CONTEXTS.payload
BITMAP = 256 // 8


def contexts(payload, p=11, lanes_log2=0):
    return one(CONTEXTS, WALK, payload=bytes(payload), fields=coder(p, lanes_log2))


def test_the_sound_stream_with_contexts_is_read():
    blob = contexts(WITH_CONTEXTS)
    assert naive.read(blob).content == WALK
    assert ansflow.decompress(blob) == WALK


@pytest.mark.parametrize("p", [1, 7, 8, 10, 12, 13, 16])
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
    stream = payloads.write_words_with_contexts(WALK, rows, 11, 1)
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
        blob = one(CONTEXTS, bytes(300), payload=payload)
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
            ansflow.decompress(coded(payload[:2000], content, fields=coder(p, lanes_log2)))


def test_many_bytes_from_few_is_no_bomb_by_itself():
    """16 MiB of one value take a whole slot table and no word: legal, and quick."""
    n = 2**24
    freq = [0] * 255 + [2**16]
    payload = payloads.write_table(freq, 16) + payloads.write_words(b"", freq, 16, 64)
    coding = SOUND._replace(fields=coder(16, 6), payload=payload)
    body = writer.join_streams(AS_STREAM, [coding])
    header = writer.write_header(n, chunk=[n])
    check = naive.xxh(b"\xff" * n)
    chunk = writer.write_chunk(header, 0, b"", body, cells=n, check=check)
    blob = writer.assemble(header, [chunk])
    assert ansflow.decompress(blob) == b"\xff" * n
    with pytest.raises(LimitError, match="max_memory"):
        ansflow.decompress(blob, limits=ansflow.Limits(max_memory=n))


# Symbols of 16 bits


NUMBERS = b"".join((i * i // 9 % 300).to_bytes(2, "little") for i in range(200))
OF_NUMBERS = {"dtype": "<u2", "shape": [200]}
WIDE = writer.code(10, 2)(NUMBERS, 2)
WIDE_FREQ = payloads.fit(writer.symbols_of(NUMBERS, 2), 10, 300)
WIDE_TABLE = payloads.write_table(WIDE_FREQ, 10)
WIDE_WORDS = payloads.write_words(writer.symbols_of(NUMBERS, 2), WIDE_FREQ, 10, 2)


def wide(coding=WIDE, content=NUMBERS, **fields):
    body = writer.join_streams(AS_STREAM, [coding._replace(**fields)])
    return frame(body, content, OF_NUMBERS, 2, chunk=[200])


def alphabet(size):
    return writer.write_varint(size)


def test_the_sound_stream_of_16_bits_is_read():
    top = max(writer.symbols_of(NUMBERS, 2)) + 1
    assert WIDE_FREQ[top:] == [0] * (300 - top)
    for size in (top, 300, 65_536):  # what follows the last of them has no bits
        blob = wide(payload=alphabet(size) + WIDE_TABLE + WIDE_WORDS)
        assert naive.read(blob).content == NUMBERS == ansflow.decompress(blob).tobytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": WIDE_TABLE + WIDE_WORDS},
        {"payload": alphabet(0) + WIDE_TABLE + WIDE_WORDS},
        {"payload": alphabet(1) + WIDE_TABLE + WIDE_WORDS},
        {"payload": alphabet(100) + WIDE_TABLE + WIDE_WORDS},
        {"payload": alphabet(65_537) + WIDE_TABLE + WIDE_WORDS},
        {"payload": alphabet(2**63) + WIDE_TABLE + WIDE_WORDS},
        {"payload": b"\xac\x82\0" + WIDE_TABLE + WIDE_WORDS},
        {"payload": b"\xff" * 9},
        {"payload": b""},
        {"payload": alphabet(300)},
        {"payload": alphabet(300) + WIDE_TABLE},
        {"payload": alphabet(300) + WIDE_TABLE + WIDE_WORDS[:-2]},
        {"payload": alphabet(300) + WIDE_TABLE + WIDE_WORDS[:-1]},
        {"payload": alphabet(300) + WIDE_TABLE + WIDE_WORDS + b"xy"},
        {"payload": alphabet(65_536) + bytes(400)},
        {"kind": naive.SHARED},
        {"kind": naive.CONTEXTS},
        {"kind": naive.CLASSES},
        {"kind": naive.MODELLED},
        {"kind": naive.CONTEXTS, "payload": WITH_CONTEXTS},
        {"kind": naive.STORED, "fields": b"", "payload": NUMBERS[:-1]},
        {"kind": naive.STORED, "fields": b"", "payload": NUMBERS + b"x"},
        {"kind": naive.CONSTANT, "fields": b"", "payload": NUMBERS[:1]},
        {"kind": naive.CONSTANT, "fields": b"", "payload": NUMBERS[:2]},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_other_streams_of_16_bits(fields):
    refuses(wide(**fields))


@pytest.mark.parametrize("p", [8, 12, 13, 16])
@pytest.mark.parametrize("size", [2, 257, 65_536])
def test_random_words_behind_valid_tables_of_16_bits(p, size):
    rng = np.random.default_rng(p)
    freq = [0] * size
    freq[0], freq[min(size, 257) - 1] = 2**p - 3, 3
    for words in (0, 1, 20, 60):
        states = rng.integers(payloads.low(p), payloads.low(p) << 16, 2).astype("<u4").tobytes()
        payload = alphabet(size) + payloads.write_table(freq, p) + states + rng.bytes(2 * words)
        with pytest.raises(CorruptDataError):
            ansflow.decompress(wide(payload=payload, fields=coder(p, 1)))


# Recipes, and sizes of streams


MATRIX = {"dtype": ">u4", "shape": [60]}
ITEMS = bytes(i * i % 7 for i in range(240))
PLANES = [writer.code()(ITEMS[0::4]), *(writer.store(ITEMS[j::4]) for j in range(1, 4))]


def recipe(text, codings, content=ITEMS, description=MATRIX, sizes=None, w=4):
    body = writer.join_streams(text, codings, sizes)
    return frame(body, content, description, w, chunk=[len(content) // w])


def test_the_sound_recipes_are_read():
    whole = [writer.code(9)(ITEMS)]
    for text, codings in ((b"\x81", PLANES), (b"\x82", whole)):
        blob = recipe(text, codings)
        assert naive.read(blob).content == ITEMS == ansflow.decompress(blob).tobytes()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", AnsflowError),
        (b"\0", CorruptDataError),
        (b"\x80", CorruptDataError),
        (b"\1", CorruptDataError),
        (b"\1\0\0\0\0", CorruptDataError),  # which goes without saying
        (b"\1\x80\x80\x80\x80", CorruptDataError),
        (b"\1\x81\0\0\0", CorruptDataError),  # of items of one byte
        (b"\1\0\0\0", CorruptDataError),
        (b"\1\1\1\1\1\1\1\1\1", CorruptDataError),
        (b"\2\0", CorruptDataError),
        (b"\2\x82", CorruptDataError),
        (b"\2\2\0", CorruptDataError),
        (b"\x82", CorruptDataError),
        (b"\x81\0", CorruptDataError),
        (b"\3", CorruptDataError),
        (b"\x83\0\0", CorruptDataError),
        (b"\x40", UnsupportedError),
        (b"\xc0", UnsupportedError),
        (b"\x7f", UnsupportedError),
        (b"\xff", UnsupportedError),
    ],
    ids=lambda told: told.hex() if isinstance(told, bytes) else "",
)
def test_other_recipes(text, error):
    blob = recipe(text, PLANES)
    assert naive.attempt(naive.read_all, blob) is None
    with pytest.raises(error):
        ansflow.decompress(blob)


@pytest.mark.parametrize("dtype", ["|u1", "|V65", "|V70"])
@pytest.mark.parametrize("text", [b"\x81", b"\x82"])
def test_bytes_have_no_planes(dtype, text):
    """Neither have items that are cut into bytes."""
    content = bytes(range(70)) * 13
    item = writer.item_size(dtype)
    content = content[: 910 // item * item]
    description = {"dtype": dtype, "shape": [len(content) // item]}
    chunk = [len(content)] if item == 1 else [len(content) // item, item]
    body = writer.join_streams(text, [writer.store(content)])
    refuses(frame(body, content, description, chunk=chunk))


@pytest.mark.parametrize("dtype", ["<u4", "<f8", "|V3", "|V64"])
def test_wide_items_are_no_symbols(dtype):
    item = writer.item_size(dtype)
    content = bytes(item * 5)
    described = {"dtype": dtype, "shape": [5]}
    refuses(recipe(b"\0", [writer.store(content)], content, described, w=item))


FIRST = len(PLANES[0].payload)


@pytest.mark.parametrize(
    "size",
    [0, 1, FIRST - 2, FIRST - 1, FIRST + 1, FIRST + 2, FIRST + 180, FIRST + 181, 2**14, 2**63],
)
def test_sizes_of_streams_that_lie(size):
    refuses(recipe(b"\x81", PLANES, sizes=[size, 0, 0]))


@pytest.mark.parametrize(
    "size",
    [bytes([FIRST + 128, 0]), bytes([FIRST + 128, 128, 0]), b"\xff" * 9 + b"\x7f", b"\x80" * 20],
    ids=bytes.hex,
)
def test_sizes_of_streams_in_other_forms(size):
    """No more bytes than are needed, and below 2^64."""
    assert FIRST < 128
    refuses(recipe(b"\x81", PLANES, sizes=[size, 0, 0]))


def test_streams_that_are_missing_or_left_over():
    refuses(recipe(b"\x81", PLANES[:3]))
    refuses(recipe(b"\x81", [*PLANES, writer.store(b"")]))
    refuses(recipe(b"\x81", [*PLANES, writer.repeat(b"a")]))
    refuses(recipe(b"\x81", PLANES[::-1]))  # the last has no size, and the check knows


def test_only_the_last_stream_has_no_size():
    """Written with one, it begins with it."""
    last = [*PLANES[1:], PLANES[0]._replace(fields=PLANES[0].fields + bytes([FIRST]))]
    refuses(recipe(b"\x81", last))


def test_bodies_as_large_as_they_may_be():
    """512 bytes more than the content, in a table that no encoder would choose."""
    freq = [1] * 256
    freq[0] = 2**16 - 255
    table = payloads.write_table(freq, 16)
    for more in (0, 2):
        content = bytes(range(256))[: 256 - more]
        payload = table + payloads.write_words(content, freq, 16, 1)
        short = len(content) + 512 - 3 - len(payload)
        assert short > 0
        lanes = max(n for n in range(7) if 4 * (2**n - 1) <= short)
        payload = table + payloads.write_words(content, freq, 16, 2**lanes)
        blob = coded(payload, content, fields=coder(16, lanes))
        assert naive.read(blob).content == content == ansflow.decompress(blob)
    refuses(frame(b"\0\0" + CONTENT + bytes(510)), match="left|stored")
    refuses(frame(b"\0\0" + CONTENT + bytes(511)), match="a body of")


# Shared tables


SHARED = [(payloads.fit(CONTENT, p), p) for p in (12, 16, 9)]


def shared(coding, tables=SHARED, *, content=CONTENT, **fields):
    """A frame of one stream that may use shared tables."""
    body = writer.join_streams(AS_STREAM, [coding._replace(**fields)])
    return frame(body, content, tables=len(tables), shared=writer.write_shared(tables))


@pytest.mark.parametrize("table", [1, 2, 3])
@pytest.mark.parametrize("lanes", [1, 4, 64])
def test_shared_tables_are_used(table, lanes):
    content = CONTENT * 2
    blob = shared(writer.code_shared(table, SHARED, lanes)(content), content=content)
    (stream,) = naive.read(blob).streams
    assert stream.table == table
    assert ansflow.decompress(blob) == content


def test_the_most_shared_tables():
    tables = [SHARED[i % 3] for i in range(64)]
    blob = shared(writer.code_shared(64, tables)(CONTENT), tables)
    assert len(naive.read(blob).shared) == 64
    assert ansflow.decompress(blob) == CONTENT


def test_a_frame_whose_tables_are_not_used():
    assert ansflow.decompress(shared(writer.code(12)(CONTENT))) == CONTENT
    assert ansflow.decompress(shared(writer.store(CONTENT))) == CONTENT


@pytest.mark.parametrize(
    "fields",
    [
        *({"fields": coder(12, 0) + bytes([table])} for table in (0, 2, 3, 4, 64, 255)),
        *({"fields": coder(p, 0) + b"\1"} for p in (1, 8, 13, 16)),
        {"fields": coder(12, 8) + b"\1"},
        {"kind": naive.CONTEXTS},
        {"kind": naive.CLASSES},
        {"kind": naive.STORED},
        {"kind": naive.CODED},
        {"fields": coder(12, 1) + b"\1"},
        {"fields": coder(12, 0)},
        {"fields": b""},
        {"payload": b""},
        {"payload": TABLE + STREAM, "fields": coder(12, 1) + b"\1"},
    ],
    ids=str,
)
def test_fields_of_streams_with_shared_tables(fields):
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
        {"tables": 2**63},
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
        {"shared": b"\0", "tables": 0},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_malformed_shared_tables(fields):
    assert not TABLES[-1] >> 7, "the test needs a bit that fills up"
    body = writer.join_streams(AS_STREAM, [STORED])
    refuses(frame(body, **{"tables": 3, "shared": TABLES} | fields))


def test_lanes_take_little_of_a_stream():
    """Three bytes each; and there are no fewer than two or four for many symbols."""
    sizes = (100, 2), (600, 2), (1 << 10, 4), (1 << 11, 8), (1 << 13, 32), (1 << 15, 64)
    for size, lanes in sizes:
        assert choice.lanes_for(1 << 17, 64, size) == lanes
    assert choice.lanes_for(1 << 12, 64, 600) == 4
    assert [choice.lanes_for(symbols, 64, 2000) for symbols in (100, 3000, 40_000)] == [1, 4, 8]
    assert choice.lanes_for(1 << 17, 8, 1 << 15) == 8


def test_few_bytes_have_few_lanes():
    """A symbol that hardly ever changes takes less than the states of many lanes would."""
    symbols = (np.arange(40_000) % 4001 == 4000).astype("u1")
    (stream,) = naive.read(ansflow.compress(symbols.tobytes())).streams
    assert (stream.kind, stream.lanes) == (naive.CODED, 2)


@pytest.mark.parametrize("present", [32767, 32768, 40_000, 65536])
def test_many_symbols_of_16_bits_beside_a_frequent_one(present):
    """None of them deserves more bits of precision than there may be."""
    symbols = np.zeros(100_000, np.uint16)
    symbols[:present] = np.arange(present)
    blob = ansflow.compress(symbols, recipe="stream")
    assert np.array_equal(ansflow.decompress(blob), symbols)
    assert len(blob) < symbols.nbytes * (0.99 if present < 65536 else 1.001)


@pytest.mark.parametrize(("highest", "counted"), [(127, True), (128, False)])
def test_streams_whose_first_bytes_are_low_are_not_taken_for_random(monkeypatch, highest, counted):
    """Whatever comes then: if it is random, it is stored after all."""
    seen, count_bytes = [], choice.count_bytes
    monkeypatch.setattr(choice, "count_bytes", lambda *told: seen.append(1) or count_bytes(*told))
    symbols = np.random.default_rng(0).integers(0, 256, 100_000).astype(np.uint8)
    symbols[: choice.FIRST] = 0, *[highest] * (choice.FIRST - 1)
    blob = ansflow.compress(symbols.tobytes())
    assert bool(seen) == counted
    assert {stream.kind for stream in naive.read(blob).streams} == {naive.STORED}
    assert ansflow.decompress(blob) == symbols.tobytes()
