"""What is shown is harmless and fits, whatever it is about."""

import ast
import importlib
import io
import json
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given, strategies as st

import ansflow
import ansflow.cli
from ansflow.cli import main
from ansflow.cli.table import Column, Table, count, decimal, percent, readable
from ansflow.cli.terminal import echo, progress, progress_line, width_of
from ansflow.cli.text import columns, padded, printable, shortened, wrapped

# Controls, marks, wide letters, what turns the direction, what can't be encoded, spaces.
ODD = "\0\a\b\t\n\r\x1b\x7f\x85\x9b\u0301\ufe0f\u200b\u200d\u202e\u2066\u2028\ud800\udcff大🎉é \xa0"
texts = st.text(st.one_of(st.sampled_from(ODD), st.characters(), st.sampled_from("ab ")))
widths = st.integers(1, 200)


def naive_columns(text):
    wide = sum(unicodedata.east_asian_width(letter) in ("W", "F") for letter in text)
    marks = sum(unicodedata.category(letter) in ("Mn", "Me") for letter in text)
    return len(text) + wide - marks


@given(texts)
def test_printable_text_is_harmless_and_says_all(text):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()
    if "\\" not in text:
        decoded = ast.literal_eval(f'"""{shown}"""') if '"' not in shown else text
        assert decoded == text


@given(texts)
def test_no_text_is_taken_for_narrower_than_it_is(text):
    assert columns(printable(text)) >= naive_columns(printable(text))


@given(texts.map(printable), st.integers(0, 100))
@example("e\u0301" * 50, 20)
@example("大" * 20, 7)
def test_shortened_text_fits(text, width):
    short = shortened(text, width)
    assert columns(short) <= width
    if columns(text) <= width:
        assert short == text
    elif width:
        begin, end = short.split("…", 1) if text.count("…") == 0 else ("", "")
        assert text.startswith(begin)
        assert text.endswith(end)
        assert columns(short) >= width - 2 - text.count("\ufe0f")


def test_pictures_and_marks():
    assert columns("\u2764\ufe0f") == 2
    # No mark goes to the letter before the one that it belongs to.
    assert shortened("ab" + "e\u0301" * 9, 5) == "ab…e\u0301e\u0301"
    assert shortened("abcdefgh大\u0301", 4) == "ab…"


@given(texts.map(printable), st.integers(4, 100))
@example("e\u0301" * 50, 20)
@example("大" * 20, 5)
@example("  " + "大" * 20 + " " + "x" * 50, 10)
def test_wrapped_text_fits_and_is_whole(text, width):
    lines = wrapped(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split(" ")) == "".join(text.split(" "))
    if columns(text) <= width:
        assert lines == [text]


def test_lines_are_broken_at_spaces():
    text = "name: one, two and three"
    assert wrapped(text, 12) == ["name: one,", "  two and", "  three"]
    assert wrapped("    " + "x" * 9, 12) == ["    xxxxxxxx", "      x"]
    # A mark stays with its letter.
    assert wrapped("e\u0301" * 5, 4) == ["e\u0301" * 4, "  e\u0301"]


@given(texts.map(printable), st.integers(0, 40), st.booleans())
def test_padded_text_is_as_wide_as_it_says(text, width, left):
    assert columns(padded(text, width, left=left)) == max(width, columns(text))


numbers = st.one_of(
    st.none(), st.integers(0, 1 << 80), st.floats(0, allow_nan=False), st.integers(0, 10_000)
)
TABLES = {
    name: importlib.import_module(f"ansflow.cli.{name}").COLUMNS
    for name in ("info", "bench", "setup")
} | {"info --quick": importlib.import_module("ansflow.cli.info").QUICK_COLUMNS}


@pytest.mark.parametrize("name", TABLES)
@given(st.data())
def test_columns_never_run_together(name, data):
    """At any value and width, and what stands in a column is one of the forms of its cell."""
    names = TABLES[name]
    width = data.draw(st.integers(60, 200))
    table = Table(width, *names)
    assert table.width <= width
    forms = [count, lambda x: decimal(x, 3), lambda x: percent(None if x is None else x - 1), str]
    cells = [data.draw(st.sampled_from(forms))(data.draw(numbers)) for _ in names]
    line = table.row(*cells)
    assert columns(line) == columns(table.head()) == table.width
    at = 0
    for column in names:
        if column.name not in table.head().split():
            continue
        if at:
            assert line[at - 1] == " "
        assert line[at : at + column.width].strip() != ""
        at += column.width + 1


def test_numbers_fit_the_narrowest_columns():
    """As text, without anything cut out of their middle."""
    for number in (0, 1, 999_999, 10**9, (1 << 63) - 1, 1 << 80, 1e300):
        table = Table(60, Column("a", 8), Column("b", 6), Column("c", 8))
        line = table.row(count(number), decimal(number, 3), percent(number))
        assert "…" not in line
        assert len(line.split()) in (3, 4)


def test_forms_of_numbers():
    table = Table(80, Column("a", 9), Column("b", 6), Column("c", 8))
    assert table.row(count(9_999_999), decimal(10_000.0, 2), percent(0.0031)).split() == [
        *("9,999,999", "10,000", "+0.31%")
    ]
    assert table.row(count(99_999_999), decimal(999.994, 2), percent(-0.5)).split() == [
        *("95.4", "MiB", "999.99", "-50.00%")
    ]
    assert table.row(count(None), decimal(None, 2), percent(None)).split() == ["-", "-", "-"]
    assert table.row(count(1), decimal(float("inf"), 2), percent(182_636.0)).split() == [
        *("1", "-", ">1000%")
    ]


def test_readable_sizes_that_are_rounded_up():
    assert [readable(size) for size in (99.96, 1023.4, 1023.6, (1 << 20) - 1)] == [
        *("100 B", "1023 B", "1 KiB", "1 MiB")
    ]


@given(st.one_of(st.integers(0, 1 << 100), st.floats(0, 1e300)))
def test_readable_sizes_are_short(size):
    assert len(readable(size)) <= 8


def test_narrow_tables_do_without_some_columns():
    names = (Column("a", 10, left=True), Column("b", 10, rank=1), Column("c", 10, rank=2))
    assert Table(32, *names).head().split() == ["a", "b", "c"]
    assert Table(31, *names).head().split() == ["a", "b"]
    assert Table(20, *names).head().split() == ["a"]
    assert Table(1, *names).head() == "a         "


@given(
    texts,
    st.one_of(st.none(), st.floats(0, 1)),
    st.sampled_from(["", "0 B, 0 B/s", "1023 KiB, 1023 EiB/s"]),
    st.integers(19, 200),
)
def test_progress_fits(label, share, said, width):
    line = progress_line(label, share, said, width)
    assert line.isprintable()
    assert columns(line) <= width
    if width >= 59:
        assert said in line
        assert share is None or "[" in line


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_stays_in_its_line(monkeypatch):
    """Shorter text wipes out all of the longer one before."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("ansflow.cli.terminal.INTERVAL", 0)
    said = iter(["x" * 20, "大", "z"])
    with progress("name", None, lambda *_: next(said)) as update:
        update(50)
    assert sys.stderr.getvalue().split("\r")[1:] == [
        *(f"name  {'x' * 20}", f"name  大{' ' * 18}", "name  z \n")
    ]
    sys.stderr.truncate(sys.stderr.seek(0))
    with progress("大" * 50, 100, lambda *_: "y"):
        pass
    assert {columns(line.strip("\n")) for line in sys.stderr.getvalue().split("\r")[1:]} == {59}


def test_the_width_of_a_terminal(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert width_of(io.StringIO()) is None
    assert width_of(Terminal()) == 80
    for text, width in (("60", 60), ("200", 200), ("1", 20), ("0", 80), ("x", 80), ("-5", 80)):
        monkeypatch.setenv("COLUMNS", text)
        assert width_of(Terminal()) == width


def test_lines_are_wrapped_only_on_terminals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    for stream, lines in ((Terminal(), 4), (io.StringIO(), 1)):
        for name, err in (("stdout", False), ("stderr", True)):
            monkeypatch.setattr(sys, name, stream)
            stream.truncate(stream.seek(0))
            echo("word " * 19 + "\x1b[2J", err=err)
            assert len(stream.getvalue().splitlines()) == lines
            assert r"\x1b[2J" in stream.getvalue()


def test_all_that_is_said_goes_one_way():
    """No room of the command writes to a stream by itself."""
    for path in Path(ansflow.cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "click.echo", "click.secho", "click.progressbar")
                if called.endswith(("stdout.write", "stderr.write")):
                    assert path.name == "terminal.py"


# Each may come from anyone who sends a file.
HOSTILE = "\x1b]0;x\a\x9b2J\u202eevil\nname\udcff"


def harmless(text):
    return all(line.isprintable() for line in text.split("\n"))


def test_names_of_files(run, tmp_path):
    path = tmp_path / HOSTILE
    path.write_bytes(b"abc" * 1000)
    seen = run("compress", "-v", path).output
    frame = tmp_path / f"{HOSTILE}.ans"
    seen += run("test", "-v", frame).output
    seen += run("info", "-v", frame).output
    seen += run("decompress", "-fv", frame).output
    seen += run("decompress", frame, code=3).output
    seen += run("bench", path, "--repeat", 1).output
    seen += run("compress", tmp_path / f"none{HOSTILE}", code=3).output
    seen += run("recover", frame).output
    seen += run("recover", frame, code=3).output
    assert harmless(seen)
    assert seen.count(r"\x1b]0;x\x07\x9b2J\u202eevil\nname\udcff") == 9
    for arguments in (("info", "--json", frame), ("recover", "-f", "--json", frame)):
        line = run(*arguments).stdout
        assert line.isascii()
        assert harmless(line)
        assert json.loads(line)["file"] == str(frame)


@pytest.mark.parametrize("command", ["info", "test", "cat", "decompress"])
def test_what_frames_say(run, tmp_path, command):
    """Names of fields, metadata, and what is wrong with them."""
    path = tmp_path / "x.ans"
    name = HOSTILE.removesuffix("\udcff")
    array = np.zeros(3, [(name, "i2"), ("b", "i4")])
    path.write_bytes(ansflow.compress(array, metadata={name: [name]}))
    result = run(command, *(["-v"] if command == "info" else []), path)
    assert command in ("cat", "decompress") or harmless(result.output)
    assert harmless(result.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        (f"--{HOSTILE}",),
        ("compress", f"--{HOSTILE}"),
        ("compress", "--chunk-size", HOSTILE),
        ("compress", "--model", HOSTILE, "FILE"),
        ("compress", "--metadata", HOSTILE),
        ("compress", "-T", HOSTILE),
        ("completion", HOSTILE),
        ("recover", "a", HOSTILE),
    ],
)
def test_what_is_typed(run, file, arguments):
    result = run(*(file if part == "FILE" else part for part in arguments), code=2)
    assert harmless(result.output)
    assert "\\x1b" in result.stderr or "not valid JSON" in result.stderr


def test_all_help_fits(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for name in ("", *main.commands):
        result = CliRunner().invoke(main, [*name.split(), "--help"], terminal_width=60)
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 60


def test_files_on_a_terminal_that_is_narrow_or_wide(monkeypatch, tmp_path):
    """`info` gives each file one line where it fits, and two where not."""
    path = tmp_path / ("大" * 20)
    path.write_bytes(ansflow.compress(b"abracadabra" * 1000, order=1))
    for width, lines in ((60, 3), (80, 3), (200, 2)):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit):
            main(["info", path.name], prog_name="ansflow")
        shown = sys.stdout.getvalue().splitlines()
        assert len(shown) == lines
        assert all(columns(line) <= width for line in shown)
        assert path.name in sys.stdout.getvalue()


def test_a_long_shape_on_a_wide_terminal(monkeypatch, tmp_path):
    """It doesn't push the name out of the line."""
    monkeypatch.chdir(tmp_path)
    Path("x.ans").write_bytes(ansflow.compress(np.ones((1,) * 20)))
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(SystemExit):
        main(["info", "x.ans"], prog_name="ansflow")
    head, line = sys.stdout.getvalue().splitlines()
    assert head.index("file") == line.index("x.ans")
    assert "…" in line


def test_zeros_have_no_overhead(run, tmp_path):
    """Nothing can be said about how much more than nothing something is."""
    for size in (1000, 300_000):
        (tmp_path / "x").write_bytes(ansflow.compress(bytes(size)))
        ideal = ansflow.describe(tmp_path / "x")["ideal"]
        assert ideal == {"bits_per_byte": 0, "overhead_percent": None}
        assert run("info", tmp_path / "x").stdout.splitlines()[1].split()[3:5] == ["0.000", "-"]
    (tmp_path / "x").write_bytes(ansflow.compress(bytes(10**7) + b"x"))
    assert ">1000%" in run("info", tmp_path / "x").stdout
