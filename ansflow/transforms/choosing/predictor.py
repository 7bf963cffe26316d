"""What predicts numbers, and the tokens of what is left."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from ansflow.transforms.choosing.axes import Axes
from ansflow.transforms.recipe import Recipe

__all__ = ["BINS", "RISING", "Predictor"]

# Instead of a number of tokens, which is a power of two.
BINS = 1

RISING = Recipe("delta", (), (0, "rising"))


class Predictor(NamedTuple):
    """What predicts numbers, None for numbers as they are; the tokens of what is left, their bits.

    The recipe lacks its first output, which is what is left. There are so many linear tokens, or
    logarithmic ones if it is 0, or bins.

    What is left are these numbers, or differences along these axes; it is `signed` if it is in
    two's complement, and becomes non-negative only in the transform.
    """

    stage: Recipe | None
    tokens: int
    bits: float
    left: npt.NDArray[Any] | Axes = ()
    signed: bool = False
