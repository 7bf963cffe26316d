"""Reversible transforms: arrays of items to streams of symbols that are easier to model.

layout.py
    what a transform takes and gives: the size and number of items
transform.py
    the interface, which one file implements for each transform
planes.py, item_bytes.py
    the transforms
registry.py
    all of them by their ids
recipe.py
    a tree of transforms: how content becomes streams, and how it is made of them again
plain.py
    the recipe of items of which nothing is known

To add a transform, write a file like `planes.py`, enter it in `registry.py`, and describe it in the
table of recipes in FORMAT.md. Nothing here knows of files or coders.
"""

from ansflow.transforms.recipe import Recipe

__all__ = ["Recipe"]
