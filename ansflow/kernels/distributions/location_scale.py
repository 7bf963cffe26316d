"""CDFs of location-scale families in integers: a table of the standard one, and lines between.

A codec needs the same integers on every machine, and no mathematical library guarantees that for
exp or erf. Here only a table depends on one, made once (`ansflow.bitsback.distributions.families`);
the rest is subtraction, multiplication and floor of doubles, each rounded as IEEE 754 says, in a
fixed order, and integer arithmetic. Every step is monotone, and so is the CDF.

A standard CDF is given at `STEPS + 1` equidistant points, in units of 2^-31. Positions count from
the middle of the table, 2^16 from a point to the next; beyond its ends the CDF is 0 or 1.
"""

import numpy as np

from ansflow.kernels.coders.rows import step_up
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = [
    "CDF_BITS",
    "STEPS",
    "UNITS_PER_STEP",
    "WEIGHT_BITS",
    "cumulative",
    "find",
    "standard_cdfs",
]

STEPS = 4096
CDF_BITS = 31
WEIGHT_BITS = 16
UNITS_PER_STEP = 1 << 16

MIDDLE = float(STEPS // 2 * UNITS_PER_STEP)
U_STEP_BITS = np.uint64(16)
U_STEP_MASK = np.uint64(UNITS_PER_STEP - 1)
U_CDF_BITS = np.uint64(CDF_BITS)
U_WEIGHT_BITS = np.uint64(WEIGHT_BITS)


@inlined
def standard_cdf(table, position):
    """The CDF at `position`, in units of 2^-31.

    ``table[STEPS + 1]`` is read at the upper end, and multiplied by zero.
    """
    clipped = min(max(position, -MIDDLE), MIDDLE)
    at = np.uint64(np.int64(clipped + MIDDLE))
    step = at >> U_STEP_BITS
    value = np.uint64(table[step])
    rise = np.uint64(table[step + ONE]) - value
    return value + (rise * (at & U_STEP_MASK) >> U_STEP_BITS)


@inlined
def below(i, s, components, edges, table, precision, least):
    """`cumulative` for a symbol s that is neither 0 nor the size of the alphabet."""
    value = ZERO
    for k in range(components.shape[1]):
        at = standard_cdf(table, (edges[s] - components[i, k, 0]) * components[i, k, 1])
        value += np.uint64(np.int64(components[i, k, 2])) * at
    slots = (ONE << precision) - least * (np.uint64(edges.size) - ONE)
    return ((value >> U_WEIGHT_BITS) * slots >> U_CDF_BITS) + least * s


@inlined
def cumulative(i, s, components, edges, table, precision, least):
    """Cumulative frequency below symbol s of the i-th mixture.

    Parameters
    ----------
    i, s : uint64
        s from 0 to the size of the alphabet, both included.
    components : float64[n, components, 3]
        Mean, rate and share of each, in one array, as each that is passed takes time. Means and
        rates are finite; a rate is positive, in units of the table's position for each one of
        `edges`. Shares are integers that sum to 2^16.
    edges : float64[alphabet + 1]
        Ascending; symbol s lies between ``edges[s]`` and ``edges[s + 1]``, the first
        and the last one also beyond.
    table : uint32[STEPS + 2]
    precision : uint64
        The alphabet is no larger than ``2^precision``.
    least : uint64
        The number of slots that each symbol has at least: 0 or 1.
    """
    if s == ZERO:
        return ZERO
    if s == np.uint64(edges.size) - ONE:
        return ONE << precision
    return below(i, s, components, edges, table, precision, least)


@inlined
def find(first, heads, mask, components, edges, table, precision, least, symbols):
    """The symbols whose intervals hold the slots of heads, of the mixtures from `first` on.

    By bisection, and of all slots step by step together: the steps of one of them wait for each
    other.

    Parameters
    ----------
    first, mask : uint64
    heads : uint64[lanes]
        Their low bits, which `mask` has, are the slots.
    symbols : int64[m]
        Filled; m is at most the number of lanes.
    """
    length = np.uint64(edges.size) - ONE
    symbols[:] = 0
    while length > ONE:
        half = length >> ONE
        for j in range(symbols.size):
            i = first + np.uint64(j)
            middle = np.uint64(symbols[j]) + half
            start = below(i, middle, components, edges, table, precision, least)
            symbols[j] += np.int64(step_up(half, start, heads[j] & mask))
        length -= half


@kernel
def standard_cdfs(table, positions, out):
    """`standard_cdf` of float64[n] into uint64[n]."""
    for i in range(out.size):
        out[i] = standard_cdf(table, positions[i])
