"""Making models and drawing from them."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ansflow.models import Categorical, Conditional, Quantized

from .inputs import skewed


class Making:
    def setup(self):
        self.data = skewed(1 << 20)
        self.counts = np.random.default_rng(4).random((784, 256))
        for timed in (self.time_fit, self.time_quantized, self.time_conditional):
            timed()

    def time_fit(self):
        Categorical.fit(self.data)

    def time_quantized(self):
        Quantized(stats.norm(0, 300), -2000, 2000, precision=15)

    def time_conditional(self):
        Conditional.from_counts(self.counts, precision=14)


class Sampling:
    params = [256, 1000]
    param_names = ("alphabet",)

    def setup(self, alphabet):
        self.model = Categorical.from_counts(1 / np.arange(1, alphabet + 1))
        self.rows = Conditional.from_models([self.model] * 4, np.arange(1 << 20) % 4)
        self.time_alias(alphabet)
        self.time_rows(alphabet)

    def time_alias(self, alphabet):
        self.model.sample(1 << 20, 5)

    def time_rows(self, alphabet):
        self.rows.sample(None, 5)
