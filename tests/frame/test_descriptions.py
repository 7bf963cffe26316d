"""What a description says is believed only if it makes sense: any JSON gives an array or an error.

NumPy's own parser of types is behind this, so the promise is worth a search of its own.
"""

import itertools
import json

import naive_frame as naive
import naive_writer as writer
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_header import parse

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError
from ansflow.frame.constants import FLAG_BRIEF, FLAG_TERSE, MAX_DESCRIPTION, MAX_TERSE


def frames(text, size):
    """Frames of `size` zeros, described by the bytes `text`, with right checks.

    The last is of a size that isn't known beforehand.
    """
    return [described(bytes(size), text, size), described(bytes(size), text, None)]


def described(content, text, size):
    """One chunk, of cells as large as the description says, if that is legal."""
    grid = naive.attempt(lambda: writer.grid_of(parse(text), size, None, False))
    chunk, cell = ([8], 1) if grid is None else (grid.chunk, grid.cell)
    if len(content) % cell:
        cell = 1
    header = writer.write_header(size, text, [min(n, 2**64 - 1) for n in chunk], array=True)
    body = writer.write_body(content, cell, writer.repeat)
    chunks = [writer.write_chunk(header, 0, content, body, cell)] if content else []
    return writer.assemble(header, chunks)


def attempt(text, size):
    """An array of the promised size, or an AnsflowError."""
    for frame in frames(text, size):
        try:
            array = ansflow.decompress(frame)
        except AnsflowError:
            continue
        assert array.nbytes == size
        assert not array.dtype.hasobject
        assert not array.tobytes().strip(b"\0")


LEGAL = ["<i4", ">f8", "|S3", "<U2", "|V4", "<M8[ns]", "<m8[25s]", "|b1", "<c16", "|O", "|V0"]
LEGAL += ["bfloat16", "int4", "complex32"]
STRINGS = st.one_of(
    st.sampled_from(LEGAL),
    st.text("<>|=iufcbSUVMmO[]:,.0123456789-+/ {}Dsné\0", max_size=8),
    st.builds(
        lambda dtype, at, extra: dtype[:at] + extra + dtype[at:],
        st.sampled_from(LEGAL),
        st.integers(0, 6),
        st.text("<>|=iuO[],:0123456789-/ ", max_size=3),
    ),
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2, -1, 2**31, 2**63, 2**64, 10**30]),
    st.floats(),
    STRINGS,
)
TYPES = st.recursive(
    STRINGS | ATOMS,
    lambda inner: st.lists(
        st.lists(st.one_of(st.sampled_from(["x", "y", ""]), ATOMS, inner), max_size=4), max_size=3
    ),
    max_leaves=8,
)
SHAPES = st.lists(st.sampled_from([0, 1, 2, 8]), max_size=3) | st.lists(ATOMS, max_size=3) | ATOMS


@given(TYPES, SHAPES, st.sampled_from([0, 8]))
@settings(max_examples=100)
def test_any_type_and_shape(dtype, shape, size):
    attempt(json.dumps({"dtype": dtype, "shape": shape}).encode(), size)
    if isinstance(shape, list):
        attempt(json.dumps([dtype, *shape]).encode(), size)


@given(st.binary(max_size=60), st.sampled_from([0, 8]))
def test_any_bytes(text, size):
    attempt(text, size)
    attempt(b'{"dtype":"<f8","shape":[' + text + b"]}", size)
    attempt(b'{"shape":[0],"dtype":"' + text + b'"}', size)
    attempt(b'["<f8",' + text + b"]", size)


@pytest.mark.parametrize(
    "text",
    [
        b"NaN",
        b'{"dtype":"<f8","shape":[NaN]}',
        b'{"dtype":"<f8","shape":[Infinity]}',
        b'{"dtype":"<f8","shape":[1e400]}',
        b'{"dtype":NaN,"shape":[1]}',
        b'{"dtype":"<f8","shape":[' + b"1" * 5000 + b"]}",
        b'{"dtype":"<f8","shape":[1],"shape":[2]}',
        b'{"dtype":"<f8"}',
        b"[]",
        b'["<f8",[1]]',
        b'["<f8",1,""]',
        b'["<f8",1,"a","b"]',
        b'["<f8","a",1]',
        b'["<f8",1,null]',
        b'["<f8",1.0]',
        b'["<f8",-1]',
        b'[1,"<f8"]',
        b'[["<f8",1]]',
        b'{"shape":[1]}',
        b'{"dtype":"|S99999999999999999999","shape":[1]}',
        b'{"dtype":"<U1000000000","shape":[1]}',
        b'{"dtype":[["a","|V2147483640"],["b","|V2147483640"]],"shape":[1]}',
        b'{"dtype":[["a","<i4",[65536,65536]]],"shape":[1]}',
        b'{"dtype":[["a","<i4"],["a","<i4"]],"shape":[1]}',
        b'{"dtype":"<f8","shape":[1]',
        b'{"dtype":"<f8","shape":[1]}}',
        b"1" * MAX_DESCRIPTION,
    ],
    ids=lambda text: text[:40].decode(),
)
def test_impossible_descriptions(text):
    for frame in frames(text, 8):
        with pytest.raises(CorruptDataError):
            ansflow.decompress(frame)


def test_the_largest_descriptions_are_refused():
    """Quadratic parsing would take minutes."""
    for k in (64, MAX_DESCRIPTION >> 10):
        for text in (
            b'{"dtype":"<f8","shape":[' + b"0," * (500 * k) + b"0]}",
            b'["<f8",' + b"0," * (500 * k) + b"0]",
            b'{"dtype":"' + b"(" * (1000 * k) + b'","shape":[0]}',
            b'{"dtype":"' + b"<i4" * (330 * k) + b'","shape":[0]}',
            b'{"metadata":' + b'{"a":' * (140 * k) + b"1" + b"}" * (140 * k) + b"}",
            b'{"dtype":' + b"[[" * (180 * k) + b"]]" * (180 * k) + b',"shape":[0]}',
        ):
            for frame in frames(text, 8):
                with pytest.raises((CorruptDataError, LimitError)):
                    ansflow.decompress(frame)


@pytest.mark.parametrize("shape", [[2], [], [2, 0, 3], [1, 2]], ids=str)
@pytest.mark.parametrize("metadata", [{}, {"metadata": {"a": 1}}], ids=["plain", "metadata"])
def test_a_list_stands_for_dtype_and_shape(shape, metadata):
    """It is written where nothing else is said and no number stands for them; both are read."""
    array = np.ones(shape, ">f8")
    blob = ansflow.compress(array, **metadata)
    assert (b'[">f8"' in blob) == (not metadata)
    told = {"dtype": ">f8", "shape": shape}
    assert naive.read(blob).description == told | metadata
    named = json.dumps([">f8", *shape, "a name"])
    for text in (json.dumps(told), json.dumps([">f8", *shape]), named):
        frame = described(array.tobytes(), text.encode(), array.nbytes)
        assert np.array_equal(ansflow.decompress(frame), array)
        assert ansflow.decompress(frame).shape == array.shape


BRIEF = "?bBhHeiIfqQdFD"
DATES = [f"<M8[{unit}]" for unit in ("s", "ms", "us", "ns")] + ["<m8[ns]"]


@pytest.mark.parametrize("dtype", [*BRIEF, *DATES])
def test_most_small_arrays_have_brief_headers(dtype):
    """A byte for dtype and number of axes, one for each length, one for the size of the body."""
    for shape, order in itertools.product([(3,), (), (2, 1, 3), (1,) * 7, (1,) * 8], "CF"):
        array = np.ones(shape, "u8").astype(dtype, order)
        blob = ansflow.compress(array)
        assert bool(blob[5] & FLAG_BRIEF) == (array.ndim < 8)
        header = naive.read(blob).header
        assert header.description == {"dtype": array.dtype.str, "shape": [*shape]}
        if array.ndim < 8:
            assert len(header.raw) == 7 + (1 + array.ndim + 1 + 4) + 4
        back = ansflow.decompress(blob)
        assert (back.dtype, back.shape) == (array.dtype, shape)
        assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.ones(3), {"metadata": {"a": 1}}),
        (np.ones(3), {"name": "a"}),
        (np.ones(3), {"tables": [ansflow.models.Categorical([128, 128])]}),
        (np.ones(3), {"chunk_size": 8}),
        (np.ones(3, ">f8"), {}),
        (np.ones(3, "<M8[D]"), {}),
        (np.ones(3, "S3"), {}),
        (np.ones(3, "<i4,<f8"), {}),
        (np.ma.masked_array([1, 2, 3]), {}),
        (np.ones(0), {}),
    ],
    ids=str,
)
def test_others_say_more(array, told):
    blob = ansflow.compress(array, **told)
    assert not blob[5] & FLAG_BRIEF
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("size", [MAX_TERSE, MAX_TERSE + 1])
def test_headers_are_terse_up_to_a_size(size):
    array = np.arange(size) % 7 % 3 * np.arange(size) % 256
    blob = ansflow.compress(array.astype("u1"))
    terse = size <= MAX_TERSE
    assert bool(blob[5] & FLAG_TERSE) == terse
    assert naive.read(blob).header.terse == terse
    assert np.array_equal(ansflow.decompress(blob), array)


def test_of_terse_frames_half_of_a_check_is_compared():
    """All of that half: each bit of it is found to be wrong behind a check that is right."""
    content, array = bytes(range(100)), {"dtype": "|u1", "shape": [100]}
    body = writer.write_body(content)
    check = naive.xxh(content)
    for bit in (None, *range(32), 32, 63):
        wrong = check if bit is None else check ^ 1 << bit
        fields = writer.write_brief(**array, only=(len(body), wrong), terse=True)
        blob = writer.write_header(fields=fields, flags=57) + body + b"\0"
        if bit is None or bit >= 32:
            assert bytes(ansflow.decompress(blob)) == content
        else:
            with pytest.raises(CorruptDataError, match="does not match its check"):
                ansflow.decompress(blob)


def test_a_description_that_compress_cannot_write_is_refused_there():
    wide = np.zeros(1, [(f"a field of some length {i}", "u1") for i in range(40_000)])
    with pytest.raises(ValueError, match="1048576"):
        ansflow.compress(wide)
