"""An image given the one of every second row and column: a hierarchical VAE, inferred top-down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.distributions.buckets import Buckets
from ansflow.bitsback.distributions.conditional_buckets import ConditionalBuckets
from ansflow.bitsback.distributions.families import power_table
from ansflow.bitsback.models.colours import ColourPixels
from ansflow.bitsback.models.gaussian_latents import LOG2_STDS, floats_of
from ansflow.bitsback.models.phases import (
    PHASES,
    Images,
    coarse_of,
    phases_of,
    pixel_inputs,
)
from ansflow.bitsback.nets.graph import Graph
from ansflow.bitsback.nets.shapes import Activations
from ansflow.errors import ModelError
from ansflow.kernels.distributions.cdf_rows import powers
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["WITH_LATENTS", "FreeEnergy", "Given", "Octave"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNIT = 2.0**-FRACTION_BITS

# A last channel of the networks' inputs: where there is an image, and whether it is a coarse one.
FINEST, COARSER = 1 << FRACTION_BITS, 1 << FRACTION_BITS - 1

# The phases that have latents: all but the last one.
WITH_LATENTS = len(PHASES) - 1

# From a layer's number, its prior and features to its latents.
Choice = Callable[[int, ConditionalBuckets, Activations], Floats]


class FreeEnergy(NamedTuple):
    """Bits of an image, in floating point: the divergence of latents, and the pixels given them."""

    latents: float
    pixels: float


@dataclass(frozen=True, eq=False)
class Octave:
    """The networks.

    Features of the coarse image come first (`trunk`). From them the layers of latents follow from
    the top down, in half the size again: each prior network gives means and scales of its latents,
    and features for the next layer. The posterior of a layer depends on these and on what
    `inference` makes of the pixels, from the bottom up. What all latents say is added to the
    features (`last`). Two phases of the pixels between the coarse ones are coded given that, one
    after the other; the third is coded given all other pixels, without latents (`heads`).

    Parameters
    ----------
    trunk, inference, last : Graph
    priors, posteriors : tuple of Graph
        One or more of each, that of the top layer first.
    heads : tuple of Graph
        One for each phase.
    buckets : Buckets
        Of latents.
    pixels : ColourPixels

    Raises
    ------
    ModelError
        If the networks do not fit each other.
    """

    trunk: Graph
    inference: Graph
    priors: tuple[Graph, ...]
    posteriors: tuple[Graph, ...]
    last: Graph
    heads: tuple[Graph, ...]
    buckets: Buckets
    pixels: ColourPixels

    def __post_init__(self) -> None:
        if not 1 <= len(self.priors) == len(self.posteriors) or len(self.heads) != len(PHASES):
            raise ModelError(
                f"an octave must have as many posteriors as priors, one or more, and "
                f"{len(PHASES)} heads"
            )
        inputs = [shape for n in self.networks().values() for shape in n.inputs.values()]
        if any(shape[:-1] != (None, None) for shape in inputs):
            raise ModelError("the networks of an octave must take images of any height and width")
        try:
            self.free_energy(np.zeros((2, 2, 3), np.uint8), True, np.random.default_rng(0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the networks of an octave do not fit each other: {error}") from error

    @property
    def width(self) -> int:
        """The number of channels of features."""
        (shape,) = self.trunk.output_shapes.values()
        channels = shape[-1]
        assert channels is not None
        return channels

    def networks(self) -> dict[str, Graph]:
        """All networks by their names in the model's file."""
        named = {"trunk": self.trunk, "inference": self.inference, "last": self.last}
        for name, several in zip(
            ("prior", "posterior", "head"), (self.priors, self.posteriors, self.heads), strict=True
        ):
            named |= {f"{name}-{i}": network for i, network in enumerate(several)}
        return named

    def free_energy(self, image: Images, finest: bool, rng: np.random.Generator) -> FreeEnergy:
        """That of an image given its coarse one, for a sample of the latents."""
        phases, divergences = phases_of(image), []
        given = Given(self, coarse_of(image), finest)
        inferred = given.inferred(phases[:WITH_LATENTS])

        def sampled(i: int, prior: ConditionalBuckets, features: Activations) -> Floats:
            shift, log2_ratio = floats_of(given.posterior(i, features, inferred))
            ratio = np.exp2(log2_ratio)
            divergences.append(float(((shift**2 + ratio**2 - 1) / 2 - np.log(ratio)).sum()))
            z: Floats = shift + ratio * rng.standard_normal(shift.shape)
            latents: Floats = prior.mean + prior.scale * z
            return latents

        summed = given.summed(sampled)
        pixels = 0.0
        for i, phase in enumerate(phases):
            features = summed if i < WITH_LATENTS else given.trunk
            found = given.parameters(i, features, phases[:i], phase.shape)
            pixels += self.pixels.bits(found, phase)
        return FreeEnergy(sum(divergences) / float(np.log(2)), pixels)


class Given:
    """The networks' results given a coarse image."""

    def __init__(self, octave: Octave, coarse: Images, finest: bool) -> None:
        self.octave = octave
        self.coarse = coarse
        pixels = pixel_inputs(coarse, coarse)
        level = np.full((*pixels.shape[:-1], 1), FINEST if finest else COARSER, np.int32)
        self.inputs = np.concatenate([pixels, level], axis=-1)
        self.trunk = _only(octave.trunk(coarse=self.inputs))

    def known(self, phases: list[Images]) -> Activations:
        """Inputs of networks that take the first phases, too."""
        more = [pixel_inputs(phase, self.coarse) for phase in phases]
        return np.concatenate([self.inputs, *more], axis=-1)

    def inferred(self, phases: list[Images]) -> Activations:
        """What the posteriors know of the phases with latents."""
        return _only(self.octave.inference(fine=self.known(phases)))

    def summed(self, choose: Choice) -> Activations:
        """Features of the coarse image and all latents, which are chosen from the top down."""
        given: dict[str, Any] = {"trunk": self.trunk}
        for i, network in enumerate(self.octave.priors):
            found = network(**given)
            mean, log2_std = np.split(found["prior"], 2, axis=-1)
            prior = ConditionalBuckets(self.octave.buckets, mean * UNIT, _powers_of(log2_std))
            latents = choose(i, prior, found["features"])
            given = {"above": found["features"], "latents": latents}
        return _only(self.octave.last(trunk=self.trunk, **given))

    def posterior(self, i: int, features: Activations, inferred: Activations) -> Activations:
        """Means and binary logarithms of scales of the i-th layer, relative to the prior."""
        network = self.octave.posteriors[i]
        return _only(network(features=features, inferred=inferred))

    def parameters(
        self, i: int, features: Activations, phases: list[Images], shape: tuple[int, ...]
    ) -> Activations:
        """What determines the pixels of the i-th phase, given those before it."""
        head = self.octave.heads[i]
        return _only(head(features=features, known=self.known(phases)))[0, : shape[0], : shape[1]]


def _only(results: dict[str, Activations]) -> Activations:
    (result,) = results.values()
    return result


def _powers_of(log2_std: Activations) -> Floats:
    """Standard deviations, the same on all machines."""
    exponents = -np.clip(log2_std, *LOG2_STDS).astype(np.int64)
    found = np.empty(exponents.size)
    powers(power_table(), exponents.reshape(-1), 1.0, found)
    return found.reshape(exponents.shape)
