"""The command: files come back, nothing is overwritten or left half done."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import ansflow
from ansflow.cli import main

CONTENT = np.random.default_rng(0).geometric(0.2, 100_000).astype(np.uint8).tobytes()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    return path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def files(path):
    return sorted(entry.name for entry in path.parent.iterdir())


def test_round_trip(file):
    assert "100,000 ->" in run("compress", file)
    assert file.read_bytes() == CONTENT
    file.unlink()
    assert "100,000 bytes" in run("decompress", f"{file}.ans")
    assert file.read_bytes() == CONTENT
    assert files(file) == ["data.bin", "data.bin.ans"]


def test_named_outputs(file, tmp_path):
    run("compress", file, "-o", tmp_path / "x", "--precision", 14)
    run("decompress", tmp_path / "x", "--output", tmp_path / "y")
    assert (tmp_path / "y").read_bytes() == CONTENT


def test_order(file, tmp_path):
    file.write_bytes(b"abracadabra" * 1000)
    run("compress", file, "-o", tmp_path / "x", "--order", 1)
    run("compress", file, "-o", tmp_path / "y")
    assert (tmp_path / "x").stat().st_size < (tmp_path / "y").stat().st_size
    run("decompress", tmp_path / "x", "-o", tmp_path / "z")
    assert (tmp_path / "z").read_bytes() == b"abracadabra" * 1000


def test_empty_file(file):
    file.write_bytes(b"")
    run("compress", file)
    run("decompress", f"{file}.ans", "-f")
    assert file.read_bytes() == b""


def test_arrays_are_written_as_their_items(file, tmp_path):
    array = np.arange(12, dtype=">i2").reshape(3, 4)
    (tmp_path / "a.ans").write_bytes(ansflow.compress(np.asfortranarray(array)))
    run("decompress", tmp_path / "a.ans")
    assert (tmp_path / "a").read_bytes() == array.tobytes()


def test_refuses_to_overwrite(file):
    run("compress", file)
    before = (file.parent / "data.bin.ans").read_bytes()
    assert "exists" in run("compress", file, code=1)
    assert "exists" in run("decompress", f"{file}.ans", code=1)
    run("compress", file, "--force", "--precision", 15)
    assert (file.parent / "data.bin.ans").read_bytes() != before


def test_the_input_is_never_overwritten(file):
    for command in ("compress", "decompress"):
        assert "is the input" in run(command, file, "-f", "-o", file, code=1)
    assert file.read_bytes() == CONTENT


def test_needs_a_name_to_write_to(file):
    assert "-o" in run("decompress", file, code=2)


def test_missing_file(tmp_path):
    assert "does not exist" in run("compress", tmp_path / "none", code=2)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"x" + b])
def test_damage_is_one_line_and_no_file(file, damage):
    frame = file.with_name("bad.ans")
    frame.write_bytes(damage(ansflow.compress(CONTENT)))
    output = run("decompress", frame, code=1)
    assert output.startswith("Error: ")
    assert output.count("\n") == 1
    assert files(file) == ["bad.ans", "data.bin"]


def test_max_output(file):
    run("compress", file)
    assert "max_output=99999" in run(
        "decompress", "-f", f"{file}.ans", "--max-output", 99_999, code=1
    )


def test_demo_prints_every_row_and_verifies():
    lines = run("demo").splitlines()
    assert len(lines) == 9
    columns = ["input", "size", "ideal", "compressed", "overhead", "encode", "decode"]
    assert lines[0].split() == columns
    assert lines[-1] == "All inputs came back bit for bit."


def test_as_a_module(file):
    command = [sys.executable, "-m", "ansflow"]
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"ansflow, version {ansflow.__version__}\n"
    failed = subprocess.run([*command, "decompress", file, "-o", file], capture_output=True)
    assert failed.returncode == 1
