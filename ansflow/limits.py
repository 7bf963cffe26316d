"""How much a decoder may be talked into: one frozen record of limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansflow.arguments import integer

__all__ = ["DEFAULT_LIMITS", "STREAM_LIMITS", "Limits"]

UNLIMITED = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that hold whatever the data says.

    Parameters
    ----------
    max_output : int
        Bytes of content. What promises or gives more is refused.
    max_memory : int
        Bytes that a decoder may hold beside what it is given and what it returns: what the header
        says, metadata among it, payloads and content of chunks that are being decoded, the heads
        of their blocks, shared tables, the index. Beside it come some 16 MiB that don't depend on
        the data, and for each thread a block, 5 MiB for its tables, and what a model's networks
        take for an image.
    max_dimensions : int
        Axes of a decompressed array.

    Raises
    ------
    TypeError, ValueError
        If one isn't an integer, or negative.

    Notes
    -----
    How much smaller than its content a frame may be has no limit of its own: a block of 16 MiB of
    one byte takes 33 bytes, and such blocks aren't rare in sound files. 34 KB may be 16 GiB. Who
    decompresses what strangers send should allow no more `max_output` than they can hold, or read
    piece by piece, from `ansflow.open` or `ansflow.iter_decompress`, where memory is bounded
    whatever there is.
    """

    max_output: int = 16 << 30
    max_memory: int = 512 << 20
    max_dimensions: int = 64

    def __post_init__(self) -> None:
        for name in ("max_output", "max_memory", "max_dimensions"):
            object.__setattr__(self, name, integer(getattr(self, name), name, 0))

    @property
    def max_at_once(self) -> int:
        """Bytes that may be held at once by those who needn't, as ``read()`` without a size."""
        limited = self.max_output < UNLIMITED
        return self.max_output if limited else DEFAULT_LIMITS.max_output

    def behind(self, content_size: int) -> Limits:
        """What is left for the frames that follow so much content."""
        return replace(self, max_output=self.max_output - content_size)

    def without_output(self) -> Limits:
        """The same for those who never hold all of the content."""
        return replace(self, max_output=UNLIMITED)


DEFAULT_LIMITS = Limits()

# Whoever reads piece by piece never holds all of the content.
STREAM_LIMITS = DEFAULT_LIMITS.without_output()
