"""The bytes of bytes-like objects and arrays, by the same rules everywhere."""

from __future__ import annotations

import ctypes
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked

__all__ = ["Bytes", "BytesLike", "bytes_of", "item_bytes", "opaque", "writable_bytes"]

Bytes = npt.NDArray[np.uint8]

# Objects with a buffer. Python 3.12 has `collections.abc.Buffer` for these.
BytesLike = bytes | bytearray | memoryview | npt.NDArray[Any]

BYTE = np.dtype(np.uint8)
ARRAYS = np.ndarray, np.generic

CTypes = (ctypes.Structure, ctypes.Union, ctypes.Array, ctypes.py_object)

# Field names in the format of a buffer stand between colons.
FIELD_NAMES = re.compile(":[^:]*:")


def bytes_of(data: Any, name: str = "data") -> Bytes:
    """Return the bytes of an object with a buffer in C order, as a view if it is contiguous.

    Raises
    ------
    TypeError
        If `data` has no buffer, contains Python objects, or is a masked array.
    """
    # What is most common, without the rest: small chunks take not much longer than that.
    if isinstance(data, bytes):
        return np.frombuffer(data, BYTE)
    if type(data) is np.ndarray and data.dtype is BYTE and data.ndim == 1:
        return np.ascontiguousarray(data)
    if isinstance(data, ARRAYS):
        # Not through the buffer protocol, which lacks some dtypes.
        if data.dtype.hasobject:
            raise TypeError(f"{name} must be bytes, not Python objects")
        check_unmasked(data, name)
        return item_bytes(np.asarray(data))
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(
            f"{name} must be bytes-like or a NumPy array, not {type(data).__name__}: convert "
            "lists and scalars with numpy.asarray"
        ) from None
    if _has_objects(view):
        raise TypeError(f"{name} must be bytes, not Python objects")
    return np.frombuffer(view if view.c_contiguous else view.tobytes(), np.uint8)


def writable_bytes(out: Any, name: str = "out") -> Bytes:
    """Return the bytes of a buffer that the caller wants to be filled.

    Raises
    ------
    TypeError
        If `out` has no buffer, contains Python objects, or is a masked array.
    ValueError
        If `out` is read-only or not C-contiguous.
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
        raise ValueError(f"{name} must be writable, but is read-only")
    if not contiguous:
        raise ValueError(f"{name} must be C-contiguous: use a contiguous array, and copy from it")
    return bytes_of(out, name)


def _has_objects(view: memoryview) -> bool:
    if "O" not in view.format:
        return False
    if isinstance(view.obj, CTypes):  # names of their fields may make the format ambiguous
        return _is_of_objects(type(view.obj))
    return "O" in FIELD_NAMES.sub("", view.format)


def _is_of_objects(kind: Any) -> bool:
    """Whether a type of `ctypes` contains Python objects."""
    fields = [field[1] for base in kind.__mro__ for field in vars(base).get("_fields_", ())]
    if issubclass(kind, ctypes.Array):
        fields = [kind._type_]
    return issubclass(kind, ctypes.py_object) or any(map(_is_of_objects, fields))


def item_bytes(data: npt.NDArray[Any]) -> Bytes:
    """Return the bytes of an array in C order, as a view if it is contiguous."""
    if not data.nbytes:
        return np.empty(0, np.uint8)
    if data.dtype.names is not None:
        data = opaque(np.asarray(data))
    return np.ascontiguousarray(data).reshape(-1).view(np.uint8)


def opaque(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of the items of an array as bytes, which copies take as they are.

    Copies of structures leave what was in memory between their fields.
    """
    size = array.dtype.itemsize
    return array.view(np.dtype((np.void, size))) if size else array
