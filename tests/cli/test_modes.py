"""What fingers know from zstd and xz: options in place of commands, several files, directories."""

import json
import os
import sys

import pytest

import ansflow
from ansflow.cli import main
from ansflow.io import transfer


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def tree(folder):
    """All files below a folder, with their content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_file_without_a_command(run, here, content):
    write(here / "x", content)
    assert "100,000 ->" in run("x").stderr
    write(here / "x", b"")
    run("-d", "x.ans", code=3)
    run("x.ans", "-df")
    assert tree(here)["x"] == content
    run("-z", "x", "-f", "-9", "-T0", "-q", "-k")


@pytest.mark.parametrize(
    "arguments", ["-d -c", "-dc", "-cd", "-dkc", "-kdc -T0", "-c --decompress", "-c --uncompress"]
)
def test_options_in_any_order(run, here, content, arguments):
    write(here / "x.ans", ansflow.compress(content))
    for words in ([*arguments.split(), "x.ans"], ["x.ans", *arguments.split()]):
        assert run(*words).stdout_bytes == content
    assert run(*arguments.split(), input=(here / "x.ans").read_bytes()).stdout_bytes == content


def test_the_last_mode_counts(run, here, content):
    write(here / "x.ans", ansflow.compress(content))
    assert run("-zdc", "x.ans").stdout_bytes == content
    assert run("-dtz", "-fc", "x.ans").stdout_bytes[:4] == (here / "x.ans").read_bytes()[:4]


def test_verifying(run, here, content):
    frame = ansflow.compress(content)
    write(here / "x.ans", frame)
    write(here / "cut.ans", frame[:-1])
    assert run("-t", "x.ans").output == ""
    assert run("-tvk", "x.ans", "x.ans").stderr.count("fine, 100,000 bytes") == 2
    run("-t", "cut.ans", code=1)
    run("--test", input=frame[:-9], code=1)
    assert set(tree(here)) == {"x.ans", "cut.ans"}


def test_listing_is_info_that_decodes_nothing(run, here, content):
    damaged = bytearray(ansflow.compress(content))
    damaged[5000] ^= 1
    write(here / "x.ans", bytes(damaged))
    for options in ((), ("--json",), ("-v",)):
        listed = run("-l", *options, "x.ans").stdout
        assert listed == run("info", "--quick", *options, "x.ans").stdout
    assert json.loads(run("--list", "--json", "x.ans").stdout)["content_size"] == len(content)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("-d --order 1", "--order cannot be used with -d."),
        ("-t -o y", "--output cannot be used with -t."),
        ("-l --rm", "--rm cannot be used with -l."),
        ("-z --json", "--json cannot be used with -z."),
        ("--max-output 5", "--max-output cannot be used with -z."),
    ],
)
def test_options_of_other_modes_are_not_ignored(run, here, content, arguments, said):
    write(here / "x", content)
    assert said in run(*arguments.split(), "x", code=2).stderr
    assert set(tree(here)) == {"x"}


def test_levels_go_with_all_modes(run, here, content):
    """Since tar calls the same compressor both ways: ``tar -I 'ansflow -9'``."""
    write(here / "x.ans", ansflow.compress(content))
    assert run("-9", "-d", "-c", "x.ans").stdout_bytes == content
    run("-1", "-t", "x.ans")
    run("-3", "-l", "x.ans")


def test_words_for_levels(run, here, content):
    """Those of gzip and xz."""
    write(here / "x", content)
    for word, level in (("--fast", "-1"), ("--best", "-9")):
        assert run(word, "-c", "x").stdout_bytes == run(level, "-c", "x").stdout_bytes


def test_version(run):
    assert run("-V").stdout == run("--version").stdout


def test_names_of_commands_and_files(run, here, content):
    """A command goes before a file of its name; what is neither may be mistyped."""
    write(here / "demo", content)
    run("./demo")
    run("--", "demo", "-f", code=3)
    run("-f", "--", "demo")
    assert set(tree(here)) == {"demo", "demo.ans"}
    assert "Did you mean 'compress'?" in run("comprss", "demo", code=2).stderr
    assert "No such file" in run("data.bin", code=3).stderr
    write(here / "comprss", content)
    run("comprss")
    assert "comprss.ans" in tree(here)


def test_a_leading_dash(run, here, content):
    write(here / "-d", content)
    run("--", "-d")
    run("-t", "./-d.ans")
    run("-f", "-d", "--", "-d.ans")
    assert tree(here)["-d"] == content


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs names of any bytes")
def test_names_that_are_no_text(run, here, content):
    name = os.fsdecode(b"\xff \xfe")
    write(here / name, content)
    assert "\\udcff" in run(name).stderr
    (here / name).unlink()
    run("-dr", ".")
    assert tree(here)[name] == content


@pytest.fixture
def folder(here, content):
    """A directory with files, one of them compressed, a link, and more inside."""
    write(here / "d" / "b", content)
    write(here / "d" / "a b", b"abc")
    write(here / "d" / "c.ans", ansflow.compress(b"c"))
    write(here / "d" / "inside" / ".hidden", b"hidden")
    write(here / "elsewhere", b"elsewhere")
    (here / "d" / "link").symlink_to(here / "elsewhere")
    (here / "d" / "self").symlink_to(here / "d")
    return here / "d"


def test_directories_need_an_option(run, folder):
    before = tree(folder)
    for command in ((), ("-d",), ("-t",), ("-l",), ("compress",), ("info",)):
        assert "use -r" in run(*command, folder, code=3).stderr
    assert tree(folder) == before


def test_directories(run, folder, content):
    before = tree(folder)
    result = run("-r", folder)
    assert result.stderr.splitlines()[-1].startswith("3 files: 100,009 -> ")
    made = set(tree(folder)) - set(before)
    assert made == {"b.ans", "a b.ans", os.path.join("inside", ".hidden.ans")}
    assert run("-tvr", folder).stderr.count("fine") == 4
    assert len(run("-lr", folder).stdout.splitlines()) == 6
    assert run("-dcr", folder).stdout_bytes == b"abc" + content + b"c" + b"hidden"
    run("--rm", "-dfr", folder)
    del before["c.ans"]
    assert tree(folder) == {**before, "c": b"c"}


def test_no_output_for_a_directory(run, folder):
    assert "not with -r" in run("-r", folder, "-o", "x", code=2).stderr


def test_another_suffix(run, here, content):
    write(here / "x", content)
    run("-S", ".packed", "x")
    run("-S.packed", "x", code=3)
    assert "ends in .packed" in run("-S.packed", "x.packed", code=2).stderr
    run("-d", "x.packed", code=2)
    run("-df", "-S", ".packed", "x.packed")
    run("x")
    run("-df", "--suffix=.packed", "x.ans")  # is known all the same
    assert set(tree(here)) == {"x", "x.packed", "x.ans"}
    assert tree(here)["x"] == content
    for suffix in ("", ".", "a/b", "/"):
        run("-S", suffix, "x", code=2)


def test_only_what_follows_the_dot(run, here):
    """A file that is called .ans isn't a compressed one without a name."""
    write(here / ".ans", ansflow.compress(b"x"))
    assert "give the output" in run("-d", ".ans", code=2).stderr


def test_some_files_fail(run, here, content):
    """The others are done, and the summary says how many."""
    for name in ("a", "c"):
        write(here / name, content)
    result = run("a", "b", "c", code=3)
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        *("a.ans", "ansflow", "c.ans", "2 of 3 files")
    ]
    assert len(run("none", "b", code=3).stderr.splitlines()) == 2
    assert run("-l", "none", "b", code=3).stdout == ""
    assert run("-q", "-f", "a", "c").output == ""
    assert run("-c", "a", "c").stderr == ""
    assert "2 files" in run("-cv", "a", "c").stderr


def test_memory(run, here, content):
    frame = ansflow.compress(content)
    assert run("-d", "-M64Mi", input=frame).stdout_bytes == content
    assert "max_memory" in run("-d", "-M", "1K", input=frame, code=4).stderr
    run("-t", "-M1k", input=frame, code=4)


def test_memory_to_compress(run, here, content, monkeypatch):
    """It bounds the number of threads."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    asked = []
    compress_file = transfer.compress_file

    def watched(*arguments, threads, **options):
        asked.append(threads)
        return compress_file(*arguments, threads=1, **options)

    monkeypatch.setattr(transfer, "compress_file", watched)
    write(here / "x", content)
    for options in ("-M 1G", "-M 1G -T 3", "-M 100M", "-M 100M --chunk-size 1M", "-T 3", ""):
        run("-cf", *options.split(), "x")
    assert asked == [8, 3, 2, 8, 3, None]
    assert "smaller --chunk-size" in run("-M", "40M", "x", code=4).stderr
    assert "--model" in run("-M", "1G", "--model", "mnist-vae", "x", code=2).stderr


def test_help_has_the_options_of_the_default_command(run):
    shown = run("--help").stdout
    for param in main.commands["compress"].params:
        assert param.param_type_name == "argument" or param.hidden or param.opts[-1] in shown
