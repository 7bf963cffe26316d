"""Objects that threads take, use alone, and give back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Pool"]

T = TypeVar("T")


class Pool(Generic[T]):
    """Objects that no thread uses at the moment. One that is not given back is just dropped.

    Parameters
    ----------
    make : callable
        Makes another object where all are in use.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._idle: list[T] = []

    def take(self) -> T:
        """An object, to be given back."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()

    def give(self, taken: T) -> None:
        self._idle.append(taken)
