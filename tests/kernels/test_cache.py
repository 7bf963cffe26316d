"""Compiled code on disk is fresh or not used, and whatever happens to it, kernels work."""

import errno
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xxhash
from numba.core import config, event

import ansflow
from ansflow.kernels import cache
from ansflow.kernels.coders import rans
from ansflow.kernels.jit import inlined, inner, kernel

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty directory that code is kept in."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    cache.numbas.cache_clear()
    cache.remove_superseded.cache_clear()
    yield tmp_path
    cache.numbas.cache_clear()
    cache.remove_superseded.cache_clear()


def compiles():
    """Whether a kernel that is used for the first time, as in a new process, had to be compiled."""
    function = kernel(rans.next_word.py_func)
    assert function(np.array([7, 9], np.uint16), np.uint64(1)) == 9
    return sum(function.stats.cache_misses.values()) == 1


def files(place):
    return [path for path in place.rglob("*") if path.is_file()]


def test_code_is_kept(place):
    assert compiles()
    assert len(files(place)) == 1
    assert not compiles()


def test_argument_types_are_kept_apart(place):
    assert compiles()
    function = kernel(rans.next_word.py_func)
    assert function(np.array([7, 1 << 20], np.uint32), np.uint64(1)) == 1 << 20
    assert len(files(place)) == 2
    assert not compiles()


@pytest.mark.parametrize("order", [(False, True), (True, False)])
def test_read_only_arrays_take_the_code_of_writable_ones(place, order):
    function = kernel(rans.next_word.py_func)
    for write in order * 2:
        words = np.array([7, 9], np.uint16)
        words.setflags(write=write)
        assert function(words, np.uint64(1)) == 9
    assert sum(function.stats.cache_misses.values()) == 1
    assert len(function.signatures) == len(files(place)) == 1


def test_read_only_arrays_are_known_after_their_first_call(place, monkeypatch):
    function = kernel(rans.next_word.py_func)
    words = np.array([7, 9], np.uint16)
    words.setflags(write=False)
    assert function(words, np.uint64(1)) == 9
    monkeypatch.setattr(type(function.dispatcher), "_compile_for_args", None)
    assert function(words, np.uint64(1)) == 9


def test_read_only_arrays_are_known_after_first_calls_of_two_threads(place, monkeypatch):
    function = kernel(rans.next_word.py_func)
    words = np.array([7, 9], np.uint16)
    words.setflags(write=False)
    # Neither thread has found the code when the other one looks for it.
    for _ in range(2):
        function._compile_for_args(words, np.uint64(1))
    monkeypatch.setattr(type(function.dispatcher), "_compile_for_args", None)
    assert function(words, np.uint64(1)) == 9


def test_functions_under_kernels_and_under_each_other_are_compiled_once(place):
    @inner
    def double(x):
        return x + x

    @inner
    def triple(x):
        return double(x) + x

    @kernel
    def five_times(x):
        return triple(x) + double(x)

    with event.install_listener("numba:compile", event.RecordingListener()) as seen:
        assert five_times(7) == 35
    compiled = [e.data["dispatcher"].__name__ for _, e in seen.buffer if e.is_start]
    assert sorted(compiled) == ["double", "five_times", "triple"]


def test_functions_of_one_name_are_kept_apart(place):
    def make(n):
        @kernel
        def add(x):
            return x + n

        return add

    for _ in range(2):
        assert [make(n)(1) for n in (1, 2, 3)] == [2, 3, 4]
    assert len(files(place)) == 3


def test_kernels_that_a_kernel_holds_are_the_same_in_each_process(place):
    def make(n):
        @inlined
        def more(x):
            return x + n

        @kernel
        def add(x):
            return more(x)

        return add

    for _ in range(2):
        assert [make(n)(1) for n in (1, 2, 3)] == [2, 3, 4]
    assert len(files(place)) == 3


# Settings of Numba, and versions


@pytest.mark.parametrize(
    ("name", "value"),
    [("BOUNDSCHECK", int(not config.BOUNDSCHECK)), ("OPT", 0), ("DEBUGINFO_DEFAULT", 1)],
)
def test_code_made_under_other_settings_is_not_used(place, monkeypatch, name, value):
    assert compiles()
    with monkeypatch.context() as patch:
        patch.setattr(config, name, value)
        assert compiles()
        assert not compiles()
    assert not compiles()


def test_settings_are_numbas():
    """Or they would be None, whatever they are."""
    assert [name for name in cache.SETTINGS if not hasattr(config, name)] == []


def test_code_of_other_versions_is_not_used(place, monkeypatch):
    assert compiles()
    monkeypatch.setattr(cache, "VERSIONS", (*cache.VERSIONS[:-1], "9.9"))
    assert compiles()


# Sources


def sources(root):
    files = {"rans.py": "a", "vector/single.py": "b", "vector/deep/er.py": "c", "notes.txt": "d"}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return cache.stamp_of(str(root))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "rans.py").write_text("A"),
        lambda root: (root / "vector/single.py").write_text("bb"),
        lambda root: (root / "vector/deep/er.py").write_text(""),
        lambda root: (root / "vector/deep/er.py").unlink(),
        lambda root: (root / "new.py").write_text(""),
        lambda root: (root / "rans.py").rename(root / "vector/rans.py"),
    ],
)
def test_every_source_counts(tmp_path, change):
    before = sources(tmp_path)
    assert before == cache.stamp_of(str(tmp_path))
    change(tmp_path)
    assert cache.stamp_of(str(tmp_path)) != before


def test_the_stamp_is_that_of_all_kernels():
    assert cache.stamp_of(str(Path(ansflow.kernels.__file__).parent)) == cache.STAMP


def test_dates_and_other_files_do_not_count(tmp_path):
    """A reinstallation may bring older dates; Numba and Python write beside the sources."""
    before = sources(tmp_path)
    os.utime(tmp_path / "rans.py", (1, 1))
    (tmp_path / "notes.txt").write_text("other")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/some.py").write_text("other")
    assert cache.stamp_of(str(tmp_path)) == before


def test_the_sources_are_all_there_is():
    """Compiled functions stand below `ansflow.kernels`, and call none from elsewhere."""
    package = Path(ansflow.__file__).parent
    numbas = re.compile(r"^ *(import numba|from numba|@.*njit|@kernel|@inlined|@intrinsic)", re.M)
    # None of what is compiled.
    allowed = ("from ansflow.kernels", "from ansflow.arguments")
    for path in package.rglob("*.py"):
        text = path.read_text()
        if path.is_relative_to(package / "kernels"):
            imported = [line for line in text.splitlines() if line.startswith("from ansflow")]
            assert all(line.startswith(allowed) for line in imported), path
        elif path.name not in {"ahead.py", "compiling.py"}:  # which count what is compiled
            assert not numbas.search(text), path


def test_without_sources_nothing_is_kept(place, monkeypatch):
    assert cache.stamp_of(str(place)) is None
    monkeypatch.setattr(cache, "STAMP", None)
    assert compiles()
    assert compiles()
    assert files(place) == []


def test_what_is_superseded_goes(place, monkeypatch):
    assert compiles()
    (old,) = files(place)
    old.with_name("not ours.nbc").touch()
    fresh, abandoned = (old.with_name(f"{old.name}.{end}") for end in ("1", "2"))
    fresh.touch()
    abandoned.touch()
    os.utime(abandoned, (1, 1))
    monkeypatch.setattr(cache, "STAMP", "0123456789abcdef")
    cache.remove_superseded.cache_clear()
    assert compiles()
    left = {path.name for path in files(place)}
    assert {"not ours.nbc", fresh.name} < left
    assert len(left) == 3
    assert not {old.name, abandoned.name} & left


# Files that aren't what was written


class Unloadable:
    def __reduce__(self):
        return exec, ("raise MemoryError",)


def signed(payload):
    return xxhash.xxh3_128_digest(payload) + payload


def zeroed(data, begin, end):
    return data[:begin] + bytes(end - begin) + data[end:]


def damages(data):
    rng = random.Random(0)
    size = len(data)
    for end in sorted({*range(40), *range(0, size, size // 50), size - 1}):
        yield data[:end]
    yield bytes(size)
    for begin in range(0, size, 4096):  # pages that never reached the disk
        yield zeroed(data, begin, min(begin + 4096, size))
    for _ in range(100):
        at = rng.randrange(size)
        yield data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    for length in (1, 16, 17, 1000):
        yield rng.randbytes(length)
    yield data + b"\0"
    # Whole, but of another version or kind.
    for thing in (None, 5, "text", (), (1, 2, 3), {}, Unloadable()):
        yield signed(pickle.dumps(thing))
    for text in (b"cno.such.module\nName\n.", b"cos\nno_such_name\n.", b"\x80\xff", b"", b"."):
        yield signed(text)


def test_a_damaged_file_is_replaced(place):
    assert compiles()
    (path,) = files(place)
    whole = path.read_bytes()
    function = kernel(rans.next_word.py_func)
    function(np.array([7, 9], np.uint16), np.uint64(1))
    (signature,) = function.signatures
    for damaged in damages(whole):
        path.write_bytes(damaged)
        # Asked for directly: to compile each time would take long.
        assert function._cache.load_overload(signature, function.targetctx) is None
    assert compiles()
    assert not compiles()
    assert len(path.read_bytes()) == len(whole)


def test_a_directory_in_place_of_a_file(place):
    assert compiles()
    (path,) = files(place)
    path.unlink()
    (path / "sub").mkdir(parents=True)
    assert compiles()
    assert compiles()
    assert files(place) == []


def test_a_directory_that_vanishes_is_made_again(place):
    assert compiles()
    shutil.rmtree(place)
    assert compiles()
    assert not compiles()


def test_a_file_in_place_of_the_directory(place):
    place.rmdir()
    place.write_text("in the way")
    compiles()  # unless there is another place, and it has the code
    assert place.read_text() == "in the way"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("write_bytes", "ENOSPC"),
        ("write_bytes", "EDQUOT"),
        ("replace", "EIO"),
        ("mkdir", "EROFS"),
        ("mkdir", "EACCES"),
        ("iterdir", "EMFILE"),
        ("read_bytes", "ESTALE"),
    ],
)
def test_errors_of_the_system_are_no_reason_to_fail(place, monkeypatch, code, call):
    def fail(self, *args, **options):
        if call == "write_bytes":  # some of it got there
            with open(self, "wb") as file:
                file.write(args[0][:100])
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    with monkeypatch.context() as patch:
        patch.setattr(Path, call, fail)
        assert compiles()
    assert all(path.suffix == ".nbc" for path in files(place))
    compiles()
    assert not compiles()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_nothing_half_written(place, monkeypatch, error):
    def fail(self, data):
        self.touch()
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail)
        with pytest.raises(error):
            compiles()
    assert files(place) == []
    assert compiles()
    assert not compiles()


# Whole processes

# A small kernel, and one of another file in it.
WORDS = """
import numpy as np
from ansflow.kernels.stack.intervals import push
heads, tail = np.full(3, -5).astype(np.uint64), np.zeros(4, np.uint32)
starts, freqs = np.zeros(3, np.int64), np.full(3, (1 << 31) + 1)  # a word is put and taken
push(heads, tail, 0, starts, freqs, freqs[:1].astype(np.uint64))
print(heads.tobytes().hex() + tail.tobytes().hex(), sum(push.stats.cache_misses.values()))
"""
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file may have any content, as on a full disk
"""


@pytest.fixture
def copied(tmp_path):
    """A copy of the package, and a function that codes with it in new processes."""
    package = tmp_path / "ansflow"
    shutil.copytree(
        Path(ansflow.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("*.nb*", "*.npz"),
    )
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path),
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each process would compile the package

    def run(code=WORDS, count=1):
        children = [
            subprocess.Popen(
                [sys.executable, "-W", "error", "-c", code],
                env=environment,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        printed = [child.communicate(timeout=300)[0] for child in children]
        assert not any(child.returncode for child in children)
        return [(words, int(compiled)) for words, compiled in map(str.split, printed)]

    return package, run


@pytest.mark.skipif(os.name == "nt", reason="limits")
def test_edits_are_noticed_and_damage_is_healed(copied):
    package, run = copied
    [(words, compiled)] = run(FULL + WORDS)
    assert compiled > 0
    assert files(package.parent / "cache") == []

    # Several at once do not disturb each other.
    assert {found for found, _ in run(count=2)} == {words}
    assert run() == [(words, 0)]

    kept = files(package.parent / "cache")
    for path in kept[::2]:
        path.write_bytes(path.read_bytes()[:-1])
    for path in kept[1::2]:
        path.write_bytes(b"")
    [(found, compiled)] = run()
    assert found == words
    assert compiled > 0

    source = package / "kernels/stack/heads.py"
    text, line = source.read_text(), "np.uint64(tail[size])"
    assert line in text
    source.write_text(text.replace(line, f"{line} ^ ONE"))
    [(changed, compiled)] = run()
    assert changed != words
    assert compiled > 0
    assert len(files(package.parent / "cache")) <= len(kept)
