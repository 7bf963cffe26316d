"""Division by a frequency as a multiplication.

For a frequency f let k = ceil(log2 f) and shift = 31 + k, so that 2^shift / f is at least 2^31 and
at most 2^32. With the remainder r = 2^shift mod f there are two ways to compute x div f
for a state x below 2^32:

rounding up (Granlund & Montgomery 1994, theorem 4.2)
    m = (2^shift + f - r) / f and ``x div f == (x * m) >> shift``: m is too large by (f - r) / f, so
    the product is too large by x (f - r) / 2^shift units of 1/f. That must stay below one unit,
    which it does if f - r <= f / 2 <= 2^(k - 1).

rounding down (Robison 2005)
    m = (2^shift - r) / f and ``x div f == ((x + 1) * m) >> shift``: m is too small, and the
    quotient of a multiple of f comes out right if (x + 1) r <= 2^shift, which it does if
    r <= f / 2.

One of them always serves. Where f is a power of two, r is 0 and m = 2^31 is exact.
"""

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import MAX_FAST_PRECISION, ONE, ZERO
from ansflow.kernels.jit import inlined

__all__ = ["divide", "logarithms", "reciprocal_table", "unpack_reciprocal"]

# An entry of the table: m in the low 32 bits, the shift above, and the way on top.
M_MASK = np.uint64((1 << 32) - 1)
SHIFT_AT = np.uint64(32)
SHIFT_MASK = np.uint64(63)
DOWN_AT = np.uint64(63)

_table: np.ndarray | None = None


def logarithms(bits: int) -> npt.NDArray[np.uint64]:
    """The least k for which f <= 2^k, for all f from 1 to 2^bits."""
    return np.repeat(np.arange(bits + 1, dtype=np.uint64), [1, *(1 << k for k in range(bits))])


@inlined
def unpack_reciprocal(entry):
    """``(m, nudge, shift)`` of an entry, for `divide`; rounding down has a nudge of 1."""
    return entry & M_MASK, entry >> DOWN_AT, (entry >> SHIFT_AT) & SHIFT_MASK


@inlined
def divide(x, m, nudge, shift):
    """``x div f`` for x below 2^32; the product stays below 2^64."""
    return ((x + nudge) * m) >> shift


def reciprocal_table() -> np.ndarray:
    """Reciprocals of all frequencies of the fast coder, computed once in a process.

    Returns
    -------
    ndarray of uint64, shape (2^16 + 1,)
        Entries by frequency, for `unpack_reciprocal`. Read-only.
    """
    global _table
    if _table is None:
        # NumPy takes less time than to compile a kernel, or to load it.
        table = np.zeros((1 << MAX_FAST_PRECISION) + 1, np.uint64)
        f = np.arange(1, table.size, dtype=np.uint64)
        shift = np.uint64(31) + logarithms(MAX_FAST_PRECISION)
        m = (ONE << shift) // f
        r = (ONE << shift) - m * f
        half = f >> ONE
        down = ((r > ZERO) & (r <= half)).astype(np.uint64)
        m += r > half
        table[1:] = m | (shift << SHIFT_AT) | (down << DOWN_AT)
        table.setflags(write=False)
        _table = table
    return _table
