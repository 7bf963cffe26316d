"""The bytes of a trained codec for arrays, as FORMAT.md says: what arrays, the recipe, the rows."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import numpy as np

from ansflow.coding.coders.escapes import EscapeCoder
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.frame.constants import MAX_CELL_SIZE
from ansflow.frame.dtypes import checked_shape, describe_dtype, parse_dtype
from ansflow.frame.trained import (
    CHECKED,
    MAX_MESSAGE,
    pack_rows,
    read_rows,
    read_signed,
    signed,
)
from ansflow.transforms.fixed import FixedRecipe
from ansflow.transforms.fixed_steps import pack_steps, read_steps
from ansflow.varints import pack_varint

__all__ = ["MAX_AXES", "Shape", "TrainedArrays"]

MAGIC = b"\x89ANA"
MAX_AXES = 32
MAX_DESCRIPTION = 1 << 16

# None is a length that messages say.
Shape = tuple[int | None, ...]


class TrainedArrays(NamedTuple):
    """What a trained codec for arrays consists of."""

    dtype: np.dtype[Any]
    shape: Shape
    recipe: FixedRecipe
    coder: EscapeCoder
    has_check: bool

    def pack(self) -> bytes:
        told = {"dtype": describe_dtype(self.dtype), "shape": self.shape}
        description = json.dumps(told, separators=(",", ":")).encode()
        parts = [pack_varint(len(description)), description, pack_steps(self.recipe.steps)]
        return signed(MAGIC, CHECKED * self.has_check, b"".join([*parts, pack_rows(self.coder)]))

    @classmethod
    def parse(cls, data: bytes) -> TrainedArrays:
        """Undo `pack`.

        Raises
        ------
        UnsupportedError
            If the version, the flags, the dtype or a transform are unknown.
        CorruptDataError
            If it is anything else that `pack` has not written.
        """
        reader, flags = read_signed(data, MAGIC, CHECKED)
        size = reader.varint()
        if size > MAX_DESCRIPTION:
            raise CorruptDataError(f"the codec has a description of {size} bytes")
        dtype, shape = _described(bytes(reader.take(size)))
        recipe = FixedRecipe(dtype, read_steps(reader, dtype.itemsize, len(shape)))
        return cls(dtype, shape, recipe, read_rows(reader), bool(flags & CHECKED))


def _described(text: bytes) -> tuple[np.dtype[Any], Shape]:
    try:
        told = json.loads(text)
        if told.keys() != {"dtype", "shape"}:
            raise ValueError(f"its keys are {list(told)}")
        dtype, lacking = parse_dtype(told["dtype"])
        lengths = checked_shape([1 if length is None else length for length in told["shape"]])
        if len(lengths) > MAX_AXES or not 1 <= dtype.itemsize <= MAX_CELL_SIZE:
            raise ValueError(f"there can be no array of {dtype} with {len(lengths)} axes")
        if math.prod(lengths) * dtype.itemsize > MAX_MESSAGE:
            raise ValueError(f"arrays of {lengths} have more than {MAX_MESSAGE} bytes")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as e:
        raise CorruptDataError(f"the description of the codec's arrays is invalid: {e!r}") from e
    if lacking is not None:
        raise UnsupportedError(
            f"the codec is for arrays of {lacking}, a dtype of a package that is not installed"
        )
    return dtype, tuple(told["shape"])
