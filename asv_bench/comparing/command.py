"""The command ``python -m benchmarks.compare``."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path

from .commits import Failed, export
from .rounds import Times, measure
from .verdict import FEWEST, SLOWER, ratio_of

ROUNDS, LEAST = 12, 3.0
UNITS = [("s", 1), ("ms", 1e-3), ("us", 1e-6)]


def row_of(times: Times, least: float) -> dict[str, object]:
    """What is known of a benchmark."""
    reason = times.failed
    if reason is None and len(times.ratios) < FEWEST:
        reason = f"it was timed in {len(times.ratios)} rounds only"
    if reason is not None:
        return {"benchmark": times.name, "verdict": "left out", "reason": reason}
    ratio = ratio_of(times.ratios)
    return {
        "benchmark": times.name,
        "old": statistics.median(times.old),
        "new": statistics.median(times.new),
        **{"ratio": ratio.median, "low": ratio.low, "high": ratio.high},
        "verdict": ratio.verdict(least),
    }


def readable(seconds: float) -> str:
    unit, size = next(each for each in UNITS if seconds >= each[1] or each is UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def print_table(rows: list[dict], least: float) -> None:
    print(f"{'old':>9}{'new':>9}{'new/old':>9}{'99% interval':>16}  verdict")
    for row in rows:
        if "reason" in row:
            print(f"{'':43}  left out, {row['benchmark']}: {row['reason']}")
            continue
        interval = f"{row['low']:.3f} - {row['high']:.3f}"
        print(
            f"{readable(row['old']):>9}{readable(row['new']):>9}{row['ratio']:9.3f}{interval:>16}"
            f"  {row['verdict']}: {row['benchmark']}"
        )
    verdicts = [row["verdict"] for row in rows]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    print(f"{counts}; changes of less than {100 * (least - 1):.3g}% do not count")


def main(description: str) -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", help="a commit")
    parser.add_argument("new", help="another")
    parser.add_argument("--bench", default="", help="only names that match this expression")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{FEWEST} or more")
    parser.add_argument("--least", type=float, default=LEAST, help="percent that count")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.rounds < FEWEST:
        parser.error(f"--rounds has to be {FEWEST} or more, for an interval of 99%")
    least = 1 + arguments.least / 100
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder, "old"), Path(folder, "new")]
        try:
            commits = [
                export(name, tree)
                for name, tree in zip((arguments.old, arguments.new), trees, strict=True)
            ]
            times = measure(
                *trees,
                re.compile(arguments.bench).search,
                arguments.rounds,
                lambda what: print(what, file=sys.stderr, flush=True),
            )
        except (Failed, ValueError, re.error) as error:
            parser.error(str(error))
    if not times:
        parser.error(f"no timed benchmark matches {arguments.bench!r}")
    rows = [row_of(each, least) for each in times]
    if arguments.json:
        found = {"old": commits[0], "new": commits[1], "least": least, "benchmarks": rows}
        print(json.dumps(found, indent=1))
    else:
        print_table(rows, least)
    return int(any(row["verdict"] == SLOWER for row in rows))
