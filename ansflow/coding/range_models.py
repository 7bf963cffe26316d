"""What the range coder takes of a model, or of an array in the place of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.coding.range_rows import FIRST_ROW, Distributions, EscapedRows, ProbabilityRows, Rows
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET, MAX_PRECISION
from ansflow.models.base import Model
from ansflow.models.checked import (
    Frequencies,
    frequencies_of,
    has_escapes,
    row_index,
    support_of,
)
from ansflow.models.escaped import check_escapes, check_lowest
from ansflow.models.frequencies import cumulative
from ansflow.models.probabilities import BITS_TO_SPARE, DEFAULT_PRECISION, Probabilities

__all__ = ["Weights", "bad_weights", "precision_for", "row_of", "rows_of"]


def rows_of(
    model: Model | npt.NDArray[Any], shape: tuple[int, ...], previous: int
) -> Distributions:
    """The distributions of symbols of a shape; `previous` is the context of the first.

    Raises
    ------
    ModelError
        If the model, or the array, is inconsistent or does not fit the shape.
    TypeError
        If it is neither a model nor an array.
    """
    if isinstance(model, np.ndarray):
        cdf = _cdf_of(model)
        return Rows(0, cdf.shape[1] - 1, cdf, FIRST_ROW)
    if isinstance(model, Probabilities):
        model.check_shape(shape)
        return ProbabilityRows(model.low, model.alphabet, model)
    known = frequencies_of(model)
    if has_escapes(model):
        return _escaped(model, known, shape)
    low, _ = support_of(model, known.alphabet)
    if known.contexts:
        _check_context(known, previous, low)
        index = np.array([previous], np.uint32)
    elif known.conditional:
        index = row_index(model, len(known.cdf), shape)
    else:
        index = FIRST_ROW
    return Rows(low, known.alphabet, known.cdf, index, known, follows=known.contexts)


def row_of(model: Model, previous: int) -> tuple[Frequencies, int, int]:
    """The distribution of one symbol: the model's frequencies, the row, and the lowest value.

    It is `rows_of` for the shape (), for less time, and not for escapes.
    """
    if isinstance(model, Probabilities):
        model.check_shape(())  # which it does not have
    known = frequencies_of(model)
    low, _ = support_of(model, known.alphabet)
    if known.contexts:
        _check_context(known, previous, low)
        return known, previous, low
    if not known.conditional:
        return known, 0, low
    index, rows = getattr(model, "index", None), len(known.cdf)
    if type(index) is np.ndarray and index.ndim == 0 and index.dtype.kind in "iu":
        row = int(index)
        if 0 <= row < rows:
            return known, row, low
    return known, int(row_index(model, rows, ())[0]), low


def _escaped(model: Model, known: Frequencies, shape: tuple[int, ...]) -> EscapedRows:
    if not known.conditional:
        raise ModelError("a model with escapes must have a matrix of frequencies, row by row")
    cdf, built = known.cdf, known.built
    lowest = check_lowest(getattr(model, "low", 0), len(cdf))
    if "escapes" not in built:
        built["escapes"] = check_escapes(known.freq)
    index = row_index(model, len(cdf), shape)
    return EscapedRows(0, known.alphabet, cdf, index, lowest, built["escapes"])


def _check_context(known: Frequencies, previous: int, low: int) -> None:
    if previous >= known.alphabet or known.cdf[previous, -1] == 0:
        raise ModelError(
            f"the model has no distribution for what follows {previous + low}, the last symbol "
            "that was coded with contexts"
        )


class Weights:
    """A copy of counts or probabilities that no other thread can change, of one type each."""

    def __init__(self) -> None:
        self._counts = np.empty(0, np.int64)
        self._probs = np.empty(0, np.float64)

    def take(self, array: npt.NDArray[Any]) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        """The copy, until this is called again; what exceeds int64 is negative.

        Raises
        ------
        ModelError
            If the array is no vector of integers or floats.
        TypeError
            If it is masked.
        """
        check_unmasked(array, "weights")
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            raise ModelError(
                "an array in the place of a model must be a vector, of integers, which are how "
                "often each symbol occurs, or of floats, which are probabilities, not "
                f"{array.dtype} of shape {array.shape}"
            )
        if array.dtype.kind == "f":
            if array.size > self._probs.size:
                self._probs = np.empty(array.size)
            copy: npt.NDArray[Any] = self._probs[: array.size]
        else:
            if array.size > self._counts.size:
                self._counts = np.empty(array.size, np.int64)
            copy = self._counts[: array.size]
        copy[:] = array
        return copy


def precision_for(alphabet: int) -> int:
    """The precision of probabilities that come as an array."""
    bits = (alphabet - 1).bit_length() + BITS_TO_SPARE
    return min(max(DEFAULT_PRECISION, bits), MAX_PRECISION)


def bad_weights(array: npt.NDArray[Any]) -> ModelError:
    """The error for an array that makes no distribution."""
    if array.dtype.kind == "f":
        return ModelError(
            "probabilities must not be negative, and their sum must be 1, give or take 1/64; it is "
            f"{array.sum():.6g}"
        )
    return ModelError(
        f"counts must not be negative, and their sum must be 1 to 2**{MAX_PRECISION}, not "
        f"{sum(map(int, array))}"
    )


def _cdf_of(array: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Cumulative frequencies, shape (1, alphabet + 1)."""
    copy = Weights().take(array)
    if copy.size > MAX_ALPHABET:
        raise ModelError(
            f"an array of {copy.size} weights codes single integers; arrays of symbols take at "
            f"most {MAX_ALPHABET}"
        )
    if not copy.size:
        raise bad_weights(copy)
    if copy.dtype.kind == "f":
        return Probabilities(copy[np.newaxis], precision=precision_for(copy.size)).cdf
    most = 1 << MAX_PRECISION
    # In this order, the sum does not overflow.
    if copy.min() < 0 or copy.max() > most or not 0 < copy.sum() <= most:
        raise bad_weights(array)
    return cumulative(copy[np.newaxis])
