"""The oracle's recipes: how the content of a chunk becomes streams, and how it is made of them."""

from typing import NamedTuple

STREAM, PLANES, BYTES = range(3)
LEAVES = 0x80  # all outputs are streams, and aren't written


class Node(NamedTuple):
    """A transform and what becomes of its outputs."""

    id: int
    outputs: list


LEAF = Node(STREAM, [])


def outputs(id, w, n):
    """The outputs for n items of w bytes, each as w and n."""
    if id == STREAM:
        assert w in (1, 2)
        return []
    assert id in (PLANES, BYTES)
    assert 2 <= w <= 64
    return [(1, n)] * w if id == PLANES else [(1, w * n)]


def read_recipe(data, at, w, n, depth=1):
    """The tree at byte `at`, and where it ends."""
    assert depth <= 8
    id, leaves = data[at] % 128, data[at] >= LEAVES
    at += 1
    given = outputs(id, w, n)
    if leaves:
        assert given
        assert all(width in (1, 2) for width, _ in given)
        assert depth < 8
        return Node(id, [LEAF] * len(given)), at
    nodes = []
    for width, count in given:
        node, at = read_recipe(data, at, width, count, depth + 1)
        nodes.append(node)
    assert not nodes or any(node != LEAF for node in nodes)
    return Node(id, nodes), at


def write_recipe(node):
    """Undo `read_recipe`."""
    if node.outputs and all(output == LEAF for output in node.outputs):
        return bytes([node.id + LEAVES])
    return bytes([node.id]) + b"".join(write_recipe(output) for output in node.outputs)


def streams(node, w, n):
    """The streams of a recipe, each as w and n."""
    if node.id == STREAM:
        return [(w, n)]
    parts = zip(node.outputs, outputs(node.id, w, n), strict=True)
    found = [stream for output, (width, count) in parts for stream in streams(output, width, count)]
    assert len(found) <= 256
    return found


def apply(node, w, content):
    """The streams' symbols as bytes, of content whose items have w bytes."""
    if node.id == STREAM:
        return [content]
    parts = [content] if node.id == BYTES else [content[j::w] for j in range(w)]
    found = []
    for output, part in zip(node.outputs, parts, strict=True):
        found += apply(output, 1, part)
    return found


def undo(node, w, n, given):
    """Undo `apply`; the bytes of the streams are taken from the iterator `given`."""
    if node.id == STREAM:
        return next(given)
    parts = [
        undo(output, width, count, given)
        for output, (width, count) in zip(node.outputs, outputs(node.id, w, n), strict=True)
    ]
    if node.id == BYTES:
        return parts[0]
    return bytes(byte for item in zip(*parts, strict=True) for byte in item)


def recipe(name, w):
    """One of the recipes that there are today, for cells of w bytes."""
    return {"stream": LEAF, "planes": Node(PLANES, [LEAF] * w), "bytes": Node(BYTES, [LEAF])}[name]
