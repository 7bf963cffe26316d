"""`encode` and `decode` with a model: speed, memory, and bits over the ideal."""

from __future__ import annotations

import time

import numpy as np
from scipy import stats

import ansflow
from ansflow.models import Categorical, Conditional, Mixture, Quantized

from .inputs import INPUTS, input_bytes, shannon_bits

SIZE = 1 << 20


def case(name):
    """Symbols and a model for them."""
    rng = np.random.default_rng(3)
    if name in INPUTS:
        symbols = input_bytes(name, SIZE)
        return symbols, Categorical.fit(symbols)
    if name == "gaussian_int16":
        symbols = np.rint(rng.normal(0, 50, SIZE)).astype(np.int16)
        return symbols, Quantized(stats.norm(0, 50), -500, 500, precision=14)
    if name == "mixture":
        parts = [Quantized(stats.norm(mean, 5), 0, 255, precision=14) for mean in (40, 200)]
        model = Mixture(parts, [0.3, 0.7])
        return model.sample(SIZE, rng), model
    if name == "zipf_uint16":
        model = Categorical.from_counts(1 / np.arange(1, 65537), precision=20)
        return model.sample(SIZE, rng), model
    if name == "pixels":
        means = np.linspace(0, 255, 784)[:, None]
        model = Conditional.from_dist(stats.logistic(means, 6), 0, 255, precision=14)
        model = model.at(np.arange(SIZE) % 784)
        return model.sample(None, rng), model
    raise ValueError(name)


CASES = [*INPUTS, "gaussian_int16", "mixture", "zipf_uint16", "pixels"]


class Coding:
    params = CASES
    param_names = ("case",)
    timer = time.process_time

    def setup(self, name):
        self.symbols, self.model = case(name)
        self.words = ansflow.encode(self.symbols, self.model)
        decoded = self.time_decode(name)
        if not np.array_equal(decoded, self.symbols):
            raise AssertionError("wrong symbols")

    def time_encode(self, name):
        return ansflow.encode(self.symbols, self.model)

    def time_decode(self, name):
        return ansflow.decode(self.words, self.model, self.symbols.shape)

    def peakmem_encode(self, name):
        return ansflow.encode(self.symbols, self.model)

    def peakmem_decode(self, name):
        return ansflow.decode(self.words, self.model, self.symbols.shape)

    def track_coder_overhead(self, name):
        """Bits beyond the model's code length, without the 32 (64) bits of each lane's state."""
        states = 32 * (64 if self.model.precision > 16 else 32)
        ideal = self.model.code_length(self.symbols)
        return 100 * ((16 * self.words.size - states) / ideal - 1)

    track_coder_overhead.unit = "%"


class Quantization:
    """The ratio of the model's code length to the Shannon bound of the same bytes."""

    params = (INPUTS, [10, 12, 14, 15])
    param_names = ("input", "precision")

    def setup(self, name, precision):
        self.symbols = input_bytes(name, SIZE)

    def track_model_overhead(self, name, precision):
        model = Categorical.fit(self.symbols, precision=precision)
        return 100 * (model.code_length(self.symbols) / shannon_bits(self.symbols) - 1)

    track_model_overhead.unit = "%"
