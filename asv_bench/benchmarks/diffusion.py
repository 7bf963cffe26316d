"""Diffusion: time for each dimension and step, and rate against the variational bound."""

from __future__ import annotations

import numpy as np

from ansflow.bitsback import Diffusion, Schedule, Stack

SIZE, LANES, LEVELS, DEVIATION = 1 << 13, 64, 256, 0.3


class Orders:
    """2^13 Gaussian numbers, whose best denoiser is linear: its time is next to nothing."""

    params = (["BB-ANS", "Bit-Swap"], [50, 200])
    param_names = ("order", "steps")

    def setup(self, order, steps):
        schedule = Schedule.log_linear(steps, (0.6 / LEVELS) ** 2, 0.9999)
        variances = schedule.variances
        spread = (1 - variances) * DEVIATION**2 + variances
        gains = np.sqrt(1 - variances) * DEVIATION**2 / spread
        model = Diffusion(schedule, lambda z, t: gains[t - 1] * z, SIZE, LEVELS)
        numbers = np.random.default_rng(0).normal(0, DEVIATION, (8, SIZE))
        data = np.clip(np.rint((numbers + 1) * (LEVELS - 1) / 2), 0, LEVELS - 1).astype(np.int64)
        self.codec = {"BB-ANS": model.bb_ans, "Bit-Swap": model.bit_swap}[order]()
        self.steps, self.x = steps, data[0]
        self.first = Stack(LANES, seed=0)
        self.codec.push(self.first, self.x)
        self.full = self.first.copy()
        start = self.full.mark()
        for x in data[1:]:
            self.codec.push(self.full, x)
        self.net = self.full.rates(start).net / data[1:].size
        self.bound = np.mean([model.vlb(x, i) for i, x in enumerate(data[1:])]) / SIZE

    def time_push(self, order, steps):
        self.codec.push(self.first.copy(), self.x)

    def time_pop(self, order, steps):
        self.codec.pop(self.full.copy())

    def track_excess(self, order, steps):
        """How much more than the bound is added, in thousandths; both are estimates."""
        return 1e3 * (self.net / self.bound - 1)

    def track_initial_bits(self, order, steps):
        """For each number."""
        return 32 * self.first.drawn / SIZE

    track_excess.unit = "per mille"
    track_initial_bits.unit = "bits"
