"""A frame of content that is all there, from which several tasks would gain nothing.

Most of what is done for content in pieces takes longer than to encode a short one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.framing import Framing
from ansflow.engine.options import Options
from ansflow.engine.plan import DEFAULT_LEVEL
from ansflow.engine.rechoosing import EVERY
from ansflow.engine.schedule import TASK_SIZE
from ansflow.engine.turns import in_turn, one_at_a_time
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkEncoder
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["JOINED_UP_TO", "chosen", "chunk_encoder", "encode_at_once"]

# Chunks of so many bytes of content are kept until all are there, so that the frame gets memory of
# its size. That is mostly memory that the process has had before, while the room for the largest
# frame, of which most isn't used, is new each time; to touch a page of it for the first time takes
# as long as to encode half of it.
JOINED_UP_TO = 1 << 25


def encode_at_once(
    options: Options, framing: Framing, threads: int, content: Bytes
) -> bytes | None:
    """The frame of all of the content; None if there is none, or several tasks are of use."""
    if not content.size:
        return None
    dtype, grid = framing.dtype, framing.header.grid
    undecided = options.recipe is None and dtype is not None
    if framing.only is None:
        most = grid.unit(0, TASK_SIZE)
        if threads == 1:
            most = EVERY * most - 1 if undecided else JOINED_UP_TO
        if content.size > most:
            return None
    if undecided:
        assert dtype is not None
        assert framing.whole is not None
        options = chosen(options, dtype, framing.whole, content)
    if framing.only is not None:
        encode = chunk_encoder(options, dtype, grid, framing.header.pack)
        parts = encode.chunk(content, framing.only, 0)
        return b"".join([*[part.data for part in parts], constants.SHORT_END])
    builder = framing.builder()
    encode = chunk_encoder(options, dtype, grid, builder.front)
    chunks = encode(content, grid.groups(0, content.size), 0)
    builder.append(chunks)
    pieces = [piece.data for chunk in chunks for piece in chunk]
    return b"".join([builder.begin, *pieces, builder.end()])


def chosen(options: Options, dtype: np.dtype[Any], layout: Layout, content: Bytes) -> Options:
    """The options with a recipe that suits some content, which begins with items of a layout."""
    task = partial(options.chosen, content[: layout.nbytes], layout, dtype)
    # Longer searches are mostly in kernels.
    return one_at_a_time(task) if options.level <= DEFAULT_LEVEL else in_turn(task)


def chunk_encoder(
    options: Options, dtype: np.dtype[Any] | None, grid: Grid, front: Callable[[Head], bytes]
) -> ChunkEncoder:
    """What makes chunks of content, which are numbers of that dtype if it is not None."""
    return ChunkEncoder(
        front,
        grid,
        options.recipe_for,
        options.coding,
        None if dtype is None else partial(_instead, options, dtype),
        by_hand=options.is_by_hand,
    )


def _instead(options: Options, dtype: np.dtype[Any], content: Bytes, layout: Layout) -> Recipe:
    """The recipe for a chunk that the one for all cannot be applied to."""
    return options.rechosen(content, layout, dtype).recipe_for(layout)
