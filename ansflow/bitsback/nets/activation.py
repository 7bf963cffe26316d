"""Activation functions by integer tables, the same on every machine.

Each function is a rectifier and a correction, which soon becomes constant:

    f(x) = max(x, 0) + c(|x|)        for GELU, SiLU and softplus, whose corrections are even
    f(x) = max(x, 0) + c(max(-x, 0)) for ELU

Corrections are rounded to units of 2^-12 for every activation up to 16. As no value is so close to
the middle between two integers that an error of many units in the last place of a double would
count, the tables do not depend on the machine's functions; checksums make sure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.bitsback.nets.layers import Layer
from ansflow.bitsback.nets.shapes import Activations, Shape
from ansflow.bitsback.read_only import read_only
from ansflow.errors import ModelError
from ansflow.kernels.nets.activations import activate
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["Activation", "Function", "correction_table"]

Function = Literal["relu", "elu", "gelu", "silu", "softplus"]
Table = npt.NDArray[np.int16]

ENTRIES = 1 << 16
UNITS = 1 << FRACTION_BITS

CHECKSUMS = {
    "elu": 0x6C56_516F_8A9F_20A8,
    "gelu": 0x27EA_A10B_CEB2_2F11,
    "silu": 0xCA27_3425_E94E_1AB7,
    "softplus": 0xA6BA_651B_9D2F_3FBD,
}


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each activation by itself.

    Parameters
    ----------
    function : {"relu", "elu", "gelu", "silu", "softplus"}
        As in torch by default: ELU with alpha = 1, GELU not approximated, softplus with beta = 1.

    Raises
    ------
    ModelError
        If there is no such function.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Activation
    >>> x = np.array([[-4096, 0, 4096]], np.int32)  # -1, 0 and 1
    >>> Activation("elu")(x) / 4096
    array([[-0.63208008,  0.        ,  1.        ]])

    References
    ----------
    Clevert et al. 2016, arXiv:1511.07289 (ELU); Hendrycks & Gimpel 2016, arXiv:1606.08415 (GELU,
    SiLU).
    """

    function: Function

    def __post_init__(self) -> None:
        if self.function not in get_args(Function):
            names = ", ".join(get_args(Function))
            raise ModelError(f"the function must be one of {names}, not {self.function!r:.60}")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def __call__(self, x: Activations) -> Activations:
        if self.function == "relu":
            rectified: Activations = np.maximum(x, 0)
            return rectified
        out = np.empty(x.shape, np.int32)
        table = correction_table(self.function)
        activate(x.reshape(-1), table, self.function != "elu", out.reshape(-1))
        return out


@cache
def correction_table(name: str) -> Table:
    """c(i / 4096) in units of 2^-12 for i below 2^16, read-only."""
    from scipy import special  # slow to import, and needed by few

    corrections: dict[str, Callable[[Any], Any]] = {
        "elu": lambda u: np.expm1(-u),
        "gelu": lambda u: -u * special.ndtr(-u),
        "silu": lambda u: -u * special.expit(-u),
        "softplus": lambda u: np.log1p(np.exp(-u)),
    }
    values = corrections[name](np.arange(ENTRIES) / UNITS)
    table: Table = read_only(np.rint(values * UNITS).astype(np.int16))
    if xxhash.xxh3_64_intdigest(table.astype("<i2").tobytes()) != CHECKSUMS[name]:
        raise ModelError(
            f"the table of {name} has other values on this machine than on others, which would "
            "get other results; check the installation of NumPy and SciPy"
        )
    return table
