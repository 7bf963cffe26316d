"""What is said of two commits: of made up times, and of a benchmark that is slowed down."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from comparing import command, commits, rounds
from comparing.verdict import FASTER, SAME, SLOWER, ratio_of

LEAST = 1.03


def rounds_of(factor, rng, rounds=12):
    """Ratios as a busy machine gives them.

    Each process is faster or slower by its own factor, as memory lies. Some rounds are off by far.
    """
    layout = np.exp(rng.normal(0, 0.012, (2, rounds)))
    ratios = factor * layout[1] / layout[0]
    off = rng.random(rounds) < 0.03
    ratios[off] *= np.exp(rng.normal(0, 0.5, off.sum()))
    return ratios.tolist()


def verdicts(factor, count=1000):
    rng = np.random.default_rng(0)
    return [ratio_of(rounds_of(factor, rng)).verdict(LEAST) for _ in range(count)]


def test_no_difference_is_found_where_there_is_none():
    assert set(verdicts(1.0)) == {SAME}


@pytest.mark.parametrize(("factor", "expected"), [(1.1, SLOWER), (1 / 1.1, FASTER)])
def test_a_tenth_is_found(factor, expected):
    found = verdicts(factor)
    assert set(found) <= {expected, SAME}
    assert found.count(expected) > 950


def test_the_interval_holds_the_median_as_often_as_is_said():
    rng = np.random.default_rng(1)
    held = 0
    for ratios in np.exp(rng.standard_t(2, (2000, 12)) / 10):
        found = ratio_of(ratios.tolist())
        held += found.low <= 1 <= found.high
    assert held / 2000 > 0.985


def test_intervals_are_order_statistics():
    assert ratio_of([1.0] * 8) == (1, 1, 1)
    ratios = [1 + i / 100 for i in range(12)]
    assert ratio_of(ratios[::-1]) == (pytest.approx(1.055), 1.01, 1.10)
    assert ratio_of(ratios[:11]) == (1.05, 1.0, 1.10)
    with pytest.raises(ValueError, match="needs 8 ratios or more, not 7"):
        ratio_of(ratios[:7])


def test_one_round_may_be_anything():
    assert ratio_of([0.01, 100.0, *[1.1] * 10]).verdict(LEAST) == SLOWER
    assert ratio_of([0.01, 0.02, *[1.1] * 10]).verdict(LEAST) == SAME


def test_changes_that_are_too_small_do_not_count():
    assert ratio_of([1.02] * 12).verdict(LEAST) == SAME
    assert ratio_of([1.02] * 12).verdict(1.01) == SLOWER
    assert ratio_of([1 / 1.02] * 12).verdict(1.01) == FASTER


class Machine:
    """It gets slower all the time, and is disturbed now and then."""

    def __init__(self):
        self.now, self.rng = 0, np.random.default_rng(0)

    def slowness(self):
        self.now += 1
        return 1.02**self.now * (3 if self.rng.random() < 0.05 else 1)


class Side:
    """A process whose calls take so many seconds on an idle machine."""

    def __init__(self, machine, seconds, log):
        self.machine, self.each, self.log = machine, seconds, log

    def ask(self, what, calls):
        assert what == "seconds"
        self.log.append((self.each, calls))
        return self.machine.slowness() * self.each * calls


@pytest.mark.parametrize("factor", [1.001, 1.1])
def test_a_machine_that_gets_slower_is_no_difference(factor):
    machine, times, log = Machine(), rounds.Times("name"), []
    old, new = 1e-3, factor * 1e-3
    rounds.time_pairs(Side(machine, old, log), Side(machine, new, log), times)
    assert times.ratios == [pytest.approx(factor, rel=0.021)]
    assert times.new[0] == pytest.approx(times.ratios[0] * times.old[0], rel=0.1)
    sides, calls = zip(*log, strict=True)
    begin = sides.index(new) + 1  # the end of choosing the number of calls
    assert sides[begin : begin + 6] == (old, new, new, old, old, new)
    assert len(set(calls[begin:])) == 1


def test_what_takes_no_processor_time_is_left_out(monkeypatch):
    monkeypatch.setattr(rounds, "PATIENCE", 0)
    with pytest.raises(commits.Failed, match="no time of the processor"):
        rounds.calls_of(Side(Machine(), 0, []))


class FakeChild:
    """A process that says what it is told, and fails where a benchmark's name says so."""

    def __init__(self, folder):
        self.folder, self.ended = folder, False
        started.append(folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def ask(self, what, *arguments):
        if what == "open":
            (name,) = arguments
            self.ended = name == "crashes"
            if name in ("fails", "crashes") and self.folder == "new":
                raise commits.Failed(name)
        return 0.1 if what == "seconds" else None


started: list[str] = []


def test_rounds_go_on_without_what_has_failed(monkeypatch):
    monkeypatch.setattr(rounds, "Child", FakeChild)
    started.clear()
    names = ("first", "fails", "second", "crashes", "last")
    times = {name: rounds.Times(name) for name in names}
    for number in range(3):
        rounds.one_round("old", "new", times, number)
    assert started == ["old", "new", "new", "old", "old", "new"]
    assert [times[name].failed for name in names] == [None, "fails", None, "crashes", None]
    assert [len(times[name].ratios) for name in names] == [2, 0, 2, 0, 2]


def test_what_the_command_prints(monkeypatch, capsys):
    found = [rounds.Times("a", [1.2] * 12, [1.0] * 12, [1.2] * 12), rounds.Times("b")]
    found += [rounds.Times("c", [1.0] * 12, [2e-6] * 12, [2e-6] * 12)]
    found[1].failed = "old: ImportError"
    monkeypatch.setattr(command, "measure", lambda *_: found)
    monkeypatch.setattr(command, "export", lambda name, folder: name)

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["compare", "one", "two", *options])
        return command.main("")

    assert run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[1].split()) == "1 s 1.2 s 1.200 1.200 - 1.200 slower: a"
    assert lines[2].strip() == "left out, b: old: ImportError"
    assert lines[3].split()[:4] == ["2", "us", "2", "us"]
    assert lines[4].startswith("1 slower, 1 left out, 1 no difference; changes of less than 3%")
    assert run("--json", "--least", "25") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["old"], printed["new"], printed["least"]) == ("one", "two", 1.25)
    verdicts = [each["verdict"] for each in printed["benchmarks"]]
    assert verdicts == ["no difference", "left out", "no difference"]
    for wrong, message in [
        (("--rounds", "7"), "has to be 8 or more"),
        (("--bench", "nothing"), "no timed benchmark matches 'nothing'"),
    ]:
        found.clear()
        with pytest.raises(SystemExit):
            run(*wrong)
        assert message in capsys.readouterr().err


def git(folder, *command):
    identity = ("-c", "user.name=a", "-c", "user.email=a", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


repository = pytest.mark.skipif(
    not (commits.BENCHMARKS.parent / ".git").exists(), reason="this is no git repository"
)


@repository
def test_a_commit_is_exported_by_any_of_its_names(tmp_path):
    full = commits.export("HEAD", tmp_path)
    assert full == git(commits.BENCHMARKS, "rev-parse", "HEAD").strip()
    assert (tmp_path / "ansflow/__init__.py").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["ansflow"]
    for name in ("no-such-commit", "--help"):
        with pytest.raises(ValueError, match=f"there is no commit '{name}'"):
            commits.export(name, tmp_path)


LOOP = """\
        while i < coded:
            freq_of, offset, symbol = look_up(slots, x & mask)
"""
# Each tenth message is decoded twice.
SLOWER_LOOP = """\
        again = message % np.uint64(10) == ZERO
        x_then, cursor_then, i_then = x, cursor, i
        while i < coded or again:
            if i == coded:
                x, cursor, i, again = x_then, cursor_then, i_then, False
""" + LOOP.split("\n", 1)[1]


@pytest.mark.slow
@repository
def test_a_kernel_that_is_slower_by_a_tenth_is_found_and_none_that_is_the_same(tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--shared", str(commits.BENCHMARKS.parent), str(clone))
    path = clone / "ansflow/kernels/coders/messages.py"
    source = path.read_text()
    assert source.count(LOOP) == 1
    path.write_text(source.replace(LOOP, SLOWER_LOOP))
    git(clone, "commit", "--all", "--message", "Slower")

    def compared(old, new):
        command = ["-m", "benchmarks.compare", old, new, "--json", "--bench", "Messages.*one.*12"]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=clone / "asv_bench",  # where modules are found, too, unlike in other tests
            env=os.environ | {"PYTHONSAFEPATH": ""},
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)["benchmarks"]
        assert done.returncode == any(each["verdict"] == SLOWER for each in found)
        return {each["benchmark"].split(".")[-1]: each["verdict"] for each in found}

    decode, encode = (f"time_{way}('one model, 12 bits')" for way in ("decode", "encode"))
    assert compared("HEAD~1", "HEAD") == {decode: SLOWER, encode: SAME}
    assert compared("HEAD", "HEAD~1") == {decode: FASTER, encode: SAME}
    for _ in range(20):
        assert compared("HEAD", "HEAD") == {decode: SAME, encode: SAME}
