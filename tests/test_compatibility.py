"""Frames of every release are read for ever, and today's release still writes the same.

``python tests/test_compatibility.py`` wrote the files in ``tests/data``; run it only to add
files, never to replace them.
"""

import io
from pathlib import Path

import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow.models import Categorical, Conditional, Uniform

DATA = Path(__file__).parent / "data"

INDEX = np.arange(1500)
SQUARES = INDEX**2 % 251 % 11

RECORDS = np.zeros(50, [("id", "<u2"), ("value", ">f4", (2,)), ("name", "S3")])
RECORDS["id"] = INDEX[:50] * 7
RECORDS["value"] = INDEX[:100].reshape(50, 2) / 8
RECORDS["name"] = b"ans"

SQUARE_BYTES = SQUARES.astype(np.uint8).tobytes()
ROWS_OF_SQUARES = (SQUARES * 3).astype("<u2").reshape(300, 5)

DIGITS = naive_model.sample(small_vaes.GOLDEN_MODEL, 20)
BITS = naive_model.sample(small_vaes.GOLDEN_BINARY_MODEL, 30)


def streamed():
    compressor = ansflow.Compressor(block_size=600, metadata={"ünits": ["m", 1.5, None]})
    first = compressor.compress(SQUARE_BYTES) + compressor.flush()
    first += compressor.compress(b"more") + compressor.finish()
    return first + b"".join(ansflow.iter_compress([SQUARE_BYTES[:700], SQUARE_BYTES[700:]]))


def write_rows(file):
    with ansflow.ArrayWriter(file, "<u2", (5,), block_size=400) as writer:
        writer.append(ROWS_OF_SQUARES[:123])
        writer.append(ROWS_OF_SQUARES[123:])


# Content and options of each file, by formulas that give the same on every machine.
CONTENTS = {
    "empty": (b"", {}),
    "stored": (bytes(range(256)), {}),
    "constant": (b"\xc8" * 1000, {}),
    "coded": (SQUARES.astype(np.uint8).tobytes(), {}),
    "coded-16-bits": (SQUARES.astype(np.uint8).tobytes(), {"precision": 16, "lanes": 1}),
    "contexts": (bytes(SQUARES.astype(np.uint8)), {"order": 1, "lanes": 2}),
    "blocks": (SQUARES.astype(np.uint8).tobytes() + bytes(500), {"block_size": 400}),
    "int32": ((SQUARES * 100_000).astype("<i4").reshape(30, 50), {}),
    "big-endian": ((INDEX[:400] // 3).astype(">u2"), {"block_size": 150}),
    "fortran": (np.asfortranarray((INDEX[:600] / 4).reshape(20, 30)), {}),
    "structured": (RECORDS, {}),
    "shared": (
        SQUARE_BYTES * 2,
        {"block_size": 150, "models": [Categorical([100, 156]), Categorical.fit(SQUARES % 11)]},
    ),
    "modelled": (DIGITS + b"end", {"model": "golden", "block_size": 240}),
    "modelled-array": (
        np.frombuffer(BITS, np.uint8).reshape(3, 10, 4, 6),
        {"model": small_vaes.GOLDEN_BINARY},
    ),
    "metadata": (np.arange(3.0), {"metadata": {"what": "a test", "nested": {"list": [1, 2.5]}}}),
}

# Streams of `ansflow.encode`, by their digits: states, then words.
MODEL = Categorical([3, 5, 8, 4, 12])
ROWS = Conditional([[3, 5, 8], [14, 1, 1]], [0, 1] * 4)
STREAMS = {
    "one distribution": (MODEL, [2, 4, 4, 0, 3, 1, 2, 4] * 4, {"lanes": 2}),
    "alias": (MODEL, [2, 4, 4, 0, 3, 1, 2, 4] * 4, {"lanes": 2, "method": "alias"}),
    "rows": (ROWS, [2, 0, 1, 2, 0, 1, 1, 0], {"lanes": 1}),
    "16 bits": (Uniform(65_536, precision=16), [1, 2, 65_535], {"lanes": 1}),
    "wide": (Categorical([1 << 19, 1 << 18, 1 << 18]), [0, 1, 2] * 20, {"lanes": 1}),
}
WORDS = {
    "one distribution": [38025, 1, 30301, 6, 41876, 45383, 50140, 48485],
    "alias": [38024, 1, 30301, 6, 9181, 46859, 52887, 48487],
    "rows": [61898, 18259],
    "16 bits": [1, 1, 2, 65535, 0],
    "wide": [59193, 240, 16, 0, 40167, 52851, 59193, 14796, 0, 52848],
}


def same(result, content):
    if isinstance(content, bytes):
        return result == content
    return result.dtype == content.dtype and np.array_equal(result, content)


@pytest.mark.parametrize("name", CONTENTS)
def test_frames_are_read(name):
    content, _ = CONTENTS[name]
    assert same(ansflow.decompress((DATA / f"v2-{name}.ans").read_bytes()), content)


@pytest.mark.parametrize("name", CONTENTS)
def test_the_same_frames_are_written(name):
    content, options = CONTENTS[name]
    assert ansflow.compress(content, **options) == (DATA / f"v2-{name}.ans").read_bytes()


def test_the_same_streams_are_written():
    """Of unknown size, flushed, two frames one after the other."""
    assert streamed() == (DATA / "v2-streamed.ans").read_bytes()
    assert ansflow.decompress(streamed()) == SQUARE_BYTES + b"more" + SQUARE_BYTES


def test_the_same_arrays_are_written_row_by_row():
    file = io.BytesIO()
    write_rows(file)
    assert file.getvalue() == (DATA / "v2-rows.ans").read_bytes()
    assert np.array_equal(ansflow.decompress(file.getvalue()), ROWS_OF_SQUARES)


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_pinned(name):
    model, symbols, options = STREAMS[name]
    words = ansflow.encode(symbols, model, **options)
    assert words.tolist() == WORDS[name]
    pinned = np.array(WORDS[name], np.uint16)
    assert ansflow.decode(pinned, model, len(symbols), **options).tolist() == symbols


def make_golden():
    DATA.mkdir(exist_ok=True)
    for name, (content, options) in CONTENTS.items():
        path = DATA / f"v2-{name}.ans"
        if not path.exists():
            path.write_bytes(ansflow.compress(content, **options))
    if not (DATA / "v2-streamed.ans").exists():
        (DATA / "v2-streamed.ans").write_bytes(streamed())
    if not (DATA / "v2-rows.ans").exists():
        write_rows(DATA / "v2-rows.ans")
    for name, (model, symbols, options) in STREAMS.items():
        print(f'    "{name}": {ansflow.encode(symbols, model, **options).tolist()},')


if __name__ == "__main__":
    make_golden()
