"""Initial bits that need not be sent: words that a seed determines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer

__all__ = ["SeededSource"]

GOLDEN = np.uint64(0x9E37_79B9_7F4A_7C15)
FACTORS = np.uint64(0xBF58_476D_1CE4_E5B9), np.uint64(0x94D0_49BB_1331_11EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


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
        z = np.uint64(self.seed) + number * GOLDEN
        z = (z ^ z >> SHIFTS[0]) * FACTORS[0]
        z = (z ^ z >> SHIFTS[1]) * FACTORS[1]
        return ((z ^ z >> SHIFTS[2]) >> np.uint64(32)).astype(np.uint32)
