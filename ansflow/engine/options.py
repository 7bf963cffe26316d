"""How content is to be compressed: the keyword arguments of everything that compresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any

import numpy as np

from ansflow.errors import ModelError
from ansflow.frame import layout
from ansflow.frame.block import BlockCoding
from ansflow.frame.shared import ALPHABET, SharedTable
from ansflow.kernels.constants import checked_lanes
from ansflow.models.base import Model
from ansflow.models.frequencies import DEFAULT_PRECISION, check_frequencies

__all__ = ["DEFAULT_BLOCK_SIZE", "DEFAULT_LANES", "Options"]

DEFAULT_BLOCK_SIZE = 256 << 10
DEFAULT_LANES = 64


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keyword arguments of everything that compresses.

    Parameters
    ----------
    block_size : int
        Bytes that share one distribution, at most 2^24. Readers decode a block at least.
    precision : int
        Bits of the distributions, 8 to 16. 12 is fastest; 14 is closer to the entropy of
        very skewed data.
    lanes : int
        Interleaved states, a power of two from 1 to 64. Small blocks use fewer.
    order : {0, 1}
        1 also tries each block with the byte before as context: much smaller where neighbouring
        bytes are related, as in text, and a few times slower.
    models : sequence of Model
        Distributions of bytes, 8 to 16 bits, at most 64. They are written once, and any block may
        use one instead of a distribution of its own, which pays where blocks are small. Of an
        array, the bytes are those of its planes.
    metadata : mapping
        Anything that JSON can say, for the reader, who gets it as JSON says it: tuples as lists,
        and keys as text. At most a MiB.

    Raises
    ------
    ValueError, ModelError
        If a parameter is outside its range.

    Examples
    --------
    >>> import ansflow
    >>> records = b"2022-01-01,17.3,ok;" * 500
    >>> model = ansflow.models.Categorical.fit(list(records), precision=12)
    >>> own = ansflow.compress(records, block_size=1000)
    >>> shared = ansflow.compress(records, block_size=1000, models=[model])
    >>> len(shared) < len(own)
    True
    """

    block_size: int = DEFAULT_BLOCK_SIZE
    precision: int = DEFAULT_PRECISION
    lanes: int = DEFAULT_LANES
    order: int = 0
    models: Sequence[Model] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.order not in (0, 1):
            raise ValueError(f"order is {self.order!r}, neither 0 nor 1")
        if not 1 <= index(self.block_size) <= layout.MAX_BLOCK_SIZE:
            raise ValueError(f"block_size is {self.block_size}, not 1 to {layout.MAX_BLOCK_SIZE}")
        if not layout.MIN_PRECISION <= index(self.precision) <= layout.MAX_PRECISION:
            raise ValueError(
                f"precision is {self.precision}, "
                f"not {layout.MIN_PRECISION} to {layout.MAX_PRECISION}"
            )
        checked_lanes(index(self.lanes), 0)
        if len(self.models) > layout.MAX_SHARED_TABLES:
            raise ValueError(f"{len(self.models)} models, more than {layout.MAX_SHARED_TABLES}")
        if not isinstance(self.metadata, Mapping):
            raise TypeError(f"metadata is a mapping, not {type(self.metadata).__name__}")

    def coding(self) -> BlockCoding:
        """The same for the blocks of one frame."""
        return BlockCoding(
            index(self.block_size),
            index(self.precision),
            index(self.lanes),
            self.order,
            tuple(_shared_table(model) for model in self.models),
        )


def _shared_table(model: Model) -> SharedTable:
    freq, precision = check_frequencies(model.freq)
    low = getattr(model, "low", 0)
    if freq.ndim != 1 or not 0 <= low <= ALPHABET - freq.size:
        raise ModelError("a model for blocks is one distribution of bytes")
    if not layout.MIN_PRECISION <= precision <= layout.MAX_PRECISION:
        raise ModelError(
            f"a model for blocks has {layout.MIN_PRECISION} to {layout.MAX_PRECISION} bits "
            f"of precision, not {precision}"
        )
    table = np.zeros(ALPHABET, np.uint32)
    table[low : low + freq.size] = freq
    return SharedTable(table, precision)
