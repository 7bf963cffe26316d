"""Standard input, output and error that are closed, full, raw, or don't block."""

import io
import json
import os
import select
import subprocess
import sys
import threading
import time
from itertools import product
from pathlib import Path

import pytest

import ansflow
from ansflow.cli.standard import InputFile, standard_streams

if os.name != "posix":
    pytest.skip("descriptors are those of POSIX", allow_module_level=True)

COMMAND = [sys.executable, "-m", "ansflow"]
JOBS = Path(__file__).with_name("descriptor_jobs.py")
CONTENT = b"abracadabra" * 30_000

# What is printed or written to standard output, and what isn't.
PRINTING = {
    "cat": ("cat", "data.ans"),
    "compress -c": ("compress", "-c", "data"),
    "info": ("info", "-v", "data.ans"),
    "info --json": ("info", "--json", "data.ans"),
    "recover --json": ("recover", "-f", "--json", "data.ans"),
    "bench": ("bench", "data", "--size", "100", "--repeat", "1", "-T", "1"),
    "completion": ("completion", "bash"),
    "--help": ("--help",),
    "--version": ("--version",),
}
SILENT = {
    "compress": ("compress", "-f", "data", "-o", "made.ans"),
    "decompress": ("decompress", "-fv", "data.ans", "-o", "made"),
    "test": ("test", "-v", "data.ans"),
    "recover": ("recover", "-f", "data.ans"),
}
FAILING = {
    "damaged": (("test", "bad.ans"), 1),
    "wrong usage": (("compress", "--what"), 2),
    "no such file": (("compress", "none"), 3),
    "standard input": (("compress", "-", "-o", "none.ans"), 3),
    "bare": ((), 3),
    "too much": (("test", "data.ans", "--max-output", "10"), 4),
}
STATES = [
    state
    for state in product(("open", "closed", "full"), repeat=2)
    if "full" not in state or os.path.exists("/dev/full")
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """How each job ended with each state of descriptors, and the directory they ran in."""
    directory = tmp_path_factory.mktemp("jobs")
    frame = ansflow.compress(CONTENT)
    (directory / "data").write_bytes(CONTENT)
    (directory / "data.ans").write_bytes(frame)
    (directory / "bad.ans").write_bytes(frame[:-50])
    jobs = {**PRINTING, **SILENT, **{name: job for name, (job, _) in FAILING.items()}}
    cases = list(product(jobs, STATES))
    lines = [json.dumps([jobs[name], *state]) for name, state in cases]
    done = subprocess.run(
        [sys.executable, JOBS],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        cwd=directory,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip(cases, found, strict=True)), directory


@pytest.mark.parametrize("state", STATES, ids="-".join)
def test_exit_codes_are_as_documented(ended, state):
    """Nobody has to get the messages; what is printed has to get out."""
    ends, _ = ended
    written = state[0] == "open"
    for name in PRINTING:
        assert ends[name, state]["code"] == (0 if written else 3), name
    for name in SILENT:
        assert ends[name, state]["code"] == 0, name
    for name, (_, code) in FAILING.items():
        assert ends[name, state]["code"] == code, name


@pytest.mark.parametrize("state", STATES, ids="-".join)
def test_what_is_printed_goes_where_it_should(ended, state):
    ends, _ = ended
    for name in {**PRINTING, **SILENT, **FAILING}:
        end = ends[name, state]
        assert "Traceback" not in end["stderr"]
        assert bool(end["stdout"]) == (state[0] == "open" and name in PRINTING)
        if state[1] == "open" and end["code"]:
            said = [line for line in end["stderr"].splitlines() if not line.startswith("  ")]
            assert said[-1].startswith(("ansflow: ", "Error: "))  # what to do is indented below
            if name in PRINTING:
                assert end["stderr"].count("\n") == 1
                assert end["stderr"].startswith("ansflow: (stdout): ")
        if state[1] != "open":
            assert end["stderr"] == ""


def test_files_hold_nothing_but_content(ended):
    """Also where a file that is opened could have got the number of a closed descriptor."""
    ends, directory = ended
    assert (directory / "data").read_bytes() == CONTENT
    assert (directory / "made").read_bytes() == CONTENT
    for name in ("data.ans", "made.ans", "data.recovered.ans"):
        assert ansflow.decompress((directory / name).read_bytes()) == CONTENT
    for stderr in ("open", "closed"):
        assert ends["cat", ("open", stderr)]["stdout"].encode() == CONTENT
    assert {path.name for path in directory.iterdir()} == {
        *("data", "data.ans", "bad.ans", "made", "made.ans", "data.recovered.ans"),
        *("stdout", "stderr"),
    }


def test_started_with_closed_descriptors(tmp_path):
    """The one process that really is."""
    (tmp_path / "data").write_bytes(CONTENT)
    script = f"'{sys.executable}' -m ansflow compress data <&- >&- 2>&-"
    assert subprocess.run(script, shell=True, cwd=tmp_path).returncode == 0
    assert ansflow.decompress((tmp_path / "data.ans").read_bytes()) == CONTENT


def test_a_disk_that_gets_full(tmp_path):
    """Raw, as Python's own standard output is then, it would write a part and say nothing."""
    import resource

    (tmp_path / "data.ans").write_bytes(ansflow.compress(CONTENT))
    with (tmp_path / "made").open("wb") as made:
        done = subprocess.run(
            [*COMMAND, "cat", "data.ans"],
            stdout=made,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (196_608, 196_608)),
        )
    assert done.returncode == 3
    assert done.stderr == b"ansflow: (stdout): File too large\n"


def test_pipes_that_do_not_block(tmp_path):
    """The content comes in pieces, and the result is taken only when there is much of it."""
    taken, given = os.pipe()
    back, result = os.pipe()
    os.set_blocking(taken, False)
    os.set_blocking(result, False)
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    compressing = subprocess.Popen([*COMMAND], stdin=taken, stdout=subprocess.PIPE)
    decompressing = subprocess.Popen(
        [*COMMAND, "-d"], stdin=compressing.stdout, stdout=result, env=environment
    )
    compressing.stdout.close()
    os.close(taken)

    def give():
        with open(given, "wb") as pipe:
            for begin in range(0, len(CONTENT), 12_000):
                pipe.write(CONTENT[begin : begin + 12_000])
                pipe.flush()

    giver = threading.Thread(target=give)
    giver.start()
    # There is no room any more before somebody reads.
    deadline = time.monotonic() + 60
    while select.select([], [result], [], 0)[1] and time.monotonic() < deadline:
        time.sleep(0.01)
    os.close(result)
    with open(back, "rb") as pipe:
        assert pipe.read() == CONTENT
    giver.join()
    assert (compressing.wait(), decompressing.wait()) == (0, 0)


def pipe_that_does_not_block():
    taken, given = os.pipe()
    os.set_blocking(taken, False)
    os.set_blocking(given, False)
    return taken, given


@pytest.mark.parametrize("read", ["read", "read1", "readinto", "readall"])
def test_input_is_waited_for(read):
    """Nothing just now is not the end, whichever way it is read."""
    taken, given = pipe_that_does_not_block()
    asked = threading.Event()

    class Asked(InputFile):
        def readinto(self, buffer):
            asked.set()
            return super().readinto(buffer)

    def give():
        for part in (b"first", b"second"):
            asked.wait(20)
            asked.clear()
            os.write(given, part)
        os.close(given)

    raw = Asked(taken, "name")
    giver = threading.Thread(target=give)
    giver.start()
    with raw if read == "readall" else io.BufferedReader(raw, 16) as file:
        if read in ("read", "readall"):
            assert getattr(file, read)() == b"firstsecond"
        else:
            parts = []
            while part := file.read1(100) if read == "read1" else _into(file):
                parts.append(part)
            assert b"".join(parts) == b"firstsecond"
    giver.join()


def _into(file):
    buffer = bytearray(100)
    return bytes(buffer[: file.readinto(buffer)])


def test_input_names_itself(tmp_path):
    """Errors of reading say which file it was."""
    with InputFile(os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT), "name") as file:
        for read in (file.read, file.readall, lambda: file.readinto(bytearray(9))):
            with pytest.raises(OSError, match="name"):
                read()


def test_streams_of_others_are_left_alone(monkeypatch):
    """As those of tests, and of programs that call the command."""
    mine = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", mine)
    with standard_streams():
        assert sys.stdout is mine
        sys.stdout.write("x")
    assert not mine.closed
    assert mine.buffer.getvalue() == b"x"


def test_streams_are_as_before():
    before = sys.stdin, sys.stdout, sys.stderr
    with pytest.raises(KeyError), standard_streams():
        raise KeyError
    assert (sys.stdin, sys.stdout, sys.stderr) == before
