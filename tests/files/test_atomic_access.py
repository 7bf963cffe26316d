"""Who may use a file while it is written and afterwards, and files that can't be renamed onto."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import threading

import pytest
from atomic_files import WITHOUT_PACKAGE, only, write

import ansflow
from ansflow.files import atomic, part_file
from ansflow.files.atomic import AtomicFile

pytestmark = pytest.mark.skipif(not hasattr(os, "fchown"), reason="needs owners and modes")

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become others"
)

SOMEBODY, NOBODY = 1234, 65533


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def part_in(directory):
    (part,) = directory.glob(".*.part")
    return part


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.fixture
def as_somebody(tmp_path):
    """Runs a function as a user who isn't root, in a process of its own."""

    def run(function, user=SOMEBODY):
        readable, writable = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                os.setgroups([])
                os.setegid(user)
                os.seteuid(user)
                function()
                code = 0
            except BaseException as error:
                os.write(writable, repr(error).encode())
            finally:
                os._exit(code)
        os.close(writable)
        with open(readable, "rb") as told:
            text = told.read()
        assert (os.waitpid(child, 0)[1], text) == (0, b"")

    for parent in [tmp_path, *tmp_path.parents[:-2]]:
        parent.chmod(mode_of(parent) | 0o011)
    return run


# Modes


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
@pytest.mark.parametrize("old", [None, 0o600, 0o666])
@pytest.mark.parametrize("options", [{}, {"append": True}, {"exclusive": True}, {"mode": 0o640}])
def test_only_the_owner_can_open_what_is_being_written(path, mask, old, options):
    before = os.umask(mask)
    try:
        if old is not None:
            if options.get("exclusive"):
                return
            path.write_bytes(b"old")
            path.chmod(old)
        with AtomicFile(path, **options) as whole:
            assert mode_of(part_in(path.parent)) == 0o600
            whole.file.write(b"new" * 10**5)
            assert mode_of(part_in(path.parent)) == 0o600
        other = path.with_name("other")
        other.write_bytes(b"")
    finally:
        os.umask(before)
    expected = options.get("mode", mode_of(other)) if old is None else old
    assert mode_of(path) == expected


def test_the_mask_without_proc(monkeypatch):
    expected = atomic._umask()
    before = os.umask(expected)
    assert before == expected

    class NoFiles:
        def __init__(self, path):
            pass

        def read_bytes(self):
            raise FileNotFoundError

    monkeypatch.setattr(atomic, "Path", NoFiles)
    assert atomic._umask() == expected
    assert os.umask(before) == expected


@needs_root
@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6711, 0o1644])
def test_all_of_the_mode_is_kept_with_the_owner(path, mode):
    """The bits that a change of owner clears, too: the mode comes behind."""
    path.write_bytes(b"old")
    os.chown(path, SOMEBODY, NOBODY)
    path.chmod(mode)
    write(path, b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (SOMEBODY, NOBODY)
    assert mode_of(path) == mode


@pytest.mark.parametrize(
    ("mode", "kept"),
    [(0o6777, 0o777), (0o4755, 0o755), (0o2770, 0o700), (0o660, 0o600), (0o674, 0o644)],
)
def test_nobody_gains_by_an_owner_that_is_not_kept(path, monkeypatch, mode, kept):
    path.write_bytes(b"old")
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY, NOBODY)
    path.chmod(mode)
    real = path.stat()
    if os.geteuid():
        pytest.skip("only root can make files of others")

    def refuse(*_):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", refuse)
    write(path, b"new")
    assert path.stat().st_uid != real.st_uid
    assert mode_of(path) == kept


@needs_root
@pytest.mark.parametrize("mode", [0o6755, 0o2750])
def test_files_of_others_replaced_by_somebody(tmp_path, as_somebody, mode):
    directory = tmp_path / "theirs"
    directory.mkdir()
    os.chown(directory, SOMEBODY, SOMEBODY)
    path = directory / "file"
    path.write_bytes(b"old")
    os.chown(path, NOBODY, NOBODY)
    path.chmod(mode)
    as_somebody(lambda: write(path, b"new"))
    status = path.stat()
    assert (path.read_bytes(), status.st_uid, status.st_gid) == (b"new", SOMEBODY, SOMEBODY)
    group = (mode & 0o007) << 3
    assert mode_of(path) == (mode & 0o707) | group


@needs_root
def test_the_group_is_kept_if_only_that_may_be(path, monkeypatch):
    path.write_bytes(b"old")
    os.chown(path, SOMEBODY, NOBODY)
    path.chmod(0o4670)
    fchown = os.fchown

    def groups_only(descriptor, user, group):
        if user != -1:
            raise PermissionError(errno.EPERM, "no")
        fchown(descriptor, user, group)

    monkeypatch.setattr(os, "fchown", groups_only)
    write(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, mode_of(path)) == (0, NOBODY, 0o670)


# What somebody else puts in place of the part


@pytest.mark.parametrize("put", ["link", "file", "nothing"])
@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("exclusive", [False, True])
def test_nothing_in_place_of_the_part_is_touched(tmp_path, path, put, old, exclusive):
    victim = tmp_path / "victim"
    victim.write_bytes(b"secret")
    victim.chmod(0o600)
    if old is not None:
        if exclusive:
            return
        path.write_bytes(old)
        path.chmod(0o666)
    whole = AtomicFile(path, exclusive=exclusive)
    whole.file.write(b"new")
    part = part_in(tmp_path)
    part.unlink()
    if put == "link":
        part.symlink_to(victim)
    elif put == "file":
        part.write_bytes(b"theirs")
    with pytest.raises(OSError, match="removed or replaced"):
        whole.commit()
    assert mode_of(victim) == 0o600
    assert victim.read_bytes() == b"secret"
    assert path.exists() == (old is not None)
    assert old is None or path.read_bytes() == old
    assert os.path.lexists(part) == (put != "nothing")


def test_nothing_in_place_of_the_part_is_appended_to(tmp_path, path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"secret")
    path.write_bytes(b"old")
    copy = shutil.copyfileobj

    def swap_and_copy(*arguments):
        part = part_in(tmp_path)
        part.unlink()
        part.symlink_to(victim)
        copy(*arguments)

    monkeypatch.setattr(shutil, "copyfileobj", swap_and_copy)
    whole = AtomicFile(path, append=True)
    whole.file.write(b"new")
    with pytest.raises(OSError, match="removed or replaced"):
        whole.commit()
    assert (victim.read_bytes(), path.read_bytes()) == (b"secret", b"old")


@pytest.mark.parametrize("there", [True, False])
def test_a_link_of_the_name_of_the_part_is_not_followed(tmp_path, path, monkeypatch, there):
    monkeypatch.setattr(part_file.secrets, "token_hex", lambda size: "guessed")
    victim = tmp_path / "victim"
    if there:
        victim.write_bytes(b"secret")
    link = tmp_path / ".guessed.part"
    link.symlink_to(victim)
    with pytest.raises(FileExistsError):
        AtomicFile(path)
    assert link.is_symlink()
    assert victim.exists() == there


def test_a_link_in_place_of_the_old_file_is_not_read(tmp_path, path, monkeypatch):
    """Between the look at it and the copy that is appended to."""
    path.write_bytes(b"old")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    may_replace = part_file.Part.may_replace

    def swap(self, old):
        path.unlink()
        path.symlink_to(secret)
        return may_replace(self, old)

    monkeypatch.setattr(part_file.Part, "may_replace", swap)
    with pytest.raises(OSError, match="file"):
        AtomicFile(path, append=True)
    assert secret.read_bytes() == b"secret"
    assert not list(tmp_path.glob(".*.part"))


def test_another_directory_of_that_name_gets_nothing(tmp_path):
    directory, moved = tmp_path / "directory", tmp_path / "moved"
    directory.mkdir()
    with AtomicFile(directory / "file") as whole:
        whole.file.write(b"data")
        directory.rename(moved)
        directory.mkdir()
    assert (moved / "file").read_bytes() == b"data"
    assert os.listdir(directory) == []
    assert os.listdir(moved) == ["file"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors")
def test_no_descriptors_are_left(path):
    path.write_bytes(b"old")
    before = len(os.listdir("/proc/self/fd"))
    for append in (False, True):
        write(path, b"new", append=append)
        AtomicFile(path, append=append).discard()
    with pytest.raises(FileExistsError):
        AtomicFile(path, exclusive=True)
    with pytest.raises(OSError, match="missing"):
        AtomicFile(path.parent / "missing" / "file")
    assert len(os.listdir("/proc/self/fd")) == before


# What can be written, but not renamed onto


@pytest.fixture
def mounted(tmp_path):
    """A file mounted on another one, and what it is elsewhere."""
    here, elsewhere = tmp_path / "with blank" / "file", tmp_path / "elsewhere"
    here.parent.mkdir()
    here.write_bytes(b"under")
    elsewhere.write_bytes(b"a longer old content")
    command = ["mount", "--bind", str(elsewhere), str(here)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield here, elsewhere
    subprocess.run(["umount", str(here)], check=True)


@pytest.mark.parametrize("hidden", [False, True])
def test_mounted_files(mounted, monkeypatch, hidden):
    if hidden:  # it isn't known before it fails
        monkeypatch.setattr(part_file, "_is_mounted", lambda path: False)
    path, elsewhere = mounted
    elsewhere.chmod(0o640)
    write(path, b"new")
    assert elsewhere.read_bytes() == b"new"
    write(path, b" and more", append=True)
    assert elsewhere.read_bytes() == b"new and more"
    whole = AtomicFile(path)
    assert whole._written_over == (not hidden)
    whole.file.write(b"discarded")
    assert elsewhere.read_bytes() == b"new and more"
    whole.discard()
    with ansflow.open(path, "w") as file:
        file.write(b"compressed")
    assert ansflow.decompress(elsewhere.read_bytes()) == b"compressed"
    assert mode_of(path) == 0o640
    assert only(path)


def test_a_file_that_may_not_be_written_is_an_error_at_once(path, monkeypatch):
    path.write_bytes(b"old")
    monkeypatch.setattr(part_file, "_is_mounted", lambda path: True)

    def refuse(self, flags):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(part_file.Part, "open_target", refuse)
    with pytest.raises(OSError, match=r"Read-only.*file"):
        AtomicFile(path)
    assert only(path)


@needs_root
@pytest.mark.parametrize("hidden", [False, True])
def test_files_of_others_in_sticky_directories(tmp_path, as_somebody, monkeypatch, hidden):
    directory = tmp_path / "sticky"
    directory.mkdir()
    directory.chmod(0o1777)
    path = directory / "file"
    path.write_bytes(b"a longer old content")
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0o666)
    if hidden:
        monkeypatch.setattr(part_file.Part, "may_replace", lambda self, old: True)

    def work():
        write(path, b"new")
        write(path, b"er", append=True)
        AtomicFile(path).discard()

    as_somebody(work)
    assert path.read_bytes() == b"newer"
    assert (path.stat().st_uid, mode_of(path)) == (NOBODY, 0o666)
    assert only(path)

    def fail_at_once():
        with pytest.raises(PermissionError, match=f"'{path}'"):
            AtomicFile(path)

    if not hidden:
        path.chmod(0o644)
        as_somebody(fail_at_once)
        assert only(path)


@needs_root
@pytest.mark.parametrize(("owner", "of_directory"), [(SOMEBODY, 0), (NOBODY, SOMEBODY)])
def test_own_files_and_directories_that_are_sticky(tmp_path, as_somebody, owner, of_directory):
    """The system lets these be renamed onto, so nobody ever sees a part."""
    directory = tmp_path / "sticky"
    directory.mkdir()
    os.chown(directory, of_directory, of_directory)
    directory.chmod(0o1777)
    path = directory / "file"
    path.write_bytes(b"old")
    os.chown(path, owner, owner)
    path.chmod(0o666)
    before = path.stat()
    as_somebody(lambda: write(path, b"new"))
    assert path.read_bytes() == b"new"
    assert not os.path.samestat(before, path.stat())


@pytest.mark.parametrize("append", [False, True])
def test_a_pipe_in_place_of_the_old_file_is_not_waited_for(path, monkeypatch, append):
    path.write_bytes(b"old")

    def swap(self, old):
        path.unlink()
        os.mkfifo(path)
        return append

    monkeypatch.setattr(part_file.Part, "may_replace", swap)
    with pytest.raises(OSError, match="file"):
        AtomicFile(path, append=append)
    assert only(path)


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV])
@pytest.mark.parametrize("old", [None, b"a longer old content"])
def test_a_name_that_cannot_be_had(path, monkeypatch, number, old):
    if old is not None:
        path.write_bytes(old)

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    if old is not None:
        write(path, b"new")
        assert path.read_bytes() == b"new"
        assert only(path)
        return
    with pytest.raises(
        OSError, match=f"{os.strerror(number)}: the complete content has been kept in"
    ):
        write(path, b"new")
    assert part_in(path.parent).read_bytes() == b"new"
    assert not path.exists()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_what_could_not_be_renamed_is_kept(path, monkeypatch, number):
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match=r"\.part") as raised, ansflow.open(path, "w") as file:
        file.write(b"data")
    part = part_in(path.parent)
    assert (raised.value.errno, raised.value.filename) == (number, str(path))
    assert str(part) in raised.value.strerror
    assert ansflow.decompress(part.read_bytes()) == b"data"
    assert path.read_bytes() == b"old"


def test_what_could_not_be_copied_is_kept(path, monkeypatch):
    path.write_bytes(b"old")
    monkeypatch.setattr(part_file, "_is_mounted", lambda path: True)
    whole = AtomicFile(path)
    whole.file.write(b"new")

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    with pytest.raises(OSError, match=r"space.*the complete content has been kept in"):
        whole.commit()
    assert part_in(path.parent).read_bytes() == b"new"


def test_a_directory_in_place_of_the_target_keeps_the_part(path):
    whole = AtomicFile(path)
    whole.file.write(b"new")
    path.mkdir()
    with pytest.raises(IsADirectoryError, match="the complete content has been kept in"):
        whole.commit()
    assert part_in(path.parent).read_bytes() == b"new"


# The end of the interpreter


@pytest.mark.parametrize(
    "use",
    [
        "threading.Thread(target=lambda whole: event.wait(), args=[whole], daemon=True).start()",
        "import builtins; builtins.whole = whole",
        "cycle = [whole]; cycle.append(cycle)",
    ],
)
def test_what_is_open_at_exit_is_discarded(path, use):
    path.write_bytes(b"old")
    code = f"""
import threading
{WITHOUT_PACKAGE}
whole = AtomicFile({str(path)!r})
whole.file.write(bytes(10))
event = threading.Event()
{use}
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    assert path.read_bytes() == b"old"
    assert only(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_the_exit_of_a_forked_process_leaves_the_file_alone(path):
    code = f"""
import os
{WITHOUT_PACKAGE}
whole = AtomicFile({str(path)!r})
whole.file.write(b"data")
if not os.fork():
    raise SystemExit
os.wait()
whole.commit()
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    assert path.read_bytes() == b"data"
    assert only(path)


def test_threads_do_not_share_parts(path):
    threads = [threading.Thread(target=write, args=(path, bytes([i]) * 1000)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only(path)
