"""What is compiled in advance unless all is asked for: the work of most users, in small jobs."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

import ansflow

__all__ = ["FEW", "MANY", "Job", "skewed", "through_frame", "through_pieces", "usual_jobs"]

Job = Callable[[], Any]
Array = npt.NDArray[Any]

# Vector kernels are used from 4096 symbols and 16 lanes on, and are compiled for as many lanes as a
# stream has: those of some hundred thousand symbols have the most.
FEW, MANY, LONG = 3000, 10_000, 1_000_000
SURFACE, SMALL_SURFACE = (500, 600), (40, 50)
SERIES, SHORT_SERIES = 300_000, 1000


def usual_jobs() -> list[Job]:
    """Jobs without options, with what is chosen for them.

    What these call is called for many arrays of each kind, and hardly anything else.
    """
    texts = [skewed(size, 200, np.uint8).tobytes() for size in (FEW, LONG)]
    measured = [surface("f4", SURFACE), surface("f8", SURFACE)]
    counted = [surface("i2", SURFACE), surface("i4", SMALL_SURFACE)]
    counted += [series("i4", SERIES, 1), series("i8", SERIES, 1e-3)]
    decimals = [series("f8", size, 1e-2) / 100 for size in (SERIES, SHORT_SERIES)]
    contents = (*texts, *measured, *counted, *decimals)
    return [*(partial(through_frame, each, {}) for each in contents), partial(through_pieces, 0)]


def skewed(size: int, alphabet: int, dtype: type) -> Array:
    """Mostly small numbers below `alphabet`, with each of them at least once if `size` allows."""
    rng = np.random.default_rng(0)
    numbers = rng.geometric(0.2, size) - 1
    numbers[:alphabet] = np.arange(min(size, alphabet))
    return numbers.clip(0, alphabet - 1).astype(dtype)


def surface(dtype: str, shape: tuple[int, int]) -> Array:
    """Waves along two axes, with noise that is larger in some places: whole numbers, or any."""
    y, x = np.mgrid[: shape[0], : shape[1]] / shape[1]
    waves = 200 * (np.sin(7 * x + 3 * y) + np.cos(5 * x * y))
    noise = np.random.default_rng(0).normal(size=shape)
    heights: Array = waves + noise * np.exp(3 * np.sin(9 * x) * np.cos(6 * y))
    return (heights if dtype.startswith("f") else np.rint(heights)).astype(dtype)


def series(dtype: str, size: int, unit: float) -> Array:
    """Whole numbers of units: waves, with noise that is larger at some times."""
    rng = np.random.default_rng(0)
    time = np.arange(size)
    waves = 1000 + 300 * np.sin(time / 50) + 100 * np.sin(time / 13)
    noise = rng.normal(size=size) * np.exp(rng.normal(size=size // 1000)).repeat(1000)
    numbers: Array = np.rint((waves + noise) / unit)
    return numbers.astype(dtype)


def through_frame(data: Any, options: dict[str, Any]) -> None:
    ansflow.decompress(ansflow.compress(data, threads=1, **options), threads=1)


def through_pieces(order: int) -> None:
    """Content in pieces, which the encoder joins."""
    data = skewed(MANY, 200, np.uint8).tobytes()
    file = io.BytesIO()
    with cast(BinaryIO, ansflow.open(file, "wb", order=order, threads=1)) as writer:
        for begin in range(0, len(data), FEW):
            writer.write(data[begin : begin + FEW])
    file.seek(0)
    with ansflow.open(file, threads=1) as reader:
        reader.read()
