"""The dtypes of the package ml_dtypes: bfloat16, floats of 8 bits and fewer, narrow integers.

NumPy knows nothing of them but their size. The package is imported only if one of them is needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["PACKAGE", "STAND_INS", "extension_dtype", "extension_name", "stand_in"]

PACKAGE = "ml_dtypes"

BYTE, HALF = np.dtype("u1"), np.dtype("f2")
PAIR = np.dtype([("real", HALF), ("imag", HALF)])

# By the name of each, a dtype of NumPy with as many bytes, whose numbers are in the same order.
STAND_INS = {
    "bfloat16": HALF,
    "complex32": PAIR,
    "bcomplex32": PAIR,
    "float8_e3m4": BYTE,
    "float8_e4m3": BYTE,
    "float8_e4m3b11fnuz": BYTE,
    "float8_e4m3fn": BYTE,
    "float8_e4m3fnuz": BYTE,
    "float8_e5m2": BYTE,
    "float8_e5m2fnuz": BYTE,
    "float8_e8m0fnu": BYTE,
    "float6_e2m3fn": BYTE,
    "float6_e3m2fn": BYTE,
    "float4_e2m1fn": BYTE,
    "int1": BYTE,
    "int2": BYTE,
    "int4": BYTE,
    "uint1": BYTE,
    "uint2": BYTE,
    "uint4": BYTE,
}


def extension_name(dtype: np.dtype[Any]) -> str | None:
    """The name of a dtype of that package; None for others."""
    registered = dtype.isbuiltin == 2 and dtype.type.__module__.partition(".")[0] == PACKAGE
    return dtype.name if registered and dtype.name in STAND_INS else None


def extension_dtype(name: str) -> np.dtype[Any] | None:
    """The dtype of that name; None if the package is not installed, or does not have it."""
    try:
        import ml_dtypes
    except ImportError:
        return None
    kind = getattr(ml_dtypes, name, None) if name in STAND_INS else None
    return None if kind is None else np.dtype(kind)


def stand_in(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that items are taken for when a recipe is chosen: itself, if NumPy knows it."""
    name = extension_name(dtype)
    return dtype if name is None else STAND_INS[name]
