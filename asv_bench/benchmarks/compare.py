"""Compare two commits: ``python -m benchmarks.compare OLD NEW [--bench NAME]`` (in asv_bench).

The package is taken from both commits, the benchmarks from this folder, and all other packages
from this environment. Both are timed in turn: in each round, a process of each is started, and
samples of 10 ms are taken of one, then of the other. Time is that of the processor.

A round's result is the median ratio of its pairs of samples. From the rounds follows an interval
that holds the median ratio with a confidence of 99%, whatever the noise is like: for 12 rounds,
from the second smallest to the second largest. A benchmark is slower if all of the interval lies
above the smallest change that counts, 3% unless ``--least`` says otherwise, faster if it lies below
the inverse of that, and else there is no difference. The interval also says how large a difference
might have gone unseen: a machine that is busy with other things makes it wider, and does not make
a difference of none.

The exit status is 1 if anything is slower.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path

from comparing.commits import export
from comparing.rounds import Times, measure
from comparing.verdict import FEWEST, SLOWER, ratio_of

ROUNDS, LEAST = 12, 3.0
UNITS = [("s", 1), ("ms", 1e-3), ("us", 1e-6)]


def row_of(times: Times, least: float) -> dict[str, object]:
    """What is known of a benchmark."""
    if times.failed is not None:
        return {"benchmark": times.name, "verdict": "left out", "reason": times.failed}
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


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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
        except ValueError as error:
            parser.error(str(error))
        times = measure(
            *trees,
            re.compile(arguments.bench).search,
            arguments.rounds,
            lambda what: print(what, file=sys.stderr, flush=True),
        )
    if not times:
        parser.error(f"no timed benchmark matches {arguments.bench!r}")
    rows = [row_of(each, least) for each in times]
    if arguments.json:
        found = {"old": commits[0], "new": commits[1], "least": least, "benchmarks": rows}
        print(json.dumps(found, indent=1))
    else:
        print_table(rows, least)
    return int(any(row["verdict"] == SLOWER for row in rows))


if __name__ == "__main__":
    sys.exit(main())
