"""``demo``, ``warmup``, ``completion`` and ``man``."""

from __future__ import annotations

import sys
import time

import click

import ansflow
from ansflow.cli.compiling import telling_of_compilation
from ansflow.cli.console import Console, talking
from ansflow.cli.outcome import CODES
from ansflow.cli.table import LAYOUT, Column, Table, count, decimal
from ansflow.cli.terminal import echo, emit, progress, width_of
from ansflow.cli.text import shortened

__all__ = ["completion", "demo", "man", "warmup"]

COLUMNS = (
    Column("input", 28, left=True),
    Column("size", 10, rank=1),
    Column("compressed", 10),
    Column("ratio", 8),
    Column("encode", 8, rank=2),
    Column("decode", 8, rank=2),
)


@click.command()
def demo() -> None:
    """Compress, decompress and verify arrays; print sizes, speeds and recipes."""
    from ansflow.cli.demo_runs import results

    width = width_of(sys.stdout) or LAYOUT
    table = Table(width, *COLUMNS)
    echo(table.head())
    with telling_of_compilation():
        for result in results():
            cells = (
                result.name,
                count(result.size),
                count(result.compressed),
                decimal(result.size / result.compressed, 2),
                decimal(result.encoded / 1e6, 0),
                decimal(result.decoded / 1e6, 0),
            )
            echo(table.row(*cells))
            echo(shortened(f"  {result.recipe}", width))
    echo("Speeds are in MB/s, of one thread. All arrays were restored exactly.")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Compile all code of the library.")
@talking
def warmup(console: Console, everything: bool) -> None:
    """Compile for this machine what bytes and most arrays need at the default level.

    Compiled code is kept on disk. Without this, each part is compiled when it is first used, which
    takes some seconds.
    """
    from ansflow.cli.ahead import compile_ahead

    begun = time.perf_counter()
    if console.quiet or not sys.stderr.isatty():
        compiled = compile_ahead(everything=everything)
    else:
        with progress("Compiling", 1000, lambda *_: "") as on_progress:
            compiled = compile_ahead(
                lambda done, of: on_progress(1000 * done // of), everything=everything
            )
    seconds = time.perf_counter() - begun
    what = f"{compiled} kernels compiled" if compiled else "all of that was compiled already"
    console.say(f"{what}; {seconds:.1f} s")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options, files and models.

    \b
    in ~/.bashrc:  eval "$(ansflow completion bash)"
    in ~/.zshrc:   eval "$(ansflow completion zsh)"
    in ~/.config/fish/config.fish:
                   ansflow completion fish | source
    """
    from ansflow.cli.completion import script

    emit(script(shell, context.find_root().command))


@click.command()
@click.pass_context
def man(context: click.Context) -> None:
    """Print the manual page, which says what --help says.

    \b
    read:  ansflow man | man -l -
    keep:  ansflow man > ~/.local/share/man/man1/ansflow.1
    """
    from ansflow.cli.man import manual

    emit(manual(context.find_root().command, "ansflow", ansflow.__version__, CODES))
