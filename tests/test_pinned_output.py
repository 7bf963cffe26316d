"""What `compress` writes stays what it is, to the last bit, for all kinds of content and options.

Golden files are few. A digest that has changed says that the encoder chooses, fits or codes in
another way than before. If that is meant, it belongs in the notes on the release, since users
compare compressed files; then ``python tests/test_pinned_output.py`` prints the new digests.
Decoders aren't concerned: they read whatever is legal.
"""

import io

import numpy as np
import pytest
import xxhash

import ansflow
from ansflow.models import Categorical

N = 70_000
INDEX = np.arange(N, dtype=np.uint64)
# As good as random, and the same on every machine.
WORDS = (INDEX * np.uint64(0x9E3779B97F4A7C15) ^ INDEX >> np.uint64(7)) * np.uint64(
    0xBF58476D1CE4E5B9
)
NOISE = (WORDS >> np.uint64(40)).astype(np.uint8)
ONES = np.minimum(NOISE & np.uint8(15), NOISE >> 4)

CONTENTS = {
    "noise": NOISE,
    "skewed": ONES * (ONES < 9),
    "very skewed": (NOISE == 7).astype(np.uint8),
    "two values": NOISE & np.uint8(1),
    "ramp": (INDEX // 300).astype(np.uint8),
    "walk": np.cumsum(ONES.astype(np.int64) - 5).astype(np.uint8),
    "text": np.frombuffer(
        b"".join(b"%d, %d;\n" % (i % 97, i * i % 1009) for i in range(8000)), "u1"
    ),
    "mixed": np.concatenate([NOISE[:9000], ONES[:9000], NOISE[:9000] * 0, INDEX[:9000].view("u1")]),
    "zeros": np.zeros(N, np.uint8),
    "few": NOISE[:40] & np.uint8(3),
}
SHARED = [
    Categorical.fit((CONTENTS["skewed"] % 16).astype(int), precision=12),
    Categorical([1] * 255 + [65536 - 255]),
]
OPTIONS = {
    "as it is": {},
    "in haste": {"level": 1},
    "small chunks": {"chunk_size": 1000},
    "8 bits": {"precision": 8, "chunk_size": 20_000},
    "11 bits": {"precision": 11, "lanes": 8},
    "14 bits": {"precision": 14, "lanes": 32},
    "16 bits": {"precision": 16},
    "one lane": {"lanes": 1, "chunk_size": 30_000},
    "two lanes": {"lanes": 2},
    "contexts": {"order": 1},
    "contexts, 9 bits, 4 lanes": {"order": 1, "precision": 9, "lanes": 4, "chunk_size": 25_000},
    "shared": {"tables": SHARED, "chunk_size": 700},
    "metadata": {"metadata": {"a": [1, 2.5, None, "\u00e9"]}, "chunk_size": 50_000},
}
ARRAYS = {
    "int32": (ONES.astype("<i4") * 1000 - 7).reshape(700, 100),
    "int16, big-endian": np.cumsum(ONES.astype(np.int64)).astype(">i2"),
    "float64": np.sqrt(INDEX[:20_000].astype("<f8")).reshape(10, 20, 100),
    "Fortran": np.asfortranarray((INDEX[:20_000] % 777).astype("<u2").reshape(100, 200)),
    "records": np.frombuffer(
        NOISE[:42_000] & np.uint8(31), [("a", "<u2"), ("b", "|S3"), ("", "V2")]
    ),
    "few": np.arange(100, dtype="<i8"),
    "none": np.empty((3, 0), "<f4"),
    "scalar": np.array(1.5, "<f8"),
    "wide": np.frombuffer(ONES[:65_000], "|V65"),
}


def digest(blob):
    return f"{xxhash.xxh3_64_intdigest(blob):016x}"


def of_bytes(options):
    """One digest of all contents."""
    blobs = [ansflow.compress(content.tobytes(), **options) for content in CONTENTS.values()]
    return digest(b"".join(blobs))


def of_arrays(name):
    array = ARRAYS[name]
    blobs = [ansflow.compress(array), ansflow.compress(array, chunk_size=999, order=1)]
    thirds = tuple(max(1, length // 3) for length in array.shape)
    blobs.append(ansflow.compress(array, chunks=thirds))
    if array.itemsize == 2:
        blobs.append(ansflow.compress(array, recipe="stream", precision=11))
    if array.ndim and array.size and name != "Fortran":
        file = io.BytesIO()
        with ansflow.ArrayWriter(file, array.dtype, array.shape[1:], chunk_size=2000) as writer:
            writer.append(array[: len(array) // 3])
            writer.flush()
            writer.append(array[len(array) // 3 :])
        blobs.append(file.getvalue())
    return digest(b"".join(blobs))


def of_stream():
    """Flushed here and there."""
    compressor = ansflow.Compressor(chunk_size=5000)
    out = b""
    for number, content in enumerate(CONTENTS.values()):
        out += compressor.compress(content[: 3000 * number + 1].tobytes())
        if number % 3 == 1:
            out += compressor.flush()
    return digest(out + compressor.finish())


def of_bare_chunks():
    """Of bytes and of arrays, with a table and without."""
    plans = [ansflow.Plan(), ansflow.Plan(tables=SHARED, precision=14, order=1, lanes=16)]
    contents = [
        content[:2048] for content in [*CONTENTS.values(), *ARRAYS.values()] if content.ndim
    ]
    chunks = [ansflow.encode_chunk(content, plan) for content in contents for plan in plans]
    return digest(b"".join(chunks))


def of_a_collection():
    """Of arrays at once, and of one that is added row by row."""
    file = io.BytesIO()
    ansflow.save(file, {name: array for name, array in ARRAYS.items() if name != "wide"})
    file.seek(0)
    with (
        ansflow.CollectionWriter(file, "a", metadata={"a": 1}, level=1) as writer,
        writer.begin("rows", "<u2", 200, metadata={"unit": "K"}) as rows,
    ):
        rows.append(ARRAYS["Fortran"])
    return digest(file.getvalue())


PINNED = {
    "as it is": "1f784edda674272f",
    "in haste": "e9d3133dc7f2c86a",
    "small chunks": "82ad2f6865e924b4",
    "8 bits": "00f5dddaf5e98e9f",
    "11 bits": "5f84c75a6d6c2cdf",
    "14 bits": "e4a85c6b865e614b",
    "16 bits": "8b2ef2f43e7732fa",
    "one lane": "7091749d7670bc8d",
    "two lanes": "aa131ddd027a148e",
    "contexts": "731d0a0fc1a2dae6",
    "contexts, 9 bits, 4 lanes": "7b472503adcba9a1",
    "shared": "aaa155d72cd9b3d9",
    "metadata": "35744cce338b8c39",
    "array: int32": "c882c82f6a4a8983",
    "array: int16, big-endian": "d8ee2ec8d6c3499b",
    "array: float64": "f260baf44f7f977e",
    "array: Fortran": "cbb04bffba7ccfe8",
    "array: records": "57b54d801d984b82",
    "array: few": "7c90ad48b121f368",
    "array: none": "22d64920f8ff089c",
    "array: scalar": "c28e40c74b85d0fd",
    "array: wide": "4aa229a71583dff0",
    "stream": "4dfb9e35fce33e9c",
    "bare chunks": "273a75fe533ee009",
    "collection": "5192511152b889e4",
}


CHANGED = "what is written has changed: see the beginning of this file"


@pytest.mark.parametrize("name", OPTIONS)
def test_bytes(name):
    assert of_bytes(OPTIONS[name]) == PINNED[name], CHANGED


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    assert of_arrays(name) == PINNED[f"array: {name}"], CHANGED


def test_a_stream():
    assert of_stream() == PINNED["stream"], CHANGED


def test_bare_chunks():
    assert of_bare_chunks() == PINNED["bare chunks"], CHANGED


def test_a_collection():
    assert of_a_collection() == PINNED["collection"], CHANGED


def test_threads_make_no_difference():
    content = np.concatenate(list(CONTENTS.values())).tobytes()
    blobs = {ansflow.compress(content, threads=threads, chunk_size=3000) for threads in (1, 2, 5)}
    assert len(blobs) == 1


if __name__ == "__main__":
    found = {name: of_bytes(options) for name, options in OPTIONS.items()}
    found |= {f"array: {name}": of_arrays(name) for name in ARRAYS}
    found |= {"stream": of_stream(), "bare chunks": of_bare_chunks()}
    found["collection"] = of_a_collection()
    for name, value in found.items():
        print(f'    "{name}": "{value}",')
