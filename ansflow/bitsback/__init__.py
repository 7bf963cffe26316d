"""Bits-back coding: a stack of bits, and codecs that push data on it and pop them from it.

A pop of something that was not pushed is a sample, drawn with the bits of the stack. So a latent
variable can be sampled from its posterior before the data are pushed, and the bits of the sample
come back when the data are popped: latents cost no more than what they say about the data
(`BitsBack`).

All logits and log-odds are natural logarithms, as in PyTorch, JAX and SciPy. Integers are popped as
int64 (`ArrayCodec`), whatever type they had when they were pushed.

`encode`, `decode`
    Data to a message, which is bytes, and back.
`Stack`
    What codecs work on. Its `Rates` say what data cost.
`Uniform`, `Symbols`, `Bernoulli`, `Categorical`, `BetaBinomial`, `Gaussian`, `Logistic`
    Distributions of arrays of integers.
`Intervals`
    Distributions that users define by two functions.
`Buckets`, `ConditionalBuckets`
    Continuous latents, discretised.
`BitsBack`, `Serial`, `Repeat`, `FromIterable`, `Autoregressive`, `Scan`, `Substack`, `Parallel`, \
`Unfolded`, `Mapped`, `Certain`
    Codecs made of other codecs.
`Hierarchy`
    Layers of latents, coded by BB-ANS or by Bit-Swap.
`Diffusion`, `Schedule`
    Data to which noise is added step by step, as such layers.
`Multiset`, `IntegerMultiset`, `IntegerSet`, `SymbolMultiset`
    Data whose order carries no information.
`StateSpace`, `StateSpaceModel`, `FiniteStates`, `HiddenMarkov`, `LinearGaussian`
    Sequences with a latent for each item: state-space models.
`VAE`, `HierarchicalVAE`, `HiLLoC`, `ImageDiffusion`, `load`, `register`
    Latent-variable models of images: those that come with ansflow, and those of users.
`Permutation`, `WithoutReplacement`, `Clusters`
    Orders, sequences that are drawn from an urn, and what belongs together.
`Graph`, `RandomEdges`, `ErdosRenyi`, `WithValues`, `Shuffled`
    Graphs with labelled vertices, and without: random edge coding and shuffle coding.
`compress_graphs`, `compress_clusters`, `compress_permutation`, and `decompress_...` of each
    The same as bytes that say what they are, with a checksum.
`categorical_by_cdf`, `categorical_by_alias`
    rANS itself as a latent-variable model: the latents are slots, or columns of an alias table.

README.md of this directory, in the repository, says where things are and where new ones belong.

References
----------
Townsend, Bird & Barber 2019, "Practical lossless compression with latent variables using bits back
coding", arXiv:1901.04866.
"""

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.autoregressive import Autoregressive
from ansflow.bitsback.combinators.bits_back import BitsBack
from ansflow.bitsback.combinators.certain import Certain
from ansflow.bitsback.combinators.diffusion import Diffusion
from ansflow.bitsback.combinators.hierarchy import Hierarchy
from ansflow.bitsback.combinators.lanes import Parallel, Substack, Unfolded
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.combinators.scan import Scan
from ansflow.bitsback.combinators.schedule import Schedule
from ansflow.bitsback.combinators.serial import FromIterable, Repeat, Serial
from ansflow.bitsback.combinators.state_space import StateSpace, StateSpaceModel
from ansflow.bitsback.distributions.array_codec import ArrayCodec
from ansflow.bitsback.distributions.bernoulli import Bernoulli
from ansflow.bitsback.distributions.beta_binomial import BetaBinomial
from ansflow.bitsback.distributions.buckets import Buckets
from ansflow.bitsback.distributions.categorical import Categorical
from ansflow.bitsback.distributions.conditional_buckets import ConditionalBuckets
from ansflow.bitsback.distributions.discretised import Gaussian, Logistic
from ansflow.bitsback.distributions.intervals import Intervals
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.distributions.symbols import Symbols
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.message import decode, encode
from ansflow.bitsback.models.finite_states import FiniteStates
from ansflow.bitsback.models.hidden_markov import HiddenMarkov
from ansflow.bitsback.models.hierarchical_vae import HierarchicalVAE
from ansflow.bitsback.models.hilloc import HiLLoC
from ansflow.bitsback.models.image_diffusion import ImageDiffusion
from ansflow.bitsback.models.latent_categorical import categorical_by_alias, categorical_by_cdf
from ansflow.bitsback.models.linear_gaussian import LinearGaussian
from ansflow.bitsback.models.registry import load, register
from ansflow.bitsback.models.vae import VAE
from ansflow.bitsback.stack.rates import Mark, Rates
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.clusters import Clusters
from ansflow.bitsback.structures.erdos_renyi import ErdosRenyi
from ansflow.bitsback.structures.graph import Graph
from ansflow.bitsback.structures.integer_multiset import IntegerMultiset, IntegerSet
from ansflow.bitsback.structures.messages import (
    compress_clusters,
    compress_graphs,
    compress_permutation,
    decompress_clusters,
    decompress_graphs,
    decompress_permutation,
)
from ansflow.bitsback.structures.multiset import Multiset
from ansflow.bitsback.structures.random_edges import RandomEdges
from ansflow.bitsback.structures.shuffled import Shuffled
from ansflow.bitsback.structures.symbol_multiset import SymbolMultiset
from ansflow.bitsback.structures.with_values import WithValues
from ansflow.bitsback.structures.without_replacement import Permutation, WithoutReplacement

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
    "Clusters",
    "Codec",
    "ConditionalBuckets",
    "Diffusion",
    "ErdosRenyi",
    "FiniteStates",
    "FromIterable",
    "Gaussian",
    "Graph",
    "HiLLoC",
    "HiddenMarkov",
    "HierarchicalVAE",
    "Hierarchy",
    "ImageDiffusion",
    "IntegerMultiset",
    "IntegerSet",
    "Intervals",
    "LinearGaussian",
    "LocationScale",
    "Logistic",
    "Mapped",
    "Mark",
    "Multiset",
    "Parallel",
    "Permutation",
    "RandomEdges",
    "Rates",
    "Repeat",
    "Scan",
    "Schedule",
    "Serial",
    "Shuffled",
    "Stack",
    "StateSpace",
    "StateSpaceModel",
    "Substack",
    "SymbolMultiset",
    "Symbols",
    "Unfolded",
    "Uniform",
    "WithValues",
    "WithoutReplacement",
    "categorical_by_alias",
    "categorical_by_cdf",
    "compress_clusters",
    "compress_graphs",
    "compress_permutation",
    "decode",
    "decompress_clusters",
    "decompress_graphs",
    "decompress_permutation",
    "encode",
    "load",
    "register",
]
