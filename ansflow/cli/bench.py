"""``bench``: sizes and speeds of ansflow and other codecs on the user's files."""

from __future__ import annotations

import bz2
import lzma
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any, BinaryIO, NamedTuple

import click
import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.cli.compiling import telling_of_compilation
from ansflow.cli.console import Size, threads_option
from ansflow.cli.files import File, files_argument, named, or_stdin, reading
from ansflow.cli.outcome import DAMAGED, Outcome, ProblemError
from ansflow.cli.table import LAYOUT, Cell, Column, Table, count, decimal, readable
from ansflow.cli.terminal import echo, width_of

__all__ = ["bench"]

COLUMNS = (
    Column("codec", 26, left=True),
    Column("bytes", 10, rank=2),
    Column("size", 10),
    Column("ratio", 6),
    Column("bits/byte", 9, rank=1),
    Column("encode", 6),
    Column("decode", 6),
)

# Slow codecs compress at most this many bytes.
SLOW_SAMPLE = 4 << 20

FEW = 1 << 16

# Bytes read at once.
PIECE = 16 << 20

# Bound of --repeat.
MOST_REPEATS = 1000

PCODEC_DTYPES = {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (16, 32, 64)}


class Codec(NamedTuple):
    """A codec to measure, on at most `most` bytes."""

    name: str
    compress: Callable[[Any], Any]
    decompress: Callable[[Any], Any]
    most: int | None = None
    takes_array: bool = False


class Sample(NamedTuple):
    """The beginning of a file; also as an array if it is a ``.npy`` file."""

    data: memoryview
    array: npt.NDArray[Any] | None


@click.command()
@files_argument(required=False)
@click.option(
    "--size",
    type=Size(1),
    default="256M",
    show_default=True,
    help="Use at most this many bytes from the beginning of FILE.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, MOST_REPEATS),
    default=3,
    show_default=True,
    help="Number of runs, of which the fastest counts.",
)
@threads_option
def bench(files: tuple[File, ...], size: int, repeat: int, threads: int | None) -> None:
    """Compress, decompress and verify each FILE in memory, next to other codecs.

    zlib, bz2 and lzma come with Python; zstandard, blosc2 and pcodec are measured if they are
    installed. Speeds are in MB/s of content. --threads applies to ansflow; the others use one
    thread.
    """
    outcome = Outcome()
    for file in or_stdin(files):
        with outcome.about(named(file)), telling_of_compilation():
            with reading(file) as source:
                sample = _sample(_beginning(source, size))
            if not sample.data:
                raise ProblemError("the file is empty")
            what = "bytes" if sample.array is None else f"items of {sample.array.dtype}"
            echo(f"{named(file)}: {readable(len(sample.data))} of {what}, speeds in MB/s")
            table = Table(width_of(sys.stdout) or LAYOUT, *COLUMNS)
            echo(table.head())
            for codec in [*_own(threads), *_standard(), *_installed(sample)]:
                echo(table.row(*_measure(codec, sample, repeat)))
    outcome.exit()


def _beginning(source: BinaryIO, size: int) -> bytes:
    """The first `size` bytes, or all if there are fewer, without allocating `size` bytes."""
    pieces = []
    while size and (piece := source.read(min(size, PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _sample(data: bytes) -> Sample:
    """The sample in `data`: the whole items of a ``.npy`` file, or else all bytes."""
    from ansflow.io.npy import read_items

    array = read_items(data)
    if array is None or not array.size:
        return Sample(memoryview(data), None)
    return Sample(_bytes_of(array), array)


def _bytes_of(data: Any) -> memoryview:
    """The bytes of a buffer or an array, including dtypes that memoryview does not support."""
    if isinstance(data, np.ndarray):
        data = np.ascontiguousarray(data).reshape(-1).view(np.uint8).data
    return memoryview(data).cast("B")


def _own(threads: int | None) -> Iterator[Codec]:
    """The codecs of ansflow, which take arrays."""
    count = f"{threads} threads" if threads else "all cores"
    for order in (0, 1):
        for name, used in dict.fromkeys([("1 thread", 1), (count, threads)]):
            yield Codec(
                f"ansflow{' order 1' * order}, {name}",
                partial(ansflow.compress, order=order, threads=used),
                partial(ansflow.decompress, threads=used),
                takes_array=True,
            )


def _standard() -> Iterator[Codec]:
    yield Codec("zlib 6", zlib.compress, zlib.decompress, SLOW_SAMPLE)
    yield Codec("bz2 9", bz2.compress, bz2.decompress, SLOW_SAMPLE)
    yield Codec("lzma 6", lzma.compress, lzma.decompress, SLOW_SAMPLE)


def _installed(sample: Sample) -> Iterator[Codec]:
    """Codecs of other packages that are installed."""
    array = sample.array
    if find_spec("zstandard"):
        import zstandard

        for level in (1, 3):
            compress = zstandard.ZstdCompressor(level).compress
            yield Codec(f"zstd {level}", compress, zstandard.ZstdDecompressor().decompress)
    if find_spec("blosc2"):
        import blosc2

        compress = partial(blosc2.compress2, typesize=1 if array is None else array.itemsize)
        yield Codec("blosc2", compress, blosc2.decompress2)
    native = array is not None and array.dtype.isnative and array.dtype.name in PCODEC_DTYPES
    if native and find_spec("pcodec"):
        from pcodec import ChunkConfig, standalone

        compress = partial(standalone.simple_compress, config=ChunkConfig())
        yield Codec("pcodec", compress, standalone.simple_decompress, takes_array=True)


def _measure(codec: Codec, sample: Sample, repeat: int) -> list[Cell]:
    """A line of the table; ProblemError if decompression does not restore the data."""
    data: Any = sample.data if codec.most is None else sample.data[: codec.most]
    size = len(data)
    given = sample.array if codec.takes_array and sample.array is not None else data
    # The first call is not timed, as it may compile or load code.
    codec.decompress(codec.compress(given[:FEW]))
    blob, compressing = _timed(codec.compress, given, repeat)
    back, decompressing = _timed(codec.decompress, blob, repeat)
    if _bytes_of(back) != data:
        raise ProblemError(f"{codec.name} did not restore the data", DAMAGED)
    return [
        codec.name,
        count(size),
        count(len(blob)),
        decimal(size / len(blob), 2),
        decimal(8 * len(blob) / size, 3),
        decimal(size / compressing / 1e6, 0),
        decimal(size / decompressing / 1e6, 0),
    ]


def _timed(function: Callable[[Any], Any], argument: Any, repeat: int) -> tuple[Any, float]:
    """The result, and the best time of several calls."""
    best = float("inf")
    for _ in range(repeat):
        begun = time.perf_counter()
        result = function(argument)
        # The resolution of some clocks is too low for short calls.
        best = min(best, max(time.perf_counter() - begun, 1e-9))
    return result, best
