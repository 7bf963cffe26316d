"""The command ``python -m benchmarks.site``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .publish import ROOT, make


def main(description: str) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of the site, which is written anew")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="of asv")
    parser.add_argument("--pages", metavar="URL", help="of pages to link to, such as ../index.html")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / "from_disk.js").exists():
        parser.error(f"{out} holds something else than a site of benchmarks")
    if not any(arguments.results.glob("*/machine.json")):
        parser.error(f"there are no results in {arguments.results}; `asv run` saves them there")
    make(arguments.results, out, arguments.pages)
    print(f"Open {out / 'index.html'}")
