"""Neural networks that give the same integers on every machine.

If a network determines the probabilities, encoder and decoder must agree on its results to the last
bit. Floating-point networks do not guarantee that: sums depend on the order of their terms, and the
order depends on batch size, threads, library and machine. Here all arithmetic is in fixed point
(`ansflow.kernels.nets.affine`), and activation functions are integer tables.

`Network` is a sequence of layers, `Graph` a network of several inputs and results. `from_torch`
makes either of a trained module of `torch.nn`.
"""

from ansflow.bitsback.nets.activation import Activation
from ansflow.bitsback.nets.affine import Convolution, Dense
from ansflow.bitsback.nets.graph import Graph, Node
from ansflow.bitsback.nets.layers import (
    Channels,
    DepthToSpace,
    Layer,
    Reshape,
    Residual,
    SpaceToDepth,
    Upsample,
)
from ansflow.bitsback.nets.merges import Add, Concatenate, Crop
from ansflow.bitsback.nets.network import Network
from ansflow.bitsback.nets.torch_export import Exported, from_torch

__all__ = [
    "Activation",
    "Add",
    "Channels",
    "Concatenate",
    "Convolution",
    "Crop",
    "Dense",
    "DepthToSpace",
    "Exported",
    "Graph",
    "Layer",
    "Network",
    "Node",
    "Reshape",
    "Residual",
    "SpaceToDepth",
    "Upsample",
    "from_torch",
]
