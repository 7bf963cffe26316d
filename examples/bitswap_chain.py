"""Bit-Swap against BB-ANS on models with up to 8 layers of latents, whose bound is known exactly.

H(X) = H(X, Z) - H(Z | X): to push x and its latents takes H(X, Z) bits, and to pop the latents
before gives H(Z | X) back. BB-ANS pops the latents of all layers before anything is pushed.
Bit-Swap (F. Kingma, Abbeel & Ho 2019, arXiv:1905.06845) pops those of a layer when the layer below
has just been pushed, so only the first layers need initial bits. Plots the initial bits against the
number of layers, if matplotlib is installed (``pip install "ansflow[plot]"``).

The model: 64 Markov chains from the top layer down, all of whose layers are standard Gaussians with
a correlation of 0.8 to the next, and x, 20 times the lowest one, rounded. The posteriors are
Gaussians, too: once exact, then with means and deviations that are wrong on purpose.

initial bits    what the first x needs: these have to be sent, too, if they mean nothing
exact           the net rate with exact posteriors, relative to the information of x
wrong           the net rate with wrong posteriors, relative to their evidence lower bound
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

from ansflow.bitsback import Buckets, Codec, Gaussian, Hierarchy, Stack

CHAINS, COUNT = 64, 160
LAYERS = range(1, 9)
SCALE, CORRELATION, DEVIATION = 20, 0.8, 0.6
BUCKETS = Buckets(12)
ZEROS = np.zeros(CHAINS)


def chains(layers: int, offset: float = 0.0, stretch: float = 1.0) -> Hierarchy:
    """The model. Posteriors have means larger by `offset`, and deviations wider by `stretch`."""

    def x_given(z: np.ndarray) -> Codec:
        mean = SCALE * CORRELATION * BUCKETS.centres[z]
        return Gaussian(mean, SCALE * DEVIATION + ZEROS, -200, 200)

    def below(z: np.ndarray) -> Codec:
        return BUCKETS.likelihood(CORRELATION * BUCKETS.centres[z], DEVIATION + ZEROS)

    def above(value: np.ndarray) -> Codec:
        return BUCKETS.posterior(CORRELATION * value + offset, stretch * DEVIATION + ZEROS)

    return Hierarchy(
        prior=BUCKETS.prior(CHAINS),
        likelihoods=[x_given, *[below] * (layers - 1)],
        posteriors=[
            lambda x: above(x / SCALE),
            *[lambda z: above(BUCKETS.centres[z])] * (layers - 1),
        ],
    )


def information(data: np.ndarray) -> float:
    """-log2 p(x), in closed form: x is a rounded Gaussian."""
    edges = np.stack([data - 0.5, data + 0.5]).ravel() / SCALE / math.sqrt(2)
    low, high = np.array([math.erf(edge) for edge in edges]).reshape(2, -1)
    return float(-np.log2((high - low) / 2).sum())


def bound(hierarchy: Hierarchy, data: np.ndarray) -> float:
    """The negative evidence lower bound, with latents that are drawn from random bits."""
    random = np.random.default_rng(1).bytes(2 * hierarchy.depth * data.size)
    bits, stack = Stack.from_initial_bits(random), Stack()
    starts = bits.mark(), stack.mark()
    for x in data:
        layer = x
        for p, q in zip(hierarchy.likelihoods, hierarchy.posteriors, strict=True):
            z = q(layer).pop(bits)
            p(z).push(stack, layer)
            layer = z
        hierarchy.prior.push(stack, layer)
    return bits.rates(starts[0]).net + stack.rates(starts[1]).net


def coded(codec: Codec, data: np.ndarray) -> tuple[int, float]:
    """Initial bits of the first x, and the net rate of all."""
    stack = Stack(seed=0)
    start = stack.mark()
    codec.push(stack, data[0])
    initial = 32 * stack.drawn
    for x in data[1:]:
        codec.push(stack, x)
    net = stack.rates(start).net
    for x in data[::-1]:
        assert np.array_equal(codec.pop(stack), x)
    assert stack == Stack(seed=0)
    return initial, net


def draw(file: Path, initial: dict[str, list[int]]) -> None:
    """Plot initial bits against layers."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name, bits in initial.items():
        axes.plot(LAYERS, bits, marker="o", label=name)
    axes.set(xlabel="layers of latents", ylabel=f"initial bits of {CHAINS} numbers", ylim=(0, None))
    axes.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path, default=Path("bitswap_chain.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    samples = np.random.default_rng(0).standard_normal((COUNT, CHAINS))
    data = np.clip(np.rint(SCALE * samples), -200, 200).astype(np.int64)
    orders = {"BB-ANS": Hierarchy.bb_ans, "Bit-Swap": Hierarchy.bit_swap}
    initial: dict[str, list[int]] = {name: [] for name in orders}
    ratios: dict[str, list[list[float]]] = {name: [] for name in orders}
    for layers in LAYERS:
        exact, wrong = chains(layers), chains(layers, offset=0.15, stretch=1.25)
        bounds = information(data), bound(wrong, data)
        for name, order in orders.items():
            first, net = coded(order(exact), data)
            _, other = coded(order(wrong), data)
            initial[name].append(first)
            ratios[name].append([net / bounds[0], other / bounds[1]])

    print(f"{'':8} " + "   ".join(f"{name:^24}" for name in orders))
    print(
        f"{'layers':8} " + "   ".join(f"{'initial bits':>12} {'exact'} {'wrong'}" for _ in orders)
    )
    for i, layers in enumerate(LAYERS):
        row = [
            f"{initial[name][i]:12,} {ratios[name][i][0]:5.3f} {ratios[name][i][1]:5.3f}"
            for name in orders
        ]
        print(f"{layers:<8} " + "   ".join(row))
    print("All numbers were restored, and so were the stacks, bit for bit.")
    draw(options.figure, initial)
    if options.json:
        keys = {"BB-ANS": "bbans", "Bit-Swap": "bitswap"}
        columns = {"starting_bits": initial, "net_over_bound": ratios}
        print(
            json.dumps(
                {
                    column: {keys[name]: values for name, values in found.items()}
                    for column, found in columns.items()
                }
            )
        )


if __name__ == "__main__":
    main()
