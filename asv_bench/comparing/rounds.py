"""Times of two commits, taken in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .commits import Child, Failed

SAMPLE = 0.01  # seconds of a sample, or one call if that takes longer
BUDGET = 0.15  # seconds that each side is timed in a round
FEWEST, MOST = 3, 11  # samples of each side in a round
PATIENCE = 5  # seconds of the clock until a sample is taken as it is


@dataclass
class Times:
    """What was found of a benchmark: a value for each round."""

    name: str
    ratios: list[float] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    failed: str | None = None


def calls_of(side: Child) -> tuple[int, float]:
    """How many calls make a sample, and what they took."""
    calls, begin = 1, time.monotonic()
    while (taken := side.ask("seconds", calls)) < SAMPLE and time.monotonic() - begin < PATIENCE:
        calls = max(2 * calls, int(calls * SAMPLE / max(taken, SAMPLE / 10)))
    if taken <= 0:
        raise Failed("it takes no time of the processor")
    return calls, taken


def time_pairs(old: Child, new: Child, times: Times) -> None:
    """Time a benchmark that both have set up, and note the median ratio and the medians of both.

    Samples are taken alternately, with the same number of calls, first of the one and then of the
    other: old, new, new, old, and so on. What slows the machine down for longer than two samples
    slows both of a pair, and what gets worse or better all the time cancels out.
    """
    calls, taken = calls_of(old)
    new.ask("seconds", calls)
    ratios, seconds = [], {old: [], new: []}
    for number in range(min(max(FEWEST, int(BUDGET / taken)), MOST)):
        for side in (new, old) if number % 2 else (old, new):
            seconds[side].append(side.ask("seconds", calls))
        ratios.append(seconds[new][-1] / seconds[old][-1])
    times.ratios.append(statistics.median(ratios))
    times.old.append(statistics.median(seconds[old]) / calls)
    times.new.append(statistics.median(seconds[new]) / calls)


def one_round(old: Path, new: Path, times: dict[str, Times], number: int) -> None:
    """Run all benchmarks in a new process of each commit; but for round 0, time them.

    Where code and data lie in memory is drawn anew for each process, and can make as much of a
    difference as a change of the code: so a round counts as one observation.
    """
    with ExitStack() as stack:
        order = (new, old) if number % 2 else (old, new)
        sides = {folder: stack.enter_context(Child(folder)) for folder in order}
        for benchmark, found in times.items():
            if found.failed is not None:
                continue
            try:
                for side in sides.values():
                    side.ask("open", benchmark)
                if number > 0:
                    time_pairs(sides[old], sides[new], found)
                for side in sides.values():
                    side.ask("close")
            except Failed as failure:
                found.failed = str(failure)
                if any(side.ended for side in sides.values()):
                    return


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
        one_round(old, new, times, number)
    return list(times.values())
