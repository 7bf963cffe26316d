"""One shot: bytes or an array to a frame, and back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.content import JoinedFrames, allocate, array_content, as_array, planes_of
from ansflow.engine.decoder import Plan
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options
from ansflow.engine.threads import checked_threads, ordered
from ansflow.errors import CorruptDataError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.header import Header
from ansflow.frame.source import MemorySource, walk_source
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["compress", "decompress"]


def compress(data: Any, *, threads: int | None = None, **options: Any) -> bytes:
    """Compress bytes or an array into a self-contained, checksummed frame.

    Each block of bytes is entropy-coded by its own distribution, or by one for each preceding
    byte; an array is split into byte planes first. What doesn't get smaller is stored.

    Parameters
    ----------
    data : bytes-like or ndarray
        Arrays of any dtype without Python objects.
    threads : int, optional
        By default as many as the process may use cores. The result is the same.
    **options
        ``block_size``, ``precision``, ``lanes``, ``order``, ``models``, ``model`` and
        ``metadata``: see `ansflow.Options`.

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
    settings = Options(**options)
    if isinstance(data, np.ndarray | np.generic):
        content, array = array_content(np.asanyarray(data))
        encoder = FrameEncoder(
            settings,
            threads,
            content_size=content.size,
            planes=planes_of(array.dtype, data.size),
            array=array,
        )
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
    blob: Any, *, limits: Limits = DEFAULT_LIMITS, threads: int | None = None
) -> bytes | npt.NDArray[Any]:
    """Undo `compress`.

    Parameters
    ----------
    blob : bytes-like
        One or more frames, whole. They shouldn't be changed before this returns.
    limits : Limits
        What decoding may take at most, whatever the frame says.
    threads : int, optional
        By default as many as the process may use cores.

    Returns
    -------
    bytes or ndarray
        What was compressed; an array with its dtype, byte order, shape and memory order. Frames
        of bytes one after the other give the bytes one after the other, arrays that differ
        in the first axis at most, one that is longer along that axis.

    Raises
    ------
    TruncatedError
        If the frame is cut short.
    UnsupportedError
        If it is of a version, or has flags or kinds, that this release doesn't know.
    CorruptDataError
        If it is damaged in any other way, isn't a frame, or more than one that don't go together.
    LimitError
        If it needs more than `limits` allow. Nothing has been allocated then.
    """
    data = bytes_of(blob).data
    # All is checked but the payloads before the output is allocated: a frame that promises
    # more than it holds is refused here.
    spec, size = _survey(data, limits)
    if spec is None:
        out = allocate(size)
        _decode(data, limits, threads, np.frombuffer(out.getbuffer(), np.uint8))
        return out.getvalue()
    content = np.empty(size, np.uint8)
    _decode(data, limits, threads, content)
    return as_array(content, spec)


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
                size += event.size
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
        payloads: list[memoryview] = []
        size = weight = 0
        for event in walk_source(source, limits):
            if isinstance(event, Header):
                header, decode = event, ChunkDecoder(event)
                unit = Plan.make(header, threads, limits.max_memory).unit
                continue
            heads.append(event)
            payloads.append(source.take(event.stored))
            size += event.size
            weight += event.weight
            if weight >= unit and len(heads) % header.planes == 0:
                yield partial(decode, heads, payloads, room(size))
                size, weight, heads, payloads = 0, 0, [], []
        if heads:
            yield partial(decode, heads, payloads, room(size))
    if at < out.size:
        raise CorruptDataError("the data changed while they were decompressed")
