"""Initial bits that need not be sent: words that a seed determines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer

__all__ = ["SeededSource"]

GOLDEN = 0x9E37_79B9_7F4A_7C15
FACTORS = 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB
SHIFTS = 30, 27, 31

U_GOLDEN = np.uint64(GOLDEN)
U_FACTORS = tuple(map(np.uint64, FACTORS))
U_SHIFTS = tuple(map(np.uint64, SHIFTS))
MASK = (1 << 64) - 1


@dataclass(frozen=True)
class SeededSource:
    """An endless sequence of 32-bit words: the high halves of SplitMix64's output.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1.

    References
    ----------
    Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
    """

    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", integer(self.seed, "seed", 0, (1 << 64) - 1))

    def words(self, first: int, count: int) -> npt.NDArray[np.uint32]:
        """Words `first` to ``first + count - 1``, shape (count,)."""
        number = np.arange(first + 1, first + count + 1, dtype=np.uint64)
        z = np.uint64(self.seed) + number * U_GOLDEN
        z = (z ^ z >> U_SHIFTS[0]) * U_FACTORS[0]
        z = (z ^ z >> U_SHIFTS[1]) * U_FACTORS[1]
        return ((z ^ z >> U_SHIFTS[2]) >> np.uint64(32)).astype(np.uint32)

    def word(self, i: int) -> int:
        """Word i alone, for a tenth of the time."""
        z = self.seed + (i + 1) * GOLDEN & MASK
        z = (z ^ z >> SHIFTS[0]) * FACTORS[0] & MASK
        z = (z ^ z >> SHIFTS[1]) * FACTORS[1] & MASK
        return (z ^ z >> SHIFTS[2]) >> 32
