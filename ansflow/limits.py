"""How much a decoder may be talked into: one frozen record of limits."""

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold whatever the data says.

    Parameters
    ----------
    max_output : int
        Bytes that one `ansflow.decompress` call may return.
    max_block : int
        Content bytes of one block; a decoder holds one block at a time, and at most 5 MiB of
        tables, beside its output.
    max_dimensions : int
        Axes of a decompressed array.
    """

    max_output: int = 16 << 30
    max_block: int = 16 << 20
    max_dimensions: int = 64


DEFAULT_LIMITS = Limits()
