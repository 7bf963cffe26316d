"""One shot: bytes or an array to a frame, and back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, Unpack

import numpy as np

from ansflow.arguments import check_unmasked
from ansflow.buffers import Bytes, bytes_of, writable_bytes
from ansflow.engine.content import JoinedFrames, array_content, as_array
from ansflow.engine.cores import checked_threads
from ansflow.engine.decoder import Schedule
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.memory import allocate
from ansflow.engine.options import Options, OptionsDict
from ansflow.engine.threads import ordered
from ansflow.errors import CorruptDataError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import OBJECTS, Head
from ansflow.frame.header import Header
from ansflow.frame.source import MemorySource, walk_source
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["compress", "decompress"]


def compress(data: Any, *, threads: int | None = None, **options: Unpack[OptionsDict]) -> bytes:
    """Compress bytes or an array into a self-contained, checksummed frame.

    The content is cut into chunks, and each becomes one or more streams of symbols: of bytes, the
    bytes; of an array, a stream for each byte of its items, unless a recipe says otherwise. Streams
    are entropy-coded, each with a distribution of its own, or one for each preceding byte; those
    that don't become smaller are stored.

    Parameters
    ----------
    data : bytes-like or ndarray
        Arrays of any dtype without Python objects.
    threads : int, optional
        By default as many as the process may use cores. The result is the same.
    **options
        ``chunk_size``, ``chunks``, ``recipe``, ``precision``, ``lanes``, ``order``, ``tables``,
        ``model`` and ``metadata``: see `ansflow.Options`.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If `data` is neither, or an array of Python objects or of another dtype that a frame can't
        give back: of types that others have registered, such as bfloat16 (view them as
        integers), with metadata, or with fields that overlap or are out of order. Also if an
        option is of the wrong type.
    ValueError
        If an option is outside its range.
    ModelError
        If a model can't be used, or isn't one for such arrays.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> blob = ansflow.compress(np.zeros((1000, 1000), "f4"))
    >>> len(blob) < 2000
    True
    >>> ansflow.decompress(blob).shape
    (1000, 1000)
    >>> ansflow.decompress(ansflow.compress(b"bytes stay bytes"))
    b'bytes stay bytes'
    """
    settings = Options.of(options)
    if isinstance(data, np.ndarray | np.generic):
        content, array = array_content(np.asanyarray(data))
        encoder = FrameEncoder(settings, threads, content_size=content.size, array=array)
    else:
        content = bytes_of(data)
        encoder = FrameEncoder(settings, threads, content_size=content.size)
    out = allocate(encoder.largest_frame())
    try:
        size = _gather(chain(encoder.write(content, lasting=True), encoder.finish()), out)
    finally:
        encoder.close()
    out.truncate(size)
    return out.getvalue()


def _gather(parts: Iterable[memoryview], out: io.BytesIO) -> int:
    """Put parts one after the other into the memory of `out`; return their size.

    NumPy lets other threads work meanwhile, unlike ``out.writelines(parts)``.
    """
    room = np.frombuffer(out.getbuffer(), np.uint8)
    at = 0
    for part in parts:
        room[at : at + len(part)] = part
        at += len(part)
    return at


def decompress(
    blob: Any,
    *,
    out: Any = None,
    limits: Limits = DEFAULT_LIMITS,
    threads: int | None = None,
) -> Any:
    """Undo `compress`.

    Parameters
    ----------
    blob : bytes-like
        One or more frames, whole. They shouldn't be changed before this returns.
    out : ndarray or writable bytes-like, optional
        Where the content goes, instead of new memory: an array of the dtype and shape that was
        compressed, or a C-contiguous buffer of as many bytes as the content. If an error is raised
        it may have been written to.
    limits : Limits
        What decoding may take at most, whatever the frame says.
    threads : int, optional
        By default as many as the process may use cores.

    Returns
    -------
    bytes or ndarray
        What was compressed; an array with its dtype, byte order, shape and memory order. Frames
        of bytes one after the other give the bytes one after the other, arrays that differ
        in the first axis at most, one that is longer along that axis. `out` itself, if that is
        given.

    Raises
    ------
    TruncatedError
        If the frame is cut short.
    UnsupportedError
        If it is of a version, or has flags, transforms or kinds of streams, that this release
        doesn't know.
    CorruptDataError
        If it is damaged in any other way, isn't a frame, or more than one that don't go together.
    LimitError
        If it needs more than `limits` allow. Nothing has been allocated then.
    TypeError, ValueError
        If `out` isn't a buffer that the content fits into.
    """
    data = bytes_of(blob).data
    # All is checked but the bodies of chunks before the output is allocated: a frame that promises
    # more than it holds is refused here.
    spec, size = _survey(data, limits)
    if out is not None:
        with _filling(out, spec, size) as content:
            _decode(data, limits, threads, content)
        return out
    if spec is None:
        file = allocate(size)
        _decode(data, limits, threads, np.frombuffer(file.getbuffer(), np.uint8))
        return file.getvalue()
    content = np.empty(size, np.uint8)
    _decode(data, limits, threads, content)
    return as_array(content, spec)


@contextmanager
def _filling(out: Any, spec: ArraySpec | None, size: int) -> Iterator[Bytes]:
    """Where the content is to be decoded to, so that it is in `out` afterwards."""
    if spec is not None and isinstance(out, np.ndarray) and out.dtype == spec.dtype:
        check_unmasked(out, "out")
        if out.shape != spec.shape:
            raise ValueError(f"out has shape {out.shape}, but the frame has {spec.shape}")
        ordered = out.T if spec.fortran else out
        if not ordered.flags.c_contiguous:
            # Its items lie elsewhere.
            content = np.empty(size, np.uint8)
            yield content
            out[...] = as_array(content, spec)
            return
        yield writable_bytes(ordered)
        return
    if spec is not None and spec.fortran:
        raise ValueError(
            f"the frame has an array in Fortran order: out must be an array of {spec.dtype} and "
            f"shape {spec.shape}"
        )
    content = writable_bytes(out)
    if content.size != size:
        raise ValueError(f"out has {content.size} bytes, but the content has {size}")
    yield content


def _survey(data: memoryview, limits: Limits) -> tuple[ArraySpec | None, int]:
    """What array the frames are, or None if bytes, and the size of their content."""
    source, joined = MemorySource(data), JoinedFrames()
    while True:
        size = 0
        for event in walk_source(source, limits):
            if isinstance(event, Header):
                header = event
            else:
                source.skip(event.stored)
                size += event.cells * header.grid.cell_size
        joined.add(header, size)
        if source.at == len(data):
            return joined.spec, joined.size
        limits = limits.behind(size)


def _decode(data: memoryview, limits: Limits, threads: int | None, out: Bytes) -> None:
    """Fill `out` from frames that were surveyed."""
    cores = checked_threads(threads)
    for _ in ordered(_tasks(data, limits, cores, out), cores):
        pass


def _tasks(
    data: memoryview, limits: Limits, threads: int, out: Bytes
) -> Iterator[Callable[[], Bytes]]:
    """What there is to do, a unit at a time."""
    source = MemorySource(data)
    at = 0

    def room(size: int) -> Bytes:
        """Where the next content goes. Another thread may have changed what was surveyed."""
        nonlocal at
        at += size
        if at > out.size:
            raise CorruptDataError("the data changed while they were decompressed")
        return out[at - size : at]

    while source.at < len(data):
        heads: list[Head] = []
        bodies: list[memoryview] = []
        size = 0
        for event in walk_source(source, limits):
            if isinstance(event, Header):
                header, decode = event, ChunkDecoder(event)
                grid = header.grid
                unit = Schedule.make(header, threads, limits.max_memory).unit
                continue
            heads.append(event)
            bodies.append(source.take(event.stored))
            size += event.cells * grid.cell_size
            if size + OBJECTS * len(heads) >= unit and not len(heads) % grid.chunks_per_group:
                yield partial(decode, heads, bodies, room(size))
                size, heads, bodies = 0, [], []
        if heads:
            yield partial(decode, heads, bodies, room(size))
    if at < out.size:
        raise CorruptDataError("the data changed while they were decompressed")
