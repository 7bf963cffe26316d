"""Options that do not suit a file are said to, and its content comes back all the same."""

import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow

NUMBERS = np.cumsum(np.random.default_rng(0).integers(-5, 6, 20_000)).astype("<u4")
FITTING = ("--typesize", "4"), ("--dtype", "<u4"), ("--dtype", "<i4")


def compressed(run, path, *options):
    """What is said when a file is compressed with options, beside the usual line."""
    said = run("compress", "-f", *options, path).stderr.splitlines()[1:]
    out = run("decompress", "-c", f"{path}.ans").stdout_bytes
    assert out == path.read_bytes()
    prefix = f"ansflow: {path}: {' '.join(options)} does not suit it: "
    assert all(line.startswith(prefix) for line in said)
    return [line.removeprefix(prefix) for line in said]


@pytest.mark.parametrize("options", FITTING, ids=" ".join)
def test_what_suits(run, tmp_path, options):
    path = tmp_path / "x"
    path.write_bytes(NUMBERS.tobytes())
    assert compressed(run, path, *options) == []
    assert (tmp_path / "x.ans").stat().st_size < NUMBERS.nbytes / 4
    np.save(tmp_path / "x.npy", NUMBERS)
    assert compressed(run, tmp_path / "x.npy", *options) == []


def test_parts_of_items(run, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(NUMBERS.tobytes() + b"end")
    (said,) = compressed(run, path, "--typesize", "4")
    assert said == "its 80,003 bytes are no whole number of items of 4 bytes"
    result = run("--typesize", "4", "-o", path.with_name("y"), input=path.read_bytes())
    assert "ansflow: (stdin): --typesize 4 does not suit it" in result.stderr
    assert run("-q", "-f", "--typesize", "4", path).output == ""


def test_no_numbers(run, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(np.random.default_rng(0).geometric(0.2, 100_000).astype("u1").tobytes())
    (said,) = compressed(run, path, "--typesize", "4")
    assert said == "as single bytes it would take no more"
    path.write_bytes(b"few")
    assert compressed(run, path, "--typesize", "1") == []
    path.write_bytes(b"")
    assert compressed(run, path, "--typesize", "4") == []


def test_files_that_say_it_themselves(run, tmp_path):
    np.save(tmp_path / "x.npy", NUMBERS.astype("<u2"))
    (said,) = compressed(run, tmp_path / "x.npy", "--typesize", "4")
    assert said == "it says itself that its items are uint16; leave the option out"
    np.savez(tmp_path / "x.npz", a=NUMBERS, b=NUMBERS.astype("<u2"))
    assert "its items are uint16" in run("--typesize", "4", tmp_path / "x.npz").stderr


@pytest.mark.parametrize(
    "options",
    [
        *(("--dtype", name) for name in ("", "f5", "O", "S0", "\x1b[0m")),
        ("--typesize", "3"),
        ("--dtype", "f4", "--typesize", "4"),
    ],
    ids=str,
)
def test_what_is_no_dtype(run, file, files, options):
    error = run(*options, file, code=2).stderr.splitlines()[-1]
    assert error.startswith("Error: ")
    assert error.isprintable()
    assert files() == ["data.bin"]


NOT_MADE_FOR = (
    "no part is what the model has been made for, and everything was compressed without it"
)


def test_a_model_that_codes_nothing(run, tmp_path):
    small_vaes.make_known("suited", components=2, seed=1)
    path = tmp_path / "x"
    path.write_bytes(ansflow.compress(NUMBERS)[:10_001])  # no whole number of images
    assert compressed(run, path, "--model", "suited") == [NOT_MADE_FOR]
    path.write_bytes(b"")
    assert compressed(run, path, "--model", "suited") == []


def test_a_model_and_pipes(run, tmp_path):
    _, model = small_vaes.make_known("suited", components=2, seed=1)
    said = f"ansflow: (stdin): --model suited does not suit it: {NOT_MADE_FOR}"
    content = ansflow.compress(NUMBERS)[:10_001]
    result = run("compress", "--model", "suited", input=content)
    assert result.stderr.splitlines() == [said]
    assert run("decompress", input=result.stdout_bytes).stdout_bytes == content
    assert run("-q", "--model", "suited", input=content).stderr == ""
    assert run("--model", "suited", input=naive_model.sample(model, 40)).stderr == ""
    assert run("--model", "suited", input=b"").stderr == ""
    path = tmp_path / "x"
    path.write_bytes(content)
    assert f"{path}: --model suited does not suit it" in run("-c", "--model", "suited", path).stderr


def test_a_model_that_saves_nothing(run, tmp_path):
    _, model = small_vaes.make_known("suited", components=2, seed=1)
    path, images = tmp_path / "x", naive_model.sample(model, 40)
    path.write_bytes(np.random.default_rng(0).integers(0, 256, 24_000, np.uint8).tobytes())
    (said,) = compressed(run, path, "--model", "suited")
    assert said == "as single bytes it would take no more"
    np.savez(tmp_path / "x.npz", a=np.frombuffer(images, "u1").reshape(-1, 4, 6))
    assert len(run("--model", "suited", path, tmp_path / "x.npz", "-f").stderr.splitlines()) == 4


def test_arrays_that_a_model_does_not_take(run, tmp_path):
    np.save(tmp_path / "x.npy", NUMBERS)
    small_vaes.make_known("suited", components=2, seed=1)
    assert "not uint32 in C order" in run("--model", "suited", tmp_path / "x.npy", code=2).stderr
