"""What the range coder takes of a model, or of an array of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.coding.range_rows import FIRST_ROW, EscapedRows, Rows
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

__all__ = ["Counts", "bad_counts", "row_of", "rows_of"]


def rows_of(model: Model | npt.NDArray[Any], shape: tuple[int, ...], previous: int) -> Rows:
    """The distributions of symbols of a shape; `previous` is the context of the first.

    Raises
    ------
    ModelError
        If the model, or the counts, are inconsistent or don't fit the shape.
    TypeError
        If it is neither a model nor an array of counts.
    """
    if isinstance(model, np.ndarray):
        return Rows(_cdf_of(model), FIRST_ROW)
    known = frequencies_of(model)
    if has_escapes(model):
        return _escaped(model, known, shape)
    low, _ = support_of(model, known.alphabet)
    if known.contexts:
        _check_context(known, previous, low)
        return Rows(known.cdf, np.array([previous], np.uint32), True, low, known)
    if not known.conditional:
        return Rows(known.cdf, FIRST_ROW, False, low, known)
    index = row_index(model, len(known.cdf), shape)
    return Rows(known.cdf, index, False, low, known)


def row_of(model: Model, previous: int) -> tuple[Frequencies, int, int]:
    """The distribution of one symbol: the model's frequencies, the row, and the lowest value.

    It is `rows_of` for the shape (), for less time, and not for escapes.
    """
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
    return EscapedRows(cdf, index, known=known, lowest=lowest, escape=built["escapes"])


def _check_context(known: Frequencies, previous: int, low: int) -> None:
    if previous >= known.alphabet or known.cdf[previous, -1] == 0:
        raise ModelError(
            f"the model has no distribution for what follows {previous + low}, the last symbol "
            "that was coded with contexts"
        )


def bad_counts(counts: npt.NDArray[Any]) -> ModelError:
    """The error for counts that make no distribution."""
    total = sum(map(int, counts))
    return ModelError(
        f"counts must not be negative, and their sum must be 1 to 2**{MAX_PRECISION}, not {total}"
    )


def _cdf_of(counts: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Cumulative counts, shape (1, alphabet + 1)."""
    copy = Counts().take(counts)
    if copy.size > MAX_ALPHABET:
        raise ModelError(
            f"counts of {copy.size} symbols code single integers; arrays of symbols take at most "
            f"{MAX_ALPHABET}"
        )
    most = 1 << MAX_PRECISION
    # In this order, the sum does not overflow.
    if not copy.size or copy.min() < 0 or copy.max() > most or not 0 < copy.sum() <= most:
        raise bad_counts(counts)
    return cumulative(copy[np.newaxis])


class Counts:
    """A copy of counts, which no other thread can change, and of one type for kernels."""

    def __init__(self) -> None:
        self._place = np.empty(0, np.int64)

    def take(self, counts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The copy, until this is called again; what exceeds int64 is negative.

        Raises
        ------
        ModelError
            If the array is no vector of integers.
        TypeError
            If it is masked.
        """
        check_unmasked(counts, "counts")
        if counts.ndim != 1 or counts.dtype.kind not in "iu":
            raise ModelError(
                "an array in place of a model must be a vector of integers, how often each symbol "
                f"occurs, not {counts.dtype} of shape {counts.shape}"
            )
        if counts.size > self._place.size:
            self._place = np.empty(counts.size, np.int64)
        copy = self._place[: counts.size]
        copy[:] = counts
        return copy
