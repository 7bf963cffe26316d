"""Codecs in step with a model, which gives the distributions of one symbol after the other.

Such a codec is built for a single push or pop. ``python -m benchmarks.bitsback`` (in asv_bench)
prints what that takes; times are those of one thread.
"""

from __future__ import annotations

import time
from functools import partial
from statistics import median

import numpy as np

import ansflow
from ansflow.bitsback import (
    Bernoulli,
    Categorical,
    Gaussian,
    Intervals,
    Logistic,
    Scan,
    Stack,
    Uniform,
)
from ansflow.models import Conditional

ROUNDS = 7
SIZES = [1, 64, 1000]
MESSAGES, LENGTH, ALPHABET = 1000, 50, 64


def builders(n):
    """A function without arguments for each kind of codec, which builds it for n symbols."""
    rng = np.random.default_rng(n)
    p, logits, weights = rng.random(n), rng.normal(size=(n, 16)), rng.random((n, 16))
    means, scales = rng.normal(0, 30, n), np.exp(rng.normal(1.5, 1, n))
    table, rows = Categorical.from_weights(rng.random((256, 16))), rng.integers(0, 256, n)
    three, ones = list(np.abs(rng.normal(size=(3, n, 3))) + 0.1), np.full(n, 3)
    made = {
        "Uniform(n)": lambda: Uniform(1000, n),
        "Bernoulli": lambda: Bernoulli(p),
        "Bernoulli.from_logits": lambda: Bernoulli.from_logits(p),
        "Categorical of 16": lambda: Categorical(logits),
        "Categorical.from_weights of 16": lambda: Categorical.from_weights(weights),
        "rows of a table: table.at": lambda: table.at(rows),
        "Gaussian from -100 to 100": lambda: Gaussian(means, scales, -100, 100),
        "Logistic.mixture of 3, to 255": lambda: Logistic.mixture(*three, 0, 255),
    }
    if n <= 64:
        made["Intervals of any total"] = lambda: Intervals(
            lambda s: (3 * s, 3 if n == 1 else ones),
            lambda slot: slot // 3,
            total=999,
            shape=() if n == 1 else None,
        )
    return made


def deep_stack(n, symbols):
    """A stack with enough random bits to pop so many symbols, on up to 64 lanes."""
    lanes = min(n, 64)
    return Stack.from_initial_bits(np.random.default_rng(1).bytes(4 * symbols + 64 * lanes), lanes)


def build_and_push(build, stack, x, calls):
    for _ in range(calls):
        build().push(stack, x)


def build_and_pop(build, stack, calls):
    for _ in range(calls):
        build().pop(stack)


def text():
    """Weights of shape (steps, messages, alphabet), and symbols, one of them for each message."""
    rng = np.random.default_rng(0)
    weights = np.exp(rng.normal(0, 1.5, (LENGTH, MESSAGES, ALPHABET)))
    return weights, rng.integers(0, ALPHABET, (LENGTH, MESSAGES))


def alone(weights):
    """Symbol by symbol on one message."""
    return Scan(lambda t: Categorical.from_weights(weights[t, 0]), lambda t, _: t + 1, 0, LENGTH)


def in_lockstep(weights):
    """All messages on one stack, an array of symbols at each step."""
    return Scan(lambda t: Categorical.from_weights(weights[t]), lambda t, _: t + 1, 0, LENGTH)


class Steps:
    params = (list(builders(1)), SIZES)
    param_names = ("codec", "symbols")

    def setup(self, name, n):
        if name not in builders(n):
            raise NotImplementedError
        self.build, self.calls = builders(n)[name], 1000 if n < 1000 else 100
        self.stack = deep_stack(n, self.calls * n)
        codec = self.build()
        self.x = codec.pop(self.stack)
        codec.push(self.stack, self.x)

    def time_build(self, name, n):
        for _ in range(self.calls):
            self.build()

    def time_build_and_push(self, name, n):
        build_and_push(self.build, self.stack.copy(), self.x, self.calls)

    def time_build_and_pop(self, name, n):
        build_and_pop(self.build, self.stack.copy(), self.calls)


class Lockstep:
    """A thousand messages of 50 symbols, whose distributions are built at each step."""

    def setup(self):
        self.weights, self.symbols = text()
        self.time_alone()
        self.time_together()

    def time_alone(self):
        alone(self.weights).push(Stack(), self.symbols[:, 0])

    def time_together(self):
        in_lockstep(self.weights).push(Stack(64), self.symbols)


def microseconds(function, *args, fresh=None):
    """Processor time of a call in microseconds, a median; `fresh` makes its first argument."""
    taken = []
    for _ in range(ROUNDS + 1):
        first = () if fresh is None else (fresh(),)
        begun = time.process_time()
        function(*first, *args)
        taken.append(time.process_time() - begun)
    return median(taken[1:]) * 1e6


def main():
    print("microseconds to build a codec / with a push / with a pop, of an array of symbols:")
    print(f"  {'':32}" + "".join(f"{n:>12}{'':10}" for n in SIZES))
    for name in builders(1):
        columns = []
        for n in SIZES:
            build, calls = builders(n).get(name), 1000 if n < 1000 else 50
            if build is None:
                continue
            stack = deep_stack(n, calls * n)
            codec = build()
            x = codec.pop(stack)
            codec.push(stack, x)
            found = (
                microseconds(lambda build=build, calls=calls: [build() for _ in range(calls)]),
                microseconds(
                    lambda s, b=build, x=x, c=calls: build_and_push(b, s, x, c), fresh=stack.copy
                ),
                microseconds(lambda s, b=build, c=calls: build_and_pop(b, s, c), fresh=stack.copy),
            )
            columns.append(" / ".join(f"{value / calls:5.1f}" for value in found))
        print(f"  {name:32}" + "   ".join(columns))

    weights, symbols = text()
    print(f"microseconds a symbol, of {ALPHABET}, with distributions of their own: push / pop")
    for name, scan, lanes, x in (
        ("one message, symbol by symbol", alone(weights), 1, symbols[:, 0]),
        (f"{MESSAGES} messages in lockstep, 64 lanes", in_lockstep(weights), 64, symbols),
    ):
        stack = Stack(lanes)
        scan.push(stack, x)
        push = microseconds(partial(scan.push, x=x), fresh=partial(Stack, lanes))
        pop = microseconds(scan.pop, fresh=stack.copy)
        print(f"  {name:48} {push / x.size:6.2f} / {pop / x.size:.2f}")
    messages = symbols.T

    def known():
        flat = weights.transpose(1, 0, 2).reshape(-1, ALPHABET)
        return Conditional.from_counts(flat, index=np.arange(messages.size).reshape(messages.shape))

    model = known()
    words, offsets = ansflow.encode_many(messages, model)
    found = (
        microseconds(known),
        microseconds(ansflow.encode_many, messages, model),
        microseconds(ansflow.decode_many, words, offsets, model, LENGTH),
    )
    built, *coded = (value / messages.size for value in found)
    name = "encode_many, decode_many; all known beforehand"
    print(f"  {name:48} {coded[0]:6.2f} / {coded[1]:.2f}, and {built:.2f} for the model")


if __name__ == "__main__":
    main()
