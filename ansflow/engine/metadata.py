"""Validation of metadata, so that they survive the conversion to JSON and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ansflow.frame import constants

__all__ = ["checked_metadata"]

# Decoders may refuse integers of more than 1000 digits, and nesting deeper than 100 levels, of
# which the description that contains the metadata and the metadata themselves take one each.
MAX_BITS = 3321
MAX_DEPTH = constants.MAX_NESTING - 2

SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def checked_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the metadata in JSON's types: mappings become dicts, tuples become lists.

    Raises
    ------
    TypeError
        If `metadata` is not a mapping, or contains anything but text, integers, floats, bools,
        None, lists, tuples, and mappings whose keys are text.
    ValueError
        If a float is not finite, an integer has more than 1000 digits, a text contains a pair of
        surrogates, or the nesting is deeper than 98 levels.

    Examples
    --------
    >>> checked_metadata({"unit": "K", "origin": (0, 90)})
    {'unit': 'K', 'origin': [0, 90]}
    """
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a mapping, not {type(metadata).__name__}")
    return _mapping(metadata, "metadata", MAX_DEPTH)


def _mapping(value: Mapping[Any, Any], where: str, depth: int) -> dict[str, Any]:
    checked = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(
                f"keys in {where} must be text, as JSON has no other keys, not {key!r:.60} "
                f"({type(key).__name__})"
            )
        text = _text(key, f"the key {key!r:.60} in {where}")
        checked[text] = _value(item, f"{where}[{key!r:.60}]", depth)
    return checked


def _text(value: str, where: str) -> str:
    """The characters of a text. Subclasses such as enumerations may override ``str(value)``."""
    text = str.__str__(value)
    # JSON preserves a lone surrogate, but joins a pair to the character that it encodes.
    if SURROGATE_PAIR.search(text):
        raise ValueError(
            f"{where} contains a pair of surrogates: use the character that they encode"
        )
    return text


def _value(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise ValueError(f"{where} is an integer of more than 1000 digits: store it as text")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which JSON cannot represent: use text or None")
        return float(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TypeError(
            f"{where} is of type {type(value).__name__}, which JSON cannot represent: convert it "
            "to text, a number, a bool, None, a list or a mapping"
        )
    if not depth:
        raise ValueError(f"metadata are nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return _mapping(value, where, depth - 1)
    return [_value(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
