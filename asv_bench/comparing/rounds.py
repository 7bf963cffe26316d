"""Times of two commits, taken in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .commits import Child, Failed

SAMPLE = 0.01  # seconds of a sample, or one call if that takes longer
BUDGET = 0.15  # seconds that each side is timed in a round
PAIRS = (3, 11)  # samples of each side in a round, at least and at most


@dataclass
class Times:
    """What was found of a benchmark: a value for each round."""

    name: str
    ratios: list[float] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    failed: str | None = None


def time_pairs(old: Child, new: Child, times: Times) -> None:
    """Time a benchmark that both have set up, and note the median ratio and the medians of both.

    Samples are taken alternately, with the same number of calls, first of the one and then of the
    other: old, new, new, old, and so on. What slows the machine down for longer than two samples
    slows both of a pair, and what gets worse or better all the time cancels out.
    """
    calls = 1
    while (taken := old.ask("seconds", calls)) < SAMPLE:
        calls = max(2 * calls, int(calls * SAMPLE / max(taken, 1e-4)))
    new.ask("seconds", calls)
    pairs = min(max(PAIRS[0], int(BUDGET / taken)), PAIRS[1])
    ratios, seconds = [], {old: [], new: []}
    for number in range(pairs):
        for side in (old, new) if number % 2 else (new, old):
            seconds[side].append(side.ask("seconds", calls))
        ratios.append(seconds[new][-1] / seconds[old][-1])
    times.ratios.append(statistics.median(ratios))
    times.old.append(statistics.median(seconds[old]) / calls)
    times.new.append(statistics.median(seconds[new]) / calls)


def one_round(folders: list[Path], times: dict[str, Times], timed: bool) -> None:
    """Run all benchmarks in a new process of each commit, those in `folders`.

    Where code and data lie in memory is drawn anew for each process, and can make as much of a
    difference as a change of the code: so a round counts as one observation.
    """
    with ExitStack() as stack:
        sides = [stack.enter_context(Child(folder)) for folder in folders]
        for benchmark, found in times.items():
            if found.failed is not None:
                continue
            try:
                for side in sides:
                    side.ask("open", benchmark)
                if timed:
                    old, new = sides
                    time_pairs(old, new, found)
                for side in sides:
                    side.ask("close")
            except Failed as failure:
                found.failed = str(failure)


def measure(
    old: Path, new: Path, wanted: Callable[[str], bool], rounds: int, tell: Callable[[str], None]
) -> list[Times]:
    """Times of all benchmarks whose names are `wanted`.

    The first round, which compiles kernels, is not timed. In the others, the commits take turns in
    being started first.
    """
    with Child(new) as child:
        times = {key: Times(name) for key, name in child.ask("names") if wanted(name)}
    for number in range(rounds + 1 if times else 0):
        tell(f"round {number} of {rounds}" if number else "compile")
        one_round([old, new], times, timed=number > 0)
    return list(times.values())
