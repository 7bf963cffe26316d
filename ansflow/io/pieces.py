"""Streaming: compression and decompression of data that arrive in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Unpack

from ansflow.arguments import integer
from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.content import SingleContent
from ansflow.engine.decoder import FrameDecoder, decode_frames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options, OptionsDict
from ansflow.limits import DEFAULT_LIMITS, STREAM_LIMITS, Limits

__all__ = ["Compressor", "Decompressor", "iter_compress", "iter_decompress"]


class Compressor:
    """Compresses bytes that arrive in pieces into one frame.

    Pieces are collected to chunks, which threads encode in the background. The concatenation of all
    results is the frame, which depends neither on the number of threads nor on how the input was
    divided into pieces.

    Parameters
    ----------
    threads : int, optional
        By default, the number of cores that the process may use.
    **options
        See `ansflow.Options`.

    Raises
    ------
    TypeError, ValueError
        If an option or `threads` is illegal.

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
        """Compress bytes; return the part of the frame that is ready, which may be empty.

        Parameters
        ----------
        data : bytes-like
            They may be changed afterwards.

        Raises
        ------
        ValueError
            After `finish`.
        """
        self._check()
        return b"".join(self._encoder.write(bytes_of(data), lasting=isinstance(data, bytes)))

    def flush(self) -> bytes:
        """Return the part of the frame that holds all content so far.

        This ends the current chunk, so frequent flushing makes the frame larger.

        Raises
        ------
        ValueError
            After `finish`.
        """
        self._check()
        return b"".join(self._encoder.flush())

    def finish(self) -> bytes:
        """Return the rest of the frame. The compressor cannot be used afterwards.

        Raises
        ------
        ValueError
            If it has been called before.
        """
        self._check()
        self._finished = True
        return b"".join(self._encoder.finish())

    def _check(self) -> None:
        if self._finished:
            raise ValueError("the frame is finished: make a new Compressor for another one")


class Decompressor:
    """Decompresses a frame that arrives in pieces.

    This works like ``lzma.LZMADecompressor``: after the end of one frame, `eof` is true, and
    `unused_data` holds the data that follow.

    Parameters
    ----------
    limits : Limits
        Limits of decoding. ``max_output`` bounds the output as a whole, `max_length` that of a
        call.
    threads : int, optional
        By default, the number of cores that the process may use.

    Attributes
    ----------
    eof : bool
        Whether all of the frame has arrived, and all content has been returned.
    needs_input : bool
        Whether the next call needs more data to return content.

    Raises
    ------
    TypeError, ValueError
        If `threads` is illegal.

    Examples
    --------
    >>> import ansflow
    >>> frame = ansflow.compress(bytes(1000))
    >>> decompressor = ansflow.Decompressor()
    >>> len(decompressor.decompress(frame[:20]) + decompressor.decompress(frame[20:] + b"more"))
    1000
    >>> decompressor.eof, decompressor.unused_data
    (True, b'more')
    """

    def __init__(self, *, limits: Limits = DEFAULT_LIMITS, threads: int | None = None) -> None:
        self._decoder = FrameDecoder(limits, threads)
        # Content that exceeded `max_length`, and the source of more.
        self._rest: memoryview | None = None
        self._content: Iterator[Bytes] | None = None
        self.eof = False
        self.needs_input = True

    @property
    def unused_data(self) -> bytes:
        """The data after the end of the frame."""
        return self._decoder.unused() if self.eof else b""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata of the frame; empty until the header has arrived."""
        header = self._decoder.header
        return {} if header is None else header.metadata

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        """Decompress bytes; return content, for an array its items in memory order.

        Parameters
        ----------
        data : bytes-like
        max_length : int
            Maximal number of bytes to return; negative for no limit. The remaining content is
            returned by later calls, which need no data as long as `needs_input` is false.

        Raises
        ------
        EOFError
            If `eof` is true already.
        AnsflowError
            If the data are damaged, are not a frame, or exceed the limits. Truncation cannot be
            detected here: data that end before `eof` is true are cut off.
        """
        max_length = integer(max_length, "max_length")
        if self.eof:
            raise EOFError("the frame has ended: make a new Decompressor for another one")
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
        """The next content, or None if more data are needed."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        for content in (self._content, chain(self._decoder.advance(), self._decoder.drain())):
            piece = None if content is None else next(content, None)
            if piece is not None:
                self._content = content
                return piece.data
        # Both generators are exhausted, including the one from before the last data.
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
        By default, the number of cores that the process may use.
    **options
        See `ansflow.Options`.

    Yields
    ------
    bytes
        Parts of the frame.

    Raises
    ------
    TypeError, ValueError
        If an option or `threads` is illegal, or a piece has no bytes.

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
    """Decompress an iterable of bytes-like pieces of one or more frames.

    Parameters
    ----------
    pieces : iterable of bytes-like
        An empty piece announces that the next one may take a while: all content so far is then
        yielded.
    limits : Limits
        Limits of decoding. Memory is bounded for any input, except for that of the pieces
        themselves.
    threads : int, optional
        By default, the number of cores that the process may use.

    Yields
    ------
    bytes
        Content; for arrays, the items in memory order.

    Raises
    ------
    AnsflowError
        If the data are damaged, cut off, are not frames, or exceed the limits; or if they are a
        collection of several arrays.

    Examples
    --------
    >>> import ansflow
    >>> frame = ansflow.compress(b"several pieces")
    >>> b"".join(ansflow.iter_decompress([frame[:10], frame[10:]]))
    b'several pieces'
    """
    single = SingleContent()
    for header, content in decode_frames(pieces, limits, threads):
        single.add(header)
        for part in content:
            yield part.tobytes()
