"""Networks in fixed point from trained modules of torch."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.models.files.model_file import fingerprint
from ansflow.bitsback.nets.graph import Graph
from ansflow.bitsback.nets.merges import Merge
from ansflow.bitsback.nets.network import Network
from ansflow.bitsback.nets.shapes import Activations
from ansflow.bitsback.nets.torch_graph import GraphBuilder, Seen, result_names
from ansflow.bitsback.nets.torch_report import Deviation, Report
from ansflow.errors import ModelError
from ansflow.extras import extra
from ansflow.kernels.nets.affine import ACTIVATION_LIMIT, FRACTION_BITS

__all__ = ["Exported", "from_torch"]

UNIT = 2.0**-FRACTION_BITS
MOST = ACTIVATION_LIMIT * UNIT


@dataclass(frozen=True)
class Exported:
    """What `from_torch` returns.

    Attributes
    ----------
    network : Network or Graph
        A `Network` if each layer takes the result of the one before, or else a `Graph`.
    fingerprint : str
        128 bits over layers and weights, as 32 hexadecimal digits.
    report : Report
        How far the results are from those of the module, and how fast its layers are.

    Examples
    --------
    >>> from ansflow.bitsback.nets import from_torch
    >>> from torch import nn  # doctest: +SKIP
    >>> exported = from_torch(nn.Linear(3, 2), [[0.5, -1.0, 2.0]])  # doctest: +SKIP
    >>> exported.network.output_shape, len(exported.fingerprint)  # doctest: +SKIP
    ((2,), 32)
    >>> print(exported.report)  # doctest: +SKIP
    """

    network: Network | Graph
    fingerprint: str
    report: Report


def from_torch(module: Any, *samples: Any, any_size: bool = False, fast: bool = True) -> Exported:
    """Make a network in fixed point of a trained `torch.nn` module.

    The report says how far its results are from those of the module for samples.

    Parameters
    ----------
    module : torch.nn.Module
        Made of the modules `Linear`, `Conv2d` (odd kernels, padded to keep the size),
        `ConvTranspose2d` (images exactly `stride` times as large), `ReLU`, `ELU`, `GELU`, `SiLU`,
        `Softplus`, `PixelShuffle`, `PixelUnshuffle`, `Upsample` (nearest), `Flatten` (before
        activations and a `Linear`), `Unflatten` (after those), `Dropout` and `Identity`, all as
        they are by default, and with any parametrizations of weights, such as weight norm. Its
        `forward` may also add, concatenate (`torch.cat`) and split channels (`chunk`, `split`), add
        a vector to the pixels of images (``vector[:, :, None, None]``), call the same functions of
        `torch.nn.functional`, and return a tensor, or a tuple or dictionary of tensors. It must
        not depend on values, as `torch.fx` traces it.
    *samples : array_like or torch.Tensor
        Typical data for each argument of `forward`, shape (batch, channels, height, width) or
        (batch, features).
    any_size : bool
        Whether images may have any height and width, and not just those of the samples.
    fast : bool
        Whether weights are rounded to the finest units for which sums over inputs of up to twice
        the magnitude of those here are fast (see `Convolution.quantized`), about 9 to 12 bits; or
        else to the finest that 16 bits allow, which takes two to four times as long.

    Returns
    -------
    Exported
        The network, whose images have the channels last; its inputs are called as the arguments of
        `forward`, its results by the keys of the dictionary, or else ``output``, or ``output_0``
        and so on.

    Raises
    ------
    ModelError
        If the module contains anything else, or an activation of the samples exceeds 2048.
    ModuleNotFoundError
        If torch is not installed.
    ValueError
        If there are no samples.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import from_torch
    >>> from torch import nn  # doctest: +SKIP
    >>> module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ELU())  # doctest: +SKIP
    >>> x = np.random.default_rng(0).random((4, 3, 32, 32))
    >>> exported = from_torch(module, x, any_size=True)  # doctest: +SKIP
    >>> exported.network(np.moveaxis(x, 1, -1)).shape  # doctest: +SKIP
    (4, 32, 32, 8)
    >>> print(exported.report)  # doctest: +SKIP
    """
    with extra("torch"):
        import torch
    if not samples or not all(map(len, samples)):
        raise ValueError("from_torch takes samples for each argument of the module's forward")
    tensors = [torch.as_tensor(sample).detach().cpu().double() for sample in samples]
    for part in module.modules():
        if hasattr(part, "weight_g"):
            # The older weight norm computes it at each call, and it could not be copied.
            part.weight = part.weight.detach()
    # In a sequence, or else a module of torch would be taken apart itself.
    if type(module).__module__.startswith("torch.nn"):
        module = torch.nn.Sequential(module)
    copied = deepcopy(module).cpu().double().eval()
    with torch.no_grad():
        copied(*tensors)  # hooks compute weights here, as the older weight norm does
        traced = torch.fx.symbolic_trace(copied)
        seen, expected = _evaluated(traced, tensors)
        made = GraphBuilder(traced, seen, any_size, fast)
        for node in traced.graph.nodes:
            made.add(node)
    graph = made.graph()
    inputs = dict(zip(graph.inputs, (_channels_last(x) for x in tensors), strict=True))
    found = graph(**inputs)
    deviations = tuple(
        _deviation(name, found[name], _channels_last(value)) for name, value in expected.items()
    )
    network = _as_network(graph)
    return Exported(network, _fingerprint(network), Report(deviations, made.multiplications()))


def _evaluated(traced: Any, tensors: Sequence[Any]) -> tuple[dict[Any, Seen], dict[str, Any]]:
    """What each node of a traced module makes of samples, and the results by name."""
    import torch

    seen: dict[Any, Seen] = {}

    class Recorder(torch.fx.Interpreter):  # type: ignore[misc]
        def run_node(self, node: Any) -> Any:
            value = super().run_node(node)
            if isinstance(value, torch.Tensor):
                seen[node] = Seen(float(value.abs().max()), tuple(value.shape[1:]))
            return value

    returned = result_names(Recorder(traced).run(*tensors))
    for node, (largest, _) in seen.items():
        if not largest <= MOST:
            raise ModelError(
                f"activations must be at most {MOST:g} in magnitude, but those of {node.name!r} "
                f"reach {largest:g}"
            )
    return seen, returned


def _channels_last(x: Any) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = x.numpy()
    return np.moveaxis(values, 1, -1)


def _deviation(name: str, found: Activations, expected: npt.NDArray[np.float64]) -> Deviation:
    difference = found * UNIT - expected
    largest = float(np.abs(difference).max(initial=0.0))
    rms, scale = (float(np.sqrt(np.mean(np.square(v)))) for v in (difference, expected))
    return Deviation(name, largest, rms, scale)


def _as_network(graph: Graph) -> Network | Graph:
    """The same as a `Network`, if it is a sequence."""
    names = [*graph.inputs, *(node.name for node in graph.nodes)]
    chained = all(
        node.inputs == (before,) for node, before in zip(graph.nodes, names, strict=False)
    )
    if len(graph.inputs) != 1 or not chained or graph.outputs != (names[-1],):
        return graph
    layers = [node.layer for node in graph.nodes if not isinstance(node.layer, Merge)]
    return Network(layers, *graph.inputs.values())


def _fingerprint(network: Network | Graph) -> str:
    described, arrays = network.describe("network")
    shape = network.input_shape if isinstance(network, Network) else None
    return fingerprint({"network": described, "input_shape": shape}, arrays)
