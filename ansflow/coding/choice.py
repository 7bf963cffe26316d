"""Which coder codes the symbols of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar, get_args

from ansflow.coding.coders.alias import AliasCoder
from ansflow.coding.coders.coder import Coder
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.rows import RowsCoder, RowTables
from ansflow.coding.coders.single import SingleCoder
from ansflow.coding.coders.wide import WideCoder
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_FAST_PRECISION
from ansflow.models.base import Model
from ansflow.models.checked import Frequencies, frequencies_of, row_index

__all__ = ["Method", "coder_of"]

Method = Literal["cdf", "alias"]

T = TypeVar("T")


def coder_of(model: Model, method: Method, shape: tuple[int, ...]) -> Coder:
    """The coder for symbols of a shape.

    Its tables are built once for each read-only ``model.freq``.

    Raises
    ------
    ModelError
        If the model is inconsistent, does not fit the shape, or does not go with the method.
    TypeError
        If it is not a model.
    ValueError
        If there is no such method.
    """
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; it must be 'cdf' or 'alias'")
    known = frequencies_of(model)
    freq, precision = known.freq, known.precision
    fast = precision <= MAX_FAST_PRECISION
    if method == "alias" and (freq.ndim == 2 or not fast):
        raise ModelError(
            "the alias method takes a single distribution of at most "
            f"{MAX_FAST_PRECISION} bits of precision"
        )
    if known.contexts:
        return _kept(known, "contexts", lambda: ContextCoder(freq, precision))
    if known.conditional:
        index = row_index(model, freq.shape[0], shape)
        if not fast:
            return WideCoder(known.cdf, precision, index)
        tables = _kept(known, "rows", lambda: RowTables(freq, known.cdf, precision))
        return RowsCoder(tables, index)
    if not fast:
        return _kept(known, "wide", lambda: WideCoder(known.cdf, precision))
    if method == "alias":
        return _kept(known, "alias", lambda: AliasCoder(freq, precision))
    return _kept(known, "single", lambda: SingleCoder(freq, precision))


def _kept(frequencies: Frequencies, key: str, make: Callable[[], T]) -> T:
    """What was made for these frequencies; threads that ask at the same time get the same."""
    found: T = frequencies.built.get(key) or frequencies.built.setdefault(key, make())
    return found
