"""Bins: which numbers and differences they are tried for, and what they must gain."""

from __future__ import annotations

import math

import numpy as np

from ansflow.transforms.choosing.axes import Axes, delta, orders
from ansflow.transforms.choosing.cost import bins_bits, ways_bits
from ansflow.transforms.choosing.dealt import are_all
from ansflow.transforms.choosing.offers import WORTH_BITS, Offers
from ansflow.transforms.choosing.predictor import BINS

__all__ = ["try_bins"]

# Fewer numbers do not pay for bins.
FEWEST_BINNED = 16
# What bins must gain, as they are slower, and where rows lie above each other, which tell more of
# tokens. That of differences made non-negative is less sure, above all in rows.
WORTH_BINS, WORTH_FOLDED = (0.02, 0.04), (0.02, 0.2)
# Where all numbers tell that, and nothing in rows predicts them, less is enough.
WORTH_OF_ALL = 0.005
# They are tried for numbers as they are if these take at most so many times as much as what is
# best, or if nothing takes less than such a share of all bits in rows; for differences with one
# sign but for this share; and for others that take so many bits that they aren't one token each,
# but not as many as noise. Columns have bins of their own, or none.
NEAR, NOISY, ONE_SIDED, FEW_BITS, FEW_COLUMNS = 1.15, 0.6, 0.2, 2, 16
NOISE = 0.5


def try_bins(offers: Offers) -> None:
    """Try bins of numbers as they are, and of the differences that are best."""
    numbers = offers.numbers
    # A row of a period is no row of columns.
    has_rows = numbers.ndim - offers.coarse > 2
    few = numbers.itemsize == 1 or numbers.size < FEWEST_BINNED or offers.bits <= WORTH_BITS
    if few or (has_rows and numbers.shape[-1] <= FEW_COLUMNS):
        return
    in_rows, is_all, best = len(offers.long) > 1, are_all(numbers, offers.items), offers.best_axes
    for axes, folded in _worth_trying(offers, in_rows=in_rows):
        bits = bins_bits(numbers, offers.items, axes, signed=folded)
        if bits >= offers.bits - WORTH_BITS:
            continue
        bits = offers.with_borders(bits * _less_by_half(offers, axes), axes)
        worth = WORTH_OF_ALL
        if not is_all or (in_rows and best):
            worth = WORTH_FOLDED[in_rows] if folded else WORTH_BINS[in_rows]
        stage = delta(axes) if folded else delta(axes, "rising")
        offers.offer(stage, BINS, bits, axes, signed=folded, worth=worth)


def _worth_trying(offers: Offers, *, in_rows: bool) -> list[tuple[Axes, bool]]:
    """The axes of differences, and whether these are made non-negative.

    Those with one sign are not, as others are. Numbers that were filled in come again in a sample,
    and other ones elsewhere: it says too much of them.
    """
    found: list[tuple[Axes, bool]] = []
    share, best = offers.bits / (8 * offers.numbers.itemsize), offers.best_axes
    near = offers.plain <= NEAR * offers.bits or (in_rows and share > NOISY)
    if near and not (in_rows and offers.is_filled):
        found.append(((), False))
    if best and (are_all(offers.numbers, offers.items) or _is_one_sided(offers, best)):
        found.append((best, False))
    elif offers.coarse and _is_one_sided(offers, (1,)):
        found.append(((1,), False))
    if best and offers.bits > FEW_BITS and share < NOISE and not offers.is_filled:
        found.append((best, True))
    return found


def _is_one_sided(offers: Offers, axes: Axes) -> bool:
    """Whether few of some differences, or most, are negative."""
    return not ONE_SIDED < offers.share_below(axes) < 1 - ONE_SIDED


def _less_by_half(offers: Offers, axes: Axes) -> float:
    """By how much less the boxes that tell of bins take with tokens than all do, at least 1.

    They may all be the same.
    """
    told_by = np.ascontiguousarray(offers.numbers[1::2])
    if not told_by.size:
        return 1.0
    [of_half] = ways_bits(told_by, orders((axes,), told_by.ndim), offers.items)
    of_all, _ = offers.tried.get(axes, (of_half, 0.0))
    return max(1.0, of_all / of_half) if of_half else math.inf
