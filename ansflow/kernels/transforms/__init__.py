"""The loops of `ansflow.transforms`, over arrays of unsigned integers of 8 to 64 bits.

decimal.py, affine.py, mask.py, dict.py, runs.py, ramp.py, lpc.py, stencil.py, columns.py,
groups.py, digits.py, lookback.py, log.py, lin.py, bins.py
    a transform each, forward and back: the file of the same name in `ansflow.transforms` calls
    them, and sparse.py those of masks
ordered.py, delta.py, finish.py
    two transforms, and what undoes both, alone or where log.py, lin.py and
    bins.py make the numbers
raw_bits.py, bits.py, words.py, byte_order.py, half.py, binary64.py, running_sums.py
    what several of them are made of: numbers of a few bits each, sets of items, what Numba lacks
widths.py, glance.py, cost.py, detect.py, borders.py, steps.py, recurrence.py,
likeness.py
    for the choice of a recipe: samples, what numbers would cost, and what they have in common

They allocate nothing and raise nothing. Whatever an index is computed from is checked, or kept
within the array, where it is used: the streams of a damaged chunk may hold anything.
"""
