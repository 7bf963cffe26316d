"""The cost of starting a process. ``python -m benchmarks.startup`` (in asv_bench) prints it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

# Each child prints the processor seconds of the code after the marker line.
TIMED = "import time; _begin = time.process_time()\n"
REPORT = "\nprint(time.process_time() - _begin)"

IMPORT = "import numba\n" + TIMED + "import ansflow"
FIRST_COMPRESS = (
    "import ansflow, numpy\n"
    "data = (numpy.arange(1 << 20) ** 2 >> 7).astype('u1')\n" + TIMED + "ansflow.compress(data)"
)
FIRST_ROUND_TRIP = FIRST_COMPRESS.replace(
    "ansflow.compress(data)", "ansflow.decompress(ansflow.compress(data))"
)
ARRAY = (
    "import ansflow, numpy\n"
    "walk = numpy.random.default_rng(0).normal(size=200_000).cumsum()\n"
    "array = walk.astype('f4').reshape(400, 500)\n"
)
FIRST_ARRAY = ARRAY + TIMED + "ansflow.compress(array)"
FIRST_ARRAY_BACK = ARRAY + "blob = ansflow.compress(array)\n" + TIMED + "ansflow.decompress(blob)"


def child_seconds(script, **environment):
    result = subprocess.run(
        [sys.executable, "-c", script + REPORT],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return float(result.stdout)


def median_child_seconds(script, runs=5):
    child_seconds(script)
    return statistics.median(child_seconds(script) for _ in range(runs))


def cold_child_seconds(script):
    with tempfile.TemporaryDirectory() as cache:
        return child_seconds(script, NUMBA_CACHE_DIR=cache)


class Startup:
    timeout = 300

    def track_import(self):
        """Processor seconds that ``import ansflow`` adds to ``import numba``."""
        return median_child_seconds(IMPORT)

    def track_first_compress(self):
        """Processor seconds of the first `compress` of 1 MiB, kernels in Numba's cache."""
        return median_child_seconds(FIRST_COMPRESS)

    def track_cold_compile(self):
        """Processor seconds of a first `compress` and `decompress` with nothing cached."""
        return cold_child_seconds(FIRST_ROUND_TRIP)

    def track_cold_compress_of_array(self):
        """Those of a first `compress` of numbers."""
        return cold_child_seconds(FIRST_ARRAY)

    def track_cold_decompress_of_array(self):
        """Those of `decompress` after that."""
        return cold_child_seconds(FIRST_ARRAY_BACK)

    track_import.unit = "s"
    track_first_compress.unit = "s"
    track_cold_compile.unit = "s"
    track_cold_compress_of_array.unit = "s"
    track_cold_decompress_of_array.unit = "s"


if __name__ == "__main__":
    startup = Startup()
    print(f"import ansflow beyond numba         {startup.track_import():.3f} s")
    print(f"first compress of 1 MiB, warm       {startup.track_first_compress():.3f} s")
    print(f"first round trip, nothing compiled  {startup.track_cold_compile():.3f} s")
    print(f"first compress of numbers, likewise {startup.track_cold_compress_of_array():.3f} s")
    print(f"and decompress after that           {startup.track_cold_decompress_of_array():.3f} s")
