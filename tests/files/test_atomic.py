"""A file that is being written is either the old one or all of the new one."""

import errno
import gc
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from atomic_files import WITHOUT_PACKAGE, only, write

from ansflow.files.atomic import AtomicFile

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def python(code):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (result.stderr, result.returncode) == ("", 0)
    return result.stdout


def test_replaces(tmp_path):
    path = tmp_path / "file"
    for data in (b"old", b"new", b"", b"larger than a buffer" * 10**5):
        write(path, data)
        assert path.read_bytes() == data
    assert only(path)


@pytest.mark.parametrize("convert", [str, os.fsencode, lambda path: path])
def test_any_kind_of_path(tmp_path, convert):
    write(convert(tmp_path / "ƒ"), b"data")
    assert (tmp_path / "ƒ").read_bytes() == b"data"


def test_a_path_relative_to_the_directory_of_the_beginning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with AtomicFile("file") as whole:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir("other")
        whole.file.write(b"data")
    assert (tmp_path / "file").read_bytes() == b"data"


def test_nothing_is_there_before_the_end(tmp_path):
    path = tmp_path / "file"
    with AtomicFile(path) as whole:
        whole.file.write(bytes(10**6))
        assert not path.exists()
    path.write_bytes(b"old")
    with AtomicFile(path) as whole:
        whole.file.write(bytes(10**6))
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == bytes(10**6)


def test_what_was_written_can_be_changed(tmp_path):
    with AtomicFile(tmp_path / "file") as whole:
        whole.file.write(b"....data")
        whole.file.seek(0)
        whole.file.write(b"more")
    assert (tmp_path / "file").read_bytes() == b"moredata"


# What goes wrong


@pytest.mark.parametrize("old", [b"old", None])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_keeps_the_old_file_and_no_other(tmp_path, monkeypatch, old, step, error):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write(path, b"new")
    monkeypatch.undo()
    if step == "replace" and isinstance(error, OSError):
        # It was whole, and is not lost.
        (left,) = tmp_path.glob(".*.part")
        assert left.read_bytes() == b"new"
        left.unlink()
    if old is None:
        assert list(tmp_path.iterdir()) == []
    else:
        assert path.read_bytes() == old
        assert only(path)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_in_the_block_discards(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with suppress(error), AtomicFile(path) as whole:
        whole.file.write(b"new" * 10**5)
        raise error
    assert path.read_bytes() == b"old"
    assert only(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("size", [10, 10**6])
def test_a_full_device(size):
    with pytest.raises(OSError, match="space") as raised:
        write("/dev/full", bytes(size))
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
@pytest.mark.parametrize("size", [5000, 10**6])
def test_no_room(tmp_path, size):
    """Both when the buffer is written on the way and when it is at the end."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = f"""
import resource, signal
{WITHOUT_PACKAGE}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
for _ in range(3):
    try:
        with AtomicFile({str(path)!r}) as whole:
            whole.file.write(bytes({size}))
    except OSError as error:
        print(error.errno)
whole = AtomicFile({str(path)!r})
whole.file.write(bytes(5000))
"""
    assert python(code) == f"{errno.EFBIG}\n" * 3
    assert path.read_bytes() == b"old"
    assert only(path)


def test_discarding(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    whole = AtomicFile(path)
    whole.file.write(b"new")
    assert len(list(tmp_path.iterdir())) == 2
    for _ in range(3):
        whole.discard()
        assert only(path)
    assert path.read_bytes() == b"old"
    with pytest.raises(ValueError, match="closed"):
        whole.commit()
    assert only(path)


def test_committing_or_discarding_within_the_block(tmp_path):
    path = tmp_path / "file"
    with AtomicFile(path) as whole:
        whole.file.write(b"whole")
        whole.commit()
        assert path.read_bytes() == b"whole"
        whole.discard()
    with AtomicFile(path) as whole:
        whole.file.write(b"part")
        whole.discard()
    assert path.read_bytes() == b"whole"
    assert only(path)
    with pytest.raises(ValueError, match="closed"):
        whole.commit()


def test_closing_the_file_is_not_committing(tmp_path):
    with pytest.raises(ValueError, match="closed"), AtomicFile(tmp_path / "file") as whole:
        whole.file.close()
    assert list(tmp_path.iterdir()) == []


def test_abandoned(tmp_path):
    for size in (10, 10**6):
        whole = AtomicFile(tmp_path / "file")
        whole.file.write(bytes(size))
        del whole
        gc.collect()
        assert list(tmp_path.iterdir()) == []


def test_abandoned_at_exit(tmp_path):
    code = f"""
{WITHOUT_PACKAGE}
whole = AtomicFile({str(tmp_path / "file")!r})
whole.file.write(bytes(10))
whole.me = whole
"""
    assert python(code) == ""
    assert list(tmp_path.iterdir()) == []


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_that_ends_leaves_the_file_alone(tmp_path):
    path = tmp_path / "file"
    with AtomicFile(path) as whole:
        whole.file.write(b"data")
        child = os.fork()
        if not child:
            whole.discard()
            del whole
            gc.collect()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        whole.file.write(b" once")
    assert path.read_bytes() == b"data once"


@pytest.mark.parametrize("path", ["", "directory", "missing/file", "plain/file", "new/"])
def test_what_can_not_be_written(tmp_path, monkeypatch, path):
    """The error names the path that was asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "directory").mkdir()
    (tmp_path / "plain").write_bytes(b"")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match=f"'{path}'"):
        AtomicFile(path)
    assert sorted(tmp_path.iterdir()) == before


# Permissions, links and devices


def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a", b"")
        (tmp_path / "b").write_bytes(b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666, 0o755])
def test_a_replaced_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path, b"new")
    assert path.stat().st_mode & 0o777 == mode


def test_what_replaces_a_private_file_is_never_readable_by_others(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with AtomicFile(path):
        for either in tmp_path.iterdir():
            assert either.stat().st_mode & 0o077 == 0


@needs_root
def test_a_replaced_file_keeps_its_owner(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    write(path, b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o640)


@pytest.mark.skipif(not hasattr(os, "chown"), reason="needs owners")
def test_an_owner_that_may_not_be_kept(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    write(path, b"new")
    assert path.read_bytes() == b"new"


def test_links_are_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("file")
    for data in (b"dangling", b"there"):
        write(link, data)
        assert link.is_symlink()
        assert (tmp_path / "file").read_bytes() == data
    write(link, b" and more", append=True)
    assert link.is_symlink()
    assert (tmp_path / "file").read_bytes() == b"there and more"


@needs_pipes
@pytest.mark.parametrize("append", [False, True])
def test_pipes_are_written_to(tmp_path, append):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        content = pool.submit(pipe.read_bytes)
        write(pipe, b"through", append=append)
        assert content.result() == b"through"
    assert pipe.is_fifo()
    assert only(pipe)


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_standard_output_that_is_a_pipe():
    """The kernel's link for it leads to no name."""
    code = f"""
{WITHOUT_PACKAGE}
with AtomicFile("/dev/stdout") as whole:
    whole.file.write(b"piped")
"""
    assert python(code) == "piped"


def test_the_null_device():
    write(os.devnull, bytes(10**6))
    assert not os.path.isfile(os.devnull)


def test_the_longest_names(tmp_path):
    write(tmp_path / ("x" * 255), b"data")


# Several writers


def test_many_writers_of_one_file(tmp_path):
    path = tmp_path / "file"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: write(path, bytes([i]) * 1000), range(60)))
    assert path.read_bytes() in [bytes([i]) * 1000 for i in range(60)]
    assert only(path)


def test_exclusive(tmp_path):
    path = tmp_path / "file"
    write(path, b"first", exclusive=True)
    with pytest.raises(FileExistsError, match="file"):
        AtomicFile(path, exclusive=True)
    link = tmp_path / "link"
    link.symlink_to("dangling")
    with pytest.raises(FileExistsError, match="link"):
        AtomicFile(link, exclusive=True)
    assert path.read_bytes() == b"first"
    assert sorted(tmp_path.iterdir()) == [path, link]


def without_links(*_, **__):
    raise OSError(errno.EPERM, "no links here")


@pytest.mark.parametrize("link", [getattr(os, "link", None), without_links, None])
def test_exclusive_where_a_file_appears_in_between(tmp_path, monkeypatch, link):
    if link is None:
        monkeypatch.delattr(os, "link", raising=False)
    else:
        monkeypatch.setattr(os, "link", link)
    path = tmp_path / "file"
    write(path, b"mine", exclusive=True)
    assert path.read_bytes() == b"mine"
    assert only(path)
    path.unlink()
    with pytest.raises(FileExistsError), AtomicFile(path, exclusive=True):
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert only(path)


def test_exclusive_where_a_file_appears_at_the_beginning(tmp_path, monkeypatch):
    """And is replaced while it is looked at."""
    path = tmp_path / "file"
    path.write_bytes(b"theirs")
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    monkeypatch.setattr("ansflow.files.atomic._is_file_at", lambda status, path: False)
    with pytest.raises(FileExistsError):
        write(path, b"mine", exclusive=True)
    assert path.read_bytes() == b"theirs"


@pytest.mark.parametrize("link", [getattr(os, "link", without_links), without_links])
def test_of_many_exclusive_writers_one_wins(tmp_path, monkeypatch, link):
    monkeypatch.setattr(os, "link", link)
    path = tmp_path / "file"

    def try_to_write(i):
        try:
            write(path, bytes([i]) * 1000, exclusive=True)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(try_to_write, range(60)))
    assert won.count(True) == 1
    assert path.read_bytes() == bytes([won.index(True)]) * 1000
    assert only(path)


def test_exclusive_without_links_fails_to_rename(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full: the complete content has been kept in ") as raised:
        write(tmp_path / "file", b"data", exclusive=True)
    (left,) = tmp_path.iterdir()
    assert raised.value.strerror.endswith(str(left))
    assert left.read_bytes() == b"data"


def test_append(tmp_path):
    path = tmp_path / "file"
    expected = b""
    for data in (b"new", b"", b"more" * 10**6, b"last"):
        with AtomicFile(path, append=True) as whole:
            assert whole.file.tell() == len(expected)
            whole.file.write(data)
            whole.file.flush()
            assert not expected or path.read_bytes() == expected
        expected += data
        assert path.read_bytes() == expected
    with suppress(ZeroDivisionError), AtomicFile(path, append=True) as whole:
        whole.file.write(b"discarded")
        raise ZeroDivisionError
    assert path.read_bytes() == expected
    assert only(path)


def test_append_fails_to_copy(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    with pytest.raises(OSError, match="full"):
        AtomicFile(path, append=True)
    assert path.read_bytes() == b"old"
    assert only(path)


# Kills

SIZE = 8 << 20

WRITER = f"""
import itertools, sys
{WITHOUT_PACKAGE}
print("ready", flush=True)
for number in itertools.cycle(range(1, 256)):
    with AtomicFile(sys.argv[1]) as whole:
        for _ in range(16):
            whole.file.write(bytes([number]) * ({SIZE} // 16))
"""


@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_the_old_file_or_a_whole_new_one(tmp_path, kills):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    rng = random.Random(kills)
    amid = 0
    for _ in range(kills):
        command = [sys.executable, "-S", "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.read(5) == b"ready"
            time.sleep(rng.random() / 20)
            writer.kill()
        found = path.read_bytes()
        assert found == b"old" or (len(found) == SIZE and found == found[:1] * SIZE)
        for left in tmp_path.glob(".*.part"):
            left.unlink()
            amid += 1
    assert amid > 0  # kills that came while a file was written
    assert only(path)
