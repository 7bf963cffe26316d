"""Which coder codes the symbols of a model, and which one many messages of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeVar, get_args

import numpy as np

from ansflow.coding.coders.alias import AliasCoder
from ansflow.coding.coders.coder import Coder, FastCoder
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.messages import (
    BucketTables,
    MessageCoder,
    ProbabilityMessages,
    RowMessages,
    SingleMessages,
)
from ansflow.coding.coders.probabilities import ProbabilityCoder, WideProbabilityCoder
from ansflow.coding.coders.rows import RowsCoder, RowTables
from ansflow.coding.coders.single import SingleCoder
from ansflow.coding.coders.wide import WideCoder
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_FAST_PRECISION, MAX_PACKED_PRECISION
from ansflow.models.base import Model
from ansflow.models.checked import Frequencies, frequencies_of, has_escapes, row_index
from ansflow.models.escaped import check_escapes, check_lowest
from ansflow.models.probabilities import Probabilities

__all__ = ["Method", "coder_of", "message_coder_of"]

Method = Literal["cdf", "alias"]

T = TypeVar("T")

NOT_BY_ALIAS = (
    "the alias method takes a single distribution of at most "
    f"{MAX_FAST_PRECISION} bits of precision"
)
NOT_FOR_MESSAGES = (
    f"messages take a model without contexts and of at most {MAX_FAST_PRECISION} bits of precision"
)


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
    if isinstance(model, Probabilities):
        return _probability_coder(model, method, shape)
    known = frequencies_of(model)
    freq, precision = known.freq, known.precision
    fast = precision <= MAX_FAST_PRECISION
    if method == "alias" and (freq.ndim == 2 or not fast):
        raise ModelError(NOT_BY_ALIAS)
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


def _probability_coder(model: Probabilities, method: Method, shape: tuple[int, ...]) -> Coder:
    if method == "alias":
        raise ModelError(NOT_BY_ALIAS)
    model.check_shape(shape)
    if model.precision <= MAX_FAST_PRECISION:
        return ProbabilityCoder(model)
    return WideProbabilityCoder(model)


def message_coder_of(model: Model, shape: tuple[int, ...]) -> MessageCoder:
    """The coder for messages whose symbols have a shape in all.

    Its tables are built once for each read-only ``model.freq``.

    Raises
    ------
    ModelError
        If the model is inconsistent, does not fit the shape, or has contexts or more than 16 bits
        of precision.
    TypeError
        If it is not a model.
    """
    if isinstance(model, Probabilities):
        model.check_shape(shape)
        if model.precision > MAX_FAST_PRECISION:
            raise ModelError(NOT_FOR_MESSAGES)
        return ProbabilityMessages(ProbabilityCoder(model))
    known = frequencies_of(model)
    freq, precision, cdf = known.freq, known.precision, known.cdf
    if known.contexts or precision > MAX_FAST_PRECISION:
        raise ModelError(NOT_FOR_MESSAGES)
    escapes = has_escapes(model)
    if escapes and not known.conditional:
        raise ModelError("a model with escapes must have a matrix of frequencies, row by row")
    coder: FastCoder
    if known.conditional:
        index = row_index(model, len(cdf), shape)
        rows = _kept(known, "rows", lambda: RowTables(freq, cdf, precision))
        coder = RowsCoder(rows, index)
    else:
        coder = _kept(known, "single", lambda: SingleCoder(freq, precision))
        if precision <= MAX_PACKED_PRECISION:
            return SingleMessages(coder)
        # For short messages, a table of all slots is too large.
        index = np.zeros(math.prod(shape), np.uint32)
    if escapes:
        lowest = check_lowest(getattr(model, "low", 0), len(cdf))
        escaped = _kept(known, "escaped", lambda: BucketTables(cdf, precision, check_escapes(freq)))
        return RowMessages(coder, escaped, index, lowest)
    tables = _kept(known, "buckets", lambda: BucketTables(cdf, precision))
    return RowMessages(coder, tables, index, np.zeros(len(cdf), np.int32))


def _kept(frequencies: Frequencies, key: str, make: Callable[[], T]) -> T:
    """What was made for these frequencies; threads that ask at the same time get the same."""
    found: T = frequencies.built.get(key) or frequencies.built.setdefault(key, make())
    return found
