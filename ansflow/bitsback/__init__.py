"""Bits back: a stack of bits, and codecs that push on it and pop from it.

Anything that a codec pops which wasn't pushed is a sample, drawn with the bits that lay there. So a
latent variable can be drawn from its posterior before the data are pushed: what is known of it
is paid for, and its freedom costs nothing (`BitsBack`).

Integers that are popped are int64 (`ArrayCodec`), of whatever type they were pushed; logits are
natural logarithms.

`encode`, `decode`
    Data to a message, and back.
`Stack`
    The message while it is made, and what it costs (`Rates`).
`Uniform`, `Symbols`, `Bernoulli`, `Categorical`, `BetaBinomial`, `Gaussian`, `Logistic`
    Arrays of symbols.
`Intervals`
    Symbols under a distribution of one's own.
`Buckets`
    Continuous latents.
`BitsBack`, `Serial`, `Repeat`, `FromIterable`, `Autoregressive`, `Substack`, `Parallel`, \
`Unfolded`, `Mapped`, `Certain`
    Codecs of codecs.
`categorical_by_cdf`, `categorical_by_alias`
    Where rANS comes from: symbols as data, slots and columns as latents.
`VAE`, `load`, `register`
    A latent variable model of images, one that comes with ansflow or one's own.

References
----------
Townsend, Bird & Barber 2019, "Practical lossless compression with latent variables using bits back
coding", arXiv:1901.04866.
"""

from ansflow.bitsback.codecs.bernoulli import Bernoulli
from ansflow.bitsback.codecs.buckets import Buckets
from ansflow.bitsback.codecs.codec import ArrayCodec, Codec
from ansflow.bitsback.codecs.intervals import Intervals
from ansflow.bitsback.codecs.latent_categorical import categorical_by_alias, categorical_by_cdf
from ansflow.bitsback.codecs.location_scale import Gaussian, LocationScale, Logistic
from ansflow.bitsback.codecs.tabled import BetaBinomial, Categorical, Symbols
from ansflow.bitsback.codecs.uniform import Uniform
from ansflow.bitsback.combinators import (
    Autoregressive,
    BitsBack,
    Certain,
    FromIterable,
    Mapped,
    Parallel,
    Repeat,
    Serial,
    Substack,
    Unfolded,
)
from ansflow.bitsback.message import decode, encode
from ansflow.bitsback.models.registry import load, register
from ansflow.bitsback.models.vae import VAE
from ansflow.bitsback.stack.rates import Mark, Rates
from ansflow.bitsback.stack.stack import Stack

__all__ = [
    "VAE",
    "ArrayCodec",
    "Autoregressive",
    "Bernoulli",
    "BetaBinomial",
    "BitsBack",
    "Buckets",
    "Categorical",
    "Certain",
    "Codec",
    "FromIterable",
    "Gaussian",
    "Intervals",
    "LocationScale",
    "Logistic",
    "Mapped",
    "Mark",
    "Parallel",
    "Rates",
    "Repeat",
    "Serial",
    "Stack",
    "Substack",
    "Symbols",
    "Unfolded",
    "Uniform",
    "categorical_by_alias",
    "categorical_by_cdf",
    "decode",
    "encode",
    "load",
    "register",
]
