"""Trains the model of `diffusion_digits.py` on handwritten digits, and writes its file.

The digits are the 1,797 of 8 x 8 pixels and 17 levels that come with scikit-learn. The last 360, by
other writers, are not trained on. Needs torch and scikit-learn; takes three minutes on one core::

    python examples/train_diffusion_digits.py --out diffusion_digits.npz

The denoiser is a network of three layers, which predicts v = signal * noise - deviation * x
(Salimans & Ho 2022, arXiv:2202.00512), trained on the variational bound: in terms of v, all steps
have the weight ``signal^2`` (D. Kingma et al. 2021, arXiv:2107.00630, section 4). Weights are
averaged over the last iterations, rounded, and checked in integers.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from ansflow.bitsback import ImageDiffusion, Schedule
from ansflow.bitsback.models.image_diffusion import denoiser_inputs
from ansflow.bitsback.nets import Graph, from_torch

LEVELS, SIDE = 17, 8
STEPS, TIMES, HIDDEN, HELD_OUT = 100, 16, 256, 360
BATCH, RATE, DROPOUT, DECAY = 256, 2e-3, 0.1, 0.9995


class Denoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pixels = nn.Sequential(nn.Flatten(), nn.Linear(2 * SIDE * SIDE, HIDDEN))
        self.time = nn.Linear(TIMES, HIDDEN, bias=False)
        self.layers = nn.Sequential(
            nn.SiLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, SIDE * SIDE),
            nn.Unflatten(1, (1, SIDE, SIDE)),
        )

    def forward(self, pixels: Tensor, time: Tensor) -> Tensor:
        return self.layers(self.pixels(pixels) + self.time(time))


def noised(
    values: np.ndarray, schedule: Schedule, rng: np.random.Generator
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Both inputs, v, and the weight of each item, at random steps."""
    t = rng.integers(2, len(schedule) + 1, len(values))
    variance = schedule.variances[t - 1, np.newaxis, np.newaxis]
    signal, deviation = np.sqrt(1 - variance), np.sqrt(variance)
    noise = rng.standard_normal(values.shape)
    z = signal * values + deviation * noise
    pixels, time = denoiser_inputs(z, signal, t / len(schedule), LEVELS, TIMES)
    v = (signal * noise - deviation * values)[:, np.newaxis]
    inputs = [pixels.transpose(0, 3, 1, 2), time]
    *tensors, v, weight = (torch.from_numpy(a).float() for a in (*inputs, v, signal**2))
    return tensors, v, weight[..., np.newaxis]


def train(values: np.ndarray, schedule: Schedule, iterations: int) -> nn.Module:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    odds = (1 - schedule.variances) / schedule.variances
    steps = (len(schedule) - 1) / 2 / math.log(2) * (odds[0] / odds[1] - 1)
    net = Denoiser()
    mean = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-3)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, iterations, pct_start=0.05)
    start, total = time.perf_counter(), 0.0
    for i in range(1, iterations + 1):
        chosen = values[rng.integers(0, len(values), BATCH)]
        inputs, v, weight = noised(chosen, schedule, rng)
        loss = (weight * (net(*inputs) - v) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
        with torch.no_grad():
            for average, new in zip(mean.parameters(), net.parameters(), strict=True):
                average.lerp_(new, 1 - DECAY)
        total += loss.item() / 1000
        if i % 1000 == 0:
            seconds = time.perf_counter() - start
            print(f"{i:6} {total * steps:.4f} bits a pixel {seconds:.0f} s", flush=True)
            total = 0.0
    return mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("diffusion_digits.npz"))
    parser.add_argument("--iterations", type=int, default=30_000)
    options = parser.parse_args()
    torch.set_num_threads(1)

    digits = load_digits().images.astype(np.uint8)
    trained, held_out = digits[:-HELD_OUT], digits[-HELD_OUT:]
    values = (2.0 * trained - (LEVELS - 1)) / (LEVELS - 1)
    # Deviations of noise from 0.3 levels on.
    schedule = Schedule.log_linear(STEPS, first=(0.6 / (LEVELS - 1)) ** 2, last=0.9999)
    net = train(values, schedule, options.iterations)

    samples = noised(np.repeat(values, 4, axis=0), schedule, np.random.default_rng(1))[0]
    exported = from_torch(net, *samples, fast=False)
    print(exported.report)
    assert isinstance(exported.network, Graph)
    model = ImageDiffusion("digits", exported.network, schedule, LEVELS)
    model.save(options.out)
    for name, images in (("trained on", trained), ("held out", held_out)):
        bits = -model.elbo(images, 3, rng=0).sum() / images.size
        print(f"{name}: variational bound {bits:.4f} bits a pixel")
    print(f"{options.out.stat().st_size:,} bytes in {options.out}")


if __name__ == "__main__":
    main()
