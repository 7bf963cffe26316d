"""The manual page: the texts of ``--help`` as roff, for ``man``."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping

import click

from ansflow.cli.group import DefaultGroup

__all__ = ["manual"]

# What Click takes for text that is not to be filled again.
AS_IT_IS = "\b\n"

WIDTH = 72


def manual(group: click.Command, name: str, version: str, exit_codes: Mapping[int, str]) -> str:
    """The page of a group with all its commands, which is called by this name."""
    assert isinstance(group, DefaultGroup)
    root = click.Context(group, info_name=name, **group.context_settings)
    return "\n".join(_lines(root, group, name, version, exit_codes))


def _lines(
    root: click.Context,
    group: DefaultGroup,
    name: str,
    version: str,
    exit_codes: Mapping[int, str],
) -> Iterator[str]:
    title, *paragraphs = _paragraphs(group)
    yield f'.TH {name.upper()} 1 "" "{name} {version}" "User Commands"'
    # Words as they are typed: no hyphenation, and lines that are not stretched.
    yield from (".nh", ".ad l")
    yield from (".SH NAME", f"{name} \\- {_escaped(title[0].lower() + title[1:].rstrip('.'))}")
    yield ".SH SYNOPSIS"
    usages = [f"{_marked(name, bold=True)} {_marked(usage)}" for usage in group.usages(root)]
    yield "\n.br\n".join(usages)
    yield ".SH DESCRIPTION"
    yield from _filled(paragraphs)
    yield ".SH OPTIONS"
    yield from _options(root, group.options(root))
    yield ".SH COMMANDS"
    for each, command in group.commands.items():
        context = click.Context(command, info_name=each, parent=root)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f".SS {_marked(f'{name} {each}', bold=True)} {_marked(usage)}"
        yield from _filled(_paragraphs(command))
        if command is not group.default:  # whose options are above
            params = command.get_params(context)
            yield from _options(context, [p for p in params if isinstance(p, click.Option)])
    yield ".SH EXIT STATUS"
    for code, meaning in exit_codes.items():
        yield from (".TP", _marked(str(code), bold=True), *_wrapped(meaning))


def _paragraphs(command: click.Command) -> list[str]:
    return inspect.cleandoc(command.help or "").split("\n\n")


def _filled(paragraphs: list[str]) -> Iterator[str]:
    for number, text in enumerate(paragraphs):
        if number:
            yield ".PP"
        if text.startswith(AS_IT_IS):
            yield from (".nf", _escaped(text.removeprefix(AS_IT_IS)), ".fi")
        else:
            yield from _wrapped(text)


def _wrapped(text: str) -> Iterator[str]:
    """Lines that are short enough for those who read the source."""
    for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _escaped(line)


def _options(context: click.Context, options: list[click.Option]) -> Iterator[str]:
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            names, text = record
            yield from (".TP", _marked(names), *_wrapped(text))


def _marked(text: str, *, bold: bool = False) -> str:
    """A line of what is typed: options are bold, and what stands for something else is italic."""
    if bold:
        return f"\\fB{_escaped(text)}\\fR"
    return re.sub(
        r"(?P<option>(?<!\S)--?[\w-]+)|[A-Z]{2,}|[^-A-Z]+|.",
        lambda part: (
            f"\\fB{_escaped(part[0])}\\fR"
            if part["option"]
            else f"\\fI{part[0]}\\fR"
            if re.fullmatch("[A-Z]{2,}", part[0])
            else _escaped(part[0])
        ),
        text,
    )


def _escaped(text: str) -> str:
    """Text without a meaning to roff, which knows requests at the beginning of lines."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)
