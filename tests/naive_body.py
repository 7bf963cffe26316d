"""The oracle's bodies of chunks: a recipe, the heads of its streams, and their payloads.

A body by itself is a bare chunk.
"""

from itertools import accumulate
from typing import NamedTuple

import naive_model
import naive_recipe
from naive_payload import (
    ROW,
    read_adaptive,
    read_contexts,
    read_neighbours,
    read_table,
    read_tables,
    read_varint,
    read_words,
    read_words_with_classes,
    read_words_with_contexts,
    read_words_with_neighbours,
)

STORED, CONSTANT, CODED, SHARED, CONTEXTS, MODELLED, CLASSES, NEIGHBOURS, ADAPTIVE = range(9)


class Context(NamedTuple):
    """What a body relies on: shared tables, and the name and fingerprint of a model or None."""

    shared: list | tuple = ()
    model: dict | None = None


class Stream(NamedTuple):
    """A stream as it stands in the body; content is its symbols as bytes, w of them each."""

    kind: int
    precision: int
    lanes: int
    table: int
    w: int
    content: bytes
    payload: bytes


class Body(NamedTuple):
    """Everything a body says."""

    recipe: naive_recipe.Node
    streams: list
    content: bytes


class Head(NamedTuple):
    """The head of a stream; the size is None if the payload takes the rest of the body."""

    kind: int
    precision: int = 0
    lanes: int = 0
    table: int = 0
    size: int | None = None


def read_head(data, at, w, n, last, context):
    """The head at byte `at`, and where it ends."""
    kind = data[at]
    at += 1
    assert kind <= ADAPTIVE
    assert n >= 1 or kind == STORED
    if kind in (STORED, CONSTANT):
        return Head(kind, size=n * w if kind == STORED else w), at
    assert w == 1 or kind == CODED
    p = lanes = table = 0
    assert kind != ADAPTIVE or n <= 2**16
    if kind not in (MODELLED, ADAPTIVE):
        coder = data[at]
        at += 1
        p, lanes = coder % 16 + 1, 2 ** (coder // 16)
        assert 8 <= p <= (12 if kind in (CONTEXTS, CLASSES, NEIGHBOURS) else 16)
        assert lanes <= 64
    if kind == SHARED:
        table = data[at]
        at += 1
        assert 1 <= table <= len(context.shared)
        assert p == context.shared[table - 1][1]
    assert kind != MODELLED or context.model
    size = None
    if not last:
        size, at = read_varint(data, at)
    return Head(kind, p, lanes, table, size), at


def read_payload(head, payload, w, n, context):
    """The symbols of a stream as bytes."""
    kind, p, lanes = head.kind, head.precision, head.lanes
    if kind == STORED:
        assert len(payload) == n * w
        return payload
    if kind == CONSTANT:
        assert len(payload) == w
        return payload * n
    if kind == MODELLED:
        model = naive_model.find(**context.model)
        assert n % model.image_size == 0
        return naive_model.decode(model, payload, n // model.image_size)
    if kind == ADAPTIVE:
        return bytes(read_adaptive(payload, n))
    if kind == CONTEXTS:
        rows, used = read_contexts(payload, p)
        return bytes(read_words_with_contexts(payload[used:], n, rows, p, lanes))
    if kind == CLASSES:
        tables, at = read_tables(payload, p)
        classes, at = read_classes(payload, at, -(-n // ROW), len(tables), context)
        return bytes(read_words_with_classes(payload[at:], n, tables, classes, p, lanes))
    if kind == NEIGHBOURS:
        neighbours, tables, at = read_neighbours(payload, n, p)
        return bytes(read_words_with_neighbours(payload[at:], n, tables, neighbours, p, lanes))
    if kind == SHARED:
        freq, used = context.shared[head.table - 1][0], 0
    else:
        alphabet, used = read_varint(payload, 0) if w == 2 else (256, 0)
        assert 1 <= alphabet <= 2**16
        freq, length = read_table(payload[used:], p, alphabet)
        used += length
    symbols = read_words(payload[used:], n, freq, p, lanes)
    return b"".join(symbol.to_bytes(w, "little") for symbol in symbols)


def read_classes(payload, at, n, count, context):
    """The classes of n rows, of `count`, a stream in a stream at byte `at`, and where it ends."""
    head, at = read_head(payload, at, 1, n, False, context)
    assert head.kind in (STORED, CONSTANT, CODED)
    assert at + head.size <= len(payload)
    differences = read_payload(head, payload[at : at + head.size], 1, n, context)
    assert all(d < count for d in differences)
    return [c % count for c in accumulate(differences)], at + head.size


def read_body(data, w, shape, context):
    """The `Body` of a chunk of cells of w bytes in such a shape."""
    recipe, at = naive_recipe.read_recipe(data, 0, w, shape)
    said = naive_recipe.streams(recipe, w, shape)
    heads = []
    for place, (width, count) in enumerate(said):
        head, at = read_head(data, at, width, count, place == len(said) - 1, context)
        heads.append(head)
    streams = []
    for head, (width, count) in zip(heads, said, strict=True):
        size = len(data) - at if head.size is None else head.size
        assert at + size <= len(data)
        payload = data[at : at + size]
        at += size
        content = read_payload(head, payload, width, count, context)
        streams.append(Stream(*head[:4], width, content, payload))
    assert at == len(data)
    content = naive_recipe.undo(recipe, w, shape, iter([stream.content for stream in streams]))
    return Body(recipe, streams, content)


def read_bare(data, w, shape, **context):
    """The content of a bare chunk, an array of such a shape with items of w bytes."""
    return read_body(data, w, list(shape), Context(**context)).content
