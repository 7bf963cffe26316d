"""Chunks without a frame, for containers that know dtype, shape and checksum themselves."""

from __future__ import annotations

from typing import Any

from ansflow.buffers import ARRAYS, bytes_of, writable_bytes
from ansflow.engine.plan import Plan
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.body import decode_body, encode_body
from ansflow.transforms.layout import Layout

__all__ = ["decode_chunk", "encode_chunk"]


def encode_chunk(content: Any, plan: Plan) -> bytes:
    """Code content as a bare chunk: a recipe and its streams, nothing else.

    Parameters
    ----------
    content : bytes-like or ndarray
        At most 2^27 bytes. Arrays are taken in C order.
    plan : Plan
        How it is coded.

    Returns
    -------
    bytes
        A few bytes more than the coded data. Nothing says what the content is, nor whether the
        chunk is undamaged. Of no content, no bytes.

    Raises
    ------
    TypeError
        If the content has no bytes, or Python objects.
    ValueError
        If it is too large, or plan or recipe are for other items.
    ModelError
        If a table or the model of the plan cannot be used.

    See Also
    --------
    ansflow.compress : the same in a frame, which says all that and is checked.

    Examples
    --------
    >>> import ansflow, numpy as np
    >>> plan = ansflow.Plan(precision=12)
    >>> data = np.repeat(np.arange(16, dtype="u1"), 128)
    >>> chunk = ansflow.encode_chunk(data, plan)
    >>> out = np.empty_like(data)
    >>> ansflow.decode_chunk(chunk, plan, out)
    >>> len(chunk) < 1100, (out == data).all()
    (True, np.True_)
    """
    items = bytes_of(content, "content")
    if not items.size:
        return b""
    if items.size > constants.MAX_CHUNK_SIZE:
        raise ValueError(
            f"a chunk has at most {constants.MAX_CHUNK_SIZE} bytes, not {items.size}: cut the "
            "content"
        )
    shape = _layout(content, items.size)
    plan.check_items(content.dtype if isinstance(content, ARRAYS) else None)
    heads, payloads = encode_body(
        items, shape, plan.recipe_for(shape), plan.coding, by_hand=plan.is_by_hand
    )
    return b"".join([heads, *[piece.data for piece in payloads]])


def decode_chunk(data: Any, plan: Plan, out: Any) -> None:
    """Undo `encode_chunk`.

    Parameters
    ----------
    data : bytes-like
    plan : Plan
        With the same `tables` and `model` as when it was encoded; the rest does not matter.
    out : writable bytes-like or ndarray
        Where the content goes: C-contiguous, with as many bytes as the content, and items of the
        same size if it was an array.

    Raises
    ------
    CorruptDataError
        If the data are not a chunk of such content. Most damage is not noticed: keep a checksum.
    UnsupportedError
        If the chunk takes a transform or a kind of stream that this release does not know.
    TypeError, ValueError
        If `out` cannot be written to, or is not contiguous.

    Examples
    --------
    >>> import ansflow, numpy as np
    >>> plan = ansflow.Plan(level=1)
    >>> numbers = np.arange(1000)
    >>> out = np.empty_like(numbers)
    >>> ansflow.decode_chunk(ansflow.encode_chunk(numbers, plan), plan, out)
    >>> np.array_equal(out, numbers)
    True
    """
    items = writable_bytes(out, "out")
    body = bytes_of(data).data
    if not items.size:
        if len(body):
            raise CorruptDataError(f"out is empty, but the chunk has {len(body)} bytes")
        return
    tools = plan.decoders.take()
    decode_body(body, _layout(out, items.size), items, tools)
    plan.decoders.give(tools)


def _layout(content: Any, size: int) -> Layout:
    if isinstance(content, ARRAYS) and 1 < content.itemsize <= constants.MAX_CELL_SIZE:
        return Layout(content.itemsize, content.shape)
    return Layout(1, (size,))
