"""What numbers cost as logarithmic tokens and raw bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["bit_entropy", "entropy", "lin_bits", "log_bits"]

# Bits that a table takes for a symbol that occurs, about.
TABLE_BITS = 7


def log_bits(numbers: npt.NDArray[np.unsignedinteger], *, signed: bool) -> float:
    """Bits a number, on average: the entropy of its token, and its raw bits.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers
    signed : bool
        Whether they are in two's complement, and become non-negative by the zigzag of `delta`.
    """
    z = numbers.reshape(-1)
    if signed:
        top = 8 * z.itemsize - 1
        z = (z << np.uint8(1)) ^ (np.zeros((), z.dtype) - (z >> np.uint8(top)))
    bits = np.frexp(z.astype(np.float64))[1]
    z = z.astype(np.uint64)
    over = np.maximum(bits - 3, 0)
    tokens = np.where(
        z < 16, z, 16 + 4 * np.maximum(bits - 5, 0) + ((z >> over.astype(np.uint64)) & np.uint64(3))
    )
    counts = np.bincount(tokens.astype(np.int64), minlength=256)
    raw = np.where(z < 16, 0, over).sum()
    return entropy(counts) + raw / z.size


def entropy(counts: npt.NDArray[np.integer]) -> float:
    """Bits a symbol of a distribution, from counts."""
    total = counts.sum()
    seen = counts[counts > 0]
    return float(np.log2(total) - (seen @ np.log2(seen)) / total)


def bit_entropy(mask: npt.NDArray[np.bool_]) -> float:
    """Bits a bit, of one that is coded given the bit before."""
    flat = mask.reshape(-1).astype(np.int64)
    counts = np.bincount(2 * flat[:-1] + flat[1:], minlength=4).reshape(2, 2)
    return float(sum(row.sum() * entropy(row) for row in counts if row.any()) / flat.size)


def lin_bits(numbers: npt.NDArray[np.unsignedinteger], tokens: int, items: int) -> float:
    """Bits a number as linear tokens, with their table."""
    z = numbers.reshape(-1)
    z = z - z.min()
    shift = max(0, int(z.max()).bit_length() - (tokens.bit_length() - 1))
    counts = np.bincount((z >> z.dtype.type(shift)).astype(np.int64))
    used = np.count_nonzero(counts)
    # An entropy that is measured on few symbols is too low, by this much (Miller & Madow 1955).
    bias = (used - 1) / (2 * np.log(2) * z.size)
    return entropy(counts) + bias + shift + TABLE_BITS * used / items
