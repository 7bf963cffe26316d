"""The tables behind the arithmetic: standard CDFs and powers of two, as integers.

They are the only place where bits back meets a function whose last bit may depend on the machine,
and are rounded so coarsely that it doesn't matter: no entry is so near to the middle between two
integers that an error of some units in the last place could move it, as the tests prove in exact
arithmetic. Should a machine be worse than that, the tables' checksums tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.errors import ModelError
from ansflow.kernels.distributions.cdf_rows import POWER_BITS, POWER_TOP_BITS
from ansflow.kernels.distributions.location_scale import CDF_BITS, STEPS, UNITS_PER_STEP

__all__ = ["Family", "FamilyName", "family", "fixed_logits", "power_table"]

FamilyName = Literal["gaussian", "logistic"]

# Steps of the table for each unit of the standard distribution: it reaches to 8 and to 32.
STEPS_PER_UNIT = {"gaussian": 256, "logistic": 64}

MAX_LOGIT = 32.0
LOG2_E = 1.4426950408889634  # one double on all machines

CHECKSUMS = {
    "gaussian": 0xAB1E_BADE_F387_767B,
    "logistic": 0xC8B2_17F1_829C_A6E7,
    "powers": 0x7767_E93F_9814_C9D6,
}


@dataclass(frozen=True, eq=False)
class Family:
    """A location-scale family.

    Attributes
    ----------
    name : {"gaussian", "logistic"}
    table : ndarray of uint32, shape (STEPS + 2,)
        The standard CDF in units of 2^-31, read-only; the last entry is there twice.
    rate : float
        Positions in the table for each unit of the standard distribution.
    cdf, quantile : callable
        The standard distribution's, of float64 arrays: for what doesn't need to be exact.
    """

    name: FamilyName
    table: npt.NDArray[np.uint32]
    rate: float
    cdf: Callable[[Any], Any]
    quantile: Callable[[Any], Any]

    def __reduce__(self) -> tuple[Any, ...]:
        return family, (self.name,)


@cache
def family(name: FamilyName) -> Family:
    """The family of that name; ValueError if there is none."""
    from scipy import special  # takes a while, and few need it

    functions = {
        "gaussian": (special.ndtr, special.ndtri),
        "logistic": (special.expit, special.logit),
    }
    if name not in functions:
        raise ValueError(f"family is {name!r}, not one of {', '.join(functions)}")
    cdf, quantile = functions[name]
    steps_per_unit = STEPS_PER_UNIT[name]
    # The upper half from the lower one: there small numbers have small errors.
    lower = np.rint(np.ldexp(cdf(np.arange(-STEPS // 2, 1) / steps_per_unit), CDF_BITS))
    upper = (1 << CDF_BITS) - lower[-2::-1]
    table = np.concatenate([lower, upper, upper[-1:]]).astype(np.uint32)
    rate = float(steps_per_unit * UNITS_PER_STEP)
    return Family(name, _checked(name, table), rate, cdf, quantile)


@cache
def power_table() -> npt.NDArray[np.uint32]:
    """2^(31 - f / 4096) for f from 0 to 4095, read-only."""
    fractions = np.arange(1 << POWER_BITS) / (1 << POWER_BITS)
    return _checked("powers", np.rint(np.exp2(POWER_TOP_BITS - fractions)).astype(np.uint32))


def fixed_logits(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Natural logarithms as binary ones in units of 2^-12.

    Less the largest of the last axis; at least -32.
    """
    if not np.isfinite(logits).all():
        raise ModelError("logits must be finite")
    with np.errstate(over="ignore"):
        relative = (logits - logits.max(axis=-1, keepdims=True)) * LOG2_E
    fixed: npt.NDArray[np.float64] = np.ldexp(np.clip(relative, -MAX_LOGIT, 0.0), POWER_BITS)
    return np.rint(fixed).astype(np.int32)


def _checked(name: str, table: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    table.setflags(write=False)
    if xxhash.xxh3_64_intdigest(table.astype("<u4").tobytes()) != CHECKSUMS[name]:
        raise ModelError(
            f"this machine computes other values for the table {name!r} than all others, and "
            "would not understand what they write"
        )
    return table
