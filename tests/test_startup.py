"""What import brings in, and that ansflow works where nothing can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ansflow

PACKAGE = Path(ansflow.__file__).parent


def python(code, **options):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def installed(tmp_path):
    """A directory to import a copy of ansflow from, and an environment that does so.

    The copy brings no compiled code along, neither Python's nor Numba's.
    """
    shutil.copytree(
        PACKAGE, tmp_path / "ansflow", ignore=shutil.ignore_patterns("__pycache__", "*.nb*")
    )
    for path in (tmp_path / "ansflow").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "ansflow").chmod(0o555)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    yield tmp_path / "ansflow", environment
    for path in [tmp_path / "ansflow", *(tmp_path / "ansflow").rglob("*")]:
        path.chmod(0o755)


def test_import_leaves_the_optional_and_the_slow_alone():
    """Numba itself looks which SciPy there is, but none of its parts."""
    names = ("scipy.stats", "scipy.special", "scipy.linalg", "click", "matplotlib", "asv")
    loaded = python(f"import sys, ansflow; print([n for n in {names} if n in sys.modules])")
    assert loaded == "[]\n"


def test_models_of_images_are_left_alone_until_they_are_needed():
    """By frames without a model; one with a model loads them."""
    code = """
import sys, numpy as np, ansflow
blob = ansflow.compress(b"abracadabra" * 100, order=1) + ansflow.compress(b"more")
ansflow.decompress(blob)
late = ("ansflow.bitsback.models.vae", "scipy.special")
print([name for name in sys.modules if name.startswith(late)])
ansflow.compress(b"more", model="mnist-vae")
print("ansflow.bitsback.models.vae" in sys.modules)
"""
    assert python(code) == "[]\nTrue\n"


def test_import_starts_no_threads_and_compiles_nothing():
    code = """
import threading
import ansflow
from ansflow.kernels.tables import frequency_code as golomb
from ansflow.kernels.coders import single as lanes
print(threading.active_count(), lanes.encode.signatures, golomb.read_frequencies.signatures)
"""
    assert python(code) == "1 [] []\n"


def test_the_command_is_there_after_import():
    assert "Usage: ansflow" in subprocess.check_output(
        [sys.executable, "-m", "ansflow", "--help"], text=True
    )


# Root may write anywhere, whatever the modes say: so Numba is also left without any place that
# it would put a cache in. This is what it finds for a user in a read-only install.
WITHOUT_CACHE = """
from numba.core import caching
for name in ("CompileResultCacheImpl", "CodeLibraryCacheImpl"):
    getattr(caching, name)._locator_classes = []
import numpy as np
import ansflow
array = (np.arange(3000) ** 2 % 7).astype("<i2")
blob = ansflow.compress(array)
assert len(blob) < array.nbytes
assert np.array_equal(ansflow.decompress(blob), array)
assert ansflow.decompress(ansflow.compress(b"stored")) == b"stored"
print(ansflow.__file__)
"""


def test_works_in_a_read_only_install_without_a_cache(installed):
    package, environment = installed
    before = sorted(package.rglob("*"))
    printed = python(WITHOUT_CACHE, env=environment, cwd="/")
    assert Path(printed.strip()).parent == package
    assert sorted(package.rglob("*")) == before


ODD = (
    f"import sys; sys.path[:0] = {[str(PACKAGE.parent), *filter(None, sys.path)]}\n"
    + """
import numpy as np, ansflow
array = (np.arange(300) ** 2 % 7).astype("<i2")
assert np.array_equal(ansflow.decompress(ansflow.compress(array)), array)
assert ansflow.decompress(ansflow.compress(b"stored")) == b"stored"
"""
)


def run_oddly(flags=(), cwd="/", drop=(), before=None, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    result = subprocess.run(
        [sys.executable, *flags, "-c", ODD],
        env=kept | environment,
        cwd=cwd,
        preexec_fn=before,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    assert result.returncode == 0


@pytest.mark.parametrize("flags", [["-I", "-OO"], ["-S", "-Xdev"]])
def test_works_whatever_python_is_told(flags):
    run_oddly(flags)


@pytest.mark.parametrize(
    "change",
    [
        {
            "drop": ["HOME", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PATH", "LANG"],
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
        },
        {"NUMBA_DISABLE_JIT": "1"},
    ],
)
def test_works_whatever_the_environment_says(change):
    run_oddly(**change)


@pytest.mark.skipif(os.name == "nt", reason="a directory in use stays")
def test_works_in_a_directory_that_is_gone_and_without_the_cache_asked_for(tmp_path):
    here, file = tmp_path / "here", tmp_path / "file"
    here.mkdir()
    file.touch()
    run_oddly(cwd=here, before=here.rmdir, NUMBA_CACHE_DIR=str(file / "inside"))
