"""NumPy's ``.npy`` files as arrays, and back, byte for byte.

The frame of such a file holds the array, and its metadata hold the version and the text of the
file's header. The text is needed because NumPy's releases write it differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.errors import AnsflowError
from ansflow.files.foreign import end_of, read_at
from ansflow.files.npy_header import MAX_PREFIX, NpyHeader, parse_fields, take_apart
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.header import Header
from ansflow.limits import DEFAULT_LIMITS

__all__ = ["KEY", "NpyFile", "npy_prefix", "parse_npy", "read_items", "read_npy"]

# The key in the metadata.
KEY = "npy"


class NpyFile(NamedTuple):
    """The array in a file, the metadata that restore its header, and the bytes of that."""

    spec: ArraySpec
    metadata: dict[str, Any]
    prefix: bytes


def read_npy(file: BinaryIO) -> NpyFile | None:
    """Read the header of a ``.npy`` file that extends from the file's position to its end.

    Leaves the position at the first item. Returns None, with the position unchanged, if the file is
    not exactly a ``.npy`` file, or could not be restored byte for byte.
    """
    begin = file.tell()
    size = end_of(file) - begin
    found = parse_npy(read_at(file, begin, MAX_PREFIX), size)
    file.seek(begin if found is None else begin + len(found.prefix))
    return found


def parse_npy(data: bytes, size: int) -> NpyFile | None:
    """The same for a file of `size` bytes that begins with `data`, its first `MAX_PREFIX` bytes."""
    metadata = _take_apart(data)
    if metadata is None:
        return None
    prefix, spec = _prefix(metadata), _parse(metadata["header"])
    if prefix and data.startswith(prefix) and spec and spec.nbytes == size - len(prefix):
        return NpyFile(spec, {KEY: metadata}, prefix)
    return None


def read_items(data: bytes) -> npt.NDArray[Any] | None:
    """Return the items in the first bytes of a ``.npy`` file as a vector.

    None if `data` are not from such a file, or its items are empty.
    """
    metadata = _take_apart(data)
    prefix, spec = (_prefix(metadata), _parse(metadata["header"])) if metadata else (None, None)
    if prefix is None or spec is None or not spec.dtype.itemsize or not data.startswith(prefix):
        return None
    count = min(spec.nbytes, len(data) - len(prefix)) // spec.dtype.itemsize
    return np.frombuffer(data, spec.dtype, count, len(prefix))


def npy_prefix(header: Header) -> bytes | None:
    """Return the bytes before the items in the ``.npy`` file that a frame was made from.

    None if it was not made from one, or holds another array by now, as after appending.
    """
    metadata = header.metadata.get(KEY)
    if header.array is None or not isinstance(metadata, Mapping):
        return None
    prefix = _prefix(metadata)
    alone = replace(header.array, name=None, listed=False)
    same = prefix is not None and _parse(metadata["header"]) == alone
    return prefix if same else None


def _take_apart(data: bytes) -> dict[str, Any] | None:
    """The metadata of a file that begins with `data`; None if it has no valid header."""
    header = take_apart(data)
    if header is None:
        return None
    return {"version": list(header.version), "size": header.size, "header": header.text}


def _prefix(metadata: Mapping[str, Any]) -> bytes | None:
    """Magic, size and header from the metadata; None if those are invalid."""
    match metadata:
        case {"version": [int(major), int(minor)], "size": int(size), "header": str(header)}:
            return NpyHeader((major, minor), size, header).prefix
    return None


def _parse(header: str) -> ArraySpec | None:
    """The array that a header describes; None if a frame cannot hold it."""
    fields = parse_fields(header)
    if fields is None:
        return None
    try:
        spec = ArraySpec.parse(
            {"dtype": _with_lists(fields.descr), "shape": list(fields.shape)},
            fields.fortran and len(fields.shape) > 1,
            False,
            DEFAULT_LIMITS,
        )
        spec.describe()
    except (AnsflowError, TypeError):
        return None
    return None if spec.dtype.hasobject else spec


def _with_lists(descr: Any) -> Any:
    """The description of a dtype with lists in place of tuples, as in JSON."""
    if isinstance(descr, tuple | list):
        return [_with_lists(part) for part in descr]
    return descr
