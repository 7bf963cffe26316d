"""The dashboard: ``python -m benchmarks.site OUT`` (in asv_bench).

Publishes the results that were saved, those in ``results`` unless ``--results`` says otherwise,
with asv. OUT/index.html can be opened from a disk, or served as it is, and needs no other host: the
scripts that asv's page loads from elsewhere are put beside it. They come from npm packages, whose
hashes are in dashboard/web/package-lock.json. Where npm is not installed or cannot fetch them, the
page keeps its links to other hosts, and a warning says so.

Results of ``asv run --quick`` are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of the site, which is written anew")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="of asv")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / "from_disk.js").exists():
        parser.error(f"{out} holds something else than a site of benchmarks")
    if not any(arguments.results.glob("*/machine.json")):
        parser.error(f"there are no results in {arguments.results}; `asv run` saves them there")
    from dashboard.publish import make  # asv is not there where it imports this file

    make(arguments.results, out)
    print(f"Open {out / 'index.html'}")


if __name__ == "__main__":
    main()
