"""Small files that the oracle wrote, and how to compare what ansflow reads.

They have a bit of everything, also what no encoder would write.
"""

import importlib
import json
import struct

import naive_frame as naive
import naive_makers as makers
import naive_model
import naive_writer as writer
import numpy as np
from naive_makers import stream, tree
from naive_payload import fit
from small_vaes import make_known

SKEWED = bytes(i * i % 7 * (i % 3) for i in range(900))
WALK = bytes(i // 5 % 11 for i in range(900))
NUMBERS = b"".join((i * i // 9 % 700).to_bytes(2, "big") for i in range(120))
LITTLE = b"".join((i * i // 9 % 300).to_bytes(2, "little") for i in range(120))
MIXED = bytes(150) + SKEWED[:150] + bytes(range(150)) + b"end"
SHARED = [(fit(SKEWED, 12), 12), (fit(SKEWED + bytes(range(256)), 16), 16)]

MATRIX = {"dtype": ">u2", "shape": [15, 8]}
RECORDS = {"dtype": [["a", "<u2"], ["", "|V1"], [["title", "b"], "|S3", [1, 3]]], "shape": [20]}
ROWS = {"dtype": ">u2", "shape": [None, 8]}
PRICES = struct.pack("<80f", *(float("nan") if i % 9 == 0 else i * i % 70 / 10 for i in range(80)))
TABLE = {"dtype": "<f4", "shape": [8, 5, 2]}
CUBE = {"dtype": "<u2", "shape": [3, 5, 8]}
MASKED = [["data", ">i2"], ["mask", "|b1"]]
TOLD = {"masked": {"hard": False, "fill_value": "fc19"}}
TOLD_HARD = {"masked": {"hard": True, "fill_value": None}}
LARGE_ITEMS = {"dtype": "|V70", "shape": [None]}

# Known to ansflow, too, wherever this is imported.
_, MODEL = make_known("example", components=2, net="mixed")
_, BINARY = make_known("example-binary", net="convolution")
IMAGES, BITS = naive_model.sample(MODEL, 6), naive_model.sample(BINARY, 12)
ONE = MODEL.image_size


def choose(content, w=1):
    """Constant, or coded, or as it is."""
    symbols = set(writer.symbols_of(content, w))
    if len(symbols) == 1:
        return writer.repeat(content, w)
    coded = writer.code()(content, w)
    return coded if len(coded.payload) < len(content) else writer.store(content)


PLANES, BYTES = tree(makers.planes), tree(makers.item_bytes)
INTEGERS = tree(makers.delta(0), tree(makers.log))
NAN = int.from_bytes(PRICES[:4], "little")


def dictionary_of(w, shape, content):
    """Of the values in the order in which they come."""
    return makers.dictionary(*dict.fromkeys(makers.integers(content, w)))(w, shape, content)


FILES = {
    "empty": writer.write_frame(b""),
    "stored": writer.write_frame(bytes(range(150))),
    "constant": writer.write_frame(bytes(1000), coding=writer.repeat, known=False),
    "coded": writer.write_frame(SKEWED[:400], coding=writer.code(16, 8)),
    "contexts": writer.write_frame(WALK[:500], coding=writer.code_contexts(11, 2)),
    "chunks": writer.write_frame(MIXED, coding=choose, chunk=[150], index=True),
    "matrix": writer.write_frame(
        NUMBERS, MATRIX, coding=choose, chunk=[4, 15], fortran=True, index=True
    ),
    "records": writer.write_frame(NUMBERS, RECORDS | {"metadata": {"b": [1.5, None]}}),
    "rows": writer.write_frame(
        NUMBERS, ROWS, coding=choose, known=False, chunk=[6, 8], extents=[3, 6, 1, 4], index=True
    ),
    "tiles": writer.write_frame(
        NUMBERS,
        MATRIX,
        **{"coding": writer.in_turn(choose, writer.store), "chunk": [7, 5], "extents": [7, 3]},
        **{"recipe": ["planes", "stream", "bytes"], "index": True},
    ),
    "tiles of a cube": writer.write_frame(
        NUMBERS, CUBE, coding=writer.in_turn(choose, writer.store), chunk=[1, 3, 5]
    ),
    "rows of tiles": writer.write_frame(
        *(NUMBERS, ROWS | {"shape": [None, 4, 5]}),
        **{"known": False, "chunk": [1, 2, 3], "recipe": "stream", "index": True},
    ),
    "16 bits": writer.write_frame(
        *(LITTLE[:160] + bytes(30), {"dtype": "<u2", "shape": [95]}),
        **{"coding": choose, "recipe": "stream", "chunk": [75]},
    ),
    "large items": writer.write_frame(
        NUMBERS[:210], LARGE_ITEMS, known=False, coding=choose, chunk=[2, 40], index=True
    ),
    "a number": writer.write_frame(NUMBERS[:8], {"dtype": ">f8", "shape": []}),
    "a number in Fortran order": writer.write_frame(
        NUMBERS[:8], {"dtype": ">f8", "shape": []}, fortran=True, recipe="bytes"
    ),
    "masked": writer.write_frame(
        NUMBERS[:234],
        {"dtype": MASKED, "shape": [None, 13]} | TOLD,
        **{"known": False, "coding": choose, "index": True, "chunk": [4, 13]},
        recipe=tree(makers.fields(2, 1), PLANES, stream),
    ),
    "masked twice": writer.write_frame(
        NUMBERS[:27], {"dtype": MASKED, "shape": [3, 3]} | TOLD, fortran=True
    ),
    "no mask": writer.write_frame(NUMBERS[:24], {"dtype": "|S3", "shape": [8]} | TOLD_HARD),
    "numbers": writer.write_frame(
        PRICES,
        TABLE,
        chunk=[4, 5, 2],
        coding=choose,
        recipe=[
            tree(
                makers.mask(NAN, 9),
                tree(makers.decimal(0, 10.0, [3, 4]), INTEGERS, BYTES, PLANES),
                tree(makers.runs(), stream, PLANES),
            ),
            tree(makers.sparse(NAN, 1), tree(makers.ordered(2), PLANES), stream),
            tree(makers.ordered(2), tree(makers.delta(0, 1), tree(makers.lin(0, 20, 2)))),
        ],
    ),
    "lines of numbers": writer.write_frame(
        LITTLE,
        {"dtype": "<u2", "shape": [120]},
        coding=choose,
        recipe=tree(makers.ramp((9, 2**63), (0, 4096 * 80)), tree(makers.log), PLANES, BYTES),
    ),
    "weighted sums": writer.write_frame(
        LITTLE,
        {"dtype": "<u2", "shape": [40, 3]},
        coding=choose,
        recipe=tree(makers.lpc(0, 0, 2, 3, 1.9, -0.9), PLANES, BYTES),
    ),
    "sums of neighbours": writer.write_frame(
        LITTLE,
        {"dtype": "<u2", "shape": [12, 10]},
        coding=choose,
        recipe=tree(makers.stencil((1, 9000), (2, -900), (9, 4000), (10, 4000)), PLANES),
    ),
    "columns of numbers": writer.write_frame(
        PRICES,
        TABLE,
        coding=choose,
        recipe=tree(makers.columns(0b10), tree(dictionary_of, stream, BYTES), PLANES),
    ),
    "fields of numbers": writer.write_frame(
        NUMBERS[:234],
        {"dtype": [["a", "<u2"], ["b", "|u1", [4]]], "shape": [39]},
        coding=choose,
        recipe=[
            tree(
                makers.fields(2, 4),
                tree(makers.affine(1, 771)),
                tree(makers.runs(), INTEGERS, PLANES),
            ),
            tree(
                makers.fields(1, 1, 4),
                stream,
                tree(makers.delta(0)),
                tree(makers.fields(1, 3), stream, BYTES),
            ),
        ],
        chunk=[20],
        index=True,
    ),
    "classes": writer.write_frame(
        WALK[:500],
        coding=writer.in_turn(
            writer.code_classes(11, 2, 3, writer.code(8, 1)),
            writer.code_classes(9, 64, 2, writer.repeat, bytes([1, 0, 1])),
            writer.code_classes(12, 1, 8),
        ),
        recipe=["stream", tree(makers.items_of(3), BYTES, stream), tree(makers.delta(0))],
        chunk=[180],
    ),
    "neighbours": writer.write_frame(
        WALK[:500],
        coding=writer.in_turn(
            writer.code_neighbours(11, 2, 65, 100, [3, 12]),
            writer.code_neighbours(9, 64, 120, 0, range(1, 9)),
            writer.code_neighbours(12, 1, 65, 179, [0, 8, 254]),
        ),
        recipe=["stream", tree(makers.items_of(3), BYTES, stream), tree(makers.delta(0))],
        chunk=[180],
    ),
    "adaptive": writer.write_frame(
        WALK[:500],
        coding=writer.adapt,
        recipe=["stream", tree(makers.items_of(3), BYTES, stream), tree(makers.delta(0))],
        chunk=[180],
    ),
    "shared": writer.write_frame(
        SKEWED[:450],
        shared=SHARED,
        coding=writer.in_turn(
            writer.code_shared(1, SHARED, 2), writer.code_shared(2, SHARED), writer.store
        ),
        chunk=[100],
        index=True,
    ),
    "flushed": writer.write_frame(
        SKEWED[:300], coding=choose, chunk=[150], extents=[1, 150, 7], known=False
    ),
    "index of nothing": writer.write_frame(b"", index=True, known=False),
    "modelled": writer.write_frame(
        IMAGES[: 3 * ONE],
        {"model": writer.identity(MODEL)},
        coding=writer.code_model(MODEL),
    ),
    "modelled chunks": writer.write_frame(
        BITS[: 7 * ONE],
        {"model": writer.identity(BINARY), "metadata": {"a": 1}},
        **{"coding": writer.in_turn(*[writer.code_model(BINARY)] * 2, writer.store)},
        **{"chunk": [4 * ONE + 1], "extents": [72, 24, 25, 47], "known": False, "index": True},
    ),
    "modelled array": writer.write_frame(
        IMAGES[: 4 * ONE],
        {"dtype": "|u1", "shape": [None, 4, 6], "model": writer.identity(MODEL)},
        coding=writer.in_turn(writer.code_model(MODEL), writer.store),
        chunk=[3, 4, 6],
        known=False,
    ),
    "a model that isn't used": writer.write_frame(
        SKEWED[:300], {"model": {"name": "!", "fingerprint": "0" * 32}}, coding=choose
    ),
    "modelled planes": writer.write_frame(
        bytes(byte for pair in zip(IMAGES[: 2 * ONE], BITS, strict=False) for byte in pair),
        {"dtype": "<u2", "shape": [2, 4, 6], "model": writer.identity(MODEL)},
        coding=writer.in_turn(writer.code_model(MODEL), writer.code()),
    ),
    "short": writer.write_frame(SKEWED[:300], coding=writer.code(11, 4), short=True),
    "short matrix": writer.write_frame(NUMBERS, MATRIX, coding=choose, fortran=True, short=True),
    "short number": writer.write_frame(
        NUMBERS[:8], {"dtype": ">f8", "shape": [], "metadata": {"a": [1]}}, short=True
    ),
    "brief": writer.write_frame(
        NUMBERS, MATRIX | {"dtype": "<u2"}, coding=choose, short=True, brief=True
    ),
    "brief columns": writer.write_frame(
        NUMBERS, {"dtype": "<M8[ns]", "shape": [5, 6]}, fortran=True, short=True, brief=True
    ),
    "brief number": writer.write_frame(
        NUMBERS[:2], {"dtype": "bfloat16", "shape": []}, short=True, brief=True
    ),
    "terse": writer.write_frame(
        NUMBERS, MATRIX | {"dtype": "<u2"}, coding=choose, short=True, brief=True, terse=True
    ),
    "terse number": writer.write_frame(
        NUMBERS[:2], {"dtype": "<i2", "shape": []}, short=True, brief=True, terse=True
    ),
    "short and shared": writer.write_frame(
        SKEWED[:300], shared=SHARED, coding=writer.code_shared(2, SHARED), short=True
    ),
}
# Whose bodies end as frames do.
FILES |= {
    f"short with {name} in it": writer.write_frame(FILES[name], short=True)
    for name in ("coded", "chunks")
}


def concatenated(*names):
    return b"".join(FILES[name] for name in names)


FILES |= {
    "two": concatenated("chunks", "stored"),
    "two indices": concatenated("flushed", "chunks", "constant"),
    "empty between": concatenated("stored", "empty", "index of nothing", "shared"),
    "two arrays": concatenated("rows", "rows"),
    "longer": FILES["tiles"] + FILES["rows"],
    "short and others": concatenated(
        "short", "chunks", "short with chunks in it", "stored", "short"
    ),
    "short rows and rows": FILES["rows"] + writer.write_frame(NUMBERS, MATRIX, short=True),
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
    """The dtype that a description means; padding isn't expected next to those of ml_dtypes."""
    if isinstance(dtype, str):
        known = dtype[0] in "|<>"
        return np.dtype(dtype if known else getattr(importlib.import_module("ml_dtypes"), dtype))
    if extensions := "float8" in json.dumps(dtype):
        return np.dtype([as_field(*field, extensions=extensions) for field in dtype])
    return np.lib.format.descr_to_dtype([as_field(*field) for field in dtype])


def as_field(name, dtype, shape=(), extensions=False):
    inner = as_dtype(dtype) if extensions else dtype
    if not isinstance(inner, str | np.dtype):
        inner = [as_field(*field) for field in dtype]
    return tuple(name) if isinstance(name, list) else name, inner, tuple(shape)


def same(result, content):
    """Whether what `ansflow.decompress` returned is what the oracle read."""
    if content.dtype is None:
        return type(result) is bytes and result == content.content
    order = "F" if content.fortran else "C"
    if content.masked is not None:
        return same_masked(result, content, order)
    return (
        type(result) is np.ndarray
        and result.dtype == as_dtype(content.dtype)
        and list(result.shape) == content.shape
        and result.flags[f"{order}_CONTIGUOUS"]
        and result.tobytes(order=order) == content.content
    )


def same_masked(result, content, order):
    """The same for masked arrays."""
    hard, value = content.masked["hard"], content.masked["fill_value"]
    if isinstance(content.dtype, str):
        dtype, mask, values = as_dtype(content.dtype), np.ma.nomask, content.content
    else:
        dtype = as_dtype(content.dtype[0][1])
        items = np.frombuffer(content.content, "u1").reshape(-1, dtype.itemsize + 1)
        mask, values = items[:, -1].astype(bool), items[:, :-1].tobytes()
        mask = mask.reshape(content.shape, order=order)
    filled = None if value is None else np.array(result.fill_value, dtype).tobytes().hex()
    return (
        type(result) is np.ma.MaskedArray
        and result.dtype == dtype
        and list(result.shape) == content.shape
        and (result.mask is np.ma.nomask) == (mask is np.ma.nomask)
        and np.array_equal(np.ma.getmaskarray(result), mask | np.zeros(content.shape, bool))
        and np.ma.getdata(result).tobytes(order=order) == values
        and (result.hardmask, filled) == (hard, value)
    )
