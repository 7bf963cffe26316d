"""Whatever is done to a stack can be undone in reverse, and copies and bytes of it are as good."""

from contextlib import ExitStack, contextmanager

import numpy as np
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from naive_stack import contents

from ansflow.bitsback import (
    Bernoulli,
    BetaBinomial,
    Buckets,
    Categorical,
    Gaussian,
    Logistic,
    Repeat,
    Serial,
    Stack,
    Substack,
    Unfolded,
    Uniform,
)

BUCKETS = Buckets(7)
CODECS = [
    Uniform(10, 3),
    Uniform(2**16 + 1),
    Uniform(2**64, 4),
    Bernoulli(0.01, 30),
    Categorical(np.arange(12.0).reshape(3, 4)),
    BetaBinomial(np.full(4, 0.3), 0.5, 30),
    Gaussian(np.arange(5.0), 3.0, -20, 30),
    Logistic.mixture([[0.0, 1.0]] * 5, [[0.0, 20.0]] * 5, 2.0, 0, 40),
    BUCKETS.posterior(np.arange(6) / 3, 0.2),
    BUCKETS.prior(6),
    Serial([Uniform(7), Substack(Uniform(2**32, 5), 0, 1)]),
    Unfolded(Repeat(Bernoulli(0.3), 3), 40),
]


def plain(x):
    return [plain(item) for item in x] if isinstance(x, list | tuple) else np.asarray(x).tolist()


@contextmanager
def stirred(stack, times):
    with ExitStack() as blocks:
        for _ in range(times):
            blocks.enter_context(stack.stirred())
        yield


class Undoing(RuleBasedStateMachine):
    @initialize(seed=st.integers(0, 2**64 - 1), lanes=st.sampled_from([1, 2, 3, 5, 20]))
    def start(self, seed, lanes):
        self.stack = Stack(lanes, seed=seed)
        self.source = Stack(40, seed=seed ^ 1)
        self.undo = []
        self.before = []

    def doing(self, undo):
        self.before.append(contents(self.stack))
        self.undo.append(undo)

    @rule(codec=st.sampled_from(CODECS))
    def push(self, codec):
        lanes = self.source.copy().fold(1).unfold(self.stack.lanes)
        data = codec.pop(lanes)
        Uniform(1000).pop(self.source)

        def undo():
            assert plain(codec.pop(self.stack)) == plain(data)

        self.doing(undo)
        codec.push(self.stack, data)

    @rule(codec=st.sampled_from(CODECS))
    def pop(self, codec):
        self.doing(lambda: codec.push(self.stack, data))
        data = codec.pop(self.stack)

    @rule(codec=st.sampled_from(CODECS), times=st.integers(1, 2))
    def pop_stirred(self, codec, times):
        def undo():
            with stirred(self.stack, times):
                codec.push(self.stack, data)

        self.doing(undo)
        with stirred(self.stack, times):
            data = codec.pop(self.stack)

    @rule(lanes=st.integers(1, 39))
    def change_lanes(self, lanes):
        before = self.stack.lanes
        if lanes > before:
            self.doing(lambda: self.stack.fold(before))
            self.stack.unfold(lanes)
        else:
            self.doing(lambda: self.stack.unfold(before))
            self.stack.fold(lanes)

    @rule()
    def go_on_with_bytes(self):
        self.stack = Stack.from_bytes(self.stack.to_bytes())

    @rule()
    def go_on_with_a_copy(self):
        copy = self.stack.copy()
        assert copy == self.stack
        Uniform(2**30).pop(self.stack)
        self.stack = copy

    @rule()
    def undo_one(self):
        if self.undo:
            self.undo.pop()()
            assert contents(self.stack) == self.before.pop()

    def teardown(self):
        while getattr(self, "undo", []):
            self.undo_one()


TestUndoing = Undoing.TestCase
TestUndoing.settings = settings(max_examples=20, stateful_step_count=25)
