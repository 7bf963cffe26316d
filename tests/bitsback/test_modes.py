"""Uncompiled, codecs write the same heads and words, and networks give the same integers."""

import os
import subprocess
import sys
from pathlib import Path

from child_jobs import image_messages, network_digest

HERE = Path(__file__).parent


def run(*arguments):
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    result = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_codecs_in_plain_python():
    # Uncompiled, what wraps around on purpose would warn.
    options = "-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning"
    assert " passed" in run("-m", "pytest", *options, str(HERE / "test_golden.py"))


def test_models_of_images_in_plain_python():
    job = "import child_jobs; print(child_jobs.image_messages())"
    options = "-W", "ignore::RuntimeWarning"  # as above
    assert run(*options, "-c", job).strip() == str(image_messages())


def test_networks_in_plain_python():
    job = "import child_jobs; print(child_jobs.network_digest(2, 1, 1))"
    assert run("-c", job).strip() == network_digest(2, 2, 1)
