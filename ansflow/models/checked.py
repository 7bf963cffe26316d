"""What a model says of itself, checked: the one place that reads a model's attributes.

`Model` documents the attributes. Kernels rely on what is checked here.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_PRECISION
from ansflow.lazy import cached_property
from ansflow.models.base import Model
from ansflow.models.frequencies import check_frequencies, checked_low, cumulative
from ansflow.models.markov import check_contexts

__all__ = ["Frequencies", "frequencies_of", "has_escapes", "row_index", "support_of"]


class Frequencies:
    """A model's frequencies, and what has been built from them.

    Attributes
    ----------
    freq : ndarray of uint32, shape (alphabet,) or (rows, alphabet)
        A read-only copy. Each row sums to ``2**precision``; with contexts, each that can occur.
    precision : int
    contexts : bool
        Whether a symbol's row is the previous symbol.
    built : dict
        Whatever users of these frequencies keep with them, by a key of theirs.
    """

    def __init__(self, freq: npt.NDArray[np.uint32], precision: int, contexts: bool) -> None:
        self.freq, self.precision, self.contexts = freq, precision, contexts
        self.built: dict[Any, Any] = {}

    @property
    def conditional(self) -> bool:
        """Whether the model's `index` says which row a symbol has."""
        return self.freq.ndim == 2 and not self.contexts

    @property
    def alphabet(self) -> int:
        return int(self.freq.shape[-1])

    @cached_property
    def cdf(self) -> npt.NDArray[np.uint32]:
        """Cumulative frequencies of each row, shape (rows, alphabet + 1); read-only."""
        return cumulative(np.atleast_2d(self.freq))


_cache: dict[int, tuple[weakref.ref[Any], Frequencies]] = {}


def frequencies_of(model: Model) -> Frequencies:
    """The frequencies of `model`, checked once for each read-only ``model.freq``.

    An array that can still be written to may change between calls, so it is copied and checked each
    time.

    Raises
    ------
    TypeError
        If it is not a model.
    ModelError
        If the model is inconsistent.
    """
    try:
        freq, given = model.freq, model.precision
    except AttributeError as error:
        raise TypeError(f"a model has the attributes `precision` and `freq`: {error}") from None
    precision = integer(
        *(given, "a model's precision", 1, MAX_PRECISION), error=ModelError, type_error=ModelError
    )
    contexts = _has_contexts(model)
    if not isinstance(freq, np.ndarray) or freq.flags.writeable:
        return _checked(freq, precision, contexts)
    key = id(freq)
    found = _cache.get(key)
    if found is not None and found[0]() is freq:
        frequencies = found[1]
        if frequencies.precision == precision and frequencies.contexts == contexts:
            return frequencies
    frequencies = _checked(freq, precision, contexts)
    _cache[key] = (weakref.ref(freq, lambda _: _cache.pop(key, None)), frequencies)
    return frequencies


def _has_contexts(model: Model) -> bool:
    contexts = getattr(model, "contexts", None)
    if contexts is None:
        return False
    if isinstance(contexts, str) and contexts == "previous":
        return True
    raise ModelError(f"a model's contexts are 'previous' or None, not {contexts!r}")


def _checked(freq: npt.ArrayLike, precision: int, contexts: bool) -> Frequencies:
    checked, actual = check_contexts(freq) if contexts else check_frequencies(freq)
    if actual != precision:
        raise ModelError(f"precision is {precision}, but the frequencies sum to 2**{actual}")
    return Frequencies(checked, precision, contexts)


def has_escapes(model: object) -> bool:
    """Whether the last symbol of each row is an escape, and `low` a vector."""
    return bool(getattr(model, "escape", False))


def support_of(model: Model, alphabet: int) -> tuple[int, int]:
    """The lowest and the highest value of the model."""
    if has_escapes(model):
        raise ModelError("a model with escapes is only for `encode_many` and the range coder")
    low = integer(getattr(model, "low", 0), "a model's low", type_error=ModelError)
    return checked_low(low, alphabet), low + alphabet - 1


def row_index(model: Model, rows: int, shape: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    """The row of each symbol of an array, in coding order; a copy."""
    own = getattr(model, "index", None)
    index = np.asarray(own)
    if index.dtype.kind not in "iu" or isinstance(own, np.ma.MaskedArray):
        raise ModelError("a model with rows of frequencies needs an integer array `index`")
    try:
        each = np.array(np.broadcast_to(index, shape), np.uint32, order="C").reshape(-1)
    except ValueError:
        raise ModelError(
            f"a row index of shape {index.shape} does not broadcast to symbols of shape {shape}"
        ) from None
    # The original because its values may have wrapped in the copy; the copy because kernels rely
    # on it, and another thread may have changed the original.
    for given in (index, each):
        if given.size and (int(given.min()) < 0 or int(given.max()) >= rows):
            raise ModelError(f"the row index has values outside 0 to {rows - 1}")
    return each
