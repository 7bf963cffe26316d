"""What numbers cost as tokens and raw bits, and symbols by themselves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.cost import log_cost

__all__ = ["lin_bits", "log_bits", "symbol_bits"]

# Bits that a table takes for a symbol that occurs, about.
TABLE_BITS = 7


def log_bits(numbers: npt.NDArray[np.unsignedinteger], *, signed: bool) -> float:
    """Bits a number, on average: the entropy of its token, and its raw bits.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, not empty
    signed : bool
        Whether they are in two's complement, and become non-negative as by `delta`.
    """
    return float(log_cost(numbers.reshape(-1), signed)) / numbers.size


def entropy(counts: npt.NDArray[np.integer]) -> float:
    """Bits a symbol of a distribution, from counts."""
    total = counts.sum()
    seen = counts[counts > 0]
    return float(np.log2(total) - (seen @ np.log2(seen)) / total)


def symbol_bits(symbols: npt.NDArray[np.uint8]) -> float:
    """Bits a symbol of a stream of bytes."""
    return entropy(np.bincount(symbols, minlength=1))


def lin_bits(numbers: npt.NDArray[np.unsignedinteger], tokens: int, items: int) -> float:
    """Bits a number as linear tokens, with their table, which is for so many items."""
    z = numbers.reshape(-1)
    z = z - z.min()
    shift = max(0, int(z.max()).bit_length() - (tokens.bit_length() - 1))
    counts = np.bincount((z >> z.dtype.type(shift)).astype(np.int64))
    used = int(np.count_nonzero(counts))
    # An entropy that is measured on few symbols is too low, by this much (Miller & Madow 1955).
    bias = (used - 1) / (2 * np.log(2) * z.size)
    return entropy(counts) + float(bias) + shift + TABLE_BITS * used / items
