"""A model as a description and arrays: its file, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.models.files.archive import File, read_arrays, write_arrays
from ansflow.errors import ModelError

__all__ = ["Arrays", "Description", "fingerprint", "read_model", "same", "write_model"]

Description = dict[str, Any]
Arrays = dict[str, npt.NDArray[Any]]

# Bytes of a description as JSON. Parsed, it takes some 50 times as many.
MAX_DESCRIPTION = 1 << 20

FINGERPRINT_DIGITS = 32


def write_model(file: File, description: Description, arrays: Arrays) -> None:
    """Write a model's file. `description` consists of JSON values."""
    text = np.frombuffer(_json(description).encode(), np.uint8)
    write_arrays(file, {"description": text, **arrays})


def read_model(file: File) -> tuple[Any, Arrays]:
    """Undo `write_model`.

    The description may be any JSON value, and the arrays any integers.

    Raises
    ------
    ModelError
        If that is not the file of a model.
    OSError
        If it cannot be opened or read.
    """
    arrays = read_arrays(file)
    if "description" not in arrays:
        raise ModelError("the file of a model must contain an array named 'description'")
    text = arrays.pop("description")
    if text.dtype != np.uint8 or text.ndim != 1 or text.size > MAX_DESCRIPTION:
        raise ModelError(
            f"the description must be uint8 of one axis and at most {MAX_DESCRIPTION} bytes, not "
            f"{text.dtype} of shape {text.shape}"
        )
    try:
        return json.loads(text.tobytes().decode(), object_pairs_hook=_unique), arrays
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the description is not JSON text: {error}") from error


def same(one: Description, other: Description) -> bool:
    """Whether two descriptions are the same text."""
    return _json(one) == _json(other)


def fingerprint(description: Description, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """128 bits of a SHA-256 of a description and arrays, as hexadecimal digits."""
    digest = hashlib.sha256(_json(description).encode())
    for name, array in sorted(arrays.items()):
        ordered = np.asarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {ordered.dtype.str} {ordered.shape}".encode())
        digest.update(ordered.tobytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _json(description: Description) -> str:
    return json.dumps(description, sort_keys=True)
