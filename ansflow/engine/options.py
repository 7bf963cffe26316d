"""How content is to be compressed: the keyword arguments of everything that compresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ansflow.arguments import integer
from ansflow.engine.metadata import checked_metadata
from ansflow.errors import ModelError
from ansflow.frame import layout
from ansflow.frame.block import BlockCoding
from ansflow.frame.shared import ALPHABET, SharedTable
from ansflow.kernels.constants import checked_lanes
from ansflow.models.base import Model
from ansflow.models.frequencies import DEFAULT_PRECISION, check_frequencies

if TYPE_CHECKING:
    from ansflow.bitsback.models.vae import VAE

__all__ = ["DEFAULT_BLOCK_SIZE", "DEFAULT_LANES", "Options"]

DEFAULT_BLOCK_SIZE = 256 << 10
MODEL_BLOCK_SIZE = 1 << 20
DEFAULT_LANES = 64


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keyword arguments of everything that compresses.

    Parameters
    ----------
    block_size : int, optional
        Bytes that share one distribution, at most 2^24. Readers decode a block at least. By default
        256 KiB, and 1 MiB with a model; with a model it is rounded down to whole images, but
        one at least.
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
    model : str or ansflow.bitsback.VAE, optional
        A latent variable model of images, by its name or as it is, for blocks that consist of its
        images; those which it can't code, or not well, are coded as without it. The reader has
        to know the model. What is compressed must be bytes, or an array of one byte an item, in
        which an image is the last axis or the last two.
    metadata : mapping
        For the reader: text, numbers, bools, None, and lists and mappings of them, whose keys are
        text. Tuples come back as lists. At most a MiB as JSON.

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
    >>> own = ansflow.compress(records, block_size=1000)
    >>> shared = ansflow.compress(records, block_size=1000, models=[model])
    >>> len(shared) < len(own)
    True
    """

    block_size: int | None = None
    precision: int = DEFAULT_PRECISION
    lanes: int = DEFAULT_LANES
    order: int = 0
    models: Sequence[Model] = ()
    model: str | VAE | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.models, Sequence):
            raise TypeError(f"models must be a sequence, not {type(self.models).__name__}")
        if len(self.models) > layout.MAX_SHARED_TABLES:
            raise ValueError(f"{len(self.models)} models, more than {layout.MAX_SHARED_TABLES}")
        low, high = layout.MIN_PRECISION, layout.MAX_PRECISION
        checked: dict[str, Any] = {
            "precision": integer(self.precision, "precision", low, high),
            "lanes": checked_lanes(integer(self.lanes, "lanes"), 0),
            "order": integer(self.order, "order", 0, 1),
            "models": tuple(self.models),
            "metadata": checked_metadata(self.metadata),
        }
        if self.block_size is not None:
            size = integer(self.block_size, "block_size", 1, layout.MAX_BLOCK_SIZE)
            checked["block_size"] = size
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def coding(self) -> BlockCoding:
        """The same for the blocks of one frame."""
        model, block_size = None, DEFAULT_BLOCK_SIZE
        if self.model is not None:
            model, block_size = _model(self.model), MODEL_BLOCK_SIZE
        if self.block_size is not None:
            block_size = self.block_size
        if model is not None:
            block_size = max(1, block_size // model.image_size) * model.image_size
        return BlockCoding(
            block_size,
            self.precision,
            self.lanes,
            self.order,
            tuple(_shared_table(shared) for shared in self.models),
            model,
        )


def _model(model: str | VAE) -> VAE:
    # Few need them, and they take a while.
    from ansflow.bitsback.models.pretrained import load
    from ansflow.bitsback.models.vae import VAE

    if isinstance(model, str):
        model = load(model)
    if not isinstance(model, VAE):
        raise TypeError(f"model is a name or a VAE, not {type(model).__name__}")
    if model.image_size > layout.MAX_BLOCK_SIZE:
        raise ModelError(f"an image of {model.image_size} bytes doesn't fit into a block")
    return model


def _shared_table(model: Model) -> SharedTable:
    freq, precision = check_frequencies(model.freq)
    low = integer(getattr(model, "low", 0), "a model's low", type_error=ModelError)
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
