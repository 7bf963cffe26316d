"""The frame's header: what the content is, and how it is cut into blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import xxhash

from ansflow.errors import CorruptDataError, LimitError, TruncatedError, UnsupportedError
from ansflow.frame import layout
from ansflow.limits import Limits

__all__ = ["ArraySpec", "Header"]


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Type and shape of an array, and whether its content is in Fortran order."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def nbytes(self) -> int:
        items = 1
        for axis in self.shape:
            items *= axis
        return items * self.dtype.itemsize

    def describe(self) -> bytes:
        """As JSON: the dtype as in a .npy file, with lists for its tuples, and the shape."""
        descr = np.lib.format.dtype_to_descr(self.dtype)
        return json.dumps(
            {"dtype": descr, "shape": list(self.shape)}, separators=(",", ":")
        ).encode()

    @classmethod
    def parse(cls, description: bytes, fortran: bool, limits: Limits) -> Self:
        try:
            fields = json.loads(description)
            dtype = np.lib.format.descr_to_dtype(_tuples(fields["dtype"]))
            shape = tuple(fields["shape"])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError, SyntaxError) as e:
            raise CorruptDataError(f"the array's description can't be read: {e!r}") from e
        if not all(type(axis) is int and 0 <= axis < 1 << 63 for axis in shape):
            raise CorruptDataError(f"impossible shape {shape}")
        if dtype.hasobject:
            raise CorruptDataError(f"impossible dtype {dtype}")
        if len(shape) > limits.max_dimensions:
            raise LimitError(f"{len(shape)} axes exceed max_dimensions={limits.max_dimensions}")
        return cls(dtype, shape, fortran)


def _tuples(descr: Any) -> Any:
    """Undo what JSON did to a structured dtype: fields and shapes are tuples there."""
    if not isinstance(descr, list):
        return descr
    return [
        tuple(
            tuple(part) if i == 2 and isinstance(part, list) else _tuples(part)
            for i, part in enumerate(field)
        )
        for field in descr
    ]


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a frame says.

    Parameters
    ----------
    content_size : int
        Bytes of content.
    block_size : int
        Bytes of content in a full block.
    planes : int
        Bytes of an item that are coded in blocks of their own.
    array : ArraySpec or None
        None if the content is just bytes.
    """

    content_size: int
    block_size: int
    planes: int = 1
    array: ArraySpec | None = None

    def pack(self) -> bytes:
        description = b"" if self.array is None else self.array.describe()
        if len(description) > layout.MAX_DESCRIPTION:
            raise ValueError(f"the description of dtype and shape takes {len(description)} bytes")
        fortran = self.array is not None and self.array.fortran
        fixed = layout.HEADER.pack(
            layout.MAGIC,
            layout.VERSION,
            layout.FLAG_FORTRAN_ORDER if fortran else 0,
            layout.KIND_BYTES if self.array is None else layout.KIND_ARRAY,
            self.planes,
            self.content_size,
            self.block_size,
            len(description),
        )
        head = fixed + description
        return head + layout.CHECK.pack(xxhash.xxh3_64_intdigest(head))

    @classmethod
    def parse(cls, frame: memoryview, limits: Limits) -> tuple[Self, int]:
        """The header at the beginning of `frame`, and its size in bytes."""
        begin = bytes(frame[: len(layout.MAGIC)])
        if begin != layout.MAGIC[: len(begin)]:
            raise CorruptDataError("this isn't an ansflow frame: it begins with another magic")
        if len(frame) < layout.HEADER.size:
            raise TruncatedError("the frame ends inside its header")
        (_, version, flags, kind, planes, content_size, block_size, described) = (
            layout.HEADER.unpack_from(frame)
        )
        if version != layout.VERSION:
            raise UnsupportedError(
                f"format version {version}; this release reads version {layout.VERSION}"
            )
        if described > layout.MAX_DESCRIPTION:
            raise CorruptDataError(f"a description of {described} bytes")
        end = layout.HEADER.size + described
        if len(frame) < end + layout.CHECK.size:
            raise TruncatedError("the frame ends inside its header")
        (check,) = layout.CHECK.unpack_from(frame, end)
        if check != xxhash.xxh3_64_intdigest(frame[:end]):
            raise CorruptDataError("the header doesn't match its check")
        if flags & ~layout.FLAG_FORTRAN_ORDER:
            raise UnsupportedError(f"unknown flags {flags:#04x}")
        if kind not in (layout.KIND_BYTES, layout.KIND_ARRAY):
            raise UnsupportedError(f"unknown kind of content {kind}")
        if not 1 <= planes <= layout.MAX_PLANES or content_size % planes:
            raise CorruptDataError(f"{content_size} bytes in items of {planes}")
        if not 1 <= block_size <= layout.MAX_BLOCK_SIZE:
            raise CorruptDataError(f"impossible block size {block_size}")
        if content_size > limits.max_output:
            raise LimitError(
                f"the content takes {content_size} bytes, more than max_output={limits.max_output}"
            )
        if min(block_size, content_size) > limits.max_block:
            raise LimitError(f"blocks of {block_size} bytes exceed max_block={limits.max_block}")
        array = None
        if kind == layout.KIND_ARRAY:
            description = bytes(frame[layout.HEADER.size : end])
            fortran = bool(flags & layout.FLAG_FORTRAN_ORDER)
            array = ArraySpec.parse(description, fortran, limits)
            if array.nbytes != content_size:
                raise CorruptDataError(
                    f"{array.dtype} of shape {array.shape} doesn't take {content_size} bytes"
                )
        elif flags or planes != 1 or described:
            raise CorruptDataError("the header of bytes describes an array")
        return cls(content_size, block_size, planes, array), end + layout.CHECK.size

    def chunks(self) -> Iterator[tuple[int, int]]:
        """``(begin, end)`` in the content of what `planes` consecutive blocks hold."""
        step = self.block_size * self.planes
        for begin in range(0, self.content_size, step):
            yield begin, min(begin + step, self.content_size)
