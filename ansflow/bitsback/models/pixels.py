"""Likelihoods of pixels, given the results of a decoder network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.bernoulli import Bernoulli
from ansflow.bitsback.distributions.families import family, power_table
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.distributions.mixture import MAX_COMPONENTS, mixture_shares
from ansflow.bitsback.nets.shapes import Activations, checked_integer
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_PRECISION
from ansflow.kernels.distributions.cdf_rows import powers
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["BinaryPixels", "GreyPixels", "Pixels"]

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

UNIT = 2.0**-FRACTION_BITS
LOG2_SCALES = -3 << FRACTION_BITS, 8 << FRACTION_BITS


class Pixels(ABC):
    """Independent pixels of one byte, given a decoder's activations.

    Attributes
    ----------
    kind : str
        What descriptions call it.
    channels : int
        The number of activations for each pixel.
    highest : int
        The largest value of a pixel.
    """

    kind: ClassVar[str]
    highest: ClassVar[int]

    @property
    @abstractmethod
    def channels(self) -> int: ...

    @abstractmethod
    def inputs(self, images: Images) -> Activations:
        """Images as activations for an encoder."""

    @abstractmethod
    def codec(self, activations: Activations) -> Codec:
        """The codec of images; activations have their shape, and an axis of channels."""

    @abstractmethod
    def bits(self, activations: Activations, images: Images) -> Floats:
        """``-log2`` of each pixel's probability, in floating point: nearly what `codec` takes."""

    @abstractmethod
    def sample(self, activations: Activations, rng: np.random.Generator) -> Images:
        """Draw images from the likelihood."""

    def describe(self) -> dict[str, Any]:
        """The likelihood as JSON values, which `pixels_from` takes."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class BinaryPixels(Pixels):
    """Pixels 0 or 1. The activation is a logit, the natural logarithm of the odds of a 1.

    Parameters
    ----------
    precision : int
    """

    precision: int

    kind = "binary"
    highest = 1

    def __post_init__(self) -> None:
        precision = checked_integer("precision", self.precision, 1, MAX_PRECISION)
        object.__setattr__(self, "precision", precision)

    @property
    def channels(self) -> int:
        return 1

    def inputs(self, images: Images) -> Activations:
        return (images.astype(np.int32) << FRACTION_BITS)[..., np.newaxis]

    def codec(self, activations: Activations) -> Codec:
        return Bernoulli.from_logits(activations[..., 0] * UNIT, self.precision)

    def bits(self, activations: Activations, images: Images) -> Floats:
        logits = activations[..., 0] * UNIT
        nats = np.logaddexp(0.0, np.where(images == 1, -logits, logits))
        bits: Floats = nats / np.log(2)
        return bits

    def sample(self, activations: Activations, rng: np.random.Generator) -> Images:
        ones = family("logistic").cdf(activations[..., 0] * UNIT)
        images: Images = (rng.random(ones.shape) < ones).astype(np.uint8)
        return images


@dataclass(frozen=True)
class GreyPixels(Pixels):
    """Pixels from 0 to 255 under mixtures of discretised logistics.

    The activations are, each for all components: binary logarithms of weights, means in units of
    16 grey levels, and binary logarithms of scales in grey levels, which are clipped to -3 to 8.

    Parameters
    ----------
    components : int
    precision : int
    """

    components: int
    precision: int

    kind = "grey"
    highest = 255
    mean_unit = 16.0

    def __post_init__(self) -> None:
        components = checked_integer("components", self.components, 1, MAX_COMPONENTS)
        precision = checked_integer("precision", self.precision, 8, MAX_PRECISION)
        object.__setattr__(self, "components", components)
        object.__setattr__(self, "precision", precision)

    @property
    def channels(self) -> int:
        return 3 * self.components

    def inputs(self, images: Images) -> Activations:
        return (images.astype(np.int32) << FRACTION_BITS - 8)[..., np.newaxis]

    def _parameters(
        self, activations: Activations
    ) -> tuple[Activations, Floats, npt.NDArray[np.int64]]:
        """Binary logarithms of weights, means, and binary logarithms of scales.

        The logarithms are in units of 2^-12.
        """
        log2_weights, steps, log2_scales = np.split(activations, 3, axis=-1)
        means: Floats = steps.astype(np.float64)
        means *= UNIT * self.mean_unit
        return log2_weights, means, np.clip(log2_scales, *LOG2_SCALES).astype(np.int64)

    def codec(self, activations: Activations) -> Codec:
        log2_weights, means, log2_scales = self._parameters(activations)
        logistic = family("logistic")
        rates: Floats = np.empty(log2_scales.size, np.float64)
        powers(power_table(), log2_scales.reshape(-1), logistic.rate, rates)
        return LocationScale.by_rates(
            logistic,
            means,
            rates.reshape(means.shape),
            GREY_EDGES,
            shares=mixture_shares(log2_weights),
            precision=self.precision,
        )

    def bits(self, activations: Activations, images: Images) -> Floats:
        log2_weights, means, log2_scales = self._parameters(activations)
        weights = np.exp2((log2_weights - log2_weights.max(axis=-1, keepdims=True)) * UNIT)
        weights /= weights.sum(axis=-1, keepdims=True)
        low, high = GREY_EDGES[images], GREY_EDGES[images.astype(int) + 1]
        low, high = np.where(images == 0, -np.inf, low), np.where(images == 255, np.inf, high)
        scales = np.exp2(log2_scales * UNIT)
        a = (low[..., np.newaxis] - means) / scales
        b = (high[..., np.newaxis] - means) / scales
        # Mirrored where the CDF is so close to 1 that differences have no digits left.
        a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
        cdf = family("logistic").cdf
        probabilities = np.sum(weights * (cdf(b) - cdf(a)), axis=-1)
        bits: Floats = -np.log2(np.maximum(probabilities, 2.0**-self.precision))
        return bits

    def sample(self, activations: Activations, rng: np.random.Generator) -> Images:
        log2_weights, means, log2_scales = self._parameters(activations)
        noise = rng.gumbel(size=log2_weights.shape) + log2_weights * (UNIT * np.log(2))
        chosen = np.argmax(noise, axis=-1)[..., np.newaxis]
        mean, log2_scale = (
            np.take_along_axis(values, chosen, axis=-1)[..., 0] for values in (means, log2_scales)
        )
        values = mean + np.exp2(log2_scale * UNIT) * rng.logistic(size=mean.shape)
        images: Images = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        return images


GREY_EDGES = np.arange(257, dtype=np.float64) - 0.5
GREY_EDGES.setflags(write=False)

KINDS: dict[str, Any] = {kind.kind: kind for kind in (BinaryPixels, GreyPixels)}


def pixels_from(description: dict[str, Any]) -> Pixels:
    """Undo `Pixels.describe`; ModelError if that is not possible."""
    fields = dict(description)
    try:
        pixels: Pixels = KINDS[fields.pop("kind")](**fields)
    except (KeyError, TypeError) as error:
        raise ModelError(f"the description of the pixels is malformed: {error!r}") from error
    return pixels
