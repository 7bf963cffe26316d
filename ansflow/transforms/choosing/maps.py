"""Maps of numbers that leave less to predict."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ansflow.transforms.choosing.cost import event_bits
from ansflow.transforms.choosing.detect import (
    Facts,
    Patterns,
    bits_of,
    common_step,
    facts,
    few_of,
    have_gaps,
    is_dense,
    patterns,
    surveyed,
    trailing_zeros,
)
from ansflow.transforms.choosing.dictionary import DICT
from ansflow.transforms.choosing.factors import BITS_OF_FAR, Factor, decimal_factors
from ansflow.transforms.choosing.mapped import SMALL, Kind, Mapped, Numbers
from ansflow.transforms.choosing.sample import few_boxes
from ansflow.transforms.recipe import Recipe

__all__ = ["DICT_UP_TO", "FREQUENT", "MANY_REPEATS", "MASK_FROM", "RUNS"]
__all__ += ["decimals", "decimals_by", "likely_factors", "mapped", "without"]

# The share of the most frequent pattern from which on a mask is tried, and of repeats for runs:
# many where there are rows, which tell as much, and of bytes, which take little anyway.
MASK_FROM = 0.02
FEWEST_MASKED = 3  # of fewer numbers, a mask takes more than it gains
# So near to it, as a part of the range of all others, there are no more than so many times as many
# of them as if they were strewn evenly.
AROUND, CROWD = 64, 2
FEWEST_TOLD = 512  # if fewer are left of a few, facts of the others are told by more
REPEATS_FROM, MANY_REPEATS = 0.45, 0.6
# The share of all bits that a mask could take, from which on its pattern is strewn at random.
STREWN_FROM = 0.8

# Distinct numbers of a few, as a share of them, up to which a dictionary is tried. If some floats
# still aren't, there may be more values than fit two bytes. It does more for numbers of 16 bits if
# one of them is frequent, or if integers have gaps between them and many are distinct.
DICT_UP_TO, DICT_OF_MANY_UP_TO, DICT_UP_TO_OF_HALVES = 0.9, 0.98, 0.05
MANY_HALVES = 0.2
# If there are few, decimals beside a mask may be in a dictionary, and values that mostly are such.
DICT_UP_TO_OF_FILLED = 0.5
FREQUENT = 0.2
# Where it must be quick, integers are names, which have codes, if they have more bits than these,
# and so few are distinct.
BITS_OF_NAMES, NAMES_UP_TO = 16, 0.25
# From so many distinct integers on, it is first looked whether most integers may come. Codes of
# fewer are bytes, and decimals have exceptions that a dictionary does without.
DENSE_FROM, DENSE_DECIMALS_FROM = 257, 1024
# What decimals may have besides integers, in bits, for codes to gain too little by having nothing.
CHEAP = 1 / 4

# What the gap from one value of a dictionary to the next takes besides its length, and the bits by
# which codes must be shorter than integers, with what their values take.
BITS_OF_A_GAP, WORTH_CODES = 1.5, 0.5

# Values of a dictionary are made smaller first if they come again at most so often, about: the
# fewer they are, the less that gains, and each number takes its time.
OFTEN_IN_DICT = 1024

# Others may be negative if the least of a sample is so near to 0, as a share of their range.
NEAR_ZERO = 1 / 4

# How many factors of decimals are tried, and where it must be quick: those with the fewest bits, of
# integers and exceptions, and none with so many more than the best.
FACTORS, FACTORS_IF_QUICK, FAR_MORE_BITS = 2, 1, 3
# The share of the bits of floats that other outputs of decimals may take for the floats as they are
# not to be tried: an integer is shorter than all bits of the float that it stands for.
SLIGHT = 1 / 8
# Integers in a range of more bits are hardly any shorter, and bytes of floats may be better.
LONG = 46
# A step of decimals has to be one of every so many numbers of a chunk.
STEP_BY = 3
# In fewer floats, a step that is no power is found by chance as often as not.
ANY_STEP_FROM = 64
# About so many floats say whether a few of them lack those that are finer.
MANY = 1 << 16

STREAM, LOG, BYTES = Recipe(), Recipe("log"), Recipe("bytes")
EXACT = LOG, BYTES  # what decimals have for exceptions, and nothing for corrections
RUNS, AFFINE = Recipe("runs", (LOG,)), Recipe("affine")


def mapped(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    """Yield what is worth trying, of a part of a large sample.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    """
    few, seen, bits, repeats = surveyed(raw, kind.effort.few)
    often = seen.share >= MASK_FROM and seen.share * seen.size >= FEWEST_MASKED
    masked = often and seen.share < 1 and _is_special(seen, few.astype(raw.dtype), kind)
    if masked:
        few = few[few != seen.most_frequent]
        if few.size < FEWEST_TOLD:
            few = few_of(raw[raw != seen.most_frequent], kind.effort.few)
    factors = likely_factors(few.astype(raw.dtype), kind) if kind.name == "float" else []
    some = Mapped(few_boxes(raw, kind.effort.some))
    # If all but the most frequent one are like codes anyway, there is no need of these.
    like = masked and factors and _are_dense_decimals(few.astype(raw.dtype), kind, factors)
    codes = False
    for one in _all_but_masks(some, bits, kind, seen, factors, codes=not like):
        codes = codes or one.is_dict
        yield one
    if masked:
        # A dictionary of integers has no need of a mask; among floats, one may suit others less.
        codes = codes and kind.name != "float"
        yield from _masked(some, kind, seen, patterns(few), factors, codes=not codes)
    if repeats >= (REPEATS_FROM if raw.ndim < 3 and raw.itemsize > 1 else MANY_REPEATS):
        yield from _runs(some, kind, factors)


def decimals(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    """Yield what `mapped` does that is nothing but decimals, and those with more bits, too."""
    few = few_of(raw, kind.effort.few).astype(raw.dtype)
    factors = likely_factors(few, kind, more_bits=math.inf)
    yield from decimals_by(Mapped(few_boxes(raw, kind.effort.some)), kind, factors)


def _is_special(seen: Patterns, few: Numbers, kind: Kind) -> bool:
    """Whether the most frequent pattern may stand for no number.

    It is 0, or lies at an end of all numbers, as NaNs do, or is far too frequent. Of integers, few
    others lie around it, unless all is tried. Where it must be quick, it lies far from all of them.
    """
    as_any = kind.name == "float" or bool(kind.effort.orders)
    may_be = seen.share >= FREQUENT or not seen.most_frequent
    if as_any and may_be:
        return True
    found = Mapped(few).through(kind, *kind.ordered())
    assert found is not None  # without a shift, any numbers can be
    numbers = found.numbers.reshape(-1)
    at_an_end = seen.most_frequent in (few[numbers.argmin()], few[numbers.argmax()])
    if as_any:
        return at_an_end
    is_it = few == seen.most_frequent
    most_frequent, others = int(numbers[is_it.argmax()]), numbers[~is_it]
    least, greatest = int(others.min()), int(others.max())
    if kind.effort.quick:
        return max(least - most_frequent, most_frequent - greatest) > greatest - least
    apart = np.abs(others.astype(np.float64) - most_frequent)
    around = int(np.count_nonzero(apart <= (greatest - least) / AROUND))
    return (may_be or at_an_end) and around <= CROWD / AROUND * others.size


def _are_dense_decimals(few: Numbers, kind: Kind, factors: Sequence[Factor]) -> bool:
    """Whether a few floats are decimals with hardly any gaps between them."""
    if patterns(few).distinct < DENSE_DECIMALS_FROM:
        return False
    integers = _told_decimals(Mapped(few[np.newaxis]), kind, factors)
    return any(is_dense(told.few) for _, told in integers)


def _masked(
    some: Mapped,
    kind: Kind,
    seen: Patterns,
    others: Patterns,
    factors: Sequence[Factor],
    *,
    codes: bool,
) -> Iterator[Mapped]:
    for left in without(some, kind, seen):
        bits = bits_of(left.numbers)
        yield from _all_but_masks(left, bits, kind, others, factors, codes=codes)


def without(some: Mapped, kind: Kind, seen: Patterns) -> Iterator[Mapped]:
    """Yield numbers with the most frequent pattern replaced, and, if it is strewn, taken out."""
    outer = Recipe("mask", (STREAM,), (seen.most_frequent,))
    filled = some.through(kind, outer)
    if filled is None:
        return
    yield filled
    if filled.extra > STREWN_FROM * event_bits(seen.share):
        kept = some.through(kind, Recipe("sparse", (STREAM,), outer.settings))
        if kept is not None:
            yield kept


def _runs(some: Mapped, kind: Kind, factors: Sequence[Factor]) -> Iterator[Mapped]:
    values = some.through(kind, RUNS)
    if values is not None:
        _, seen, bits, _ = surveyed(values.numbers, kind.effort.few)
        yield from _all_but_masks(values, bits, kind, seen, factors)


def _all_but_masks(
    some: Mapped,
    bits: int,
    kind: Kind,
    seen: Patterns,
    factors: Sequence[Factor],
    *,
    codes: bool = True,
) -> Iterator[Mapped]:
    """Yield what is worth trying, by facts that are told by more of the numbers.

    Some of these have the `bits` set, whatever the order of their bytes. With `codes`, numbers may
    be in a dictionary.
    """
    width = some.numbers.itemsize
    if kind.big_endian:
        bits = int.from_bytes(bits.to_bytes(width, "big"), "little")
    in_order = kind
    if kind.name == "signed" and not bits >> (8 * width - 1):
        # As they are, the least of them are 0 or not far from it, which suits tokens.
        kind = Kind("unsigned", *kind[1:])
    shift = trailing_zeros(bits) if kind.name == "float" else 0
    decimal, decimals = False, []
    if kind.name == "float":
        for one, told in _told_decimals(some, kind, factors):
            yield one
            is_slight = one.extra - some.extra <= SLIGHT * 8 * width
            decimal = decimal or (is_slight and not told.range - 1 >> LONG)
            decimals.append((one, told))
    whole = [one for one, _ in decimals if one.extra <= some.extra]
    most = _most_values(some, [told for one, told in decimals if one.extra > some.extra], kind)
    least = DENSE_FROM if whole else DENSE_DECIMALS_FROM
    if kind.effort.quick:
        shift, least = (0, 0) if whole else (shift, least)
        dictionary = codes and _may_be_names(some, kind, seen, bits, whole=bool(whole))
    elif codes:
        dictionary = _may_be_dictionary(some, kind, seen, decimal=decimal and most == math.inf)
    else:
        dictionary = False
    if dictionary:
        # As integers say which floats they are, codes do without what decimals have besides.
        cheap = [one for one in decimals if most == math.inf or one[0].extra - some.extra < CHEAP]
        dictionary = not any(_are_like_codes(*one, kind, seen, least) for one in cheap)
    if decimal and not (shift or dictionary):
        return
    ordered = some.through(kind, *kind.ordered(shift))
    if ordered is None:
        return
    if kind.name != "float":
        told = facts(ordered.numbers, kind.effort.few)
        steps = _steps(ordered, told, some, in_order) if told.step > 1 else None
        if steps is not None:
            yield steps
        dictionary = dictionary and not _are_like_codes(ordered, told, kind, seen, DENSE_FROM)
    elif dictionary and not decimals and seen.distinct >= DENSE_FROM:
        told = facts(ordered.numbers, kind.effort.few)
        dictionary = _are_far_apart(ordered, told, kind, seen)
        dictionary = dictionary and (width > 2 or have_gaps(ordered.numbers))
    if shift or not decimal:
        yield ordered
    if dictionary:
        # Values lie closer together as integers than as floats, if all of them are, or most.
        values = [ordered]
        if seen.distinct * OFTEN_IN_DICT >= kind.items * some.share:
            values = whole[:1] or values
            if kind.items <= SMALL:
                nearly = [one for one, _ in decimals if one.maps[-1].outputs == EXACT][:1]
                values += [one for one in nearly if one is not values[0]]
        for one in values:
            coded = one._replace(most=most).through(kind, DICT)
            if coded is not None:
                yield coded


def _most_values(some: Mapped, decimals: Sequence[Facts], kind: Kind) -> float:
    """How many distinct floats there are at most: one for each integer in the range of decimals.

    That is known if the integer says which float it is, as where the same program made all of them,
    though not as this one would.
    """
    if not decimals:
        return math.inf
    distinct = patterns(few_of(some.numbers, kind.effort.few)).distinct
    for told in decimals:
        if patterns(told.few).distinct == distinct:
            return float(told.range)
    return math.inf


def _steps(ordered: Mapped, told: Facts, some: Mapped, kind: Kind) -> Mapped | None:
    """Integers as multiples of a step from the least of all.

    If a sample lacks negative ones that are not far away, these are put in order, since others may
    be no such multiples of what comes before 0.
    """
    if kind.name == "signed" and told.least < NEAR_ZERO * (told.range - 1):
        return some.through(kind, *kind.ordered(), AFFINE)
    return ordered.through(kind, AFFINE)


def _are_like_codes(integers: Mapped, told: Facts, kind: Kind, seen: Patterns, least: int) -> bool:
    """Whether integers are much the same as codes of a dictionary, or these gain nothing."""
    if seen.distinct < least:
        return False
    few_distinct = seen.distinct <= DICT_UP_TO_OF_HALVES * seen.size or seen.share > FREQUENT
    are_halves = integers.numbers.itemsize == 2 and kind.name != "float" and not few_distinct
    if are_halves and (integers.is_filled or seen.distinct <= MANY_HALVES * seen.size):
        return True
    if not _are_far_apart(integers, told, kind, seen):
        return True
    if is_dense(told.few):
        return True
    return are_halves and not have_gaps(integers.numbers)


def _are_far_apart(integers: Mapped, told: Facts, kind: Kind, seen: Patterns) -> bool:
    """Whether distinct integers are so far apart that codes are shorter, by more than they take.

    If most are distinct, others are as many as tell those that come again, if all come as often.
    Where all numbers are looked at, it is seen.
    """
    items, again = kind.items * integers.share, seen.size - seen.distinct
    if items <= SMALL:
        return True
    values = max(seen.distinct, seen.size**2 / (2 * again) if again < seen.distinct else 0)
    values = min(values, items)
    gap = math.log2(max(1.0, told.range / values))
    return gap - values * (gap + BITS_OF_A_GAP) / items > WORTH_CODES


def _may_be_dictionary(some: Mapped, kind: Kind, seen: Patterns, *, decimal: bool) -> bool:
    """Whether enough numbers come again; decimals explain better that some do now and then."""
    itemsize, most = some.numbers.itemsize, DICT_UP_TO
    if itemsize == 1:
        return False
    if decimal and some.is_filled:
        if kind.items > SMALL:
            return False
        most = DICT_UP_TO_OF_FILLED
    many = kind.effort.worth_many < 1
    if itemsize == 2 and seen.share <= FREQUENT and (kind.name == "float" or not many):
        most = DICT_UP_TO_OF_HALVES
    elif many and not decimal and kind.name == "float":
        most = DICT_OF_MANY_UP_TO
    return seen.distinct <= most * seen.size


def _may_be_names(some: Mapped, kind: Kind, seen: Patterns, bits: int, *, whole: bool) -> bool:
    """The same where it must be quick: of integers, and floats that are some, if they are names."""
    are_integers = whole or kind.name != "float"
    if are_integers and (not bits >> BITS_OF_NAMES or seen.distinct > NAMES_UP_TO * seen.size):
        return False
    return _may_be_dictionary(some, kind, seen, decimal=True)


def likely_factors(few: Numbers, kind: Kind, *, more_bits: float = FAR_MORE_BITS) -> list[Factor]:
    """Those that are worth trying for a few of the numbers."""
    if kind.name != "float" or few.itemsize == 1:
        return []
    width = 8 * few.itemsize

    def expected(factor: Factor) -> float:
        # A correction is by a unit or two, up or down.
        besides = factor.exceptions + factor.far * BITS_OF_FAR
        return math.log2(factor.per_unit) + besides * width + 2 * factor.corrected

    def every() -> Numbers:
        assert kind.all_items is not None
        step = max(1, kind.all_items.size // MANY)
        return _native(np.ascontiguousarray(kind.all_items[::step]), kind)

    any_step = not kind.effort.quick and kind.items >= ANY_STEP_FROM
    more = None if kind.all_items is None else every
    found = decimal_factors(_native(few, kind), any_step=any_step, every=more)
    ascending = sorted(found, key=expected)
    dearer = [one for one in ascending if one.far][1:]  # others of these make about the same
    most = FACTORS_IF_QUICK if kind.effort.quick else FACTORS
    likely = [one for one in ascending if one not in dearer][:most]
    return [one for one in likely if expected(one) < expected(likely[0]) + more_bits]


def _native(numbers: Numbers, kind: Kind) -> Numbers:
    """Floats in native byte order."""
    native: Numbers = numbers.byteswap() if kind.big_endian else numbers
    return native.view(f"f{numbers.itemsize}")


def decimals_by(some: Mapped, kind: Kind, factors: Sequence[Factor]) -> Iterator[Mapped]:
    """Yield integers that factors make of floats."""
    return (one for one, _ in _told_decimals(some, kind, factors))


def _told_decimals(
    some: Mapped, kind: Kind, factors: Sequence[Factor]
) -> Iterator[tuple[Mapped, Facts]]:
    known: list[tuple[Recipe, ...]] = []  # as a finer factor and a step may make a coarser one
    for factor in factors:
        integers = _decimal(some, kind, factor)
        if integers is None:
            continue
        told = facts(integers.numbers, kind.effort.few)
        if told.step > 1:
            steps = _of_steps(integers, some, kind, factor, told.step)
            told = facts(steps.numbers, kind.effort.few) if steps is not integers else told
            integers = steps
        if integers.maps not in known:
            known.append(integers.maps)
            yield integers, told


def _of_steps(integers: Mapped, some: Mapped, kind: Kind, factor: Factor, step: int) -> Mapped:
    """Numbers of a factor as multiples of a step, which may be from 0 on, or else from the least.

    What was packed in integers, with a scale and an offset, has such steps from any number on.
    """
    larger = None if factor.near else factor.times_step(step)
    steps = None if larger is None else _decimal(some, kind, larger)
    if steps is not None and steps.extra <= integers.extra:  # no more exceptions
        return steps
    if kind.all_items is None:
        return integers
    # One number of a chunk that is no multiple is enough for all of them to have another step.
    items = np.ascontiguousarray(kind.all_items[: kind.items : STEP_BY])[np.newaxis]
    many = Mapped(items).through(kind, *integers.maps)
    if many is None or common_step(many.numbers) != step:
        return integers
    return integers.through(kind, AFFINE) or integers


def _decimal(some: Mapped, kind: Kind, factor: Factor) -> Mapped | None:
    """Integers of a factor; None if it is not for the numbers."""
    told = factor.times, factor.near, bool(factor.far), kind.big_endian
    return some.through(kind, _by(factor.factor, *told))


@functools.lru_cache
def _by(factor: float, times: bool, near: bool, far: bool, big: bool) -> Recipe:
    """The map that makes integers of floats by a factor."""
    named = ("times", times), ("far", far), ("near", near and not far), ("big", big)
    words = [word for word, told in named if told]
    corrections = [LOG] if far else [STREAM] * near
    return Recipe("decimal", (*EXACT, *corrections), (factor, *words))
