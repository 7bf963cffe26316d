"""Uniform numbers, to which all other codecs can be reduced."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.distributions.array_codec import UINT64, ArrayCodec, Shape, as_shape
from ansflow.bitsback.read_only import read_only_view
from ansflow.errors import ModelError
from ansflow.kernels.distributions.checked import highest_of
from ansflow.kernels.stack import uniform as kernels

__all__ = ["Uniform"]

MAX_UNIFORM = 1 << 64


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
        if type(n) is int:
            own, highest = None, integer(n, "n", 1, MAX_UNIFORM, error=ModelError) - 1
            last = np.array([highest], UINT64)
        else:
            own, last, highest = _numbers(as_array(n, "n"), n)
        shape = own if shape is None else as_shape(shape)
        if own is not None and shape != own:
            raise ValueError(f"n has shape {own}, but shape is {shape}")
        self._set_params(shape, (last,))
        self._words = kernels.digits(highest)
        if highest >= 1 << 63:
            self._dtype = UINT64

    @property
    def last(self) -> npt.NDArray[np.uint64]:
        """The highest number, of each symbol or of all; read-only."""
        return read_only_view(self._params[0])

    def _possible(self, symbols: npt.NDArray[Any]) -> npt.NDArray[np.bool]:
        return symbols <= self.last


def _numbers(
    given: npt.NDArray[Any], n: npt.ArrayLike
) -> tuple[tuple[int, ...] | None, npt.NDArray[np.uint64], int]:
    """The shape of several n, the highest number that each allows, and the highest of all."""
    if isinstance(n, np.ndarray) and given.dtype.kind in "iu":
        numbers = given.astype(np.uint64).reshape(-1)  # negative ones exceed their type's limit
        last = np.empty(numbers.size, np.uint64)
        limit = np.uint64(np.iinfo(given.dtype).max)
        legal, highest = highest_of(numbers, limit, last)
        if not legal:
            integer(given.min(), "n", 1, MAX_UNIFORM, error=ModelError)
    else:
        given = np.array(n, object)  # no other dtype holds all of them
        below = [integer(one, "n", 1, MAX_UNIFORM, error=ModelError) - 1 for one in given.flat]
        last, highest = np.array(below, np.uint64), max(below, default=0)
    return given.shape or None, last, int(highest)
