"""Models by their names: those that come with ansflow, and those that are made known."""

from importlib import resources
from pathlib import Path

import naive_hierarchy
import naive_model
import numpy as np
import pytest
import small_hilloc
import small_vaes

import ansflow
from ansflow import bitsback
from ansflow.bitsback.models.pretrained import PRETRAINED
from ansflow.errors import ModelError, UnsupportedError
from ansflow.frame.content_model import find

DIGITS = Path(__file__).parents[2] / "examples" / "mnist_sample.npz"


def file_of(name):
    return (
        resources.files("ansflow.bitsback.models").joinpath("weights", f"{name}.npz").read_bytes()
    )


@pytest.fixture(params=["mnist-vae", "mnist-vae-binary"])
def vae(request):
    return bitsback.load(request.param)


# What comes with ansflow


def test_models_have_their_own_names(vae):
    assert vae.image_shape == (28, 28)
    assert bitsback.load(vae.name) is vae
    assert vae.pixels.highest == (1 if vae.name.endswith("binary") else 255)


def test_models_are_what_the_document_says(vae):
    """Fingerprint, tables, networks and messages, by the oracle."""
    model = naive_model.read_model(file_of(vae.name))
    assert model.name == vae.name
    assert model.fingerprint == vae.fingerprint
    images = vae.sample(2, rng=0)
    message = vae.encode(images)
    oracle = naive_hierarchy if "layers" in model.description else naive_model
    assert message == oracle.encode(model, images.tobytes())
    assert oracle.decode(model, message, 2) == images.tobytes()
    assert np.array_equal(vae.decode(message, 2), images)


def test_models_know_their_own_samples(vae):
    """Images from the model take fewer bytes than without it."""
    images = vae.sample(30, rng=1)
    blob = ansflow.compress(images, model=vae.name)
    assert np.array_equal(ansflow.decompress(blob), images)
    assert len(blob) < len(ansflow.compress(images, order=1))


def drawn_digits():
    """Ones, of strokes with soft edges: what a model of digits should know best."""
    y, x = np.mgrid[:28, :28]
    images = []
    for slope in np.linspace(-0.4, 0.4, 12):
        distance = np.abs(x - 13.5 - slope * (y - 13.5))
        stroke = np.clip(1.8 - distance, 0, 1) * ((y >= 5) & (y < 23))
        images.append(np.rint(255 * stroke).astype(np.uint8))
    return np.array(images)


def check_digits(vae, images):
    """Bytes that they take with the model, and as bytes of one distribution."""
    if vae.pixels.highest == 1:
        images = (images > 127).astype(np.uint8)
    blob = ansflow.compress(images, model=vae)
    assert np.array_equal(ansflow.decompress(blob), images)
    return len(blob), len(ansflow.compress(images, recipe="stream", level=1))


def test_drawn_digits(vae):
    with_model, without = check_digits(vae, drawn_digits())
    assert with_model < without


def test_real_digits(vae):
    with np.load(DIGITS) as file:
        images = file["data"][:40]
    with_model, without = check_digits(vae, images)
    assert with_model < 0.8 * without


def test_photographs():
    """The fingerprint is that of the document, and a picture takes fewer bytes than without it."""
    model = bitsback.load("photographs")
    assert model.fingerprint == naive_model.read_model(file_of("photographs")).fingerprint
    photo = small_hilloc.photograph(60, 81)
    blob = ansflow.compress(photo, model="photographs")
    assert np.array_equal(ansflow.decompress(blob), photo)
    assert len(blob) < len(ansflow.compress(photo, recipe="stream", level=1))


# Names


def test_names_that_are_unknown():
    for name in ("other", "", "mnist", "mnist-vae ", "../weights/mnist-vae", "mnist-vae.npz"):
        with pytest.raises(ModelError, match=r"there is no model .*mnist-vae-binary"):
            bitsback.load(name)


def test_models_that_are_made_known():
    vae, _ = small_vaes.build("made known")
    with pytest.raises(ModelError, match="made known"):
        bitsback.load("made known")
    bitsback.register(vae)
    assert bitsback.load("made known") is vae
    with pytest.raises(ModelError, match=r"registered are .*made known"):
        bitsback.load("other")
    other, _ = small_vaes.build("made known", seed=1)
    bitsback.register(other)
    assert bitsback.load("made known") is other


@pytest.mark.parametrize("name", sorted(PRETRAINED))
def test_names_that_are_taken(name):
    vae, _ = small_vaes.build(name)
    before = bitsback.load(name)
    with pytest.raises(ModelError, match="comes with ansflow"):
        bitsback.register(vae)
    assert bitsback.load(name) is before


def test_models_are_found_by_name_and_fingerprint():
    vae, _ = small_vaes.build("to-be-found")
    with pytest.raises(UnsupportedError, match=r"'to-be-found'.*register"):
        find("to-be-found", vae.fingerprint)
    bitsback.register(vae)
    assert find("to-be-found", vae.fingerprint) is vae
    for fingerprint in ("0" * 32, vae.fingerprint.upper(), vae.fingerprint[:-1], ""):
        with pytest.raises(UnsupportedError, match=vae.fingerprint):
            find("to-be-found", fingerprint)


def test_a_shipped_model_of_another_release_is_not_found(vae):
    """Its name is known, but it isn't the one that a stream was written with."""
    assert find(vae.name, vae.fingerprint) is vae
    with pytest.raises(UnsupportedError, match="another"):
        find(vae.name, "0" * 32)
