"""
Diffusion on digits
===================

A diffusion model makes pictures out of noise. Turned round, it is a code for pictures: noise is
popped from the stack, and what takes the noise away again says what the picture costs. Here are
digits along the chain, and how many bits each step takes.
"""

# %%
# H(X) = H(X, Z) - H(Z | X), where Z are T latents, each noisier than the one before. To pop them
# from the noise gives H(Z | X) back, to push them and x under the model, which denoises, takes
# H(X, Z): on average the variational bound (Ho et al. 2020, arXiv:2006.11239; D. Kingma et al.
# 2021, arXiv:2107.00630).

# region Imports and options
import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

import ansflow
from ansflow.bitsback import Codec, Diffusion, ImageDiffusion, Rates, Schedule, Stack, register

try:
    from matplotlib import pyplot as plt
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

HERE = Path(__file__).parent if "__file__" in globals() else Path()  # of a notebook, or none

parser = argparse.ArgumentParser(description="Diffusion models against their variational bounds.")
parser.add_argument("--numbers", type=int, help="of the toy: 2^15, or 2^17 with --json")
parser.add_argument("--digits", type=int, help="how many; all 360 by default")
parser.add_argument("--passes", type=int, help="over the digits: one, or four with --json")
parser.add_argument("--model", type=Path, default=HERE / "diffusion_digits.npz")
parser.add_argument("--figure", type=Path, help="where to save the figure of the chain")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])
count = options.numbers or 1 << (17 if options.json else 15)
passes = options.passes or (4 if options.json else 1)
# endregion

# %%
# The digits are the last 360 of those that come with scikit-learn, 8 x 8 pixels of 17 levels, by
# writers that the model has not seen. The *denoiser* is a network of three layers in integers, made
# by ``train_diffusion_digits.py``. It takes a noisy picture and how noisy it is, and guesses the
# picture, by sums and products that are the same on all machines. It is a model of images like any
# other: once it is registered, frames find it by its name.

model = ImageDiffusion.load(options.model)
register(model)
schedule, levels_of_grey, denoiser = model.schedule, model.levels, model.denoise
with np.load(HERE / "digits_sample.npz") as arrays:
    images = arrays["data"]
steps, shown, images = len(schedule), images[[0, 24, 108]], images[: options.digits]

blob = ansflow.compress(images, model="digits")
assert np.array_equal(ansflow.decompress(blob), images)
plain = 8 * len(ansflow.compress(images)) / images.size
print(f"{len(images)} digits as a frame: {8 * len(blob) / images.size:.3f} bits a pixel by")
print(f"diffusion, {plain:.3f} without a model")

# %%
# The chain. Above, noise is added to digits, which no model is needed for. Below, digits are popped
# from a stack where nobody has pushed them, so that they are samples: z_T is noise, and each step
# down takes what the denoiser guesses a little more seriously.

ORDER = [t for t in (100, 80, 65, 50, 35, 20, 8, 1) if t <= steps]


def levels(images: np.ndarray) -> np.ndarray:
    """Pixels from -1 to 1."""
    return 2 / (levels_of_grey - 1) * images - 1


def noisy(images: np.ndarray, t: int, rng: np.random.Generator) -> np.ndarray:
    """A sample of z_t of digits."""
    variance = schedule.variances[t - 1]
    noise = rng.standard_normal(images.shape)
    return np.sqrt(1 - variance) * levels(images) + np.sqrt(variance) * noise


class Watched:
    """A denoiser that keeps what it is given."""

    def __init__(self) -> None:
        self.seen: dict[int, np.ndarray] = {}

    def __call__(self, z: np.ndarray, t: int) -> np.ndarray:
        self.seen[t] = z
        return denoiser(z, t)


watched = Watched()
chain = Diffusion(schedule, watched, shown.shape, levels_of_grey)
sampled = chain.bit_swap().pop(Stack(seed=0))

rng = np.random.default_rng(0)
chains = {
    "noise is added to digits, from right to left": [
        noisy(shown, t, rng) if t > 1 else levels(shown) for t in ORDER
    ],
    "digits are popped from random bits, from left to right": [
        watched.seen[t] if t > 1 else levels(sampled) for t in ORDER
    ],
}
look = {"cmap": "gray_r", "vmin": -1.5, "vmax": 1.5}

# region Drawing
if plt:
    figure = plt.figure(figsize=(9, 8.2), layout="constrained")
    for part, (title, chain) in zip(figure.subfigures(2), chains.items(), strict=True):
        part.suptitle(title, fontsize=11)
        grid = part.subplots(len(shown), len(ORDER))
        for t, pictures, column in zip(ORDER, chain, grid.T, strict=True):
            column[0].set_title("x" if t == 1 else f"t = {t}", fontsize=10)
            for picture, axes in zip(pictures, column, strict=True):
                axes.imshow(picture, **look)
                axes.set(xticks=[], yticks=[])
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# %%
# What each step costs
# --------------------
# Both sides know q(z_(t-1) | z_t, x) in closed form, but the decoder has only the denoiser's guess
# for x. That makes a difference of half of s_(t-1) - s_t times the square of the error, in nats,
# where s is the ratio of signal to noise, in variances. From pure noise, the first steps are cheap:
# they say so little that a wrong guess does no harm. Then it is decided which digit it is. Most is
# spent at the end, on the levels of single pixels.


def step_bits(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bits a pixel of z_(t-1) given z_t, for t = 2 ... T."""
    values, variances = levels(images), schedule.variances
    ratios = (1 - variances) / variances
    errors = [
        ((values - denoiser(noisy(images, t, rng), t)) ** 2).mean() for t in range(2, steps + 1)
    ]
    return -np.diff(ratios) / 2 * errors / np.log(2)


bound = -float(model.elbo(images, samples=10, rng=0).sum()) / images.size
by_step = step_bits(images, np.random.default_rng(0))
print(f"{'all steps':24} {by_step.sum():8.4f} bits a pixel")
print(f"{'x given z_1':24} {bound - by_step.sum():8.4f}")
print(f"{'variational bound':24} {bound:8.4f}")

# region Drawing
BLUE, ORANGE = "#0072B2", "#E69F00"

if plt:
    figure, axes = plt.subplots(figsize=(10, 4.8), layout="constrained")
    axes.bar(range(2, steps + 1), by_step, color=BLUE, width=0.9, label="z$_{t-1}$ given z$_t$")
    last = bound - by_step.sum()
    axes.bar([1], [last], color=ORANGE, width=0.9, hatch="//", label="x given z$_1$")
    for t, pictures in zip(ORDER, chains[title], strict=True):
        if 1 < t < 12:  # it would be drawn over the last one
            continue
        image = OffsetImage(pictures[0], zoom=6, cmap="gray_r")
        image.image.set_clim(-1.5, 1.5)
        place = max(t, 2), 1.2 * last
        axes.add_artist(AnnotationBbox(image, place, pad=0.1))
    axes.set(xlim=(steps + 5, -4), ylim=(0, 1.4 * last))
    axes.set(xlabel="t, from noise to digits", ylabel="bits a pixel")
    axes.legend(frameon=False, loc="center left")
    axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# Coding the digits
# -----------------
# In BB-ANS order all latents are popped before anything is pushed, so that the first digit needs
# initial bits for all of them. In Bit-Swap order z_1 is popped, x pushed, z_2 popped, z_1 pushed,
# and so on: only the first latent needs initial bits. These are the columns:
#
# ========= ===================================================
# bound     bits a pixel under the variational bound
# effective what the digits add to the stack
# used      and the initial bits that are not left as they were
# total     the whole stack
# ========= ===================================================


def coded(codec: Codec, batches: Any, stack: Stack) -> Rates:
    """What batches add to a stack, after all have been popped again and compared."""
    start, before = stack.mark(), stack.copy()
    for batch in batches:
        codec.push(stack, batch)
    rates = stack.rates(start)
    for batch in reversed(batches):
        assert np.array_equal(codec.pop(stack), batch)
    assert stack == before
    return rates


# Digits in groups that grow: the latents of each are popped from what is there already.
codec = model.chain(len(images))
# Chance decides which latents are popped, so that each pass takes other bits.
runs = [coded(codec, [images], Stack(seed=seed)) for seed in range(passes)]
digits = {"vlb": bound}
for column, name in (("effective", "net"), ("used", "used"), ("total", "total")):
    digits[column] = float(np.mean([getattr(rates, name) for rates in runs])) / images.size

one, initial = model.diffusion(1), {}
for order, codec in {"Bit-Swap": one.bit_swap(), "BB-ANS": one.bb_ans()}.items():
    stack = Stack(seed=0)
    codec.push(stack, images[:1])
    initial[order] = 32 * stack.drawn
    assert np.array_equal(codec.pop(stack), images[:1])

# region Table
ratio = digits["effective"] / digits["vlb"]
print(f"{'':17} {'bound':>8} {'effective':>9} {'ratio':>8} {'used':>8} {'total':>8}")
row = f"{digits['vlb']:8.4f} {digits['effective']:9.4f} {ratio:8.5f}"
print(f"{'digits':17} {row} {digits['used']:8.4f} {digits['total']:8.4f}")
for order, bits in initial.items():
    print(f"Initial bits of the first digit in {order} order: {bits:,}")
# endregion

# %%
# How many steps?
# ---------------
# A network's bound is known by sampling only. So the same is done with a toy, where everything is
# known: numbers from 0 to 255 from a mixture of Gaussians, the best denoiser in closed form, and
# the bound by quadrature. More steps come closer to what the numbers are worth.

SHARES, MEANS, DEVIATIONS = np.array([[0.5, 0.3, 0.2], [60, 140, 200], [12, 25, 8]])
# region The toy, and its bound
UNIT = 2 / 255  # from a level to the next, from -1 to 1
TOY_FIRST, LAST = (0.3 * UNIT) ** 2, 0.9999  # variances of noise
BATCH, LANES = 1 << 14, 64
RANGE, CELLS = 9, 1 << 12


class Mixture:
    """E[x | z_t] of a mixture of Gaussians, from a table with straight lines between its points.

    A table of rounded numbers is the same on all machines, but not what `exp` returns.
    """

    def __init__(self, schedule: Schedule) -> None:
        z = np.linspace(-RANGE, RANGE, CELLS + 1)[:, np.newaxis]
        means, variances = UNIT * MEANS - 1, (UNIT * DEVIATIONS) ** 2
        self.tables = []
        for noise in schedule.variances:
            signal = np.sqrt(1 - noise)
            spread = signal**2 * variances + noise
            logs = np.log(SHARES / np.sqrt(spread)) - (z - signal * means) ** 2 / (2 * spread)
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            guesses = means + signal * variances / spread * (z - signal * means)
            mean = (weights * guesses).sum(axis=1) / weights.sum(axis=1)
            self.tables.append(np.float64(np.float32(mean)))

    def __call__(self, z: np.ndarray, t: int) -> np.ndarray:
        table = self.tables[t - 1]
        at = np.clip((z + RANGE) * (CELLS / (2 * RANGE)), 0, CELLS - 1e-6)
        cell = at.astype(np.int64)
        below = table[cell]
        return below + (at - cell) * (table[cell + 1] - below)


def numbers(count: int) -> np.ndarray:
    """Batches of the toy's data."""
    rng = np.random.default_rng(0)
    which = rng.choice(3, count, p=SHARES)
    x = np.rint(rng.normal(MEANS[which], DEVIATIONS[which]))
    return np.clip(x, 0, 255).astype(np.int64).reshape(-1, min(count, BATCH))


def exact_bound(schedule: Schedule, denoiser: Mixture, data: np.ndarray) -> float:
    """The variational bound in bits a number, with all expectations by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(96)
    weights /= weights.sum()
    levels = np.arange(256)
    x = (UNIT * levels - 1)[:, np.newaxis]
    variances = schedule.variances
    signals, ratios = np.sqrt(1 - variances), (1 - variances) / variances
    last = variances[-1]
    nats = ((last - 1 - np.log(last)) / 2 + (signals[-1] * x) ** 2 / 2)[:, 0]
    for i in range(1, len(schedule)):
        guesses = denoiser(signals[i] * x + np.sqrt(variances[i]) * nodes, i + 1)
        nats += (ratios[i - 1] - ratios[i]) / 2 * ((x - guesses) ** 2 @ weights)
    # x is logistic given z_1, in levels; the ends stand for all beyond them.
    offset = nodes / np.sqrt(ratios[0]) / UNIT
    scale = 1 / (ratios[0] * UNIT**2)
    for level in levels:
        low = -np.inf if level == 0 else (-0.5 - offset) / scale
        high = np.inf if level == 255 else (0.5 - offset) / scale
        nats[level] -= np.log(np.maximum(expit(high) - expit(low), 1e-30)) @ weights
    return float(np.bincount(data.ravel(), minlength=256) @ nats / np.log(2) / data.size)


# endregion


def toy(steps: int, data: np.ndarray) -> dict[str, float]:
    schedule = Schedule.log_linear(steps, TOY_FIRST, LAST)
    denoiser = Mixture(schedule)
    codec = Diffusion(schedule, denoiser, data.shape[1]).bit_swap()
    rates = coded(codec, list(data), Stack(LANES, seed=0))
    return {"vlb": exact_bound(schedule, denoiser, data), "effective": rates.net / data.size}


few = numbers(max(1, count // 4))  # for curves
rates = {steps: toy(steps, few) for steps in (12, 25, 100)}
rates |= {steps: toy(steps, numbers(count)) for steps in (50, 200)}
rates = dict(sorted(rates.items()))
print(f"{'':17} {'bound':>8} {'effective':>9} {'ratio':>8}")
for number, rate in rates.items():
    ratio = rate["effective"] / rate["vlb"]
    print(f"{f'toy, {number} steps':17} {rate['vlb']:8.4f} {rate['effective']:9.4f} {ratio:8.5f}")
print("All numbers and digits were restored, and so were the stacks, bit for bit.")

# %%
# On the left, the toy. With very few steps the denoiser is often wrong by many deviations. A code
# has a largest price for that and the bound has none, so that the rate is below it. On the right,
# the initial bits of a first digit.

# region Drawing
if plt:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    points = [*rates], [rate["vlb"] for rate in rates.values()]
    left.plot(*points, color="black", ls="--", label="variational bound")
    left.plot(
        [*rates], [rate["effective"] for rate in rates.values()], "o", color=BLUE, label="rate"
    )
    left.set(xlabel="steps", ylabel="bits a number", xscale="log", ylim=(0, None))
    left.set_xticks([*rates], [*map(str, rates)], minor=False)
    left.minorticks_off()
    left.legend(frameon=False)
    bars = right.bar([*initial], [*initial.values()], color=[BLUE, ORANGE], width=0.6)
    right.bar_label(bars, [f"{bits:,}" for bits in initial.values()])
    right.set(ylabel="initial bits of the first digit")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)

if options.json:
    print(json.dumps({"toy": {str(n): rates[n] for n in (50, 200)}, "digits": digits}))
# endregion
