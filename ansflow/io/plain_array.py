"""Arrays and tables of other libraries as arrays of NumPy, by the protocols that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.extension_dtypes import PACKAGE, STAND_INS, extension_dtype

__all__ = ["named_columns", "plain_array"]

# What objects have that Arrow can make an array of.
OF_ARROW = "__arrow_c_array__", "__arrow_c_stream__"

# What Arrow calls times of a day, which NumPy does not have: of so many bits, in a unit.
TIME = re.compile(r"time(32|64)\[(\w+)\]")


def plain_array(value: Any) -> npt.NDArray[Any] | None:
    """Return an array-like object as an array; None if it has none of the protocols.

    These are ``__array__``, ``__dlpack__``, and those of Arrow, where missing values become masked
    ones. Floats that are not a number are not missing. Times with a zone become those of UTC.
    Buffers are not asked for. Tensors of PyTorch may also be of a dtype of the package ml_dtypes.
    """
    if isinstance(value, np.ndarray | np.generic):
        return np.asanyarray(value)
    if _is_arrow(value):
        return _from_arrow(value)
    inner = getattr(value, "array", value)  # a series of pandas consists of such an array
    if hasattr(inner, "__arrow_array__") and (found := _by_arrow(inner)) is not None:
        return found
    if (tensor := _narrow_tensor(value)) is not None:
        return tensor
    array: npt.NDArray[Any]
    if hasattr(value, "__array__"):
        if getattr(getattr(value, "dtype", None), "tz", None) is not None:  # one of pandas
            return np.asarray(value, f"M8[{value.dtype.unit}]")
        array = np.asanyarray(value)
        if array.dtype.hasobject and hasattr(inner, "codes") and hasattr(inner, "categories"):
            raise TypeError(
                "categories that are no numbers would become Python objects: give the codes, "
                "column.cat.codes, and the categories elsewhere, such as in metadata"
            )
        return array
    if hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
        return array
    return _by_arrow(value) if any(hasattr(value, name) for name in OF_ARROW) else None


def named_columns(table: Any) -> Iterator[tuple[Any, Any]] | None:
    """The columns of a mapping, a table of Arrow or a data frame by their names; None if it's none.

    An object that maps names to columns has, as a dict, ``keys`` and ``[]``.
    """
    if hasattr(table, "column_names") and hasattr(table, "itercolumns"):
        return zip(table.column_names, table.itercolumns(), strict=True)
    if hasattr(table, "keys") and hasattr(table, "__getitem__"):
        return ((name, table[name]) for name in table.keys())  # noqa: SIM118
    return None


def _narrow_tensor(value: Any) -> npt.NDArray[Any] | None:
    """A tensor of PyTorch of a dtype that NumPy lacks, for which PyTorch has no conversion."""
    module, _, name = str(getattr(value, "dtype", "")).partition(".")
    if module != "torch" or name not in STAND_INS:
        return None
    dtype = extension_dtype(name)
    if dtype is None:
        raise TypeError(
            f"tensors of {value.dtype} become arrays with the package {PACKAGE}, which is not "
            "installed or too old to have this dtype: install it"
        )
    import torch

    as_bits = {1: torch.uint8, 2: torch.int16}[dtype.itemsize]
    bits: npt.NDArray[Any] = value.view(as_bits).numpy()
    return bits.view(dtype)


def _is_arrow(value: Any) -> bool:
    """Whether it is an array of Arrow itself, in one piece or several."""
    return type(value).__module__.startswith("pyarrow.") and hasattr(value, "null_count")


def _by_arrow(value: Any) -> npt.NDArray[Any] | None:
    """What Arrow makes of an object; None without Arrow."""
    try:
        import pyarrow
    except ImportError:
        return None
    return _from_arrow(pyarrow.array(value))


def _from_arrow(array: Any) -> npt.NDArray[Any]:
    """An array of Arrow, which is masked if values are missing. Times are those since midnight."""
    kind = str(array.type)
    if hasattr(array.type, "storage_type"):  # of an extension, such as periods of pandas
        raise TypeError(
            f"a column of the type {kind} would lose what its numbers stand for: give these, "
            "column.storage, or what they stand for, such as period.dt.to_timestamp() in pandas"
        )
    if time := TIME.fullmatch(kind):
        array = array.cast(f"int{time[1]}").cast("int64").cast(f"duration[{time[2]}]")
    dtype = np.asarray(array.slice(0, 0)).dtype
    if dtype.hasobject:
        raise TypeError(
            f"a column of Arrow's type {kind} has no dtype, and would become Python objects: "
            "give texts as numpy.asarray(column).astype('U'), if they are of similar lengths, or "
            "as the indices of column.dictionary_encode(), with the few distinct ones elsewhere"
        )
    if not array.null_count:
        return np.asarray(array)
    missing = np.asarray(array.is_null())
    if missing.all():
        return np.ma.MaskedArray(np.zeros(len(array), dtype), missing)
    return np.ma.MaskedArray(np.asarray(array.fill_null(array.drop_null()[0])), missing)
