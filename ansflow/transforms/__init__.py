"""Reversible transforms: arrays of items to streams of symbols that are easier to model.

layout.py
    what a transform takes and gives: the size and number of items
transform.py
    the interface, which one file implements for each transform
planes.py, item_bytes.py, items.py
    numbers to bytes, and bytes to numbers; `interleaved.py` has what they share
ordered.py, decimal.py, affine.py
    numbers to integers that are easier to predict
mask.py, sparse.py, dict.py, runs.py
    frequent values, few values and repeated values
delta.py, ramp.py, lpc.py, stencil.py, lookback.py
    numbers to differences from what is expected: neighbours, lines, sums, numbers far back
period.py, join.py
    the same items with more axes, as numbers that swing with a period have rows, or with fewer
log.py, lin.py, bins.py
    integers to tokens, which are coded, and raw bits; `tokens.py` has what they share
columns.py, groups.py, fields.py, digits.py
    items to several vectors of items, each with a recipe of its own
numbers.py, vectors.py
    the items of a chunk as vectors of integers, wherever they begin; such that follow each other
registry.py
    all of them by their ids
recipe.py, node.py
    a tree of transforms: how content becomes streams, and how it is made of them again
fixed.py, fixed_steps.py, fixed_dict.py, exceptions.py
    recipes whose parameters are chosen once, for arrays too small to say them
plain.py
    the recipe of items of which nothing is known

choosing/
    which recipe suits an array

Their loops are in `ansflow.kernels.transforms`. To add a transform, write a file like `runs.py`,
enter it in `registry.py`, and describe it in FORMAT.md; CONTRIBUTING.md lists all steps. Nothing
here knows of files or coders.
"""

from ansflow.transforms.recipe import Recipe

__all__ = ["Recipe"]
