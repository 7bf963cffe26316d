"""What decoding a chunk takes besides its body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ansflow.coding.coders.single import SingleCoder
from ansflow.frame.content_model import ContentModel
from ansflow.frame.streams.scratch import DecoderScratch

__all__ = ["Tools"]


class Tools(NamedTuple):
    """Coders of the shared tables, how the frame's model is found, and scratch.

    `model` raises UnknownModelError if the model is not known here; it is None if there is none.
    Unless `lengths` is None, the code length of the symbols of each stream of words is added to it.
    """

    shared: Sequence[SingleCoder]
    model: Callable[[], ContentModel] | None
    scratch: DecoderScratch
    lengths: list[float | None] | None = None
