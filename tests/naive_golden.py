"""The golden files of version 3: what they hold, and how the oracle wrote them.

``PYTHONPATH=tests python tests/naive_golden.py`` writes those in ``tests/data`` that are missing.
What is there is never replaced: releases have to read it for ever.
"""

import json
from pathlib import Path

import naive_makers as makers
import naive_model
import naive_writer as writer
import numpy as np
import pytest
import small_vaes
from naive_collection import write_directory
from naive_makers import stream, tree
from naive_payload import fit

DATA = Path(__file__).parent / "data"

INDEX = np.arange(1500)
SQUARES = INDEX**2 % 251 % 11
SQUARE_BYTES = SQUARES.astype(np.uint8).tobytes()
CHANGES = (SQUARES % (INDEX // 128 % 5 + 2)).astype(np.uint8).tobytes()
STEPS = (INDEX // 5 % 11).astype(np.uint8).tobytes()
ROWS = (SQUARES * 3).astype("<u2").reshape(300, 5)
PLANE = (INDEX[:600] ** 2 // 7 % 500).astype("<u2").reshape(20, 30)
CUBE = (INDEX[:840] // 3 % 100).astype("<i2").reshape(6, 10, 14)

RECORDS = np.zeros(50, [("id", "<u2"), ("value", ">f4", (2,)), ("name", "S3")])
RECORDS["id"] = INDEX[:50] * 7
RECORDS["value"] = INDEX[:100].reshape(50, 2) / 8
RECORDS["name"] = b"ans"
LARGE = np.frombuffer(SQUARE_BYTES, "V75")

# Numbers: what each transform is for, and patterns that are easily lost.
FLOATS = np.cumsum(SQUARES[:600] - 5).astype("<f4").reshape(20, 30) / 3
FLOATS[3, :8] = np.array(
    [0, 0x80000000, 1, 0x7F800000, 0xFF800000, 0x7FC00001, 0xFF812345, 0x80000001], "<u4"
).view("<f4")
WALK = np.cumsum(SQUARES - 5) * 256
SIGNS = np.array([-(2**63), -1, 0, 1, 2**62, 2**63 - 1]) // 8 * 8
TIMES = 1_600_000_000_000 + 3_600_000 * (INDEX[:700] + SQUARES[:700])
PRICES = np.round(1000 + WALK[:900] / 25600, 2)
PRICES[[0, 400, 401, 899]] = [np.nan, np.pi, -0.0, np.inf]
FILLED = np.where(SQUARES[:800] > 7, -32768, WALK[:800] // 256).astype("<i2").reshape(8, 10, 10)
PAIRS = np.zeros(300, [("t", "<u4"), ("value", "<i2"), ("flag", "u1")])
PAIRS["t"], PAIRS["value"] = INDEX[:300] * 5, SQUARES[:300]
PIXELS = (WALK[:900] // 64 % 256)[:, None] + np.array([0, 3, 5])
PIXELS = PIXELS.astype("<u2").reshape(30, 30, 3)
TABLE = (WALK[:690] // 64 % 256).astype("<u2").reshape(10, 69)
LATE = (1000 + np.arange(4700) * 7 + np.resize(SQUARES, 4700)).astype("<u4")
CUBES = (WALK[:1400] // 32).astype("<i2").reshape(4, 5, 70)
KEYS = (INDEX[:700] << 44).astype("<u8") + (SQUARES[:700] << 12 | INDEX[:700] % 4).astype("<u8")
GREYS = WALK[:240] // 64 % 256
COLOURS = (0xFF << 24 | GREYS << 16 | GREYS // 2 << 8 | SQUARES[:240]).astype("<u4").reshape(8, 30)
PLATEAUS = np.repeat(SQUARES[:120], SQUARES[:120] * 2 + 1).astype("<i4")

HOLES = np.zeros((15, 20), [("data", ">f8"), ("mask", "?")])
HOLES["data"] = PRICES[:300].reshape(15, 20)
HOLES["mask"] = SQUARES[:300].reshape(15, 20) > 6
BRAIN_FLOATS = (WALK[:600] / 25600).astype("<f4").reshape(30, 20).view("<u2")[:, 1::2].tobytes()

SHARED = [([100] + [0] * 254 + [156], 8), (fit(SQUARE_BYTES, 12), 12)]

DIGITS = naive_model.sample(small_vaes.GOLDEN_MODEL, 20)
BITS = naive_model.sample(small_vaes.GOLDEN_BINARY_MODEL, 30)
WEIGHTS = Path(__file__).parents[1] / "ansflow" / "bitsback" / "models" / "weights"
SAMPLE = Path(__file__).parents[1] / "examples" / "mnist_sample.npz"


def extension(name, content=None):
    """A dtype of ml_dtypes, or an array of 20 columns with such items."""
    dtype = np.dtype(getattr(pytest.importorskip("ml_dtypes"), name))
    return dtype if content is None else np.frombuffer(content, dtype).reshape(-1, 20)


def masked_of(items, **told):
    """The masked array that has these items."""
    return np.ma.MaskedArray(items["data"].copy("A"), items["mask"].copy("A"), **told)


def content_of(array):
    """Its items as they are in a frame, and what a description says of it."""
    order = "C" if array.flags.c_contiguous else "F"
    described = {"dtype": np.lib.format.dtype_to_descr(array.dtype), "shape": array.shape}
    return array.tobytes(order=order), json.loads(json.dumps(described))


def frame(content, description=None, *, open_ended=False, **told):
    """A frame of bytes or of an array; of an open-ended one, the first axis isn't known."""
    if isinstance(content, np.ndarray):
        told["fortran"] = not content.flags.c_contiguous
        content, own = content_of(content)
        description = (description or {}) | own
    if open_ended and description and "shape" in description:
        description["shape"][0] = None
    return writer.write_frame(content, description, known=not open_ended, **told)


# Those that come with ansflow.
MNIST, MNIST_BINARY = (
    naive_model.read_model((WEIGHTS / f"{name}.npz").read_bytes())
    for name in ("mnist-vae", "mnist-vae-binary")
)
naive_model.register(MNIST)
naive_model.register(MNIST_BINARY)


def digits(dtype):
    """Two images, large enough for the models that come with ansflow."""
    with np.load(SAMPLE) as sample:
        images = sample["data"][:2]
    return (images > 127).astype(dtype) if dtype == "?" else images


def modelled(model, dtype):
    told = {"coding": writer.code_model(model), "chunk": [1, 28, 28], "index": True}
    return frame(digits(dtype), {"model": writer.identity(model)}, **told)


PLANES, BYTES = tree(makers.planes), tree(makers.item_bytes)
WORDS = np.array(["to", "be", "or", "not", "que"])[np.arange(300) ** 2 % 7 % 5]
INTEGERS = tree(makers.delta(0), tree(makers.log))


def dictionary_of(w, shape, content):
    """Of the values in the order in which they come."""
    return makers.dictionary(*dict.fromkeys(makers.integers(content, w)))(w, shape, content)


def numbers(array, *recipes, **told):
    """An array and its frame, with recipes in turn; whatever is large enough is coded."""
    told = {"coding": coded_or_stored, "index": True} | told
    return array, frame(array, recipe=list(recipes), **told)


def coded_or_stored(content, w=1):
    coded = writer.code(12, 4)(content, w)
    return coded if len(coded.payload) < len(content) else writer.store(content)


def directory(entries, position, metadata):
    """The frame of a directory, which has two chunks."""
    content = write_directory(entries, position)
    description = {"directory": True} | ({"metadata": metadata} if metadata else {})
    return frame(content, description, index=True, chunk=[max(1, len(content) // 2 + 1)])


def parts_of(arrays, at=0, described=None):
    """The frames of arrays from byte `at` on, and where they are."""
    blob, entries = b"", []
    for name, array in arrays.items():
        part = frame(array, {"name": name} | (described or {}), coding=coded_or_stored)
        entries.append((name, at + len(blob), at + len(blob) + len(part)))
        blob += part
    return blob, entries


def collection(arrays, metadata, described=None):
    blob, entries = parts_of(arrays, described=described)
    return arrays, metadata, blob + directory(entries, len(blob), metadata)


def appended(arrays, more):
    """A collection, and another directory behind further arrays, of which one replaces another."""
    blob, entries = parts_of(arrays)
    blob += directory(entries, len(blob), {"first": 1})
    added, others = parts_of(more, len(blob))
    blob += added
    names = {name for name, *_ in others}
    entries = [entry for entry in entries if entry[0] not in names] + others
    return arrays | more, {}, blob + directory(entries, len(blob), {})


def behind_another(arrays, more):
    """Two collections one after the other, of which the second knows nothing of the first."""
    _, _, first = collection(arrays, {"first": 1})
    _, _, second = collection(more, {"second": 2})
    return arrays | more, {"second": 2}, first + second


ALTERNATE = {"index": True, "recipe": ["planes", "stream", "bytes"]}

# Each of them: what `decompress` returns, and the file.
GOLDEN = {
    "empty": lambda: (b"", frame(b"")),
    "stored": lambda: (bytes(range(256)), frame(bytes(range(256)))),
    "constant": lambda: (b"\xc8" * 1000, frame(b"\xc8" * 1000, coding=writer.repeat)),
    "coded": lambda: (SQUARE_BYTES, frame(SQUARE_BYTES, coding=writer.code(12, 4))),
    "coded-8-bits": lambda: (SQUARE_BYTES, frame(SQUARE_BYTES, coding=writer.code(8, 64))),
    "coded-16-bits": lambda: (SQUARE_BYTES, frame(SQUARE_BYTES, coding=writer.code(16, 1))),
    "contexts": lambda: (STEPS, frame(STEPS, coding=writer.code_contexts(11, 2))),
    "chunks": lambda: (
        SQUARE_BYTES + bytes(500),
        frame(
            SQUARE_BYTES + bytes(500),
            coding=writer.in_turn(writer.code(), writer.code_contexts(), writer.store),
            chunk=[400],
            index=True,
        ),
    ),
    "flushed": lambda: (
        SQUARE_BYTES,
        frame(
            SQUARE_BYTES,
            {"metadata": {"ünits": ["m", 1.5, None]}},
            coding=writer.in_turn(writer.code(), writer.store),
            open_ended=True,
            chunk=[600],
            extents=[1, 600, 20],
            index=True,
        ),
    ),
    "shared": lambda: (
        SQUARE_BYTES,
        frame(
            SQUARE_BYTES,
            shared=SHARED,
            coding=writer.in_turn(writer.code_shared(2, SHARED, 2), writer.code(9)),
            chunk=[300],
            index=True,
        ),
    ),
    "metadata": lambda: (
        np.arange(3.0),
        frame(np.arange(3.0), {"metadata": {"what": "a test", "nested": {"list": [1, 2.5]}}}),
    ),
    "short": lambda: (
        SQUARE_BYTES,
        frame(SQUARE_BYTES, {"metadata": {"a": 1}}, coding=writer.code(12, 4), short=True),
    ),
    "short-array": lambda: (
        np.asfortranarray(PLANE),
        frame(np.asfortranarray(PLANE), coding=writer.code(11), short=True),
    ),
    "short-number": lambda: (np.array(2.5), frame(np.array(2.5), short=True)),
    "brief-array": lambda: (
        np.asfortranarray(PLANE),
        frame(np.asfortranarray(PLANE), coding=writer.code(11), short=True, brief=True),
    ),
    "brief-number": lambda: (np.array(2.5), frame(np.array(2.5), short=True, brief=True)),
    "terse-array": lambda: (
        np.asfortranarray(PLANE),
        frame(np.asfortranarray(PLANE), coding=writer.code(11), short=True, brief=True, terse=True),
    ),
    "terse-number": lambda: (
        np.array(2.5),
        frame(np.array(2.5), short=True, brief=True, terse=True),
    ),
    "big-endian": lambda: (
        PLANE.astype(">u2"),
        frame(PLANE.astype(">u2"), coding=writer.code(13), chunk=[7, 30], index=True),
    ),
    "fortran": lambda: (
        np.asfortranarray(PLANE / 4),
        frame(np.asfortranarray(PLANE / 4), coding=writer.code(), chunk=[10, 20], index=True),
    ),
    "bfloat16": lambda: (
        extension("bfloat16", BRAIN_FLOATS),
        writer.write_frame(
            BRAIN_FLOATS,
            {"dtype": "bfloat16", "shape": [30, 20]},
            recipe=tree(makers.ordered(2), tree(makers.delta(1), tree(makers.log))),
            coding=coded_or_stored,
        ),
    ),
    "float8-in-fields": lambda: (
        np.frombuffer(SQUARE_BYTES[:600], [("a", "u1"), ("b", extension("float8_e4m3fn"), (2,))]),
        writer.write_frame(
            SQUARE_BYTES[:600],
            {"dtype": [["a", "|u1"], ["b", "float8_e4m3fn", [2]]], "shape": [200]},
            coding=coded_or_stored,
        ),
    ),
    "masked": lambda: (
        masked_of(HOLES, fill_value=-1.5, hard_mask=True),
        frame(
            HOLES,
            {"masked": {"hard": True, "fill_value": "bff8000000000000"}},
            recipe=[
                tree(makers.fields(8, 1), tree(makers.ordered(6), PLANES), stream),
                tree(makers.fields(1, 8), stream, PLANES),
            ],
            coding=coded_or_stored,
            chunk=[7, 20],
            index=True,
        ),
    ),
    "masked-in-fortran-order": lambda: (
        masked_of(np.asfortranarray(HOLES)),
        frame(
            np.asfortranarray(HOLES),
            {"masked": {"hard": False, "fill_value": None}},
            coding=coded_or_stored,
        ),
    ),
    "masked-without-mask": lambda: (
        np.ma.MaskedArray(ROWS, fill_value=7),
        frame(ROWS, {"masked": {"hard": False, "fill_value": "0700"}}, coding=writer.code()),
    ),
    "structured": lambda: (RECORDS, frame(RECORDS, coding=writer.code(10))),
    "large-items": lambda: (LARGE, frame(LARGE, chunk=[4, 75], coding=writer.code(), index=True)),
    "number": lambda: (np.array(1.5), frame(np.array(1.5))),
    "number-large": lambda: (LARGE[3:4].reshape(()), frame(LARGE[3:4].reshape(()), chunk=[40])),
    "nothing": lambda: (np.empty((3, 0), "<f4"), frame(np.empty((3, 0), "<f4"))),
    "16-bit-symbols": lambda: (
        PLANE,
        frame(PLANE, coding=writer.code(12, 4), recipe="stream", chunk=[9, 30], index=True),
    ),
    "16-bit-symbols-constant": lambda: (
        np.full(500, 999, "<u2"),
        frame(np.full(500, 999, "<u2"), coding=writer.repeat, recipe="stream"),
    ),
    "bytes-of-items": lambda: (PLANE, frame(PLANE, coding=writer.code(), recipe="bytes")),
    "tiles": lambda: (
        PLANE,
        frame(
            *(PLANE,),
            **{"coding": writer.in_turn(writer.code(), writer.store), "chunk": [8, 13]},
            **ALTERNATE,
        ),
    ),
    "tiles-fortran": lambda: (
        np.asfortranarray(CUBE),
        frame(np.asfortranarray(CUBE), coding=writer.code(9), chunk=[5, 4, 4], index=True),
    ),
    "tiles-of-a-cube": lambda: (
        CUBE,
        frame(CUBE, coding=writer.code(), chunk=[4, 4, 8], **ALTERNATE),
    ),
    "tiles-of-planes": lambda: (CUBE, frame(CUBE, coding=writer.code(8), chunk=[1, 6, 14])),
    "tiles-open-ended": lambda: (
        CUBE,
        frame(
            CUBE,
            open_ended=True,
            coding=writer.code(8),
            chunk=[2, 6, 9],
            extents=[2, 1, 1],
            index=True,
        ),
    ),
    "rows": lambda: (
        ROWS,
        frame(
            ROWS,
            open_ended=True,
            coding=writer.code(),
            chunk=[100, 5],
            extents=[23, 100],
            index=True,
        ),
    ),
    "frames": lambda: (
        np.concatenate([ROWS, ROWS[:40], ROWS[:0]]),
        frame(ROWS, coding=writer.code(), chunk=[200, 5], index=True)
        + frame(ROWS[:40], open_ended=True, recipe="stream")
        + frame(ROWS[:0]),
    ),
    "frames-of-bytes": lambda: (
        SQUARE_BYTES + STEPS,
        frame(SQUARE_BYTES, coding=writer.code()) + frame(b"") + frame(STEPS, chunk=[900]),
    ),
    "modelled": lambda: (
        DIGITS + b"end",
        frame(
            DIGITS + b"end",
            {"model": writer.identity(small_vaes.GOLDEN_MODEL)},
            coding=writer.code_model(small_vaes.GOLDEN_MODEL),
            chunk=[240],
            index=True,
        ),
    ),
    "modelled-array": lambda: (
        np.frombuffer(BITS, np.uint8).reshape(3, 10, 4, 6),
        frame(
            np.frombuffer(BITS, np.uint8).reshape(3, 10, 4, 6),
            {"model": writer.identity(small_vaes.GOLDEN_BINARY_MODEL)},
            coding=writer.code_model(small_vaes.GOLDEN_BINARY_MODEL),
        ),
    ),
    "numbers-ordered": lambda: numbers(
        FLOATS, tree(makers.ordered(2), PLANES), tree(makers.ordered(1), PLANES), chunk=[9, 30]
    ),
    "numbers-ordered-big-endian": lambda: numbers(
        SIGNS.astype(">i8"), tree(makers.ordered(1 + 4, 3), PLANES)
    ),
    "numbers-delta": lambda: numbers(
        CUBE,
        tree(makers.delta(0, 1, 2)),
        tree(makers.delta(2, 2), PLANES),
        tree(makers.delta(0), PLANES),
        chunk=[2, 10, 14],
    ),
    "numbers-delta-of-tiles": lambda: numbers(
        np.asfortranarray(CUBE), tree(makers.delta(1, 0)), chunk=[5, 4, 4]
    ),
    "numbers-log": lambda: numbers(
        WALK[:1400].astype("<i4"), tree(makers.ordered(1), tree(makers.log)), tree(makers.log)
    ),
    "numbers-log-of-64-bits": lambda: numbers(SIGNS, tree(makers.log)),
    "numbers-lin": lambda: numbers(
        PLANE, tree(makers.lin(0, 1, 1)), tree(makers.lin(65500, 2, 2)), chunk=[11, 30]
    ),
    "numbers-bins": lambda: numbers(
        WALK[:1400].astype("<i4"),
        tree(makers.ordered(1), tree(makers.bins(0, 2**31 - 100, 2**31, 2**31 + 7))),
        tree(makers.delta(0, rising=True), tree(makers.bins(0, 1, 2, 2**31, 2**32 - 5))),
        chunk=[700],
    ),
    "numbers-decimal": lambda: numbers(
        PRICES,
        tree(makers.decimal(0, 100.0), INTEGERS, PLANES, PLANES),
        tree(makers.decimal(1, 0.01, range(3, 300, 7)), PLANES, BYTES, BYTES),
        chunk=[600],
    ),
    "numbers-decimal-of-16-bits": lambda: numbers(
        (INDEX[:500] / 8).astype(">f2"), tree(makers.decimal(2, 8.0), PLANES, BYTES, PLANES)
    ),
    "numbers-decimal-corrected": lambda: numbers(
        np.float32(PRICES[:600].astype("<f4") * np.float32(0.3)).reshape(30, 20),
        tree(makers.decimal(4, 333.33332), INTEGERS, PLANES, BYTES, stream),
        tree(makers.decimal(5, 0.00300000013, range(5, 200, 9)), PLANES, PLANES, BYTES, stream),
        chunk=[20, 20],
    ),
    "numbers-decimal-far": lambda: numbers(
        np.where(SQUARES[:600] > 8, PRICES[:600] / 7, PRICES[:600]),
        tree(makers.decimal(8, 100.0), INTEGERS, PLANES, PLANES, tree(makers.log)),
        tree(makers.decimal(9, 0.01, range(5, 200, 9)), PLANES, BYTES, BYTES, PLANES),
        chunk=[400],
    ),
    "numbers-decimal-exact": lambda: numbers(
        PRICES[1:361].reshape(18, 20),
        tree(makers.decimal(48, 100.0), INTEGERS),
        tree(makers.decimal(21, 0.01), PLANES, stream),
        tree(makers.decimal(52, 300.0), PLANES, stream),
        tree(makers.decimal(56, 50.0), BYTES, PLANES),
        chunk=[5, 20],
    ),
    "numbers-decimal-exact-streams": lambda: numbers(
        (INDEX[:300] / 8).astype("<f2"), tree(makers.decimal(48, 8.0))
    ),
    "numbers-delta-rising-from-below": lambda: numbers(
        INDEX.astype("<i8"), tree(makers.delta(0, rising=True), tree(makers.log))
    ),
    "numbers-delta-rising": lambda: numbers(
        INDEX.astype("<i4") ** 2 - 1000,
        tree(makers.delta(0, rising=True), tree(makers.log)),
        tree(makers.delta(0, 0, rising=True), tree(makers.lin(2**32 - 2000, 4, 2))),
    ),
    "numbers-affine": lambda: numbers(TIMES, tree(makers.affine(int(TIMES[0]), 3_600_000), PLANES)),
    "numbers-dict": lambda: numbers(
        ROWS.astype("<f4") / 7,
        tree(dictionary_of, stream, PLANES),
        tree(makers.decimal(0, 7.0), tree(dictionary_of, stream, BYTES), BYTES, BYTES),
        chunk=[200, 5],
    ),
    "numbers-dict-of-many": lambda: numbers(
        INDEX[::3].astype("<u4") ** 2, tree(dictionary_of, PLANES, tree(makers.delta(0), PLANES))
    ),
    "texts-dict": lambda: numbers(
        WORDS,
        tree(dictionary_of, stream, tree(makers.fields(4, 8), BYTES, PLANES)),
        tree(dictionary_of, tree(makers.delta(0)), PLANES),
        chunk=[200],
    ),
    "texts-items": lambda: numbers(
        WORDS.astype("S300"),
        tree(
            makers.items_of(300),
            tree(dictionary_of, stream, tree(makers.fields(*[60] * 5), *[PLANES] * 5)),
            stream,
        ),
    ),
    "numbers-mask": lambda: numbers(
        FILLED,
        tree(makers.mask(2**16 - 2**15, 10), tree(makers.ordered(1)), stream),
        tree(makers.mask(2**16 - 2**15, 0, [3], 7)),
        chunk=[5, 10, 10],
    ),
    "numbers-sparse": lambda: numbers(
        FILLED,
        tree(makers.sparse(2**16 - 2**15, 10), tree(makers.ordered(1), PLANES), stream),
        tree(makers.sparse(2**16 - 2**15, 0, [3]), PLANES, stream),
        chunk=[5, 10, 10],
    ),
    "numbers-ramp": lambda: numbers(
        LATE,
        tree(makers.ramp((1000, 4096 * 7), (5, 2**64 - 5)), tree(makers.log), PLANES, BYTES),
        tree(makers.ramp((40_000, 29_000)), PLANES, BYTES, PLANES),
        chunk=[4500],
    ),
    "numbers-lookback": lambda: numbers(
        LATE,
        tree(makers.lookback(1, 1, 2, 300, 2, 17), tree(makers.log), stream, PLANES),
        tree(makers.lookback(7, 3, 1000, 12, 11, 10, 9), PLANES, stream, BYTES),
        chunk=[3000],
    ),
    "numbers-lpc-of-integers": lambda: numbers(
        CUBE,
        tree(makers.ordered(1), tree(makers.lpc(0, 2, 3, 5, 1.7, -0.4, 1 / 3), PLANES, BYTES)),
        tree(makers.lpc(0, 0, 1, 1, 1.0, -(2.0**60), float("nan"), 0.5), PLANES, PLANES),
        chunk=[4, 10, 14],
    ),
    "numbers-lpc-of-floats": lambda: numbers(
        FLOATS,
        tree(makers.ordered(2), tree(makers.lpc(1, 1, 2, 3, 2.0, -1.0), PLANES, PLANES)),
        tree(makers.ordered(2), tree(makers.lpc(1, 0, 2, 1, 1.1, 1e30, -0.3), PLANES, BYTES)),
        chunk=[10, 30],
    ),
    "numbers-lpc-of-64-bits": lambda: numbers(
        WALK[:400] / 7,
        tree(makers.ordered(2), tree(makers.lpc(1, 0, 4, 3, 1.9, -0.9, 1e-3), PLANES, PLANES)),
    ),
    "numbers-stencil": lambda: numbers(
        CUBE,
        tree(
            makers.stencil((1, 9000), (2, -1000), (13, 1500), (14, 6000), (15, -700), (140, 1584)),
            tree(makers.log),
        ),
        tree(makers.stencil((1, 2**17 - 1), (8, -(2**17)), (279, 1)), PLANES),
        chunk=[4, 10, 14],
    ),
    "numbers-stencil-of-floats": lambda: numbers(
        FLOATS,
        tree(makers.ordered(2), tree(makers.stencil((1, 9000), (29, -3), (30, 7387)), PLANES)),
        tree(makers.ordered(2), tree(makers.stencil((1, 2**14)), PLANES)),
        chunk=[10, 30],
    ),
    "numbers-fields": lambda: numbers(
        PAIRS, tree(makers.fields(4, 2, 1), tree(makers.delta(0), tree(makers.log)), PLANES, stream)
    ),
    "numbers-columns": lambda: numbers(
        PIXELS,
        tree(makers.columns(0b110), tree(makers.delta(0, 1)), stream, PLANES),
        chunk=[20, 30, 3],
    ),
    "numbers-groups": lambda: numbers(
        PIXELS,
        tree(makers.groups(0, 1, 0), tree(makers.delta(0, 1)), PLANES),
        tree(makers.groups(0, 0, 0), tree(makers.delta(1), tree(makers.log))),
        chunk=[20, 30, 3],
    ),
    "numbers-groups-of-many": lambda: numbers(
        TABLE,
        tree(makers.groups(*(j % 5 + 1 >> 1 for j in range(69))), *[tree(makers.log)] * 3),
        tree(makers.groups(*range(69)), *[stream] * 69),
        chunk=[6, 69],
    ),
    "numbers-digits": lambda: numbers(
        KEYS,
        tree(makers.digits(16, 4096), tree(makers.delta(0), tree(makers.log)), stream, stream),
        tree(makers.digits(2, 7 * 10**9, 3, 10), PLANES, stream, PLANES, stream, stream),
        chunk=[400],
    ),
    "numbers-digits-of-colours": lambda: numbers(
        COLOURS,
        tree(makers.digits(256, 256, 256), stream, *[tree(makers.delta(0, 1), stream)] * 3),
        tree(makers.digits(1 << 24), stream, tree(makers.log)),
        chunk=[8, 30],
    ),
    "numbers-table": lambda: numbers(
        TABLE,
        tree(makers.columns(0b110 | 1 << 63), *[tree(makers.log), PLANES, stream] * 23),
        tree(makers.columns(), *[stream] * 69),
        chunk=[5, 69],
    ),
    "numbers-runs": lambda: numbers(
        PLATEAUS,
        tree(makers.runs(), PLANES, tree(makers.log)),
        tree(makers.runs(4), tree(makers.log), BYTES),
        chunk=[700],
    ),
    "numbers-items": lambda: (
        WALK[:700].astype("<i4").tobytes() + b"end",
        frame(
            WALK[:700].astype("<i4").tobytes() + b"end",
            recipe=[
                tree(makers.items_of(4), tree(makers.ordered(1), INTEGERS), stream),
                tree(makers.items_of(2), stream, stream),
            ],
            coding=coded_or_stored,
            chunk=[1500],
        ),
    ),
    "numbers-period": lambda: numbers(
        WALK[:1500],
        tree(makers.period(21), tree(makers.delta(0, 1), tree(makers.log)), tree(makers.log)),
        tree(makers.ordered(1), tree(makers.period(500), PLANES, PLANES)),
        tree(makers.period(2), tree(makers.columns(2), PLANES, BYTES), PLANES),
        chunk=[501],
    ),
    "numbers-period-of-planes": lambda: numbers(
        PIXELS,
        tree(makers.period(7), tree(makers.delta(1, 0)), stream),
        tree(makers.period(3), tree(makers.period(2), stream, stream), tree(makers.delta(0))),
        chunk=[20, 30, 3],
    ),
    "numbers-join": lambda: numbers(
        CUBE,
        tree(makers.join(1), tree(makers.delta(0, 1), tree(makers.log))),
        tree(makers.join(1, 2), tree(makers.period(4), tree(makers.delta(1), PLANES), PLANES)),
        tree(makers.join(2), tree(makers.ordered(1), tree(makers.join(1), BYTES))),
        chunk=[2, 10, 14],
    ),
    "numbers-join-of-ones": lambda: numbers(
        PIXELS.reshape(1, 30, 1, 90),
        tree(makers.join(1, 2), stream),
        tree(makers.join(1), tree(makers.delta(2))),
        chunk=[1, 10, 1, 90],
    ),
    "numbers-many": lambda: numbers(
        FLOATS,
        tree(
            makers.mask(0x7FC00001, 30),
            tree(
                makers.ordered(2),
                tree(makers.delta(0, 1), tree(makers.lin(0, 20, 2), PLANES, stream)),
            ),
            tree(makers.runs(), stream, tree(makers.delta(0), tree(makers.log))),
        ),
    ),
    "classes": lambda: (
        CHANGES,
        frame(
            CHANGES,
            coding=writer.in_turn(
                writer.code_classes(11, 64, 2, writer.code(8, 1)),
                writer.code_classes(12, 1, 8, writer.repeat, bytes((i + 1) % 8 for i in range(8))),
                writer.code_classes(8, 4, 3, writer.code(9, 2), bytes([2, 2, 0, 1, 2, 2, 2, 0])),
                writer.code_classes(9, 2, 5),
            ),
            chunk=[500],
            index=True,
        ),
    ),
    "neighbours": lambda: (
        CHANGES,
        frame(
            CHANGES,
            coding=writer.in_turn(
                writer.code_neighbours(11, 64, 65, 0, [0]),
                writer.code_neighbours(12, 1, 100, 230, range(3, 48, 3)),
                writer.code_neighbours(8, 32, 499, 0, [254]),
                writer.code_neighbours(9, 2, 70, 140, [1, 5, 100]),
            ),
            chunk=[500],
        ),
    ),
    "neighbours-of-numbers": lambda: numbers(
        CUBES,
        tree(makers.ordered(1), tree(makers.delta(2), tree(makers.log))),
        coding=writer.in_turn(
            writer.code_neighbours(11, 4, 70, 350, [2, 9, 30]), writer.code(), writer.store
        ),
    ),
    "adaptive": lambda: (
        CHANGES,
        frame(CHANGES, coding=writer.adapt, chunk=[700], index=True),
    ),
    "adaptive-numbers": lambda: numbers(
        CUBES, tree(makers.ordered(1), tree(makers.delta(2), tree(makers.log))), coding=writer.adapt
    ),
    "named": lambda: (PLANE, frame(PLANE, {"name": "größe/plane"}, coding=coded_or_stored)),
    "modelled-mnist": lambda: (digits("u1"), modelled(MNIST, "u1")),
    "modelled-mnist-binary": lambda: (digits("?"), modelled(MNIST_BINARY, "?")),
}

# Collections: their arrays, their metadata, and the file.
COLLECTIONS = {
    "collection": lambda: collection(
        {
            "walk": WALK.astype("<i4"),
            "group/plane": PLANE,
            "größe": np.array(1.5),
            "none": ROWS[:0],
        },
        {"of": "all"},
        {"metadata": {"unit": "K"}},
    ),
    "collection-of-nothing": lambda: ({}, {}, directory([], 0, {})),
    "collection-appended": lambda: appended({"a": PLANE}, {"b": SQUARES[:200], "a": CUBE}),
    "collection-without-directory": lambda: (
        {"a": PLANE, "b": CUBE},
        {},
        frame(PLANE, {"name": "a"}) + frame(b"has no name") + frame(CUBE, {"name": "b"}),
    ),
    "collection-behind-another": lambda: behind_another({"a": PLANE}, {"b": CUBE, "c": PRICES}),
}

# Bare chunks: what they hold, what a plan has to have, and their bytes.
BARE = {
    "bare-stored": lambda: (b"abcabc", {}, writer.write_body(b"abcabc")),
    "bare-coded": lambda: (
        SQUARE_BYTES,
        {},
        writer.write_body(SQUARE_BYTES, 1, writer.code(12, 64)),
    ),
    "bare-contexts": lambda: (STEPS, {}, writer.write_body(STEPS, 1, writer.code_contexts())),
    "bare-shared": lambda: (
        SQUARE_BYTES,
        {"shared": SHARED},
        writer.write_body(SQUARE_BYTES, 1, writer.code_shared(2, SHARED, 8)),
    ),
    "bare-planes": lambda: (
        CUBE,
        {},
        writer.write_body(CUBE.tobytes(), 2, writer.in_turn(writer.code(), writer.store)),
    ),
    "bare-16-bit-symbols": lambda: (
        PLANE,
        {},
        writer.write_body(PLANE.tobytes(), 2, writer.code(14, 2), "stream"),
    ),
    "bare-numbers": lambda: (
        FLOATS,
        {},
        writer.write_body(
            FLOATS.tobytes(),
            4,
            writer.in_turn(writer.code(), writer.code_classes()),
            tree(makers.ordered(2), tree(makers.delta(0, 1), tree(makers.log))),
            [20, 30],
        ),
    ),
    "bare-modelled": lambda: (
        DIGITS,
        {"model": writer.identity(small_vaes.GOLDEN_MODEL)},
        writer.write_body(DIGITS, 1, writer.code_model(small_vaes.GOLDEN_MODEL)),
    ),
}


def path_of(name):
    return DATA / f"v3-{name}.ans"


if __name__ == "__main__":
    for name, make in (GOLDEN | COLLECTIONS | BARE).items():
        if not path_of(name).exists():
            path_of(name).write_bytes(make()[-1])
