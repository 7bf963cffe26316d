"""Multisets: time and rate from 100 elements to a million, and what people do without them.

That is to sort, and to code differences: by this library's array coder, and by zstd.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import ansflow
from ansflow.bitsback import IntegerMultiset, IntegerSet, Multiset, Stack, SymbolMultiset, Uniform
from ansflow.models import Categorical

BELOW = 1 << 24
ALPHABET = 1000
SIZES = [10**2, 10**3, 10**4, 10**5, 10**6]


def multiset(kind: str, size: int) -> tuple[Any, np.ndarray]:
    """A codec of so many elements, and such elements."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, BELOW, size)
    if kind == "integers":
        return IntegerMultiset(BELOW, size), x
    if kind == "set":
        return IntegerSet(BELOW, size), rng.permutation(BELOW)[:size]
    if kind == "equal":
        return IntegerMultiset(BELOW, size), np.full(size, 7)
    if kind == "symbols":
        return SymbolMultiset(Categorical.from_counts(np.ones(ALPHABET)), size), x % ALPHABET
    return Multiset(lambda n: Uniform(BELOW, n), size), x


class Multisets:
    """Pushing and popping, and what it costs."""

    params = (["integers", "set", "equal", "symbols", "any codec"], SIZES)
    param_names = ("kind", "size")

    def setup(self, kind, size):
        self.codec, self.x = multiset(kind, size)
        self.full = Stack(seed=0)
        start = self.full.mark()
        self.codec.push(self.full, self.x)
        self.net = self.full.rates(start).net
        self.codec.pop(self.full.copy())

    def time_push(self, kind, size):
        self.codec.push(Stack(seed=0), self.x)

    def time_pop(self, kind, size):
        self.codec.pop(self.full.copy())

    def track_bits(self, kind, size):
        return self.net / size

    def track_initial_words(self, kind, size):
        return self.full.drawn

    track_bits.unit = "bits per element"
    track_initial_words.unit = "words"


def sorted_and_compressed(x: np.ndarray) -> bytes:
    return ansflow.compress(np.diff(np.sort(x), prepend=0))


def sorted_and_zstd(x: np.ndarray) -> bytes:
    import zstandard

    return zstandard.compress(np.diff(np.sort(x), prepend=0).astype(np.uint32).tobytes(), 3)


def as_ids(x: np.ndarray) -> bytes:
    (message,) = ansflow.compress_ids([x], BELOW, threads=1)
    return message


def ids(message: bytes) -> np.ndarray:
    return ansflow.decompress_ids([message], BELOW, threads=1)[0]


def cumulated(message: bytes) -> np.ndarray:
    return np.cumsum(ansflow.decompress(message))


def cumulated_zstd(message: bytes) -> np.ndarray:
    import zstandard

    return np.cumsum(np.frombuffer(zstandard.decompress(message), np.uint32))


WAYS: dict[str, tuple[Callable[..., bytes], Callable[..., np.ndarray]]] = {
    "ids": (as_ids, ids),
    "sort, diff, compress": (sorted_and_compressed, cumulated),
    "sort, diff, zstd": (sorted_and_zstd, cumulated_zstd),
}


class InAnyOrder:
    """The same integers as bytes: as a message of ids, and sorted with their differences coded."""

    params = (list(WAYS), SIZES)
    param_names = ("way", "size")

    def setup(self, way, size):
        self.x = multiset("integers", size)[1]
        self.encode, self.decode = WAYS[way]
        try:
            self.message = self.encode(self.x)
        except ModuleNotFoundError:
            raise NotImplementedError("zstandard is not installed") from None
        assert np.array_equal(self.decode(self.message), np.sort(self.x))

    def time_encode(self, way, size):
        self.encode(self.x)

    def time_decode(self, way, size):
        self.decode(self.message)

    def track_bits(self, way, size):
        return 8 * len(self.message) / size

    track_bits.unit = "bits per element"
