"""Symbols that are intervals of a line, under Gaussians, logistics, or mixtures of them."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.distributions.location_scale import cumulative, find
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.stack.heads import (
    IMPOSSIBLE,
    UNDERFLOW,
    pop_head,
    preceding,
    push_head,
    refill,
)

__all__ = ["frequencies", "pop", "push"]

TWO = np.uint64(2)


@inlined
def interval(i, s, components, edges, table, precision, least):
    """Start and frequency of symbol s, of the i-th mixture."""
    start = cumulative(i, s, components, edges, table, precision, least)
    end = cumulative(i, s + ONE, components, edges, table, precision, least)
    return start, end - start


@kernel
def push(heads, tail, size, symbols, components, edges, table, precision, least, low):
    """Push `symbols`, int64[n]; return the size of the tail, or `IMPOSSIBLE`.

    The distributions are those of `ansflow.kernels.distributions.location_scale.cumulative`, whose
    symbol 0 has the value `low`; the other arguments as in `ansflow.kernels.stack.tables.push`.
    The last three are int64, which Python passes in a third of the time of a uint64.
    """
    size = np.uint64(size)
    precision, least = np.uint64(precision), np.uint64(least)
    lanes = np.uint64(heads.size)
    highest = np.uint64(edges.size) - TWO
    outside = ZERO
    for symbol in symbols:
        outside += np.uint64(np.uint64(symbol - low) > highest)
    if outside > ZERO:
        return IMPOSSIBLE
    i = np.uint64(symbols.size)
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        s = min(np.uint64(symbols[i] - low), highest)
        start, freq = interval(i, s, components, edges, table, precision, least)
        if freq == ZERO:
            return undone(heads, tail, size, symbols, components, edges, table, precision, low, i)
        heads[lane], size = push_head(heads[lane], start, freq, precision, tail, size)
    return size


@inner
def undone(heads, tail, size, symbols, components, edges, table, precision, low, i):
    """`IMPOSSIBLE`, as symbol i is, after popping those behind it, which have been pushed."""
    lanes = np.uint64(heads.size)
    highest = np.uint64(edges.size) - TWO
    for j in range(i + ONE, np.uint64(symbols.size)):
        lane = j % lanes
        s = min(np.uint64(symbols[j] - low), highest)
        start, freq = interval(j, s, components, edges, table, precision, ZERO)
        x = pop_head(heads[lane], start, freq, precision)
        heads[lane], size = refill(x, tail, size)
        if size == UNDERFLOW:  # another thread is at work
            break
    return IMPOSSIBLE


@kernel
def pop(heads, tail, size, components, edges, table, precision, least, low, out):
    """Pop all symbols of `out`, int64[n]; return the size of the tail, or `UNDERFLOW`."""
    size = np.uint64(size)
    precision, least = np.uint64(precision), np.uint64(least)
    lanes = np.uint64(heads.size)
    mask = (ONE << precision) - ONE
    first = ZERO
    while first < np.uint64(out.size):
        lanes = min(lanes, np.uint64(out.size) - first)
        symbols = out[first : first + lanes]
        find(first, heads, mask, components, edges, table, precision, least, symbols)
        for lane in range(lanes):
            i, s = first + np.uint64(lane), np.uint64(symbols[lane])
            start, freq = interval(i, s, components, edges, table, precision, least)
            x = pop_head(heads[lane], start, freq, precision)
            heads[lane], size = refill(x, tail, size)
            if size == UNDERFLOW:
                return size
            symbols[lane] = np.int64(s) + low
        first += lanes
    return size


@kernel
def frequencies(symbols, components, edges, table, precision, least, low, out):
    """The number of slots of each of `symbols`, int64[n], into `out`; 0 for illegal ones."""
    precision, least = np.uint64(precision), np.uint64(least)
    for i in range(np.uint64(symbols.size)):
        out[i] = 0
        s = np.uint64(symbols[i] - low)
        if s < np.uint64(edges.size) - ONE:
            _, out[i] = interval(i, s, components, edges, table, precision, least)
