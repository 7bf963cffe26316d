"""Inputs: which are removed, which are standard input, and what isn't their fault."""

import errno
import os
import threading

import pytest

import ansflow
from ansflow.cli import files
from ansflow.io import transfer


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_a_dash_is_standard_input(run, here, content):
    """Not what is the name of a file, written otherwise."""
    (here / "-").write_bytes(content)
    run("compress", "./-", input=b"not this")
    assert ansflow.decompress((here / "-.ans").read_bytes()) == content
    (here / "-").unlink()
    assert run("decompress", "./-.ans", input=b"not this").stdout_bytes == b""
    assert (here / "-").read_bytes() == content
    run("compress", "-f", "-o", "./-", here / "-.ans")
    assert ansflow.decompress(ansflow.decompress((here / "-").read_bytes())) == content
    assert run("cat", "./-", input=b"not this").stdout_bytes == (here / "-.ans").read_bytes()
    run("test", here / "-", "./-", ".//-")
    run("recover", "./-")
    run("recover", "./-.ans", "-o", "./-", "-f")
    run("recover", "./-.ans", "-o", "-", "-f", code=2)
    run("recover", "-", "-o", "x", code=2)
    assert sorted(os.listdir()) == ["-", "-.ans", "-.recovered.ans"]


def test_a_file_that_may_not_be_read_is_no_wrong_usage(run, file, here, monkeypatch):
    """The others are done."""
    opened = files.InputFile

    def refusing(path, name):
        if path.name == "secret":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return opened(path, name)

    (here / "secret").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: path != "secret")
    monkeypatch.setattr("ansflow.cli.files.InputFile", refusing)
    first, last, _ = run("secret", file, code=3).stderr.splitlines()
    assert first == "ansflow: secret: Permission denied"
    assert last.startswith(f"{file}.ans: 100,000 ->")


def test_standard_input_among_files(run, file, content):
    result = run("compress", "-c", file, "-", file, input=b"between")
    assert ansflow.decompress(result.stdout_bytes) == content + b"between" + content


def pipe(path):
    """A pipe that somebody else writes to."""
    os.mkfifo(path)
    threading.Thread(target=lambda: path.write_bytes(b"content")).start()


def device(path):
    try:
        os.mknod(path, 0o20600, os.makedev(1, 3))
        path.read_bytes()
    except OSError:
        pytest.skip("devices can't be made here")


def link(path):
    path.with_name("linked").write_bytes(b"content")
    path.symlink_to("linked")


def link_to_a_device(path):
    path.symlink_to(os.devnull)


def second_name(path):
    link(path)
    path.unlink()
    os.link(path.with_name("linked"), path)


# How each comes to be, whether it stays, and whether it does with -f.
INPUTS = {
    "a file": (lambda path: path.write_bytes(b"content"), False, False),
    "an empty file": (lambda path: path.write_bytes(b""), False, False),
    "a pipe": (pipe, True, True),
    "a device": (device, True, True),
    "a link": (link, True, True),
    "a link to a device": (link_to_a_device, True, True),
    "a second name": (second_name, True, False),
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", INPUTS)
def test_what_is_removed(run, here, kind, force):
    """Only regular files, of one name unless that is meant; the work is done all the same."""
    path = here / "input"
    make, *stays = INPUTS[kind]
    make(path)
    options = ["-f"] if force else []
    code = 3 if stays[force] else 0
    result = run("compress", "--rm", path, "-o", "made.ans", *options, code=code)
    assert ("is kept" in result.stderr) == stays[force]
    assert os.path.lexists(path) == stays[force]
    if (here / "linked").exists():
        assert (here / "linked").read_bytes() == b"content"
    assert ansflow.decompress((here / "made.ans").read_bytes()) in (b"content", b"")


def changed(path):
    path.write_bytes(b"other")


def appended(path):
    with path.open("ab") as file:
        file.write(b"more")


def replaced(path):
    before = path.stat()
    path.with_name("new").write_bytes(path.read_bytes())
    os.utime(path.with_name("new"), ns=(before.st_atime_ns, before.st_mtime_ns))
    path.with_name("new").rename(path)


def touched(path):
    os.utime(path, (1, 1))


@pytest.mark.parametrize("change", [changed, appended, replaced, touched])
def test_what_has_changed_is_kept(run, here, monkeypatch, change):
    """Also with -f: what was read isn't there any more."""
    path = here / "input"
    path.write_bytes(b"content")
    compress_file = transfer.compress_file

    def compress_and_change(*arguments, **options):
        found = compress_file(*arguments, **options)
        change(path)
        return found

    monkeypatch.setattr(transfer, "compress_file", compress_and_change)
    before = os.stat(path)
    result = run("compress", "-f", "--rm", path, code=3)
    assert (
        result.stderr
        == f"ansflow: {path}: the file is kept: it was changed after it had been read\n"
    )
    assert path.exists()
    assert before != os.stat(path)


@pytest.mark.parametrize(
    ("error", "name", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "", 3),
        (OSError(errno.EIO, "Input/output error", "elsewhere"), "elsewhere: ", 3),
        (OSError(errno.EIO, "Input/output error", b"elsewhere"), "elsewhere: ", 3),
        (OSError(errno.EXDEV, "Invalid", ".part", None, "target"), "target: ", 3),
        (OSError("the file changed while it was read"), "{file}: ", 3),
        (MemoryError(), "{file}: ", 4),
        (ansflow.errors.CorruptDataError("damaged"), "{file}: ", 1),
        (ansflow.errors.ModelError("no such model"), "{file}: ", 2),
    ],
)
def test_whose_fault_it_is(run, file, monkeypatch, error, name, code):
    """An error of the system that names no file isn't said to be the input's."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(transfer, "decompress_file", fail)
    result = run("test", file, code=code)
    assert result.stderr.startswith(f"ansflow: {name.format(file=file)}")
    assert result.stderr.count(": ") == (2 if name else 1)


def test_what_cannot_be_written_is_the_target(run, file, here):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs a device that is full")
    result = run("compress", file, "-o", "/dev/full", code=3)
    assert result.stderr == "ansflow: /dev/full: No space left on device\n"


@pytest.mark.parametrize("error", [EOFError("x"), RuntimeError("x"), AssertionError("x\x1b")])
def test_faults_of_the_command_itself(run, file, monkeypatch, error):
    """Their exit code says nothing about the data."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(transfer, "decompress_file", fail)
    stderr = run("test", file, code=70).stderr
    assert stderr.startswith("Traceback")
    assert type(error).__name__ in stderr
    assert "Aborted" not in stderr
    assert "\x1b" not in stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *(("compress", f"--chunk-size={text}") for text in ("1e3", "-1", "9" * 25, "1_000", "٣")),
        *(("compress", f"--precision={text}") for text in ("12.0", "7", "9" * 5000)),
        *(("compress", f"--threads={text}") for text in ("-1", "1e3", "4097", "9" * 30)),
        *(("bench", f"--size={text}") for text in ("1e3", "0", "-5", "16E", "0x10")),
        *(("bench", f"--repeat={text}") for text in ("0", "1.0", "9" * 20)),
        *(("cat", f"--offset={text}") for text in ("-1", "9E", "1.5.5", "nan")),
        *(("test", f"--max-output={text}") for text in ("-1", "inf", "1kk", "1K\n")),
        *(("test", f"--max-memory={text}") for text in ("", " ", "64\u212a")),
        ("compress", '--metadata={"a": 1, "a": 2}'),
        ("compress", f"--metadata={'[' * 100_000}"),
        ("compress", '--metadata={"a": NaN}'),
        ("compress", '--metadata={"a": Infinity}'),
        ("compress", f'--metadata={{"a": {"9" * 5000}}}'),
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_numbers_and_metadata_that_are_none(run, file, files, arguments):
    result = run(*arguments, file, code=2)
    assert "Traceback" not in result.output
    assert result.stderr.splitlines()[-1].startswith(("Error: ", "ansflow: "))
    assert files() == ["data.bin"]


def test_numbers_that_are_large(run, file, tmp_path, content):
    """More than there is, is all there is."""
    run("compress", file, "-T", 4096)
    frame = f"{file}.ans"
    assert run("cat", frame, "--size", "7.9E", "--offset", 5).stdout_bytes == content[5:]
    assert run("cat", frame, "--offset", (1 << 63) - 1).stdout_bytes == b""
    file.write_bytes(b"abc")
    assert "3 B of bytes" in run("bench", file, "--size", (1 << 63) - 1, "--repeat", 1).stdout


def test_bare(run, content):
    """As zstd and xz, and so as tar calls them."""
    frame = run(input=content).stdout_bytes
    assert ansflow.decompress(frame) == content
    assert run("-d", input=frame).stdout_bytes == content
    assert run("-", input=content).stdout_bytes == frame
    other = run("--precision", 13, "-T", 1, input=content).stdout_bytes
    assert ansflow.decompress(other) == content
    assert other != frame


def test_bare_with_files(run, file, content):
    run("-k", file)
    run("-f", "-q", file)
    assert run("-d", "-c", f"{file}.ans").stdout_bytes == content
    assert run("-cd", f"{file}.ans").stdout_bytes == content
    assert "No such option" in run("--what", code=2).stderr
