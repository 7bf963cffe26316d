"""The measurements of ``ansflow demo``: real inputs are encoded, decoded and verified."""

from __future__ import annotations

import sysconfig
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

import ansflow

__all__ = ["Result", "results", "shannon_bytes"]

Array = npt.NDArray[Any]

CHUNK = 256 << 10
REPEATS = 3


class Job(NamedTuple):
    """An input, its ideal size in bytes, and functions that encode and decode it."""

    name: str
    data: Array
    ideal: float
    encode: Callable[[], Any]
    decode: Callable[[Any], Array]


class Result(NamedTuple):
    """Sizes in bytes, and speeds in bytes of input per second."""

    name: str
    size: int
    ideal: float
    compressed: int
    encoded: float
    decoded: float


def shannon_bytes(data: Array, chunk: int = CHUNK) -> float:
    """Bytes that an ideal order-0 coder needs for the byte planes of `data`, chunk by chunk.

    The ideal coder knows the distribution of each plane beforehand, and uses exact probabilities.
    """
    items = data.reshape(-1)
    planes = items.view(np.uint8).reshape(items.size, -1)
    bits = 0.0
    for begin in range(0, items.size, chunk):
        for plane in planes[begin : begin + chunk].T:
            counts = np.bincount(plane)
            counts = counts[counts > 0]
            bits -= float(np.sum(counts * np.log2(counts / plane.size)))
    return bits / 8


def text() -> Array:
    """The standard library's source, 4 MiB."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    joined = b"".join(path.read_bytes() for path in sources)
    return np.frombuffer(joined[: 4 << 20], np.uint8)


def machine_code() -> Array:
    """The largest compiled extension of NumPy, 8 MiB at most."""
    root = Path(np.__file__).parent
    largest = max(root.glob("_core/*multiarray_umath*"), key=lambda path: path.stat().st_size)
    return np.fromfile(largest, np.uint8, count=8 << 20)


def direction_numbers() -> Array:
    """Joe and Kuo's direction numbers of the Sobol sequence, as SciPy ships them."""
    with (
        files("scipy.stats").joinpath("_sobol_direction_numbers.npz").open("rb") as file,
        np.load(file) as archive,
    ):
        numbers: Array = archive["vinit"]
        return np.ascontiguousarray(numbers)


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


def jobs() -> Iterator[Job]:
    """All inputs of the demonstration; the random ones come from fixed seeds."""
    rng = np.random.default_rng(2022)
    readings = thermometer(rng)
    plain = {
        "Python source": text(),
        "machine code": machine_code(),
        "Sobol numbers": direction_numbers(),
        "photon counts": photon_counts(rng),
        "thermometer": readings,
        "random walk": np.cumsum(rng.normal(size=1 << 20)),
    }
    for name, array in plain.items():
        data = array.reshape(-1)
        yield Job(
            f"{name} ({data.dtype})",
            data,
            shannon_bytes(data),
            partial(ansflow.compress, data, chunk_size=CHUNK * data.itemsize, threads=1),
            cast(Callable[[Any], Array], partial(ansflow.decompress, threads=1)),
        )
    # The same readings with a model: their differences are nearly Gaussian.
    from scipy import stats

    steps = np.diff(readings, prepend=readings[:1])
    model = ansflow.models.Quantized(stats.norm(0, steps.std()), -500, 500, precision=14)
    yield Job(
        "  its steps, Gaussian",
        steps,
        model.code_length(steps) / 8,
        partial(ansflow.encode, steps, model),
        lambda words: ansflow.decode(words, model, steps.shape, dtype=steps.dtype),
    )


def results() -> Iterator[Result]:
    """What becomes of each input; raises if anything comes back changed."""
    for job in jobs():
        coded, encode_time = _timed(job.encode)
        decoded, decode_time = _timed(partial(job.decode, coded))
        if decoded.dtype != job.data.dtype or not np.array_equal(decoded, job.data):
            raise ansflow.errors.CorruptDataError(f"{job.name} was not restored exactly")
        size = job.data.nbytes
        yield Result(
            job.name,
            size,
            job.ideal,
            memoryview(coded).nbytes,
            size / encode_time,
            size / decode_time,
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
