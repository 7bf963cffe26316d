"""Graphs from modules that `torch.fx` has traced: one operation after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ansflow.bitsback.nets.activation import Activation
from ansflow.bitsback.nets.affine import Affine, Convolution, Dense
from ansflow.bitsback.nets.graph import Graph, Node
from ansflow.bitsback.nets.layers import Channels, Layer
from ansflow.bitsback.nets.merges import Add, Concatenate, Merge
from ansflow.bitsback.nets.packing import ACTIVATION_BITS
from ansflow.bitsback.nets.shapes import Shape
from ansflow.bitsback.nets.torch_layers import Place, is_elementwise, kind_of, layers_of
from ansflow.bitsback.nets.torch_report import Multiplication
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["GraphBuilder", "Seen", "result_names"]

# Inputs may be larger than those of samples: by twice, or at least by a quarter if they can then
# be multiplied without being split.
AMPLE, SCANT = 2.0, 1.25
LARGEST_UNSPLIT = ((1 << ACTIVATION_BITS) - 1) * 2.0**-FRACTION_BITS

# Functions and methods that do what modules do, and the names of these in `torch.nn`.
MODULES = {
    "relu": "ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "Softplus",
    "pixel_shuffle": "PixelShuffle",
    "pixel_unshuffle": "PixelUnshuffle",
    "interpolate": "Upsample",
    "flatten": "Flatten",
    "unflatten": "Unflatten",
}

# ``vector[:, :, None, None]``, which torch adds to the pixels of an image.
TO_PIXELS = (slice(None), slice(None), None, None)


class Seen(NamedTuple):
    """The largest magnitude of a node's values for samples, and their shape without the batch."""

    largest: float
    shape: tuple[int, ...]


def result_names(returned: Any) -> dict[str, Any]:
    """What `forward` returns, by name."""
    if isinstance(returned, Mapping):
        return dict(returned)
    if isinstance(returned, tuple | list):
        return {f"output_{i}": value for i, value in enumerate(returned)}
    return {"output": returned}


class GraphBuilder:
    """Nodes of a `Graph`, added one after the other.

    Parameters
    ----------
    traced : torch.fx.GraphModule
    seen : mapping
        By the nodes of torch that have tensors as values.
    any_size : bool
        Whether images may have any height and width.
    fast : bool
        Whether sums over inputs like those of samples shall be fast.
    """

    def __init__(self, traced: Any, seen: Mapping[Any, Seen], any_size: bool, fast: bool) -> None:
        self.traced = traced
        self.seen = seen
        self.any_size = any_size
        self.fast = fast
        self.inputs: dict[str, Shape] = {}
        self.nodes: list[Node] = []
        self.outputs: dict[str, str] = {}
        self.largest: dict[str, float] = {}
        # By nodes of torch: the names of their values here, which may be several.
        self.names: dict[Any, str | list[str]] = {}
        # Names of flattened images, in the order (height, width, channels), and their shapes as
        # torch has them; and those of vectors that are in this order to become images.
        self.flattened: dict[str, tuple[int, ...]] = {}
        self.prepared: set[str] = set()

    def add(self, node: Any) -> None:
        """Add a node of torch; ModelError if there is nothing like it."""
        if node.op == "placeholder":
            self._add_input(node)
        elif node.op == "output":
            for name, value in result_names(node.args[0]).items():
                self.outputs[name] = self._vector_or_image(value)
        elif node.op == "get_attr":
            raise ModelError(
                f"{node.target!r} is a tensor of the module itself: make it an argument of "
                "forward, or a bias"
            )
        else:
            module = self._module_of(node)
            if module is None:
                self._add_call(node)
            else:
                self._add_module(node, module)

    def graph(self) -> Graph:
        """The graph of all nodes, whose results have the names that torch's have."""
        self._rectify()
        made = [node.name for node in self.nodes]
        renamed = {source: name for name, source in self.outputs.items()}  # none of torch has a "-"
        if len(renamed) < len(self.outputs) or not renamed.keys() <= set(made):
            raise ModelError("each result must be made by a layer of its own")
        for name in made:
            if name not in renamed and name in self.outputs:
                renamed[name] = f"{name}-"
        self.nodes = [
            Node(renamed.get(name, name), layer, [renamed.get(own, own) for own in inputs])
            for name, layer, inputs in self.nodes
        ]
        self.largest = {renamed.get(name, name): size for name, size in self.largest.items()}
        return Graph(self.inputs, self.nodes, list(self.outputs))

    def multiplications(self) -> tuple[Multiplication, ...]:
        """Of all layers with weights, in the order of nodes."""
        return tuple(
            Multiplication(
                *(name, layer.weights.shape, layer.shift, self.largest[name]),
                layer.sums(self.largest[name]),
            )
            for name, layer, _ in self.nodes
            if isinstance(layer, Affine)
        )

    def _add_input(self, node: Any) -> None:
        if node not in self.seen:
            raise ModelError(f"the argument {node.name!r} must be a tensor")
        channels, *sizes = self.seen[node].shape
        name = str(node.target)  # what `forward` calls it
        self.inputs[name] = (*(None if self.any_size else size for size in sizes), channels)
        self.names[node] = name

    def _add_module(self, node: Any, module: Any) -> None:
        source = node.args[0]
        name, seen = self._name(source), self.seen[source]
        kind, elementwise = kind_of(module), is_elementwise(module)
        if kind == "Unflatten" and name not in self.prepared:
            raise ModelError("Unflatten must follow a Linear, with activations alone between them")
        if kind not in ("Linear", "Unflatten") and not elementwise:
            self._vector_or_image(source)
        unflattened = self._unflattened(node) if kind == "Linear" else None
        room = _with_room(seen.largest) if self.fast else None
        place = Place(room, seen.shape, self.flattened.get(name), unflattened)
        before, layers = name, layers_of(module, place)
        for i, layer in enumerate(layers):
            own = node.name if i + 1 == len(layers) else f"{node.name}-{i}"
            self.largest[own] = seen.largest
            name = self._append(own, layer, [name])
        self.names[node] = name
        if kind == "Flatten" and layers:
            self.flattened[name] = seen.shape
        elif elementwise and before in self.flattened:
            self.flattened[name] = self.flattened[before]
        if unflattened or (elementwise and before in self.prepared):
            self.prepared.add(name)

    def _module_of(self, node: Any) -> Any:
        """The module that a node calls, or one that does what its function does; None otherwise."""
        if node.op == "call_module":
            module = self.traced.get_submodule(node.target)
            if len(node.args) != 1 or node.kwargs:
                raise ModelError(f"{kind_of(module)} must be called with one tensor")
            return module
        called = _called(node)
        if node.op not in ("call_function", "call_method") or called not in MODULES:
            return None
        if called == "flatten" and len(node.args) + len(node.kwargs) == 1:
            raise ModelError("flatten must keep the batch: flatten(1)")
        from torch import nn

        return getattr(nn, MODULES[called])(*node.args[1:], **node.kwargs)

    def _unflattened(self, node: Any) -> tuple[int, ...] | None:
        """Channels, height and width, if a node's vectors become images."""
        while len(node.users) == 1:
            (node,) = node.users
            module = self._module_of(node)
            if module is not None and kind_of(module) == "Unflatten":
                return tuple(module.unflattened_size)
            if module is None or not is_elementwise(module):
                break
        return None

    def _add_call(self, node: Any) -> None:
        called = _called(node)
        if called in ("add", "iadd"):
            self._merge(node, Add(), node.args)
        elif called == "cat":
            tensors, *dim = node.args
            _check_axis(node.kwargs.get("dim", dim[0] if dim else 0))
            self._merge(node, Concatenate(), tensors)
        elif called in ("chunk", "split"):
            self._split(node, called)
        elif called == "getitem":
            source, index = node.args
            names = self.names.get(source)
            if isinstance(names, list) and isinstance(index, int):
                self.names[node] = names[index]
            elif index == TO_PIXELS:
                self.names[node] = self._vector_or_image(source)
            else:
                raise ModelError(f"a tensor cannot be indexed by {index!r} here")
        else:
            raise ModelError(
                f"{called!r} is not supported; functions that are: add, cat, chunk, split, "
                f"{', '.join(MODULES)}"
            )

    def _merge(self, node: Any, layer: Merge, tensors: Sequence[Any]) -> None:
        if node.kwargs.keys() - {"dim"}:
            raise ModelError(f"{_called(node)!r} has arguments that are not supported")
        names = [self._vector_or_image(source) for source in tensors]
        self.names[node] = self._append(node.name, layer, names)

    def _split(self, node: Any, called: str) -> None:
        source, sizes, *dim = node.args
        _check_axis(node.kwargs.get("dim", dim[0] if dim else 0))
        channels = self.seen[source].shape[0]
        if called == "chunk":
            sizes = -(-channels // sizes)
        if isinstance(sizes, int):
            sizes = [min(sizes, channels - begin) for begin in range(0, channels, sizes)]
        name, end = self._vector_or_image(source), 0
        parts = []
        for i, size in enumerate(sizes):
            begin, end = end, end + size
            parts.append(self._append(f"{node.name}-{i}", Channels(begin, end), [name]))
        self.names[node] = parts

    def _append(self, name: str, layer: Layer | Merge, inputs: Sequence[str]) -> str:
        self.nodes.append(Node(name, layer, inputs))
        return name

    def _name(self, source: Any) -> str:
        name = self.names.get(source) if hasattr(source, "op") else None
        if not isinstance(name, str):
            raise ModelError(f"{source!r} is not a tensor that an argument or a layer makes")
        return name

    def _vector_or_image(self, source: Any) -> str:
        """The name of a value, which must have its items in the same order as in torch."""
        name = self._name(source)
        if name in self.flattened or name in self.prepared:
            raise ModelError(
                "flattened images may only go through activations to a Linear, and vectors to "
                "Unflatten only come from one in this way"
            )
        return name

    def _rectify(self) -> None:
        """Let layers rectify their results themselves, if nobody else needs these."""
        uses = [name for node in self.nodes for name in node.inputs] + [*self.outputs.values()]
        kept: dict[str, Node] = {}
        for node in self.nodes:
            before = kept.get(node.inputs[0])
            if (
                before is not None
                and isinstance(before.layer, Dense | Convolution | Add)
                and node.layer == Activation("relu")
                and uses.count(before.name) == 1
            ):
                del kept[before.name]
                self.largest[node.name] = self.largest.get(before.name, 0.0)
                node = Node(node.name, replace(before.layer, relu=True), before.inputs)
            kept[node.name] = node
        self.nodes = list(kept.values())


def _called(node: Any) -> str:
    """The name of a function or method."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _with_room(largest: float) -> float:
    """The magnitude of inputs for which sums shall be fast."""
    room = AMPLE * largest
    return min(room, LARGEST_UNSPLIT) if SCANT * largest <= LARGEST_UNSPLIT else room


def _check_axis(dim: Any) -> None:
    if dim != 1:
        raise ModelError(f"tensors can be joined and split along channels, dim=1, not dim={dim}")
