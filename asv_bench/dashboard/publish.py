"""From saved results to a site."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from asv.benchmarks import Benchmarks
from asv.commands.publish import Publish
from asv.config import Config
from asv.environment import get_environments
from asv.repo import NoRepository
from asv.results import iter_results

from . import page
from .saved import REPOSITORY, copy_saved

ROOT = Path(__file__).parents[1]


def publish(results: Path, out: Path) -> list[Path]:
    """Write asv's site; the files of results that are left out."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "results")
        quick = copy_saved(results, saved)
        config = Config.load(str(ROOT / "asv.conf.json"))
        config.benchmark_dir = str(ROOT / config.benchmark_dir)
        config.results_dir, config.html_dir = str(saved), str(out)
        environments = get_environments(config, ["existing:same"])
        found = Benchmarks.discover(config, NoRepository(), list(environments), [None])
        # Without these, the page would ask for graphs of benchmarks that nothing is saved of.
        known = {
            key for result in iter_results(str(saved)) for key in result.get_result_keys(found)
        }
        Benchmarks(config, [found[key] for key in known]).save()
        config.repo, config.dvcs = str(saved), REPOSITORY
        Publish.run(config, pull=False)
    return quick


def make(results: Path, out: Path, pages: str | None = None) -> None:
    """Make the whole site, with a link to `pages` if they are given."""
    for path in publish(results, out):
        print(f"{path} holds results of --quick and is left out", file=sys.stderr)
    html = (out / "index.html").read_text("utf-8")
    try:
        with tempfile.TemporaryDirectory() as folder:
            html = page.put_beside(html, page.fetch_packages(Path(folder)), out)
    except page.PackagesError as reason:
        print(f"{reason}\nThe page loads its scripts from other hosts.", file=sys.stderr)
    (out / "index.html").write_text(page.add_own(html, out, pages), "utf-8")
