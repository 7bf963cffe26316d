"""`bench`, `demo`, `warmup`, `completion`; sizes as the user types and reads them."""

import io
import pkgutil
import re
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from numba.core import config

from ansflow.cli import ahead, warmup_jobs
from ansflow.cli.console import Console, Size
from ansflow.cli.table import readable
from ansflow.cli.usual_jobs import usual_jobs
from ansflow.kernels import cache, transforms
from ansflow.kernels.jit import inner, kernel
from ansflow.transforms import registry

README = Path(__file__).parents[2] / "README.md"


def rows(output):
    return [line.split("  ")[0] for line in output.splitlines()]


def test_bench(run, file):
    output = run("bench", file, "--repeat", 1, "-T", 2).stdout
    assert output.startswith(f"{file}: 97.7 KiB of bytes, speeds in MB/s\n")
    for name in (
        "ansflow, 1 thread",
        "ansflow, 2 threads",
        "ansflow order 1, 1 thread",
        "ansflow order 1, 2 threads",
        "zlib 6",
        "bz2 9",
        "lzma 6",
    ):
        assert name in rows(output)
    columns = output.splitlines()[1].split()
    assert columns == ["codec", "bytes", "size", "ratio", "bits/byte", "encode", "decode"]


def test_bench_takes_arrays_as_such(run, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(30_000))
    output = run("bench", tmp_path / "x.npy", "--repeat", 1, "--size", "80K").stdout
    assert "79.9 KiB of items of int64" in output
    sizes = {line[:26].strip(): line.split()[-5] for line in output.splitlines()[2:]}
    assert int(sizes["ansflow, 1 thread"].replace(",", "")) < 20_000


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3000),
        np.arange(3000).astype(">i4"),
        np.arange(3000).astype("M8[s]"),
        np.ones(900, [("a", "i2"), ("b", "f4")]),
        np.asfortranarray(np.arange(3000.0).reshape(30, 100)),
    ],
    ids=lambda array: array.dtype.str,
)
@pytest.mark.parametrize("size", ["256M", "1000", "1003", "129"])
def test_bench_takes_no_intact_file_for_a_broken_one(run, tmp_path, array, size):
    """With other bytes behind the array, or cut anywhere: whole items are what counts."""
    path = tmp_path / "x.npy"
    np.save(path, array)
    path.write_bytes(path.read_bytes() + b"more than an item")
    output = run("bench", path, "--size", size, "--repeat", 1).stdout
    assert ("of items of " in output) == (int(size.rstrip("M")) > 140)
    if size == "256M":
        assert f"{array.nbytes:,}" in output


def test_bench_notices_what_is_broken(run, file, monkeypatch):
    monkeypatch.setattr("zlib.decompress", lambda data: data)
    assert "zlib 6 did not restore the data" in run("bench", file, "--repeat", 1, code=1).stderr


def test_bench_goes_on(run, file, tmp_path):
    (tmp_path / "empty").touch()
    result = run("bench", tmp_path / "empty", file, "--size", "1K", "--repeat", 1, code=3)
    assert result.stderr == f"ansflow: {tmp_path / 'empty'}: the file is empty\n"
    assert "1,024" in result.stdout


def test_demo_prints_arrays_and_their_recipes_and_verifies(run):
    lines = run("demo").stdout.splitlines()
    assert lines[0].split() == ["input", "size", "compressed", "ratio", "encode", "decode"]
    assert lines[-1].endswith(" All arrays were restored exactly.")
    assert len(lines) == 18
    assert max(map(len, lines)) <= 80
    shown = README.read_text().split("\ninput  ", 1)[1].splitlines()
    for row, recipe in zip(lines[1:-1:2], lines[2:-1:2], strict=True):
        size, compressed = sizes(row)
        assert compressed < size
        line = next(number for number, line in enumerate(shown) if line.startswith(row[:28]))
        assert shown[line + 1] == recipe
        assert sizes(shown[line])[0] == size
        # Whether a sine is rounded up may depend on the machine.
        assert sizes(shown[line])[1] == pytest.approx(compressed, rel=0.01)


def sizes(row):
    return [int(number.replace(",", "")) for number in row.split()[-5:-3]]


def test_demo_notices_what_is_not_restored(run, monkeypatch):
    monkeypatch.setattr("ansflow.decompress", lambda blob, threads: np.zeros(1))
    assert "temperatures was not restored exactly" in run("demo", code=1).stderr


def test_warmup(run, monkeypatch):
    """Of a few jobs: before the whole suite, all of them are run."""
    some = usual_jobs()[:2]
    monkeypatch.setattr(warmup_jobs, "jobs", lambda: [*some, *some])
    monkeypatch.setattr(ahead, "usual_jobs", lambda: some)
    steps = []
    ahead.compile_ahead(lambda done, of: steps.append((done, of)))
    assert steps == [(done, 4) for done in range(5)]
    # Nothing is left to be compiled.
    assert "all of that was compiled already" in run("warmup").stderr
    assert run("warmup", "-q", "--all").output == ""


def test_warmup_calls_all_transforms_with_kernels():
    have_kernels = {module.name for module in pkgutil.iter_modules(transforms.__path__)}
    recipes = (*warmup_jobs.OF_ALL, *warmup_jobs.OF_INTEGERS, *warmup_jobs.OF_FLOATS)
    for name in have_kernels.intersection(each.name for each in registry.ALL):
        assert any(name in re.split(r"\W+", recipe) for recipe in recipes), name


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_warmup_counts_what_is_kept(tmp_path, monkeypatch):
    """A kernel once, with the functions that it is made of."""

    @inner
    def part(number):
        return number + 1

    @kernel
    def whole(number):
        return part(number) + part(2.0 * number)

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(ahead, "usual_jobs", lambda: [lambda: whole(1)])
    cache.numbas.cache_clear()
    assert ahead.compile_ahead(everything=False) == 1
    cache.numbas.cache_clear()
    assert len([*tmp_path.rglob("*.nbc")]) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run, shell):
    assert "_ANSFLOW_COMPLETE" in run("completion", shell).stdout


def test_completion_of_what(run):
    run("completion", "tcsh", code=2)
    run("completion", code=2)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("65536", 65536),
        ("64K", 65536),
        ("64k", 65536),
        ("64KB", 65536),
        ("64KiB", 65536),
        ("12B", 12),
        ("1.5M", 3 << 19),
        ("2G", 2 << 30),
        ("1T", 1 << 40),
        (7, 7),
    ],
)
def test_sizes(text, size):
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize(
    "text", ["", "K", "-1", "1 K", "1Q", "1e3", "0x10", "1.K", "1" * 30, "9E", "64\u212a"]
)
def test_no_sizes(text):
    with pytest.raises(click.BadParameter):
        Size().convert(text, None, None)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (100_000, "97.7 KiB"),
        (1 << 20, "1 MiB"),
        (123 << 30, "123 GiB"),
        ((1 << 63) - 1, "8 EiB"),
    ],
)
def test_readable(size, text):
    assert readable(size) == text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_of_a_known_and_an_unknown_size(monkeypatch):
    for size in (100 << 20, None):
        monkeypatch.setattr(sys, "stderr", Terminal())
        with Console().progress("name", size) as update:
            for done in range(0, 101 << 20, 1 << 20):
                update(done)
        seen = sys.stderr.getvalue()
        assert "name" in seen
        assert ("100%" in seen) == (size is not None)
        assert "100 MiB, " in seen
        assert seen.endswith("\n")


def test_no_progress_where_nobody_needs_it(monkeypatch):
    for quiet, size, terminal in ((True, None, Terminal()), (False, 1000, Terminal())):
        monkeypatch.setattr(sys, "stderr", terminal)
        with Console(quiet).progress("name", size) as update:
            update(1000)
        assert terminal.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Console().progress("name", None) as update:
        update(1 << 30)
    assert sys.stderr.getvalue() == ""
