"""Shells complete commands, options, compressed files and models."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

import ansflow
from ansflow.bitsback.models.pretrained import PRETRAINED
from ansflow.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with files of which some are compressed."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.ans", "b c.ans", "d.txt", ".hidden.ans", "e.packed"):
        Path(name).touch()
    Path("folder").mkdir()
    Path("folder", "inside.ans").touch()
    return tmp_path


def offered(shell, *words):
    """What Click answers to the script of a shell: type and value of each word that fits."""
    env = {"COMP_WORDS": " ".join(["ansflow", *words]), "_ANSFLOW_COMPLETE": f"{shell}_complete"}
    env["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words))
    output = CliRunner().invoke(main, [], prog_name="ansflow", env=env).stdout.strip("\n")
    if shell == "zsh":
        lines = output.splitlines()
        return list(zip(lines[::3], lines[1::3], strict=True))
    return [tuple(line.split("\t")[0].split(",", 1)) for line in output.splitlines()]


COMPRESSED = [("path", name) for name in ("a.ans", "b c.ans", os.path.join("folder", ""))]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    "words",
    [
        *(("decompress",), ("-d",), ("-q", "-dk"), ("--test",), ("-lv",), ("compress", "-d")),
        *(("cat",), ("test", "a.ans"), ("info",), ("recover",)),
    ],
    ids=" ".join,
)
def test_compressed_files(shell, words):
    assert offered(shell, *words, "") == COMPRESSED


@pytest.mark.usefixtures("here")
def test_beginnings_of_names():
    assert offered("bash", "-d", "b") == [("path", "b c.ans")]
    assert offered("bash", "-d", "f") == [("path", os.path.join("folder", ""))]
    inside = os.path.join("folder", "inside.ans")
    assert offered("bash", "-d", os.path.join("folder", "")) == [("path", inside)]
    assert offered("bash", "-d", ".h") == [("path", ".hidden.ans")]
    assert offered("bash", "-d", "nowhere/") == []
    assert ("path", "e.packed") in offered("bash", "-d", "-S.packed", "")


def test_names_that_cannot_be_offered_as_they_are(here, monkeypatch):
    (here / "two\nlines.ans").touch()
    (here / "-d.ans").touch()
    assert offered("bash", "-t", "") == [("path", os.path.join(".", "-d.ans")), *COMPRESSED]
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("USERPROFILE", str(here))
    assert ("path", str(here / "a.ans")) in offered("bash", "-t", "~/")


@pytest.mark.parametrize(
    "words", [("compress",), ("-k",), ("-o",), ("decompress", "-o"), ("bench",)]
)
def test_other_files_are_left_to_the_shell(words):
    assert [kind for kind, _ in offered("bash", *words, "")] == ["file"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("words", [("--model",), ("compress", "--model"), ("-f", "--model")])
def test_models(shell, words):
    assert offered(shell, *words, "") == [("plain", name) for name in PRETRAINED]
    assert offered(shell, *words, "ph") == [("plain", "photographs")]


def test_models_behind_an_equals_sign():
    """Which begins a word of its own in Bash."""
    assert offered("bash", "--model", "=", "ph") == [("plain", "photographs")]
    for shell in ("zsh", "fish"):
        assert offered(shell, "--model=ph") == [("plain", "--model=photographs")]
        assert offered(shell, "-f", "--model=ph") == [("plain", "--model=photographs")]


def test_first_words():
    """Commands, the options of the default command, or files."""
    found = offered("bash", "")
    assert found == [*[("plain", name) for name in main.commands], ("file", "")]
    assert ("plain", "decompress") in offered("bash", "dec")
    options = [value for _, value in offered("bash", "-")]
    assert {"-d", "--decompress", "--model", "-V", "-h"} <= set(options)
    assert len(options) == len(set(options))


@pytest.fixture
def script(run, here):
    """The path of the script for a shell, and an environment whose PATH has the command."""
    folder = here / "folder"
    (folder / "ansflow").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m ansflow \"$@\"\n")
    (folder / "ansflow").chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def write(shell):
        if shutil.which(shell) is None:
            pytest.skip(f"needs {shell}")
        path = here / f"script.{shell}"
        path.write_text(run("completion", shell).stdout)
        return path, env

    return write


def output_of(command, env):
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout.splitlines()


def test_bash(script):
    path, env = script("bash")
    call = f"source {path}; COMP_WORDS=(ansflow -d ''); COMP_CWORD=2; _ansflow_completion ansflow"
    show = "printf '%s\\n' \"${COMPREPLY[@]}\""
    # Bash itself adds slashes to directories.
    assert output_of(["bash", "--norc", "-c", f"{call}; {show}"], env) == [
        *("a.ans", "b c.ans", "folder")
    ]


def test_fish(script):
    path, env = script("fish")
    call = f"source {path}; complete -C 'ansflow decompress '"
    assert output_of(["fish", "--no-config", "-c", call], env) == ["a.ans", "b c.ans", "folder/"]


def test_zsh(script, here):
    """In a terminal, since it completes nowhere else."""
    path, env = script("zsh")
    pty = pytest.importorskip("pty")
    (here / "b c.ans").write_bytes(ansflow.compress(b"x"))
    terminal, other = pty.openpty()
    streams = {"stdin": other, "stdout": other, "stderr": other}
    shell = subprocess.Popen(["zsh", "-f", "-i"], env=env, start_new_session=True, **streams)
    limit = threading.Timer(120, shell.kill)
    limit.start()
    os.close(other)
    os.write(terminal, f"autoload -U compinit; compinit -u -D; source {path}\n".encode())
    os.write(terminal, b"ansflow decompress b\t; exit\n")
    seen = b""
    try:
        while part := os.read(terminal, 1 << 16):
            seen += part
    except OSError:  # what Linux says when all have closed it
        pass
    os.close(terminal)
    shell.wait()
    limit.cancel()
    assert (here / "b c").read_bytes() == b"x", seen
