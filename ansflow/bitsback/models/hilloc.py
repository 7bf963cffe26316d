"""HiLLoC: photographs of any size under a hierarchical VAE that is fully convolutional."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.buckets import MAX_BITS, POSTERIOR_PRECISION, Buckets
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.message import decode, encode
from ansflow.bitsback.models.colours import ColourPixels
from ansflow.bitsback.models.files.model_file import Arrays, Description
from ansflow.bitsback.models.gaussian_latents import LOG2_STDS, tables_of
from ansflow.bitsback.models.octave import Octave
from ansflow.bitsback.models.octave_codec import OctaveCodec
from ansflow.bitsback.models.phases import COLOURS, PHASES, Images, coarse_of, sizes
from ansflow.bitsback.models.pixels import GreyPixels, pixels_from
from ansflow.bitsback.models.stored_model import StoredModel
from ansflow.bitsback.nets.graph import Graph
from ansflow.bitsback.nets.shapes import checked_integer
from ansflow.bitsback.stack.stack import Stack
from ansflow.buffers import Bytes, BytesLike, bytes_of
from ansflow.errors import CorruptDataError, ModelError, StackUnderflowError, TruncatedError
from ansflow.frame.array_spec import ArraySpec
from ansflow.transforms.layout import Layout

__all__ = ["HiLLoC"]

# The version of HILLOC.md.
VERSION = 1

# Coarse images are made of images until their height and width are no larger than that.
SMALLEST = 4
LEVELS = 256

# What shapes images may have, for messages.
SHAPES = "(height, width), (height, width, 1 or 3) or (n, height, width, 1 or 3)"

MAX_LAYERS = 64

# Bytes for a byte of an image: of distributions, and of activations for each channel of features.
# (There are some six such tensors of 4 bytes for 4 bytes of a grey image, or 12 of a coloured one.)
DISTRIBUTION_BYTES, CHANNEL_BYTES = 100, 6


@dataclass(frozen=True, eq=False)
class HiLLoC(StoredModel):
    """A model of photographs of any size, uint8: coloured ones, and grey ones.

    Coloured images have the shape (height, width, 3), grey ones (height, width, 1) or just (height,
    width); several of a size are (n, height, width, 3) or (n, height, width, 1). To the networks
    grey images have three equal colours, of which the first one is coded.

    An image is coded as octaves: first the image of every 2^n-th row and column, which is small;
    then what is missing to the one of every 2^(n-1)-th, and so on, each by the networks of
    `octave`, whose latents are popped from the bits of pixels that have none. So a single image
    is enough to start bits-back coding: no other bits are needed.

    Parameters
    ----------
    name : str
    octave : Octave

    Raises
    ------
    ModelError
        If the networks do not fit each other.

    Examples
    --------
    The model that comes with ansflow; ``ansflow.compress(image, model="photographs")`` writes a
    file with its message:

    >>> import numpy as np
    >>> from ansflow import bitsback
    >>> model = bitsback.load("photographs")
    >>> row, column = np.mgrid[:16, :24]
    >>> image = np.stack([8 * row, 5 * column, 90 + row], axis=-1).astype(np.uint8)
    >>> message = model.encode(image)
    >>> np.array_equal(model.decode(message, (16, 24, 3)), image)
    True

    References
    ----------
    Townsend, Bird, Kunze & Barber 2020, "HiLLoC: lossless image compression with hierarchical
    latent variable models", arXiv:1912.09953; Reed et al. 2017, "Parallel multiscale
    autoregressive density estimation", arXiv:1703.03664 (octaves); Salimans et al. 2017,
    "PixelCNN++", arXiv:1701.05517 (the colours of a pixel).
    """

    name: str
    octave: Octave

    def __post_init__(self) -> None:
        if type(self.name) is not str:
            raise ModelError(f"the name of a model must be text, not {self.name!r}")

    @property
    def buckets(self) -> Buckets:
        return self.octave.buckets

    # The model as codecs

    def codec(self, shape: Sequence[int], without_latents: int = 0) -> Photographs:
        """The codec of images, uint8 of that shape.

        Parameters
        ----------
        shape : sequence of int
            That of one or several images as above, with sizes of at least 1.
        without_latents : int
            In how many octaves of the last image, from the finest one, latents are not coded, but
            what the prior expects. That takes more bits than with latents, but none that are on
            the stack already.
        """
        octaves = integer(without_latents, "without_latents", 0)
        return Photographs(self.octave, _checked_shape(shape), octaves)

    def encode(self, images: npt.ArrayLike) -> bytes:
        """Encode images as a message.

        Parameters
        ----------
        images : array_like of uint8
            One or several, with a shape as above.

        Returns
        -------
        bytes
            A byte, in how many octaves of the last image latents are not coded: in as many as it
            takes for the stack to hold the bits that the others are popped from. Then a message
            without initial bits (`ansflow.bitsback.encode`).

        Raises
        ------
        ModelError, ValueError
            If the images are of another dtype or shape.
        """
        values = as_array(images, "images")
        if values.dtype != np.uint8:
            raise ModelError(f"images must be uint8, not {values.dtype}")
        octaves = 0
        while True:
            try:
                message = encode(values, self.codec(values.shape, octaves), seed=None)
                return bytes([octaves]) + message
            except StackUnderflowError:
                octaves += 1

    def decode(self, message: BytesLike, shape: Sequence[int]) -> Images:
        """Undo `encode`.

        Parameters
        ----------
        message : bytes-like
        shape : sequence of int
            That of the images.

        Raises
        ------
        TruncatedError, CorruptDataError
            If that is not a message of such images.
        """
        data = bytes_of(message, "message").data
        if not len(data):
            raise TruncatedError("a message of photographs has at least a byte, but there is none")
        images: Images = decode(data[1:], self.codec(shape, data[0]), seed=None)
        return images

    def elbo(self, image: Images, rng: np.random.Generator | int | None = None) -> float:
        """The evidence lower bound of an image in bits: the negative cost of bits-back coding.

        Parameters
        ----------
        image : ndarray of uint8, shape (height, width), (height, width, 1) or (height, width, 3)
        rng : numpy.random.Generator or int, optional
            Latents are sampled once, for all octaves.
        """
        generator = np.random.default_rng(rng)
        bits, finest = 0.0, True
        image = image.reshape(_several(_checked_shape(image.shape))[1:])
        while max(image.shape[:2]) > SMALLEST:
            bits += sum(self.octave.free_energy(image, finest, generator))
            image, finest = coarse_of(image), False
        return -(bits + 8 * image.size)

    # The model as a ContentModel

    @property
    def unit(self) -> int:
        """Bytes of a grey pixel."""
        return 1

    def check_array(self, array: ArraySpec | None) -> None:
        """Raise ModelError if an array does not consist of photographs."""
        if array is None or array.dtype != np.uint8 or array.fortran or not _is_shape(array.shape):
            found = "bytes" if array is None else f"{array.dtype} of shape {array.shape}"
            order = ", in Fortran order" if array is not None and array.fortran else ""
            raise ModelError(
                f"the model {self.name!r} takes arrays of uint8 in C order, of shape {SHAPES}, not "
                f"{found}{order}"
            )

    def memory(self, size: int) -> int:
        """Bytes that it takes at most to code so many, those of the networks included."""
        return (DISTRIBUTION_BYTES + CHANNEL_BYTES * self.octave.width) * size

    def encode_content(self, content: Bytes, layout: Layout) -> bytes:
        """Encode images, or rows of one, as a message; ModelError if that is not what they are."""
        if not _is_shape(layout.shape):
            raise ModelError(f"content of shape {layout.shape} are no photographs")
        return self.encode(content.reshape(layout.shape))

    def decode_content(self, message: memoryview, layout: Layout, out: Bytes) -> None:
        """Fill `out`, uint8[size]; TruncatedError or CorruptDataError if that is not possible."""
        if layout.itemsize != 1 or not _is_shape(layout.shape) or layout.nbytes != out.size:
            raise CorruptDataError(f"content of shape {layout.shape} are no photographs")
        out[:] = self.decode(message, layout.shape).reshape(-1)

    # Identity and file

    def _tables(self) -> Arrays:
        return tables_of(self.buckets)

    def _described(self) -> tuple[Description, Arrays]:
        networks: Description = {}
        arrays: Arrays = {}
        for name, network in self.octave.networks().items():
            networks[name], own = network.describe(name)
            arrays |= own
        description = {
            "version": VERSION,
            "name": self.name,
            "pixels": self.octave.pixels.grey.describe(),
            "bucket_bits": self.buckets.bits,
            "posterior_precision": POSTERIOR_PRECISION,
            "log2_stds": list(LOG2_STDS),
            "layers": len(self.octave.priors),
            "networks": networks,
        }
        return description, arrays

    @classmethod
    def _from_description(cls, description: Any, arrays: Arrays) -> Self:
        networks = {
            name: Graph.from_description(entry, arrays, name)
            for name, entry in description["networks"].items()
        }
        layers = checked_integer("layers", description["layers"], 1, MAX_LAYERS)
        bits = checked_integer("bucket_bits", description["bucket_bits"], 1, MAX_BITS)
        pixels = pixels_from(description["pixels"])
        if not isinstance(pixels, GreyPixels):
            raise ModelError("the pixels of a model of photographs must be grey ones")
        octave = Octave(
            networks["trunk"],
            networks["inference"],
            tuple(networks[f"prior-{i}"] for i in range(layers)),
            tuple(networks[f"posterior-{i}"] for i in range(layers)),
            networks["last"],
            tuple(networks[f"head-{i}"] for i in range(len(PHASES))),
            Buckets(bits),
            ColourPixels(pixels),
        )
        return cls(description["name"], octave)


class Photographs(Codec):
    """Images of one size, octave by octave.

    Parameters
    ----------
    octave : Octave
    shape : tuple of int
        That of one or several images.
    without_latents : int
        In how many octaves of the last image there are no latents.
    """

    def __init__(self, octave: Octave, shape: tuple[int, ...], without_latents: int) -> None:
        self.octave = octave
        self.shape = shape
        self.without_latents = without_latents
        self.several = _several(shape)
        *_, height, width, self.colours = self.several
        # Of each octave from the finest one, and of what is left.
        self.sizes = [(height, width)]
        while max(self.sizes[-1]) > SMALLEST:
            self.sizes.append(sizes(*self.sizes[-1]))

    def push(self, stack: Stack, x: Images) -> None:
        """Push images of the codec's shape, the last one first."""
        if x.shape != self.shape:
            raise ValueError(f"the codec takes images of shape {self.shape}, not {x.shape}")
        several = x.reshape(self.several)
        for i in reversed(range(len(several))):
            image = several[i]
            for octave in self._octaves(i + 1 == len(several)):
                octave.push(stack, image)
                image = coarse_of(image)
            self._smallest().push(stack, image)

    def pop(self, stack: Stack) -> Images:
        images = np.empty(self.shape, np.uint8)
        several = images.reshape(self.several)
        for i in range(len(several)):
            image = self._smallest().pop(stack).astype(np.uint8)
            for octave in reversed(self._octaves(i + 1 == len(several))):
                image = octave.pop(stack, image)
            several[i] = image
        return images

    def _octaves(self, is_last: bool) -> list[OctaveCodec]:
        """From the finest one."""
        without = self.without_latents if is_last else 0
        return [
            OctaveCodec(
                self.octave, (*size, self.colours), finest=i == 0, with_latents=i >= without
            )
            for i, size in enumerate(self.sizes[:-1])
        ]

    def _smallest(self) -> Uniform:
        return Uniform(LEVELS, (*self.sizes[-1], self.colours))


def _is_shape(shape: Sequence[int]) -> bool:
    return len(shape) == 2 or (len(shape) in (3, 4) and shape[-1] in (1, COLOURS))


def _several(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """As (n, height, width, colours)."""
    image = (*shape, 1) if len(shape) == 2 else shape[-3:]
    height, width, colours = image
    return math.prod(shape) // math.prod(image), height, width, colours


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    if not _is_shape(shape) or min(shape) < 1:
        raise ValueError(
            f"images must have shape {SHAPES}, with sizes of at least 1, not {tuple(shape)}"
        )
    return tuple(shape)
