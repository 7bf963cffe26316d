"""Models by name: those that come with ansflow, and those of the user."""

from __future__ import annotations

from functools import cache
from importlib import resources

from ansflow.bitsback.models.vae import VAE
from ansflow.errors import ModelError, UnsupportedError

__all__ = ["PRETRAINED", "find", "load", "register"]

# Handwritten digits of 28 x 28 pixels from 0 to 255, and of pixels 0 and 1.
PRETRAINED = ("mnist-vae", "mnist-vae-binary")

_registered: dict[str, VAE] = {}


def load(name: str) -> VAE:
    """The model of that name.

    Raises
    ------
    ModelError
        If there is none.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> vae = bitsback.load("mnist-vae")
    >>> vae.image_shape, vae.sample(3, rng=0).shape
    ((28, 28), (3, 28, 28))
    """
    if name in _registered:
        return _registered[name]
    if name not in PRETRAINED:
        known = ", ".join([*PRETRAINED, *_registered])
        raise ModelError(f"there is no model {name!r}; there are {known}")
    return _shipped(name)


@cache
def _shipped(name: str) -> VAE:
    with (
        resources.files("ansflow.bitsback.models")
        .joinpath("weights", f"{name}.npz")
        .open("rb") as file
    ):
        return VAE.load(file)


def register(vae: VAE) -> None:
    """Make a model of one's own known to decoders in this process, and to `load`, by its name.

    Raises
    ------
    ModelError
        If it has the name of a model that comes with ansflow.
    """
    if vae.name in PRETRAINED:
        raise ModelError(f"{vae.name!r} is the name of a model that comes with ansflow")
    _registered[vae.name] = vae


def find(name: str, fingerprint: str) -> VAE:
    """The model that a stream was written with.

    Raises
    ------
    UnsupportedError
        If there is none of that name, or it is another model.
    """
    try:
        vae = load(name)
    except ModelError:
        raise UnsupportedError(
            f"this takes the model {name!r}, which is unknown here; ansflow.bitsback.register "
            "makes it known"
        ) from None
    if vae.fingerprint != fingerprint:
        raise UnsupportedError(
            f"this takes the model {name!r} with the fingerprint {fingerprint}; here that name has "
            f"another, {vae.fingerprint}"
        )
    return vae
