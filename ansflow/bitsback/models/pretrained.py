"""The models that come with ansflow, by their names.

The container finds them through `load` (`ansflow.frame.content_model.SHIPPED`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import IO

from ansflow.bitsback.models.hierarchical_vae import HierarchicalVAE
from ansflow.bitsback.models.hilloc import HiLLoC
from ansflow.bitsback.models.vae import VAE
from ansflow.errors import ModelError
from ansflow.frame.content_model import ContentModel

__all__ = ["PRETRAINED", "load"]

# By name, what makes a model of its file: of handwritten digits of 28 x 28 pixels, grey and binary,
# and of photographs of any size.
PRETRAINED: dict[str, Callable[[IO[bytes]], ContentModel]] = {
    "mnist-vae": VAE.load,
    "mnist-vae-binary": VAE.load,
    "mnist-bitswap": HierarchicalVAE.load,
    "mnist-bitswap-binary": HierarchicalVAE.load,
    "photographs": HiLLoC.load,
}


@cache
def load(name: str) -> ContentModel:
    """The model of that name that comes with ansflow; ModelError if there is none."""
    if name not in PRETRAINED:
        raise ModelError(
            f"there is no model {name!r}; those that come with ansflow are {', '.join(PRETRAINED)}"
        )
    weights = resources.files("ansflow.bitsback.models").joinpath("weights", f"{name}.npz")
    with weights.open("rb") as file:
        return PRETRAINED[name](file)
