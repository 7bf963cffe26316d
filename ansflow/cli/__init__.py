"""The ``ansflow`` command.

text.py, table.py, terminal.py
    output: printable text, tables that fit the terminal, lines and progress
outcome.py
    exit codes and error messages
standard.py
    standard input, output and error
console.py
    common options: sizes, limits, threads, verbosity
files.py
    input and output files
coding.py, inspect.py, bench.py, setup.py
    the commands
"""

from __future__ import annotations

import atexit
import gc
import sys
from typing import Any

import click

import ansflow
from ansflow.cli.bench import bench
from ansflow.cli.coding import cat, compress, decompress, test
from ansflow.cli.inspect import info, recover
from ansflow.cli.outcome import CODES, ending_well
from ansflow.cli.setup import completion, demo, warmup
from ansflow.cli.standard import standard_streams

__all__ = ["main"]

GROUP_OPTIONS = ("-h", "--help", "--version")

# When it ends, Python looks for garbage among all objects of Numba, which takes a third of the time
# of a short command.
atexit.register(gc.freeze)


class _Main(click.Group):
    """The group of commands, with a default command and exit codes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # not during shell completion
            args = _with_command(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in order of importance

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes (the highest one for several FILEs)"):
            formatter.write_dl([(f"{code:5}", meaning) for code, meaning in CODES.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        with standard_streams(), ending_well():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        # Here too, since Click handles some errors itself.
        with ending_well():
            return super().invoke(ctx)


def _with_command(args: list[str]) -> list[str]:
    """Add the default command to the arguments: like zstd and xz, compress, or with -d decompress.

    Thus ``ansflow`` without a command works in pipelines, and as a filter of tar.
    """
    if not args:
        return ["--help"] if sys.stdin.isatty() else ["compress"]
    first = args[0]
    if first == "--decompress":
        return ["decompress", *args[1:]]
    if first.startswith("-d"):
        # Other short options may follow, as in -dc.
        return ["decompress", *([f"-{first[2:]}"] if first[2:] else []), *args[1:]]
    if first.startswith("-") and first not in GROUP_OPTIONS:
        return ["compress", *args]
    return args


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ansflow.__version__, prog_name="ansflow")
def main() -> None:
    """Entropy coding for files and arrays.

    Without a command, ansflow compresses, or with -d decompresses, standard input to standard
    output, or each FILE that follows an option.
    """


for command in (
    *(compress, decompress, cat, test, info, recover),
    *(bench, demo, warmup, completion),
):
    main.add_command(command)
