"""Whether vector kernels or scalar ones run: both write and read the same words."""

from __future__ import annotations

from ansflow.kernels.vector.isa import SCALAR, chosen_isa

__all__ = ["vector_isa"]

# Vectors pay from here on: with fewer lanes a row is too short to hide the latency of a look-up,
# and for fewer symbols it is not worth compiling the kernel. No register has more lanes.
MIN_VECTOR_LANES = 16
MIN_VECTOR_SYMBOLS = 1 << 12


def vector_isa(lanes: int, symbols: int) -> str | None:
    """The instruction set for so many lanes and symbols, or None where scalar kernels serve."""
    if lanes < MIN_VECTOR_LANES or symbols < MIN_VECTOR_SYMBOLS:
        return None
    isa = chosen_isa()
    return None if isa == SCALAR else isa
