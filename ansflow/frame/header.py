"""The frame's header: what the content is, and how it is cut into blocks."""

from __future__ import annotations

import json
import re
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
        """As JSON: the dtype as in a .npy file, with lists for its tuples, and the shape.

        Raises
        ------
        TypeError
            If that cannot say what the dtype is: its fields overlap or are out of order.
        """
        try:
            descr = np.lib.format.dtype_to_descr(self.dtype)
        except ValueError as e:
            raise TypeError(f"{self.dtype} can't be described: {e}") from e
        fields = {"dtype": descr, "shape": list(self.shape)}
        return json.dumps(fields, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, description: bytes, fortran: bool, limits: Limits) -> Self:
        try:
            fields = json.loads(description.decode("utf-8"))
            dtype = np.lib.format.descr_to_dtype(_checked_descr(fields["dtype"]))
            shape = _checked_shape(fields["shape"])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as e:
            raise CorruptDataError(f"the array's description can't be read: {e!r}") from e
        if len(shape) > limits.max_dimensions:
            raise LimitError(f"{len(shape)} axes exceed max_dimensions={limits.max_dimensions}")
        return cls(dtype, shape, fortran)


# What NumPy's own parser takes is much more, and a zero in the wrong place kills the process
# (``M8[D/0]``), so it only gets to see what NumPy itself writes.
TYPE = re.compile(
    r"[<>|](b1|[iu][1248]|f(2|4|8|12|16)|c(8|16|24|32)|[SUV][0-9]{1,9}"
    r"|[mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)",
    re.ASCII,
)


def _checked_descr(descr: Any) -> Any:
    """The description of a dtype with its tuples put back; ValueError if it isn't one."""
    if isinstance(descr, str) and TYPE.fullmatch(descr):
        return descr
    if not isinstance(descr, list) or not descr:
        raise ValueError(f"no type is written {descr!r}")
    return [_checked_field(field) for field in descr]


def _checked_field(field: Any) -> tuple[Any, ...]:
    """``(name, type)`` or ``(name, type, shape)``; a name may be ``(title, name)``."""
    if not isinstance(field, list) or len(field) not in (2, 3):
        raise ValueError(f"no field is written {field!r}")
    names = field[0] if isinstance(field[0], list) else [field[0]]
    if len(names) > 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"no field is called {field[0]!r}")
    name = names[0] if len(names) == 1 else tuple(names)
    return name, _checked_descr(field[1]), *(_checked_shape(axes) for axes in field[2:])


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list):
        raise ValueError(f"no shape is written {shape!r}")
    if not all(type(axis) is int and 0 <= axis < 1 << 63 for axis in shape):
        raise ValueError(f"impossible shape {shape}")
    return tuple(shape)


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
