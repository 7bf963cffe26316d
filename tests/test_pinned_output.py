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


PINNED = {
    "as it is": "fbfa718aee0e1254",
    "small chunks": "d1f9ad9bfd405542",
    "8 bits": "2cb52b94e736f571",
    "11 bits": "1cf14e79294733b0",
    "14 bits": "97547302bcc4e7e9",
    "16 bits": "16a91170368fd670",
    "one lane": "6c30dcd654775b95",
    "two lanes": "8f588f3fad37eda4",
    "contexts": "d058271ce4269d9b",
    "contexts, 9 bits, 4 lanes": "9db19e8f031a0779",
    "shared": "2c562726258a7b99",
    "metadata": "22bc2a797ed77644",
    "array: int32": "f2750b2913040b34",
    "array: int16, big-endian": "9aba93cd6df7c054",
    "array: float64": "990d4822bccd1133",
    "array: Fortran": "0a6bc772ae53b61d",
    "array: records": "e96db7a79f97d19b",
    "array: few": "b480b61e2749a014",
    "array: none": "efb7c75e45a33971",
    "array: scalar": "acb9cafc7cd0ae81",
    "array: wide": "04ffb1677e717e63",
    "stream": "7a99ae9902cf95b8",
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


def test_threads_make_no_difference():
    content = np.concatenate(list(CONTENTS.values())).tobytes()
    blobs = {ansflow.compress(content, threads=threads, chunk_size=3000) for threads in (1, 2, 5)}
    assert len(blobs) == 1


if __name__ == "__main__":
    found = {name: of_bytes(options) for name, options in OPTIONS.items()}
    found |= {f"array: {name}": of_arrays(name) for name in ARRAYS}
    for name, value in (found | {"stream": of_stream()}).items():
        print(f'    "{name}": "{value}",')
