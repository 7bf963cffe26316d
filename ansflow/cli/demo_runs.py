"""The measurements of ``ansflow demo``: arrays are compressed, decompressed and compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

import ansflow

__all__ = ["Result", "results"]

Array = npt.NDArray[Any]

REPEATS = 3


class Result(NamedTuple):
    """Sizes in bytes, speeds in bytes of the array per second, and how it was coded."""

    name: str
    size: int
    compressed: int
    encoded: float
    decoded: float
    recipe: str


def temperatures(rng: np.random.Generator) -> Array:
    """A year on a grid, in hundredths of a kelvin: latitude, waves, seasons, weather; no land."""
    month = np.arange(12)[:, None, None]
    y, x = np.mgrid[-1:1:360j, -1:1:720j]
    weather = rng.normal(0, 0.03, (12, *y.shape)).cumsum(2)
    climate = 273 + 28 * np.cos(2 * y) + 3 * np.sin(9 * x) * np.cos(5 * y)
    field = np.round(climate + 8 * y * np.cos(month * np.pi / 6) + weather, 2)
    field[:, np.sin(5 * x) * np.cos(4 * y) > 0.3] = -9999
    return cast(Array, field.astype(np.float32))


def prices(rng: np.random.Generator) -> Array:
    """A price in dollars and cents."""
    return np.round(100 + np.cumsum(rng.normal(0, 0.02, 1 << 20)), 2)


def timestamps(rng: np.random.Generator) -> Array:
    """Moments in nanoseconds, a millisecond apart, of a clock that counts microseconds."""
    steps = np.rint(rng.normal(1000, 30, 1 << 20)).astype(np.int64)
    return np.datetime64("2026-01-01", "ns") + (1000 * np.cumsum(steps)).astype("m8[ns]")


def categories(rng: np.random.Generator) -> Array:
    """Numbers of categories, some far more frequent than others, often several times in a row."""
    numbers = rng.zipf(1.5, 1 << 18).clip(1, 100)
    return numbers.repeat(rng.integers(1, 9, numbers.size)).astype(np.int32)


def positions(rng: np.random.Generator) -> Array:
    """A track of latitudes and longitudes in millionths of a degree."""
    steps = rng.normal(0, 1e-5, (1 << 19, 2))
    return np.round(np.add((48.1, 11.6), np.cumsum(steps, 0)), 6)


def photon_counts(rng: np.random.Generator) -> Array:
    """An image of photon counts: Poisson noise around a smooth brightness."""
    y, x = np.mgrid[-2:2:1500j, -2:2:1500j]
    counts = rng.poisson(20 * np.exp(-(x**2) - y**2) + 1)
    return cast(Array, counts.astype(np.uint8))


def thermometer(rng: np.random.Generator) -> Array:
    """A year of readings every 15 seconds in hundredths of a degree: seasons, days, noise."""
    t = np.arange(365 * 24 * 240) / (24 * 240)
    degrees = 12 - 9 * np.cos(2 * np.pi * t / 365) - 4 * np.cos(2 * np.pi * t)
    hundredths = np.rint(100 * (degrees + 0.2 * rng.normal(size=t.size)))
    return cast(Array, hundredths.astype(np.int16))


def random_walk(rng: np.random.Generator) -> Array:
    """Numbers of which only the first bits can be predicted."""
    return np.cumsum(rng.normal(size=1 << 20))


INPUTS: dict[str, Callable[[np.random.Generator], Array]] = {
    "temperatures": temperatures,
    "prices": prices,
    "timestamps": timestamps,
    "categories": categories,
    "track": positions,
    "photon counts": photon_counts,
    "thermometer": thermometer,
    "random walk": random_walk,
}


def results() -> Iterator[Result]:
    """What becomes of each array; raises if anything comes back changed."""
    for name, make in INPUTS.items():
        array = make(np.random.default_rng(2022))
        plan = ansflow.plan(array)
        coded, encode_time = _timed(partial(ansflow.compress, array, threads=1))
        decoded, decode_time = _timed(partial(ansflow.decompress, coded, threads=1))
        if decoded.dtype != array.dtype or not np.array_equal(decoded, array):
            raise ansflow.errors.CorruptDataError(f"{name} was not restored exactly")
        size = array.nbytes
        yield Result(
            f"{name} ({array.dtype})",
            size,
            len(coded),
            size / encode_time,
            size / decode_time,
            str(plan.recipe),
        )


def _timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """The function's result, and the best time of a few calls after the first one."""
    result = function()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return result, min(times)
