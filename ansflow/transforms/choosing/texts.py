"""Texts: their characters, each place by itself, or codes in a dictionary of the distinct ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.transforms.choosing.choice import Choice, Gain, better
from ansflow.transforms.choosing.cost import plain_bits
from ansflow.transforms.dict import coded_items
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Unsuitable

__all__ = ["Choose", "characters", "choose_texts", "is_text"]

# Texts are said to come again if so many of a sample are distinct at most, or of all. In a sample,
# fewer do.
DISTINCT_OF_SAMPLE, DISTINCT = 0.75, 0.5
# And with no more than this share of distinct ones, characters need not be looked at.
FEW_DISTINCT = 0.125

CHARACTER_BYTES = {"S": 1, "U": 4}
# Each takes a stream at least, and as long to choose a recipe for as a column does.
MOST_CHARACTERS = 256

# What chooses a recipe for items of a dtype, in a layout.
Choose = Callable[[Bytes, Layout, np.dtype[Any]], Choice | None]


def is_text(dtype: np.dtype[Any]) -> bool:
    """Whether items are texts of a fixed length that is not too long."""
    return dtype.kind in CHARACTER_BYTES and 1 <= _length(dtype) <= MOST_CHARACTERS


def characters(dtype: np.dtype[Any], most: int) -> list[tuple[np.dtype[Any], int]]:
    """What the characters of a text are as numbers, and where they are.

    There are at most so many parts: those of longer texts are shorter ones.
    """
    width, length = CHARACTER_BYTES[dtype.kind], _length(dtype)
    if length <= most:
        parts = [(f"u{width}", at) for at in range(length)]
    else:
        parts = [(f"{dtype.kind}{min(most, length - at)}", at) for at in range(0, length, most)]
    return [(np.dtype(part).newbyteorder(dtype.byteorder), at * width) for part, at in parts]


def _length(dtype: np.dtype[Any]) -> int:
    return dtype.itemsize // CHARACTER_BYTES[dtype.kind]


def choose_texts(
    texts: npt.NDArray[Any],
    sample: npt.NDArray[Any],
    dtype: np.dtype[Any],
    choose: Choose,
    by_characters: Callable[[], Choice | None],
) -> Choice | None:
    """A recipe for texts: a dictionary of the distinct ones, if they come again, or by characters.

    Parameters
    ----------
    texts, sample : ndarray of opaque items
        All of them, and some.
    dtype : dtype
    choose : callable
        What chooses recipes for codes and values.
    by_characters : callable
        What else is chosen, which takes its time.
    """
    if dtype.itemsize == 1:
        return by_characters()
    try:
        coded_items(_octets(sample), dtype.itemsize, int(sample.size * DISTINCT_OF_SAMPLE))
        codes, values = coded_items(_octets(texts), dtype.itemsize, int(texts.size * DISTINCT))
    except Unsuitable:
        return by_characters()
    found = _dictionary(codes, values, texts.shape, dtype, choose)
    if found is not None and len(values) <= texts.size * FEW_DISTINCT:
        return found
    other = by_characters()
    if found is None or other is None:
        return found or other
    return better(other, found)


def _dictionary(
    codes: npt.NDArray[Any],
    values: npt.NDArray[Any],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    choose: Choose,
) -> Choice | None:
    """A recipe for codes in such a shape, and for the values that they stand for."""
    numbers = np.dtype(f"u{codes.itemsize}")
    of_codes = _chosen(_octets(codes), Layout(codes.itemsize, shape), numbers, choose)
    of_values = _chosen(_octets(values), Layout(dtype.itemsize, (len(values),)), dtype, choose)
    if max(of_codes.recipe.depth, of_values.recipe.depth) == MAX_DEPTH:
        return None
    bits = of_codes.bits + of_values.bits * len(values) / codes.size
    gains = Gain("as they are", 8.0 * dtype.itemsize), Gain(f"dict, of {len(values)} values", bits)
    return Choice(Recipe("dict", (of_codes.recipe, of_values.recipe)), bits, gains)


def _octets(items: npt.NDArray[Any]) -> Bytes:
    return np.ascontiguousarray(items).reshape(-1).view(np.uint8)


def _chosen(content: Bytes, layout: Layout, dtype: np.dtype[Any], choose: Choose) -> Choice:
    """A recipe for codes or values, and what they take."""
    choice = choose(content, layout, dtype)
    if choice is not None:
        return choice
    size, bits = layout.itemsize, plain_bits(content.reshape(-1, layout.itemsize))
    if size <= MAX_PLANES:
        return Choice(plain_recipe(layout), bits)
    # There are too few of them for recipes of their characters, whose bytes follow each other.
    sizes = tuple(min(MAX_PLANES, size - at) for at in range(0, size, MAX_PLANES))
    parts = tuple(plain_recipe(Layout(part, layout.shape)) for part in sizes)
    return Choice(Recipe("fields", parts, sizes), bits)
