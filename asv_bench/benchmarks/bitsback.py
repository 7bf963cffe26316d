"""Push and pop of each codec, folding, networks, and the cost of images with a VAE.

``python -m benchmarks.bitsback`` (in asv_bench) prints speeds of one thread, and of constriction
where it has the same and is installed, measured in turn in one process; then what codecs take that
are built for each step of a model (`steps`).
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from ansflow.bitsback import (
    Bernoulli,
    BetaBinomial,
    Buckets,
    Categorical,
    Gaussian,
    Hierarchy,
    Logistic,
    Stack,
    Symbols,
    Uniform,
    load,
)
from ansflow.models import Categorical as CategoricalModel

from . import steps

SYMBOLS = 1 << 18
ROUNDS = 7
DIGITS = Path(__file__).parents[2] / "examples" / "mnist_sample.npz"


def codecs(shape):
    """A codec of each kind, for symbols of this shape."""
    rng = np.random.default_rng(0)
    means, scales = rng.normal(0, 30, shape), np.exp(rng.normal(1.5, 1, shape))
    logits = rng.normal(size=(*shape, 3))
    return {
        "uniform 256": Uniform(256, shape),
        "uniform 1000": Uniform(1000, shape),
        "bernoulli": Bernoulli(0.3, shape),
        "bernoulli, each its own": Bernoulli(rng.random(shape)),
        "categorical 256": Symbols(CategoricalModel.from_counts(rng.random(256)), shape),
        "gaussian 201": Gaussian(means, scales, -100, 100),
        "gaussian in buckets": Buckets(12).posterior(
            rng.normal(size=shape), 0.3 + rng.random(shape)
        ),
        "logistic mixture 256": Logistic.mixture(
            logits,
            rng.uniform(0, 255, logits.shape),
            np.exp(rng.normal(1, 1, logits.shape)),
            0,
            255,
        ),
    }


def deep_stack(lanes):
    """A stack with enough random bits for every pop."""
    bits = np.random.default_rng(1).bytes(8 * SYMBOLS + 64 * lanes)
    return Stack.from_initial_bits(bits, lanes)


class PushPop:
    """2^18 symbols, one per lane in each call."""

    params = (list(codecs((1,))), [1, 64, 1024])
    param_names = ("codec", "lanes")

    def setup(self, codec, lanes):
        self.codec = codecs((lanes,))[codec]
        self.stack = deep_stack(lanes)
        self.calls = (SYMBOLS if lanes > 1 else SYMBOLS >> 6) // lanes
        self.x = self.codec.pop(self.stack)
        self.codec.push(self.stack, self.x)

    def time_push(self, codec, lanes):
        stack = self.stack.copy()
        for _ in range(self.calls):
            self.codec.push(stack, self.x)

    def time_pop(self, codec, lanes):
        stack = self.stack.copy()
        for _ in range(self.calls):
            self.codec.pop(stack)


class WholeArrays:
    """2^18 symbols in one call, on 64 lanes."""

    params = list(codecs((1,)))
    param_names = ("codec",)

    def setup(self, codec):
        self.codec = codecs((SYMBOLS,))[codec]
        self.stack = deep_stack(64)
        self.x = self.codec.pop(self.stack)
        self.codec.push(self.stack, self.x)

    def time_pop_push(self, codec):
        self.codec.pop(self.stack)
        self.codec.push(self.stack, self.x)


class Rows:
    """Distributions whose tables are made for each symbol: 784 of them."""

    def setup(self):
        rng = np.random.default_rng(2)
        self.logits = rng.normal(size=(784, 256))
        self.alpha, self.beta = np.exp(rng.normal(size=(2, 784)))
        self.time_categorical()
        self.time_beta_binomial()

    def time_categorical(self):
        Categorical(self.logits)

    def time_beta_binomial(self):
        BetaBinomial(self.alpha, self.beta, 255)


class Folding:
    """1,024 lanes into one."""

    def setup(self):
        self.stack = deep_stack(1024)
        self.folded = self.stack.copy().fold()
        self.time_fold()
        self.time_unfold()

    def time_fold(self):
        self.stack.copy().fold()

    def time_unfold(self):
        self.folded.copy().unfold(1024)

    def track_bits_per_lane(self):
        """The cost of a head beyond its own bits."""
        return (self.folded.bits - self.stack.bits) / 1023

    track_bits_per_lane.unit = "bits"


class Hierarchies:
    """64 chains of correlated Gaussians above rounded ones, with posteriors that are not exact."""

    params = (["BB-ANS", "Bit-Swap"], [1, 2, 4, 8])
    param_names = ("order", "depth")
    shape, pushes = 64, 300

    def setup(self, order, depth):
        buckets, zeros = Buckets(12), np.zeros(self.shape)

        def data_given(z):
            return Gaussian(16 * buckets.centres[z], 12 + zeros, -200, 200)

        def below(z):
            return buckets.likelihood(0.8 * buckets.centres[z], 0.6 + zeros)

        def above(value):
            return buckets.posterior(0.8 * value + 0.15, 0.75 + zeros)

        self.hierarchy = Hierarchy(
            buckets.prior(self.shape),
            [data_given, *[below] * (depth - 1)],
            [lambda x: above(x / 20), *[lambda z: above(buckets.centres[z])] * (depth - 1)],
        )
        self.codec = {"BB-ANS": Hierarchy.bb_ans, "Bit-Swap": Hierarchy.bit_swap}[order](
            self.hierarchy
        )
        rng = np.random.default_rng(4)
        self.data = np.rint(20 * rng.standard_normal((self.pushes, self.shape))).astype(np.int64)
        self.stack = deep_stack(16)
        self.time_push_pop(order, depth)

    def time_push_pop(self, order, depth):
        self.codec.push(self.stack, self.data[0])
        self.codec.pop(self.stack)

    def track_initial_bits(self, order, depth):
        """Those that the first push needs, on one lane."""
        stack = Stack(seed=0)
        self.codec.push(stack, self.data[0])
        return 32 * stack.drawn

    def track_net_over_fresh_bits(self, order, depth):
        """The rate, in percent over that of latents drawn with bits that nothing was pushed on."""
        stack, bits, fresh = deep_stack(16), deep_stack(16), Stack(16)
        starts = [each.mark() for each in (stack, bits, fresh)]
        for x in self.data:
            self.codec.push(stack, x)
            layer = x
            for p, q in zip(self.hierarchy.likelihoods, self.hierarchy.posteriors, strict=True):
                z = q(layer).pop(bits)
                p(z).push(fresh, layer)
                layer = z
            self.hierarchy.prior.push(fresh, layer)
        net, popped, pushed = (
            each.rates(start).net for each, start in zip((stack, bits, fresh), starts, strict=True)
        )
        return 100 * (net / (popped + pushed) - 1)

    track_initial_bits.unit = "bits"
    track_net_over_fresh_bits.unit = "%"


class Images:
    """Five hundred of MNIST's test images: rates and times of BB-ANS and Bit-Swap."""

    params = ["mnist-vae-binary", "mnist-vae", "mnist-bitswap-binary", "mnist-bitswap"]
    param_names = ("model",)
    timeout = 300

    def setup(self, model):
        self.vae = load(model)
        with np.load(DIGITS) as archive:
            self.images = archive["data"]
        if self.vae.pixels.highest == 1:
            random = np.random.default_rng(0).random(self.images.shape)
            self.images = (random < self.images / 255).astype(np.uint8)
        self.message = self.vae.encode(self.images)
        self.time_decode(model)

    def time_encode(self, model):
        self.vae.encode(self.images)

    def time_decode(self, model):
        self.vae.decode(self.message, len(self.images))

    def _rates(self):
        stack = Stack(seed=0)
        start = stack.mark()
        self.vae.chain(len(self.images)).push(stack, self.images)
        return stack.rates(start).per(self.images.size)

    def track_net(self, model):
        return self._rates().net

    def track_total(self, model):
        return self._rates().total

    def track_net_over_elbo(self, model):
        """The overhead in percent, with an uncertainty of about a fifth for so few images."""
        elbo = -self.vae.elbo(self.images, 8, rng=0).sum() / self.images.size
        return 100 * (self._rates().net / elbo - 1)

    track_net.unit = track_total.unit = "bits/pixel"
    track_net_over_elbo.unit = "%"


class ImageNetworks:
    """The networks of the models of digits, for so many images."""

    params = ["mnist-vae-binary", "mnist-vae"]
    param_names = ("model",)

    def setup(self, model):
        vae = load(model)
        self.encoder, self.decoder = vae.encoder, vae.decoder
        with np.load(DIGITS) as archive:
            images = archive["data"]
        self.inputs = vae.pixels.inputs(np.minimum(images, vae.pixels.highest))
        self.latents = np.ones((len(images), vae.latents))

    def time_encoder(self, model):
        self.encoder(self.inputs)

    def time_decoder(self, model):
        self.decoder(self.latents)


def peer_gaussians(means, scales):
    """Push and pop of constriction, a Gaussian for each symbol; None if it is not installed."""
    try:
        import constriction
    except ModuleNotFoundError:
        return None
    family = constriction.stream.model.QuantizedGaussian(-100, 100)
    symbols = np.clip(np.rint(means), -100, 100).astype(np.int32)

    def push():
        coder = constriction.stream.stack.AnsCoder()
        coder.encode_reverse(symbols, family, means, scales)
        return coder

    full = push()
    return push, lambda: full.clone().decode(family, means, scales)


def speed(functions, count):
    """Million symbols per second of each function: medians of rounds of all functions in turn."""
    taken = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(ROUNDS):
        for name, function in functions.items():
            begun = time.perf_counter()
            function()
            taken[name].append(time.perf_counter() - begun)
    return {name: count / median(times) / 1e6 for name, times in taken.items()}


def in_calls(method, stack, calls, *args):
    stack = stack.copy()
    for _ in range(calls):
        method(stack, *args)


def main():
    print("million symbols a second, one symbol a lane at each call: push / pop")
    rows = {}
    for lanes in (64, 1024):
        stack, calls = deep_stack(lanes), SYMBOLS // lanes
        for name, codec in codecs((lanes,)).items():
            x = codec.pop(stack.copy())
            found = speed(
                {
                    "push": partial(in_calls, codec.push, stack, calls, x),
                    "pop": partial(in_calls, codec.pop, stack, calls),
                },
                calls * lanes,
            )
            rows.setdefault(name, []).append(f"{found['push']:7.1f} / {found['pop']:7.1f}")
    print(f"  {'':26} {'64 lanes':>17} {'1024 lanes':>20}")
    for name, columns in rows.items():
        print(f"  {name:26} " + "   ".join(columns))

    rng = np.random.default_rng(3)
    means, scales = rng.normal(0, 30, SYMBOLS), np.exp(rng.normal(1.5, 1, SYMBOLS))
    codec, stack = Gaussian(means, scales, -100, 100), deep_stack(64)
    symbols = np.clip(np.rint(means), -100, 100).astype(np.int64)
    functions = {
        "push": lambda: codec.push(stack.copy(), symbols),
        "pop": lambda: codec.pop(stack.copy()),
    }
    peer = peer_gaussians(means, scales)
    if peer is not None:
        functions |= {"constriction push": peer[0], "constriction pop": peer[1]}
    found = speed(functions, SYMBOLS)
    print("an array of Gaussians in one call, 64 lanes, million symbols a second:")
    for name, value in found.items():
        print(f"  {name:26} {value:7.1f}")
    if peer is not None:
        ratios = [found[way] / found[f"constriction {way}"] for way in ("push", "pop")]
        print(f"  {'ansflow / constriction':26} {ratios[0]:7.1f} push, {ratios[1]:.1f} pop")
    steps.main()


if __name__ == "__main__":
    main()
