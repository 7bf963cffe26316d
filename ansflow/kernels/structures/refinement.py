"""Colour refinement: what a vertex has around it, as an integer.

A round adds up, for each vertex, the mixed colours of its neighbours, and mixes the sum with its
own colour. Sums do not depend on any order, so that colours do not depend on labels; and all
numbers are taken modulo 2^64, so that they are the same on every machine.
"""

import numpy as np

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["refine"]

STEP = np.uint64(0x9E37_79B9_7F4A_7C15)
FIRST, SECOND = np.uint64(0xBF58_476D_1CE4_E5B9), np.uint64(0x94D0_49BB_1331_11EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


@inlined
def mixed(x):
    """A bijection of 64 bits in which all bits matter: SplitMix64's (Steele et al. 2014)."""
    x += STEP
    x = (x ^ x >> SHIFTS[0]) * FIRST
    x = (x ^ x >> SHIFTS[1]) * SECOND
    return x ^ x >> SHIFTS[2]


@kernel
def refine(colours, edges, values, sums):
    """One round.

    Parameters
    ----------
    colours : uint64[n]
        Updated in place.
    edges : int64[m, 2]
        Vertices below n.
    values : uint64[m] or uint64[1]
        A number for each edge, or the same for all.
    sums : uint64[n]
        Overwritten.
    """
    each = np.uint64(values.size > 1)
    for v in range(np.uint64(colours.size)):
        sums[v] = ZERO
    for i in range(np.uint64(len(edges))):
        a, b, value = np.uint64(edges[i, 0]), np.uint64(edges[i, 1]), values[i * each]
        sums[a] += mixed(colours[b] ^ value)
        sums[b] += mixed(colours[a] ^ value)
    for v in range(np.uint64(colours.size)):
        colours[v] = mixed(mixed(colours[v]) ^ sums[v])
