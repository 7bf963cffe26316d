"""`compress` and `decompress`: files come back, nothing is overwritten or left half done."""

import os
import stat

import naive_frame as naive
import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow.bitsback.models.pretrained import PRETRAINED


def frame_of(data, **options):
    return ansflow.compress(data, **options)


def test_round_trip(run, file, files, content):
    assert "100,000 ->" in run("compress", file).stderr
    assert file.read_bytes() == content
    file.unlink()
    assert "100,000 bytes" in run("decompress", f"{file}.ans").stderr
    assert file.read_bytes() == content
    assert files() == ["data.bin", "data.bin.ans"]


def test_python_reads_what_the_command_writes_and_back(run, file, tmp_path, content):
    run("compress", file)
    assert ansflow.decompress((tmp_path / "data.bin.ans").read_bytes()) == content
    (tmp_path / "p.ans").write_bytes(frame_of(content))
    run("decompress", tmp_path / "p.ans")
    assert (tmp_path / "p").read_bytes() == content


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_named_outputs(run, file, tmp_path, content, option):
    run("compress", file, option, tmp_path / "x", "--precision", 14)
    run("decompress", tmp_path / "x", option, tmp_path / "y")
    assert (tmp_path / "y").read_bytes() == content


@pytest.mark.parametrize("undo", [("-d",), ("--decompress",), ("compress", "-d"), ("decompress",)])
def test_ways_to_say_decompress(run, file, content, undo):
    run("compress", file)
    file.unlink()
    run(*undo, f"{file}.ans")
    assert file.read_bytes() == content


def test_short_options_may_be_joined(run, file, content):
    run("compress", "-kf", file)
    assert run("-dc", f"{file}.ans").stdout_bytes == content
    assert run("compress", "-dc", f"{file}.ans").stdout_bytes == content


@pytest.mark.parametrize("option", ["--order=1", "--chunk-size=1K", "--precision=9"])
def test_options_of_compressing_are_none_of_decompressing(run, file, option):
    run("compress", file)
    assert "cannot be used with -d" in run("compress", "-d", f"{file}.ans", option, code=2).stderr


def test_standard_input_and_output(run, file, content):
    for arguments in ((), ("-",), ("-c",), ("-o", "-"), ("-", "-c")):
        frame = run("compress", *arguments, input=content).stdout_bytes
        assert ansflow.decompress(frame) == content
        assert run("decompress", *arguments, input=frame).stdout_bytes == content
    frame = run("compress", "-c", file).stdout_bytes
    assert ansflow.decompress(frame) == content


def test_standard_input_to_a_file(run, tmp_path, content):
    run("compress", "-o", tmp_path / "x", input=content)
    run("decompress", "-", "-o", tmp_path / "y", input=(tmp_path / "x").read_bytes())
    assert (tmp_path / "y").read_bytes() == content


def test_several_files_to_standard_output_are_one(run, file, content):
    frames = run("compress", "-c", file, file).stdout_bytes
    assert ansflow.decompress(frames) == 2 * content
    assert run("decompress", input=frames).stdout_bytes == 2 * content


def test_options_reach_the_frame(run, file, tmp_path, content):
    file.write_bytes(b"abracadabra" * 5000)
    run("compress", file, "-o", tmp_path / "plain")
    run("compress", file, "-o", tmp_path / "order", "--order", 1)
    assert (tmp_path / "order").stat().st_size < (tmp_path / "plain").stat().st_size
    options = ("--chunk-size", "4K", "--precision", 13, "--metadata", '{"from": ["here"]}')
    run("compress", file, "-o", tmp_path / "set", *options, "-T", 2)
    with ansflow.open(tmp_path / "set") as reader:
        assert reader.metadata == {"from": ["here"]}
    assert (tmp_path / "set").read_bytes() != (tmp_path / "plain").read_bytes()
    for name in ("plain", "order", "set"):
        assert run("cat", tmp_path / name).stdout_bytes == file.read_bytes()


def test_threads_make_no_difference(run, file):
    results = {run("compress", "-c", file, "-T", n).stdout_bytes for n in (0, 1, 2, 5)}
    assert len(results) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--metadata", "{"),
        ("--metadata", "[1]"),
        ("--chunk-size", "0"),
        ("--chunk-size", "129M"),
        ("--chunk-size", "x"),
        ("--precision", "17"),
        ("--order", "2"),
        ("-T", "-1"),
        ("-c", "-o", "x"),
        ("--rm", "-c"),
        ("--rm", "-k"),
        ("--unknown",),
    ],
)
def test_wrong_usage(run, file, files, arguments):
    run("compress", file, *arguments, code=2)
    assert files() == ["data.bin"]


def test_one_output_for_several_files(run, file, tmp_path):
    assert "single FILE" in run("compress", file, file, "-o", tmp_path / "x", code=2).stderr


def test_empty_file(run, file):
    file.write_bytes(b"")
    run("compress", file)
    run("decompress", f"{file}.ans", "-f")
    assert file.read_bytes() == b""


def test_removing_the_input(run, file, files, content):
    run("compress", "--rm", file)
    assert files() == ["data.bin.ans"]
    run("decompress", "--rm", f"{file}.ans")
    assert files() == ["data.bin"]
    assert file.read_bytes() == content
    run("compress", "-k", file)
    assert files() == ["data.bin", "data.bin.ans"]
    run("compress", "--rm", file, code=3)  # the output exists
    run("compress", "--rm", file, "-o", os.devnull)
    assert files() == ["data.bin", "data.bin.ans"]


def test_refuses_to_overwrite(run, file, tmp_path):
    run("compress", file)
    before = (tmp_path / "data.bin.ans").read_bytes()
    assert "exists" in run("compress", file, code=3).stderr
    assert "exists" in run("decompress", f"{file}.ans", code=3).stderr
    run("compress", file, "--force", "--precision", 15)
    assert (tmp_path / "data.bin.ans").read_bytes() != before


def test_the_input_is_never_overwritten(run, file, tmp_path, content):
    (tmp_path / "link").symlink_to(file)
    for command in ("compress", "decompress"):
        for target in (file, tmp_path / "link"):
            assert "is the input" in run(command, file, "-f", "-o", target, code=3).stderr
    assert file.read_bytes() == content


def test_compressing_twice_has_to_be_meant(run, file, files):
    run("compress", file)
    assert "ends in .ans" in run("compress", f"{file}.ans", code=2).stderr
    run("compress", "-f", f"{file}.ans")
    assert files() == ["data.bin", "data.bin.ans", "data.bin.ans.ans"]


def test_needs_a_name_to_write_to(run, file):
    assert "-o" in run("decompress", file, code=2).stderr


def test_a_bad_file_among_good_ones(run, file, files, tmp_path, content):
    run("compress", file)
    damaged = bytearray((tmp_path / "data.bin.ans").read_bytes())
    damaged[5000] ^= 1
    (tmp_path / "bad.ans").write_bytes(damaged)
    file.unlink()
    result = run("decompress", tmp_path / "none", tmp_path / "bad.ans", f"{file}.ans", code=2)
    assert file.read_bytes() == content
    first, second, note, third, last = result.stderr.splitlines()
    assert (
        first
        == f"ansflow: {tmp_path / 'none'}: the name does not end in .ans: give the output with -o"
    )
    assert second.startswith(f"ansflow: {tmp_path / 'bad.ans'}: chunk 0")
    assert "recover" in note
    assert third == f"{file}: 100,000 bytes"
    assert last == "1 of 3 files: 100,000 bytes"
    assert files() == ["bad.ans", "data.bin", "data.bin.ans"]


def test_files_that_cannot_be_read_or_written(run, file, tmp_path):
    missing = tmp_path / "none"
    assert run("compress", missing, code=3).stderr == (
        f"ansflow: {missing}: No such file or directory\n"
    )
    assert "directory" in run("compress", tmp_path, "-o", tmp_path / "x", code=3).stderr
    assert "directory" in run("compress", file, "-o", tmp_path, code=3).stderr
    nowhere = missing / "x"
    assert str(nowhere) in run("compress", file, "-o", nowhere, code=3).stderr


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"x" + b])
def test_damage_is_told_and_leaves_no_file(run, file, files, content, damage):
    frame = file.with_name("bad.ans")
    frame.write_bytes(damage(frame_of(content)))
    result = run("decompress", frame, code=1)
    what, *note = result.stderr.splitlines()
    assert what.startswith(f"ansflow: {frame}: ")
    # What doesn't even begin like a frame is none.
    begins = frame.read_bytes()[:1] == b"\x89"
    assert note == [f"  ansflow recover {frame} saves all chunks that are intact"] * begins
    assert files() == ["bad.ans", "data.bin"]
    run("decompress", frame, "-f", "-o", file, code=1)
    assert file.read_bytes() == content


def test_limits(run, file):
    run("compress", file)
    frame = f"{file}.ans"
    assert "max_output=99999" in run("-d", "-c", frame, "--max-output", 99_999, code=4).stderr
    assert "max_output=1024" in run("-d", "-c", frame, "--max-output", "1K", code=4).stderr
    assert "max_memory=1024" in run("-d", "-c", frame, "--max-memory", "1KiB", code=4).stderr
    run("-d", "-c", frame, "--max-output", "100k", "--max-memory", "2G")


def test_arrays_are_written_as_their_items(run, tmp_path):
    array = np.arange(12, dtype=">i2").reshape(3, 4)
    for order in "CF":
        (tmp_path / "a.ans").write_bytes(frame_of(np.asarray(array, order=order)))
        run("decompress", "-f", tmp_path / "a.ans")
        assert (tmp_path / "a").read_bytes() == array.tobytes()


def test_arrays_in_fortran_order_have_to_fit(run, tmp_path):
    array = np.asfortranarray(np.arange(3000.0).reshape(3, 1000))
    (tmp_path / "a.ans").write_bytes(frame_of(array, chunk_size=100))
    run("test", tmp_path / "a.ans", "--max-memory", "40K")
    result = run("decompress", tmp_path / "a.ans", "--max-memory", "40K", code=4)
    assert "Fortran order" in result.stderr
    run("decompress", tmp_path / "a.ans", "--max-memory", "48K")


def test_quiet_and_verbose(run, file):
    assert run("compress", "-q", file).output == ""
    assert len(run("compress", "-f", file).stderr.splitlines()) == 1
    assert "iB/s" in run("compress", "-fv", file).stderr
    assert run("compress", "-c", file).stderr == ""
    assert "100,000 ->" in run("compress", "-cv", file).stderr
    assert "exists" in run("compress", "-q", file, code=3).stderr


def test_mode_and_times_come_along(run, file, tmp_path):
    file.chmod(0o640)
    os.utime(file, (1e9, 1e9))
    run("compress", file)
    file.unlink()
    run("decompress", f"{file}.ans")
    for path in (file, tmp_path / "data.bin.ans"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert path.stat().st_mtime == 1e9


def test_what_is_overwritten_keeps_its_mode(run, file, tmp_path):
    (tmp_path / "x").touch(0o600)
    run("compress", "-f", file, "-o", tmp_path / "x")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_cat(run, file, content):
    run("compress", file, "--chunk-size", "1K")
    frame = f"{file}.ans"
    assert run("cat", frame, frame).stdout_bytes == 2 * content
    assert (
        run("cat", "-", input=file.with_name("data.bin.ans").read_bytes()).stdout_bytes == content
    )
    for offset, size in ((0, 10), (1000, 5000), (99_990, 100), (200_000, 1)):
        part = run("cat", frame, "--offset", offset, "--size", size).stdout_bytes
        assert part == content[offset : offset + size]
    assert run("cat", frame, "--offset", "64K").stdout_bytes == content[65536:]


def test_cat_of_a_range_does_without_the_rest(run, file, tmp_path, content):
    run("compress", file, "--chunk-size", "1K")
    damaged = bytearray((tmp_path / "data.bin.ans").read_bytes())
    damaged[3000] ^= 1
    (tmp_path / "bad").write_bytes(damaged)
    run("cat", tmp_path / "bad", code=1)
    assert run("cat", tmp_path / "bad", "--offset", "50K").stdout_bytes == content[50 << 10 :]


def test_no_ranges_of_fortran_order(run, tmp_path):
    (tmp_path / "a").write_bytes(frame_of(np.asfortranarray(np.ones((3, 4)))))
    assert "Fortran order" in run("cat", tmp_path / "a", "--offset", 8, code=2).stderr


def test_test(run, file, tmp_path):
    run("compress", file)
    frame = tmp_path / "data.bin.ans"
    assert run("test", frame).output == ""
    assert run("test", "-v", frame, frame).stderr.count("fine, 100,000 bytes\n") == 2
    run("test", input=frame.read_bytes())
    data = frame.read_bytes()
    bad = tmp_path / "bad"
    for position in range(0, len(data), 997):
        bad.write_bytes(data[:position] + bytes([data[position] ^ 255]) + data[position + 1 :])
        run("test", bad, code=1)
    bad.write_bytes(data[:-1])
    result = run("test", "-v", frame, bad, tmp_path / "none", code=3)
    fine, cut, note, missing = result.stderr.splitlines()
    assert "fine" in fine
    assert f"ansflow recover {bad} " in note
    assert "cut off" in cut
    assert "No such file" in missing


# Models of images

VAE, MODEL = small_vaes.make_known("cli", components=2, seed=1)
IMAGES = naive_model.sample(MODEL, 40)


@pytest.mark.parametrize("content", [IMAGES, IMAGES + b"more", b"no images", b""])
def test_a_model(run, tmp_path, content):
    """It is what Python does, and files come back whatever they are."""
    path = tmp_path / "images"
    path.write_bytes(content)
    run("compress", path, "--model", "cli", "--chunk-size", 480)
    frame = (tmp_path / "images.ans").read_bytes()
    assert ansflow.decompress(frame) == content
    assert naive.read(frame).description["model"]["fingerprint"] == VAE.fingerprint
    if len(content) > 480:
        assert naive.MODELLED in naive.read(frame).kinds
    path.unlink()
    run("decompress", f"{path}.ans")
    assert path.read_bytes() == content
    run("test", f"{path}.ans")
    part = run("cat", f"{path}.ans", "--offset", 500, "--size", 99).stdout_bytes
    assert part == content[500:599]


def test_a_model_and_standard_input(run):
    frame = run("compress", "--model", "cli", input=IMAGES).stdout_bytes
    assert naive.MODELLED in naive.read(frame).kinds
    assert run("decompress", input=frame).stdout_bytes == IMAGES


@pytest.mark.parametrize("name", ["other", "", "cli "])
def test_a_model_that_is_unknown(run, file, files, name):
    """Wrong usage, and the message says which there are."""
    result = run("compress", file, "--model", name, code=2)
    assert "there is no model" in result.stderr
    assert "mnist-vae-binary" in result.stderr
    assert files() == ["data.bin"]


def test_a_frame_whose_model_is_unknown(run, tmp_path, files):
    """Nothing is written, and the message says which model it takes."""
    vae, _ = small_vaes.build("never-made-known", components=2, seed=1)
    (tmp_path / "x.ans").write_bytes(ansflow.compress(IMAGES, model=vae))
    for command in ("decompress", "test", "cat", "info", "recover"):
        assert "never-made-known" in run(command, tmp_path / "x.ans", code=1).stderr
    assert files() == ["x.ans"]


def test_a_model_goes_only_with_compressing(run, file):
    run("compress", file)
    result = run("compress", "-d", f"{file}.ans", "--model", "cli", code=2)
    assert "--model cannot be used with -d" in result.stderr
    assert "No such option" in run("decompress", f"{file}.ans", "--model", "cli", code=2).stderr


def test_the_help_names_the_models(run):
    output = "".join(run("compress", "--help").stdout.split())  # lines may end within names
    for name in PRETRAINED:
        assert name in output
