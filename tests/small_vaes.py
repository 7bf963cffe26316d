"""Small models of images whose weights come from a formula: the same on every machine.

All kinds of layers are in them. They are made without ansflow, as a description and arrays, and
given to it as a file. Golden files were written with some of them, so the formula has to stay.
"""

import io
import math

import naive_model
import numpy as np
from naive_model import r

from ansflow import bitsback

NETS = ("dense", "convolution", "mixed")


class Draft:
    """The layers of a network while they are made, and their arrays.

    `shift` is that of all layers. Weights are such that results have the size of the inputs, times
    `gain`.
    """

    def __init__(self, name, seed, shift, gain):
        self.shift, self.gain, self.arrays = shift, gain, {}
        self.place, self.layers = [name], [[]]
        self.taken = seed << 32

    def numbers(self, shape, most):
        """Integers from -most to most."""
        begin, self.taken = self.taken, self.taken + math.prod(shape)
        values = [r(i) % (2 * most + 1) - most for i in range(begin, self.taken)]
        return np.array(values, np.int64).reshape(shape)

    def affine(self, shape, relu, bias, tame=1, **more):
        """`bias` are multiples of 1/4, one for each output, or None for random ones up to 1/2.

        Weights are divided by `tame`.
        """
        own = f"{'.'.join(self.place)}.{len(self.layers[-1])}"
        inputs = math.prod(shape[:-1])
        most = self.gain * math.isqrt(3 * 4**self.shift // inputs) // tame
        self.arrays[f"{own}.weights"] = self.numbers(shape, min(max(most, 1), 32767)).astype("<i2")
        if bias is None:
            bias = self.numbers(shape[-1:], 2 << 10 + self.shift)
        else:
            bias = np.array(bias, np.int64) << 10 + self.shift
        self.arrays[f"{own}.bias"] = bias.astype("<i8")
        self.add("dense" if len(shape) == 2 else "convolution", shift=self.shift, relu=relu, **more)

    def dense(self, inputs, outputs, *, relu=False, bias=None, tame=1):
        self.affine((inputs, outputs), relu, bias, tame)

    def convolution(self, *shape, stride=1, relu=False, bias=None, tame=1):
        self.affine(shape, relu, bias, tame, stride=stride)

    def add(self, kind, **fields):
        self.layers[-1].append({"kind": kind, **fields})

    def begin_residual(self):
        self.place.append(str(len(self.layers[-1])))
        self.layers.append([])

    def end_residual(self, *, relu):
        self.place.pop()
        layers = self.layers.pop()
        self.add("residual", layers=layers, relu=relu)


def draft_encoder(draft, net, height, width, latents):
    bias = [0] * latents + [-6] * latents
    if net == "dense":
        draft.add("reshape", shape=[height * width])
        draft.dense(height * width, 8, relu=True)
        draft.begin_residual()
        draft.dense(8, 3, relu=True)
        draft.dense(3, 8)
        draft.end_residual(relu=False)
        draft.dense(8, 2 * latents, bias=bias)
        return
    stride = 2 if net == "convolution" else 3
    size = -(-height // stride) * -(-width // stride)
    draft.convolution(3, 3, 1, 3, stride=stride, relu=True)
    draft.begin_residual()
    draft.convolution(1, 3, 3, 2, relu=True)
    draft.begin_residual()
    draft.convolution(1, 1, 2, 2)
    draft.end_residual(relu=True)
    draft.convolution(3, 1, 2, 3)
    draft.end_residual(relu=True)
    draft.add("reshape", shape=[3 * size])
    draft.dense(3 * size, 2 * latents, bias=bias)


def draft_decoder(draft, net, height, width, latents, bias):
    channels = len(bias)
    pixels = bias * (height * width)
    if channels == 1:  # a picture that latents change a bit
        pixels = [(-16, 14, 15)[i % 3] for i in range(height * width)]
    tame = 1 if channels == 1 else 4  # or images drawn from the model would cost more than stored
    if net == "convolution":
        inner = height // 2, width // 2, 3
        draft.dense(latents, math.prod(inner), relu=True)
        draft.add("reshape", shape=list(inner))
        draft.add("upsample", factor=2)
        draft.begin_residual()
        draft.convolution(3, 3, 3, 3)
        draft.end_residual(relu=False)
        draft.convolution(1, 5, 3, channels, bias=bias, tame=tame)
        return
    draft.dense(latents, 8, relu=True)
    draft.begin_residual()
    draft.dense(8, 8)
    draft.end_residual(relu=True)
    draft.dense(8, height * width * channels, bias=pixels, tame=tame)
    draft.add("reshape", shape=[height, width, channels])


def draft_model(
    name="small",
    *,
    components=0,
    net="dense",
    height=4,
    width=6,
    latents=2,
    bucket_bits=6,
    precision=16,
    shift=10,
    gain=1,
    seed=0,
):
    """A description and arrays; pixels are binary if there are no components."""
    encoder = Draft("encoder", 2 * seed, shift, gain)
    decoder = Draft("decoder", 2 * seed + 1, shift, gain)
    bias = [0]
    pixels = {"kind": "binary", "precision": precision}
    if components:
        means = [20 + 16 * i for i in range(components)]  # multiples of 4 grey levels
        bias = [0] * components + means + [4] * components
        pixels = {"kind": "grey", "components": components, "precision": precision}
    draft_encoder(encoder, net, height, width, latents)
    draft_decoder(decoder, net, height, width, latents, bias)
    description = {
        "name": name,
        "image_shape": [height, width, 1],
        "latents": latents,
        "bucket_bits": bucket_bits,
        "posterior_precision": 28,
        "version": 1,
        "log2_stds": [-24576, 4096],
        "pixels": pixels,
        "encoder": encoder.layers[0],
        "decoder": decoder.layers[0],
    }
    return description, encoder.arrays | decoder.arrays


def build(*arguments, **parameters):
    """A model twice: ansflow's, and the oracle's."""
    return both(naive_model.write_model(*draft_model(*arguments, **parameters)))


def both(file):
    return bitsback.VAE.load(io.BytesIO(file)), naive_model.read_model(file)


def make_known(*arguments, **parameters):
    """`build`, for all decoders."""
    vae, model = build(*arguments, **parameters)
    bitsback.register(vae)
    naive_model.register(model)
    return vae, model


# Those of the golden files; known wherever this is imported.
GOLDEN, GOLDEN_MODEL = make_known("golden", components=2, net="convolution", seed=3)
GOLDEN_BINARY, GOLDEN_BINARY_MODEL = make_known("golden-binary", net="mixed", seed=3)
