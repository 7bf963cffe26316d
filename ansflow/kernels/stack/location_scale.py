"""Symbols that are intervals of a line, under Gaussians, logistics, or mixtures of them."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.distributions.location_scale import cumulative, find
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import (
    IMPOSSIBLE,
    UNDERFLOW,
    pop_head,
    preceding,
    push_head,
    refill,
)

__all__ = ["pop", "push"]

TWO = np.uint64(2)


@kernel
def push(heads, tail, size, symbols, means, rates, weights, edges, table, precision):
    """Push `symbols`, int64[n]; return the size of the tail, or `IMPOSSIBLE`.

    The distributions are those of `ansflow.kernels.distributions.location_scale.cumulative`, the
    other arguments as in `ansflow.kernels.stack.tables.push`.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    highest = np.uint64(edges.size) - TWO
    outside = ZERO
    for symbol in symbols:
        outside += np.uint64(np.uint64(symbol) > highest)
    if outside > ZERO:
        return IMPOSSIBLE
    i = np.uint64(symbols.size)
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        s = min(np.uint64(symbols[i]), highest)
        start = cumulative(i, s, means, rates, weights, edges, table, precision)
        end = cumulative(i, s + ONE, means, rates, weights, edges, table, precision)
        heads[lane], size = push_head(heads[lane], start, end - start, precision, tail, size)
    return size


@kernel
def pop(heads, tail, size, means, rates, weights, edges, table, precision, out):
    """Pop all symbols of `out`, int64[n]; return the size of the tail, or `UNDERFLOW`."""
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    mask = (ONE << precision) - ONE
    all_slots, all_symbols = np.empty(lanes, np.uint64), np.empty(lanes, np.uint64)
    first = ZERO
    while first < np.uint64(out.size):
        lanes = min(lanes, np.uint64(out.size) - first)
        slots, symbols = all_slots[:lanes], all_symbols[:lanes]
        for lane in range(lanes):
            slots[lane] = heads[lane] & mask
        find(first, slots, means, rates, weights, edges, table, precision, symbols)
        for lane in range(lanes):
            i, s = first + np.uint64(lane), symbols[lane]
            start = cumulative(i, s, means, rates, weights, edges, table, precision)
            end = cumulative(i, s + ONE, means, rates, weights, edges, table, precision)
            x = pop_head(heads[lane], start, end - start, precision)
            heads[lane], size = refill(x, tail, size)
            if size == UNDERFLOW:
                return size
            out[i] = s
        first += lanes
    return size
