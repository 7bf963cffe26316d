"""`info` says what there is, `recover` what was lost."""

import json

import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow


@pytest.fixture
def frames(tmp_path):
    path = tmp_path / "x.ans"
    text = ansflow.compress(b"abracadabra" * 1000, chunk_size=4000, order=1)
    path.write_bytes(text + ansflow.compress(bytes(1000), metadata={"a": [1]}))
    return path


def test_table(run, frames, tmp_path):
    (tmp_path / "array.ans").write_bytes(ansflow.compress(np.arange(600.0).reshape(3, 200)))
    head, first, second, _ = run("info", frames, tmp_path / "array.ans").stdout.splitlines()
    assert head.split() == ["content", "size", "bits/byte", "ideal", "overhead", "holds", "file"]
    assert first.split()[:2] == ["12,000", f"{frames.stat().st_size:,}"]
    assert first.endswith(f"bytes, 2 frames      {frames}")
    assert "<f8 3x200" in second


def test_details(run, frames):
    output = run("info", "-v", frames).stdout
    for part in (
        "frame 1: version 3",
        "frame 2: version 3",
        "contexts 3",
        "constant 1",
        'metadata: {"a": [1]}',
        "no index",
        "an index",
    ):
        assert part in output


def test_json(run, frames):
    first, second = run("info", "--json", frames, frames).stdout.splitlines()
    assert first == second
    found = json.loads(first)
    assert found.pop("file") == str(frames)
    assert found == json.loads(json.dumps(ansflow.describe(frames)))


def test_quick_decodes_nothing(run, frames):
    found = json.loads(run("info", "--json", "--quick", frames).stdout)
    assert "ideal" not in found
    assert all("ideal" not in frame for frame in found["frames"])
    damaged = bytearray(frames.read_bytes())
    damaged[100] ^= 1
    frames.write_bytes(damaged)
    assert run("info", "--quick", frames).stderr == ""
    _, quick, recover = run("info", frames, code=1).stderr.splitlines()
    assert quick == "  --quick describes it without decoding"
    assert recover == f"  ansflow recover {frames} saves all chunks that are intact"


def test_notes_only_where_they_help(run, tmp_path, monkeypatch):
    """What is cut off isn't described by --quick either; names are ready for a shell."""
    monkeypatch.chdir(tmp_path)
    frame = ansflow.compress(b"abracadabra" * 1000)
    (tmp_path / "-a b").write_bytes(frame[:-1])
    _, note = run("info", "--", "-a b", code=1).stderr.splitlines()
    assert note == "  ansflow recover './-a b' saves all chunks that are intact"
    indexed = ansflow.compress(b"abracadabra" * 1000, chunk_size=1000)
    (tmp_path / "no-begin").write_bytes(b"?" + indexed[1:])
    assert run("info", "no-begin", code=1).stderr.endswith(
        "  ansflow recover no-begin saves all chunks that are intact\n"
    )
    assert "lost: 0" in run("recover", "no-begin").stderr
    (tmp_path / "other").write_bytes(b"no frame")
    assert len(run("info", "other", code=1).stderr.splitlines()) == 1
    assert len(run("test", input=frame[:-1], code=1).stderr.splitlines()) == 1


def test_a_line_about_several_files(run, frames):
    size = frames.stat().st_size
    for options in ((), ("--quick",)):
        head, _, _, total = run("info", *options, frames, frames).stdout.splitlines()
        assert total.split()[:2] == ["24,000", f"{2 * size:,}"]
        assert total.endswith("2 files")
    assert head.split() == ["content", "size", "ratio", "bits/byte", "holds", "file"]
    assert float(total.split()[2]) == round(12_000 / size, 2)


def test_everything_can_be_told(run, tmp_path):
    path = tmp_path / "x"
    arrays = [np.zeros((0, 3)), np.array(1.5), np.ones(3, [("a", "i2"), ("b", "f4")])]
    for data in (b"", bytes(10), *arrays):
        path.write_bytes(ansflow.compress(data))
        run("info", "-v", path)
        json.loads(run("info", "--json", path).stdout)


def test_info_goes_on(run, frames, tmp_path):
    (tmp_path / "bad").write_bytes(b"no frame")
    result = run("info", tmp_path / "none", tmp_path / "bad", frames, code=3)
    assert len(result.stderr.splitlines()) == 2
    assert str(frames) in result.stdout


def test_info_limits(run, frames):
    assert "max_output" in run("info", frames, "--max-output", "1K", code=4).stderr


@pytest.fixture
def damaged(run, file, tmp_path):
    run("compress", file, "--chunk-size", "1K")
    path = tmp_path / "data.bin.ans"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path


def test_recover(run, damaged, tmp_path, content):
    result = run("recover", damaged, code=1)
    target = tmp_path / "data.bin.recovered.ans"
    first, second = result.stderr.splitlines()
    assert first == f"{target}: 100,000 bytes of content; intact chunks: 97, lost: 1"
    assert second.startswith("  lost, replaced by zeros: bytes ")
    back = ansflow.decompress(target.read_bytes())
    assert len(back) == len(content)
    assert sum(a != b for a, b in zip(back, content, strict=True)) <= 1024


def test_recover_names_indices_of_arrays(run, tmp_path):
    array = np.random.default_rng(0).integers(0, 1 << 32, (600, 25), "u4")
    frame = bytearray(ansflow.compress(array, chunk_size=10_000))
    frame[len(frame) // 2] ^= 1
    (tmp_path / "x.ans").write_bytes(frame)
    assert "  lost, replaced by zeros: items [300:400, :]\n" in (
        run("recover", tmp_path / "x.ans", code=1).stderr
    )
    found = json.loads(run("recover", "-f", "--json", tmp_path / "x.ans", code=1).stdout)
    assert found["boxes"] == [{"name": None, "shape": [600, 25], "box": [[300, 400], [0, 25]]}]


def test_recover_as_json(run, damaged, tmp_path):
    found = json.loads(run("recover", "--json", damaged, "-o", tmp_path / "new", code=1).stdout)
    assert found["file"] == str(damaged)
    assert found["output"] == str(tmp_path / "new")
    assert found["chunks"] == 97
    ((begin, end),) = found["lost"]
    assert end - begin == 1024
    run("recover", "-q", tmp_path / "new", "-o", tmp_path / "again")


def test_recover_what_is_cut(run, damaged):
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    assert "the end is missing" in run("recover", damaged, code=1).stderr


def test_recover_what_is_intact(run, frames):
    assert "was intact" in run("recover", frames).stderr


def test_recover_what_lost_nothing(run, file):
    run("compress", file, "--chunk-size", "1K")
    path = file.with_name("data.bin.ans")
    path.write_bytes(path.read_bytes()[:-1] + b"?")  # of the index
    assert "no content was lost" in run("recover", path).stderr


def test_many_lost_ranges_are_not_all_listed(run, file, tmp_path):
    run("compress", file, "--chunk-size", 100)
    path = tmp_path / "data.bin.ans"
    data = bytearray(path.read_bytes())
    for at in range(1000, len(data) // 2, 500):
        data[at] ^= 1
    path.write_bytes(data)
    few = run("recover", path, code=1).stderr
    every = run("recover", "-fv", path, code=1).stderr
    assert "more; use -v to list all" in few
    assert len(few.splitlines()) == 12 < len(every.splitlines())


def test_recover_overwrites_nothing_unasked(run, damaged, tmp_path, files):
    run("recover", damaged, code=1)
    assert "exists" in run("recover", damaged, code=3).stderr
    run("recover", "-f", damaged, code=1)
    before = damaged.read_bytes()
    assert "is the input" in run("recover", "-f", damaged, "-o", damaged, code=3).stderr
    assert damaged.read_bytes() == before
    run("recover", "-", code=2)
    (tmp_path / "bad").write_bytes(b"nothing" * 100)
    assert run("recover", tmp_path / "bad", code=1).stderr.count("\n") == 1
    run("recover", tmp_path / "none", code=3)
    assert "bad.recovered.ans" not in files()


def test_models_are_told(run, tmp_path):
    vae, model = small_vaes.make_known("inspected", components=2, seed=1)
    content = naive_model.sample(model, 40)
    path = tmp_path / "x.ans"
    path.write_bytes(ansflow.compress(content, model=vae, chunk_size=480))
    output = run("info", "-v", path).stdout
    assert "streams: modelled 2" in output
    assert f"model: inspected, {vae.fingerprint}" in output
    (frame,) = json.loads(run("info", "--json", path).stdout)["frames"]
    assert frame["model"] == {"name": "inspected", "fingerprint": vae.fingerprint}
    assert frame["streams"]["modelled"] == 2
    path.write_bytes(ansflow.compress(content))
    assert "model:" not in run("info", "-v", path).stdout
    assert "model" not in json.loads(run("info", "--json", path).stdout)["frames"][0]


def test_quick_needs_no_model(run, tmp_path):
    """What a frame says of it can be read by anyone."""
    vae, model = small_vaes.build("inspected-elsewhere", components=2, seed=1)
    path = tmp_path / "x.ans"
    path.write_bytes(ansflow.compress(naive_model.sample(model, 40), model=vae))
    assert "inspected-elsewhere" in run("info", "-v", "--quick", path).stdout
    assert "inspected-elsewhere" in run("info", path, code=1).stderr


def test_masked_arrays(run, tmp_path):
    path = tmp_path / "x.ans"
    array = np.ma.MaskedArray(np.arange(600.0).reshape(3, 200), fill_value=2.0)
    for masked in (array, np.ma.masked_less(array, 7)):
        path.write_bytes(ansflow.compress(masked))
        assert "<f8 3x200, masked" in run("info", path).stdout
        assert "bits an item, masked" in run("info", "-v", path).stdout
        (frame,) = json.loads(run("info", "--json", path).stdout)["frames"]
        assert frame["masked"] == {"hard": False, "fill_value": "0000000000000040"}


def test_streams_of_numbers(run, tmp_path):
    """What they take, within 80 columns, and what they would take at best."""
    path = tmp_path / "x.ans"
    prices = np.round(np.cumsum(np.random.default_rng(0).normal(0, 1, 100_000)), 2)
    path.write_bytes(ansflow.compress(prices))
    output = run("info", "-v", path).stdout
    title = "decimal[100.0](delta[0](log), log, bytes), in 1 of the chunks, 100,000 items:"
    assert title in " ".join(output.split())
    head, first, *_ = output[output.index("      stream ") :].splitlines()
    assert head.split() == ["stream", "kinds", "size", "bits/item", "ideal", "overhead"]
    assert first.split()[:4] == ["integers,", "tokens", "coded", "1"]
    bits, ideal, overhead = first.split()[5:]
    assert 1 < float(ideal) <= float(bits) < 1.01 * float(ideal)
    assert overhead.startswith("+0.")
    (row,) = [line for line in output.splitlines() if line.startswith("      all ")]
    assert len(row) <= 80
    assert "stream " not in run("info", "-v", "--quick", path).stdout
    told = json.loads(run("info", "--json", path).stdout)["frames"][0]["plans"][0]
    assert (told["chunks"], told["items"]) == (1, 100_000)
    assert f"{told['streams'][0]['bits_per_item']:.3f}" == bits


def test_few_of_many_recipes_are_printed(run, tmp_path):
    path = tmp_path / "x.ans"
    values = np.arange(8000).reshape(8, 1000)
    values[:, ::3] = np.arange(8)[:, None]
    path.write_bytes(ansflow.compress(values, recipe="mask(planes, stream)", chunks=(1, 1000)))
    output = run("info", "-v", path).stdout
    assert output.count("stream  ") == 5
    assert "and 3 other recipes" in output
