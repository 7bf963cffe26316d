"""What fixed recipes work on: memory for arrays of one shape, with all views that kernels take.

To make an array, or a view of one, takes NumPy as long as a kernel takes for fifty numbers. So what
arrays need is made once, and kept for the next one of their shape. Only one call has it at a time,
whatever threads there are.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ansflow.buffers import opaque
from ansflow.pool import Pool
from ansflow.recycling import empty
from ansflow.transforms.decimal import ITEMS_PER_EXCEPTION
from ansflow.transforms.mask import WORD_BITS
from ansflow.transforms.numbers import Numbers, unaligned
from ansflow.transforms.tokens import raw_room

__all__ = ["Buffer", "Kind", "Scratch", "Scratches"]

# Memory is kept for so many shapes of arrays with at most so many bytes: for many small ones, as
# lengths may differ, and for a few large ones. That is some megabytes.
SMALL_SHAPES, SMALL_BYTES = 128, 1 << 13
LARGE_SHAPES, LARGE_BYTES = 2, 1 << 19


class Kind(NamedTuple):
    """What all arrays have in common that a recipe is for.

    Their dtype, that of the unsigned integers which they count as, whether there are symbols for
    corrections and for the bits of a mask, and whether numbers are looked up in a dictionary.
    """

    dtype: np.dtype[Any]
    number: np.dtype[Any]
    corrected: bool
    masked: bool
    looked_up: bool


class Buffer(NamedTuple):
    """Numbers, and the same for kernels that take them at any address."""

    numbers: Numbers
    unaligned: Numbers


class Scratch:
    """Memory for an array, and for what becomes of it. It is lent for a `with` statement.

    Attributes
    ----------
    shape : tuple of int
    content : memoryview
        The bytes of the array.
    first, second : Buffer
        The array as numbers, and as much memory besides.
    symbols : ndarray of uint8
        Room for all symbols,
    tokens, corrections, bits : ndarray of uint8
        and its parts, in this order.
    wide : ndarray of uint64
        Room for as many numbers, if they are looked up.
    raw, raw_bytes : ndarray of uint64, ndarray of uint8
        Room for raw bits, as kernels ask for it.
    mask, mask_bytes : ndarray of uint64, ndarray of uint8
        The same bits as words.
    places : ndarray of uint32
        Room for the places of exceptions.
    """

    def __init__(self, kind: Kind, shape: tuple[int, ...], pool: Pool[Scratch]) -> None:
        self.shape, self._dtype, self._pool = shape, kind.dtype, pool
        nbytes = prod(shape) * kind.dtype.itemsize
        size = nbytes // kind.number.itemsize
        self.first, self.second = _buffer(size, kind.number), _buffer(size, kind.number)
        content = self.first.numbers.view(np.uint8)
        self.content = content.data
        array = content.view(kind.dtype).reshape(shape)
        self._has_fields = kind.dtype.names is not None
        self._array = opaque(array) if self._has_fields else array
        self._copied = self._array.dtype
        behind = size + size * kind.corrected
        self.mask = np.empty(-(-size // WORD_BITS), np.uint64)
        self.mask_bytes = self.mask.view(np.uint8)[: -(-size // 8) * kind.masked]
        self.symbols = empty(behind + self.mask_bytes.size, np.uint8)
        self.tokens, self.bits = self.symbols[:size], self.symbols[behind:]
        self.corrections = self.symbols[size:behind]
        self.wide = empty(size * kind.looked_up, np.uint64)
        self.raw = raw_room(nbytes)
        self.raw_bytes = self.raw.view(np.uint8)
        self.places = np.empty(size // ITEMS_PER_EXCEPTION, np.uint32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.content.nbytes <= LARGE_BYTES:
            self._pool.give(self)

    def put(self, array: npt.NDArray[Any]) -> None:
        """Take an array of its dtype and shape."""
        np.copyto(self._array, array.view(self._copied) if self._has_fields else array)

    def get(self) -> npt.NDArray[Any]:
        """The array, in memory of its own."""
        array = self._array.copy()
        return array.view(self._dtype) if self._has_fields else array


class Scratches:
    """All that are not in use, by shapes."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._small = lru_cache(SMALL_SHAPES)(self._new_pool)
        self._large = lru_cache(LARGE_SHAPES)(self._new_pool)

    def lend(self, shape: tuple[int, ...]) -> Scratch:
        """Memory for an array of this shape, with anything in it."""
        is_small = prod(shape) * self._kind.dtype.itemsize <= SMALL_BYTES
        return (self._small if is_small else self._large)(shape).take()

    def _new_pool(self, shape: tuple[int, ...]) -> Pool[Scratch]:
        pool = Pool[Scratch](lambda: Scratch(self._kind, shape, pool))
        return pool


def _buffer(size: int, number: np.dtype[Any]) -> Buffer:
    numbers = empty(size, number)
    return Buffer(numbers, unaligned(numbers.view(np.uint8), number.itemsize))
