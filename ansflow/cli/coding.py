"""``compress``, ``decompress``, ``cat`` and ``test``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from ansflow.cli.console import (
    Console,
    Size,
    level_options,
    limit_options,
    talking,
    threads_option,
)
from ansflow.cli.files import (
    STANDARD,
    SUFFIX,
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
    remove_input,
    size_of,
    standard_output,
    status_of,
    writing,
)
from ansflow.cli.outcome import USAGE, Outcome, ProblemError
from ansflow.cli.table import readable
from ansflow.io.transfer import compress_file, decompress_file, read_range
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["cat", "compress", "decompress", "test"]

# Bytes read and written.
Sizes = tuple[int, int]


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


# Options that -d excludes.
COMPRESSING = ("level", "chunk_size", "precision", "order", "model", "metadata")


@click.command()
@files_argument(required=False)
@output_options
@click.option(
    "-d", "--decompress", "undo", is_flag=True, help="Decompress, as the command decompress does."
)
@level_options
@threads_option
@click.option(
    "--chunk-size",
    type=Size(1, 128 << 20),
    show_default="256K; about 2^18 numbers for arrays; 1M with --model",
    help="Bytes of content in a chunk. Chunks are coded independently.",
)
@click.option(
    "--precision",
    type=click.IntRange(8, 16),
    default=12,
    show_default=True,
    help="Precision of the probabilities in bits.",
)
@click.option(
    "--order",
    type=click.IntRange(0, 1),
    default=0,
    show_default=True,
    help="1: use the preceding byte as context where that makes the result smaller.",
)
@click.option(
    "--model",
    metavar="NAME",
    help="Latent variable model for files of images that it accepts: photographs, mnist-vae, "
    "mnist-vae-binary, mnist-bitswap or mnist-bitswap-binary.",
)
@click.option("--metadata", callback=_parse_metadata, help="JSON object to store in the output.")
@talking
@click.pass_context
def compress(
    context: click.Context,
    /,
    files: tuple[File, ...],
    undo: bool,
    level: int,
    threads: int | None,
    chunk_size: int | None,
    precision: int,
    order: int,
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
    if undo:
        for option in COMPRESSING:
            if context.get_parameter_source(option) != click.core.ParameterSource.DEFAULT:
                given = "A level" if option == "level" else "--" + option.replace("_", "-")
                raise click.UsageError(f"{given} cannot be used with -d.")
        _decompress_each(files, threads, STREAM_LIMITS, console, where)
        return
    files = or_stdin(files)

    def name(file: Path) -> Path:
        if file.suffix == SUFFIX and not where["force"]:
            raise ProblemError(f"the name ends in {SUFFIX}; use -f to compress it again", USAGE)
        return compressed_name(file)

    def work(source: BinaryIO, to: BinaryIO, on_progress: Callable[[int], object]) -> Sizes:
        return compress_file(
            source,
            to,
            threads=threads,
            on_progress=on_progress,
            level=level,
            chunk_size=chunk_size,
            precision=precision,
            order=order,
            model=model,
            metadata=metadata,
        )

    target = Target(files, **where)
    _each(files, target, name, work, console, compressing=True)


@click.command()
@files_argument(required=False)
@output_options
@threads_option
@limit_options
@talking
def decompress(
    files: tuple[File, ...], threads: int | None, limits: Limits, console: Console, **where: Any
) -> None:
    """Decompress and verify each FILE to its name without .ans, and keep FILE.

    Without FILE, or if it is -, decompress standard input to standard output. If FILE is damaged,
    no output file is written.

    Arrays that were compressed from Python are written as their items in C order. An array in
    Fortran order must fit into --max-memory twice for that. Several arrays in a file become an .npz
    file, or a .safetensors file if they come from one.
    """
    _decompress_each(files, threads, limits, console, where)


def _decompress_each(
    files: tuple[File, ...],
    threads: int | None,
    limits: Limits,
    console: Console,
    where: dict[str, Any],
) -> None:
    files = or_stdin(files)

    def work(source: BinaryIO, to: BinaryIO, on_progress: Callable[[int], object]) -> Sizes:
        return decompress_file(source, to, limits=limits, threads=threads, on_progress=on_progress)

    target = Target(files, **where)
    _each(files, target, decompressed_name, work, console, compressing=False)


def _each(
    files: tuple[File, ...],
    target: Target,
    name: Callable[[Path], Path],
    work: Callable[[BinaryIO, BinaryIO, Callable[[int], object]], Sizes],
    console: Console,
    *,
    compressing: bool,
) -> None:
    """Process each file, from opening it to removing it."""
    outcome = Outcome()
    for file in files:
        with outcome.about(named(file)):
            to = target.of(file, name)
            begun = time.perf_counter()
            with (
                reading(file) as source,
                console.progress(label_of(file), size_of(source)) as on_progress,
            ):
                before = status_of(source)
                if to is STANDARD:
                    stdout = standard_output(compressed=compressing, force=target.force)
                    sizes = work(source, stdout, on_progress)
                    stdout.flush()
                else:
                    with writing(to, file, source, force=target.force) as written:
                        sizes = work(source, written, on_progress)
            seconds = time.perf_counter() - begun
            if target.remove:
                remove_input(file, before, to, force=target.force)
            say = console.say_more if to is STANDARD else console.say
            say(f"{named(file) if to is STANDARD else to}: {_summary(sizes, compressing)}")
            content = sizes[0] if compressing else sizes[1]
            console.say_more(f"  {seconds:.2f} s, {readable(content / max(seconds, 1e-9))}/s")
    outcome.exit()


def _summary(sizes: Sizes, compressing: bool) -> str:
    if not compressing:
        return f"{sizes[1]:,} bytes"
    read, written = sizes
    share = f" ({written / read:.1%})" if read else ""
    return f"{read:,} -> {written:,} bytes{share}"


@click.command()
@files_argument(required=False)
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
    outcome = Outcome()
    stdout = standard_output()
    for file in or_stdin(files):
        with outcome.about(named(file)), reading(file) as source:
            if offset or size is not None:
                read_range(source, stdout, offset, size, limits=limits, threads=threads)
            else:
                decompress_file(source, stdout, limits=limits, threads=threads)
        stdout.flush()
    outcome.exit()


@click.command()
@files_argument(required=False)
@threads_option
@limit_options
@talking
def test(files: tuple[File, ...], threads: int | None, limits: Limits, console: Console) -> None:
    """Verify all of each FILE without writing anything.

    The exit code says whether all FILEs are intact; with -v, print a line for each FILE.
    """
    outcome = Outcome()
    for file in or_stdin(files):
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
