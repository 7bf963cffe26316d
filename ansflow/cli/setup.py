"""``demo``, ``warmup`` and ``completion``."""

from __future__ import annotations

import sys
import time

import click
from click.shell_completion import get_completion_class

from ansflow.cli.console import Console, talking

__all__ = ["completion", "demo", "warmup"]


@click.command()
def demo() -> None:
    """Compress, decompress and verify real data; print sizes and speeds."""
    from ansflow.demo import run

    run(click.echo)


@click.command()
@talking
def warmup(console: Console) -> None:
    """Compile all that the library may run on this machine.

    Compiled code is kept on disk. Without this, each part is compiled when it is first used, which
    takes some seconds.
    """
    from ansflow.warmup import warmup as compile_all

    begun = time.perf_counter()
    label = "Compiling"
    if console.quiet or not sys.stderr.isatty():
        compiled = compile_all()
    else:
        with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:
            compiled = compile_all(lambda done, of: bar.update(1000 * done // of - bar.pos))
    seconds = time.perf_counter() - begun
    what = f"{compiled} kernels compiled" if compiled else "all kernels had been compiled before"
    console.say(f"{what}; {seconds:.1f} s")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options and files.

    \b
    bash: eval "$(ansflow completion bash)"    in ~/.bashrc
    zsh:  eval "$(ansflow completion zsh)"     in ~/.zshrc
    fish: ansflow completion fish | source     in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "ansflow", "_ANSFLOW_COMPLETE").source())
