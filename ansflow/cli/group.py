"""A group of commands, one of which goes without its name."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

__all__ = ["DefaultGroup"]


class DefaultGroup(click.Group):
    """What does not begin with a command is for the default one, whose options are the group's.

    Parameters
    ----------
    default : Command
        It is also one of the group's commands.
    """

    def __init__(self, *args: Any, default: click.Command, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.default = default
        self.add_command(default)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._with_command(ctx, args))

    def _with_command(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Add the default command to the arguments."""
        name = str(self.default.name)
        if not args:
            if ctx.resilient_parsing:  # during shell completion
                return args
            return ["--help"] if sys.stdin.isatty() else [name]
        first = args[0]
        own = {option for param in self.get_params(ctx) for option in param.opts}
        if first in self.commands or first in own:
            return args
        if not (first.startswith("-") or ctx.resilient_parsing or os.path.lexists(first)):
            self._check_spelling(ctx, first)
        return [name, *args]

    def _check_spelling(self, ctx: click.Context, name: str) -> None:
        """UsageError if what is no FILE is nearly a command."""
        from difflib import get_close_matches

        for near in get_close_matches(name, self.commands, 1, 0.75):
            name = click.format_filename(name)
            raise click.UsageError(
                f"{name!r} is neither a command nor a file. Did you mean {near!r}?", ctx
            )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in order of importance

    def usages(self, ctx: click.Context) -> list[str]:
        """What may follow the name of the group."""
        default = self.default.collect_usage_pieces(click.Context(self.default, parent=ctx))
        return [" ".join(default), "COMMAND [ARGS]..."]

    def options(self, ctx: click.Context) -> list[click.Option]:
        """The options of the default command, and of the group itself."""
        params = [*self.default.params, *self.get_params(ctx)]
        return [param for param in params if isinstance(param, click.Option)]

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        prefix = "Usage: "
        for usage in self.usages(ctx):
            formatter.write_usage(ctx.command_path, usage, prefix=prefix)
            prefix = " " * len(prefix)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [option.get_help_record(ctx) for option in self.options(ctx)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record is not None])
        self.format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Commands, and what goes without one."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        default = click.Context(self.default, parent=ctx)
        found += self.default.shell_complete(default, incomplete)
        unique = {item.value: item for item in found}
        return [*unique.values(), CompletionItem(incomplete, type="file")]
