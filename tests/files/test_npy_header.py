"""Headers of ``.npy`` files mean what they mean as Python's literals, or nothing."""

import ast
import io
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.files.npy_header import MAX_HEADER, parse_fields, take_apart

DTYPES = ["<i2", "|u1", "<M8[25us]", "S7", [("a", "<i2"), ("it's", "<f8", (2, 3))], ">U3"]
DTYPES += [[("\u00e4\n\\'\"\t\x00", "<i2")], [(("title", "name"), "<i4")]]
DTYPES += [[("a", [("b", "<c16"), ("c", [("d", "|b1")])])]]
SHAPES = [(), (0,), (5,), (2, 3), (0, 1, 2)]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_all_that_numpy_writes_is_read(dtype, shape):
    array = np.zeros(shape, dtype, order="F")
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stored array in format")
        np.save(file, array)
    header = take_apart(file.getvalue())
    fields = parse_fields(header.text)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    assert fields == (np.lib.format.dtype_to_descr(array.dtype), fortran, shape)
    assert file.getvalue().startswith(header.prefix)
    assert len(file.getvalue()) == len(header.prefix) + array.nbytes


VALID = "{'descr': [('a', '<i2'), ('b', '|u1', (2,))], 'fortran_order': False, 'shape': (3, 4), }"
PIECES = [
    "'",
    '"',
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    " ",
    "0",
    "7",
    "-",
    "True",
    "None",
]
PIECES += [
    "'descr'",
    "1if",
    "u'",
    "\n",
    "#",
    "''",
    "\\d",
    "1_0",
    "0x1",
    "(1)",
    "3,,",
    "\u0660",
    "()",
]


@given(st.data())
def test_what_is_read_is_pythons_literal(data):
    text = VALID
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = at + data.draw(st.integers(0, 3))
        text = text[:at] + data.draw(st.sampled_from(PIECES)) + text[end:]
    fields = parse_fields(text)
    if fields is not None:
        literal = ast.literal_eval(text)
        assert literal.keys() == {"descr", "fortran_order", "shape"}
        assert fields == (literal["descr"], literal["fortran_order"], literal["shape"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "(" * 9000,
        "[" * 200 + "]" * 200,
        "-" * 9000 + "1",
        "9" * 9000,
        VALID + " " * MAX_HEADER,
        VALID + VALID,
        VALID.replace("}", "'descr': '<i4'}"),
        VALID.replace("}", "'more': 1}"),
        VALID.replace("False", "0"),
        VALID.replace("(3, 4)", "[3, 4]"),
        VALID.replace("3", "-3"),
        VALID.replace("3", "03"),
        VALID.replace("3", "3L"),
        VALID.replace("3", "9223372036854775808"),
        VALID.replace("3", "True"),
        VALID.replace("'a'", "'\\q'"),
        VALID.replace("'a'", "'\\U99999999'"),
        VALID.replace("'a'", "'\0'"),
        VALID.replace("'a'", "'\r'"),
        VALID.replace("'a'", "'\ud800'"),
        VALID.replace("'a'", "b'a'"),
        VALID.replace("'a'", "'a' 'b'"),
        VALID.replace("'a'", "'a"),
    ],
    ids=lambda text: text[:40],
)
def test_what_numpy_never_writes(text):
    assert parse_fields(text) is None


def test_headers_that_are_none():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    good = file.getvalue()
    assert take_apart(good).prefix == good[:128]
    for bad in (b"", good[:8], b"\x92" + good[1:], good[:6] + b"\7\0" + good[8:]):
        assert take_apart(bad) is None
    assert take_apart(good[:6] + b"\2\0" + b"\xff" * 4 + good[10:]) is None  # of 4 GiB
    short = take_apart(good[:60])
    assert short is None or short.prefix is None or parse_fields(short.text) is None
