"""The oracle's recipes: how the streams of a chunk become its content.

`naive_numbers` knows the nodes that have parameters, and `naive_makers` the way back: how content
becomes streams.
"""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from naive_numbers import NUMBERS, Fields

STREAM = 0
LEAVES = 0x80  # all outputs are streams, and aren't written
DEEPEST, MOST_STREAMS = 8, 4096


@dataclass(frozen=True)
class Planes:
    """The j-th bytes of all items."""

    id = 1

    @classmethod
    def read(cls, fields, w, shape):
        assert 2 <= w <= 64
        return cls()

    def write(self):
        return b""

    def outputs(self, w, shape):
        return [(1, [prod(shape)])] * w

    def undo(self, w, shape, parts):
        return bytes(byte for item in zip(*parts, strict=True) for byte in item)


@dataclass(frozen=True)
class Bytes:
    """The bytes of the items."""

    id = 2

    @classmethod
    def read(cls, fields, w, shape):
        assert 2 <= w <= 64
        return cls()

    def write(self):
        return b""

    def outputs(self, w, shape):
        return [(1, [w * prod(shape)])]

    def undo(self, w, shape, parts):
        return parts[0]


KINDS = {Planes.id: Planes, Bytes.id: Bytes} | NUMBERS


class Node(NamedTuple):
    """A transform with its parameters, or None for a stream, and what becomes of its outputs."""

    transform: object
    outputs: list

    @property
    def id(self):
        return self.transform.id if self.transform else STREAM


LEAF = Node(None, [])


def read_recipe(data, at, w, shape, depth=1, room=None):
    """The tree at byte `at`, and where it ends."""
    assert depth <= DEEPEST
    room = 8 * w * prod(shape) + 65536 if room is None else room
    id, leaves = data[at] % 128, data[at] >= LEAVES
    if id == STREAM:
        assert not leaves
        assert w in (1, 2)
        return LEAF, at + 1
    fields = Fields(data, at + 1)
    transform = KINDS[id].read(fields, w, shape)
    at, given = fields.at, transform.outputs(w, shape)
    room -= sum(width * prod(inner) for width, inner in given)
    assert room >= 0
    if leaves:
        assert all(width in (1, 2) for width, _ in given)
        assert depth < DEEPEST
        return Node(transform, [LEAF] * len(given)), at
    nodes = []
    for width, inner in given:
        node, at = read_recipe(data, at, width, inner, depth + 1, room)
        nodes.append(node)
    assert any(node != LEAF for node in nodes)
    return Node(transform, nodes), at


def write_recipe(node):
    """Undo `read_recipe`."""
    if node == LEAF:
        return bytes([STREAM])
    parameters = node.transform.write()
    if all(output == LEAF for output in node.outputs):
        return bytes([node.id + LEAVES]) + parameters
    return bytes([node.id]) + parameters + b"".join(map(write_recipe, node.outputs))


def streams(node, w, shape):
    """The streams of a recipe, each as w and its number of symbols."""
    if node == LEAF:
        return [(w, prod(shape))]
    parts = zip(node.outputs, node.transform.outputs(w, shape), strict=True)
    found = [stream for output, (width, inner) in parts for stream in streams(output, width, inner)]
    assert len(found) <= MOST_STREAMS
    return found


def undo(node, w, shape, given):
    """The content; the bytes of the streams are taken from the iterator `given`."""
    if node == LEAF:
        return next(given)
    outputs = node.transform.outputs(w, shape)
    parts = [
        undo(output, width, inner, given)
        for output, (width, inner) in zip(node.outputs, outputs, strict=True)
    ]
    content = node.transform.undo(w, shape, parts)
    assert len(content) == prod(shape) * w
    return content


def recipe(name, w):
    """One of the recipes without parameters, for cells of w bytes."""
    return {
        "stream": LEAF,
        "planes": Node(Planes(), [LEAF] * w),
        "bytes": Node(Bytes(), [LEAF]),
    }[name]
