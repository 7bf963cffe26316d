"""Bit-Swap: images coded with a variational autoencoder that has layers of latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.hierarchy import Hierarchy
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.distributions.buckets import MAX_BITS, POSTERIOR_PRECISION, Buckets
from ansflow.bitsback.models.files.model_file import Arrays, Description
from ansflow.bitsback.models.gaussian_latents import (
    LOG2_STDS,
    VERSION,
    codec_of,
    floats_of,
    tables_of,
)
from ansflow.bitsback.models.image_model import ImageModel, Images, as_images
from ansflow.bitsback.models.pixels import Pixels, pixels_from
from ansflow.bitsback.models.stored_model import StoredModel
from ansflow.bitsback.nets.network import Network
from ansflow.bitsback.nets.shapes import checked_integer, fixed_shape
from ansflow.errors import ModelError
from ansflow.lazy import cached_property

__all__ = ["HierarchicalVAE"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer[Any]]

# Images for which the bound is computed at once.
BATCH = 500


@dataclass(frozen=True, eq=False)
class HierarchicalVAE(StoredModel, ImageModel):
    """A variational autoencoder with a Markov chain of latents, and networks in fixed point.

    Layer 1 of the latents is the lowest. The highest are standard Gaussians; all others are
    independent Gaussians given the layer above, as they are under the posterior given the layer
    below. All are discretised into the same buckets. With one layer, it is a `VAE`.

    Parameters
    ----------
    name : str
    encoders : sequence of Network
        From images with one channel, shape (height, width, 1), to layer 1; from layer 1 to layer 2,
        and so on. The results are the means of a layer and then binary logarithms of its standard
        deviations, which are clipped to -6 to 1, along the last axis.
    decoders : sequence of Network
        From layer 1 to (height, width, pixels.channels), from layer 2 to layer 1, and so on.
    pixels : Pixels
        The likelihood.
    bucket_bits : int
        2^bucket_bits buckets for each latent.

    Raises
    ------
    ModelError
        If the networks, the images and the pixels do not fit each other.

    Examples
    --------
    Two layers of latents, 2 and then 1, and networks that have learned nothing.

    >>> import numpy as np
    >>> from ansflow.bitsback import HierarchicalVAE
    >>> from ansflow.bitsback.models.pixels import BinaryPixels
    >>> from ansflow.bitsback.nets import Dense, Network, Reshape
    >>> def dense(inputs, outputs):
    ...     weights = np.cos(np.arange(inputs * outputs)).reshape(inputs, outputs)
    ...     return Dense.quantized(weights / inputs, np.zeros(outputs), relu=False)
    >>> vae = HierarchicalVAE(
    ...     "tiny",
    ...     encoders=[
    ...         Network([Reshape((16,)), dense(16, 4)], (4, 4, 1)),
    ...         Network([dense(2, 2)], (2,)),
    ...     ],
    ...     decoders=[
    ...         Network([dense(2, 16), Reshape((4, 4, 1))], (2,)),
    ...         Network([dense(1, 4)], (1,)),
    ...     ],
    ...     pixels=BinaryPixels(precision=16),
    ... )
    >>> images = vae.sample(5, rng=0)
    >>> np.array_equal(vae.decode(vae.encode(images), 5), images)
    True

    References
    ----------
    F. Kingma, Abbeel & Ho 2019, "Bit-Swap", arXiv:1905.06845, section 3.
    """

    name: str
    encoders: tuple[Network, ...]
    decoders: tuple[Network, ...]
    pixels: Pixels
    bucket_bits: int = 12

    def __post_init__(self) -> None:
        if type(self.name) is not str:
            raise ModelError(f"the name of a model must be text, not {self.name!r}")
        for field in ("encoders", "decoders"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        bits = checked_integer("bucket_bits", self.bucket_bits, 1, MAX_BITS)
        object.__setattr__(self, "bucket_bits", bits)
        if not 1 <= len(self.encoders) == len(self.decoders):
            raise ModelError(
                "a model must have an encoder and a decoder for each layer, and one layer or more, "
                f"not {len(self.encoders)} and {len(self.decoders)} of them"
            )
        shape = fixed_shape(self.encoders[0].input_shape)
        if len(shape) != 3 or shape[2] != 1:
            raise ModelError(f"the first encoder must take images of one channel, not {shape}")
        below: tuple[int, ...] = shape
        results: tuple[int, ...] = (*shape[:2], self.pixels.channels)
        for layer, (encoder, decoder) in enumerate(
            zip(self.encoders, self.decoders, strict=True), 1
        ):
            latents = fixed_shape(decoder.input_shape)
            if not latents:
                raise ModelError(f"the latents of layer {layer} must have an axis")
            wanted = below, _doubled(latents), results
            found = encoder.input_shape, encoder.output_shape, decoder.output_shape
            if found != wanted:
                raise ModelError(
                    f"for latents of shape {latents} in layer {layer}, the encoder must make "
                    f"{wanted[1]} of {wanted[0]}, and the decoder return {wanted[2]}, but these "
                    f"are {found[1]}, {found[0]} and {found[2]}"
                )
            below, results = latents, _doubled(latents)

    @property
    def layers(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the layers of latents, the lowest first."""
        return tuple(fixed_shape(decoder.input_shape) for decoder in self.decoders)

    @property
    def image_shape(self) -> tuple[int, int]:
        height, width, _ = fixed_shape(self.encoders[0].input_shape)
        return height, width

    @property
    def highest_pixel(self) -> int:
        return self.pixels.highest

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self.bucket_bits)

    # The model as codecs

    def codec(self, batch: int = 1) -> Codec:
        """The codec of images, uint8 of shape (batch, height, width), in the order of Bit-Swap."""
        return self.hierarchy(batch).bit_swap()

    def hierarchy(self, batch: int = 1) -> Hierarchy:
        """The model, for a batch of images; latents are bucket numbers, shape (batch, ...)."""
        first, *above = self.encoders
        lowest, *others = self.decoders
        posteriors: list[Callable[[Any], Codec]] = [partial(self._latents_given_images, first)]
        likelihoods: list[Callable[[Any], Codec]] = [partial(self._images_given_latents, lowest)]
        for encoder, decoder in zip(above, others, strict=True):
            posteriors.append(partial(self._latents, encoder, False))
            likelihoods.append(partial(self._latents, decoder, True))
        prior = self.buckets.prior((integer(batch, "batch", 0), *self.layers[-1]))
        return Hierarchy(prior, likelihoods, posteriors)

    def _images_given_latents(self, decoder: Network, z: Numbers) -> Codec:
        pixels = self.pixels.codec(decoder(self.buckets.centres[z]))
        return Mapped(pixels, pushed=np.asarray, popped=as_images)

    def _latents_given_images(self, encoder: Network, images: Images) -> Codec:
        return codec_of(encoder(self.pixels.inputs(images)), self.buckets, full_support=False)

    def _latents(self, network: Network, full_support: bool, z: Numbers) -> Codec:
        """The codec of the latents of a layer, given those above or below."""
        return codec_of(network(self.buckets.centres[z]), self.buckets, full_support)

    # The model in floating point

    def elbo(
        self, images: Images, samples: int = 1, rng: np.random.Generator | int | None = None
    ) -> Floats:
        """The evidence lower bound of each image, in bits: the negative cost of bits-back coding.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        samples : int
            The number of posterior samples over which it is averaged.
        rng : numpy.random.Generator or int, optional

        Returns
        -------
        ndarray of float64, shape (n,)
            E_q[log2 p(x, z) - log2 q(z | x)], for continuous latents.
        """
        samples = integer(samples, "samples", 1)
        images = self.checked_images(images)
        generator = np.random.default_rng(rng)
        bounds = np.zeros(len(images))
        for begin in range(0, len(images), BATCH):
            part = slice(begin, begin + BATCH)
            for _ in range(samples):
                bounds[part] += self._sampled_bound(images[part], generator) / samples
        return bounds

    def _sampled_bound(self, images: Images, generator: np.random.Generator) -> Floats:
        """log2 p(x, z) - log2 q(z | x) of one sample z for each image."""
        bits = np.zeros(len(images))
        z: Any = self.pixels.inputs(images)
        for layer, (encoder, decoder) in enumerate(zip(self.encoders, self.decoders, strict=True)):
            below, (means, log2_stds) = z, floats_of(encoder(z))
            noise = generator.standard_normal(means.shape)
            z = means + np.exp2(log2_stds) * noise
            bits -= _log2_density(noise, log2_stds)
            if layer:
                means, log2_stds = floats_of(decoder(z))
                bits += _log2_density((below - means) / np.exp2(log2_stds), log2_stds)
            else:
                bits -= self.pixels.bits(decoder(z), images).sum(axis=(1, 2))
        return bits + _log2_density(z, np.zeros_like(z))

    def sample(self, count: int, rng: np.random.Generator | int | None = None) -> Images:
        """Draw images from the model, shape (count, height, width)."""
        generator = np.random.default_rng(rng)
        z = generator.standard_normal((integer(count, "count", 0), *self.layers[-1]))
        for decoder in self.decoders[:0:-1]:
            means, log2_stds = floats_of(decoder(z))
            z = means + np.exp2(log2_stds) * generator.standard_normal(means.shape)
        return self.pixels.sample(self.decoders[0](z), generator)

    # Identity and file

    def _tables(self) -> Arrays:
        return tables_of(self.buckets)

    def _described(self) -> tuple[Description, Arrays]:
        description: Description = {
            "version": VERSION,
            "name": self.name,
            "pixels": self.pixels.describe(),
            "bucket_bits": self.bucket_bits,
            "posterior_precision": POSTERIOR_PRECISION,
            "log2_stds": list(LOG2_STDS),
            "image_shape": [*self.image_shape, 1],
            "layers": [list(shape) for shape in self.layers],
        }
        arrays: Arrays = {}
        for field, networks in (("encoders", self.encoders), ("decoders", self.decoders)):
            description[field] = []
            for layer, network in enumerate(networks):
                entries, own = network.describe(f"{field}.{layer}")
                description[field].append(entries)
                arrays |= own
        return description, arrays

    @classmethod
    def _from_description(cls, description: Any, arrays: Arrays) -> Self:
        def networks(field: str, shapes: list[Any]) -> tuple[Network, ...]:
            return tuple(
                Network.from_description(entries, arrays, f"{field}.{layer}", tuple(shape))
                for layer, (entries, shape) in enumerate(
                    zip(description[field], shapes, strict=True)
                )
            )

        layers = description["layers"]
        return cls(
            name=description["name"],
            encoders=networks("encoders", [description["image_shape"], *layers[:-1]]),
            decoders=networks("decoders", layers),
            pixels=pixels_from(description["pixels"]),
            bucket_bits=description["bucket_bits"],
        )


def _doubled(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-1], 2 * shape[-1])


def _log2_density(noise: Floats, log2_stds: Floats) -> Floats:
    """Of Gaussians, summed over all latents of each image; `noise` is in units of deviations."""
    each = -(noise**2 + np.log(2 * np.pi)) / (2 * np.log(2)) - log2_stds
    total: Floats = each.reshape(len(each), -1).sum(axis=1)
    return total
