"""Models of images as what the container asks for, and models of any kind by their names."""

import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow import bitsback
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.content_model import ContentModel
from ansflow.transforms.layout import Layout

GREY, _ = small_vaes.build("content-grey", components=2, seed=1)
BINARY, _ = small_vaes.build("content-binary", seed=1)


def content(vae, count):
    images = vae.sample(count, rng=0).reshape(-1)
    images.setflags(write=False)
    return images


@pytest.mark.parametrize("vae", [GREY, BINARY], ids=lambda vae: vae.name)
@pytest.mark.parametrize("count", [0, 1, 9])
def test_content_comes_back(vae, count):
    assert isinstance(vae, ContentModel)
    assert vae.unit == 4 * 6
    images = content(vae, count)
    message = vae.encode_content(images, Layout(1, images.shape))
    assert message == vae.encode(images.reshape(count, 4, 6))
    out = np.full(images.size, 77, np.uint8)
    vae.decode_content(memoryview(message), Layout(1, out.shape), out)
    assert np.array_equal(out, images)


def test_content_that_has_no_probability():
    with pytest.raises(ModelError, match=r"a pixel is 2, but .* at most 1"):
        BINARY.encode_content(np.full(24, 2, np.uint8), Layout(1, (24,)))


def test_messages_of_other_content():
    message = GREY.encode_content(content(GREY, 3), Layout(1, (72,)))
    for count in (0, 1, 2, 5):
        out = np.empty(24 * count, np.uint8)
        with pytest.raises((CorruptDataError, TruncatedError)):
            GREY.decode_content(memoryview(message), Layout(1, out.shape), out)


@pytest.mark.parametrize("dtype", [np.uint8, bool])
@pytest.mark.parametrize("shape", [(4, 6), (24,), (0, 4, 6), (5, 24), (2, 3, 4, 6), (-1, 4, 6)])
def test_arrays_of_images(dtype, shape):
    GREY.check_array(ArraySpec(np.dtype(dtype), shape))


def test_bytes_may_be_images():
    GREY.check_array(None)


@pytest.mark.parametrize(
    ("dtype", "shape", "fortran"),
    [
        ("i1", (4, 6), False),
        ("<u2", (4, 6), False),
        ("V1", (4, 6), False),
        ("u1", (5, 4, 6), True),
        ("u1", (6, 4), False),
        ("u1", (4, 6, 1), False),
        ("u1", (48,), False),
        ("u1", (), False),
    ],
)
def test_other_arrays(dtype, shape, fortran):
    with pytest.raises(ModelError, match=r"\(\.\.\., 4, 6\) or \(\.\.\., 24\)"):
        GREY.check_array(ArraySpec(np.dtype(dtype), shape, fortran))


class Twice:
    """Bytes that all are there twice: as little of a model as there can be."""

    name, fingerprint, unit = "twice", "0123456789abcdef" * 2, 2

    def check_array(self, array):
        pass

    def memory(self, size):
        return 0

    def encode_content(self, content, layout):
        if not np.array_equal(content[::2], content[1::2]):
            raise ModelError("a byte isn't there twice")
        return content[::2].tobytes()

    def decode_content(self, message, layout, out):
        if len(message) != out.size // 2:
            raise CorruptDataError("the message is of another size")
        out[::2] = out[1::2] = np.frombuffer(message, np.uint8)


def test_any_model_of_content_is_registered():
    model = Twice()
    with pytest.raises(ModelError, match="no model 'twice'"):
        bitsback.load("twice")
    bitsback.register(model)
    assert bitsback.load("twice") is model
    noise = np.random.default_rng(0).integers(0, 256, 10_000, np.uint8)
    data = np.repeat(noise, 2).tobytes()
    blob = ansflow.compress(data, model="twice")
    assert len(blob) < len(noise) + 200
    assert ansflow.decompress(blob) == data
    mixed = data + noise.tobytes()
    assert ansflow.decompress(ansflow.compress(mixed, model=model)) == mixed


def test_other_things_are_not_registered():
    for other in ("mnist-vae", None, ansflow.models.Uniform(256), bitsback.Uniform(3)):
        with pytest.raises(TypeError, match="must be a ContentModel"):
            bitsback.register(other)
