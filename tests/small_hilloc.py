"""A small model of photographs with random weights."""

import numpy as np

from ansflow.bitsback import Buckets
from ansflow.bitsback.models.colours import ColourPixels
from ansflow.bitsback.models.hilloc import HiLLoC
from ansflow.bitsback.models.octave import Octave
from ansflow.bitsback.models.pixels import GreyPixels
from ansflow.bitsback.nets import (
    Add,
    Concatenate,
    Convolution,
    DepthToSpace,
    Graph,
    Node,
    SpaceToDepth,
)

WIDTH, DEEP, LATENTS, COMPONENTS = 4, 3, 2, 2
ANY = (None, None)


def build(name="small-hilloc", layers=2, seed=0):
    rng = np.random.default_rng(seed)

    def convolution(inputs, outputs, size, bias=0.0):
        weights = rng.integers(-64, 65, (size, size, inputs, outputs)) / (64 * size * inputs)
        return Convolution.quantized(weights, np.broadcast_to(bias, outputs) + 0.0, relu=False)

    trunk = Graph(
        {"coarse": (*ANY, 4)}, [Node("output", convolution(4, WIDTH, 3), ["coarse"])], ["output"]
    )
    inference = Graph(
        {"fine": (*ANY, 10)},
        [
            Node("half", SpaceToDepth(2), ["fine"]),
            Node("output", convolution(40, DEEP, 3), ["half"]),
        ],
        ["output"],
    )
    top = Graph(
        {"trunk": (*ANY, WIDTH)},
        [
            Node("half", SpaceToDepth(2), ["trunk"]),
            Node("features", convolution(4 * WIDTH, DEEP, 1), ["half"]),
            Node("prior", convolution(DEEP, 2 * LATENTS, 1), ["features"]),
        ],
        ["features", "prior"],
    )
    given = [Node("given", convolution(LATENTS, DEEP, 1), ["latents"])]
    lower = Graph(
        {"above": (*ANY, DEEP), "latents": (*ANY, LATENTS)},
        [
            *given,
            Node("features", Add(), ["above", "given"]),
            Node("prior", convolution(DEEP, 2 * LATENTS, 1), ["features"]),
        ],
        ["features", "prior"],
    )
    # Means and binary logarithms of scales, relative to the prior.
    bias = np.repeat([0.5, -0.5], LATENTS)
    posterior = Graph(
        {"features": (*ANY, DEEP), "inferred": (*ANY, DEEP)},
        [
            Node("both", Concatenate(), ["features", "inferred"]),
            Node("output", convolution(2 * DEEP, 2 * LATENTS, 3, bias), ["both"]),
        ],
        ["output"],
    )
    last = Graph(
        {"trunk": (*ANY, WIDTH), "above": (*ANY, DEEP), "latents": (*ANY, LATENTS)},
        [
            *given,
            Node("sum", Add(), ["above", "given"]),
            Node("deep", convolution(DEEP, 4 * WIDTH, 1), ["sum"]),
            Node("up", DepthToSpace(2), ["deep"]),
            Node("output", Add(), ["trunk", "up"]),
        ],
        ["output"],
    )
    # Means of 8 and 9 times 16 grey levels, scales of 8 and 32, and coefficients of a half.
    colour = [0.0, 0.0, 8.0, 9.0, 3.0, 5.0]
    heads = [
        Graph(
            {"features": (*ANY, WIDTH), "known": (*ANY, 4 + 3 * i)},
            [
                Node("pixels", convolution(4 + 3 * i, WIDTH, 3), ["known"]),
                Node("sum", Add(), ["features", "pixels"]),
                Node(
                    "output",
                    convolution(WIDTH, 9 * COMPONENTS + 3, 1, colour * 3 + [0.5] * 3),
                    ["sum"],
                ),
            ],
            ["output"],
        )
        for i in range(3)
    ]
    octave = Octave(
        trunk,
        inference,
        (top, *[lower] * (layers - 1)),
        (posterior,) * layers,
        last,
        tuple(heads),
        Buckets(6),
        ColourPixels(GreyPixels(COMPONENTS, 20)),
    )
    return HiLLoC(name, octave)


def photograph(height, width, seed=0):
    """A smooth image with some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    grey = 128 + 50 * np.sin(x / 9) + 40 * np.cos(y / 7)
    colours = grey[..., np.newaxis] * [0.9, 1.0, 1.1] + 3 * rng.standard_normal((height, width, 3))
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)
