"""Diffusion models of images: the denoiser is a network in fixed point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.diffusion import PRECISION, STEP_PRECISION, Diffusion
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.combinators.noise_grid import CELLS_PER_DEVIATION
from ansflow.bitsback.combinators.schedule import Schedule
from ansflow.bitsback.distributions.families import family
from ansflow.bitsback.models.files.model_file import Arrays, Description
from ansflow.bitsback.models.image_chain import ImageChain
from ansflow.bitsback.models.image_model import ImageModel, Images, as_images
from ansflow.bitsback.models.stored_model import StoredModel
from ansflow.bitsback.nets.graph import Graph
from ansflow.bitsback.nets.shapes import checked_integer, fixed_shape
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["ImageDiffusion", "denoiser_inputs"]

Floats = npt.NDArray[np.float64]

# The version of the section on diffusions in MODEL.md.
VERSION = 1

UNIT = 2.0**-FRACTION_BITS
MAX_LEVELS = 256

# Two latents of a pixel, of 4 bits each, are popped before anything is left: the bits of so many
# pixels, if they are the cheap ones that diffusions are for.
IMAGES_BEFORE = 6

# Images whose bound is computed at once.
BATCH = 500


@dataclass(frozen=True, eq=False)
class ImageDiffusion(StoredModel, ImageModel):
    """A diffusion model of grey images of one shape, coded in the order of Bit-Swap.

    Parameters
    ----------
    name : str
    network : Graph
        It has the inputs ``pixels``, of shape (height, width, 2), and ``time``, of shape
        (times,), both as ``denoiser_inputs`` makes them, and one result of shape
        (height, width, 1): an estimate of v = signal * noise - deviation * x.
    schedule : Schedule
    levels : int
        Pixels are from 0 to ``levels - 1``; 2 to 256.

    Raises
    ------
    ModelError
        If the network does not take or return these shapes, or the schedule's steps are too large
        or too small.

    Examples
    --------
    A network that has learned nothing: v is 0.

    >>> import numpy as np
    >>> from ansflow.bitsback import ImageDiffusion, Schedule
    >>> from ansflow.bitsback.nets import Add, Convolution, Dense, Graph, Node
    >>> zeros = np.zeros((1, 1, 2, 1)), np.zeros(1)
    >>> network = Graph(
    ...     {"pixels": (4, 6, 2), "time": (3,)},
    ...     [
    ...         Node("image", Convolution.quantized(*zeros, relu=False), ["pixels"]),
    ...         Node("clock", Dense.quantized(np.zeros((3, 1)), np.zeros(1), relu=False), ["time"]),
    ...         Node("v", Add(), ["image", "clock"]),
    ...     ],
    ...     ["v"],
    ... )
    >>> model = ImageDiffusion("tiny", network, Schedule.log_linear(9, 1e-3, 0.99), levels=16)
    >>> images = model.sample(5, rng=0)
    >>> np.array_equal(model.decode(model.encode(images), 5), images)
    True

    References
    ----------
    Salimans & Ho 2022, "Progressive distillation for fast sampling of diffusion models",
    arXiv:2202.00512 (v); D. Kingma et al. 2021, arXiv:2107.00630 (fine details as inputs).
    """

    name: str
    network: Graph
    schedule: Schedule
    levels: int = MAX_LEVELS

    def __post_init__(self) -> None:
        if type(self.name) is not str:
            raise ModelError(f"the name of a model must be text, not {self.name!r}")
        levels = checked_integer("levels", self.levels, 2, MAX_LEVELS)
        object.__setattr__(self, "levels", levels)
        inputs, results = dict(self.network.inputs), list(self.network.output_shapes.values())
        if inputs.keys() != {"pixels", "time"} or len(inputs["time"]) != 1 or len(results) != 1:
            raise ModelError(
                "the network of a diffusion must have the inputs pixels and time, the latter of "
                f"shape (times,), and one result, not {inputs} and {len(results)} results"
            )
        shape = fixed_shape(inputs["pixels"])
        if len(shape) != 3 or shape[2] != 2 or results != [(*shape[:2], 1)]:
            raise ModelError(
                "the network of a diffusion must make (height, width, 1) of pixels of shape "
                f"(height, width, 2), not {results[0]} of {shape}"
            )
        self.diffusion(0)  # checks the schedule

    @property
    def image_shape(self) -> tuple[int, int]:
        height, width, _ = fixed_shape(self.network.inputs["pixels"])
        return height, width

    @property
    def highest_pixel(self) -> int:
        return self.levels - 1

    # The model as codecs

    def codec(self, batch: int = 1) -> Codec:
        """The codec of images, uint8 of shape (batch, height, width), in the order of Bit-Swap."""
        return Mapped(self.diffusion(batch).bit_swap(), pushed=np.asarray, popped=as_images)

    def chain(self, count: int) -> ImageChain:
        return ImageChain(self.codec, count, self.image_shape, IMAGES_BEFORE)

    def diffusion(self, batch: int = 1) -> Diffusion:
        """The model, for a batch of images."""
        shape = integer(batch, "batch", 0), *self.image_shape
        return Diffusion(self.schedule, self.denoise, shape, self.levels)

    def denoise(self, z: Floats, t: int) -> Floats:
        """What the network makes of latents z_t: an estimate of x, from -1 to 1.

        Parameters
        ----------
        z : ndarray of float64, shape (n, height, width)
        t : int
            From 1 to the number of steps.
        """
        variance = self.schedule.variances[t - 1]
        signal, deviation = np.sqrt(1 - variance), np.sqrt(variance)
        times = fixed_shape(self.network.inputs["time"])[0]
        time = np.full(len(z), t / len(self.schedule))
        pixels, clock = denoiser_inputs(z, signal, time, self.levels, times)
        (v,) = self.network(pixels=pixels, time=clock).values()
        guess: Floats = np.clip(signal * z - deviation * (v[..., 0] * UNIT), -1, 1)
        return guess

    # The model in floating point

    def elbo(
        self, images: Images, samples: int = 1, rng: np.random.Generator | int | None = None
    ) -> Floats:
        """The evidence lower bound of each image, in bits: the negative cost of bits-back coding.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        samples : int
            The number of samples of the latents over which it is averaged.
        rng : numpy.random.Generator or int, optional

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        samples = integer(samples, "samples", 1)
        images = self.checked_images(images)
        generator = np.random.default_rng(rng)
        bounds = np.zeros(len(images))
        for begin in range(0, len(images), BATCH):
            part = images[begin : begin + BATCH]
            model = self.diffusion(len(part))
            for _ in range(samples):
                bits = model.vlb_of_each(part, generator).sum(axis=(1, 2))
                bounds[begin : begin + BATCH] -= bits / samples
        return bounds

    def sample(self, count: int, rng: np.random.Generator | int | None = None) -> Images:
        """Draw images from the model, shape (count, height, width): pop them from random bits."""
        seed = int(np.random.default_rng(rng).integers(1 << 63))
        images: Images = self.codec(count).pop(Stack(seed=seed))
        return images

    # Identity and file

    def _described(self) -> tuple[Description, Arrays]:
        network, arrays = self.network.describe("network")
        description: Description = {
            "version": VERSION,
            "name": self.name,
            "levels": self.levels,
            "variances": self.schedule.variances.tolist(),
            "cells_per_deviation": CELLS_PER_DEVIATION,
            "precision": PRECISION,
            "step_precision": STEP_PRECISION,
            "network": network,
        }
        return description, arrays

    def _tables(self) -> Arrays:
        return {f"table.{name}": family(name).table for name in ("gaussian", "logistic")}

    @classmethod
    def _from_description(cls, description: Any, arrays: Arrays) -> Self:
        return cls(
            description["name"],
            Graph.from_description(description["network"], arrays, "network"),
            Schedule(description["variances"]),
            description["levels"],
        )


def denoiser_inputs(
    z: Floats, signal: Floats | float, time: Floats, levels: int, times: int
) -> tuple[Floats, Floats]:
    """What the network takes, by sums, products and quotients alone: the same on all machines.

    Parameters
    ----------
    z : ndarray of float64, shape (n, height, width)
        Latents.
    signal : float, or ndarray of float64, shape (n, 1, 1)
        What they have been multiplied with.
    time : ndarray of float64, shape (n,)
        From 0 to 1.
    levels, times : int

    Returns
    -------
    pixels : ndarray of float64, shape (n, height, width, 2)
        The latents, and how far from the nearest level they are.
    clock : ndarray of float64, shape (n, times)
        The time as shares of the nearest two of `times` points.
    """
    places = (z / signal + 1) * ((levels - 1) / 2)
    rest = (places - np.rint(places)) * signal
    distances = time[:, np.newaxis] * (times - 1) - np.arange(times)
    return np.stack([z, rest], axis=-1), np.maximum(0, 1 - np.abs(distances))
