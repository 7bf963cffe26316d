"""Files of models: arrays in an `.npz` archive, read without trusting it."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from os import PathLike
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from ansflow.errors import ModelError

__all__ = ["File", "read_arrays", "write_arrays"]

File = str | PathLike[str] | IO[bytes]

# Bytes that all arrays may take.
MAX_SIZE = 1 << 28


def write_arrays(file: File, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_arrays(file: File) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an archive, by name.

    Raises
    ------
    ModelError
        If it is none, is damaged, or holds Python objects or more than 256 MiB.
    OSError
        If it can't be opened.
    """
    if isinstance(file, str | PathLike):
        with open(file, "rb") as opened:
            return read_arrays(opened)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MAX_SIZE:
                raise ModelError(f"a model of more than {MAX_SIZE} bytes")
            return {
                member.filename.removesuffix(".npy"): _read_array(archive.read(member))
                for member in members
            }
    except ModelError:
        raise
    except Exception as error:  # a damaged archive fails in a dozen ways, some undocumented
        raise ModelError(f"the file of a model can't be read: {error!r}") from error


def _read_array(data: bytes) -> npt.NDArray[Any]:
    """An array as `numpy.save` writes it, of which no more is allocated than is there."""
    file = io.BytesIO(data)
    if npy.read_magic(file) != (1, 0):
        raise ModelError("an array of another version")
    shape, fortran, dtype = npy.read_array_header_1_0(file)
    start = file.tell()
    if dtype.hasobject or len(data) - start != dtype.itemsize * math.prod(shape):
        raise ModelError(f"no array of {dtype} and shape {shape}")
    return np.ndarray(shape, dtype, data, start, order="F" if fortran else "C").copy()
