"""Limits of the memory and output that decoding may take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansflow.arguments import integer

__all__ = ["DEFAULT_LIMITS", "STREAM_LIMITS", "Limits"]

UNLIMITED = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of decoding, which hold for any input, including a malicious one.

    Parameters
    ----------
    max_output : int
        Bytes of content. Frames with more content are refused.
    max_memory : int
        Bytes that a decoder may hold in addition to its input and its output: the parsed header
        with its metadata, bodies and content of the chunks that are being decoded, shared tables,
        and the index. In addition, decoding takes about 16 MiB independent of the data, and for
        each thread one chunk, 5 MiB of tables, and the memory that a model's networks need for an
        image. Recipes that no encoder chooses may take eight chunks instead of that one, and no
        more. The transform `lpc` calculates with 64-bit floats: that is about eight bytes for each
        item of a chunk, and at most 72, whatever a damaged chunk says.
    max_dimensions : int
        Axes of a decompressed array.

    Raises
    ------
    TypeError, ValueError
        If a limit is not an integer, or negative.

    Notes
    -----
    The ratio of content to compressed data is not limited: a chunk of 16 MiB of equal bytes takes
    33 bytes, and such chunks occur in ordinary files, so that 34 KB may expand to 16 GiB. To
    decompress untrusted data, set `max_output` to what you can hold in memory, or read the content
    piece by piece with `ansflow.open` or `ansflow.iter_decompress`, whose memory is bounded for any
    input.

    Examples
    --------
    >>> import ansflow
    >>> blob = ansflow.compress(bytes(10_000_000))
    >>> ansflow.decompress(blob, limits=ansflow.Limits(max_output=1 << 20))
    Traceback (most recent call last):
    ansflow.errors.LimitError: the content takes 10000000 bytes, more than max_output=1048576
    """

    max_output: int = 16 << 30
    max_memory: int = 512 << 20
    max_dimensions: int = 64

    def __post_init__(self) -> None:
        for name in ("max_output", "max_memory", "max_dimensions"):
            object.__setattr__(self, name, integer(getattr(self, name), name, 0))

    @property
    def max_at_once(self) -> int:
        """Bytes that a streaming reader may return at once, as ``read()`` without a size does."""
        limited = self.max_output < UNLIMITED
        return self.max_output if limited else DEFAULT_LIMITS.max_output

    def behind(self, content_size: int) -> Limits:
        """The limits for the frames that follow `content_size` bytes of content."""
        return replace(self, max_output=self.max_output - content_size)

    def without_output(self) -> Limits:
        """The same limits without `max_output`."""
        return replace(self, max_output=UNLIMITED)


DEFAULT_LIMITS = Limits()

# Streaming readers never hold all of the content.
STREAM_LIMITS = DEFAULT_LIMITS.without_output()
