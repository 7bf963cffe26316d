"""How content is to be compressed: the keyword arguments of everything that compresses."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypedDict

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, shape_of
from ansflow.engine.item_dtype import item_dtype
from ansflow.engine.metadata import checked_metadata
from ansflow.engine.plan import Plan
from ansflow.frame import constants
from ansflow.frame.array_spec import UNKNOWN_LENGTH, ArraySpec, checked_name
from ansflow.frame.content_model import ContentModel
from ansflow.frame.grid import Grid
from ansflow.models.base import Model
from ansflow.transforms.choosing.choose import CHUNK_ITEMS
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.recipe import Recipe

__all__ = ["DEFAULT_CHUNK_SIZE", "ArrayOptionsDict", "Options", "OptionsDict"]

DEFAULT_CHUNK_SIZE = 256 << 10
MODEL_CHUNK_SIZE = 1 << 20

# Bytes that a chunk of an array has at most, by default.
LARGEST_CHUNK = 4 << 20

# Among the attributes of a plan, the options that it is alone.
PLANS_OWN = "_alone"


class ArrayOptionsDict(TypedDict, total=False):
    """The same as keyword arguments, for signatures that have a dtype of their own."""

    plan: Plan | None
    level: int
    recipe: str | Recipe | None
    precision: int
    lanes: int
    order: int
    tables: Sequence[Model]
    model: str | ContentModel | None
    chunk_size: int | None
    chunks: int | Sequence[int] | None
    metadata: Mapping[str, Any]
    name: str | None


class OptionsDict(ArrayOptionsDict, total=False):
    """The same for the signatures of all other functions."""

    dtype: npt.DTypeLike | None
    typesize: int | None


@dataclass(frozen=True, kw_only=True)
class Options(Plan):
    """The keyword arguments of everything that compresses.

    Those of `Plan`, and besides:

    Parameters
    ----------
    dtype : dtype, optional
        What numbers bytes are, or the items of an array if these are not what its dtype says: for
        instance ``"bfloat16"`` in an array of uint16. They are then compressed as such.
    typesize : int, optional
        Bytes of a number, 1, 2, 4 or 8, of bytes that are unsigned integers.
    chunk_size : int, optional
        Bytes of content in a chunk, at most 2^27; of an array as many whole rows as fit, or a part
        of a row. A reader decodes a chunk at least, and each has distributions of its own. By
        default 256 KiB of bytes, 2^20 items of an array but no more than 4 MiB, and 1 MiB with a
        model. With a model it is rounded to whole units of that.
    chunks : int or sequence of int, optional
        Of an array, the shape of a chunk in its stead: an axis for each axis of the array, as in
        Zarr. Chunks that do not span whole rows let readers decode a part of each.
    metadata : mapping
        For the reader: text, numbers, bools, None, and lists and mappings of them, whose keys are
        text. Tuples come back as lists. At most a MiB as JSON.
    name : str, optional
        Of an array, its name in a collection: frames of arrays with names, written one after the
        other to a file, are one. Any text of up to 4096 bytes.

    Raises
    ------
    ValueError, ModelError
        If a parameter is outside its range.
    TypeError
        If one is of the wrong type.

    Examples
    --------
    >>> import ansflow
    >>> records = b"2022-01-01,17.3,ok;" * 500
    >>> model = ansflow.models.Categorical.fit(list(records), precision=12)
    >>> own = ansflow.compress(records, chunk_size=1000)
    >>> shared = ansflow.compress(records, chunk_size=1000, tables=[model])
    >>> len(shared) < len(own)
    True
    """

    dtype: npt.DTypeLike | None = None
    typesize: int | None = None
    chunk_size: int | None = None
    chunks: int | Sequence[int] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(metadata=checked_metadata(self.metadata))
        if self.name is not None:
            self._set(name=checked_name(self.name))
        if self.typesize is not None:
            if self.dtype is not None:
                raise ValueError("dtype and typesize both say what numbers there are: give one")
            size = integer(self.typesize, "typesize", 1, 8)
            if size not in WIDTHS:
                raise ValueError(f"typesize must be 1, 2, 4 or 8, not {size}")
            self._set(typesize=None, dtype=np.dtype(f"u{size}"))  # one of them suffices
        elif self.dtype is not None:
            self._set(dtype=item_dtype(self.dtype))
        if self.chunk_size is not None:
            size = integer(self.chunk_size, "chunk_size", 1, constants.MAX_CHUNK_SIZE)
            self._set(chunk_size=size)
        if self.chunks is not None:
            if self.chunk_size is not None:
                raise ValueError("chunk_size and chunks both say how large a chunk is: give one")
            shape = shape_of(self.chunks)
            if not all(shape):
                raise ValueError(f"chunks is {shape}, but no chunk has an axis of length 0")
            self._set(chunks=shape)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Options from keyword arguments; TypeError that names those that are not any.

        One of them may be a plan, whose parameters others override.
        """
        plan = given.get("plan")
        if isinstance(plan, Plan) and len(given) == 1:
            return cls._of_plan(plan)
        for value in given.values():
            if type(value) is not int:
                return cls._of_any(given)
        return cls._of_integers(**given)

    # To check options takes as long as to code a short stream.

    @classmethod
    @functools.lru_cache(64)
    def _of_integers(cls, **given: int) -> Self:
        """Those of nothing given, or integers.

        Of other types some are equal to integers that are no legal ones, such as True.
        """
        return cls._of_any(given)

    @classmethod
    def _of_plan(cls, plan: Plan) -> Self:
        """Those of nothing given but a plan, which keeps them."""
        kept = vars(plan)
        if type(kept.get(PLANS_OWN)) is not cls:
            planned = {option.name: kept[option.name] for option in fields(Plan)}
            kept[PLANS_OWN] = cls._of_integers()._with(**planned)
        own: Self = kept[PLANS_OWN]
        return own

    @classmethod
    def _of_any(cls, given: Mapping[str, Any]) -> Self:
        plan = given.get("plan")
        names = ["plan", *[option.name for option in fields(cls) if option.repr]]
        unknown = [name for name in given if name not in names]
        if unknown:
            raise TypeError(
                f"there is no option {', '.join(map(repr, unknown))}; the options are "
                f"{', '.join(names)}"
            )
        if plan is None:
            planned = {}
        elif isinstance(plan, Plan):
            planned = {option.name: getattr(plan, option.name) for option in fields(Plan)}
        else:
            raise TypeError(f"plan must be an ansflow.Plan, not {type(plan).__name__}")
        own = {name: value for name, value in given.items() if name != "plan"}
        if "recipe" in own:
            planned.pop("items", None)  # that was said of the plan's own
        return cls(**{**planned, **own})

    def grid(self, array: ArraySpec | None, content_size: int | None) -> Grid:
        """The grid of such content, or of bytes if it is no array."""
        model = self.coding.model
        unit = 1 if model is None else model.unit
        if array is None:
            if self.chunks is not None:
                raise ValueError("chunks is for arrays; chunk_size says how bytes are cut")
            size = self.chunk_size or (DEFAULT_CHUNK_SIZE if model is None else MODEL_CHUNK_SIZE)
            if self.dtype is not None:
                unit *= np.dtype(self.dtype).itemsize
                if self.chunk_size is None and model is None:
                    size = min(CHUNK_ITEMS * unit, LARGEST_CHUNK)
            return Grid.of_bytes(content_size, max(1, size // unit) * unit)
        shape, cell_size = Grid.cells_of(array)
        if self.chunks is not None:
            assert isinstance(self.chunks, tuple)
            return Grid(shape, _clipped(self.chunks, array, shape), cell_size)
        size = MODEL_CHUNK_SIZE
        if model is None:
            size = min(CHUNK_ITEMS * max(1, array.dtype.itemsize), LARGEST_CHUNK)
        given = self.chunk_size is not None
        cells = max(1, (self.chunk_size or size) // cell_size, unit)
        return Grid(shape, _rows(shape, cells, nearest=not given), cell_size)


def _rows(shape: tuple[int, ...], cells: int, *, nearest: bool) -> tuple[int, ...]:
    """The shape of a contiguous chunk of so many cells, in whole rows if a row fits.

    So many at most, or as near to it as rows allow: where rows are long, the lower number of rows
    may be a good deal less.
    """
    chunk: list[int] = []
    row = 1
    for length in reversed(shape):
        places = max(1, (cells + (row // 2 if nearest else 0)) // row)
        chunk.append(places if length == UNKNOWN_LENGTH else min(max(1, length), places))
        row = row * max(1, length) if chunk[-1] == max(1, length) else cells * 2 + 1
    return tuple(reversed(chunk))


def _clipped(chunks: tuple[int, ...], array: ArraySpec, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a chunk as the user gave it for a grid of that shape."""
    if len(chunks) != len(array.shape):
        raise ValueError(f"chunks {chunks} has another number of axes than shape {array.shape}")
    ordered = chunks[::-1] if array.fortran else chunks
    ordered += tuple(max(1, size) for size in shape[len(ordered) :])  # the bytes of large items
    chunk = tuple(
        places if length == UNKNOWN_LENGTH else min(places, max(1, length))
        for places, length in zip(ordered, shape, strict=True)
    )
    grid = Grid(shape, chunk, Grid.cells_of(array)[1])
    if not grid.is_legal:
        raise ValueError(
            f"chunks {chunks} of {array.dtype} take {grid.chunk_size} bytes, "
            f"{grid.chunks_per_group} side by side; at most {constants.MAX_CHUNK_SIZE} bytes and "
            f"{constants.MAX_GROUP} chunks are possible"
        )
    return chunk
