"""The dashboard of saved results at ``benchmarks/``, if asv and its npm packages can be had.

Pages link to ``benchmarks/index.html`` in any case: Sphinx writes one that says how to get the
dashboard, and the dashboard's own takes its place.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

BENCHMARKS = Path(__file__).parents[2] / "asv_bench"


def put_in_place(app: Sphinx, failed: Exception | None) -> None:
    if failed is not None or app.builder.format != "html":
        return
    with TemporaryDirectory() as folder:
        made = Path(folder, "site")
        command = [sys.executable, "-m", "benchmarks.site", made, "--pages", "../index.html"]
        done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True)
        if done.returncode or not (made / "vendor").is_dir():  # else it needs other hosts
            getLogger(__name__).info("The dashboard is left out:\n%s", done.stderr)
            return
        place = Path(app.outdir, "benchmarks")
        shutil.rmtree(place)
        shutil.move(made, place)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", put_in_place)
    return {"parallel_read_safe": True}
