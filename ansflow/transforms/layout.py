"""What lies in a buffer that transforms take and give: how large its items are, and their shape."""

from __future__ import annotations

from math import prod

__all__ = ["Layout"]


class Layout:
    """Items in C order.

    It is not to be changed. A named tuple takes longer to make, and far longer to count items with,
    which is done several times for each node of a recipe.

    Parameters
    ----------
    itemsize : int
        Bytes of an item.
    shape : tuple of int

    Attributes
    ----------
    items, nbytes : int
        How many items there are, and how many bytes these have.
    """

    __slots__ = "items", "itemsize", "nbytes", "shape"

    def __init__(self, itemsize: int, shape: tuple[int, ...]) -> None:
        self.itemsize, self.shape = itemsize, shape
        self.items = prod(shape)
        self.nbytes = itemsize * self.items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and (
            (self.itemsize, self.shape) == (other.itemsize, other.shape)
        )

    def __hash__(self) -> int:
        return hash((self.itemsize, self.shape))

    def __repr__(self) -> str:
        return f"Layout({self.itemsize}, {self.shape})"
