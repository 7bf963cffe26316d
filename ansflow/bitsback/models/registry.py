"""Models by their names: those that come with ansflow, and those that are registered."""

from __future__ import annotations

from ansflow.bitsback.models.pretrained import PRETRAINED
from ansflow.errors import ModelError
from ansflow.frame import content_model
from ansflow.frame.content_model import ContentModel

__all__ = ["load", "register"]


def load(name: str) -> ContentModel:
    """The model of that name: one that is registered, or one that comes with ansflow.

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
    return content_model.known(name)


def register(model: ContentModel) -> None:
    """Make a model known by its name to `load`, and to all decoders in this process.

    It replaces a model that was registered by the same name.

    Parameters
    ----------
    model : ContentModel
        For example a `VAE`.

    Raises
    ------
    TypeError
        If it lacks an attribute or a method of a `ContentModel`.
    ModelError
        If it has the name of a model that comes with ansflow.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import ansflow
    >>> from ansflow import bitsback
    >>> vae = replace(bitsback.load("mnist-vae"), name="my-digits")
    >>> bitsback.register(vae)
    >>> images = vae.sample(9, rng=0)
    >>> blob = ansflow.compress(images, model="my-digits")
    >>> bool((ansflow.decompress(blob) == images).all())
    True
    """
    if not isinstance(model, ContentModel):
        raise TypeError(f"model must be a ContentModel, such as a VAE, not {type(model).__name__}")
    if model.name in PRETRAINED:
        raise ModelError(
            f"{model.name!r} is the name of a model that comes with ansflow; give the model "
            "another name"
        )
    content_model.register(model)
