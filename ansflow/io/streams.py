"""Streams: compress and decompress what comes piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Unpack

from ansflow.arguments import integer
from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.decoder import FrameDecoder, decode_frames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options, OptionsDict
from ansflow.limits import DEFAULT_LIMITS, STREAM_LIMITS, Limits

__all__ = ["Compressor", "Decompressor", "iter_compress", "iter_decompress"]


class Compressor:
    """Compresses bytes that come piece by piece into one frame.

    Pieces are gathered into chunks, which threads encode while more comes. What is returned, put
    together, is the frame, the same for any number of threads and however the input was cut.

    Parameters
    ----------
    threads : int, optional
        By default as many as the process may use cores.
    **options
        See `ansflow.Options`.

    Examples
    --------
    >>> import ansflow
    >>> compressor = ansflow.Compressor()
    >>> frame = compressor.compress(b"piece ") + compressor.compress(b"by piece")
    >>> frame += compressor.finish()
    >>> ansflow.decompress(frame)
    b'piece by piece'
    """

    def __init__(self, *, threads: int | None = None, **options: Unpack[OptionsDict]) -> None:
        self._encoder = FrameEncoder(Options.of(options), threads)
        self._finished = False

    def compress(self, data: Any) -> bytes:
        """Take bytes; return what part of the frame is ready, perhaps nothing.

        Parameters
        ----------
        data : bytes-like
            May be changed as soon as this returns.

        Raises
        ------
        ValueError
            After `finish`.
        """
        self._check()
        return b"".join(self._encoder.write(bytes_of(data), lasting=isinstance(data, bytes)))

    def flush(self) -> bytes:
        """Return all of the frame that what was taken can give.

        A decoder that has this can give back all that was taken. Ends the current chunk, so
        doing it often makes the result larger.
        """
        self._check()
        return b"".join(self._encoder.flush())

    def finish(self) -> bytes:
        """Return the rest of the frame. The compressor can't be used any more."""
        self._check()
        self._finished = True
        return b"".join(self._encoder.finish())

    def _check(self) -> None:
        if self._finished:
            raise ValueError("the frame is finished")


class Decompressor:
    """Decompresses a frame that comes piece by piece.

    Works like ``lzma.LZMADecompressor``: for one frame, after whose end `eof` is true
    and `unused_data` has what follows.

    Parameters
    ----------
    limits : Limits
        What decoding may take at most, whatever the frame says. Output is bounded by
        ``max_output`` in all, and by `max_length` in each call.
    threads : int, optional
        By default as many as the process may use cores.

    Attributes
    ----------
    eof : bool
        Whether the frame has come to its end, and all content was returned.
    needs_input : bool
        Whether the next call needs more data to return anything.

    Examples
    --------
    >>> import ansflow
    >>> frame = ansflow.compress(bytes(1000))
    >>> decompressor = ansflow.Decompressor()
    >>> len(decompressor.decompress(frame[:60]) + decompressor.decompress(frame[60:] + b"more"))
    1000
    >>> decompressor.eof, decompressor.unused_data
    (True, b'more')
    """

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS, threads: int | None = None) -> None:
        self._decoder = FrameDecoder(limits, threads)
        # Content that is there but wasn't asked for, and where more comes from.
        self._rest: memoryview | None = None
        self._content: Iterator[Bytes] | None = None
        self.eof = False
        self.needs_input = True

    @property
    def unused_data(self) -> bytes:
        """What came after the end of the frame."""
        return self._decoder.unused() if self.eof else b""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The user's; empty as long as the header hasn't come."""
        header = self._decoder.header
        return {} if header is None else header.metadata

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        """Take bytes; return content, of an array its items in the order they are stored.

        Parameters
        ----------
        data : bytes-like
        max_length : int
            Bytes to return at most; negative for no limit. What can't be returned is returned by
            later calls, which need no more data as long as `needs_input` is false.

        Raises
        ------
        EOFError
            If the frame has come to its end before.
        AnsflowError
            If the frame is damaged, isn't one, or exceeds the limits. If the data end before
            `eof` is true, they are cut off, but only the caller can know.
        """
        max_length = integer(max_length, "max_length")
        if self.eof:
            raise EOFError("the frame has come to its end")
        self._decoder.feed(data)
        given: list[memoryview] = []
        left = max_length
        while left and (piece := self._next_piece()) is not None:
            if 0 < left < len(piece):
                self._rest = piece[left:]
                piece = piece[:left]
            given.append(piece)
            left -= len(piece) if left > 0 else 0
        self._rest = self._next_piece()
        self.eof = self._rest is None and self._decoder.done
        self.needs_input = self._rest is None and not self.eof
        if self.eof:
            self._decoder.close()
        return b"".join(given)

    def _next_piece(self) -> memoryview | None:
        """More content, or None if there is none without more data."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        for content in (self._content, chain(self._decoder.advance(), self._decoder.drain())):
            piece = None if content is None else next(content, None)
            if piece is not None:
                self._content = content
                return piece.data
        # Whatever there is of it has come to its end, also that which began before the last data.
        self._content = None
        return None


def iter_compress(
    pieces: Iterable[Any], *, threads: int | None = None, **options: Unpack[OptionsDict]
) -> Iterator[bytes]:
    """Compress an iterable of bytes-like pieces into one frame.

    Parameters
    ----------
    pieces : iterable of bytes-like
    threads : int, optional
        By default as many as the process may use cores.
    **options
        See `ansflow.Options`.

    Yields
    ------
    bytes
        Which put together are the frame.

    Examples
    --------
    >>> import ansflow
    >>> frame = b"".join(ansflow.iter_compress([b"several ", b"pieces"]))
    >>> b"".join(ansflow.iter_decompress([frame[:10], frame[10:]]))
    b'several pieces'
    """
    encoder = FrameEncoder(Options.of(options), threads)
    try:
        for piece in pieces:
            content = bytes_of(piece)
            for part in encoder.write(content, lasting=isinstance(piece, bytes)):
                yield bytes(part)
        for part in encoder.finish():
            yield bytes(part)
    finally:
        encoder.close()


def iter_decompress(
    pieces: Iterable[Any], *, limits: Limits = STREAM_LIMITS, threads: int | None = None
) -> Iterator[bytes]:
    """Decompress an iterable of bytes-like pieces that make one or more frames.

    Parameters
    ----------
    pieces : iterable of bytes-like
        An empty one says that the next may take a while: all content so far is given.
    limits : Limits
        What decoding may take at most. Memory is bounded whatever `pieces` are, if they are not
        themselves large.
    threads : int, optional
        By default as many as the process may use cores.

    Yields
    ------
    bytes
        Content, of arrays the items in the order they are stored.

    Raises
    ------
    AnsflowError
        If a frame is damaged, cut off, isn't one, or exceeds the limits.
    """
    for _, content in decode_frames(pieces, limits, threads):
        for part in content:
            yield part.tobytes()
