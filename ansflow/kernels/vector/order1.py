"""`ansflow.kernels.coders.order1` on vectors: whole rows at a time, the same words.

A row takes its bytes from as many places as there are lanes. They are often a power of two
apart, which makes them compete for the same few lines of the cache. So they are visited only
every 64th row, to copy the next 64 bytes of each segment from or to a *tile*, side by side. The
tile in turn is visited every fourth row: four neighbouring bytes of a lane are an element of a
vector. The kernels run multiples of four rows.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.coders.order1 import segment_start
from ansflow.kernels.constants import ONE, ZERO, state_low
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.vector.memory import load, load_quads, store, store_quads
from ansflow.kernels.vector.steps import pop, push
from ansflow.kernels.vector.values import lane_numbers

__all__ = ["ROWS_AT_ONCE", "decoder", "encoder", "new_tile"]

ROWS_AT_ONCE = 4
TILE_ROWS = 64
LEAD_COLUMNS = 4  # the last of them holds the bytes before the tile
TILE_COLUMNS = LEAD_COLUMNS + TILE_ROWS

U_ROWS_AT_ONCE = np.uint64(ROWS_AT_ONCE)
U_TILE_ROWS = np.uint64(TILE_ROWS)
U_TILE_COLUMNS = np.uint64(TILE_COLUMNS)
LEAD = np.uint64(LEAD_COLUMNS)

LOW = np.uint64(state_low(1))
BYTE = np.uint64(8)
BYTE_MASK = np.uint64(0xFF)
TOP_BYTE = np.uint64(24)


def new_tile(lanes: int) -> np.ndarray:
    """Scratch for the kernels, uint8[lanes, columns]."""
    return np.empty((lanes, TILE_COLUMNS), np.uint8)


@inner
def fill_tile(tile, symbols, begin, end):
    """Copy rows `begin` to `end` - 1 of all segments to the tile, and the bytes before them."""
    lanes = np.uint64(tile.shape[0])
    for lane in range(lanes):
        at = segment_start(lane, np.uint64(symbols.size), lanes) + begin
        row = tile[lane]
        row[LEAD - ONE] = symbols[at - ONE] if begin > ZERO else ZERO
        for i in range(end - begin):
            row[LEAD + np.uint64(i)] = symbols[at + np.uint64(i)]


@inner
def empty_tile(tile, out, begin, end):
    """Copy rows `begin` to `end` - 1 of all segments from the tile."""
    lanes = np.uint64(tile.shape[0])
    for lane in range(lanes):
        at = segment_start(lane, np.uint64(out.size), lanes) + begin
        row = tile[lane]
        for i in range(end - begin):
            out[at + np.uint64(i)] = row[LEAD + np.uint64(i)]


@functools.cache
def decoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``decode_rows(words, cursor, states, contexts, slots, precision, tile, out)``.

    Arguments and result are those of `ansflow.kernels.coders.order1.decode_rows`, with `lanes`
    states, slots as a vector, and a tile from `new_tile` as scratch.
    """
    row = np.uint64(lanes)

    @kernel
    def decode_rows(words, cursor, states, contexts, slots, precision, tile, out):
        mask = (ONE << precision) - ONE
        rows = np.uint64(out.size) // row
        x = load(states, ZERO, lanes, isa)
        context = load(contexts, ZERO, lanes, isa)
        place = lane_numbers(lanes, isa) * U_TILE_COLUMNS
        flat = tile.reshape(-1)
        begin = ZERO
        at = U_TILE_ROWS
        while at == U_TILE_ROWS:
            at = ZERO
            while (
                at < U_TILE_ROWS
                and begin + at + U_ROWS_AT_ONCE <= rows
                and cursor + U_ROWS_AT_ONCE * row <= np.uint64(words.size)
            ):
                quad = context
                for _ in range(ROWS_AT_ONCE):
                    entry = slots[(context << precision) | (x & mask)]
                    context = entry & BYTE_MASK
                    quad = (quad >> BYTE) | (entry << TOP_BYTE)
                    x, cursor = pop(x, entry, precision, LOW, words, cursor)
                store_quads(flat, LEAD + at, place, quad)
                at += U_ROWS_AT_ONCE
            empty_tile(tile, out, begin, begin + at)
            begin += at
        store(states, ZERO, x)
        store(contexts, ZERO, context)
        return begin, cursor

    return decode_rows


@functools.cache
def encoder(lanes: int, isa: str) -> Callable[..., Any]:
    """Make ``encode_rows(symbols, rows, states, records, precision, tile, words, cursor)``.

    It pushes the first `rows` rows, a multiple of `ROWS_AT_ONCE`, last to first, and returns the
    cursor. The other arguments are those of `ansflow.kernels.coders.order1.encode`, with `lanes`
    states, records as a vector, and a tile from `new_tile` as scratch.
    ``words[cursor - rows * lanes - lanes :]`` must exist: below the words that it keeps, `put`
    writes others.
    """

    @kernel
    def encode_rows(symbols, rows, states, records, precision, tile, words, cursor):
        x = load(states, ZERO, lanes, isa)
        place = lane_numbers(lanes, isa) * U_TILE_COLUMNS
        flat = tile.reshape(-1)
        while rows > ZERO:
            begin = (rows - ONE) & ~(U_TILE_ROWS - ONE)
            fill_tile(tile, symbols, begin, rows)
            at = rows - begin
            while at > ZERO:
                at -= U_ROWS_AT_ONCE
                contexts = load_quads(flat, LEAD + at - ONE, place)
                quad = load_quads(flat, LEAD + at, place)
                for _ in range(ROWS_AT_ONCE):
                    record = records[((contexts >> TOP_BYTE) << BYTE) | (quad >> TOP_BYTE)]
                    contexts = contexts << BYTE
                    quad = quad << BYTE
                    x, cursor = push(x, record, precision, words, cursor)
            rows = begin
        store(states, ZERO, x)
        return cursor

    return encode_rows
