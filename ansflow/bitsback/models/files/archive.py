"""Arrays in an `.npz` archive, read without trusting it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from os import PathLike
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.models.files.zip_members import read_members
from ansflow.errors import ModelError
from ansflow.files.npy_header import MAX_PREFIX, parse_fields, take_apart

__all__ = ["File", "read_arrays", "write_arrays"]

File = str | PathLike[str] | IO[bytes]

# Bytes of all arrays, and of the file. Packing makes no array longer, apart from some bytes.
MAX_SIZE = 1 << 28
MAX_FILE_SIZE = MAX_SIZE + (1 << 24)
READ_AT_ONCE = 1 << 20

# Of text, weights and biases, as headers name them.
DTYPES = {"|u1": np.uint8, "<i2": np.int16, "<i8": np.int64}
MAX_AXES = 8


def write_arrays(file: File, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    little = {name: array.astype(array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    np.savez_compressed(file, **little)  # type: ignore[arg-type]


def read_arrays(file: File) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, by name; read-only.

    Raises
    ------
    ModelError
        If it is not an archive, is damaged, or holds anything but arrays of uint8, int16 or int64,
        or more than 256 MiB. No more than that is unpacked.
    OSError
        If the file cannot be opened or read.
    """
    if isinstance(file, str | PathLike):
        with open(file, "rb") as opened:
            return read_arrays(opened)
    data = memoryview(_content(file))
    arrays = {}
    for name, content in read_members(data, MAX_SIZE).items():
        if not name.endswith(".npy"):
            raise ModelError(
                f"the archive contains {name!r}, which is not an array: its name must end in .npy"
            )
        arrays[name.removesuffix(".npy")] = _array(name, content)
    return arrays


def _content(file: IO[bytes]) -> bytes:
    """All bytes of a file, wherever its position is."""
    if not hasattr(file, "read"):
        raise TypeError(
            f"the file of a model must be a path or a binary file, not {type(file).__name__}"
        )
    if hasattr(file, "seek") and getattr(file, "seekable", lambda: True)():
        file.seek(0)
    content = bytearray()
    while len(content) <= MAX_FILE_SIZE:
        piece = file.read(READ_AT_ONCE)
        if piece is None:
            raise BlockingIOError(
                "the file of a model has no bytes at the moment: it must be a blocking file"
            )
        if not piece:
            return bytes(content)
        content += piece
    raise ModelError(f"the file of a model must have at most {MAX_FILE_SIZE} bytes")


def _array(name: str, content: bytes) -> npt.NDArray[Any]:
    """An array as `numpy.save` writes it, whose header is compared with what is there."""
    header = take_apart(content[:MAX_PREFIX])
    prefix = None if header is None else header.prefix
    fields = None if header is None else parse_fields(header.text)
    if prefix is None or fields is None or not content.startswith(prefix):
        raise ModelError(f"{name!r} in the archive is not a NumPy array: its header is malformed")
    dtype = DTYPES.get(fields.descr) if isinstance(fields.descr, str) else None
    if dtype is None or len(fields.shape) > MAX_AXES:
        raise ModelError(
            f"the array {name!r} must be one of {', '.join(DTYPES)} with at most {MAX_AXES} axes, "
            f"not {fields.descr!r:.60} with {len(fields.shape)}"
        )
    size = math.prod(fields.shape)
    little = np.dtype(dtype).newbyteorder("<")
    if not size or len(content) - len(prefix) != size * little.itemsize:
        raise ModelError(
            f"the array {name!r} has {len(content) - len(prefix)} bytes, but its header states "
            f"the shape {fields.shape!r:.60}"
        )
    order: Literal["C", "F"] = "F" if fields.fortran else "C"
    items: npt.NDArray[Any] = np.frombuffer(content, little, size, len(prefix))
    return items.astype(dtype, copy=False).reshape(fields.shape, order=order)
