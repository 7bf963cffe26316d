"""VAEs for tests: of all kinds by Hypothesis, and one that is made from layers."""

import numpy as np
import small_vaes
from hypothesis import strategies as st

from ansflow import bitsback
from ansflow.bitsback.models.pixels import BinaryPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Residual, Upsample


@st.composite
def models(draw):
    """Parameters of small models: also such that activations and logarithms are cut off."""
    net = draw(st.sampled_from(small_vaes.NETS))
    even = net == "convolution"
    components = draw(st.integers(0, 4))
    return {
        "net": net,
        "components": components,
        "height": draw(st.sampled_from([2, 4] if even else [1, 3, 4])),
        "width": draw(st.sampled_from([2, 6] if even else [1, 5, 6])),
        "latents": draw(st.integers(1, 3)),
        "bucket_bits": draw(st.sampled_from([1, 2, 6, 11, 12, 16])),
        "precision": draw(st.integers(8 if components else 1, 31)),
        "shift": draw(st.sampled_from([0, 1, 10, 14])),
        "gain": draw(st.sampled_from([1, 1, 4, 64])),
        "seed": draw(st.integers(0, 9)),
    }


def random_images(vae, count, seed):
    """Of all values there are."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, vae.pixels.highest + 1, (count, *vae.image_shape)).astype(np.uint8)


def made(name="made", scale=1.0, pixels=None, **more):
    """A model from Python, with all kinds of layers."""
    grid = np.arange(24.0).reshape(24, 1)
    encoder = [
        Convolution.quantized(np.full((3, 3, 1, 1), 0.25), [0.0], True, stride=1),
        Residual((Convolution.quantized(np.full((1, 1, 1, 1), -0.5), [0.25], False),), True),
        Reshape((24,)),
        Dense.quantized(np.cos(grid * np.arange(1, 5)) / 8, [0, 0, -1.5, -1.5], False),
    ]
    decoder = [
        Dense.quantized(
            np.array([[1.0, -1, 0.5, 0, 2, -2], [0, 1, 1, -1, 0.5, 0.25]]), [0.0] * 6, False
        ),
        Reshape((2, 3, 1)),
        Upsample(2),
        Convolution.quantized(np.full((1, 1, 1, 1), scale), [0.25], False),
    ]
    return bitsback.VAE(
        name,
        Network(encoder, (4, 6, 1)),
        Network(decoder, (2,)),
        BinaryPixels(20) if pixels is None else pixels,
        **more,
    )
