"""What is done with items of which nothing is known but their size."""

from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["plain_recipe"]

# With fewer items, the heads of several planes take more than planes can save.
PLANES_FROM = 32

STREAM, PLANES, BYTES = Recipe(), Recipe("planes"), Recipe("bytes")


def plain_recipe(layout: Layout) -> Recipe:
    """Bytes are a stream; larger items become a stream for each of their bytes."""
    if layout.itemsize == 1:
        return STREAM
    return PLANES if layout.items >= PLANES_FROM else BYTES
