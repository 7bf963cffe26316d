"""``compress``, ``decompress``, ``cat`` and ``test``.

Each imports what does the work when it is called: that brings in Numba and all kernels, which takes
most of a second, and help and completion need none of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from ansflow.cli.compiling import telling_of_compilation
from ansflow.cli.console import (
    Console,
    Size,
    level_options,
    limit_options,
    memory_option,
    threads_option,
    threads_within,
    working,
)
from ansflow.cli.each import Sizes, each
from ansflow.cli.files import (
    File,
    Target,
    compressed_name,
    decompressed_name,
    files_argument,
    label_of,
    named,
    or_stdin,
    output_options,
    reading,
    size_of,
    standard_output,
    suffix_of,
)
from ansflow.cli.outcome import USAGE, Outcome, ProblemError
from ansflow.cli.walk import compressed_files, compressed_in, walk_options, walked
from ansflow.limits import Limits

__all__ = ["cat", "compress", "decompress", "test"]


def _parse_metadata(_: click.Context, __: click.Parameter, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        metadata = json.loads(text, object_pairs_hook=_each_key_once)
    except ValueError as error:
        raise click.BadParameter(f"the text is not valid JSON: {error}") from error
    except RecursionError as error:
        raise click.BadParameter("the JSON text is nested too deeply.") from error
    if not isinstance(metadata, dict):
        raise click.BadParameter('metadata must be a JSON object such as {"unit": "K"}.')
    return metadata


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice, but only one value could be kept")
    return found


def _complete_model(_: click.Context, __: click.Parameter, begin: str) -> list[str]:
    from ansflow.bitsback.models.pretrained import PRETRAINED

    return [name for name in PRETRAINED if name.startswith(begin)]


@click.command()
@files_argument()
@walk_options
@level_options
@output_options
@threads_option
@memory_option(
    "Refuse input that takes more bytes of memory than this, and compress with so few threads that "
    "they take no more.",
    "512M to decompress",
)
@click.option(
    "--dtype",
    metavar="NAME",
    help="What numbers the bytes of FILE are: f4, <i2, bfloat16, ...",
)
@click.option(
    "--typesize",
    type=click.Choice(["1", "2", "4", "8"]),
    help="Bytes of each of the unsigned integers that FILE consists of.",
)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=_complete_model,
    help="Latent variable model for files of images that it accepts: photographs, mnist-vae, "
    "mnist-vae-binary, mnist-bitswap or mnist-bitswap-binary.",
)
@click.option(
    "--chunk-size",
    type=Size(1, 128 << 20),
    show_default="256K; about 2^20 numbers for arrays; 1M with --model",
    help="Bytes of content in a chunk. Chunks are coded independently.",
)
@click.option(
    "--precision",
    metavar="N",
    type=click.IntRange(8, 16),
    default=12,
    show_default=True,
    help="Precision of the probabilities in bits. Up to 12, short streams get less.",
)
@click.option(
    "--order",
    metavar="N",
    type=click.IntRange(0, 1),
    default=0,
    show_default=True,
    help="1: use the preceding byte as context where that makes the result smaller.",
)
@click.option(
    "--metadata",
    metavar="JSON",
    callback=_parse_metadata,
    help="JSON object to store in the output.",
)
@working
def compress(
    files: tuple[File, ...],
    recursive: bool,
    suffix: str,
    threads: int | None,
    max_memory: int | None,
    level: int | None,
    chunk_size: int | None,
    precision: int,
    order: int,
    dtype: str | None,
    typesize: str | None,
    model: str | None,
    metadata: dict[str, Any],
    console: Console,
    **where: Any,
) -> None:
    """Compress each FILE to FILE.ans, and keep FILE.

    Without FILE, or if it is -, compress standard input to standard output. .npy files are
    compressed as arrays, and restored byte for byte. .npz and .safetensors files become collections
    of arrays, for ansflow.load in Python. The latter are restored byte for byte, too, the former
    with the same members.
    """
    from ansflow.cli.suits import WatchedModel, claimed, objections
    from ansflow.io.transfer import compress_file

    files = or_stdin(files)
    claim = claimed(dtype, typesize)
    if max_memory is not None:
        if model is not None:
            raise click.UsageError("--max-memory cannot be used with --model to compress.")
        threads = threads_within(max_memory, threads, chunk_size)
    options: dict[str, Any] = {
        **({} if level is None else {"level": level}),
        "chunk_size": chunk_size,
        "precision": precision,
        "order": order,
        "dtype": None if claim is None else claim.dtype,
        "metadata": metadata,
    }
    watched: WatchedModel | None = None

    def name(file: Path) -> Path:
        ending = suffix_of(file, suffix)
        if ending and not target.force:
            raise ProblemError(
                f"the name ends in {ending}; use -d to decompress it, or -f to compress it again",
                USAGE,
            )
        return compressed_name(file, suffix)

    def work(source: BinaryIO, to: BinaryIO, on_progress: Callable[[int], object]) -> Sizes:
        nonlocal watched
        watched = None if model is None else WatchedModel(model)
        told = {**options, "model": watched}
        return compress_file(source, to, threads=threads, on_progress=on_progress, **told)

    def remarks(file: File, sizes: Sizes) -> Iterator[str]:
        return objections(file, sizes, claim, watched)

    target = Target(several=recursive or len(files) > 1, **where)
    outcome = Outcome()
    found = walked(files, recursive, lambda file: not suffix_of(file, suffix), outcome)
    each(found, target, name, work, console, outcome, compressing=True, remarks=remarks)
    outcome.exit()


@click.command()
@files_argument(shell_complete=compressed_files)
@walk_options
@output_options
@threads_option
@limit_options
@working
def decompress(
    files: tuple[File, ...],
    recursive: bool,
    suffix: str,
    threads: int | None,
    limits: Limits,
    console: Console,
    **where: Any,
) -> None:
    """Decompress and verify each FILE to its name without .ans, and keep FILE.

    Without FILE, or if it is -, decompress standard input to standard output. If FILE is damaged,
    no output file is written.

    Arrays that were compressed from Python are written as their items in C order. An array in
    Fortran order must fit into --max-memory twice for that. Several arrays in a file become an .npz
    file, or a .safetensors file if they come from one.
    """
    from ansflow.io.transfer import decompress_file

    files = or_stdin(files)

    def name(file: Path) -> Path:
        return decompressed_name(file, suffix)

    def work(source: BinaryIO, to: BinaryIO, on_progress: Callable[[int], object]) -> Sizes:
        return decompress_file(source, to, limits=limits, threads=threads, on_progress=on_progress)

    target = Target(several=recursive or len(files) > 1, **where)
    outcome = Outcome()
    found = walked(files, recursive, compressed_in(suffix), outcome)
    each(found, target, name, work, console, outcome, compressing=False)
    outcome.exit()


@click.command()
@files_argument(shell_complete=compressed_files)
@click.option("--offset", type=Size(), default=0, help="First byte to write.")
@click.option("--size", type=Size(), help="Number of bytes to write, at most.")
@threads_option
@limit_options
def cat(
    files: tuple[File, ...], offset: int, size: int | None, threads: int | None, limits: Limits
) -> None:
    """Decompress each FILE to standard output, one after the other.

    With --offset or --size, write only this part of the content; only the chunks that it needs are
    decoded and verified.
    """
    from ansflow.io.transfer import decompress_file, read_range

    outcome = Outcome()
    stdout = standard_output()
    with telling_of_compilation():
        for file in or_stdin(files):
            with outcome.about(named(file)), reading(file) as source:
                if offset or size is not None:
                    read_range(source, stdout, offset, size, limits=limits, threads=threads)
                else:
                    decompress_file(source, stdout, limits=limits, threads=threads)
            stdout.flush()
    outcome.exit()


@click.command()
@files_argument(shell_complete=compressed_files)
@walk_options
@threads_option
@limit_options
@working
def test(
    files: tuple[File, ...],
    recursive: bool,
    suffix: str,
    threads: int | None,
    limits: Limits,
    console: Console,
) -> None:
    """Verify all of each FILE without writing anything.

    The exit code says whether all FILEs are intact; with -v, print a line for each FILE.
    """
    from ansflow.io.transfer import decompress_file

    outcome = Outcome()
    for file in walked(or_stdin(files), recursive, compressed_in(suffix), outcome):
        with outcome.about(named(file)):
            with (
                reading(file) as source,
                console.progress(label_of(file), size_of(source)) as on_progress,
            ):
                _, size = decompress_file(
                    source, None, limits=limits, threads=threads, on_progress=on_progress
                )
            console.say_more(f"{named(file)}: fine, {size:,} bytes")
    outcome.exit()
