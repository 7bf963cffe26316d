"""The options ``-z``, ``-d``, ``-t`` and ``-l``: other commands, in the way of zstd and xz."""

from __future__ import annotations

from typing import Any, NamedTuple

import click

from ansflow.cli.files import FILE

__all__ = ["Mode", "with_modes"]


class Mode(NamedTuple):
    """An option that stands for a command, with some of its parameters given."""

    names: tuple[str, ...]
    command: click.Command
    given: dict[str, Any]
    help: str


# Parameters that people give with any mode, as in ``tar -I 'ansflow -9'``, and that change nothing
# where a command does not have them.
TOLERATED = {"mode", "level", "threads", "keep", "force", "stdout"}


def with_modes(*modes: Mode) -> click.Command:
    """The first mode's command with an option for each mode, and the parameters of all commands."""
    usual = modes[0].command
    params: list[click.Parameter] = [
        click.Option([*mode.names, "mode"], type=int, flag_value=number, help=mode.help)
        for number, mode in enumerate(modes)
    ]
    params.append(_files_of(modes))
    for mode in modes:
        known = {param.name for param in params} | set(mode.given)
        params += [param for param in mode.command.params if param.name not in known]

    def call(mode: int | None, **values: Any) -> Any:
        context = click.get_current_context()
        chosen = modes[mode or 0]
        names = {param.name for param in chosen.command.params}
        for param in params:
            if param.name not in names | TOLERATED and _is_given(context, param):
                raise click.UsageError(f"{param.opts[-1]} cannot be used with {chosen.names[0]}.")
        assert chosen.command.callback is not None
        own = {name: value for name, value in values.items() if name in names}
        return context.invoke(chosen.command.callback, **own, **chosen.given)

    return click.Command(usual.name, params=params, callback=call, help=usual.help)


def _files_of(modes: tuple[Mode, ...]) -> click.Parameter:
    """The FILEs, which are completed as those of the command that a mode stands for."""

    def complete(context: click.Context, param: click.Parameter, begin: str) -> Any:
        command = modes[context.params.get("mode") or 0].command
        (own,) = [each for each in command.params if each.name == param.name]
        return own.shell_complete(context, begin)

    return click.Argument(
        ["files"], metavar="[FILE]...", nargs=-1, type=FILE, shell_complete=complete
    )


def _is_given(context: click.Context, param: click.Parameter) -> bool:
    source = context.get_parameter_source(param.name or "")
    return source not in (click.core.ParameterSource.DEFAULT, None)
