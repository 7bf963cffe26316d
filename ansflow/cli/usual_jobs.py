"""What is compiled in advance unless all is asked for: the work of most users, in small jobs."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

import ansflow

__all__ = ["FEW", "MANY", "USUAL_DTYPES", "Job", "numbers", "skewed", "through_frame"]
__all__ += ["through_pieces", "usual_jobs"]

Job = Callable[[], Any]

# Vector kernels are used from 4096 symbols and 16 lanes on.
FEW, MANY = 3000, 10_000

USUAL_DTYPES = ("i1", "i2", "i4", "i8", "f4", "f8")


def usual_jobs() -> list[Job]:
    """Jobs without options, with what is chosen for them."""
    texts = [skewed(size, 200, np.uint8).tobytes() for size in (FEW, MANY)]
    arrays = [numbers(dtype) for dtype in USUAL_DTYPES]
    through_frames = (partial(through_frame, content, {}) for content in (*texts, *arrays))
    return [*through_frames, partial(through_pieces, 0)]


def skewed(size: int, alphabet: int, dtype: type) -> npt.NDArray[Any]:
    """Mostly small numbers below `alphabet`, with each of them at least once if `size` allows."""
    rng = np.random.default_rng(0)
    numbers = rng.geometric(0.2, size) - 1
    numbers[:alphabet] = np.arange(min(size, alphabet))
    return numbers.clip(0, alphabet - 1).astype(dtype)


def numbers(dtype: str) -> npt.NDArray[Any]:
    """Rows of a walk, in smaller and in larger steps, with a hole."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 3, (100, 200)) * np.repeat([1, 20], 50)[:, np.newaxis]
    field: npt.NDArray[Any] = np.rint(steps.cumsum(axis=1)).clip(-120, 120)
    field[40:60, 100:150] = 0
    return (field / 8).astype(dtype)


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
