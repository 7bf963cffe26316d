"""
Bit-Swap against BB-ANS
=======================

Deep models have several layers of latent variables. BB-ANS pops all of them before it pushes
anything, so it needs initial bits for all layers. Bit-Swap (F. Kingma, Abbeel & Ho 2019,
arXiv:1905.06845) takes the same steps in another order, and needs bits for the first two layers
only. The net rate is the same: the bound, which is known exactly here.
"""

# %%

# region Imports and options
from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

from ansflow.bitsback import Buckets, Codec, Gaussian, Hierarchy, Stack

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Initial bits of Bit-Swap and of BB-ANS.")
parser.add_argument("--figure", type=Path, help="where to save the figure of the initial bits")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

# %%
# A model whose bound is known
# ----------------------------
# 64 Markov chains from the top layer down, all of whose layers are standard Gaussians with a
# correlation of 0.8 to the next, and x, 20 times the lowest one, rounded:
#
#     z_L  ->  ...  ->  z_2  ->  z_1  ->  x
#
# The posteriors q(z_1 | x), q(z_2 | z_1), ... are Gaussians as well, by the same correlation. With
# these, the bound is H(X) itself. A trained model is never that good, so there is also a second set
# of posteriors, whose means and deviations are wrong on purpose.

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


samples = np.random.default_rng(0).standard_normal((COUNT, CHAINS))
data = np.clip(np.rint(SCALE * samples), -200, 200).astype(np.int64)
ORDERS = {"BB-ANS": Hierarchy.bb_ans, "Bit-Swap": Hierarchy.bit_swap}

# %%
# Two orders of the same steps
# ----------------------------
# Here is what happens to the stack when the first x, 64 numbers, is pushed under four layers. Each
# codec is wrapped, so that it notes what it did, and how long the stack was then.
#
# BB-ANS walks up to the top with pops alone, and comes back with pushes. Bit-Swap pushes x as soon
# as z_1 is known, as x depends on z_1 alone; pushes z_1 as soon as z_2 is known; and so on. So each
# layer is drawn with bits that the layer below has just brought.


# region Codecs that note what they do
class Noted(Codec):
    """Another codec that notes its name, and the bits on the stack after it has run."""

    def __init__(self, codec: Codec, name: str, notes: list[tuple[str, float]]) -> None:
        self.codec, self.name, self.notes = codec, name, notes

    def push(self, stack: Stack, x: np.ndarray) -> None:
        self.codec.push(stack, x)
        self.notes.append((f"push {self.name}", stack.bits - 32 * stack.drawn))

    def pop(self, stack: Stack) -> np.ndarray:
        x = self.codec.pop(stack)
        self.notes.append((f"pop {self.name}", stack.bits - 32 * stack.drawn))
        return x


def noted(model: Hierarchy, notes: list[tuple[str, float]]) -> Hierarchy:
    names = ["x", *(f"z{layer}" for layer in range(1, model.depth + 1))]

    def wrap(make, name):
        return lambda value: Noted(make(value), name, notes)

    return Hierarchy(
        Noted(model.prior, names[-1], notes),
        [wrap(make, name) for make, name in zip(model.likelihoods, names, strict=False)],
        [wrap(make, name) for make, name in zip(model.posteriors, names[1:], strict=True)],
    )


# endregion


steps = {}
for name, order in ORDERS.items():
    notes: list[tuple[str, float]] = []
    stack = Stack(seed=0)
    empty = stack.bits
    order(noted(chains(4), notes)).push(stack, data[0])
    steps[name] = [(step, bits - empty) for step, bits in notes]
    assert np.array_equal(order(chains(4)).pop(stack), data[0])
    assert stack == Stack(seed=0)
    signs = " ".join(step.replace("pop ", "-").replace("push ", "+") for step, _ in steps[name])
    print(f"{name:9} {signs}   (- pops, + pushes)")

# region Drawing
BLUE, ORANGE = "#0072B2", "#D55E00"

if plt:
    figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
    for axes, (name, trace) in zip(panels, steps.items(), strict=True):
        before = 0.0
        for place, (step, bits) in enumerate(trace):
            pop = step.startswith("pop")
            look = {"color": ORANGE, "hatch": "//"} if pop else {"color": BLUE}
            axes.bar(place, bits - before, 0.8, before, edgecolor="white", **look)
            axes.text(place, max(bits, before) + 40, step.split()[1], ha="center", size=9)
            before = bits
        lowest = min(bits for _, bits in trace)
        axes.axhline(0, color="black", lw=0.8)
        axes.axhline(lowest, color="black", ls=":")
        axes.text(
            len(trace) - 0.5, lowest - 20, f"{-lowest:,.0f} initial bits", ha="right", va="top"
        )
        axes.set_title(name, loc="left")
        axes.set(xticks=[], xlabel="steps", ylim=(1.12 * -3000, 700))
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    panels[0].set_ylabel("bits on the stack, from where it was")
    panels[1].bar(
        0, 0, color=ORANGE, hatch="//", edgecolor="white", label="pop, from the posterior"
    )
    panels[1].bar(0, 0, color=BLUE, label="push, under the model")
    panels[1].legend(frameon=False, loc="lower center")
# endregion

# %%
# Initial bits against depth
# --------------------------
# The first x needs them; all that follow find enough on the stack. If nothing else is to be sent,
# initial bits are noise that takes part in the message, and they matter where a message has few
# data: one photograph, say. They are counted in words of 32 bits, as the stack takes them.


# region Measuring
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


# endregion


initial: dict[str, list[int]] = {name: [] for name in ORDERS}
ratios: dict[str, list[list[float]]] = {name: [] for name in ORDERS}
for layers in LAYERS:
    exact, wrong = chains(layers), chains(layers, offset=0.15, stretch=1.25)
    bounds = information(data), bound(wrong, data)
    for name, order in ORDERS.items():
        first, net = coded(order(exact), data)
        _, other = coded(order(wrong), data)
        initial[name].append(first)
        ratios[name].append([net / bounds[0], other / bounds[1]])

# region Table
print(f"{'':6}{'initial bits':^18}  {'net rate, relative to the bound':^32}")
print(
    "layers" + "".join(f"{name:>9}" for name in ORDERS) + "".join(f"{name:^17}" for name in ORDERS)
)
print(f"{'':24}" + f"{'exact':>9}{'wrong':>8}" * 2)
for i, layers in enumerate(LAYERS):
    row = f"{layers:<6}" + "".join(f"{initial[name][i]:9,}" for name in ORDERS)
    for name in ORDERS:
        row += f"{ratios[name][i][0]:9.4f}{ratios[name][i][1]:8.4f}"
    print(row)
print("All numbers were restored, and so were the stacks, bit for bit.")
# endregion

# region Drawing
if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for name, colour, marker in (("BB-ANS", ORANGE, "s"), ("Bit-Swap", BLUE, "o")):
        left.plot(LAYERS, initial[name], color=colour, marker=marker, label=name)
        for kind, fill in enumerate((colour, "white")):
            right.plot(
                np.array(LAYERS) + (0.12 if name == "Bit-Swap" else -0.12),
                [100 * (both[kind] - 1) for both in ratios[name]],
                color=colour,
                marker=marker,
                mfc=fill,
                ls="",
                label=f"{name}, {('exact', 'wrong')[kind]} posterior",
            )
    left.set(xlabel="layers of 64 latents", ylabel="initial bits of 64 numbers", ylim=(0, None))
    right.axhline(0, color="black", lw=0.8)
    right.set(xlabel="layers of 64 latents", ylabel="net rate beyond the bound, in %", ylim=(-2, 2))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    if options.figure:
        figure.savefig(options.figure, dpi=120)
        print(f"The figure is in {options.figure}")
# endregion

# %%
# With exact posteriors both orders are at the bound within a ten-thousandth. With wrong ones the
# bound itself is estimated by samples, so that the points scatter around it.
#
# That Bit-Swap stays there when the posterior is wrong is no matter of course: bits that have just
# been pushed are not random enough to draw from. So ansflow draws from a *stirred* stack, whose
# bits are mixed, reversibly (``Stack.stirred``).

# region For programs
if options.json:
    keys = {"BB-ANS": "bbans", "Bit-Swap": "bitswap"}
    columns = {"starting_bits": initial, "net_over_bound": ratios}
    renamed = {
        column: {keys[name]: values for name, values in found.items()}
        for column, found in columns.items()
    }
    print(json.dumps(renamed))
# endregion
