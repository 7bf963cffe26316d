"""Every example runs as it stands."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from ansflow.bitsback import load
from ansflow.cli import main
from ansflow.transforms.registry import ALL

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE = EXAMPLES / "mnist_sample.npz"

# All images would take minutes, and training half an hour.
ARGUMENTS = {
    "bbans_mnist.py": ["--data", str(SAMPLE), "--images", "40", "--json"],
    "bitswap_chain.py": ["--json"],
    "bitswap_mnist.py": ["--images", "40", "--json"],
    "climate_data.py": ["--made-up"],
    "hilloc_photos.py": ["--crop", "64", "--json"],
    "multisets.py": ["--sizes", "1000", "--json"],
    "lanes.py": ["--lanes", "1", "4", "--symbols", "65536"],
    "search_and_alias.py": ["--symbols", "4096"],
    "graphs.py": ["--size", "2000", "--json"],
    "state_space_text.py": ["--states", "8", "--steps", "30", "--length", "2000", "--json"],
    "train_bitswap.py": ["--help"],
    "train_hilloc.py": ["--help"],
    "diffusion_digits.py": ["--numbers", "1024", "--digits", "3", "--passes", "2", "--json"],
    "train_diffusion_digits.py": ["--help"],
    "train_mnist_vae.py": ["--help"],
    "what_a_plan_gains.py": ["--made-up"],
    "weights.py": ["--made-up"],
    "vector_ids.py": ["--ids", "20000", "--lists", "16", "64", "--json"],
}
NEEDS = {
    "climate_data.py": ["dask.array", "xarray", "zarr"],
    "train_bitswap.py": ["torch", "mlxtend"],
    "hilloc_photos.py": ["skimage", "PIL"],
    "train_hilloc.py": ["torch", "PIL"],
    "train_diffusion_digits.py": ["torch", "sklearn"],
    "train_mnist_vae.py": ["torch", "mlxtend"],
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_runs(path, tmp_path, monkeypatch, capsys):
    """As a script, but in this process: others would begin by importing Numba."""
    for module in NEEDS.get(path.name, []):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr("sys.argv", [str(path), *ARGUMENTS.get(path.name, [])])
    monkeypatch.setenv("MPLBACKEND", "agg")  # where matplotlib is installed
    monkeypatch.setattr("subprocess.run", run_command)
    code = None
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        code = end.code
    close_figures()
    assert not code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    if path.name == "bbans_mnist.py":
        check_rates(json.loads(lines[-1]))
    if path.name == "bitswap_chain.py":
        check_depths(json.loads(lines[-1]))
    if path.name == "bitswap_mnist.py":
        check_layers(json.loads(lines[-1]))
    if path.name == "diffusion_digits.py":
        check_bounds(json.loads(lines[-1]))
    if path.name == "graphs.py":
        check_graphs(json.loads(lines[-1]))
    if path.name == "state_space_text.py":
        check_state_spaces(json.loads(lines[-1]))
    if path.name == "hilloc_photos.py":
        check_photos(json.loads(lines[-1]))
    if path.name == "multisets.py":
        check_multisets(json.loads(lines[-1]))
    if path.name == "vector_ids.py":
        check_ids(json.loads(lines[-1]))
    if path.name == "what_a_plan_gains.py":
        check_bars(lines)


def run_command(command, *, check):
    """What a process of its own would do."""
    assert check
    assert command[:3] == [sys.executable, "-m", "ansflow"]
    with pytest.raises(SystemExit) as end:
        main(command[3:])
    assert not end.value.code


def close_figures():
    """Which examples leave open, for whoever shows them."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def check_layers(found):
    check_rates(found)
    first, last = ([bits[i] for bits in found["starting_bits"].values()] for i in (0, 7))
    assert list(found["starting_bits"]) == ["bitswap", "bbans"]
    assert last[0] < 2 * first[0]
    assert last[1] > 7 * first[1]


def check_graphs(found):
    for name, ideal in {"karate": 207.46, "florentine": 33.51}.items():
        assert found[name]["ideal_bits"] == pytest.approx(ideal, abs=0.02)
        assert found[name]["net_bits"] == pytest.approx(ideal, abs=1)
        assert found[name]["net_bits"] < found[name]["labelled_bits"]
    edges = found["random_edges"]
    assert edges["bits_per_edge"] == pytest.approx(edges["ideal"], abs=2e-6)


def check_rates(found):
    for name, dimensions in {"binary": 0.25, "raw": 1.6}.items():
        rates = found[name]
        assert rates["images"] == 40
        assert rates["net"] < rates["used"] <= rates["total"]
        assert rates["total"] < dimensions
        assert rates["net"] == pytest.approx(rates["elbo"], rel=0.05)  # of so few images


def check_depths(found):
    for name, bits in found["starting_bits"].items():
        assert max(bits) < 2 * bits[0] if name == "bitswap" else max(bits) > 7 * bits[0]
        for exact, wrong in found["net_over_bound"][name]:
            assert exact == pytest.approx(1, abs=1e-3)
            assert wrong == pytest.approx(1, abs=1e-2)  # of so few numbers


def check_bounds(found):
    for rates in (*found["toy"].values(), found["digits"]):
        assert rates["effective"] == pytest.approx(rates["vlb"], rel=0.2)  # of so few
    assert list(found["toy"]) == ["50", "200"]
    assert found["digits"]["effective"] < found["digits"]["used"] <= found["digits"]["total"]


def check_state_spaces(found):
    hmm, text = found["hmm"], found["text"]
    assert hmm["length"] == 2000
    assert hmm["bits"] == pytest.approx(hmm["ideal_bits"], rel=1e-5)
    assert text["rate"] == pytest.approx(text["ideal"], rel=1e-5)
    assert text["ideal"] < text["order0"] - 0.3  # with a few states


def check_photos(found):
    for rates in found.values():
        assert rates["net"] == pytest.approx(rates["elbo"], rel=5e-3)
        assert rates["net"] < rates["total"] < 0.85 * rates["png"]  # of pieces


def check_multisets(found):
    assert found["1000"]["saved_bits"] == pytest.approx(found["1000"]["ideal_bits"], rel=1e-6)


def check_ids(found):
    assert list(found) == ["16", "64"]
    for row in found.values():
        assert row["ideal"] < row["bits_per_id"] < row["ideal"] + 64 * 8 * 8 / 20000


def check_bars(lines):
    """Of an array that is made there: a bar for each stage, of which the last one pays."""
    assert max(map(len, lines)) <= 80
    bars = [line.split() for line in lines if line.endswith("#")]
    assert [bar[0] for bar in bars][:2] == ["as", "bytes,"]
    assert len(bars) > 4
    first, last = (float(bar[-2]) for bar in (bars[0], bars[-1]))
    assert first == 32
    assert last < first / 6
    assert len(bars[0][-1]) > 6 * len(bars[-1][-1])


def test_a_plan_of_ones_own_array(tmp_path, monkeypatch, capsys):
    example = EXAMPLES / "what_a_plan_gains.py"
    monkeypatch.setenv("MPLBACKEND", "agg")
    for array in (np.arange(3), np.arange(4000, dtype="u1").reshape(-1, 2) // 16):
        np.save(tmp_path / "array.npy", array)
        monkeypatch.setattr("sys.argv", [str(example), str(tmp_path / "array.npy"), "--level", "1"])
        found = runpy.run_path(str(example), run_name="__main__")
        close_figures()
    printed = capsys.readouterr().out
    assert "No recipe is better for int64 (3,)" in printed
    assert "uint8 (2000, 2), 4,000 bytes" in printed
    assert {transform.name for transform in ALL} < set(found["WHAT_IT_DOES"])


@pytest.fixture
def train_bitswap(monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("mlxtend")
    monkeypatch.syspath_prepend(EXAMPLES)
    import train_bitswap

    return train_bitswap


@pytest.mark.parametrize("task", ["binary", "raw"])
def test_training_begins_at_the_bound_of_one_layer(task, train_bitswap):
    with np.load(SAMPLE) as archive:
        images = archive["data"][:100]
    if task == "binary":
        images = (images > 127).astype(np.uint8)
    known, begun = load(train_bitswap.BEGIN[task]), train_bitswap.Trained(task).in_fixed_point()
    bounds = (vae.elbo(images, samples=2, rng=0).sum() for vae in (known, begun))
    assert next(bounds) == pytest.approx(next(bounds), rel=0.01)


@pytest.mark.slow  # to begin, torch's optimizers import half of torch
def test_training_goes_on_from_checkpoints(train_bitswap, tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(train_bitswap, "BATCH_SIZE", 2)
    digits = torch.tensor(np.load(SAMPLE)["data"][:2, None], dtype=torch.float32)
    results = []
    for parts in ((3,), (1, 3)):
        torch.manual_seed(0)
        file = tmp_path / f"{len(parts)}.pt"
        for epochs in parts:
            result = train_bitswap.train("binary", digits, epochs, file)
        results.append(result)
    for one, other in zip(*(result.parameters() for result in results), strict=True):
        assert torch.equal(one, other)
