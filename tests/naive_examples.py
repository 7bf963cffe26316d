"""Small files of either version that the oracle wrote, and how to compare what ansflow reads.

They have a bit of everything, also what no encoder would write.
"""

import naive_frame as naive
import naive_model
import naive_writer as writer
import numpy as np
from naive_payload import fit
from small_vaes import make_known

SKEWED = bytes(i * i % 7 * (i % 3) for i in range(900))
WALK = bytes(i // 5 % 11 for i in range(900))
NUMBERS = b"".join((i * i // 9 % 700).to_bytes(2, "big") for i in range(120))
MIXED = bytes(150) + SKEWED[:150] + bytes(range(150)) + b"end"
SHARED = [(fit(SKEWED, 12), 12), (fit(SKEWED + bytes(range(256)), 16), 16)]

MATRIX = {"dtype": ">u2", "shape": [15, 8]}
RECORDS = {"dtype": [["a", "<u2"], ["", "|V1"], [["title", "b"], "|S3", [1, 3]]], "shape": [20]}
ROWS = {"dtype": ">u2", "shape": [None, 8], "planes": 2}

# Known to ansflow, too, wherever this is imported.
_, MODEL = make_known("example", components=2, net="mixed")
_, BINARY = make_known("example-binary", net="convolution")
IMAGES, BITS = naive_model.sample(MODEL, 6), naive_model.sample(BINARY, 12)
ONE = MODEL.image_size


def in_planes(description, planes):
    return description | {"planes": planes}


def choose(content):
    """Constant, or coded, or as it is."""
    return writer.repeat(content) if len(set(content)) == 1 else writer.code()(content)


FILES = {
    "empty": writer.write_frame(b""),
    "stored": writer.write_frame(bytes(range(150))),
    "constant": writer.write_frame(bytes(1000), coding=writer.repeat, known=False),
    "coded": writer.write_frame(SKEWED[:400], coding=writer.code(16, 8)),
    "contexts": writer.write_frame(WALK[:500], coding=writer.code_contexts(11, 2)),
    "blocks": writer.write_frame(MIXED, coding=choose, block_size=150, index=True),
    "matrix": writer.write_frame(
        *(NUMBERS, naive.ARRAY, in_planes(MATRIX, 2)),
        **{"coding": choose, "block_size": 50, "flags": 1, "index": True},
    ),
    "records": writer.write_frame(
        NUMBERS, naive.ARRAY, in_planes(RECORDS, 12) | {"metadata": {"b": [1.5, None]}}
    ),
    "rows": writer.write_frame(
        *(NUMBERS, naive.ARRAY, ROWS),
        **{"known": False, "block_size": 50, "chunks": [3, 50, 1, 49, 17], "index": True},
    ),
    "shared": writer.write_frame(
        SKEWED[:450],
        shared=SHARED,
        coding=writer.in_turn(
            writer.code_shared(1, SHARED, 2), writer.code_shared(2, SHARED), writer.store
        ),
        block_size=100,
        index=True,
    ),
    "flushed": writer.write_frame(
        SKEWED[:300], coding=choose, block_size=150, chunks=[1, 150, 7, 142], known=False
    ),
    "index of nothing": writer.write_frame(b"", index=True, known=False),
    "modelled": writer.write_frame(
        IMAGES[: 3 * ONE],
        description={"model": writer.identity(MODEL)},
        coding=writer.code_model(MODEL),
    ),
    "modelled blocks": writer.write_frame(
        BITS[: 7 * ONE],
        description={"model": writer.identity(BINARY), "metadata": {"a": 1}},
        **{"coding": writer.in_turn(*[writer.code_model(BINARY)] * 2, writer.store)},
        **{"block_size": 4 * ONE + 1, "chunks": [72, 24, 25, 47], "known": False, "index": True},
    ),
    "modelled array": writer.write_frame(
        *(IMAGES[: 4 * ONE], naive.ARRAY),
        {"dtype": "|u1", "shape": [None, 4, 6], "model": writer.identity(MODEL)},
        coding=writer.in_turn(writer.code_model(MODEL), writer.store),
        block_size=3 * ONE,
        known=False,
    ),
    "a model that isn't used": writer.write_frame(
        SKEWED[:300], description={"model": {"name": "!", "fingerprint": "0" * 32}}, coding=choose
    ),
    "bytes in planes": writer.write_frame(
        SKEWED[:300], description={"planes": 3}, block_size=64, index=True
    ),
}


def concatenated(*names):
    return b"".join(FILES[name] for name in names)


FILES |= {
    "two": concatenated("blocks", "stored"),
    "two indices": concatenated("flushed", "blocks", "bytes in planes"),
    "empty between": concatenated("stored", "empty", "index of nothing", "shared"),
    "two arrays": concatenated("rows", "rows"),
    "longer": writer.write_frame(NUMBERS, naive.ARRAY, MATRIX) + FILES["rows"],
}

CONTENTS = {name: naive.join(naive.read_all(blob)) for name, blob in FILES.items()}


def between_frames(blob):
    """Where one frame of a file ends and the next begins."""
    ends, at = [], 0
    while at < len(blob):
        _, size = naive.read_one(blob[at:])
        at += size
        ends.append(at)
    return ends[:-1]


def as_dtype(dtype):
    """The dtype that a description means."""
    if isinstance(dtype, str):
        return np.dtype(dtype)
    return np.lib.format.descr_to_dtype([as_field(*field) for field in dtype])


def as_field(name, dtype, shape=()):
    inner = dtype if isinstance(dtype, str) else [as_field(*field) for field in dtype]
    return tuple(name) if isinstance(name, list) else name, inner, tuple(shape)


def same(result, content):
    """Whether what `ansflow.decompress` returned is what the oracle read."""
    if content.dtype is None:
        return type(result) is bytes and result == content.content
    order = "F" if content.fortran else "C"
    return (
        type(result) is np.ndarray
        and result.dtype == as_dtype(content.dtype)
        and list(result.shape) == content.shape
        and result.flags[f"{order}_CONTIGUOUS"]
        and result.tobytes(order=order) == content.content
    )
