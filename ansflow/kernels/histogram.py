"""Counting symbols.

Consecutive symbols are counted in different sub-histograms: a run of equal symbols would
otherwise wait, at each step, for the previous increment to reach memory and come back.
"""

import numpy as np

from ansflow.kernels.jit import kernel

__all__ = ["histogram"]


@kernel
def count(symbols, partial):
    """Add the symbols' counts to ``partial``, uint64[4, alphabet]."""
    whole = np.uint64(symbols.size) & ~np.uint64(3)
    for i in range(np.uint64(0), whole, np.uint64(4)):
        partial[0, symbols[i]] += np.uint64(1)
        partial[1, symbols[i + np.uint64(1)]] += np.uint64(1)
        partial[2, symbols[i + np.uint64(2)]] += np.uint64(1)
        partial[3, symbols[i + np.uint64(3)]] += np.uint64(1)
    for i in range(whole, np.uint64(symbols.size)):
        partial[0, symbols[i]] += np.uint64(1)


def histogram(symbols: np.ndarray) -> np.ndarray:
    """Occurrences of each value of the symbols' type.

    Parameters
    ----------
    symbols : ndarray of uint8 or uint16, shape (n,), contiguous

    Returns
    -------
    ndarray of uint64, shape (256,) or (65536,)
    """
    partial = np.zeros((4, 1 << (8 * symbols.itemsize)), np.uint64)
    count(symbols, partial)
    counts: np.ndarray = partial.sum(axis=0, dtype=np.uint64)
    return counts
