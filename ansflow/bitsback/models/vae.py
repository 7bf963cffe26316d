"""BB-ANS: images coded with a variational autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.bits_back import BitsBack
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.distributions.buckets import MAX_BITS, POSTERIOR_PRECISION, Buckets
from ansflow.bitsback.distributions.location_scale import LocationScale
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

__all__ = ["VAE"]

# Images for which the bound is computed at once.
BATCH = 500


@dataclass(frozen=True, eq=False)
class VAE(StoredModel, ImageModel):
    """A variational autoencoder with networks in fixed point.

    Latents are standard Gaussians under the prior, and independent Gaussians under the posterior,
    discretised into buckets. The encoder's results are the means of all latents, and then the
    binary logarithms of their standard deviations, which are clipped to -6 to 1.

    Parameters
    ----------
    name : str
    encoder : Network
        From images with one channel, shape (height, width, 1), to 2 * latents.
    decoder : Network
        From latents to (height, width, pixels.channels).
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
    Networks of one layer each, whose weights nobody has trained (`ansflow.bitsback.nets.from_torch`
    makes them of trained ones):

    >>> import numpy as np
    >>> from ansflow.bitsback import VAE
    >>> from ansflow.bitsback.models.pixels import BinaryPixels
    >>> from ansflow.bitsback.nets import Dense, Network, Reshape
    >>> def dense(inputs, outputs):
    ...     weights = np.cos(np.arange(inputs * outputs)).reshape(inputs, outputs)
    ...     return Dense.quantized(weights / inputs, np.zeros(outputs), relu=False)
    >>> vae = VAE(
    ...     "tiny",
    ...     encoder=Network([Reshape((16,)), dense(16, 4)], (4, 4, 1)),
    ...     decoder=Network([dense(2, 16), Reshape((4, 4, 1))], (2,)),
    ...     pixels=BinaryPixels(precision=16),
    ... )
    >>> images = vae.sample(50, rng=0)  # uint8, of shape (50, 4, 4)
    >>> message = vae.encode(images)
    >>> np.array_equal(vae.decode(message, 50), images)
    True

    References
    ----------
    Kingma & Welling 2014, arXiv:1312.6114; Townsend, Bird & Barber 2019, arXiv:1901.04866,
    section 3.
    """

    name: str
    encoder: Network
    decoder: Network
    pixels: Pixels
    bucket_bits: int = 12

    def __post_init__(self) -> None:
        if type(self.name) is not str:
            raise ModelError(f"the name of a model must be text, not {self.name!r}")
        bits = checked_integer("bucket_bits", self.bucket_bits, 1, MAX_BITS)
        object.__setattr__(self, "bucket_bits", bits)
        latents = fixed_shape(self.decoder.input_shape)
        shape = fixed_shape(self.encoder.input_shape)
        if len(latents) != 1 or self.encoder.output_shape != (2 * latents[0],):
            raise ModelError(
                f"the encoder must end with twice as many numbers as the decoder takes, but they "
                f"have shapes {self.encoder.output_shape} and {latents}"
            )
        if shape[2:] != (1,) or self.decoder.output_shape != (*shape[:2], self.pixels.channels):
            raise ModelError(
                f"the images must have one channel, and the decoder end with "
                f"{self.pixels.channels} numbers for each pixel, but images have shape {shape}, "
                f"and the decoder's results {self.decoder.output_shape}"
            )

    @property
    def latents(self) -> int:
        return fixed_shape(self.decoder.input_shape)[0]

    @property
    def image_shape(self) -> tuple[int, int]:
        height, width, _ = fixed_shape(self.encoder.input_shape)
        return height, width

    @property
    def highest_pixel(self) -> int:
        return self.pixels.highest

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self.bucket_bits)

    # The model as codecs

    def codec(self, batch: int = 1) -> BitsBack:
        """The codec of images, uint8 of shape (batch, height, width).

        The latents of a batch are drawn with bits from before it; see `chain`.
        """
        prior = self.buckets.prior((integer(batch, "batch", 0), self.latents))
        return BitsBack(prior, self.likelihood, self.posterior)

    def posterior(self, images: Images) -> LocationScale:
        """The codec of bucket numbers, int64 of shape (batch, latents), given images."""
        results = self.encoder(self.pixels.inputs(images))
        return codec_of(results, self.buckets, full_support=False)

    def likelihood(self, buckets: npt.NDArray[np.integer[Any]]) -> Codec:
        """The codec of images, uint8, given bucket numbers, shape (batch, latents)."""
        pixels = self.pixels.codec(self.decoder(self.buckets.centres[buckets]))
        return Mapped(pixels, pushed=np.asarray, popped=as_images)

    # The model in floating point

    def elbo(
        self, images: Images, samples: int = 1, rng: np.random.Generator | int | None = None
    ) -> npt.NDArray[np.float64]:
        """The evidence lower bound of each image, in bits: the negative cost of bits-back coding.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        samples : int
            The number of posterior samples over which the log likelihood is averaged.
        rng : numpy.random.Generator or int, optional

        Returns
        -------
        ndarray of float64, shape (n,)
            E_q[log2 p(x | z)] - KL(q(z | x) || p(z)), for continuous latents.
        """
        samples = integer(samples, "samples", 1)
        images = self.checked_images(images)
        generator = np.random.default_rng(rng)
        parts = []
        for begin in range(0, len(images), BATCH):
            batch = images[begin : begin + BATCH]
            means, log2_stds = floats_of(self.encoder(self.pixels.inputs(batch)))
            stds = np.exp2(log2_stds)
            kl = np.sum((means**2 + stds**2 - 1) / (2 * np.log(2)) - log2_stds, axis=1)
            bits = np.zeros(len(batch))
            for _ in range(samples):
                z = means + stds * generator.standard_normal(means.shape)
                pixels = self.pixels.bits(self.decoder(z), batch)
                bits += pixels.sum(axis=(1, 2)) / samples
            parts.append(-(bits + kl))
        return np.concatenate(parts) if parts else np.zeros(0)

    def sample(self, count: int, rng: np.random.Generator | int | None = None) -> Images:
        """Draw images from the model, shape (count, height, width)."""
        generator = np.random.default_rng(rng)
        z = generator.standard_normal((integer(count, "count", 0), self.latents))
        return self.pixels.sample(self.decoder(z), generator)

    # Identity and file

    def _tables(self) -> Arrays:
        return tables_of(self.buckets)

    def _described(self) -> tuple[Description, Arrays]:
        encoder, arrays = self.encoder.describe("encoder")
        decoder, more = self.decoder.describe("decoder")
        description = {
            "version": VERSION,
            "name": self.name,
            "pixels": self.pixels.describe(),
            "bucket_bits": self.bucket_bits,
            "posterior_precision": POSTERIOR_PRECISION,
            "log2_stds": list(LOG2_STDS),
            "image_shape": list(self.encoder.input_shape),
            "latents": self.latents,
            "encoder": encoder,
            "decoder": decoder,
        }
        return description, arrays | more

    @classmethod
    def _from_description(cls, description: Any, arrays: Arrays) -> Self:
        encoder, decoder = description["encoder"], description["decoder"]
        shape, latents = tuple(description["image_shape"]), (description["latents"],)
        return cls(
            name=description["name"],
            encoder=Network.from_description(encoder, arrays, "encoder", shape),
            decoder=Network.from_description(decoder, arrays, "decoder", latents),
            pixels=pixels_from(description["pixels"]),
            bucket_bits=description["bucket_bits"],
        )
