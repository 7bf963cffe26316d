"""Text in compressed files, as in others."""

import csv
import gc
import io
import os
from contextlib import suppress
from itertools import pairwise

import pytest

import ansflow
from ansflow.errors import CorruptDataError, TruncatedError

LINES = [f"{i}: naïve café 🥐 {'x' * (i % 50)}\n" for i in range(1000)]
TEXT = "".join(LINES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def raw(path):
    with ansflow.open(path) as file:
        return file.read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le", "utf-8-sig"])
def test_encodings(path, encoding):
    with ansflow.open(path, "wt", encoding=encoding, newline="\n") as file:
        assert file.write(TEXT) == len(TEXT)
        assert file.encoding == encoding
    assert raw(path).decode(encoding) == TEXT
    with ansflow.open(path, "rt", encoding=encoding) as file:
        assert file.read() == TEXT


def test_the_encoding_is_that_of_other_files(path):
    with ansflow.open(path, "wt") as file, open(os.devnull, "w") as other:
        assert file.encoding.lower() == other.encoding.lower()


def test_errors(path):
    with ansflow.open(path, "wt", encoding="ascii", errors="ignore") as file:
        file.write("naïve")
    assert raw(path) == b"nave"
    with ansflow.open(path, "w") as file:
        file.write("naïve".encode("latin-1"))
    with ansflow.open(path, "rt", encoding="utf-8") as file, pytest.raises(UnicodeDecodeError):
        file.read()
    with ansflow.open(path, "rt", encoding="utf-8", errors="replace") as file:
        assert file.read() == "na\ufffdve"


@pytest.mark.parametrize(
    ("newline", "written"),
    [("\n", b"a\nb\r\nc\n"), ("\r\n", b"a\r\nb\r\r\nc\r\n"), ("", b"a\nb\r\nc\n")],
)
def test_newlines_that_are_written(path, newline, written):
    with ansflow.open(path, "wt", encoding="ascii", newline=newline) as file:
        file.write("a\nb\r\nc\n")
    assert raw(path) == written


@pytest.mark.parametrize(
    ("newline", "lines"),
    [
        (None, ["a\n", "b\n", "c\n"]),
        ("", ["a\n", "b\r\n", "c\r"]),
        ("\n", ["a\n", "b\r\n", "c\r"]),
        ("\r", ["a\nb\r", "\nc\r"]),
    ],
)
def test_newlines_that_are_read(path, newline, lines):
    with ansflow.open(path, "w") as file:
        file.write(b"a\nb\r\nc\r")
    with ansflow.open(path, "rt", encoding="ascii", newline=newline) as file:
        assert list(file) == lines


def test_lines(path):
    with ansflow.open(path, "xt", encoding="utf-8") as file:
        file.writelines(LINES)
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        assert list(file) == LINES
        file.seek(0)
        assert file.readline() == LINES[0]
        assert file.readlines() == LINES[1:]


def test_tell_and_seek(path):
    with ansflow.open(path, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        places = []
        while line := file.readline():
            places.append((file.tell(), line))
        for (place, _), (_, line) in list(pairwise(places))[::37]:
            file.seek(place)
            assert file.readline() == line
        file.seek(0, 2)
        assert file.read() == ""


def test_append(path):
    for part in (TEXT[:100], "", TEXT[100:]):
        with ansflow.open(path, "at", encoding="utf-8") as file:
            file.write(part)
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        assert file.read() == TEXT


def test_options_go_to_the_frame(path):
    with ansflow.open(path, "wt", encoding="utf-8", metadata={"a": 1}, chunk_size=100) as file:
        file.write(TEXT)
    with ansflow.open(path) as file:
        assert file.metadata == {"a": 1}


def test_file_objects(path):
    target = io.BytesIO()
    with ansflow.open(target, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    assert not target.closed
    target.seek(0)
    with ansflow.open(target, "rt", encoding="utf-8") as file:
        assert file.read() == TEXT
    assert not target.closed


def test_text_around_binary_files(path):
    """`io.TextIOWrapper` takes what `ansflow.open` returns."""
    with (
        ansflow.open(path, "w") as binary,
        io.TextIOWrapper(binary, encoding="utf-8", newline="\n") as file,
    ):
        file.write(TEXT)
    with ansflow.open(path) as binary, io.TextIOWrapper(binary, encoding="utf-8") as file:
        assert list(file) == LINES


def test_flushed_text_can_be_read(path):
    with open(path, "wb") as target:
        file = ansflow.open(target, "wt", encoding="utf-8")
        file.write(TEXT)
        file.flush()
        found = b""
        with suppress(TruncatedError):
            for part in ansflow.iter_decompress([path.read_bytes()]):
                found += part
        assert found.decode() == TEXT
        file.close()


def test_detach(path):
    file = ansflow.open(path, "wt", encoding="utf-8")
    file.write("text")
    binary = file.detach()
    binary.write(b" and bytes")
    del file
    gc.collect()
    binary.close()
    assert raw(path) == b"text and bytes"


def test_closing(path):
    with ansflow.open(path, "wt", encoding="utf-8") as file:
        file.write(TEXT)
    file.close()
    assert file.closed
    for call in (lambda: file.write("more"), file.flush, file.__enter__):
        with pytest.raises(ValueError, match="closed"):
            call()
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        pass
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_text_that_cannot_be_encoded_leaves_the_old_file(path):
    path.write_bytes(ansflow.compress(b"old"))
    with (  # noqa: PT012
        pytest.raises(UnicodeEncodeError),
        ansflow.open(path, "wt", encoding="ascii") as file,
    ):
        file.write("plain" * 10_000)
        file.write("naïve")
    assert file.closed
    assert raw(path) == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_an_exception_with_text_that_is_not_flushed_leaves_the_old_file(path):
    path.write_bytes(ansflow.compress(b"old"))
    with pytest.raises(KeyError), ansflow.open(path, "wt", encoding="ascii") as file:  # noqa: PT012
        file.write("new")
        raise KeyError
    assert raw(path) == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_text_that_cannot_be_written_never_replaces_a_file(path):
    """Also if that turns out only when it's closed."""
    path.write_bytes(ansflow.compress(b"old"))
    file = ansflow.open(path, "wt", encoding="ascii")
    file.write("new")

    def fail(_):
        raise OSError("disk full")

    file.buffer.write = fail
    with pytest.raises(OSError, match="full"):
        file.close()
    assert file.closed
    assert raw(path) == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_damage(path):
    blob = bytearray(ansflow.compress(TEXT.encode(), chunk_size=1000))
    blob[len(blob) // 2] ^= 1
    path.write_bytes(blob)
    with ansflow.open(path, "rt", encoding="utf-8") as file, pytest.raises(CorruptDataError):
        list(file)


# Marks of encodings: where the built-in open writes them, and nowhere else

MARKED = ["utf-8-sig", "UTF_8_SIG", "utf-16", "utf-32", "U16"]


# Modes to open a file in, one after the other, and what to write then.
STEPS = [
    [("w", [])],
    [("w", [""])],
    [("w", ["a", "b"])],
    [("w", []), ("a", ["b"])],
    [("a", ["a"])],
    [("a", []), ("a", ["b"])],
    [("w", ["a"]), ("a", ["b"]), ("a", ["c"])],
    [("x", ["a"]), ("a", []), ("a", ["c"])],
    [("w", ["a"]), ("w", ["b"])],
]


@pytest.mark.parametrize("encoding", [*MARKED, "utf-8", "utf-16-le", "latin-1"])
def test_marks_are_where_open_writes_them(tmp_path, encoding):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for steps in STEPS:
        for mode, texts in steps:
            with (
                ansflow.open(ours, mode + "t", encoding=encoding) as file,
                open(theirs, mode, encoding=encoding) as other,
            ):
                for text in texts:
                    file.write(text)
                    other.write(text)
        assert raw(ours) == theirs.read_bytes(), steps
        ours.unlink()
        theirs.unlink()


@pytest.mark.parametrize("encoding", MARKED)
def test_marks_of_file_objects(encoding):
    out = io.BytesIO()
    for mode in ("at", "at"):
        with ansflow.open(out, mode, encoding=encoding) as file:
            assert file.encoding == encoding
            print("line", file=file)
    content = ansflow.decompress(out.getvalue())
    assert content.decode(encoding) == "line\nline\n".replace("\n", os.linesep)


def test_a_mark_comes_before_whatever_writes_first(path):
    for write in (
        lambda file: print("a", end="", file=file),
        lambda file: file.writelines(["a"]),
        lambda file: csv.writer(file, lineterminator="").writerow(["a"]),
    ):
        with ansflow.open(path, "wt", encoding="utf-8-sig") as file:
            write(file)
        assert raw(path) == b"\xef\xbb\xbfa"
