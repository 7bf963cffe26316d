"""A process that times benchmarks of asv with one version of the package, call by call.

It reads a list from each line of standard input, the name of a function and its arguments, and
answers with an object.
"""

from __future__ import annotations

import functools
import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv_runner.benchmarks.time import TimeBenchmark
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name

ROOT = str(Path(__file__).parents[1] / "benchmarks")


class Timed:
    """The benchmarks, of which one at a time is set up."""

    def __init__(self) -> None:
        self.current: TimeBenchmark | None = None
        self.call: Callable[[], object] | None = None

    def where(self) -> str:
        import ansflow

        return str(Path(ansflow.__file__).resolve())

    def names(self) -> list[tuple[str, str]]:
        """Of all timed benchmarks, with each of their parameters: the id, and what people read."""
        found = []
        for benchmark in disc_benchmarks(ROOT, ignore_import_errors=True):
            if not isinstance(benchmark, TimeBenchmark):
                continue
            if not benchmark.params:
                found.append((benchmark.name, benchmark.name))
                continue
            for i, values in enumerate(itertools.product(*benchmark.params)):
                found.append((f"{benchmark.name}-{i}", f"{benchmark.name}({', '.join(values)})"))
        return found

    def open(self, name: str) -> None:
        """Set a benchmark up, and call it once."""
        self.close()
        benchmark = get_benchmark_from_name(ROOT, name)
        if benchmark.do_setup():
            raise NotImplementedError("what it needs is not installed")
        self.current = benchmark
        self.call = functools.partial(benchmark.func, *benchmark._current_params)
        self.call()
        gc.collect()

    def seconds(self, calls: int) -> float:
        """Processor time of so many calls, of all threads together."""
        call, clock = self.call, time.process_time
        assert call is not None
        gc.disable()
        begin = clock()
        for _ in range(calls):
            call()
        taken = clock() - begin
        gc.enable()
        return taken

    def close(self) -> None:
        if self.current is not None:
            self.current.do_teardown()
        self.current = self.call = None


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what benchmarks print is no answer
    timed = Timed()
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        try:
            answer: dict[str, Any] = {"answer": getattr(timed, what)(*arguments)}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
