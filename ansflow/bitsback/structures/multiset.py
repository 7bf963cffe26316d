"""Multisets of whatever a codec codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import Repeat
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.integer_coder import MAX_COUNT, counted_tree, empty_tree
from ansflow.kernels.stack import orders

__all__ = ["Multiset"]

# The order of a part is popped before its elements are pushed.
MAX_PART = 1 << 12


class Multiset(Codec):
    """Multisets of elements of any codec: sequences whose order carries no information.

    Elements of any order are pushed, and popped sorted. That costs what the elements do, less log2
    of the number of their orders, ``count! / product of c!``, for c equal ones of each element.

    Parameters
    ----------
    codec : Codec or callable
        The codec of an element; or a function from a number to the codec of an array of so many
        elements, which is faster: ``lambda size: Uniform(1000, size)``.
    count : int
        The number of elements, 0 to 2^28.

    Raises
    ------
    ValueError
        If the count is out of range, or if other than `count` elements are pushed.

    Notes
    -----
    Elements must have an order, which says nothing but what comes first when they are popped:
    numbers, text, bytes, tuples. Arrays of one axis come back as arrays, everything else as lists.

    A push pops which elements are next, and pushes them, in parts: the first one is one element,
    and each of the following a quarter of what there is already, but at most 4,096 elements. So the
    order of a part is popped from what was pushed before, if elements take more bits than orders,
    by a quarter at first; otherwise initial bits are needed, for the order of one part at most if
    elements take as much. The latents are the orders, their posterior is exact, and they are not
    stirred.

    `IntegerMultiset`, `IntegerSet` and `SymbolMultiset` do the same for integers faster.

    Examples
    --------
    >>> from ansflow.bitsback import Multiset, Stack, Uniform
    >>> codec = Multiset(lambda size: Uniform(1000, size), 6)
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, [500, 3, 999, 3, 42, 7])
    >>> round(stack.rates(start).net, 3)
    51.303
    >>> codec.pop(stack)
    array([  3,   3,   7,  42, 500, 999])

    References
    ----------
    Severo, Townsend, Khisti, Makhzani & Ullrich 2022, "Compressing multisets with large alphabets
    using bits-back coding", arXiv:2107.09202.
    """

    def __init__(self, codec: Codec | Callable[[int], Codec], count: SupportsIndex) -> None:
        self.codec = codec
        self.count = integer(count, "count", 0, MAX_COUNT)

    def push(self, stack: Stack, x: Iterable[Any]) -> None:
        if isinstance(self._codec_of(0).pop(stack), np.ndarray):
            x = np.asarray(x)
        values, counts = np.unique(as_elements(x), return_counts=True)
        if counts.sum() != self.count:
            raise ValueError(f"the codec takes {self.count} elements, not {counts.sum()}")
        nodes, starts = counted_tree(counts)
        left = self.count
        with stack.atomic():
            for size in parts(self.count):
                numbers = np.empty(size, np.int64)
                arguments = nodes, starts, np.uint64(left), numbers
                stack.run_pop(orders.pop, size, *arguments)
                self._codec_of(size).push(stack, values[numbers])
                left -= size

    def pop(self, stack: Stack) -> Any:
        there = as_elements(self._codec_of(0).pop(stack))
        with stack.atomic():
            for size in reversed(list(parts(self.count))):
                new = as_elements(self._codec_of(size).pop(stack))
                ordered = np.sort(new)
                numbers = np.searchsorted(ordered, new)  # equal elements have the same one
                before = np.searchsorted(there, new)
                equal = np.searchsorted(there, new, side="right") - before
                arguments = *empty_tree(size), before, equal, np.uint64(there.size), numbers
                stack.run_push(orders.push, size, *arguments)
                there = np.sort(np.concatenate((there, ordered)), kind="stable")
        return there.tolist() if isinstance(self.codec, Codec) else there

    def _codec_of(self, size: int) -> Codec:
        return Repeat(self.codec, size) if isinstance(self.codec, Codec) else self.codec(size)


def parts(count: int) -> Iterator[int]:
    """How many elements are pushed at a time, from the first part on."""
    done = 0
    while done < count:
        size = min(max(1, done // 4), MAX_PART, count - done)
        yield size
        done += size


def as_elements(x: Iterable[Any]) -> npt.NDArray[Any]:
    """A copy as an array of one axis: one of objects, unless it is an array already."""
    if isinstance(x, np.ndarray) and x.ndim == 1:
        return x.copy()
    items = list(x)
    elements = np.empty(len(items), object)
    elements[:] = items
    return elements
