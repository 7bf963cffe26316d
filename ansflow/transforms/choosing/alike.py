"""Maps of columns that are alike: of a table it is known already what makes integers of floats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ansflow.kernels.transforms.cost import FEW_LINEAR
from ansflow.transforms.choosing.detect import Patterns, few_of, patterns, surveyed
from ansflow.transforms.choosing.dictionary import DICT
from ansflow.transforms.choosing.factors import Factor
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.maps import (
    DICT_UP_TO,
    FREQUENT,
    MANY_REPEATS,
    MASK_FROM,
    RUNS,
    decimals_by,
    without,
)
from ansflow.transforms.choosing.sample import few_boxes
from ansflow.transforms.recipe import Recipe

__all__ = ["bytes_alike", "mapped_alike"]

STREAM, TOKENS_OF_A_BYTE = Recipe(), Recipe("lin", settings=(FEW_LINEAR,))


def mapped_alike(raw: Numbers, kind: Kind, factor: Factor | None) -> Iterator[Mapped]:
    """Yield what is worth trying of numbers in columns that are alike.

    These are integers, or floats that are some by a factor, but for a frequent pattern and a few.
    """
    _, seen, _, repeats = surveyed(raw, kind.effort.few)
    some = Mapped(few_boxes(raw, kind.effort.some))
    sources = [some]
    if factor is not None and seen.share >= MASK_FROM and not _is_finite(seen, raw, kind):
        sources = [*without(some, kind, seen)][-1:]
    elif seen.share >= (MASK_FROM if not seen.most_frequent else FREQUENT):
        sources += [*without(some, kind, seen)][-1:]
    if repeats >= MANY_REPEATS and sources:
        values = sources[0].through(kind, RUNS)
        sources += [] if values is None else [values]
    for source in sources:
        integers = _integers(source, kind, factor)
        if integers is not None:
            yield integers
            few = few_of(integers.numbers, kind.effort.few)
            span = int(integers.numbers.max()) - int(integers.numbers.min())
            distinct = patterns(few).distinct
            if raw.itemsize > 1 and distinct <= min(DICT_UP_TO * few.size, span / 2):
                codes = integers.through(kind, DICT)
                if codes is not None:
                    yield codes


def bytes_alike(raw: Numbers, kind: Kind, factor: Factor | None, *, lacking: bool) -> Recipe | None:
    """The recipe that makes a byte of each of such numbers, of which some may be no numbers."""
    some = Mapped(few_boxes(raw, kind.effort.some))
    leaf = TOKENS_OF_A_BYTE
    if lacking:
        found, leaf = some.through(kind, *kind.ordered(), DICT), STREAM
        found = None if found is None or found.numbers.itemsize > 1 else found
    else:
        found = _integers(some, kind, factor)
    if found is None:
        return None
    for outer in reversed(found.maps):
        leaf = outer.around(leaf)
    return leaf


def _integers(some: Mapped, kind: Kind, factor: Factor | None) -> Mapped | None:
    if factor is None:
        return some.through(kind, *kind.ordered())
    return next(decimals_by(some, kind, [factor]), None)


def _is_finite(seen: Patterns, raw: Numbers, kind: Kind) -> bool:
    """Whether the most frequent float is a number."""
    native = np.array([seen.most_frequent], raw.dtype)
    floats = (native.byteswap() if kind.big_endian else native).view(f"f{raw.itemsize}")
    return bool(np.isfinite(floats[0]))
