"""Rates of all systems with latent variables, on small data, each against its ideal.

The ideal is the negative evidence lower bound or the variational bound where the evidence is not
known, and else the code length of the data under the model: of sequences by the forward algorithm
or the Kalman filter, of what has no order without the bits of the order.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ansflow.bitsback import (
    Buckets,
    Clusters,
    Codec,
    Diffusion,
    Gaussian,
    Hierarchy,
    IntegerMultiset,
    LinearGaussian,
    RandomEdges,
    Schedule,
    Shuffled,
    Stack,
    StateSpace,
    load,
)
from ansflow.bitsback.models.pretrained import PRETRAINED

from .bitsback import DIGITS
from .graphs import grown
from .state_space import hidden_markov


class Case(NamedTuple):
    """What is coded, its ideal in bits, and how many items that is for."""

    codec: Codec[Any]
    data: Any
    ideal: float
    items: int


def digits(name: str) -> Case:
    """A hundred of MNIST's digits under a model that comes with ansflow."""
    if name not in PRETRAINED:
        raise NotImplementedError  # before it came, which asv takes for "left out"
    model = load(name)
    with np.load(DIGITS) as archive:
        images = archive["data"][:100]
    return Case(model.chain(100), images, -model.elbo(images, 16, rng=0).sum(), images.size)


def hilloc(colours: slice = slice(None)) -> Case:
    """Waves with noise, 64 x 64 pixels."""
    model = load("photographs")
    y, x = np.mgrid[:64, :64]
    grey = 128 + 50 * np.sin(x / 9) + 40 * np.cos(y / 7)
    noise = np.random.default_rng(0).normal(0, 3, (64, 64, 3))
    photo = np.clip(np.rint(grey[..., np.newaxis] + noise), 0, 255).astype(np.uint8)[..., colours]
    ideal = -np.mean([model.elbo(photo, rng=seed) for seed in range(4)])
    return Case(model.codec(photo.shape), photo, ideal, photo.size)


def bit_swap() -> Case:
    """Numbers under four layers of Gaussians, whose posteriors are exact."""
    buckets, shape = Buckets(12), 4096
    rho, scale = 0.8, 20
    rest = np.sqrt(1 - rho**2)

    def data_given(z):
        return Gaussian(scale * rho * buckets.centres[z], scale * rest + np.zeros(shape), -200, 200)

    def below(z):
        return buckets.likelihood(rho * buckets.centres[z], rest + np.zeros(shape))

    def above(value):
        return buckets.posterior(rho * value, rest + np.zeros(shape))

    hierarchy = Hierarchy(
        buckets.prior(shape),
        [data_given, below, below, below],
        [lambda x: above(x / scale), *[lambda z: above(buckets.centres[z])] * 3],
    )
    x = np.rint(scale * np.random.default_rng(0).standard_normal(shape)).astype(np.int64)
    stack = Stack(seed=0)
    start = stack.mark()
    Gaussian(np.zeros(shape), np.full(shape, float(scale)), -200, 200).push(stack, x)
    return Case(hierarchy.bit_swap(), x, stack.rates(start).net, shape)


def diffusion() -> Case:
    """Gaussian numbers, whose best denoiser is linear, in 50 steps."""
    deviation, levels, size = 0.3, 256, 1 << 14
    schedule = Schedule.log_linear(50, (0.6 / levels) ** 2, 0.9999)
    variances = schedule.variances
    gains = np.sqrt(1 - variances) * deviation**2
    gains /= (1 - variances) * deviation**2 + variances
    model = Diffusion(schedule, lambda z, t: gains[t - 1] * z, size, levels)
    numbers = np.random.default_rng(0).normal(0, deviation, size)
    x = np.clip(np.rint((numbers + 1) * (levels - 1) / 2), 0, levels - 1).astype(np.int64)
    return Case(model.bit_swap(), x, np.mean([model.vlb(x, seed) for seed in range(8)]), size)


def markov() -> Case:
    """Symbols of a hidden Markov model of 16 states."""
    codec, x = hidden_markov(16, 4096)
    return Case(codec, x, codec.bits(x), x.size)


def kalman() -> Case:
    """Three integers a step, of two latents that turn."""
    turn = [[0.93, -0.29], [0.29, 0.93]]
    seen = [[8.0, 3.0], [0.0, 6.0], [5.0, -5.0]]
    noise, spread = [10.0, 12.0, 9.0], [4.0, 3.0]
    model = LinearGaussian(turn, [1.0, 0.5], seen, noise, spread, low=-1000, high=1000, cell=0.25)
    codec = StateSpace(model, 100)
    x = codec.pop(Stack(seed=1))
    return Case(codec, x, model.bits(x), 300)


def multiset() -> Case:
    """Integers of 24 bits in no order."""
    x = np.random.default_rng(0).integers(0, 1 << 24, 10_000)
    codec = IntegerMultiset(1 << 24, x.size)
    return Case(codec, x, codec.bits(x), x.size)


def clusters() -> Case:
    """Which of ten thousand elements belong together."""
    x = np.random.default_rng(0).integers(0, 1000, 10_000)
    codec = Clusters(x.size)
    return Case(codec, x, codec.bits(x), x.size)


def edges() -> Case:
    """The edges of a graph, in no order."""
    graph = grown(10_000)
    codec = RandomEdges(graph.n, 10_000)
    return Case(codec, graph, codec.bits(graph), 10_000)


def shuffle_coding() -> Case:
    """The same graph without the labels of its vertices."""
    _, graph, ideal, items = edges()
    codec = Shuffled(RandomEdges(graph.n, items))
    return Case(codec, graph, ideal - codec.discount(graph).bits, items)


SYSTEMS = {
    "BB-ANS, digits": partial(digits, "mnist-vae"),
    "Bit-Swap, digits": partial(digits, "mnist-bitswap"),
    "Bit-Swap, Gaussians": bit_swap,
    "HiLLoC, waves": hilloc,
    "HiLLoC, grey waves": partial(hilloc, slice(1)),
    "diffusion, Gaussians": diffusion,
    "hidden Markov model": markov,
    "Kalman filter": kalman,
    "multiset": multiset,
    "clusters": clusters,
    "random edge coding": edges,
    "shuffle coding": shuffle_coding,
}


class Systems:
    """What the data add to a stack, and the initial bits."""

    params = list(SYSTEMS)
    param_names = ("system",)
    timeout = 300

    def setup(self, system):
        self.case = SYSTEMS[system]()
        stack = Stack(seed=0)
        start = stack.mark()
        self.case.codec.push(stack, self.case.data)
        self.net, self.initial = stack.rates(start).net, 32 * stack.drawn

    def track_net(self, system):
        return self.net / self.case.items

    def track_over_ideal(self, system):
        return 100 * (self.net / self.case.ideal - 1)

    def track_initial_bits(self, system):
        return self.initial / self.case.items

    track_net.unit = track_initial_bits.unit = "bits an item"
    track_over_ideal.unit = "%"
