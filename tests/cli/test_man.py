"""The manual page says what --help says, and is sound for those who show it."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from ansflow.cli import main
from ansflow.cli.outcome import CODES


@pytest.fixture
def page(run):
    return run("man").stdout


def test_the_page_that_is_installed_is_the_same(page):
    """If it is not: `ansflow man > ansflow/cli/ansflow.1`."""
    root = Path(__file__).parents[2]
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    (path,) = settings["tool"]["setuptools"]["data-files"]["share/man/man1"]
    assert (root / path).read_text("utf-8") == page


def words(text):
    return " ".join(text.split())


def plain(page):
    """The text of a page, without requests and marks."""
    lines = [line for line in page.splitlines() if not re.match(r"\.[A-Za-z]", line)]
    text = re.sub(r"\\f[BIR]", "", "\n".join(lines))
    return words(text.replace(r"\-", "-").replace(r"\&", "").replace(r"\e", "\\"))


@pytest.mark.parametrize("name", main.commands)
def test_all_that_help_says(page, name):
    command = main.commands[name]
    context = click.Context(command, info_name=name)
    text = plain(page)
    assert words(command.help.replace("\b", "")) in text
    for param in command.params:
        record = param.get_help_record(context) if isinstance(param, click.Option) else None
        if record is not None:
            assert words(" ".join(record)) in text


def test_all_that_the_groups_help_says(page, run):
    text = plain(page)
    assert "ansflow - entropy coding for files and arrays ansflow [OPTIONS] [FILE]..." in text
    assert words(main.help.split("\n\n", 1)[1]) in text
    for code, meaning in CODES.items():
        assert f"{code} {meaning}" in text
    assert "-V, --version Show the version" in text


TOOLS = {
    "man": ["man", "--warnings", "-E", "UTF-8", "-l", "-"],
    "groff": ["groff", "-man", "-ww", "-Tascii"],
    "mandoc": ["mandoc", "-T", "lint", "-W", "warning"],
}


@pytest.mark.parametrize("tool", TOOLS)
def test_those_who_show_it_do_not_complain(page, tool):
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}")
    result = subprocess.run(TOOLS[tool], input=page, capture_output=True, text=True)
    complaints = (result.stderr + result.stdout * (tool == "mandoc")).splitlines()
    # A page of a version has no date of its own.
    assert [line for line in complaints if "missing date" not in line] == []
    if tool != "mandoc":
        assert "the reader of the output has closed the pipe" in words(result.stdout)
