"""Frames whose streams are coded with a model of images: written, read, damaged and forged."""

import io
import random
import tracemalloc
from itertools import product

import naive_examples as examples
import naive_frame as naive
import naive_model
import naive_writer as writer
import numpy as np
import pytest
import small_vaes
from decoders import DECODERS, observe, refuses
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow import bitsback
from ansflow.bitsback.models.pixels import BinaryPixels, GreyPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Upsample
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    LimitError,
    ModelError,
    TruncatedError,
    UnsupportedError,
)
from ansflow.limits import Limits

VAE, MODEL = small_vaes.make_known("modelled", components=2, net="convolution", seed=1)
BINARY, BINARY_MODEL = small_vaes.make_known("modelled-binary", net="dense", seed=1)
BOTH = pytest.mark.parametrize(("vae", "model"), [(VAE, MODEL), (BINARY, BINARY_MODEL)])

SIZE = 24
IMAGES = naive_model.sample(MODEL, 40)
BITS = naive_model.sample(BINARY_MODEL, 60)
ARRAY = np.frombuffer(IMAGES, np.uint8).reshape(-1, 4, 6)
BIT_ARRAY = np.frombuffer(BITS, np.uint8).reshape(-1, 4, 6)
NOISE = np.random.default_rng(0).bytes(SIZE * 8)


def kinds(blob):
    return naive.read(blob).kinds


def check(blob, content, model=MODEL):
    """That the oracle reads it, and modelled streams are what the oracle makes of their content."""
    frame = naive.read(blob)
    assert frame.content == content
    assert frame.description["model"] == writer.identity(model)
    for stream in frame.streams:
        if stream.kind == naive.MODELLED:
            assert stream.payload == naive_model.encode(model, stream.content)
        elif stream.kind != naive.CONSTANT and len(stream.content) % SIZE == 0:
            # The encoder doesn't count the lanes' states before it makes them.
            assert cost(model, stream.content) + 4 * stream.lanes >= len(stream.payload)
    return frame


def cost(model, content):
    """Bytes that the content takes as modelled, infinitely many if it can't be."""
    message = naive.attempt(naive_model.encode, model, content)
    return float("inf") if message is None else len(message)


def payload(frame):
    return sum(len(stream.payload) for stream in frame.streams)


# Written by ansflow


def parts():
    """Images of the model, constant ones, noise, and what isn't whole images."""
    return st.lists(
        st.one_of(
            st.integers(0, 30).map(lambda i: IMAGES[i * SIZE : (i + 8) * SIZE]),
            st.integers(0, 30).map(lambda i: BITS[i * SIZE : (i + 20) * SIZE]),
            st.integers(0, 3).map(lambda i: bytes([i]) * SIZE * 4),
            st.just(NOISE),
            st.binary(max_size=30),
        ),
        max_size=4,
    ).map(b"".join)


@given(parts(), st.integers(1, 500), st.booleans())
@example(IMAGES, 10 * SIZE, False)
@example(BITS, 1 << 20, True)
@example(b"", 1, False)
@example(IMAGES + b"x", 1, False)
@settings(max_examples=15)
def test_bytes(content, chunk_size, binary):
    vae, model = (BINARY, BINARY_MODEL) if binary else (VAE, MODEL)
    blob = ansflow.compress(content, model=vae, chunk_size=chunk_size)
    frame = check(blob, content, model)
    most = max(SIZE, chunk_size - chunk_size % SIZE)
    assert frame.chunk_shape == [max(1, min(most, len(content)))]
    assert ansflow.decompress(blob) == content


@BOTH
def test_chunks_that_the_model_suits(vae, model):
    """The last isn't whole images."""
    content = (BITS if vae is BINARY else IMAGES) + b"some more"
    blob = ansflow.compress(content, model=vae, chunk_size=20 * SIZE)
    frame = check(blob, content, model)
    full = (len(content) - 9) // (20 * SIZE)
    assert frame.kinds == [naive.MODELLED] * full + [naive.STORED]
    with_tables = writer.write_frame(content, coding=writer.code(8), chunk=[20 * SIZE])
    assert payload(frame) < payload(naive.read(with_tables))


def test_chunks_that_the_model_does_not_suit():
    """They are coded as without it."""
    few = bytes(i * i % 7 * (i % 3) for i in range(20 * SIZE))
    content = IMAGES[: 20 * SIZE] + bytes(20 * SIZE) + few + NOISE[:SIZE]
    blob = ansflow.compress(content, model=VAE, chunk_size=20 * SIZE)
    expected = [naive.MODELLED, naive.CONSTANT, naive.CODED, naive.STORED]
    assert kinds(blob) == expected
    check(blob, content)


def test_pixels_that_the_model_does_not_know():
    """One pixel of 2 in a chunk of bits: that chunk is coded without the model."""
    content = bytearray(BITS)
    content[30 * SIZE] = 2
    blob = ansflow.compress(bytes(content), model=BINARY, chunk_size=20 * SIZE)
    found = kinds(blob)
    assert found[::2] == [naive.MODELLED, naive.MODELLED]
    assert found[1] in (naive.CODED, naive.STORED)
    check(blob, bytes(content), BINARY_MODEL)
    assert ansflow.decompress(blob) == content


@pytest.mark.parametrize("order", [0, 1])
def test_other_options(order):
    """Contexts, shared tables and metadata, beside a model."""
    content = IMAGES[: 20 * SIZE] + bytes(i // 5 % 11 for i in range(40 * SIZE))
    shared = [ansflow.models.Categorical.fit(list(content), precision=12)]
    blob = ansflow.compress(
        content,
        model="modelled",
        chunk_size=20 * SIZE,
        order=order,
        tables=shared,
        metadata={"a": 1},
        precision=9,
        lanes=2,
    )
    frame = check(blob, content)
    assert frame.kinds[0] == naive.MODELLED
    assert frame.metadata == {"a": 1}
    assert len(frame.shared) == 1
    assert ansflow.decompress(blob) == content


def chunk_shape_of(options):
    """Of content whose size isn't known."""
    return naive.read(ansflow.Compressor(model=VAE, **options).finish()).chunk_shape


def test_the_default_chunk_size():
    """A MiB, in whole images."""
    assert chunk_shape_of({}) == [(1 << 20) // SIZE * SIZE]


@pytest.mark.parametrize(
    ("asked", "given_size"), [(1, 24), (23, 24), (24, 24), (47, 24), (48, 48), (1 << 27, 134217720)]
)
def test_chunk_sizes_are_whole_images(asked, given_size):
    assert chunk_shape_of({"chunk_size": asked}) == [given_size]


def test_any_number_of_threads_writes_the_same():
    """Large enough that there's something to share."""
    big, _ = small_vaes.build("modelled-big", height=80, width=80, components=1)
    images = np.repeat(np.repeat(BIT_ARRAY[:8], 20, axis=1), 20, axis=2)[:, :, :80] * 9
    content = np.ascontiguousarray(np.tile(images, (50, 1, 1)))
    assert content.nbytes > 2 << 20
    options = {"model": big, "chunk_size": 16 * 6400}
    blob = ansflow.compress(content, threads=1, **options)
    bitsback.register(big)
    for threads in (2, 3):
        assert ansflow.compress(content, threads=threads, **options) == blob
        assert np.array_equal(ansflow.decompress(blob, threads=threads), content)


# Arrays


ARRAYS = {
    "images": ARRAY,
    "vectors": ARRAY.reshape(-1, 24),
    "one image": ARRAY[0],
    "one vector": ARRAY[0].reshape(24),
    "images of images": ARRAY.reshape(5, 8, 4, 6),
    "rows of vectors": ARRAY.reshape(8, 5, 24),
    "no images": ARRAY[:0],
    "no vectors": ARRAY[:0].reshape(0, 24),
    "no images of images": np.empty((3, 0, 4, 6), np.uint8),
    "truths": ARRAY > 90,
    "bits": BIT_ARRAY,
    "true vectors": BIT_ARRAY.reshape(-1, 24) > 0,
    "every other image": ARRAY[::2],
    "mirrored images": ARRAY[:, ::-1, ::-1],
    "read-only": np.frombuffer(IMAGES, np.uint8).reshape(-1, 4, 6),
}


@pytest.mark.parametrize(
    ("name", "chunk_size"),
    [
        *((name, None) for name in ARRAYS),
        *product(("images", "true vectors", "no images"), (1, 250)),
    ],
)
def test_arrays(name, chunk_size):
    array = ARRAYS[name]
    vae, model = (BINARY, BINARY_MODEL) if array.max(initial=0) <= 1 else (VAE, MODEL)
    blob = ansflow.compress(array, model=vae, chunk_size=chunk_size)
    frame = check(blob, array.tobytes(), model)
    assert frame.shape == list(array.shape)
    assert frame.description["dtype"] == array.dtype.str
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert np.array_equal(back, array)
    # A table suits the others as well.
    suited = name not in ("truths", "mirrored images")
    if array.nbytes > 30 * SIZE and chunk_size is None and suited:
        assert naive.MODELLED in kinds(blob)


WRONG = {
    "two bytes an item": ARRAY.astype("<u2"),
    "signed": ARRAY.astype("i1"),
    "floats": ARRAY.astype("f4"),
    "letters": ARRAY.view("S1"),
    "raw": ARRAY.view("V1"),
    "fields": ARRAY.view([("a", "u1")]),
    "Fortran order": np.asfortranarray(ARRAY),
    "upright": ARRAY.reshape(-1, 6, 4),
    "transposed": ARRAY.transpose(0, 2, 1),
    "too narrow": ARRAY[:, :, :5],
    "only bytes": ARRAY.reshape(-1),
    "images in a row": ARRAY.reshape(2, -1),
    "channels": ARRAY[..., np.newaxis],
    "a number": np.uint8(3),
    "nothing": np.empty(0, np.uint8),
    "nothing of something": np.empty((3, 0), np.uint8),
    "no images of two bytes": np.empty((0, 4, 6), "<u2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_arrays_that_are_no_images_are_refused(name):
    with pytest.raises(ModelError, match="takes bytes, or arrays"):
        ansflow.compress(WRONG[name], model=VAE)


def test_arrays_in_both_orders_are_taken():
    """A single row is in C order as much as in Fortran order."""
    array = ARRAY.reshape(-1, 24)[:1]
    assert array.flags.f_contiguous
    blob = ansflow.compress(array, model=VAE)
    assert not naive.read(blob).header.fortran
    assert np.array_equal(ansflow.decompress(blob), array)


@pytest.mark.parametrize("model", [3, b"modelled", object(), ansflow.models.Uniform(256)])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match="model"):
        ansflow.compress(b"bytes", model=model)


@pytest.mark.parametrize("name", ["", "other", "modelled "])
def test_names_of_no_model_are_refused(name):
    with pytest.raises(ModelError, match="there is no model"):
        ansflow.compress(b"bytes", model=name)


@pytest.mark.parametrize("name", ["", "a b", "\xe9", "a\n", "x" * 65])
def test_names_that_no_frame_can_say_are_refused(name):
    vae, _ = small_vaes.build(name)
    with pytest.raises(ValueError, match="visible"):
        ansflow.compress(BITS, model=vae)


@pytest.mark.parametrize("name", ["!", "~", '"\\{}/', "x" * 64])
def test_names_that_frames_can_say(name):
    vae, model = small_vaes.make_known(name, seed=1)
    blob = ansflow.compress(BITS, model=vae)
    assert kinds(blob) == [naive.MODELLED]
    check(blob, BITS, model)
    assert ansflow.decompress(blob) == BITS


def test_images_that_fit_no_chunk_are_refused():
    """Or else there would be a frame that nothing reads."""
    with pytest.raises(ModelError, match="at once"):
        ansflow.compress(b"bytes", model=huge_model())


def huge_model():
    """Of images of 2^28 pixels, though it has few weights."""
    pick = Convolution(np.ones((1, 1, 1, 1), np.int16), np.zeros(1, np.int64), 0, False, stride=16)
    to_latents = Dense.quantized(np.ones((16, 2)), np.zeros(2), False)
    from_latents = Dense.quantized(np.ones((1, 16)), np.zeros(16), False)
    encoder = Network([pick] * 3 + [Reshape((16,)), to_latents], (16384, 16384, 1))
    decoder = Network([from_latents, Reshape((4, 4, 1))] + [Upsample(16)] * 3, (1,))
    return bitsback.VAE("huge", encoder, decoder, BinaryPixels(16))


# All that writes and reads


@given(st.lists(st.integers(0, 300) | st.none(), max_size=6), st.integers(1, 200))
@example([100, None, 24, None, None, 200], 96)
@settings(max_examples=15)
def test_streams(sizes, chunk_size):
    """Flushes end chunks anywhere; what isn't whole images then is coded without the model."""
    compressor = ansflow.Compressor(model=VAE, chunk_size=chunk_size)
    blob, at = b"", 0
    for size in sizes:
        if size is None:
            blob += compressor.flush()
        else:
            blob += compressor.compress(IMAGES[at : at + size])
            at = min(at + size, len(IMAGES))
    blob += compressor.finish()
    check(blob, IMAGES[:at])
    assert ansflow.decompress(blob) == IMAGES[:at]
    decompressor = ansflow.Decompressor()
    content = b"".join(decompressor.decompress(blob[i : i + 7]) for i in range(0, len(blob), 7))
    assert decompressor.eof
    assert content == IMAGES[:at]


def test_iterators():
    pieces = [IMAGES[i : i + 100] for i in range(0, len(IMAGES), 100)]
    blob = b"".join(ansflow.iter_compress(pieces, model="modelled", chunk_size=240))
    assert kinds(blob) == [naive.MODELLED] * 4
    check(blob, IMAGES)
    pieces = [blob[i : i + 50] for i in range(0, len(blob), 50)]
    assert b"".join(ansflow.iter_decompress(pieces)) == IMAGES


def test_files(tmp_path):
    path = tmp_path / "x.ans"
    with ansflow.open(path, "wb", model=VAE, chunk_size=240) as file:
        for i in range(0, len(IMAGES), 77):
            file.write(IMAGES[i : i + 77])
    check(path.read_bytes(), IMAGES)
    assert kinds(path.read_bytes()) == [naive.MODELLED] * 4
    with ansflow.open(path, "ab", model=BINARY) as file:
        file.write(BITS)
    first, second = naive.read_all(path.read_bytes())
    assert [first.description["model"]["name"], second.description["model"]["name"]] == [
        *("modelled", "modelled-binary"),
    ]
    assert ansflow.decompress(path.read_bytes()) == IMAGES + BITS
    with ansflow.open(path) as file:
        assert file.read() == IMAGES + BITS


@given(st.integers(0, len(IMAGES)), st.integers(0, len(IMAGES)))
@settings(max_examples=8)
def test_random_access(begin, size):
    with ansflow.open(io.BytesIO(ansflow.compress(IMAGES, model=VAE, chunk_size=240))) as file:
        file.seek(begin)
        assert file.read(size) == IMAGES[begin : begin + size]


def test_random_access_decodes_only_what_it_needs():
    """A chunk that is damaged hurts no other."""
    blob = bytearray(ansflow.compress(IMAGES, model=VAE, chunk_size=240))
    frame = naive.read(bytes(blob))
    at = len(frame.header.raw) + 2 * naive.HEAD + len(frame.chunks[0].body) + 7  # in the second
    blob[at] ^= 1
    with ansflow.open(io.BytesIO(blob)) as file:
        file.seek(480)
        assert file.read() == IMAGES[480:]
        file.seek(240)
        with pytest.raises(CorruptDataError, match="chunk 1"):
            file.read(1)


@pytest.mark.parametrize(("shape", "dtype"), [((4, 6), "u1"), ((24,), "u1"), ((4, 6), "?")])
def test_arrays_row_by_row(tmp_path, shape, dtype):
    rows = (ARRAY if dtype == "u1" else BIT_ARRAY).reshape(-1, *shape).astype(dtype)
    vae, model = (VAE, MODEL) if dtype == "u1" else (BINARY, BINARY_MODEL)
    path = tmp_path / "x.ans"
    with ansflow.ArrayWriter(path, dtype, shape, model=vae, chunk_size=480) as file:
        for i in range(0, len(rows), 7):
            file.append(rows[i : i + 7])
    frame = check(path.read_bytes(), rows.tobytes(), model)
    assert naive.MODELLED in frame.kinds
    with ansflow.ArrayReader(path) as file:
        assert file.shape == rows.shape
        assert np.array_equal(file[5:13], rows[5:13])
        assert np.array_equal(file[-1], rows[-1])
    assert np.array_equal(ansflow.decompress(path.read_bytes()), rows)


@pytest.mark.parametrize(("dtype", "shape"), [("<u2", (4, 6)), ("u1", (6, 4)), ("u1", ())])
def test_rows_that_are_no_images_are_refused(tmp_path, dtype, shape):
    path = tmp_path / "x.ans"
    with pytest.raises(ModelError), ansflow.ArrayWriter(path, dtype, shape, model=VAE):
        pass
    assert not path.exists()


# Read, also what the oracle wrote


@st.composite
def frames(draw):
    """Legal frames with modelled chunks of any sizes among others, and their content."""
    chunks = draw(st.lists(st.integers(1, 5 * SIZE) | st.sampled_from([24, 48, 96]), max_size=6))
    binary = draw(st.booleans())
    model, source = (BINARY_MODEL, BITS) if binary else (MODEL, IMAGES)
    content = source[: sum(chunks)]
    codings = st.lists(
        st.sampled_from([writer.code_model(model), writer.store, writer.code()]),
        min_size=1,
        max_size=3,
    )
    description = {"model": writer.identity(model)}
    chunk = [max(1, min(5 * SIZE, len(content)))]
    if len(content) % SIZE == 0 and draw(st.booleans()):
        count = len(content) // SIZE
        description |= {"dtype": "|u1", "shape": [count, 4, 6]}
        chunk = [max(1, min(5, count)), 4, 6]
        chunks = [1 + size // SIZE for size in chunks]
    blob = writer.write_frame(
        content,
        description,
        coding=writer.in_turn(*draw(codings)),
        chunk=chunk,
        extents=chunks,
        index=draw(st.booleans()),
    )
    return blob, content


@given(st.lists(frames(), min_size=1, max_size=2))
@settings(max_examples=25)
def test_ansflow_reads_frames_that_no_encoder_writes(cases):
    """Also one image a chunk, and chunks that are cut short."""
    for blob, content in cases:
        assert naive.read(blob).content == content
        result = ansflow.decompress(blob)
        assert (result if isinstance(result, bytes) else result.tobytes()) == content
    whole = b"".join(blob for blob, _ in cases)
    with ansflow.open(io.BytesIO(whole)) as file:
        assert file.read() == b"".join(content for _, content in cases)


def test_arrays_one_after_the_other():
    """Be they modelled or not, they are one array."""
    blob = ansflow.compress(ARRAY, model=VAE) + ansflow.compress(ARRAY)
    assert np.array_equal(ansflow.decompress(blob), np.concatenate([ARRAY, ARRAY]))
    assert examples.same(ansflow.decompress(blob), naive.join(naive.read_all(blob)))


# Refused


HEADER = {"model": writer.identity(MODEL)}


def frame(coding, content=IMAGES[: 5 * SIZE], description=HEADER, **told):
    """One chunk of one stream, with checks that are right."""
    header = writer.write_header(len(content), description or b"")
    body = writer.join_streams(b"\0", [coding or writer.store(content)])
    return writer.assemble(header, [writer.write_chunk(header, 0, content, body, **told)])


def modelled(content=IMAGES[: 5 * SIZE], model=MODEL):
    return writer.code_model(model)(content)


def test_the_sound_chunk_is_read():
    """What the others are one step away from."""
    blob = frame(modelled())
    assert naive.read(blob).content == ansflow.decompress(blob) == IMAGES[: 5 * SIZE]


@pytest.mark.parametrize(
    "fields",
    [
        {"cells": 0},
        {"cells": 96},
        {"cells": 144},
        {"cells": 119},
        {"cells": 121},
        {"cells": 2**32 - 1},
        {"m": 0},
        {"m": 2**32 - 1},
        {"check": 0},
        {"number": 1},
    ],
    ids=str,
)
def test_fields_of_modelled_chunks(fields):
    refuses(frame(modelled(), **fields), (CorruptDataError, LimitError))


def test_payloads_may_be_larger_than_their_content():
    """No encoder writes them."""
    coding = modelled(NOISE)
    assert len(coding.payload) > len(NOISE)
    blob = frame(coding, NOISE)
    assert naive.read(blob).content == ansflow.decompress(blob) == NOISE


def test_planes_may_be_modelled():
    """Of items of two bytes: the lower ones are images, the higher ones are coded or constant."""
    content = np.frombuffer(IMAGES[: 5 * SIZE], np.uint8).astype("<u2") + 256
    described = HEADER | {"dtype": "<u2", "shape": [5, 4, 6]}
    blob = writer.write_frame(
        content.tobytes(),
        described,
        coding=writer.in_turn(writer.code_model(MODEL), writer.repeat),
    )
    assert naive.read(blob).kinds == [naive.MODELLED, naive.CONSTANT]
    assert np.array_equal(ansflow.decompress(blob).reshape(-1), content)


def test_no_stream_of_16_bits_is_modelled():
    content = IMAGES[: 4 * SIZE]
    described = HEADER | {"dtype": "<u2", "shape": [2 * SIZE]}
    header = writer.write_header(len(content), described, [2 * SIZE], array=True)
    body = writer.join_streams(b"\0", [modelled(content)])
    refuses(writer.assemble(header, [writer.write_chunk(header, 0, content, body, 2)]))


def test_modelled_chunks_without_a_model_are_refused():
    refuses(frame(modelled(), description={}))
    refuses(frame(modelled(), description={"metadata": HEADER}))


FINGERPRINT = MODEL.fingerprint
FORGED = [
    *(None, True, 1, "modelled", [], [HEADER["model"]], {}),
    {"name": "modelled"},
    {"fingerprint": FINGERPRINT},
    HEADER["model"] | {"more": 1},
    HEADER["model"] | {"": None},
    *({"name": name, "fingerprint": FINGERPRINT} for name in (None, 1, [], {}, ["modelled"])),
    *({"name": name, "fingerprint": FINGERPRINT} for name in ("", "a b", "\0", "a\n", "\x7f")),
    *({"name": name, "fingerprint": FINGERPRINT} for name in ("\xe9", "x" * 65, "x" * 5000)),
    *({"name": "modelled", "fingerprint": text} for text in (None, 1, [], {}, [FINGERPRINT])),
    *({"name": "modelled", "fingerprint": text} for text in ("", "0" * 31, "0" * 33, "0" * 3000)),
    {"name": "modelled", "fingerprint": FINGERPRINT.upper()[:-1] + "A"},
    {"name": "modelled", "fingerprint": FINGERPRINT[:-1] + "g"},
    {"name": "modelled", "fingerprint": FINGERPRINT[:-1] + "\n"},
    {"name": "modelled", "fingerprint": FINGERPRINT + "\n"},
    {"name": "modelled", "fingerprint": FINGERPRINT[:-1] + "\N{ARABIC-INDIC DIGIT ONE}"},
]


@pytest.mark.parametrize("described", FORGED, ids=lambda described: repr(described)[:60])
def test_forged_models(described):
    """Refused though no stream uses them."""
    content = IMAGES[: 5 * SIZE]
    refuses(frame(modelled(), description={"model": described}))
    refuses(frame(None, content, {"model": described}))


def test_of_two_models_the_last_counts():
    text = b'{"model": 3, "model": {"name": "modelled", "fingerprint": "%s"}}'
    blob = frame(modelled(), description=text % FINGERPRINT.encode())
    assert naive.read(blob).content == ansflow.decompress(blob)


def test_models_that_are_unknown():
    """Refused where a stream needs them, by name; otherwise they don't matter."""
    unknown = {"name": "never-heard-of", "fingerprint": FINGERPRINT}
    refuses(frame(modelled(), description={"model": unknown}), UnsupportedError, "never-heard-of")
    content = IMAGES[: 5 * SIZE]
    blob = frame(None, content, {"model": unknown})
    assert naive.read(blob).content == ansflow.decompress(blob) == content
    for decode in DECODERS:
        assert observe(decode, blob, Limits(), random.Random(0)).error is None


def test_models_that_changed():
    """The name is known, but by that name there is another model now."""
    vae, model = small_vaes.make_known("modelled-changing", components=2, net="mixed")
    content = naive_model.sample(model, 10)
    blob = ansflow.compress(content, model=vae)
    assert kinds(blob) == [naive.MODELLED]
    assert ansflow.decompress(blob) == content
    small_vaes.make_known("modelled-changing", components=2, net="mixed", seed=3)
    error = refuses(blob, UnsupportedError, "modelled-changing")
    assert vae.fingerprint in str(error)
    bitsback.register(vae)
    assert ansflow.decompress(blob) == content


def test_content_that_is_no_whole_images_is_refused():
    """Whatever the message holds."""
    for size in (1, 23, 25, 119, 121):
        content = IMAGES[:size]
        coding = modelled()._replace(payload=modelled().payload[:size])
        refuses(frame(coding, content))


def test_other_numbers_of_images_are_refused():
    """The message is sound, but the head says that there are more or fewer."""
    coding = modelled(IMAGES[: 5 * SIZE])
    for count in (4, 6, 10):
        refuses(frame(coding, IMAGES[: count * SIZE]))


def test_payloads_that_are_cut_are_refused():
    """With all checks put right: inside a whole frame, an early end is corruption."""
    coding = modelled()
    for end in (*range(1, 9), *range(9, len(coding.payload), 5), len(coding.payload) - 1):
        refuses(frame(coding._replace(payload=coding.payload[:end])))


def test_payloads_that_are_changed_are_refused():
    """Any flipped bit, with all checks of the frame put right: the message itself notices."""
    content = IMAGES[: 3 * SIZE]
    coding = modelled(content)
    for bit in range(0, 8 * len(coding.payload), 5):
        payload = bytearray(coding.payload)
        payload[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptDataError):
            ansflow.decompress(frame(coding._replace(payload=bytes(payload)), content))


def test_payloads_with_something_behind_are_refused():
    coding = modelled()
    for more in (b"\0" * 4, b"\xff" * 4, b"\0" * 8, b"\0"):
        refuses(frame(coding._replace(payload=coding.payload + more)))


@pytest.mark.parametrize("head", [0, 1, 2**32 - 1])
def test_heads_below_their_range_are_refused(head):
    message = naive_model.message_of(head, list(range(20)))
    refuses(frame(modelled()._replace(payload=message)))


@pytest.mark.parametrize("head", [naive_model.FIRST_HEAD + 1, 2**32, 2**64 - 1])
def test_messages_that_end_elsewhere_are_refused(head):
    """They decode to the very content, but the stack isn't the one that messages begin with."""
    content = IMAGES[: 5 * SIZE]
    stack = naive_model.Stack(head, [], 0)
    for at in reversed(range(0, len(content), SIZE)):
        pixels = content[at : at + SIZE]
        buckets = stack.pop_all(naive_model.posteriors(MODEL, pixels))
        stack.push_all(pixels, naive_model.likelihoods(MODEL, buckets))
        stack.push_all(buckets, naive_model.prior(MODEL))
    message = naive_model.message_of(stack.x, stack.tail)
    assert len(message) <= len(content)
    refuses(frame(modelled()._replace(payload=message)))


def test_messages_of_another_model_are_refused():
    _, other_model = small_vaes.make_known("modelled-other", components=2, net="dense")
    coding = modelled()
    refuses(frame(coding, description={"model": writer.identity(other_model)}))
    refuses(frame(modelled(BITS[: 5 * SIZE], BINARY_MODEL), BITS[: 5 * SIZE]))


def test_the_wrong_content_is_noticed():
    """A message that is sound, but of other images than the check is of."""
    refuses(frame(modelled(IMAGES[5 * SIZE : 10 * SIZE])))


def test_every_cut_and_every_byte_with_a_flipped_bit():
    """Of a frame with a modelled chunk, an index and metadata."""
    blob = writer.write_frame(
        IMAGES[: 5 * SIZE] + b"!",
        description=HEADER | {"metadata": {"a": 1}},
        coding=writer.code_model(MODEL),
        chunk=[4 * SIZE],
        index=True,
    )
    assert naive.MODELLED in kinds(blob)
    for end in range(len(blob)):
        with pytest.raises(TruncatedError):
            ansflow.decompress(blob[:end])
    for bit in range(0, 8 * len(blob), 7):  # some of every byte
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AnsflowError):
            ansflow.decompress(damaged)


def test_limits_hold():
    blob = ansflow.compress(IMAGES, model=VAE)
    assert ansflow.decompress(blob, limits=Limits(max_output=len(IMAGES))) == IMAGES
    with pytest.raises(LimitError):
        ansflow.decompress(blob, limits=Limits(max_output=len(IMAGES) - 1))
    with pytest.raises(LimitError):
        ansflow.decompress(blob, limits=Limits(max_memory=len(IMAGES)))


def wide_model():
    """Of images whose halves are dark and bright: their pixels take nearly seven bits."""
    pick = Convolution(
        np.full((1, 1, 1, 1), 1 << 10, np.int16), np.zeros(1, np.int64), 10, False, 16
    )
    to_latents = Dense.quantized(np.ones((2, 2)) / 9, [0.0, -1.0], False)
    halves = [[0.0, 0, mean, mean, 5, 5] for mean in (3, 13)]
    from_latents = Dense.quantized(np.full((1, 12), 0.1), np.ravel(halves), False)
    encoder = Network([pick, pick, Reshape((2,)), to_latents], (256, 512, 1))
    decoder = Network([from_latents, Reshape((1, 2, 6)), Upsample(16), Upsample(16)], (1,))
    return bitsback.VAE("wide", encoder, decoder, GreyPixels(2, 16))


def test_memory_stays_within_its_limit():
    """What is allowed is taken at most, beside the content and 5 MiB for a thread."""
    vae, mib = wide_model(), 1 << 20
    bitsback.register(vae)
    images = np.tile(vae.sample(4, rng=0), (8, 1, 1))
    blob = ansflow.compress(images, model=vae, chunk_size=4 * mib)
    assert kinds_by_heads(blob) == {"modelled": 1}
    assert len(blob) > 0.75 * images.nbytes
    for most in (8, 12, 16, 24, 32, 48):
        tracemalloc.start()
        try:
            ansflow.decompress(blob, limits=Limits(max_memory=most * mib), threads=1)
        except LimitError:
            assert tracemalloc.get_traced_memory()[1] < mib
            continue
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak <= images.nbytes + (most + 5) * mib
        break
    assert most < 48


def kinds_by_heads(blob):
    """How many streams there are of each kind; the oracle would take long."""
    (found,) = ansflow.describe(io.BytesIO(blob), ideal=False)["frames"]
    return {kind: count for kind, count in found["streams"].items() if count}
