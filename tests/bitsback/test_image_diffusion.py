"""Diffusion models of images: codecs, bounds, frames and files."""

import io
import zlib

import naive_diffusion
import numpy as np
import pytest

import ansflow
from ansflow import bitsback
from ansflow.bitsback import ImageDiffusion, Schedule, Stack
from ansflow.bitsback.models.files.model_file import read_model, write_model
from ansflow.bitsback.models.image_diffusion import denoiser_inputs
from ansflow.bitsback.nets import Add, Convolution, Dense, Graph, Node
from ansflow.errors import ModelError
from ansflow.frame.content_model import ContentModel

LEVELS, SHAPE, TIMES = 16, (3, 5), 4
SCHEDULE = Schedule.log_linear(12, (0.6 / LEVELS) ** 2, 0.999)


def network(shape=SHAPE, seed=0):
    """v is near -deviation * x, as far as one can tell from z, the less the noisier that is."""
    rng = np.random.default_rng(seed)
    own = np.zeros((3, 3, 2, 1))
    own[1, 1, 0], own[..., 1, :] = 0.2, rng.normal(0, 0.05, (3, 3, 1))
    return Graph(
        {"pixels": (*shape, 2), "time": (TIMES,)},
        [
            Node("image", Convolution.quantized(own, np.zeros(1), relu=False), ["pixels"]),
            Node(
                "clock",
                Dense.quantized(rng.normal(0, 0.1, (TIMES, 1)), np.zeros(1), relu=False),
                ["time"],
            ),
            Node("v", Add(), ["image", "clock"]),
        ],
        ["v"],
    )


MODEL = ImageDiffusion("small-diffusion", network(), SCHEDULE, LEVELS)
IMAGES = MODEL.sample(9, rng=3)


@pytest.mark.parametrize("count", [0, 1, 9])
@pytest.mark.parametrize("lanes", [1, 3])
def test_push_and_pop_are_inverse(count, lanes):
    for codec in (MODEL.codec(count), MODEL.chain(count)):
        stack = Stack(lanes, seed=1)
        codec.push(stack, IMAGES[:count])
        again = codec.pop(stack)
        assert again.dtype == np.uint8
        assert np.array_equal(again, IMAGES[:count])
        assert stack == Stack(lanes, seed=1)
        sample = codec.pop(stack)
        codec.push(stack, sample)
        assert stack == Stack(lanes, seed=1)


def test_messages_and_models_do_not_change():
    message = MODEL.encode(IMAGES)
    assert np.array_equal(MODEL.decode(message, len(IMAGES)), IMAGES)
    assert (len(message), zlib.crc32(message), MODEL.fingerprint) == GOLDEN


GOLDEN = (140, 121263909, "4174c83351aa02c868a65e8b443bec08")


@pytest.mark.parametrize("count", [1, 3])
def test_messages_are_what_the_document_says(count):
    """Fingerprint and messages, by the oracle."""
    model = naive_diffusion.read_model(saved(MODEL).getvalue())
    assert model.fingerprint == MODEL.fingerprint
    message = MODEL.encode(IMAGES[:count])
    assert naive_diffusion.decode(model, message, count) == IMAGES[:count].tobytes()


def test_images_cost_the_bound():
    images = MODEL.sample(400, rng=4)
    stack = Stack.from_initial_bits(np.random.default_rng(1).bytes(20_000))
    start = stack.mark()
    MODEL.codec(400).push(stack, images)
    bound = -MODEL.elbo(images, samples=4, rng=0)
    assert bound.shape == (400,)
    assert stack.rates(start).net == pytest.approx(bound.sum(), rel=0.02)
    assert bound.sum() == pytest.approx(MODEL.diffusion(400).vlb(images, 5), rel=0.02)


def test_inputs_of_denoisers():
    """Latents and what they differ from a level, and two shares of the time."""
    levels = 2 * np.arange(LEVELS) / (LEVELS - 1) - 1
    z = np.stack([levels, levels + 0.02])[:, np.newaxis] * 0.8
    pixels, clock = denoiser_inputs(z, 0.8, np.array([0.0, 0.5]), LEVELS, TIMES)
    assert pixels.shape == (2, 1, LEVELS, 2)
    assert np.array_equal(pixels[..., 0], z)
    assert pixels[0, ..., 1] == pytest.approx(0, abs=1e-12)
    assert pixels[1, ..., 1] == pytest.approx(0.8 * 0.02 * (LEVELS - 1) / 2)
    assert clock.tolist() == [[1, 0, 0, 0], [0, 0.5, 0.5, 0]]


def test_frames():
    bitsback.register(MODEL)
    assert isinstance(MODEL, ContentModel)
    for images in (IMAGES, IMAGES[0]):
        blob = ansflow.compress(images, model=MODEL.name)
        assert np.array_equal(ansflow.decompress(blob), images)
    with pytest.raises(ModelError, match=r"a pixel is 16, but .* at most 15"):
        MODEL.encode(np.full((1, *SHAPE), 16, np.uint8))


def saved(model):
    file = io.BytesIO()
    model.save(file)
    return file


def test_models_are_loaded():
    loaded = ImageDiffusion.load(saved(MODEL))
    assert loaded.fingerprint == MODEL.fingerprint
    assert loaded.encode(IMAGES) == MODEL.encode(IMAGES)
    others = (
        ImageDiffusion(MODEL.name, network(seed=1), SCHEDULE, LEVELS),
        ImageDiffusion(MODEL.name, network(), Schedule.log_linear(12, 0.002, 0.999), LEVELS),
        ImageDiffusion(MODEL.name, network(), SCHEDULE, LEVELS + 1),
    )
    assert len({MODEL.fingerprint, *(other.fingerprint for other in others)}) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"name": 3},
        {"levels": 1},
        {"levels": "16"},
        {"variances": [0.5, 0.1]},
        {"variances": "0.5"},
        {"step_precision": 28},
        {"network": {}},
        {"more": 1},
    ],
)
def test_damaged_files(change):
    description, arrays = read_model(saved(MODEL))
    file = io.BytesIO()
    write_model(file, description | change, arrays)
    with pytest.raises(ModelError):
        ImageDiffusion.load(file)


def test_models_that_do_not_fit():
    nodes = network().nodes
    sizes = {"pixels": (*SHAPE, 2), "time": (TIMES,)}
    for inputs, outputs in (
        (sizes, ["v", "image"]),
        (sizes, ["clock"]),
        (sizes | {"more": (1,)}, ["v"]),
        (sizes | {"pixels": (None, None, 2)}, ["v"]),
    ):
        with pytest.raises(ModelError, match=r"network|all sizes"):
            ImageDiffusion("name", Graph(inputs, nodes, outputs), SCHEDULE, LEVELS)
    with pytest.raises(ModelError, match="steps of more even sizes"):
        ImageDiffusion("name", network(), Schedule([1e-10, 0.5]), LEVELS)
