"""Dtypes as the description in a header holds them, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ansflow.extension_dtypes import STAND_INS, extension_dtype, extension_name

__all__ = ["Parsed", "checked_shape", "describe_dtype", "parse_dtype"]

# NumPy's parser accepts more than this, and some input crashes the process (``M8[D/0]``), so it is
# given only what NumPy itself writes.
TYPE = re.compile(
    r"\|(b1|[iu]1|[SV][0-9]{1,9})"
    r"|[<>]([iu][248]|f(2|4|8|12|16)|c(8|16|24|32)|U[0-9]{1,9}"
    r"|[mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)",
    re.ASCII,
)


class Parsed(NamedTuple):
    """A dtype, and the name of one in it that is not known here; bytes stand in its place."""

    dtype: np.dtype[Any]
    lacking: str | None = None


def describe_dtype(dtype: np.dtype[Any]) -> Any:
    """The description that `parse_dtype` parses; TypeError if that would be another dtype.

    NumPy describes every dtype, including those that other packages register and structures with
    unordered fields, but not always faithfully. So the description is parsed and compared.
    """
    if dtype.isbuiltin == 1 and dtype.kind in "biufc" and not dtype.metadata:
        return dtype.str  # the usual case
    advice = f"view it as another dtype, such as {np.dtype(_plain(dtype.itemsize)).name}"
    if _has_metadata(dtype):
        raise TypeError(
            f"dtype {dtype} has metadata, which cannot be stored: {advice}, or drop the metadata"
        )
    try:
        described = _with_names(np.lib.format.dtype_to_descr(dtype), dtype)
        same = parse_dtype(_listed(described)) == Parsed(dtype)
    except (ValueError, TypeError, OverflowError) as e:
        raise TypeError(f"dtype {dtype} cannot be stored ({e}): {advice}") from e
    if not same:
        raise TypeError(f"dtype {dtype} cannot be stored without changes: {advice}")
    return described


def parse_dtype(descr: Any) -> Parsed:
    """Undo `describe_dtype`; ValueError if there can be no such description."""
    checked = _checked(descr)
    names = list(_extensions(checked))
    if not names:
        return Parsed(np.lib.format.descr_to_dtype(checked))
    lacking = next((name for name in names if extension_dtype(name) is None), None)
    plain = np.lib.format.descr_to_dtype(_with_bytes(checked))
    return Parsed(plain if lacking else _with_extensions(plain, checked), lacking)


def checked_shape(shape: Any) -> tuple[int, ...]:
    """A shape as it is written; ValueError if there is none."""
    if not isinstance(shape, list):
        raise ValueError(f"a shape must be a list of integers, not {shape!r}")
    if not all(type(axis) is int and 0 <= axis < 1 << 63 for axis in shape):
        raise ValueError(f"axis lengths must be integers from 0 to 2^63 - 1, not {shape}")
    return tuple(shape)


def _plain(itemsize: int) -> str:
    """A built-in dtype of that size."""
    return f"u{itemsize}" if itemsize in (1, 2, 4, 8) else f"V{itemsize}"


def _has_metadata(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype, or a part of it, has metadata, which NumPy's comparison ignores."""
    if dtype.subdtype is not None:
        return bool(dtype.metadata) or _has_metadata(dtype.subdtype[0])
    parts = [] if dtype.fields is None else dtype.fields.values()
    return bool(dtype.metadata) or any(_has_metadata(part[0]) for part in parts)


def _with_names(descr: Any, dtype: np.dtype[Any]) -> Any:
    """NumPy's description with the names of dtypes of other packages, which it takes for bytes."""
    base = dtype if dtype.subdtype is None else dtype.subdtype[0]
    if isinstance(descr, str) or base.names is None:
        return extension_name(base) or descr
    fields = [field for field in descr if field[0] != ""]
    if len(fields) != len(base.names):
        raise ValueError("a field without a name looks like padding")
    own = iter(base.names)
    return [
        field if field[0] == "" else (field[0], _with_names(field[1], base[next(own)]), *field[2:])
        for field in descr
    ]


def _listed(descr: Any) -> Any:
    """A description with its tuples replaced by lists, as in JSON."""
    return [_listed(part) for part in descr] if isinstance(descr, list | tuple) else descr


def _checked(descr: Any) -> Any:
    """The description of a dtype with its tuples restored; ValueError if it is invalid."""
    if isinstance(descr, str) and (TYPE.fullmatch(descr) or descr in STAND_INS):
        return descr
    if not isinstance(descr, list) or not descr:
        raise ValueError(f"the dtype {descr!r} is not one that a frame can hold")
    return [_checked_field(field) for field in descr]


def _checked_field(field: Any) -> tuple[Any, ...]:
    """``(name, type)`` or ``(name, type, shape)``; a name may be ``(title, name)``."""
    if not isinstance(field, list) or len(field) not in (2, 3):
        raise ValueError(
            f"a field must be a list of name, dtype and optionally shape, not {field!r}"
        )
    name = field[0]
    if isinstance(name, list) and len(name) == 2 and all(isinstance(part, str) for part in name):
        name = tuple(name)
    elif not isinstance(name, str):
        raise ValueError(f"the name of a field must be text or a pair of texts, not {name!r}")
    return name, _checked(field[1]), *(checked_shape(axes) for axes in field[2:])


def _extensions(descr: Any) -> Iterator[str]:
    """The names of dtypes of other packages in a description."""
    if isinstance(descr, str):
        if descr in STAND_INS:
            yield descr
        return
    for field in descr:
        yield from _extensions(field[1])


def _with_bytes(descr: Any) -> Any:
    """A description with bytes in place of these names."""
    if isinstance(descr, str):
        return f"|V{STAND_INS[descr].itemsize}" if descr in STAND_INS else descr
    return [(field[0], _with_bytes(field[1]), *field[2:]) for field in descr]


def _with_extensions(dtype: np.dtype[Any], descr: Any) -> np.dtype[Any]:
    """The dtype made of `_with_bytes`, with the dtypes that were meant."""
    if isinstance(descr, str):
        return extension_dtype(descr) or dtype
    assert dtype.names is not None
    assert dtype.fields is not None
    formats, titles = [], []
    named = [field for field in descr if field[0] != ""]
    for name, field in zip(dtype.names, named, strict=True):
        inner = dtype[name]
        base, shape = inner.subdtype or (inner, ())
        formats.append(
            np.dtype((_with_extensions(base, field[1]), shape))
            if shape
            else _with_extensions(inner, field[1])
        )
        titles.append(field[0][0] if isinstance(field[0], tuple) else None)
    return np.dtype(
        {
            "names": list(dtype.names),
            "formats": formats,
            "offsets": [dtype.fields[name][1] for name in dtype.names],
            "titles": titles,
            "itemsize": dtype.itemsize,
        }
    )
