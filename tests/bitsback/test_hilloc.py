"""Photographs of any size under a hierarchical VAE."""

import io
import zlib

import naive_hilloc
import naive_model
import numpy as np
import pytest
import small_hilloc
from small_hilloc import photograph

import ansflow
from ansflow import bitsback
from ansflow.bitsback import Stack
from ansflow.bitsback.models.files.model_file import read_model, write_model
from ansflow.bitsback.models.hilloc import HiLLoC
from ansflow.bitsback.models.phases import coarse_of, joined, phase_shapes, phases_of
from ansflow.bitsback.nets import Graph
from ansflow.errors import CorruptDataError, ModelError, StackUnderflowError, TruncatedError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.content_model import ContentModel
from ansflow.transforms.layout import Layout

MODEL = small_hilloc.build()
PHOTOGRAPH = photograph(37, 45)
COLOURED = [(1, 1, 3), (1, 2, 3), (9, 1, 3), (1, 19, 3), (4, 4, 3), (5, 6, 3), (2, 7, 5, 3)]
GREY = [(1, 1), (9, 3), (7, 1), (5, 8, 1), (2, 6, 5, 1)]
SHAPES = COLOURED + GREY


def images_of(shape):
    return np.random.default_rng(len(shape)).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_images_of_any_size_come_back(shape):
    images = images_of(shape)
    assert np.array_equal(MODEL.decode(MODEL.encode(images), shape), images)


@pytest.mark.parametrize("shape", [(1, 9, 3), (7, 6, 3), (2, 5, 9, 3), (7, 6), (2, 5, 9, 1)])
@pytest.mark.parametrize("without_latents", [0, 1, 9])
@pytest.mark.parametrize("lanes", [1, 3])
def test_push_and_pop_are_inverse(shape, without_latents, lanes):
    codec = MODEL.codec(shape, without_latents)
    stack, images = Stack(lanes, seed=1), images_of(shape)
    codec.push(stack, images)
    assert np.array_equal(codec.pop(stack), images)
    assert stack == Stack(lanes, seed=1)
    sample = codec.pop(stack)
    codec.push(stack, sample)
    assert stack == Stack(lanes, seed=1)


@pytest.mark.parametrize("shape", [*COLOURED, (5, 8, 1)])
def test_phases_are_joined(shape):
    image = images_of(shape[-3:])
    phases = phases_of(image)
    assert [phase.shape for phase in phases] == phase_shapes(*image.shape)
    assert np.array_equal(joined(coarse_of(image), phases), image)


def test_messages_do_not_change():
    message = MODEL.encode(PHOTOGRAPH)
    assert (message[0], len(message), zlib.crc32(message)) == GOLDEN
    several = MODEL.encode(np.stack([PHOTOGRAPH[:9, :7]] * 3))
    assert (several[0], len(several), zlib.crc32(several)) == GOLDEN_SEVERAL
    grey = MODEL.encode(PHOTOGRAPH[..., 1])
    assert (grey[0], len(grey), zlib.crc32(grey)) == GOLDEN_GREY
    assert MODEL.fingerprint == FINGERPRINT


GOLDEN = (0, 4553, 464093337)
GOLDEN_SEVERAL = (0, 537, 2952669695)
GOLDEN_GREY = (0, 1657, 2432159536)
FINGERPRINT = "3701f21b81ea6bd6def990ef0c412e7c"


@pytest.mark.parametrize("shape", [(1, 5, 3), (7, 10, 3), (2, 6, 5, 3), (7, 10), (2, 5, 3, 1)])
def test_messages_are_what_the_document_says(shape):
    """Fingerprint and messages, by the oracle."""
    model = naive_model.read_model(saved(MODEL).getvalue())
    assert model.fingerprint == MODEL.fingerprint
    images = images_of(shape)
    message = MODEL.encode(images)
    assert naive_hilloc.decode(model, message, shape) == images.tobytes()


@pytest.mark.parametrize("image", [PHOTOGRAPH, PHOTOGRAPH[..., 1]], ids=["colours", "grey"])
def test_the_rate_is_the_free_energy(image):
    stack = Stack(seed=0)
    codec = MODEL.codec(image.shape)
    codec.push(stack, image)
    start = stack.mark()
    for _ in range(6):
        codec.push(stack, image)
    bound = -6 * np.mean([MODEL.elbo(image, rng) for rng in range(4)])
    assert stack.rates(start).net == pytest.approx(bound, rel=0.002)


def test_latents_are_popped_from_bits_of_the_image_itself():
    assert MODEL.encode(PHOTOGRAPH)[0] == 0
    # There are no pixels without latents in one row.
    row = PHOTOGRAPH[:1]
    message = MODEL.encode(row)
    assert message[0] > 0
    for octaves, fails in ((message[0] - 1, True), (message[0], False)):
        stack = Stack()
        codec = MODEL.codec(row.shape, octaves)
        if fails:
            with pytest.raises(StackUnderflowError):
                codec.push(stack, row)
        else:
            codec.push(stack, row)
            assert len(message) == 1 + 8 + 4 * stack.words.size


def test_damaged_messages():
    message = MODEL.encode(PHOTOGRAPH)
    for end in (0, 1, 8, 9, 13, len(message) // 2 // 4 * 4 + 1, len(message) - 4, len(message) - 1):
        with pytest.raises((TruncatedError, CorruptDataError)):
            MODEL.decode(message[:end], PHOTOGRAPH.shape)
    for i in (0, 1, 8, 9, 100, len(message) - 1):
        damaged = bytearray(message)
        damaged[i] ^= 4
        with pytest.raises((TruncatedError, CorruptDataError)):
            MODEL.decode(damaged, PHOTOGRAPH.shape)
    for shape in ((37, 44, 3), (1, 1, 3), (2, 37, 45, 3)):
        with pytest.raises((TruncatedError, CorruptDataError)):
            MODEL.decode(message, shape)


def test_images_that_are_none():
    with pytest.raises(ModelError, match="uint8, not float64"):
        MODEL.encode(PHOTOGRAPH / 2)
    for shape in ((5,), (5, 5, 4), (0, 5, 3), (0, 5), (1, 1, 5, 5, 3)):
        with pytest.raises(ValueError, match=r"\(n, height, width, 1 or 3\)"):
            MODEL.encode(np.zeros(shape, np.uint8))
        with pytest.raises(ValueError, match=r"\(n, height, width, 1 or 3\)"):
            MODEL.codec(shape)
    with pytest.raises(ValueError, match=r"shape \(4, 4, 3\), not \(4, 5, 3\)"):
        MODEL.codec((4, 4, 3)).push(Stack(seed=0), np.zeros((4, 5, 3), np.uint8))


def test_frames():
    bitsback.register(MODEL)
    assert isinstance(MODEL, ContentModel)
    blob = ansflow.compress(PHOTOGRAPH, model=MODEL.name)
    assert np.array_equal(ansflow.decompress(blob), PHOTOGRAPH)
    assert len(blob) < len(MODEL.encode(PHOTOGRAPH)) + 256
    several = np.stack([PHOTOGRAPH[:20, :20]] * 2)
    for options in ({"chunks": (16, 16, 3)}, {"chunk_size": 4000}):
        blob = ansflow.compress(PHOTOGRAPH, model=MODEL, **options)
        assert np.array_equal(ansflow.decompress(blob), PHOTOGRAPH)
    assert np.array_equal(ansflow.decompress(ansflow.compress(several, model=MODEL)), several)
    for grey in (PHOTOGRAPH[..., 1], PHOTOGRAPH[..., 1:2]):
        again = ansflow.decompress(ansflow.compress(grey, model=MODEL, chunk_size=500))
        assert np.array_equal(again, grey)


@pytest.mark.parametrize(
    ("dtype", "shape", "fortran"),
    [("u2", (4, 6, 3), False), ("u1", (4, 6, 3), True), ("u1", (4, 6, 4), False)],
)
def test_other_arrays(dtype, shape, fortran):
    with pytest.raises(ModelError, match=r"of shape \(height, width\), \(height, width, 1 or 3\)"):
        MODEL.check_array(ArraySpec(np.dtype(dtype), shape, fortran))


def test_other_content():
    with pytest.raises(ModelError, match="bytes"):
        MODEL.check_array(None)
    content = PHOTOGRAPH.reshape(-1)
    with pytest.raises(ModelError, match="no photographs"):
        MODEL.encode_content(content, Layout(1, content.shape))
    with pytest.raises(CorruptDataError, match="no photographs"):
        MODEL.decode_content(memoryview(b"abc"), Layout(1, (6,)), np.empty(6, np.uint8))


def saved(model):
    file = io.BytesIO()
    model.save(file)
    return file


def test_models_are_loaded():
    loaded = HiLLoC.load(saved(MODEL))
    assert loaded.fingerprint == MODEL.fingerprint
    assert loaded.encode(PHOTOGRAPH) == MODEL.encode(PHOTOGRAPH)
    assert small_hilloc.build(seed=1).fingerprint != MODEL.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"name": 3},
        {"layers": 1},
        {"layers": 3},
        {"bucket_bits": 17},
        {"pixels": {"kind": "binary", "precision": 20}},
        {"networks": {}},
        {"networks": []},
        {"more": 1},
    ],
)
def test_damaged_files(change):
    description, arrays = read_model(saved(MODEL))
    file = io.BytesIO()
    write_model(file, description | change, arrays)
    with pytest.raises(ModelError):
        HiLLoC.load(file)


def test_networks_that_do_not_fit():
    octave = MODEL.octave
    parts = {name: getattr(octave, name) for name in octave.__dataclass_fields__}
    for change in (
        {"heads": octave.heads[:2]},
        {"heads": octave.heads[::-1]},
        {"posteriors": ()},
        {"trunk": octave.inference},
        {"last": octave.trunk},
        {"priors": octave.priors[::-1]},
        {"trunk": Graph({"coarse": (2, 2, 4)}, octave.trunk.nodes, octave.trunk.outputs)},
    ):
        with pytest.raises(ModelError, match="octave"):
            type(octave)(**parts | change)
