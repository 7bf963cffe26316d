"""Bits back: a stack of bits, and codecs that push on it and pop from it.

Anything that a codec pops which wasn't pushed is a sample, drawn with the bits that lay there. So what is
known of a latent variable's posterior can be taken from the stack before the data are pushed: the
latent costs what it adds to the model, and its freedom costs nothing (`BitsBack`).

`Stack`
    The message, and what it costs (`Rates`).
`Uniform`, `Symbols`, `Bernoulli`, `Categorical`, `BetaBinomial`, `Gaussian`, `Logistic`
    Arrays of symbols.
`Buckets`
    Continuous latents.
`BitsBack`, `Serial`, `Repeat`, `FromIterable`, `Autoregressive`, `Substack`, `Parallel`, `Unfolded`
    Codecs of codecs.

References
----------
Townsend, Bird & Barber 2019, "Practical lossless compression with latent variables using bits back
coding", arXiv:1901.04866.
"""

from ansflow.bitsback.bernoulli import Bernoulli
from ansflow.bitsback.buckets import Buckets
from ansflow.bitsback.codec import ArrayCodec, Codec
from ansflow.bitsback.combinators import (
    Autoregressive,
    BitsBack,
    FromIterable,
    Parallel,
    Repeat,
    Serial,
    Substack,
    Unfolded,
)
from ansflow.bitsback.location_scale import Gaussian, LocationScale, Logistic
from ansflow.bitsback.rates import Mark, Rates
from ansflow.bitsback.stack import Stack
from ansflow.bitsback.tabled import BetaBinomial, Categorical, Symbols
from ansflow.bitsback.uniform import Uniform

__all__ = [
    "ArrayCodec",
    "Autoregressive",
    "Bernoulli",
    "BetaBinomial",
    "BitsBack",
    "Buckets",
    "Categorical",
    "Codec",
    "FromIterable",
    "Gaussian",
    "LocationScale",
    "Logistic",
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
]
