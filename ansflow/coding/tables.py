"""What the kernels need of a model, built once for each model."""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.errors import ModelError
from ansflow.kernels.coders import alias
from ansflow.kernels.constants import MAX_PACKED_PRECISION, MAX_PRECISION
from ansflow.kernels.tables import order1 as order1_tables
from ansflow.kernels.tables.records import fill_records, reciprocals_of
from ansflow.kernels.tables.slots import PACKED_MAX_ALPHABET, fill_slot_rows
from ansflow.lazy import cached_property
from ansflow.models.base import Model
from ansflow.models.frequencies import check_frequencies, cumulative
from ansflow.models.markov import check_contexts

__all__ = ["AliasTables", "AnyTables", "ContextTables", "Tables", "tables_of"]


class AliasTables(NamedTuple):
    """What `ansflow.kernels.coders.alias` needs to code one distribution."""

    divider: npt.NDArray[np.uint64]
    halves: npt.NDArray[np.uint64]
    inverse: npt.NDArray[np.uint16]
    column_shift: int


class Tables:
    """The arrays that the kernels need of one model, each built when first asked for.

    Parameters
    ----------
    freq : array of int, shape (alphabet,) or (rows, alphabet)
        Each row sums to ``2**precision``.
    precision : int
        1 to 31.

    Raises
    ------
    ModelError
        If that isn't so; kernels rely on it.
    """

    def __init__(self, freq: npt.ArrayLike, precision: int) -> None:
        checked, actual = check_frequencies(freq)
        if actual != precision:
            raise ModelError(f"precision is {precision}, but frequencies sum to 2**{actual}")
        self._set(checked, precision)

    @classmethod
    def unchecked(cls, freq: npt.NDArray[np.uint32], precision: int) -> Self:
        """The same for frequencies known to be right, which must not change any more.

        The checks take longer than building the tables of a block.
        """
        tables = cls.__new__(cls)
        tables._set(freq, precision)
        return tables

    def _set(self, freq: npt.NDArray[np.uint32], precision: int) -> None:
        self.precision = precision
        self.conditional = freq.ndim == 2
        self.freq = freq if self.conditional else freq.reshape(1, -1)
        self.rows, self.alphabet = self.freq.shape

    @cached_property
    def cdf(self) -> npt.NDArray[np.uint32]:
        """Cumulative frequencies, shape (rows, alphabet + 1)."""
        return cumulative(self.freq)

    @property
    def symbol_dtype(self) -> np.dtype[Any]:
        """The smallest of uint8 and uint16 that numbers the alphabet."""
        return np.dtype(np.uint8 if self.alphabet <= 256 else np.uint16)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8]:
        """1 for each value of `symbol_dtype` that a single distribution cannot code."""
        flags = np.ones(1 << (8 * self.symbol_dtype.itemsize), np.uint8)
        flags[: self.alphabet] = self.freq[0] == 0
        return flags

    @cached_property
    def has_holes(self) -> bool:
        """Whether a single distribution gives a symbol of its alphabet no frequency."""
        return bool(self.flags[: self.alphabet].any())

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each symbol of a single distribution, and of any byte."""
        symbols = max(self.alphabet, 256)
        packed = self.precision <= MAX_PACKED_PRECISION
        records = np.zeros(symbols if packed else (symbols, 2), np.uint64)
        fill_records(self.freq[0], reciprocals_of(self.precision), records)
        return records

    @cached_property
    def slots(self) -> npt.NDArray[Any]:
        """The decoder's entry of each slot, shape (rows, 2**precision), uint32 or uint64."""
        packed = self.precision <= MAX_PACKED_PRECISION and self.alphabet <= PACKED_MAX_ALPHABET
        slots = np.empty((self.rows, 1 << self.precision), np.uint32 if packed else np.uint64)
        fill_slot_rows(self.freq, slots)
        return slots

    @cached_property
    def alias(self) -> AliasTables:
        """Columns, halves and inverse of a single distribution."""
        column_bits = (self.alphabet - 1).bit_length()
        if column_bits > self.precision:
            raise ModelError(
                f"the alias method needs a column for each of {self.alphabet} symbols, "
                f"more than the {1 << self.precision} slots"
            )
        columns = 1 << column_bits
        capacity = np.uint64(1 << (self.precision - column_bits))
        mass = np.zeros(columns, np.uint64)
        mass[: self.alphabet] = self.freq[0]
        divider = np.empty(columns, np.uint64)
        owner = np.empty(columns, np.uint32)
        alias.build(mass, capacity, divider, owner, np.empty(columns, np.uint32))
        halves = np.zeros(2 * columns, np.uint64)
        inverse = np.empty(1 << self.precision, np.uint16)
        alias.fill_halves(self.freq[0], divider, owner, capacity, halves, inverse)
        return AliasTables(divider, halves, inverse, self.precision - column_bits)


class ContextTables:
    """The arrays that order-1 kernels need of a matrix of frequencies.

    Parameters
    ----------
    freq : array of int, shape (alphabet, alphabet)
        As `ansflow.models.Markov` takes it.
    precision : int
        1 to 12.

    Raises
    ------
    ModelError
        If that isn't so.
    """

    symbol_dtype = np.dtype(np.uint8)

    def __init__(self, freq: npt.ArrayLike, precision: int) -> None:
        checked, actual = check_contexts(freq)
        if actual != precision:
            raise ModelError(f"precision is {precision}, but frequencies sum to 2**{actual}")
        self._set(checked, precision)

    @classmethod
    def unchecked(cls, freq: npt.NDArray[np.uint32], precision: int) -> Self:
        """The same for frequencies known to be right, which must not change any more."""
        tables = cls.__new__(cls)
        tables._set(freq, precision)
        return tables

    def _set(self, freq: npt.NDArray[np.uint32], precision: int) -> None:
        self.freq, self.precision, self.alphabet = freq, precision, freq.shape[0]

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each pair of context and symbol, 0 where it cannot occur."""
        records = np.zeros((self.alphabet, 256), np.uint64)
        precision, reciprocals = np.uint64(self.precision), reciprocals_of(self.precision)
        if not order1_tables.fill_record_rows(self.freq, precision, reciprocals, records):
            raise ModelError("a context can occur but has no frequencies")
        return records

    @cached_property
    def slots(self) -> npt.NDArray[np.uint32]:
        """The decoder's entries, shape (alphabet, 2**precision); meaningless where unreachable."""
        slots = np.empty((self.alphabet, 1 << self.precision), np.uint32)
        if not order1_tables.fill_slot_rows(self.freq, slots):
            raise ModelError("a context can occur but has no frequencies")
        return slots


AnyTables = Tables | ContextTables

_cache: dict[int, tuple[weakref.ref[Any], AnyTables]] = {}


def tables_of(model: Model) -> AnyTables:
    """The tables of `model`, built once for each read-only ``model.freq``.

    An array that can still be written to may change between calls, so its tables are
    built afresh each time.

    Raises
    ------
    TypeError
        If it isn't a model.
    ModelError
        If the model is inconsistent.
    """
    try:
        freq, given = model.freq, model.precision
    except AttributeError as error:
        raise TypeError(f"a model has `precision` and `freq`: {error}") from None
    precision = integer(
        *(given, "a model's precision", 1, MAX_PRECISION), error=ModelError, type_error=ModelError
    )
    kind = _kind_of(model)
    if not isinstance(freq, np.ndarray) or freq.flags.writeable:
        return kind(freq, precision)
    key = id(freq)
    found = _cache.get(key)
    if found is not None and found[0]() is freq:
        tables = found[1]
        if tables.precision == precision and isinstance(tables, kind):
            return tables
    tables = kind(freq, precision)
    _cache[key] = (weakref.ref(freq, lambda _: _cache.pop(key, None)), tables)
    return tables


def _kind_of(model: Model) -> type[Tables] | type[ContextTables]:
    contexts = getattr(model, "contexts", None)
    if contexts is None:
        return Tables
    if isinstance(contexts, str) and contexts == "previous":
        return ContextTables
    raise ModelError(f"a model's contexts are 'previous' or None, not {contexts!r}")
