"""State-space models: time and rate of hidden Markov models, and of a Kalman filter."""

from __future__ import annotations

import numpy as np

from ansflow.bitsback import HiddenMarkov, LinearGaussian, Stack, StateSpace
from ansflow.models import Categorical, Conditional

LENGTH = 1 << 14
PRECISION = 16


def hidden_markov(states, length, alphabet=256):
    """A random model, and a sample of it."""
    rng = np.random.default_rng(0)
    prior, transitions, emissions = (
        rng.dirichlet(np.full(shape[-1], 0.1), shape[:-1]) + 1e-6
        for shape in ((states,), (states, states), (states, alphabet))
    )
    codec = HiddenMarkov(
        Categorical.from_counts(prior, precision=PRECISION),
        Conditional.from_counts(transitions, precision=PRECISION),
        Conditional.from_counts(emissions, precision=PRECISION),
        length,
    )
    return codec, codec.pop(Stack(seed=1))


class Coding:
    """Pushing and popping sequences, and what they cost."""

    def time_push(self, *params):
        self.codec.push(Stack(seed=0), self.x)

    def time_pop(self, *params):
        self.codec.pop(self.full.copy())

    def track_excess(self, *params):
        """How much more than the code length is added to a stack, in millionths."""
        return 1e6 * (self.rates.net / self.ideal - 1)

    def track_initial_words(self, *params):
        return self.full.drawn

    track_excess.unit = "ppm"
    track_initial_words.unit = "words"

    def prepare(self, codec, x, ideal):
        self.codec, self.x, self.ideal = codec, x, ideal
        self.full = Stack(seed=0)
        start = self.full.mark()
        codec.push(self.full, x)
        self.rates = self.full.rates(start)
        codec.pop(self.full.copy())


class HiddenMarkovModels(Coding):
    """2^14 symbols, in one kernel."""

    params = [4, 16, 64, 256]
    param_names = ("states",)

    def setup(self, states):
        codec, x = hidden_markov(states, LENGTH)
        self.prepare(codec, x, codec.bits(x))


class InSteps(Coding):
    """500 symbols of a model of 64 states, as an emission of any kind is coded."""

    def setup(self):
        codec, x = hidden_markov(64, 500)
        self.prepare(StateSpace(codec.model, 500), x, codec.bits(x))


class LinearGaussians(Coding):
    """200 items of three integers, with two latents."""

    def setup(self):
        model = LinearGaussian(
            [[0.93, -0.29], [0.29, 0.93]],
            [1.0, 0.5],
            [[8.0, 3.0], [0.0, 6.0], [5.0, -5.0]],
            [10.0, 12.0, 9.0],
            [4.0, 3.0],
            low=-1000,
            high=1000,
            cell=0.25,
        )
        codec = StateSpace(model, 200)
        x = codec.pop(Stack(seed=1))
        self.prepare(codec, x, model.bits(x))
