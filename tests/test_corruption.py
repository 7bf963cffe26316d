"""Whatever the bytes, `decompress` returns what was compressed or raises an AnsflowError."""

import io
import tracemalloc

import naive_examples as examples
import naive_frame as naive
import naive_writer as writer
import numpy as np
import pytest
from hypothesis import given, strategies as st

import ansflow
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    LimitError,
    TruncatedError,
    UnsupportedError,
)

SKEWED = np.random.default_rng(0).geometric(0.3, 3000).astype(np.uint8).tobytes()
ARRAY = np.arange(120, dtype=">u2").reshape(15, 8)
MODEL = ansflow.models.Categorical.fit(list(SKEWED), precision=12)

# What ansflow writes, and what the oracle does.
FILES = examples.FILES | {
    "ours": ansflow.compress(SKEWED[:400], chunk_size=300),
    "our chunks": ansflow.compress(
        SKEWED[:900] + bytes(300) + bytes(range(256)) + SKEWED[:300], chunk_size=300
    ),
    "our contexts": ansflow.compress(bytes(i // 5 % 11 for i in range(500)), order=1),
    "our shared": ansflow.compress(SKEWED[:600], chunk_size=100, tables=[MODEL]),
    "our array": ansflow.compress(ARRAY.T, chunk_size=300, metadata={"name": "value"}),
    "our tiles": ansflow.compress(ARRAY, chunks=(7, 5), recipe="stream"),
    "our two": ansflow.compress(SKEWED[:300]) + ansflow.compress(SKEWED[:500], chunk_size=200),
}
NAMES = sorted(FILES)
CONTENTS = {name: naive.join(naive.read_all(blob)) for name, blob in FILES.items()}
SEVERAL = [name for name, blob in FILES.items() if examples.between_frames(blob)]


def check(damaged):
    """Raises AnsflowError, or returns what the oracle reads."""
    try:
        result = ansflow.decompress(bytes(damaged))
    except AnsflowError:
        return
    assert examples.same(result, naive.join(naive.read_all(bytes(damaged))))


def flip(blob, step):
    """Flip one bit after the other; each time ansflow must notice, or read the same.

    It decodes on one thread and on two in turn. There are two ways to say that a stream has one
    symbol, and several sizes of an alphabet.
    """
    content, read = naive.join(naive.read_all(blob)), 0
    blob = bytearray(blob)
    for bit in range(0, 8 * len(blob), step):
        blob[bit // 8] ^= 1 << bit % 8
        try:
            result = ansflow.decompress(blob, threads=1 + bit % 2)
        except AnsflowError:
            pass
        else:
            assert examples.same(result, content)
            assert naive.join(naive.read_all(bytes(blob))) == content
            read += 1
        blob[bit // 8] ^= 1 << bit % 8
    return read


# Bits that nothing depends on: of numbers under a mask, and the last ones of factors and slopes.
FREE_BITS = {"numbers": 191, "lines of numbers": 49}


def most_free(name, step):
    return FREE_BITS.get(name, 0) // step + 8


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_noticed(name):
    """Of longer files not every bit, but some of every byte."""
    step = 1 if len(FILES[name]) < 100 else 7
    assert flip(FILES[name], step) <= most_free(name, step)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_of_longer_files_is_noticed(name):
    assert flip(FILES[name], 1) <= most_free(name, 1)


@st.composite
def mutations(draw):
    blob = bytearray(FILES[draw(st.sampled_from(NAMES))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(blob)))
        end = min(at + draw(st.integers(0, 40)), len(blob))
        match draw(st.integers(0, 5)):
            case 0:
                blob[at:end] = draw(st.binary(max_size=40))
            case 1:
                blob[at:at] = blob[at:end]
            case 2:
                blob[at:] = FILES[draw(st.sampled_from(NAMES))][at:]
            case 3:
                blob[at:end] = bytes(end - at)
            case 4:
                blob[at:end] = b"\xff" * (end - at)
            case 5:
                blob += FILES[draw(st.sampled_from(NAMES))]
    return blob


@given(mutations())
def test_mutations(damaged):
    check(damaged)


@given(st.binary(max_size=400))
def test_random_bytes(data):
    check(data)
    check(naive.MAGIC + b"\3" + data)
    check(naive.read_header(FILES["coded"]).raw + data)
    check(FILES["coded"] + data)


@pytest.mark.parametrize("name", ["coded", "contexts"])
def test_random_streams_behind_a_valid_table(name):
    """Behind heads that are right, too."""
    frame = naive.read(FILES[name])
    (stream,) = frame.streams
    rng = np.random.default_rng(1)
    for _ in range(200):
        payload = bytearray(stream.payload)
        at = int(rng.integers(len(payload) - 60, len(payload)))
        payload[at:] = rng.bytes(len(payload) - at)
        coding = writer.coding_of(stream)._replace(payload=bytes(payload))
        body = writer.join_streams(b"\0", [coding])
        damaged = writer.write_chunk(frame.header.raw, 0, frame.content, body)
        check(writer.assemble(frame.header.raw, [damaged]))


# Headers


DESCRIPTION = {"dtype": "<i4", "shape": [2]}


def without(*keys):
    return {key: value for key, value in DESCRIPTION.items() if key not in keys}


def header(text=None, **fields):
    """A header with a valid check whatever it says, and an end mark; `text` is the description.

    Fields of the header are named as the oracle does, others are those of the description.
    """
    told = {"size": 8, "array": True}
    keys = [*told, "chunk", "version", "flags", "tables", "shared", "described", "length"]
    keys += ["rest", "fields", "only"]
    told |= {key: fields.pop(key) for key in keys if key in fields}
    told["more"] = told.pop("rest", b"")
    text = DESCRIPTION | fields if text is None else text
    if "chunk" not in told:
        grid = naive.attempt(writer.grid_of, text, told["size"], None, False)
        told["chunk"] = [1] * (1 if grid is None else len(grid.lengths))
    head = writer.write_header(description=text, **told)
    return writer.assemble(head, [])


def brief(**told):
    return writer.write_brief(**{"dtype": "<i4", "shape": [2], "only": (10, 0)} | told)


HEADERS = [
    ({"version": 0}, UnsupportedError, "version 0"),
    ({"version": 1}, UnsupportedError, "version 1"),
    ({"version": 2}, UnsupportedError, "version 2"),
    ({"version": 4}, UnsupportedError, "version 4"),
    ({"version": 255}, UnsupportedError, "version 255"),
    ({"flags": 8}, CorruptDataError, "bytes"),
    ({"flags": 9}, CorruptDataError, None),
    ({"flags": 9, "only": (2, 0), "size": 0, "shape": [0]}, CorruptDataError, "short"),
    ({"flags": 9, "only": (2, 0), "size": None, "shape": [None]}, CorruptDataError, "short"),
    (
        {"flags": 8, "only": (2, 0), "text": b"", "array": False, "size": 0},
        CorruptDataError,
        "short",
    ),
    ({"flags": 8, "only": (2, 0), "text": {"directory": True}}, CorruptDataError, "short"),
    ({"flags": 9, "only": (1, 0)}, CorruptDataError, "body of 1 bytes"),
    ({"flags": 9, "only": (521, 0)}, CorruptDataError, "body of 521 bytes"),
    ({"flags": 9, "only": (2**63, 0)}, CorruptDataError, "body"),
    ({"flags": 9, "only": (2, 0), "rest": b"\0"}, CorruptDataError, "1 byte"),
    ({"flags": 9, "only": (2, 0), "size": 2**28, "shape": [2**26]}, CorruptDataError, "chunk"),
    ({"flags": 9, "only": (2, 0), "length": 30}, CorruptDataError, None),
    *[({"flags": flags}, CorruptDataError, "brief") for flags in (16, 17, 24, 29, 31, 48, 61)],
    *[({"flags": flags}, CorruptDataError, None) for flags in (32, 33, 40, 41)],
    ({"flags": 57, "fields": brief(terse=True)[:-1]}, CorruptDataError, "cut off"),
    ({"flags": 57, "fields": brief()}, CorruptDataError, "4 bytes"),
    ({"flags": 57, "fields": brief(terse=True), "length": 0}, CorruptDataError, "0 bytes"),
    ({"flags": 57, "fields": brief(terse=True, shape=[2**14 + 1])}, CorruptDataError, "65540"),
    ({"flags": 57, "fields": brief(terse=True, only=(521, 0))}, CorruptDataError, "521 bytes"),
    ({"flags": 25, "fields": brief()[:-1]}, CorruptDataError, "cut off"),
    ({"flags": 25, "fields": brief(more=b"\0")}, CorruptDataError, "1 byte"),
    ({"flags": 25, "fields": brief(dtype=20)}, CorruptDataError, "number 20"),
    ({"flags": 25, "fields": brief(axes=7)}, CorruptDataError, None),
    ({"flags": 25, "fields": brief(shape=[2, 0])}, CorruptDataError, "empty"),
    ({"flags": 25, "fields": brief(shape=[2**63])}, CorruptDataError, "axis"),
    ({"flags": 25, "fields": brief(shape=[2**32, 2**32])}, CorruptDataError, "too large"),
    ({"flags": 25, "fields": brief(shape=[2**58])}, LimitError, "max_output"),
    ({"flags": 25, "fields": brief(shape=[2**26])}, CorruptDataError, "chunk"),
    ({"flags": 25, "fields": brief(only=(1, 0))}, CorruptDataError, "body of 1 bytes"),
    ({"flags": 25, "fields": brief(only=(521, 0))}, CorruptDataError, "body of 521 bytes"),
    ({"flags": 64}, UnsupportedError, "flags 0x40"),
    ({"flags": 4}, CorruptDataError, "bytes"),
    ({"flags": 129}, UnsupportedError, "flags 0x81"),
    ({"flags": 2}, CorruptDataError, None),
    ({"flags": 0}, CorruptDataError, "bytes"),
    ({"chunk": []}, CorruptDataError, None),
    ({"chunk": [0]}, CorruptDataError, "chunk"),
    ({"chunk": [3]}, CorruptDataError, "chunk"),
    ({"chunk": [2, 1]}, CorruptDataError, None),
    ({"chunk": [2**63]}, CorruptDataError, "chunk"),
    ({"chunk": [1, 0], "shape": [1, 2]}, CorruptDataError, "chunk"),
    ({"chunk": [0, 1], "shape": [1, 2]}, CorruptDataError, "chunk"),
    ({"chunk": [2, 0], "shape": [2, 2], "size": 16}, CorruptDataError, "chunk"),
    ({"chunk": [1, 2], "shape": [2, 1]}, CorruptDataError, "chunk"),
    ({"chunk": [2**25 + 1], "size": None, "shape": [None]}, CorruptDataError, "chunk"),
    ({"chunk": [2**26, 2], "size": None, "shape": [None, 2]}, CorruptDataError, "chunk"),
    ({"chunk": [2, 1], "size": None, "shape": [None, 2**16 + 1]}, CorruptDataError, "chunk"),
    ({"chunk": [1, 1], "dtype": "|V65", "size": 130}, CorruptDataError, "content"),
    ({"chunk": [1, 66], "dtype": "|V65", "size": 130}, CorruptDataError, "chunk"),
    ({"rest": b"\0"}, CorruptDataError, "1 byte"),
    ({"fields": b"\0"}, CorruptDataError, None),
    ({"fields": b""}, CorruptDataError, "fields"),
    ({"fields": b"\x80\0\0\1\1"}, CorruptDataError, None),
    ({"fields": b"\xff" * 9 + b"\x7f"}, CorruptDataError, None),
    ({"fields": b"\xff" * 20}, CorruptDataError, None),
    ({"length": 0}, CorruptDataError, "fields"),
    ({"length": 2**21 + 1}, CorruptDataError, "fields"),
    ({"length": 2**32 - 1}, CorruptDataError, "fields"),
    ({"length": 2**21}, TruncatedError, None),
    ({"size": 2**63}, CorruptDataError, None),
    ({"size": 2**64 - 2}, CorruptDataError, None),
    ({"size": 2**63 - 4, "shape": [2**61 - 1]}, LimitError, "max_output"),
    ({"size": 2**40, "shape": [2**38]}, LimitError, "max_output"),
    ({"shape": [3]}, CorruptDataError, "cannot have a content"),
    ({"shape": [-2]}, CorruptDataError, "shape|axis"),
    ({"shape": [2.0]}, CorruptDataError, "shape|axis"),
    ({"shape": [True, 2]}, CorruptDataError, "shape|axis"),
    ({"shape": [[2]]}, CorruptDataError, "shape|axis"),
    ({"shape": [None]}, CorruptDataError, "shape|axis"),
    ({"shape": [2**70]}, CorruptDataError, "shape|axis"),
    ({"shape": 2}, CorruptDataError, "shape|axis"),
    ({"shape": [1] * 65 + [2]}, LimitError, "max_dimensions"),
    ({"dtype": "|O", "size": 16}, CorruptDataError, "type"),
    ({"dtype": [["a", "|O"]], "size": 16}, CorruptDataError, "type"),
    # These two divide by zero inside NumPy, which ends the process.
    ({"dtype": "<M8[D/0]"}, CorruptDataError, "type"),
    ({"dtype": "<m8[7D/0]"}, CorruptDataError, "type"),
    ({"dtype": "nonsense"}, CorruptDataError, "invalid"),
    ({"dtype": "|V99999999999"}, CorruptDataError, "invalid"),
    ({"dtype": "=i4"}, CorruptDataError, "invalid"),
    ({"dtype": "i4"}, CorruptDataError, "invalid"),
    ({"dtype": "<i3"}, CorruptDataError, "invalid"),
    ({"dtype": "|i4"}, CorruptDataError, "invalid"),
    ({"dtype": "<i1", "size": 2 * 4, "shape": [8]}, CorruptDataError, "invalid"),
    ({"dtype": "<V4"}, CorruptDataError, "invalid"),
    ({"dtype": "|V"}, CorruptDataError, "invalid"),
    ({"dtype": [[["a"], "<i4"]]}, CorruptDataError, "invalid"),
    ({"dtype": "<i4", "shape": [float("nan")]}, CorruptDataError, "invalid"),
    ({"dtype": "<M8[01D]", "size": 16}, CorruptDataError, "invalid"),
    ({"dtype": []}, CorruptDataError, None),
    ({"dtype": [[]]}, CorruptDataError, "invalid"),
    ({"dtype": [["a"]]}, CorruptDataError, "invalid"),
    ({"dtype": [[1, "<i4"]]}, CorruptDataError, "invalid"),
    ({"dtype": [[["a", "b", "c"], "<i4"]]}, CorruptDataError, "invalid"),
    ({"dtype": {"names": ["a"]}}, CorruptDataError, "invalid"),
    ({"dtype": None}, CorruptDataError, None),
    ({"dtype": [["a", "<i4", [-1]]]}, CorruptDataError, "invalid"),
    ({"dtype": [["a", "<i4", [2**40]]]}, CorruptDataError, None),
    ({"text": b"{"}, CorruptDataError, "invalid"),
    ({"text": b"[]"}, CorruptDataError, None),
    ({"text": b"\xff\xfe"}, CorruptDataError, "invalid"),
    ({"text": b"\xef\xbb\xbf{}"}, CorruptDataError, "invalid"),
    ({"text": b"[" * 65_000}, CorruptDataError, "invalid"),
    ({"text": b'{"dtype":' + b"[" * 30_000}, CorruptDataError, "invalid"),
    ({"text": b""}, CorruptDataError, None),
    ({"text": b"{}"}, CorruptDataError, None),
    ({"text": b"{}", "described": 1}, CorruptDataError, None),
    ({"text": b" " * (2**20 + 1)}, CorruptDataError, "1048577"),
    ({"described": 2**32 - 1}, CorruptDataError, "4294967295"),
    ({"described": 2**63}, CorruptDataError, None),
    ({"described": 2**20}, CorruptDataError, None),
    ({"tables": 65}, CorruptDataError, "65 shared tables"),
    ({"tables": 2**63}, CorruptDataError, "shared tables"),
    ({"tables": 1}, CorruptDataError, None),
    ({"tables": 1, "shared": b"\7\0"}, CorruptDataError, "table"),
    ({"shared": b"\x0c\0"}, CorruptDataError, None),
    ({"metadata": None}, CorruptDataError, "metadata"),
    ({"metadata": [1]}, CorruptDataError, "metadata"),
    ({"metadata": "text"}, CorruptDataError, "metadata"),
    ({"metadata": {"a": float("nan")}}, CorruptDataError, "invalid"),
    ({"metadata": {"a": float("inf")}}, CorruptDataError, "invalid"),
    ({"more": 0}, UnsupportedError, "more"),
    ({"planes": 2}, UnsupportedError, "planes"),
    ({"": {}}, UnsupportedError, "key"),
    ({"text": without("dtype")}, CorruptDataError, None),
    ({"text": without("shape")}, CorruptDataError, None),
    ({"array": False}, CorruptDataError, "bytes"),
    ({"array": False, "text": without("dtype")}, CorruptDataError, "bytes"),
    ({"array": False, "text": without("shape")}, CorruptDataError, "bytes"),
    ({"text": b"{}", "flags": 2}, CorruptDataError, None),
    ({"size": None}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": []}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [2, None]}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [None, None]}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [None, 0]}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [None], "dtype": "|V0"}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [None, 2], "flags": 3}, CorruptDataError, "shape|axis"),
    ({"size": None, "shape": [None] + [1] * 64}, LimitError, "max_dimensions"),
    ({"shape": [None, 2]}, CorruptDataError, "shape|axis"),
    ({"size": 0, "shape": [None, 2]}, CorruptDataError, "shape|axis"),
    # Without its chunks.
    ({}, CorruptDataError, "content"),
]


def named(cases):
    """Cases with ids that aren't longer than a line."""
    return [pytest.param(*case, id=str(case[0])[:60]) for case in cases]


@pytest.mark.parametrize(("fields", "error", "message"), named(HEADERS))
def test_insane_headers(fields, error, message):
    blob = header(**fields)
    assert naive.attempt(naive.read, blob) is None or error is LimitError
    with pytest.raises(error, match=message) as caught:
        ansflow.decompress(blob)
    assert caught.type is error


def test_shapes_that_only_numpy_cannot_have():
    blob = header(shape=[0, 2**62, 2**62], size=0)
    assert naive.read(blob).shape == [0, 2**62, 2**62]
    with pytest.raises(CorruptDataError, match="shape"):
        ansflow.decompress(blob)


READERS = {
    "decompress": ansflow.decompress,
    "ArrayReader": lambda blob: len(ansflow.ArrayReader(io.BytesIO(blob))),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        ("<i4", [2**40, 2**40, 0]),
        ("<i4", [2**62, 0]),
        ("|V0", [2**32, 2**32]),
        ("|V0", [2**62, 2]),
        ([["a", "|V8"]], [0, 2**60]),
    ],
    ids=str,
)
def test_shapes_that_cannot_be_counted(dtype, shape, read):
    """No matter that there's no content."""
    blob = header({"dtype": dtype, "shape": shape}, size=0)
    assert naive.read(blob).shape == shape
    with pytest.raises(CorruptDataError, match="shape"):
        read(blob)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_empty_arrays_that_are_too_long_together(read):
    blob = header({"dtype": "|V0", "shape": [2**62]}, size=0)
    read(blob)
    with pytest.raises(CorruptDataError, match="shape"):
        read(blob * 2)


@pytest.mark.parametrize(
    "magic", [b"", b"\x89ANS"[::-1], b"\x89ANT", b"\x09ANS", b"\x1f\x8b\x08\0"]
)
def test_another_magic(magic):
    with pytest.raises(CorruptDataError, match="magic"):
        ansflow.decompress(magic + FILES["coded"][4:])


def test_a_deeply_nested_description_is_refused():
    text = b'{"dtype":' + b"[" * 25_000 + b"]" * 25_000 + b',"shape":[1]}'
    with pytest.raises(CorruptDataError, match="invalid"):
        ansflow.decompress(header(text=text))


# Frames that don't go together


FIRST = "rows"


def matrix(fortran=False, **fields):
    return writer.write_frame(examples.NUMBERS, examples.MATRIX | fields, fortran=fortran)


@pytest.mark.parametrize("name", SEVERAL)
def test_frames_one_after_the_other(name):
    assert examples.same(ansflow.decompress(FILES[name]), CONTENTS[name])


def test_arrays_one_after_the_other():
    parts = [ARRAY, ARRAY[:0], ARRAY[3:4]]
    blob = b"".join(ansflow.compress(part, chunk_size=50) for part in parts)
    whole = ansflow.decompress(blob)
    assert whole.dtype == ARRAY.dtype
    assert np.array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize(
    "second",
    [
        FILES["coded"],
        FILES["empty"],
        matrix(fortran=True),
        matrix(dtype="<u2"),
        matrix(dtype=">i2"),
        matrix(shape=[30, 4]),
        matrix(shape=[120]),
        matrix(shape=[15, 4, 2]),
        matrix(shape=[15, 8, 1]),
    ],
    ids=range(9),
)
def test_arrays_that_make_no_longer_one(second):
    first = FILES[FIRST]
    for blob in (first + second, second + first, first + first + second):
        assert naive.attempt(lambda blob=blob: naive.join(naive.read_all(blob))) is None
        with pytest.raises(CorruptDataError) as caught:
            ansflow.decompress(blob)
        assert not isinstance(caught.value, TruncatedError)


def test_arrays_without_axes_make_no_longer_one():
    scalar = ansflow.compress(np.float32(1.5))
    assert ansflow.decompress(scalar).shape == ()
    with pytest.raises(CorruptDataError):
        ansflow.decompress(scalar + scalar)


# Limits


def traced(function):
    """What the function returns, and how much memory it took at most."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refuses(blob, error, limits, match=None):
    with pytest.raises(error, match=match):
        ansflow.decompress(blob, limits=limits)


@pytest.mark.parametrize("size", [2**33, 2**62])
def test_promises_are_refused_before_anything_is_allocated(size):
    bomb = writer.write_header(size, chunk=[2**24]) + bytes(200)
    limits = ansflow.Limits(max_output=2**63)
    _, peak = traced(lambda: refuses(bomb, AnsflowError, limits))
    assert peak < 2**20


def constant(header, place, n):
    """A chunk of n zeros, a few bytes long."""
    check = naive.xxh(bytes(n), seed=place)
    return writer.write_chunk(header, place, b"", b"\0\1\0", cells=n, check=check)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("index", [False, True])
def test_a_bomb_is_refused_before_anything_is_allocated(index, known):
    n, count = 2**20, 50
    header = writer.write_header(n * count if known else None, chunk=[n])
    bomb = writer.assemble(header, [constant(header, place, n) for place in range(count)], index)
    assert len(bomb) < 4000
    assert ansflow.decompress(bomb) == bytes(n * count)
    limits = ansflow.Limits(max_output=n * count - 1)
    _, peak = traced(lambda: refuses(bomb, LimitError, limits, "max_output"))
    assert peak < 2**19
    small = ansflow.Limits(max_memory=n)
    _, peak = traced(lambda: refuses(bomb, LimitError, small, "max_memory"))
    assert peak < 2**19


def test_bombs_one_after_the_other():
    header = writer.write_header(2**20, chunk=[2**20])
    bomb = writer.assemble(header, [constant(header, 0, 2**20)])
    limits = ansflow.Limits(max_output=2**22 - 1)
    assert len(ansflow.decompress(bomb * 3, limits=limits)) == 3 * 2**20
    _, peak = traced(lambda: refuses(bomb * 4, LimitError, limits, "max_output"))
    assert peak < 2**19


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("chunk", [[2**13, 2**10], [2**20, 1]])
def test_groups_that_are_too_large(known, chunk):
    """Though no chunk is: a decoder needs whole groups."""
    shape = [2**20 if known else None, 2**15]
    header = writer.write_header(
        2**35 if known else None, {"dtype": "|u1", "shape": shape}, chunk, array=True
    )
    blob = writer.assemble(header, [constant(header, place, 1) for place in range(64)])
    limits = ansflow.Limits(max_output=2**40)
    _, peak = traced(lambda: refuses(blob, LimitError, limits, "max_memory"))
    assert peak < 2**19


def test_tables_of_many_frames_are_not_held_at_once():
    """Each frame has 64 tables of 16 bits, which take hundreds of KiB when they are used."""
    shared = [([2**16] + [0] * 255, 16)] * 64
    coding = writer.in_turn(*[writer.code_shared(table + 1, shared) for table in range(64)])
    frame = writer.write_frame(
        bytes(64 * 100), shared=shared, coding=coding, chunk=[100], index=True
    )
    blob, limits = 10 * frame, ansflow.Limits(max_memory=2**26)

    def read():
        with ansflow.open(io.BytesIO(blob), limits=limits, threads=1) as file:
            return file.read()

    for way in (read, lambda: ansflow.decompress(blob, limits=limits, threads=1)):
        content, peak = traced(way)
        assert content == bytes(10 * 64 * 100)
        assert peak < 2**26


@pytest.mark.parametrize(("p", "slots"), [(8, 2**10), (12, 2**14), (16, 2**19)])
@pytest.mark.parametrize("count", [1, 64])
def test_shared_tables_count(p, slots, count):
    """What a decoder makes of them, used or not."""
    shared = [([2**p] + [0] * 255, p)] * count
    blob = writer.write_frame(bytes(100), shared=shared, coding=writer.code_shared(count, shared))
    refuses(blob, LimitError, ansflow.Limits(max_memory=count * slots), "max_memory")
    allowed = ansflow.Limits(max_memory=count * (slots + 4096) + 5000)
    assert ansflow.decompress(blob, limits=allowed) == bytes(100)


@pytest.mark.parametrize("name", ["max_output", "max_memory", "max_dimensions"])
def test_limits_are_integers(name):
    assert getattr(ansflow.Limits(**{name: np.uint8(200)}), name) == 200
    assert type(getattr(ansflow.Limits(**{name: np.array(7)}), name)) is int
    assert getattr(ansflow.Limits(**{name: 0}), name) == 0
    for wrong in (1.0, True, np.bool(True), "1", None, float("inf")):
        with pytest.raises(TypeError, match=name):
            ansflow.Limits(**{name: wrong})
    with pytest.raises(ValueError, match=name):
        ansflow.Limits(**{name: -1})
    assert ansflow.Limits(**{name: np.uint8(200)}) == ansflow.Limits(**{name: 200})


def test_limits_hold():
    blob = writer.write_frame(bytes(100_000), chunk=[50_000], coding=writer.repeat)
    limits = ansflow.Limits(max_output=100_000, max_memory=1_000_000)
    assert len(ansflow.decompress(blob, limits=limits)) == 100_000
    refuses(blob, LimitError, ansflow.Limits(max_output=99_999), "max_output=99999")
    refuses(blob, LimitError, ansflow.Limits(max_memory=49_999), "max_memory=49999")
    matrix = FILES["matrix"]
    refuses(matrix, LimitError, ansflow.Limits(max_dimensions=1), "max_dimensions=1")
    ansflow.decompress(matrix, limits=ansflow.Limits(max_dimensions=2))
