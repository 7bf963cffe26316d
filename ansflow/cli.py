"""The ``ansflow`` command."""

from __future__ import annotations

from pathlib import Path

import click

import ansflow
from ansflow.errors import AnsflowError
from ansflow.file import write_whole
from ansflow.limits import Limits

__all__ = ["main"]

SUFFIX = ".ans"

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


class _Command(click.Group):
    """Turns the errors users can do something about into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (AnsflowError, OSError, MemoryError) as error:
            raise click.ClickException(str(error) or type(error).__name__) from error


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ansflow.__version__, prog_name="ansflow")
def main() -> None:
    """Entropy coding for files and arrays."""


@main.command()
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=OUT, help=f"Where to write; FILE{SUFFIX} by default.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option(
    "--precision",
    type=click.IntRange(8, 16),
    default=12,
    show_default=True,
    help="Bits of the probabilities.",
)
@click.option(
    "--order",
    type=click.IntRange(0, 1),
    default=0,
    show_default=True,
    help="1: use the byte before as context, where that helps.",
)
def compress(file: Path, output: Path | None, force: bool, precision: int, order: int) -> None:
    """Compress FILE, which is kept."""
    target = output or file.with_name(file.name + SUFFIX)
    _refuse_overwriting(file, target, force)
    data = file.read_bytes()
    frame = ansflow.compress(data, precision=precision, order=order)
    write_whole(target, frame)
    click.echo(f"{target}: {_ratio(len(frame), len(data))}", err=True)


@main.command()
@click.argument("file", type=FILE)
@click.option("-o", "--output", type=OUT, help=f"Where to write; FILE without {SUFFIX} by default.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output.")
@click.option(
    "--max-output",
    type=click.IntRange(min=0),
    default=Limits().max_output,
    show_default=True,
    help="Refuse content of more bytes than this.",
)
def decompress(file: Path, output: Path | None, force: bool, max_output: int) -> None:
    """Decompress FILE, which is kept, and verify it.

    An array that was compressed from Python is written as its items in C order.
    """
    if output is None and file.suffix != SUFFIX:
        raise click.UsageError(f"{file} doesn't end in {SUFFIX}: name the output with -o.")
    target = output or file.with_suffix("")
    _refuse_overwriting(file, target, force)
    content = ansflow.decompress(file.read_bytes(), limits=Limits(max_output=max_output))
    data = content if isinstance(content, bytes) else content.tobytes()
    write_whole(target, data)
    click.echo(f"{target}: {len(data):,} bytes", err=True)


@main.command()
def demo() -> None:
    """Compress, decompress and verify real data; print sizes and speeds."""
    from ansflow.demo import run

    run(click.echo)


def _refuse_overwriting(file: Path, target: Path, force: bool) -> None:
    if target.exists() and target.samefile(file):
        raise click.ClickException(f"{target} is the input, which is kept.")
    if target.exists() and not force:
        raise click.ClickException(f"{target} exists; use -f to overwrite it.")


def _ratio(compressed: int, size: int) -> str:
    share = f" ({compressed / size:.1%})" if size else ""
    return f"{size:,} -> {compressed:,} bytes{share}"
