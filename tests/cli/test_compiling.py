"""What is compiled is said on a terminal, and nowhere else."""

import io
import sys

import pytest
from numba.core import event

from ansflow.cli import main
from ansflow.cli.compiling import telling_of_compilation
from ansflow.cli.terminal import echo, progress
from ansflow.io import transfer


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Cache:
    def __init__(self, path):
        self.cache_path = path


class Kernel:
    def __init__(self, path="somewhere"):
        self._cache = Cache(path)


def compile_one(kernel, *inner):
    """What Numba says when it compiles a kernel, and others within."""
    with event.trigger_event("numba:compile", data={"dispatcher": kernel}):
        for other in inner:
            compile_one(other)


def on_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stderr", Terminal())
    return sys.stderr


def screen(terminal):
    """The lines that are seen at last."""
    lines = []
    for line in terminal.getvalue().split("\n"):
        seen = ""
        for part in line.split("\r"):
            seen = part + seen[len(part) :]
        lines.append(seen.rstrip())
    return lines


def test_kernels_are_counted(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with telling_of_compilation():
        compile_one(Kernel(), Kernel(), Kernel())
        compile_one(Kernel())
    assert "\rCompiling for this machine, once: kernel 2" in terminal.getvalue()
    line, end = screen(terminal)
    assert line.startswith("Compiled 2 kernels in 0.0 s; later runs find them on disk")
    assert end == ""
    compile_one(Kernel())  # nobody listens any more
    assert screen(terminal) == [line, end]


def test_nothing_is_said_of_nothing(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with telling_of_compilation():
        pass
    assert terminal.getvalue() == ""


def test_where_compiled_code_cannot_be_kept(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with telling_of_compilation():
        compile_one(Kernel(None))
    assert "let NUMBA_CACHE_DIR be" in screen(terminal)[0]


def test_other_lines_take_its_place(monkeypatch):
    """And the progress of a file alternates with it, in one line."""
    terminal = on_terminal(monkeypatch)
    with telling_of_compilation():
        with progress("a file", 10, lambda *_: "") as update:
            compile_one(Kernel())
            update(10)
        compile_one(Kernel())
        echo("done", err=True)
    assert [line.split("  ")[0] for line in screen(terminal)] == [
        *("a file", "done", screen(terminal)[2], "")
    ]


def test_an_interrupt_leaves_no_line(monkeypatch):
    terminal = on_terminal(monkeypatch)

    def interrupted():
        with telling_of_compilation(), event.trigger_event("numba:compile", data={"dispatcher": 0}):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen(terminal)[0].startswith("Compiled a kernel")


@pytest.mark.parametrize("quiet", [False, True])
def test_the_command_says_it_unless_it_is_quiet(file, monkeypatch, quiet):
    terminal = on_terminal(monkeypatch)

    def compress_file(*_, **__):
        compile_one(Kernel())
        return 1, 1

    monkeypatch.setattr(transfer, "compress_file", compress_file)
    with pytest.raises(SystemExit):
        main([*["-q"] * quiet, "-f", str(file)], prog_name="ansflow")
    assert ("Compiled a kernel" in terminal.getvalue()) != quiet


def test_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with telling_of_compilation():
        compile_one(Kernel())
    assert sys.stderr.getvalue() == ""
