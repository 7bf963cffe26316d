"""Data that are known beforehand, and data that are converted."""

import numpy as np
import pytest

from ansflow.bitsback import Certain, Mapped, Stack, Uniform
from ansflow.errors import ModelError


def test_what_is_certain_takes_no_bits():
    for value in (3, "text", None, [1, 2], np.arange(5)):
        stack = Stack(2)
        codec = Certain(value)
        codec.push(stack, value)
        assert codec.pop(stack) is value
        assert stack == Stack(2)
        with pytest.raises(ModelError, match="no probability"):
            codec.push(stack, 4)


def test_mapped_things_cost_what_the_others_cost():
    letters = Mapped(
        Uniform(26, 5),
        pushed=lambda text: np.frombuffer(text.encode(), np.uint8) - 97,
        popped=lambda numbers: bytes(numbers.astype(np.uint8) + 97).decode(),
    )
    stack, other = Stack(seed=1), Stack(seed=1)
    letters.push(stack, "hello")
    Uniform(26, 5).push(other, [7, 4, 11, 11, 14])
    assert stack == other
    assert letters.pop(stack) == "hello"
    assert stack == Stack(seed=1)
