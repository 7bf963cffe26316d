"""The bytes of whatever has some: one rule for all that takes bytes-like objects."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked

__all__ = ["Bytes", "BytesLike", "bytes_of", "item_bytes", "writable_bytes"]

Bytes = npt.NDArray[np.uint8]

# What has a buffer. Since Python 3.12 there is `collections.abc.Buffer`.
BytesLike = bytes | bytearray | memoryview | npt.NDArray[Any]

CTypes = (ctypes.Structure, ctypes.Union, ctypes.Array, ctypes.py_object)

# In the format of a buffer, between colons.
FIELD_NAMES = re.compile(":[^:]*:")


def bytes_of(data: Any, name: str = "data") -> Bytes:
    """The bytes of anything that has a buffer, item by item in C order: a view if they lie so.

    Raises
    ------
    TypeError
        If it has none, or one of Python objects; or if it's a masked array.
    """
    if isinstance(data, np.ndarray | np.generic) and not isinstance(data, bytes):
        # Not all that arrays hold can be in a buffer.
        if data.dtype.hasobject:
            raise TypeError(f"{name} must be bytes, not Python objects")
        check_unmasked(data, name)
        return item_bytes(np.asarray(data))
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(
            f"{name} must be bytes-like or a NumPy array, not {type(data).__name__}; "
            "numpy.asarray makes one of lists and scalars"
        ) from None
    if _has_objects(view):
        raise TypeError(f"{name} must be bytes, not Python objects")
    return np.frombuffer(view if view.c_contiguous else view.tobytes(), np.uint8)


def writable_bytes(out: Any, name: str = "out") -> Bytes:
    """The bytes of a buffer of the caller's, to be filled.

    Raises
    ------
    TypeError
        If it has no buffer, or one of Python objects, or is a masked array.
    ValueError
        If it's read-only, or isn't C-contiguous.
    """
    if isinstance(out, np.ndarray):
        contiguous, writable = out.flags.c_contiguous, out.flags.writeable
    else:
        try:
            view = memoryview(out)
        except TypeError:
            raise TypeError(
                f"{name} must be a writable buffer or a NumPy array, not {type(out).__name__}"
            ) from None
        contiguous, writable = view.c_contiguous, not view.readonly
    if not writable:
        raise ValueError(f"{name} is read-only, so that nothing can be written to it")
    if not contiguous:
        raise ValueError(f"{name} isn't C-contiguous: give a contiguous array, and copy from that")
    return bytes_of(out, name)


def _has_objects(view: memoryview) -> bool:
    if "O" not in view.format:
        return False
    if isinstance(view.obj, CTypes):  # whose fields may be named so that no format can be read
        return _is_of_objects(type(view.obj))
    return "O" in FIELD_NAMES.sub("", view.format)


def _is_of_objects(kind: Any) -> bool:
    """Whether a type of `ctypes` has any."""
    fields = [field[1] for base in kind.__mro__ for field in vars(base).get("_fields_", ())]
    if issubclass(kind, ctypes.Array):
        fields = [kind._type_]
    return issubclass(kind, ctypes.py_object) or any(map(_is_of_objects, fields))


def item_bytes(data: npt.NDArray[Any]) -> Bytes:
    """The items in C order, viewed if they lie so."""
    if not data.nbytes:
        return np.empty(0, np.uint8)
    if data.dtype.names is not None:
        # A copy of structures leaves what was in memory between their fields.
        data = np.asarray(data).view(np.dtype((np.void, data.dtype.itemsize)))
    return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
