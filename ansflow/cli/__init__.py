"""The ``ansflow`` command.

outcome.py
    exit codes, and errors as one line each
console.py
    sizes in readable units, messages, progress
files.py
    which files are read and written
coding.py, inspect.py, bench.py, setup.py
    the commands
"""

from __future__ import annotations

import importlib
import sys

import click

import ansflow
from ansflow.cli.bench import bench
from ansflow.cli.coding import cat, compress, decompress, test
from ansflow.cli.inspect import info, recover
from ansflow.cli.outcome import CODES, ending_well
from ansflow.cli.setup import completion, demo, warmup

__all__ = ["main"]

EPILOG = "\b\nExit codes; of several FILEs, the highest:\n" + "\n".join(
    f"{code:5}  {meaning}" for code, meaning in CODES.items()
)


class _Main(click.Group):
    """Knows ``ansflow -d`` for ``ansflow decompress``, and how to end."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first == "--decompress":
            args = ["decompress", *args[1:]]
        elif first.startswith("-d"):
            # Other short options may follow, as in -dc.
            args = ["decompress", *([f"-{first[2:]}"] if first[2:] else []), *args[1:]]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of their importance

    def invoke(self, ctx: click.Context) -> object:
        with ending_well():
            _leave_blas_alone()
            return super().invoke(ctx)


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


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(ansflow.__version__, prog_name="ansflow")
def main() -> None:
    """Entropy coding for files and arrays.

    ansflow -d FILE is short for ansflow decompress FILE.
    """


for command in (
    *(compress, decompress, cat, test, info, recover),
    *(bench, demo, warmup, completion),
):
    main.add_command(command)
