"""What import brings in, and that ansflow works where nothing can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from children import python

import ansflow

PACKAGE = Path(ansflow.__file__).parent


def printed(code, **options):
    result = python(code, **options)
    assert (result.stderr, result.returncode) == ("", 0)
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
    """It starts no threads and compiles nothing. (Numba looks which SciPy there is.)

    What is imported is what is tested, not the sources in the directory of the process.
    """
    code = """
import sys, threading
import ansflow
from ansflow.kernels.tables import frequency_code
from ansflow.kernels.coders import single
print(threading.active_count(), single.encode.signatures, frequency_code.fit_rows.signatures)
names = ("scipy.stats", "scipy.special", "scipy.linalg", "click", "matplotlib", "asv")
print([name for name in names if name in sys.modules])
print(ansflow.__file__)
"""
    sources = Path(__file__).parents[1]
    assert printed(code, cwd=sources) == f"1 [] []\n[]\n{ansflow.__file__}\n"


def test_all_names_are_where_they_are_looked_for():
    """Also before anything is imported; others are no attributes."""
    code = """
import ansflow
assert {*ansflow.__all__, "bitsback"} <= {*dir(ansflow)}
found = {name: getattr(ansflow, name) for name in ansflow.__all__}
assert ansflow.compress is found["compress"] and ansflow.bitsback.load
print({*ansflow._HOME} ^ {*found} ^ {"errors", "models", "transforms", "__version__"})
print(hasattr(ansflow, "squeeze"))
"""
    assert printed(code) == "set()\nFalse\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_models_are_known_whatever_is_asked_first(tmp_path):
    """Nothing of ansflow has been imported then, in neither of the children."""
    digits = np.zeros((3, 28, 28), np.uint8)
    (tmp_path / "x.ans").write_bytes(ansflow.compress(digits, model="mnist-vae"))
    code = """
import os, numba
for first in ("bitsback.load('mnist-vae')", "Options(model='mnist-vae')", "describe('x.ans')"):
    child = os.fork()
    if not child:
        import ansflow
        eval(f"ansflow.{first}")
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0), first
"""
    assert printed(code, cwd=tmp_path) == ""


def test_help_of_the_command_takes_no_numba():
    code = """
import sys
from ansflow.cli import main
for arguments in (["--version"], ["--help"], ["compress", "--help"], ["bench", "--help"]):
    try:
        main(arguments)
    except SystemExit as end:
        assert not end.code
print("numba" in sys.modules)
"""
    assert printed(code).endswith("\nFalse\n")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for threads")
def test_the_command_has_no_threads_for_linear_algebra():
    """NumPy's OpenBLAS would start some at once, which wait in a loop."""
    code = """
import os
import ansflow.cli, numpy
print(len(os.listdir("/proc/self/task")), os.environ["OPENBLAS_NUM_THREADS"])
"""
    environment = {**os.environ}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    assert printed(code, env=environment) == "1 1\n"
    assert printed(code, env=environment | {"OPENBLAS_NUM_THREADS": "2"}).endswith(" 2\n")


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
    assert printed(code) == "[]\nTrue\n"


def test_kernels_on_disk_load_without_what_compiles_them():
    code = """
import sys, ansflow
ansflow.compress(b"abracadabra" * 1000)
print(sorted({"numba.np.arraymath", "scipy.linalg"} & {*sys.modules}))
"""
    printed(code)  # from here on on disk, which those that other tests have compiled may not be
    assert printed(code) == "[]\n"


# Root may write anywhere, whatever the modes say: so Numba is also left without any place that
# it would put a cache in. This is what it finds for a user in a read-only install.
WITHOUT_CACHE = """
from numba.core import caching
for name in ("CompileResultCacheImpl", "CodeLibraryCacheImpl"):
    getattr(caching, name)._locator_classes = []
import ansflow
from ansflow.kernels.tables.frequency_code import fit_rows
for content in (b"stored", bytes(1000)):
    blob = ansflow.compress(content)
    assert ansflow.decompress(blob) == content
assert len(blob) < 100
assert fit_rows.signatures  # which took a while: one kernel is like all
print(ansflow.__file__)
"""


def test_works_in_a_read_only_install_without_a_cache(installed):
    package, environment = installed
    before = sorted(package.rglob("*"))
    file = printed(WITHOUT_CACHE, env=environment, cwd="/").strip()
    assert Path(file).parent == package
    assert sorted(package.rglob("*")) == before


ODD = (
    f"import sys; sys.path[:0] = {[str(PACKAGE.parent), *filter(None, sys.path)]}\n"
    + """
import numpy as np, ansflow
array = (np.arange(300) ** 2 % 7).astype("<i2")
recipe, = sys.argv[1:] or [None]
assert np.array_equal(ansflow.decompress(ansflow.compress(array, recipe=recipe)), array)
assert ansflow.decompress(ansflow.compress(b"stored")) == b"stored"
"""
)


def run_oddly(flags=(), cwd="/", drop=(), before=None, recipe=("planes",), **environment):
    """Of the given recipe, as whatever chooses one would be compiled anew."""
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    result = subprocess.run(
        [sys.executable, *flags, "-c", ODD, *recipe],
        env=kept | environment,
        cwd=cwd,
        preexec_fn=before,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    assert result.returncode == 0


def test_works_with_little_in_the_environment():
    """In development mode, and without what site adds."""
    run_oddly(
        ["-S", "-Xdev"],
        drop=["HOME", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PATH", "LANG"],
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )


def test_works_without_compilation():
    run_oddly(recipe=(), NUMBA_DISABLE_JIT="1")


@pytest.mark.skipif(os.name == "nt", reason="a directory in use stays")
def test_works_in_a_directory_that_is_gone_and_without_the_cache_asked_for(tmp_path):
    """Isolated and without docstrings, too."""
    here, file = tmp_path / "here", tmp_path / "file"
    here.mkdir()
    file.touch()
    run_oddly(["-I", "-OO"], cwd=here, before=here.rmdir, NUMBA_CACHE_DIR=str(file / "inside"))
