"""Uniform numbers: what all other codecs can be reduced to."""

from __future__ import annotations

from operator import index
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.codec import ArrayCodec, Shape
from ansflow.errors import ModelError
from ansflow.kernels.stack import uniform as kernels

__all__ = ["Uniform"]

MAX_UNIFORM = 1 << 64
INT64, UINT64 = np.dtype(np.int64), np.dtype(np.uint64)


class Uniform(ArrayCodec):
    """Numbers from 0 to n - 1, all equally likely: push is s -> n * s + u, pop is divmod.

    Parameters
    ----------
    n : int or array_like of int
        1 to 2^64, a power of two or not; an array has one for each symbol.
    shape : int or tuple of int, optional
        Shape of the arrays. By default that of `n` if it is an array, else one number a lane.

    Raises
    ------
    ModelError
        If n is out of range.

    Notes
    -----
    A number costs log2 n bits, and at most 5e-5 more if n exceeds 2^16 and isn't a power of two.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, Uniform
    >>> stack = Stack()
    >>> Uniform(10, 3).push(stack, [3, 1, 4])
    >>> int(stack.heads[0]) % 1000
    413

    References
    ----------
    Duda 2013, arXiv:1311.2540, section 2.1. The bijection for any n is in
    `ansflow.kernels.stack.uniform`.
    """

    kernels: ClassVar[Any] = kernels

    def __init__(self, n: int | npt.ArrayLike, shape: Shape = None) -> None:
        given = np.asarray(n, object)  # no other type holds all of them
        try:
            numbers = [index(number) for number in given.reshape(-1)]
        except TypeError:
            raise ModelError("n must be integers") from None
        if not numbers or not 1 <= min(numbers) <= max(numbers) <= MAX_UNIFORM:
            raise ModelError(f"n is {n!r}, not between 1 and 2**64")
        self.last = np.array([number - 1 for number in numbers], np.uint64)
        super().__init__(
            given.shape if shape is None and given.ndim else shape,
            (self.last,),
            UINT64,
            INT64 if max(numbers) <= 1 << 63 else UINT64,
            words=kernels.digits(max(numbers) - 1),
        )
        if given.ndim and self.shape != given.shape:
            raise ValueError(f"n of shape {given.shape} for numbers of shape {self.shape}")

    def _counted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if values.dtype is INT64 and self._dtype is INT64:
            # Negative numbers become larger than any that is possible.
            return values.view(UINT64)
        return super()._counted(values)

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols <= self.last
