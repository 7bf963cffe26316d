"""The command as a process of its own: pipes, terminals, signals."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import ansflow
from ansflow.cli import main

COMMAND = [sys.executable, "-m", "ansflow"]

# Where tests run in the background, interrupts may be ignored.
UNIGNORED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
from ansflow.cli import main
main(prog_name="ansflow")
"""

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def test_version(run):
    assert run("--version").stdout == f"ansflow, version {ansflow.__version__}\n"


def test_as_a_module(file):
    failed = subprocess.run([*COMMAND, "decompress", file, "-o", file], capture_output=True)
    assert failed.returncode == 3
    assert b"Traceback" not in failed.stderr


@posix
@pytest.mark.skipif(shutil.which("tar") is None, reason="needs tar")
def test_tar(tmp_path, content):
    """It calls compressors without a word, and with -d."""
    (tmp_path / "data").write_bytes(content)
    (tmp_path / "ansflow").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m ansflow \"$@\"\n")
    (tmp_path / "ansflow").chmod(0o755)
    tar = ["tar", "-I", tmp_path / "ansflow", "-C", tmp_path]
    subprocess.run([*tar, "-cf", tmp_path / "x.tar.ans", "data"], check=True)
    assert b"data" in ansflow.decompress((tmp_path / "x.tar.ans").read_bytes())[:100]
    (tmp_path / "data").unlink()
    subprocess.run([*tar, "-xf", tmp_path / "x.tar.ans"], check=True)
    assert (tmp_path / "data").read_bytes() == content


@posix
def test_a_pipe_of_both(tmp_path, content):
    """With the names of files nowhere, and more than a pipe holds."""
    script = f"cat | {sys.executable} -m ansflow compress -c - | {sys.executable} -m ansflow -dc -"
    result = subprocess.run(script, shell=True, input=content * 20, capture_output=True)
    assert result.stdout == content * 20
    assert result.stderr == b""


@posix
def test_nobody_reads_on(tmp_path, content):
    path = tmp_path / "x.ans"
    path.write_bytes(ansflow.compress(content * 20))
    process = subprocess.Popen(
        [*COMMAND, "cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.read(10) == content[:10]
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 128 + signal.SIGPIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk(tmp_path, content):
    """Which is noticed at the end, when little is written."""
    path = tmp_path / "x.ans"
    path.write_bytes(ansflow.compress(content[:100]))
    with open("/dev/full", "wb") as full:
        result = subprocess.run([*COMMAND, "cat", path], stdout=full, stderr=subprocess.PIPE)
    assert result.stderr.decode() == "ansflow: (stdout): No space left on device\n"
    assert result.returncode == 3


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(tmp_path, number):
    """In the middle of a file: nothing is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", UNIGNORED, "compress", "-", "-o", tmp_path / "x"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdin.write(bytes(1 << 20))
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    process.send_signal(number)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.send_signal(number)  # the first came just before Python began to wait
    assert process.wait(60) == 128 + number
    assert process.stderr.read() == b""
    process.stdin.close()
    process.stderr.close()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def terminal():
    """A function that runs the command with standard error, and perhaps output, on a terminal."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    def call(*arguments, columns, stdin=None, stdout=None):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=slave if stdin is None else stdin,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
        )
        os.close(slave)
        seen = b""
        try:
            while part := os.read(master, 1 << 16):
                seen += part
        except OSError:  # what Linux says when all have closed it
            pass
        os.close(master)
        return process.wait(), seen.decode()

    return call


def lines_of(seen):
    """What has been seen in lines, one after the other or in the same one."""
    return seen.replace("\r", "\n").split("\n")


@posix
def test_progress_on_a_terminal(terminal, tmp_path):
    path = tmp_path / "zeros"
    with path.open("wb") as file:
        file.truncate(20 << 20)
    code, seen = terminal("compress", path, columns=60, stdout=subprocess.DEVNULL)
    assert code == 0
    assert "zeros  [" in seen
    assert "100%" in seen
    assert "20 MiB, " in seen
    assert max(map(len, lines_of(seen))) <= 60
    # What is written again stays in its line.
    assert seen.count("\n") == 1 + len(f"{path}.ans: 20,971,520 -> 9,999 bytes (0.0%)") // 60 + 1
    code, seen = terminal("compress", "-qf", path, columns=60, stdout=subprocess.DEVNULL)
    assert (code, seen) == (0, "")


@posix
def test_tables_and_help_on_a_terminal(terminal, tmp_path):
    path = tmp_path / "x.ans"
    path.write_bytes(ansflow.compress(b"abracadabra" * 1000))
    code, seen = terminal("info", path, path, columns=60)
    assert code == 0
    assert max(map(len, lines_of(seen))) <= 60
    code, seen = terminal(columns=60)
    assert code == 0
    assert "Usage" in seen
    assert max(map(len, lines_of(seen))) <= 60


@posix
def test_no_compressed_data_for_a_terminal(terminal, file):
    with file.open("rb") as stdin:
        code, seen = terminal(columns=80, stdin=stdin)
    assert code == 2
    assert "terminal" in seen
    code, seen = terminal("compress", columns=80, stdout=subprocess.DEVNULL)
    assert code == 2
    assert "Give a FILE" in seen


def test_interrupt_in_this_process(run, file, files, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ansflow.io.transfer.compress_file", interrupt)
    assert run("compress", file, code=130).output == ""
    assert files() == ["data.bin"]


def test_signals_are_as_before(run, file):
    before = signal.getsignal(signal.SIGTERM)
    run("compress", file)
    assert signal.getsignal(signal.SIGTERM) == before


def test_help_tells_of_everything(run):
    text = run("--help").stdout
    for name in main.commands:
        assert name in text
        assert "Usage" in run(name, "-h").stdout
    for code in (0, 1, 2, 3, 4, 70, 130, 141):
        assert f"\n{code:7}  " in text
