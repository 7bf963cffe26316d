"""Stacks for tests that Hypothesis runs."""

import numpy as np
from hypothesis import strategies as st

from ansflow.bitsback import Stack, Uniform

SEEDS = st.integers(0, 2**64 - 1)
LANES = st.sampled_from([1, 2, 3, 5, 64, 100])


@st.composite
def stacks(draw, lanes=LANES):
    """Stacks after some pushes and pops, with or without a seed."""
    count = draw(lanes)
    stack = Stack(count, seed=draw(st.none() | SEEDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for size in draw(st.lists(st.integers(1, 40), max_size=4)):
        if stack.seed is not None and draw(st.booleans()):
            Uniform(10**9, size).pop(stack)
        else:
            Uniform(2**64, size).push(stack, rng.integers(0, 2**63, size))
    return stack
