"""Conversion of files to frames and back in bounded memory, as the command line does it.

Arrays in ``.npy`` files are compressed as arrays, and restored to the same files. Those in ``.npz``
or ``.safetensors`` files become a collection, and collections become such files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, Unpack

import numpy as np

from ansflow.arguments import integer
from ansflow.buffers import Bytes
from ansflow.engine.collection import PassingFrames
from ansflow.engine.content import SingleContent
from ansflow.engine.decoder import decode_frames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options, OptionsDict
from ansflow.engine.reader import ContentReader
from ansflow.errors import LimitError
from ansflow.files.counter import Counter
from ansflow.files.foreign import can_seek, check_binary, read_some, read_up_to
from ansflow.frame.header import Header
from ansflow.io.containers.conversion import (
    compress_container,
    find_container,
    restores_container,
    write_container,
)
from ansflow.io.npy import npy_prefix, read_npy
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["compress_file", "decompress_file", "read_range"]

# Bytes that are read at once: enough that most of them need not be copied.
COMPRESSED_AT_ONCE = 4 << 20
DECOMPRESSED_AT_ONCE = 1 << 20

# The same for pipes, which seldom hold more.
PIPED_AT_ONCE = 64 << 10

Progress = Callable[[int], object]


def compress_file(
    source: BinaryIO,
    target: BinaryIO,
    *,
    threads: int | None = None,
    on_progress: Progress = lambda size: None,
    **options: Unpack[OptionsDict],
) -> tuple[int, int]:
    """Compress a file to one frame, or a collection.

    If the file can seek and is exactly a ``.npy`` file, the frame holds its array. If it is a
    ``.npz`` file, all of whose members are arrays, or a ``.safetensors`` file, the result is a
    collection of its arrays.

    Parameters
    ----------
    source, target : binary file
        `source` is read from its position to its end.
    threads : int, optional
    on_progress : callable
        Called repeatedly with the number of bytes read so far.
    **options
        See `ansflow.Options`.

    Returns
    -------
    tuple of (int, int)
        Bytes read and written.

    Raises
    ------
    OSError
        If a file cannot be read or written, or changes while it is read.
    TypeError, ValueError
        If an option is of the wrong type, or out of range, or a ``.npy`` file has a dtype that
        cannot be stored.
    """
    check_binary(source)
    container = find_container(source)
    if container is not None:
        return compress_container(container, source, target, threads, on_progress, options)
    npy = read_npy(source) if can_seek(source) else None
    before = 0
    if npy is None:
        encoder = FrameEncoder(Options.of(options), threads)
    else:
        before = source.tell()
        options["metadata"] = {**options.get("metadata", {}), **npy.metadata}
        spec = npy.spec
        encoder = FrameEncoder(Options.of(options), threads, content_size=spec.nbytes, array=spec)
    expected = encoder.header.content_size
    counted, taken = Counter(target), 0
    read = _reader(source)
    try:
        while piece := read(COMPRESSED_AT_ONCE):
            for part in encoder.write(np.frombuffer(piece, np.uint8), lasting=True):
                counted.write(part)
            taken += len(piece)
            on_progress(before + taken)
        if expected not in (None, taken):
            raise OSError(
                f"the file changed while it was read: it has {taken} bytes of items, not {expected}"
            )
        for part in encoder.finish():
            counted.write(part)
    finally:
        encoder.close()
    return before + taken, counted.size


def decompress_file(
    source: BinaryIO,
    target: BinaryIO | None,
    *,
    limits: Limits = STREAM_LIMITS,
    threads: int | None = None,
    on_progress: Progress = lambda size: None,
) -> tuple[int, int]:
    """Decompress a file of frames to bytes, the items of arrays, or the file that they come from.

    That is a ``.npy`` or ``.safetensors`` file. Other arrays with names become a ``.npz`` file.
    Items are written in C order. Arrays in Fortran order, except those from ``.npy`` files, are
    held in memory for that; so are those with names that were written row by row.

    Parameters
    ----------
    source : binary file
        Frames from its position to its end. It need not be able to seek.
    target : binary file or None
        None to verify the frames without writing.
    limits : Limits
    threads : int, optional
    on_progress : callable
        Called repeatedly with the number of bytes read so far.

    Returns
    -------
    tuple of (int, int)
        Bytes read and written.

    Raises
    ------
    AnsflowError
        If the data are damaged, cut off, are not frames, or exceed the limits. The content before
        the damage has been written.
    """
    check_binary(source)
    counted = Counter(target)
    read = 0
    take = _reader(source)

    def pieces() -> Iterator[bytes]:
        nonlocal read
        while piece := take(DECOMPRESSED_AT_ONCE):
            yield piece
            read += len(piece)
            on_progress(read)

    passing = PassingFrames(limits)
    frames = decode_frames(pieces(), limits, threads, passing.end)
    first = next(frames)
    frames_again = chain([first], frames)
    if restores_container(first[0]):
        write_container(frames_again, counted, limits, passing)
        return read, counted.size
    single = SingleContent()
    for header, content in frames_again:
        single.add(header)
        prefix = npy_prefix(header)
        if prefix is not None:
            counted.write(prefix)
        elif header.is_fortran and target is not None:
            counted.write(_c_order(header, content, limits))
        for part in content:
            counted.write(part.data)
    return read, counted.size


def _c_order(header: Header, content: Iterator[Bytes], limits: Limits) -> Bytes:
    """The items of an array in Fortran order, in C order."""
    spec = header.array
    assert spec is not None
    # One copy in each order.
    if 2 * spec.nbytes > limits.max_memory:
        raise LimitError(
            f"converting an array from Fortran order to C order takes {2 * spec.nbytes} bytes, "
            f"more than max_memory={limits.max_memory}"
        )
    stored = np.empty(spec.nbytes, np.uint8)
    at = 0
    for part in content:
        stored[at : at + part.size] = part
        at += part.size
    if not stored.size:
        return stored
    items = stored.view(f"V{spec.dtype.itemsize}").reshape(spec.shape, order="F")
    return np.ascontiguousarray(items).reshape(-1).view(np.uint8)


def read_range(
    source: BinaryIO,
    target: BinaryIO,
    offset: int,
    size: int | None,
    *,
    limits: Limits = STREAM_LIMITS,
    threads: int | None = None,
) -> int:
    """Write a range of the output of `decompress_file`, decoding only the chunks it needs.

    Parameters
    ----------
    source : binary file that can seek
    target : binary file
    offset : int
    size : int or None
        Number of bytes; None for all from `offset` on.
    limits : Limits
    threads : int, optional

    Returns
    -------
    int
        Bytes written, which are fewer than `size` at the end.

    Raises
    ------
    AnsflowError
        If the data that are read are damaged, or the file does not consist of frames.
    ValueError
        If the range is in an array in Fortran order, whose items are not stored contiguously.
    """
    counted = Counter(target)
    begin = integer(offset, "offset", 0)
    end = None if size is None else begin + integer(size, "size", 0)
    reader = ContentReader(source, limits, threads)
    single = SingleContent()
    try:
        at = stored_at = 0
        for frame in reader.frames:
            single.add(frame.header)
            prefix = npy_prefix(frame.header)
            if prefix:
                counted.write(
                    prefix[max(0, begin - at) : None if end is None else max(0, end - at)]
                )
                at += len(prefix)
            low = max(0, begin - at)
            high = frame.content_size if end is None else min(frame.content_size, end - at)
            if low < high and frame.header.is_fortran and prefix is None:
                raise ValueError(
                    "ranges of an array in Fortran order cannot be read: read all of it instead"
                )
            while low < high:
                part = np.empty(min(COMPRESSED_AT_ONCE, high - low), np.uint8)
                reader.read_into(stored_at + low, part)
                counted.write(part.data)
                low += part.size
            at += frame.content_size
            stored_at += frame.content_size
    finally:
        reader.close()
    return counted.size


def _reader(source: BinaryIO) -> Callable[[int], bytes]:
    """A function that reads at most a given number of bytes.

    From a pipe it reads what is available: `read` would wait for more, and would delay interrupts
    meanwhile.
    """
    if can_seek(source):
        return partial(read_up_to, source)
    return lambda size: read_some(source, min(size, PIPED_AT_ONCE))
