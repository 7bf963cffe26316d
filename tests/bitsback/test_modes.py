"""Uncompiled, codecs write the same heads and words, and networks give the same integers."""

import os
import subprocess
import sys
from pathlib import Path

from child_jobs import graph_digest, image_messages, network_digest

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


def test_networks_and_models_of_images_in_plain_python():
    """In one process. Networks wrap nothing around, so they run before warnings are ignored."""
    job = (
        "import warnings, child_jobs as jobs; "
        "print(jobs.network_digest(2, 1, 1)); print(jobs.graph_digest(6, 1)); "
        "warnings.simplefilter('ignore'); print(jobs.image_messages())"
    )
    digest, of_graph, messages = run("-W", "error", "-c", job).splitlines()
    assert digest == network_digest(2, 2, 1)
    assert of_graph == graph_digest(6, 1)
    assert messages == str(image_messages())
