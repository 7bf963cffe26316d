"""Users' metadata as JSON can say them, so that the reader gets what was written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ansflow.frame import layout

__all__ = ["checked_metadata"]

# Decoders may refuse integers of more than 1000 digits, and nesting deeper than 100; the
# description that the metadata are in is one level, the metadata another.
MAX_BITS = 3321
MAX_DEPTH = layout.MAX_NESTING - 2

SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def checked_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the metadata made of what JSON has: mappings are dicts, tuples are lists.

    Raises
    ------
    TypeError
        If they aren't a mapping, or something in them isn't text, an integer, a finite float, a
        bool, None, a list or tuple, or a mapping whose keys are text.
    ValueError
        If a number is infinite, not a number, or has more than 1000 digits, if text has a
        pair of surrogates, or if they are nested deeper than 98 levels.

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
                f"keys in {where} must be text, as JSON has no others: {key!r:.60} "
                f"is {type(key).__name__}"
            )
        text = _text(key, f"the key {key!r:.60} in {where}")
        checked[text] = _value(item, f"{where}[{key!r:.60}]", depth)
    return checked


def _text(value: str, where: str) -> str:
    """The characters, whatever a subclass, such as an enumeration, makes of ``str(value)``."""
    text = str.__str__(value)
    # One half of a character comes back; two would come back as the whole, which is other text.
    if SURROGATE_PAIR.search(text):
        raise ValueError(
            f"{where} has a pair of surrogates in place of the character that it means"
        )
    return text


def _value(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise ValueError(f"{where} is an integer of more than 1000 digits: write it as text")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which JSON can't say: write it as text, or None")
        return float(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TypeError(
            f"{where} is of type {type(value).__name__}, which JSON can't say: make it text, "
            "a number, a bool, None, a list or a mapping"
        )
    if not depth:
        raise ValueError(f"metadata are nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return _mapping(value, where, depth - 1)
    return [_value(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
