"""Completion of words by shells: what Click does not do for names of files.

Click's scripts know plain words, and types that a shell completes itself. Here is one more type,
``path``: the name of a file that is offered because of what it is, which the shell has to quote.
This module is imported when a shell asks, or for its script.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from ansflow.cli.files import SUFFIX, suffix_of

__all__ = ["complete_compressed", "script"]


def complete_compressed(
    context: click.Context, _: click.Parameter, begin: str
) -> list[CompletionItem[str]]:
    """The compressed files, and directories, whose names begin in this way."""
    folder, name = os.path.split(os.path.expanduser(begin))
    suffix = context.params.get("suffix") or SUFFIX
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        CompletionItem(path, type="path")
        for entry in entries
        if entry.name.startswith(name) and entry.name.startswith(".") <= name.startswith(".")
        for path in _offered(entry, folder, suffix)
    ]


def _offered(entry: os.DirEntry[str], folder: str, suffix: str) -> Iterator[str]:
    path = os.path.join(folder, entry.name)
    if not path.isprintable():  # one line for each is what shells read
        return
    if path.startswith("-"):
        path = os.path.join(".", path)
    if entry.is_dir():
        yield os.path.join(path, "")
    elif suffix_of(Path(path), suffix):
        yield path


class _Bash(BashComplete):
    source_template = """\
%(complete_func)s() {
    local response type value
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        %(complete_var)s=bash_complete $1)
    while IFS=, read -r type value; do
        case $type in
            plain) COMPREPLY+=("$value") ;;
            path) COMPREPLY+=("${value%%/}"); compopt -o filenames ;;
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
        esac
    done <<< "$response"
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        # To Bash, the equals sign of --option=value is a word.
        if args[-1:] == ["="]:
            args.pop()
        return args, incomplete


class _Whole(ShellComplete):
    """For shells to which ``--option=value`` is one word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        option, equals, _ = incomplete.partition("=")
        if not (equals and option.startswith("--")):
            return super().get_completions(args, incomplete)
        # An option that comes first is one of the default command.
        items = super().get_completions(args or ["compress"], incomplete)
        return [CompletionItem(f"{option}={item.value}", item.type, item.help) for item in items]


class _Zsh(_Whole, ZshComplete):
    source_template = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local type key help
    local -a response plain described paths folders
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for type key help in ${response}; do
        case $type in
            plain) [[ $help == _ ]] && plain+=("$key") || described+=("$key:$help") ;;
            path) [[ $key == */ ]] && folders+=("$key") || paths+=("$key") ;;
            dir) _path_files -/ ;;
            file) _path_files -f ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
    (( $#paths )) && compadd -U -f -a paths
    (( $#folders )) && compadd -U -f -S '' -a folders
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class _Fish(_Whole, FishComplete):
    source_template = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
        COMP_CWORD=(commandline -t) %(prog_name)s)
    for completion in $response
        set -l item (string split --max 1 "," -- $completion)
        switch $item[1]
            case plain path
                echo $item[2]
            case dir
                __fish_complete_directories $item[2]
            case file
                __fish_complete_path $item[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}

for _name, _kind in SHELLS.items():
    add_completion_class(_kind, _name)


def script(shell: str, command: Any) -> str:
    """The script that completes the words of the command `ansflow` in a shell."""
    return SHELLS[shell](command, {}, "ansflow", "_ANSFLOW_COMPLETE").source()
