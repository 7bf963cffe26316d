"""Division by a frequency as a multiplication (Granlund & Montgomery 1994, theorem 4.2).

For a frequency f let k = ceil(log2 f), shift = 31 + k and m = ceil(2^shift / f). Then
``(x * m) >> shift == x // f`` for all x below 2^31:

    m = (2^shift + e) / f  with 0 <= e < f <= 2^k, hence
    x * m / 2^shift = x / f + (x / 2^31) * (e / 2^k) / f,

and the second term is below 1/f: too small to carry x/f past the next integer. Because
2^(k-1) < f <= 2^k, m is at least 2^31 and less than 2^32: it fits 32 bits for every f, one
and powers of two included, and the product x * m fits 64.
"""

import numpy as np

from ansflow.kernels.constants import MAX_FAST_PRECISION, ONE, U_STATE_BITS, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["RECIPROCAL_MASK", "RECIPROCAL_SHIFT", "reciprocal_table"]

RECIPROCAL_SHIFT = np.uint64(32)  # where an entry of the table keeps its shift
RECIPROCAL_MASK = np.uint64((1 << 32) - 1)

_table: np.ndarray | None = None


@kernel
def fill_reciprocals(table):
    """Write ``m | shift << 32`` for f = 1, 2, ... into ``table[f]``; ``table[0]`` is 0."""
    table[0] = ZERO
    k = ZERO
    for i in range(1, table.size):
        f = np.uint64(i)
        if f > (ONE << k):
            k += ONE
        shift = U_STATE_BITS + k
        m = ((ONE << shift) + f - ONE) // f
        table[i] = m | (shift << RECIPROCAL_SHIFT)


def reciprocal_table() -> np.ndarray:
    """Reciprocals of all frequencies of the fast coder, computed once in a process.

    Returns
    -------
    ndarray of uint64, shape (2^15 + 1,)
        Entry f holds m in its low 32 bits and the shift above them. Read-only.
    """
    global _table
    if _table is None:
        table = np.empty((1 << MAX_FAST_PRECISION) + 1, np.uint64)
        fill_reciprocals(table)
        table.setflags(write=False)
        _table = table
    return _table
