"""Models of content, which code a stream of bytes as a message of their own.

The container knows no kind of model, only what is said here: whatever has these attributes can be
given to everything that compresses, and is found again by its name when it is decompressed.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Protocol, runtime_checkable

from ansflow.buffers import Bytes
from ansflow.errors import ModelError, UnknownModelError
from ansflow.frame.array_spec import ArraySpec
from ansflow.transforms.layout import Layout

__all__ = ["ContentModel", "find", "known", "register"]


@runtime_checkable
class ContentModel(Protocol):
    """What the container asks of a model.

    Several threads may call it at once, as many as there are cores free: a call must not wait for
    another one.

    Attributes
    ----------
    name : str
        1 to 64 visible ASCII characters. It is written to frames.
    fingerprint : str
        32 hexadecimal digits, which stand for all that a decoder relies on.
    unit : int
        Bytes of the smallest content that it codes. What it codes is a whole number of units.

    See Also
    --------
    ansflow.bitsback.VAE, ansflow.bitsback.HiLLoC : Models that learn from data.

    Examples
    --------
    Bytes below 16, two of which fit in one:

    >>> import numpy as np
    >>> import ansflow
    >>> from ansflow import bitsback
    >>> from ansflow.errors import CorruptDataError, ModelError
    >>> class Nibbles:
    ...     name, fingerprint, unit = "nibbles", 32 * "1", 2
    ...
    ...     def check_array(self, array):
    ...         pass
    ...
    ...     def memory(self, size):
    ...         return size
    ...
    ...     def encode_content(self, content, layout):
    ...         if content.max() > 15:
    ...             raise ModelError("a byte is above 15")
    ...         return (16 * content[::2] + content[1::2]).tobytes()
    ...
    ...     def decode_content(self, message, layout, out):
    ...         packed = np.frombuffer(message, np.uint8)
    ...         if 2 * packed.size != out.size:
    ...             raise CorruptDataError("the message has another length")
    ...         out[::2], out[1::2] = packed // 16, packed % 16
    >>> bitsback.register(Nibbles())  # for decoders
    >>> dice = np.random.default_rng(0).integers(0, 16, 10_000, np.uint8)
    >>> blob = ansflow.compress(dice, model="nibbles")
    >>> np.array_equal(ansflow.decompress(blob), dice), len(blob) < 5200
    (True, True)
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def unit(self) -> int: ...

    def check_array(self, array: ArraySpec | None) -> None:
        """Raise ModelError if it cannot code the content of such an array, or of bytes if None."""
        ...

    def memory(self, size: int) -> int:
        """Bytes that it takes at most to code or decode so many bytes, beside those themselves.

        What does not depend on the size need not be counted.
        """
        ...

    def encode_content(self, content: Bytes, layout: Layout) -> bytes:
        """Content, uint8[size], as a message; ModelError if the model gives it no probability.

        The layout is that of the bytes, which are a chunk of an array or just bytes.
        """
        ...

    def decode_content(self, message: memoryview, layout: Layout, out: Bytes) -> None:
        """Fill `out`, uint8[size]; TruncatedError or CorruptDataError if that is not possible.

        The message may be anything.
        """
        ...


# What loads the models that come with ansflow, by their names. It is imported when one is needed.
SHIPPED = "ansflow.bitsback.models.pretrained:load"

_registered: dict[str, ContentModel] = {}


def register(model: ContentModel) -> None:
    """Make a model known to decoders of this process by its name, instead of one of that name."""
    _registered[model.name] = model


def known(name: str) -> ContentModel:
    """The model of that name; ModelError if there is none."""
    if name in _registered:
        return _registered[name]
    load: Callable[[str], ContentModel] = resolve_name(SHIPPED)
    try:
        return load(name)
    except ModelError as error:
        if not _registered:
            raise
        others = ", ".join(_registered)
        raise ModelError(f"{error}; those that are registered are {others}") from None


def find(name: str, fingerprint: str) -> ContentModel:
    """The model that a frame was written with.

    Raises
    ------
    UnknownModelError
        If there is none of that name, or it has another fingerprint.
    """
    try:
        model = known(name)
    except ModelError:
        raise UnknownModelError(
            f"this frame takes the model {name!r}, which is not known here: make it known with "
            "ansflow.bitsback.register"
        ) from None
    if model.fingerprint != fingerprint:
        raise UnknownModelError(
            f"this frame takes the model {name!r} with the fingerprint {fingerprint}; the model of "
            f"that name known here has another fingerprint, {model.fingerprint}"
        )
    return model
