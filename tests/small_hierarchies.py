"""Small models of images with layers of latents, whose weights come from a formula.

They are made without ansflow, as a description and arrays, and given to it as a file.
"""

import io
import math

import naive_model
from small_vaes import Draft

from ansflow import bitsback

SHAPES = {"vectors": [(5,), (3,), (2,)], "maps": [(2, 3, 2), (2, 3, 1), (2, 3, 2)]}
HEIGHT, WIDTH = 4, 6


def draft_model(name="small", *, net="vectors", depth=2, components=0, bucket_bits=8, seed=0):
    """A description and arrays; pixels are binary if there are no components."""
    shapes = SHAPES[net][:depth]
    channels, pixels, bias = 1, {"kind": "binary", "precision": 16}, [0]
    if components:
        channels, pixels = 3 * components, {"kind": "grey", "components": components}
        pixels["precision"] = 16
        means = [20 + 16 * i for i in range(components)]
        bias = [0] * components + means + [4] * components
    networks = {"encoders": [], "decoders": []}
    arrays = {}

    def draft(kind, inputs, outputs, bias, tame=4):
        """A network of one affine layer, between vectors, maps and images.

        Weights are divided by `tame`, so that latents stay where their buckets are.
        """
        layer = len(networks[kind])
        made = Draft(f"{kind}.{layer}", 100 * seed + 10 * layer + (kind == "decoders"), 10, 1)
        both = len(inputs), len(outputs)
        if both == (3, 3) and inputs[:2] == outputs[:2]:
            made.convolution(3, 1, inputs[2], outputs[2], bias=bias, tame=tame)
        elif both == (3, 3) and inputs[:2] == (HEIGHT, WIDTH):
            made.convolution(3, 3, inputs[2], outputs[2], stride=2, bias=bias, tame=tame)
        elif both == (3, 3):
            made.add("upsample", factor=2)
            made.convolution(1, 3, inputs[2], outputs[2], bias=bias, tame=tame)
        else:
            if both[0] == 3:
                made.add("reshape", shape=[math.prod(inputs)])
            repeated = bias * (math.prod(outputs) // len(bias))
            made.dense(math.prod(inputs), math.prod(outputs), bias=repeated, tame=tame)
            if both[1] == 3:
                made.add("reshape", shape=list(outputs))
        networks[kind].append(made.layers[0])
        arrays.update(made.arrays)

    below, image = (HEIGHT, WIDTH, 1), (HEIGHT, WIDTH, channels)
    for layer, shape in enumerate(shapes):
        doubled = (*shape[:-1], 2 * shape[-1])
        draft("encoders", below, doubled, [0] * shape[-1] + [-4] * shape[-1])
        if layer:
            results = (*below[:-1], 2 * below[-1])
            draft("decoders", shape, results, [0] * below[-1] + [-2] * below[-1])
        else:
            draft("decoders", shape, image, bias)
        below = shape
    description = {
        "version": 1,
        "name": name,
        "image_shape": [HEIGHT, WIDTH, 1],
        "layers": [list(shape) for shape in shapes],
        "bucket_bits": bucket_bits,
        "posterior_precision": 28,
        "log2_stds": [-24576, 4096],
        "pixels": pixels,
        **networks,
    }
    return description, arrays


def build(*arguments, **parameters):
    """A model twice: ansflow's, and the oracle's."""
    file = naive_model.write_model(*draft_model(*arguments, **parameters))
    return bitsback.HierarchicalVAE.load(io.BytesIO(file)), naive_model.read_model(file)
