"""Scalar or vector kernels: by the CPU, the number of lanes, and how much there is to code.

Each function here is one of a pair: push all symbols and return the cursor, or pop them all from a
cursor on and return where it ends, beyond ``words.size`` if the words ran out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import ContextTables, Tables
from ansflow.kernels.coders import order1 as scalar_order1, single as scalar_lanes
from ansflow.kernels.constants import state_low
from ansflow.kernels.vector import order1 as vector_order1, single as vector_lanes
from ansflow.kernels.vector.isa import SCALAR, chosen_isa

__all__ = ["Words", "decode_contexts", "decode_lanes", "encode_contexts", "encode_lanes"]

Symbols = npt.NDArray[Any]
States = npt.NDArray[np.uint32]
Words = npt.NDArray[np.uint16]

# Vectors pay from here on: with fewer lanes a row is too short to hide what a look-up takes, with
# fewer symbols it isn't worth compiling the kernel.
MIN_VECTOR_LANES = 32
MIN_VECTOR_SYMBOLS = 1 << 12

ZERO = np.uint64(0)


def vector_isa(lanes: int, symbols: int) -> str | None:
    """The instruction set for so many lanes and symbols, or None where scalar code serves."""
    if lanes < MIN_VECTOR_LANES or symbols < MIN_VECTOR_SYMBOLS:
        return None
    isa = chosen_isa()
    return None if isa == SCALAR else isa


def encode_lanes(symbols: Symbols, states: States, tables: Tables, words: Words) -> int:
    """Push symbols of a single distribution, filling `words` from its end."""
    records, precision, end = tables.records, np.uint64(tables.precision), np.uint64(words.size)
    isa = vector_isa(states.size, symbols.size)
    if isa is None:
        return int(scalar_lanes.encode(symbols, states, records, precision, words, end))
    whole = symbols.size - symbols.size % states.size
    rest = symbols[whole:]
    cursor = np.uint64(scalar_lanes.encode(rest, states, records, precision, words, end))
    encode_rows = vector_lanes.encoder(states.size, isa, records.ndim == 1)
    flat = records.reshape(-1)
    return int(encode_rows(symbols, np.uint64(whole), states, flat, precision, words, cursor))


def decode_lanes(words: Words, begin: int, states: States, tables: Tables, out: Symbols) -> int:
    """Pop all symbols of `out`, of a single distribution."""
    slots, precision = tables.slots[0], np.uint64(tables.precision)
    low = np.uint64(state_low(tables.precision))
    isa = vector_isa(states.size, out.size)
    decode_rows = scalar_lanes.decode_rows
    if isa is not None:
        decode_rows = vector_lanes.decoder(states.size, isa, slots.dtype == np.uint32)
    done, cursor = decode_rows(words, np.uint64(begin), states, slots, precision, low, out)
    done, cursor = np.uint64(done), np.uint64(cursor)
    return int(scalar_lanes.decode_rest(words, cursor, states, slots, precision, low, out, done))


def encode_contexts(symbols: Symbols, states: States, tables: ContextTables, words: Words) -> int:
    """Push symbols whose distribution the symbol before names, filling `words` from its end."""
    records, precision, end = tables.records, np.uint64(tables.precision), np.uint64(words.size)
    isa = vector_isa(states.size, symbols.size)
    rows = symbols.size // states.size if isa else 0
    rows -= rows % vector_order1.ROWS_AT_ONCE
    first = np.uint64(rows)
    cursor = scalar_order1.encode(symbols, states, records, precision, words, end, first)
    if isa is None:
        return int(cursor)
    encode_rows = vector_order1.encoder(states.size, isa)
    tile, flat = vector_order1.new_tile(states.size), records.reshape(-1)
    cursor = np.uint64(cursor)
    return int(encode_rows(symbols, first, states, flat, precision, tile, words, cursor))


def decode_contexts(
    words: Words, begin: int, states: States, tables: ContextTables, out: Symbols
) -> int:
    """Pop all symbols of `out`, whose distribution the symbol before names."""
    slots, precision = tables.slots, np.uint64(tables.precision)
    contexts = np.zeros(states.size, np.uint32)
    isa = vector_isa(states.size, out.size)
    start = (words, np.uint64(begin), states, contexts)
    if isa is None:
        done, cursor = scalar_order1.decode_rows(*start, slots, precision, out)
    else:
        decode_rows = vector_order1.decoder(states.size, isa)
        tile, flat = vector_order1.new_tile(states.size), slots.reshape(-1)
        done, cursor = decode_rows(*start, flat, precision, tile, out)
    rest = (words, np.uint64(cursor), states, contexts)
    return int(scalar_order1.decode_rest(*rest, slots, precision, out, np.uint64(done)))
