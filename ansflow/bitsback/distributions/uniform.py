"""Uniform numbers, to which all other codecs can be reduced."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.distributions.array_codec import INT64, ArrayCodec, Shape
from ansflow.errors import ModelError
from ansflow.kernels.stack import uniform as kernels

__all__ = ["Uniform"]

MAX_UNIFORM = 1 << 64
UINT64 = np.dtype(np.uint64)


class Uniform(ArrayCodec):
    """Numbers from 0 to n - 1, all equally likely: a push is s -> n * s + u, a pop is divmod.

    Parameters
    ----------
    n : int or array_like of int
        1 to 2^64, not necessarily a power of two. An array has an n for each symbol.
    shape : int or tuple of int, optional
        Shape of the arrays. By default that of `n` if it is an array, otherwise one number for
        each lane.

    Raises
    ------
    ModelError
        If n is out of range.

    Notes
    -----
    Numbers are popped as int64, or as uint64 if an n exceeds 2^63. A number costs log2 n bits, or
    up to 5e-5 bits more if n exceeds 2^16 and is not a power of two.

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
        given = as_array(n, "n")
        if isinstance(n, np.ndarray) and given.dtype.kind in "iu":
            given = given.copy()
            numbers = given.reshape(-1)
            for extreme in (numbers.min(), numbers.max()) if numbers.size else ():
                integer(extreme, "n", 1, MAX_UNIFORM, error=ModelError)
            self.last = numbers.astype(np.uint64) - np.uint64(1)
        else:
            given = np.array(n, object)  # no other dtype holds all of them
            below = [integer(one, "n", 1, MAX_UNIFORM, error=ModelError) - 1 for one in given.flat]
            self.last = np.array(below, np.uint64)
        highest = int(self.last.max(initial=0))
        super().__init__(
            given.shape if shape is None and given.ndim else shape,
            (self.last,),
            dtype=INT64 if highest < 1 << 63 else UINT64,
            words=kernels.digits(highest),
        )
        if given.ndim and self.shape != given.shape:
            raise ValueError(f"n has shape {given.shape}, but shape is {self.shape}")

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols <= self.last
