"""Coders by their former names, until the frame uses them."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.single import SingleCoder

__all__ = ["AnyTables", "ContextTables", "Tables"]


class Tables(SingleCoder):
    @classmethod
    def unchecked(cls, freq: npt.NDArray[np.uint32], precision: int) -> Self:
        return cls(freq, precision)


class ContextTables(ContextCoder):
    @classmethod
    def unchecked(cls, freq: npt.NDArray[np.uint32], precision: int) -> Self:
        return cls(freq, precision)


AnyTables = SingleCoder | ContextCoder
