"""Networks of several inputs and results: layers with names, each applied to others' results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.nets.description import Arrays, Entry, describe_layer, restore_layer
from ansflow.bitsback.nets.layers import Layer
from ansflow.bitsback.nets.merges import Merge
from ansflow.bitsback.nets.shapes import Activations, Shape, as_activations, checked_shape
from ansflow.errors import ModelError

__all__ = ["Graph", "Node"]

NAME = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
MAX_NODES = 10_000


class Node(NamedTuple):
    """A layer, and what it is applied to.

    Attributes
    ----------
    name : str
        Up to 128 letters, digits, ``_`` and ``-``.
    layer : Layer or Merge
    inputs : sequence of str
        Names of inputs of the graph, or of nodes before this one. A `Layer` takes one.

    Examples
    --------
    >>> from ansflow.bitsback.nets import Add, Graph, Node
    >>> twice = Graph({"x": (2,)}, [Node("sum", Add(), ["x", "x"])], ["sum"])
    >>> twice(x=[[0.5, 1.0]])["sum"]
    array([[4096, 8192]], dtype=int32)
    """

    name: str
    layer: Layer | Merge
    inputs: Sequence[str]

    def output_shape(self, shapes: Mapping[str, Shape]) -> Shape:
        """Shape of its results, given the shapes of all inputs and nodes before it."""
        if not isinstance(self.layer, Merge) and len(self.inputs) != 1:
            raise ModelError(
                f"{type(self.layer).__name__} takes one input, not {len(self.inputs)}: a merge "
                "such as Concatenate or Add makes one of several"
            )
        for name in self.inputs:
            if name not in shapes:
                raise ModelError(
                    f"the node {self.name!r} takes {name!r}, which is neither an input nor a node "
                    "before it"
                )
        return self.layer.output_shape(*(shapes[name] for name in self.inputs))


class Graph:
    """Layers with names, each of which is applied to inputs or to the results of others.

    Parameters
    ----------
    inputs : mapping of str to tuple of int or None
        Names and shapes of the inputs. A size is None if it may be any.
    nodes : iterable of Node
        Each after those whose results it takes.
    outputs : sequence of str
        Names of the inputs or nodes whose results are those of the graph.

    Attributes
    ----------
    output_shapes : dict of str to tuple of int or None
        Shapes of the results; sizes are None where they depend on those of the inputs.

    Raises
    ------
    ModelError
        If a name is illegal, unknown or used twice, or a layer does not take the shapes of its
        inputs.

    Examples
    --------
    A block that halves images of any size, and one result in their full size:

    >>> import numpy as np
    >>> from ansflow.bitsback.nets import *
    >>> pick = Convolution.quantized(np.ones((1, 1, 4, 4)) / 4, np.zeros(4), relu=False)
    >>> graph = Graph(
    ...     {"image": (None, None, 1)},
    ...     [
    ...         Node("down", SpaceToDepth(2), ["image"]),
    ...         Node("mixed", pick, ["down"]),
    ...         Node("sum", Add(), ["down", "mixed"]),
    ...         Node("up", DepthToSpace(2), ["sum"]),
    ...         Node("full", Crop(), ["up", "image"]),
    ...     ],
    ...     ["sum", "full"],
    ... )
    >>> results = graph(image=np.ones((1, 5, 7, 1)))
    >>> {name: values.shape for name, values in results.items()}
    {'sum': (1, 3, 4, 4), 'full': (1, 5, 7, 1)}
    """

    def __init__(
        self,
        inputs: Mapping[str, Shape],
        nodes: Iterable[Node],
        outputs: Sequence[str],
    ) -> None:
        self.inputs = {name: checked_shape(shape) for name, shape in inputs.items()}
        self.nodes = tuple(Node(name, layer, _names(inputs)) for name, layer, inputs in nodes)
        self.outputs = _names(outputs)
        names = [*self.inputs, *(node.name for node in self.nodes)]
        for name in names:
            if type(name) is not str or not NAME.fullmatch(name):
                raise ModelError(
                    f"a name in a graph must be 1 to 128 letters, digits, '_' or '-', not {name!r}"
                )
        if len(set(names)) < len(names) or len(set(self.outputs)) < len(self.outputs):
            raise ModelError("inputs, nodes and outputs of a graph must have different names")
        if not self.inputs or len(self.nodes) > MAX_NODES:
            raise ModelError(f"a graph must have inputs, and at most {MAX_NODES} nodes")
        shapes = self._shapes(self.inputs)
        if not set(self.outputs) <= shapes.keys():
            unknown = ", ".join(sorted(set(self.outputs) - shapes.keys()))
            raise ModelError(f"the graph has no nodes for its outputs {unknown}")
        self.output_shapes = {name: shapes[name] for name in self.outputs}
        # After each node: results that are not needed any more.
        self._finished = self._last_uses()

    def __call__(self, **inputs: npt.ArrayLike) -> dict[str, Activations]:
        """Evaluate the graph for a batch.

        Parameters
        ----------
        **inputs : array_like, shape (batch, *shape)
            All inputs by name, as a `Network` takes them.

        Returns
        -------
        dict of str to ndarray of int32
            The results by name, in units of 2^-12.

        Raises
        ------
        ModelError
            If an input is NaN, or a layer does not take images of this size.
        TypeError
            If an input is missing or unknown.
        ValueError
            If the shape of an input is not that of the graph, or batches differ.
        """
        if inputs.keys() != self.inputs.keys():
            raise TypeError(
                f"the graph takes the inputs {', '.join(self.inputs)}, not {', '.join(inputs)}"
            )
        results = {
            name: as_activations(inputs[name], shape, name) for name, shape in self.inputs.items()
        }
        batches = {len(x) for x in results.values()}
        if len(batches) > 1:
            raise ValueError(f"all inputs must have one batch, not {sorted(batches)} items")
        shapes = self._shapes({name: x.shape[1:] for name, x in results.items()})
        for node, finished in zip(self.nodes, self._finished, strict=True):
            found = node.layer(*(results[name] for name in node.inputs))
            if found.dtype != np.int32 or found.shape[1:] != shapes[node.name]:
                raise ModelError(
                    f"the node {node.name!r} must return int32 of shape {shapes[node.name]}, not "
                    f"{found.dtype} of shape {found.shape[1:]}"
                )
            results[node.name] = found
            for name in finished:
                del results[name]
        return {name: results[name] for name in self.outputs}

    def _shapes(self, inputs: Mapping[str, Shape]) -> dict[str, Shape]:
        """Shapes of all inputs and nodes; ModelError if a layer does not take its."""
        shapes = dict(inputs)
        for node in self.nodes:
            shapes[node.name] = checked_shape(node.output_shape(shapes))
        return shapes

    def _last_uses(self) -> list[list[str]]:
        seen = set(self.outputs)
        finished: list[list[str]] = []
        for node in reversed(self.nodes):
            # A node that nobody needs is finished itself.
            last = [name for name in dict.fromkeys((*node.inputs, node.name)) if name not in seen]
            seen.update(last)
            finished.append(last)
        return finished[::-1]

    def describe(self, name: str) -> tuple[Entry, Arrays]:
        """The graph as JSON values, and its arrays, whose names begin with `name`."""
        nodes: list[Entry] = []
        arrays: Arrays = {}
        for node in self.nodes:
            entry, own = describe_layer(node.layer, f"{name}.{node.name}")
            nodes.append(entry | {"name": node.name, "inputs": list(node.inputs)})
            arrays |= own
        inputs = {name: list(shape) for name, shape in self.inputs.items()}
        return {"inputs": inputs, "nodes": nodes, "outputs": list(self.outputs)}, arrays

    @classmethod
    def from_description(
        cls, description: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], name: str
    ) -> Graph:
        """Undo `describe`; ModelError if that is not possible."""
        try:
            nodes = []
            for entry in description["nodes"]:
                fields = dict(entry)
                own, inputs = fields.pop("name"), fields.pop("inputs")
                nodes.append(Node(own, restore_layer(fields, arrays, f"{name}.{own}"), inputs))
            return cls(description["inputs"], nodes, description["outputs"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the description of the graph is malformed: {error!r}") from error


def _names(names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise ModelError(f"names must be a list, not the text {names!r:.60}")
    return tuple(names)
