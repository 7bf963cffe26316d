"""The ``ansflow`` command.

text.py, table.py, terminal.py
    what is shown: harmless text, tables that fit, lines and progress
outcome.py
    exit codes, and errors as one line each
standard.py
    standard input, output and error
console.py
    sizes as the user types them, and how much is said
files.py
    which files are read and written
coding.py, inspect.py, bench.py, setup.py
    the commands
"""

from __future__ import annotations

import importlib
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


class _Main(click.Group):
    """Knows what to do without the name of a command, and how to end."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # not where the shell asks how words go on
            args = _with_command(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of their importance

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes; of several FILEs, the highest"):
            formatter.write_dl([(f"{code:5}", meaning) for code, meaning in CODES.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        with standard_streams(), ending_well():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        # Here too, as Click has its own way with some errors.
        with ending_well():
            _leave_blas_alone()
            return super().invoke(ctx)


def _with_command(args: list[str]) -> list[str]:
    """Arguments with the command that is meant: as zstd and xz do, compress unless told otherwise.

    So a bare ``ansflow`` may stand between pipes, and tar can call it.
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


BLAS = "scipy.linalg.cython_blas"


def _leave_blas_alone() -> None:
    """Keep Numba from importing SciPy's linear algebra, which no kernel here needs.

    It does so to see whether there is a BLAS, when it loads its first kernel. That takes 0.15 s, a
    quarter of what a short command takes in all.
    """
    if BLAS in sys.modules:
        return
    sys.modules[BLAS] = None  # type: ignore[assignment]
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[BLAS]


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(ansflow.__version__, prog_name="ansflow")
def main() -> None:
    """Entropy coding for files and arrays.

    Without a command, ansflow compresses, and decompresses with -d: standard input to standard
    output, or each FILE that follows an option.
    """


for command in (
    *(compress, decompress, cat, test, info, recover),
    *(bench, demo, warmup, completion),
):
    main.add_command(command)
