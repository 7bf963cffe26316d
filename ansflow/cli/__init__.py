"""The ``ansflow`` command.

blas.py
    what is imported before NumPy is
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
walk.py, each.py
    files in directories, and the work on each
coding.py, info.py, recover.py, bench.py, setup.py
    the commands
modes.py
    -z, -d, -t and -l in their place
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
from typing import Any

import click

import ansflow
import ansflow.cli.blas
from ansflow.cli.bench import bench
from ansflow.cli.coding import cat, compress, decompress, test
from ansflow.cli.group import DefaultGroup
from ansflow.cli.info import info
from ansflow.cli.modes import Mode, with_modes
from ansflow.cli.outcome import CODES, ending_well
from ansflow.cli.recover import recover
from ansflow.cli.setup import completion, demo, man, warmup
from ansflow.cli.standard import standard_streams

__all__ = ["main"]

# What zstd and xz do with these options; the first is what ansflow does without a command.
compress_or_others = with_modes(
    Mode(("-z", "--compress"), compress, {}, "Compress (default)."),
    Mode(("-d", "--decompress", "--uncompress"), decompress, {}, "Decompress."),
    Mode(("-t", "--test"), test, {}, "Verify, and write nothing."),
    Mode(("-l", "--list"), info, {"quick": True}, "List sizes, without decoding."),
)

# When it ends, Python looks for garbage among all objects of Numba, which takes a third of the time
# of a short command; and before, whenever there are some more of them.
atexit.register(gc.freeze)
MANY_OBJECTS = 1 << 20


class _Main(DefaultGroup):
    """The group of commands, with exit codes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes (the highest one for several FILEs)"):
            formatter.write_dl([(f"{code:5}", meaning) for code, meaning in CODES.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        if "_ANSFLOW_COMPLETE" in os.environ:  # a shell asks
            importlib.import_module("ansflow.cli.completion")
        gc.set_threshold(MANY_OBJECTS)
        with standard_streams(), ending_well():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> object:
        # Here too, since Click handles some errors itself.
        with ending_well():
            return super().invoke(ctx)


@click.group(
    cls=_Main, default=compress_or_others, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(ansflow.__version__, "-V", "--version", prog_name="ansflow")
def main() -> None:
    """Entropy coding for files and arrays.

    Without a command, ansflow compresses each FILE to FILE.ans, or standard input to standard
    output; with -d, -t or -l, it decompresses, verifies or lists. A FILE that has the name of a
    command is written as ./FILE.
    """


for command in (
    *(decompress, cat, test, info, recover),
    *(bench, demo, warmup, completion, man),
):
    main.add_command(command)
