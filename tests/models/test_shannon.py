"""On real bytes, 14 bits of precision cost less than a thousandth of the Shannon bound."""

import sysconfig
from pathlib import Path

import numpy as np
import pytest

from ansflow.models import Categorical


def text():
    """The standard library's source."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return np.frombuffer(b"".join(path.read_bytes() for path in sources), np.uint8)


def machine_code():
    """The largest compiled extension of NumPy."""
    files = Path(np.__file__).parent.glob("_core/*multiarray_umath*")
    return np.fromfile(max(files, key=lambda path: path.stat().st_size), np.uint8)


INPUTS = {
    "skewed": lambda: np.random.default_rng(0).geometric(0.15, 1 << 20).clip(1, 256) - 1,
    "text": text,
    "binary": machine_code,
}


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize(("precision", "percent"), [(12, 0.3), (14, 0.1)])
def test_model_overhead(name, precision, percent):
    data = INPUTS[name]()[: 1 << 20].astype(np.uint8)
    counts = np.bincount(data)
    counts = counts[counts > 0]
    shannon = -np.sum(counts * np.log2(counts / data.size))
    ideal = Categorical.fit(data, precision=precision).code_length(data)
    assert 0 <= ideal / shannon - 1 < percent / 100
