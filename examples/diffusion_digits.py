"""Diffusion models against their variational bounds: a mixture of Gaussians, and digits.

H(X) = H(X, Z) - H(Z | X), where Z are T latents, each noisier than the one before. To pop them from
the noise gives H(Z | X) back, to push them and x under the model, which denoises, takes H(X, Z): on
average the variational bound (Ho et al. 2020, arXiv:2006.11239; D. Kingma et al. 2021,
arXiv:2107.00630). In Bit-Swap order z_1 is popped, x pushed, z_2 popped, z_1 pushed, and so on, so
that only the first latents need initial bits.

toy     numbers from 0 to 255 from a mixture of Gaussians, and the best denoiser, in closed form
digits  the last 360 of the handwritten digits in scikit-learn, 8 x 8 pixels of 17 levels; the
        denoiser is a network, made by `train_diffusion_digits.py`

bound      bits a dimension under the variational bound: of the toy by quadrature
effective  what the data add to the stack
used       and the initial bits that are not left as they were
total      the whole stack
initial    what the first digit needs to begin with, in both orders

Draws rates against bounds, and samples, if matplotlib is installed
(``pip install "ansflow[plot]"``).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from ansflow.bitsback import Codec, Diffusion, Rates, Schedule, Stack
from ansflow.bitsback.nets import Network

LEVELS, PIXELS = 17, 64

# Times have this many features, each a hat of a width of two parts.
TIMES = 16


def features(z: np.ndarray, signal: np.ndarray | float, time: np.ndarray | float) -> np.ndarray:
    """What the network takes: latents, how far they are from a level, and the time from 0 to 1.

    Sums, products and quotients only, so that all machines compute the same.
    """
    levels = (z / signal + 1) * ((LEVELS - 1) / 2)
    rest = (levels - np.rint(levels)) * signal
    hats = np.maximum(0, 1 - np.abs(time * (TIMES - 1) - np.arange(TIMES)))
    return np.concatenate([z, rest, np.broadcast_to(hats, (len(z), TIMES))], axis=1)


class Denoiser:
    """Digits from noise: x = signal * z - deviation * v, where a network predicts v."""

    def __init__(self, schedule: Schedule, network: Network) -> None:
        self.network = network
        self.steps = len(schedule)
        self.signals = np.sqrt(1 - schedule.variances)
        self.deviations = np.sqrt(schedule.variances)

    def __call__(self, z: np.ndarray, t: int) -> np.ndarray:
        signal, deviation = self.signals[t - 1], self.deviations[t - 1]
        v = self.network(features(z, signal, t / self.steps)) / 4096
        return np.clip(signal * z - deviation * v, -1, 1)


# The toy

SHARES, MEANS, DEVIATIONS = np.array([[0.5, 0.3, 0.2], [60, 140, 200], [12, 25, 8]])
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


def bound(schedule: Schedule, denoiser: Mixture, data: np.ndarray) -> float:
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


def toy(steps: int, data: np.ndarray) -> dict[str, float]:
    schedule = Schedule.log_linear(steps, TOY_FIRST, LAST)
    denoiser = Mixture(schedule)
    codec = Diffusion(schedule, denoiser, data.shape[1]).bit_swap()
    rates = coded(codec, list(data), Stack(LANES, seed=0))
    return {"vlb": bound(schedule, denoiser, data), "effective": rates.net / data.size}


# Digits

PASSES = 4


def read(file: Path) -> tuple[Schedule, Denoiser, np.ndarray]:
    """What `train_diffusion_digits.py` has written: the model, and digits for a test."""
    with np.load(file) as arrays:
        stored = dict(arrays)
    schedule = Schedule(stored.pop("variances"))
    description = json.loads(str(stored.pop("description")))
    images = stored.pop("digits").astype(np.int64)
    inputs = PIXELS + PIXELS + TIMES
    network = Network.from_description(description, stored, "network", (inputs,))
    return schedule, Denoiser(schedule, network), images


class Growing(Codec):
    """Digits in groups that grow: the latents of each are popped from what is there already."""

    def __init__(self, schedule: Schedule, denoiser: Denoiser, count: int) -> None:
        self.sizes: list[int] = []
        while (done := sum(self.sizes)) < count:
            self.sizes.append(min(1 + done // 6, count - done))
        self.codecs = {
            size: Diffusion(schedule, denoiser, (size, PIXELS), LEVELS).bit_swap()
            for size in {*self.sizes}
        }

    def push(self, stack: Stack, x: np.ndarray) -> None:
        ends = np.cumsum(self.sizes)
        for group in np.split(x, ends[:-1]):
            self.codecs[len(group)].push(stack, group)

    def pop(self, stack: Stack) -> np.ndarray:
        groups = [self.codecs[size].pop(stack) for size in reversed(self.sizes)]
        return np.concatenate(groups[::-1])


def digits(file: Path, count: int | None) -> tuple[dict[str, float], dict[str, int]]:
    """Rates in bits a pixel, and the initial bits of the first digit in both orders."""
    schedule, denoiser, images = read(file)
    images = images[:count]
    codec = Growing(schedule, denoiser, len(images))
    # Chance decides which latents are popped, so each pass takes other bits.
    passes = [coded(codec, [images], Stack(seed=seed)) for seed in range(PASSES)]
    bound = Diffusion(schedule, denoiser, images.shape, LEVELS).vlb
    found = {
        "vlb": float(np.mean([bound(images, seed) for seed in range(10)])),
        "effective": float(np.mean([rates.net for rates in passes])),
        "used": float(np.mean([rates.used for rates in passes])),
        "total": float(np.mean([rates.total for rates in passes])),
    }
    one, initial = Diffusion(schedule, denoiser, (1, PIXELS), LEVELS), {}
    for order, codec in {"Bit-Swap": one.bit_swap(), "BB-ANS": one.bb_ans()}.items():
        stack = Stack(seed=0)
        codec.push(stack, images[:1])
        initial[order] = 32 * stack.drawn
        assert np.array_equal(codec.pop(stack), images[:1])
    return {name: bits / images.size for name, bits in found.items()}, initial


# What is printed and drawn


def draw(file: Path, rates: dict[int, dict[str, float]], weights: Path) -> None:
    """Rate against steps, and samples: what is popped without having been pushed."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    schedule, denoiser, _ = read(weights)
    samples = Diffusion(schedule, denoiser, (24, PIXELS), LEVELS).bit_swap().pop(Stack(seed=1))
    rows = np.pad(samples.reshape(4, 6, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4))
    left.plot([*rates], [rate["vlb"] for rate in rates.values()], label="variational bound")
    left.plot([*rates], [rate["effective"] for rate in rates.values()], "o", label="effective")
    left.set(xlabel="steps", ylabel="bits a number", xscale="log", title="toy")
    left.set_xticks([*rates], [*map(str, rates)], minor=False)
    left.minorticks_off()
    left.legend()
    right.imshow(rows.transpose(0, 2, 1, 3).reshape(40, 60), cmap="gray_r")
    right.set(title="samples of digits")
    right.axis("off")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--numbers", type=int, default=1 << 17, help="of the toy")
    parser.add_argument("--digits", type=int, help="how many; all by default")
    parser.add_argument("--weights", type=Path, default=Path(__file__).with_suffix(".npz"))
    parser.add_argument("--figure", type=Path, default=Path("diffusion_digits.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    few = numbers(max(1, options.numbers // 4))  # for curves
    rates = {steps: toy(steps, few) for steps in (12, 25, 100)}
    rates |= {steps: toy(steps, numbers(options.numbers)) for steps in (50, 200)}
    rates = dict(sorted(rates.items()))
    found, initial = digits(options.weights, options.digits)

    print(f"{'':17} {'bound':>8} {'effective':>9} {'ratio':>8} {'used':>8} {'total':>8}")
    for steps, rate in rates.items():
        ratio = rate["effective"] / rate["vlb"]
        print(
            f"{f'toy, {steps} steps':17} {rate['vlb']:8.4f} {rate['effective']:9.4f} {ratio:8.5f}"
        )
    ratio = found["effective"] / found["vlb"]
    row = f"{found['vlb']:8.4f} {found['effective']:9.4f} {ratio:8.5f}"
    print(f"{'digits':17} {row} {found['used']:8.4f} {found['total']:8.4f}")
    texts = (f"{bits:,} in {order} order" for order, bits in initial.items())
    print(f"Initial bits of the first digit: {', '.join(texts)}")
    print("All numbers and digits were restored, and so were the stacks, bit for bit.")
    draw(options.figure, rates, options.weights)
    if options.json:
        print(json.dumps({"toy": {str(n): rates[n] for n in (50, 200)}, "digits": found}))


if __name__ == "__main__":
    main()
