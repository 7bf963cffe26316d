"""How much a decoder may be talked into: one frozen record of limits."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

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
        Bytes that a decoder may hold beside what it returns: chunks that are being read, shared
        tables, the index. Each thread takes up to 5 MiB more, for the tables of a block; and what
        a model's networks take for an image.
    max_dimensions : int
        Axes of a decompressed array.

    Raises
    ------
    TypeError
        If one isn't an integer.
    ValueError
        If one is negative.
    """

    max_output: int = 16 << 30
    max_memory: int = 512 << 20
    max_dimensions: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, integer(getattr(self, field.name), field.name, 0))

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
