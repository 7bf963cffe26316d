"""Tables of functions: standard CDFs and powers of two, as integers.

Only here does bits back use functions whose last bit may depend on the machine. The tables are
rounded so coarsely that it does not matter: no entry is so close to the middle between two integers
that an error of some units in the last place could change it, as the tests prove in exact
arithmetic. If a machine is worse than that, the tables' checksums differ.
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

__all__ = ["Family", "FamilyName", "family", "power_table"]

FamilyName = Literal["gaussian", "logistic"]

# Steps of the table for each unit of the standard distribution: it reaches to 8 and to 32.
STEPS_PER_UNIT = {"gaussian": 256, "logistic": 64}

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
        The standard CDF in units of 2^-31; the last entry is repeated.
    rate : float
        Positions in the table for each unit of the standard distribution.
    cdf, quantile : callable
        Those of the standard distribution, for float64 arrays. They need not be exact.
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
    from scipy import special  # slow to import, and needed by few

    functions = {
        "gaussian": (special.ndtr, special.ndtri),
        "logistic": (special.expit, special.logit),
    }
    if name not in functions:
        raise ValueError(f"the family must be one of {', '.join(functions)}, not {name!r}")
    cdf, quantile = functions[name]
    steps_per_unit = STEPS_PER_UNIT[name]
    # The upper half is made from the lower one, where small numbers have small errors.
    lower = np.rint(np.ldexp(cdf(np.arange(-STEPS // 2, 1) / steps_per_unit), CDF_BITS))
    upper = (1 << CDF_BITS) - lower[-2::-1]
    table = np.concatenate([lower, upper, upper[-1:]]).astype(np.uint32)
    rate = float(steps_per_unit * UNITS_PER_STEP)
    return Family(name, _checked(name, table), rate, cdf, quantile)


@cache
def power_table() -> npt.NDArray[np.uint32]:
    """2^(31 - f / 4096) for f from 0 to 4095."""
    fractions = np.arange(1 << POWER_BITS) / (1 << POWER_BITS)
    return _checked("powers", np.rint(np.exp2(POWER_TOP_BITS - fractions)).astype(np.uint32))


def _checked(name: str, table: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    if xxhash.xxh3_64_intdigest(table.astype("<u4").tobytes()) != CHECKSUMS[name]:
        raise ModelError(
            f"the table {name!r} has other values on this machine than on others, which could "
            "not decode its messages; check the installation of NumPy and SciPy"
        )
    return table
