"""Files of several arrays to collections, and back, whatever their format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.collection import PassingFrames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options, OptionsDict
from ansflow.files.counter import Counter
from ansflow.files.foreign import can_seek, end_of
from ansflow.frame.header import Header
from ansflow.io.collection_file import CollectionFile
from ansflow.io.containers.container import ArraysOut, Container
from ansflow.io.containers.npz import NpzWriter, read_npz
from ansflow.io.containers.safetensors import SafetensorsWriter, is_lead, read_safetensors
from ansflow.limits import Limits

__all__ = [
    "compress_container",
    "find_container",
    "restores_container",
    "write_collection",
    "write_container",
]


def find_container(source: BinaryIO) -> Container | None:
    """The arrays that a file consists of; None unless it can seek and is of such a format."""
    if not can_seek(source) or source.tell():
        return None
    return read_npz(source) or read_safetensors(source)


def compress_container(
    container: Container,
    source: BinaryIO,
    target: BinaryIO,
    threads: int | None,
    on_progress: Callable[[int], object],
    options: OptionsDict,
) -> tuple[int, int]:
    """Write all arrays of a file as a collection; return the bytes read and written."""
    counted = Counter(target)

    def watched(items: Iterator[Bytes]) -> Iterator[Bytes]:
        for piece in items:
            yield piece
            on_progress(source.tell())

    write_collection(container, cast(BinaryIO, counted), threads, options, watched)
    return end_of(source), counted.size


def write_collection(
    container: Container,
    target: BinaryIO,
    threads: int | None,
    options: OptionsDict,
    watched: Callable[[Iterator[Bytes]], Iterator[Bytes]] = lambda items: items,
) -> None:
    """Write arrays as a collection; their items go through `watched`."""
    collection = CollectionFile(target)
    if container.lead:
        lead = np.frombuffer(container.lead, np.uint8)
        said = Options(metadata=container.lead_metadata)
        collection.put(FrameEncoder(said, 1, content_size=lead.size), [lead])
    chunks: OptionsDict = {}
    if options.get("chunk_size") is None and options.get("chunks") is None:
        chunks = {"chunk_size": container.chunk_size}
    for name, spec, metadata, items in container.members:
        settings = Options.of({**options, **chunks, "name": name, "metadata": metadata})
        spec = replace(spec, listed=True)
        encoder = FrameEncoder(settings, threads, content_size=spec.nbytes, array=spec)
        collection.put(encoder, watched(items()))
    collection.finish({**container.metadata, **options.get("metadata", {})})


def restores_container(first: Header) -> bool:
    """Whether a file that begins with this frame becomes a file of several arrays."""
    return first.directory or first.name is not None or is_lead(first)


def write_container(
    frames: Iterable[tuple[Header, Iterator[Bytes]]],
    target: Counter,
    limits: Limits,
    passing: PassingFrames,
) -> None:
    """Write the arrays of a collection to a file, and compare its directories with them."""
    out: ArraysOut | None = None
    try:
        for header, content in frames:
            if out is None:
                out = SafetensorsWriter(target) if is_lead(header) else NpzWriter(target, limits)
            passing.begin(header)
            if header.directory:
                passing.check(content)
            else:
                out.add(header, content)
        passing.check_end()
    except BaseException:
        if out is not None:
            out.abandon()
        raise
    if out is not None:
        out.close()
