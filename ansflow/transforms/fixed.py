"""Recipes whose parameters are chosen once, for arrays that are too small to pay for their own.

Such a recipe is at most a mask, a map, multiples, differences and tokens, in this order; in place
of tokens there may be codes of a dictionary, which is a part of the recipe. It leaves *symbols*, of
which nothing is written but the symbols themselves: tokens or codes, then the corrections of
decimals and the bits of the mask, where there are such. And it leaves a *tail* of bytes that are
not coded: raw bits or what is not in the dictionary, and the exceptions of decimals. All arrays go
the same way, kernel after kernel, with what these are told made up once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms import finish, lin, log
from ansflow.kernels.transforms.affine import divide, multiply
from ansflow.kernels.transforms.decimal import from_integers, to_integers
from ansflow.kernels.transforms.delta import difference
from ansflow.kernels.transforms.mask import fill_in, put_pattern
from ansflow.kernels.transforms.ordered import order
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.transforms.affine import Line
from ansflow.transforms.decimal import ITEMS_PER_EXCEPTION, Decimals
from ansflow.transforms.delta import lags_of
from ansflow.transforms.exceptions import pack_exceptions, put_exceptions
from ansflow.transforms.finish import NOTHING
from ansflow.transforms.fixed_dict import FixedDict
from ansflow.transforms.fixed_steps import LEAVES, Step, as_recipe
from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import TOKENS_OF_A_BYTE, LinParameters
from ansflow.transforms.mask import WORD_BITS, Masked, mask_bytes
from ansflow.transforms.numbers import Numbers, unaligned
from ansflow.transforms.ordered import UNSIGNED, Order, masks
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.start import FOLDED, UNTOUCHED
from ansflow.transforms.tokens import fetching_isa, raw_room, splitting_isa

__all__ = ["FixedRecipe", "Tokens"]

NO_ROOM, NO_CORRECTIONS = np.empty(0, np.uint8), np.empty(0, np.uint8)
NO_TAIL = b""

# Shapes that differ in more than their first axis, for which what kernels are told is kept.
KEPT_SHAPES = 64


class Tokens(NamedTuple):
    """What becomes of an array: symbols of 8 bits, and a tail of bytes that are not coded."""

    symbols: Bytes
    tail: bytes


class FixedRecipe:
    """A recipe with its parameters.

    Parameters
    ----------
    width : int
        Bytes of an item.
    steps : sequence of Step
        As `fixed_steps` says; without a leaf, numbers of one byte are symbols as they are.
    """

    def __init__(self, width: int, steps: Sequence[Step]) -> None:
        self.width, self.steps = width, tuple(steps)
        told = dict(self.steps)
        self._mask: Masked | None = told.get("mask")
        ordered: Order | None = told.get("ordered")
        self._decimals: Decimals | None = told.get("decimal")
        self._near = self._decimals is not None and self._decimals.near
        self._line: Line | None = told.get("affine")
        self._axes = told["delta"].axes if "delta" in told else ()
        self._lin: LinParameters | None = told.get("lin")
        self._dict: FixedDict | None = told.get("dict")
        self._leaf = steps[-1].name if steps and steps[-1].name in LEAVES else "stream"
        self._big = any(one is not None and one.big for one in (ordered, self._decimals))
        self._number = np.dtype(f"<u{width}") if self._leaf != "bytes" else np.dtype(np.uint8)
        # What kernels take, as they take it.
        self._masks: tuple[np.uint64, ...] | None = None
        self._signs = NOTHING
        if ordered is not None and ordered[::2] != (UNSIGNED, 0):
            self._masks = _u64(ordered.shift, *masks(ordered.kind, 8 * width - ordered.shift))
            layout, plain = Layout(width, (1,)), ordered._replace(big=False)
            signs = by_name("ordered").then(plain, layout, NOTHING)
            assert signs is not None
            self._signs = signs
        self._step = None if self._line is None else _u64(*self._line)
        self._low = None if self._lin is None else _u64(self._lin.base, self._lin.shift)
        self._told = lru_cache(KEPT_SHAPES)(self._tell)

    @property
    def recipe(self) -> Recipe:
        """The same as it is chosen, with parameters for each array."""
        return as_recipe(self.steps)

    @property
    def recipe_of_others(self) -> Recipe:
        """The same with tokens in place of a dictionary, for arrays that are not as expected."""
        return self.recipe if self._dict is None else as_recipe([*self.steps[:-1], Step("log", 0)])

    def symbols(self, items: int) -> int:
        """How many symbols so many items become."""
        if self._leaf == "bytes":
            return self.width * items
        bits = 0 if self._mask is None else mask_bytes(Layout(self.width, (items,)))
        return items + items * self._near + bits

    def forward(self, items: Bytes, shape: tuple[int, ...]) -> Tokens | None:
        """Tokens and tail of an array, not empty; None if its items are not what was expected.

        Parameters
        ----------
        items : contiguous ndarray of uint8
        shape : tuple of int
            That of the array.
        """
        found = self._numbers_of(items, shape)
        if found is None:
            return None
        numbers, exceptions, others = found
        if self._leaf in ("stream", "bytes"):
            return Tokens(numbers, exceptions)
        if self._dict is not None:
            tokens, raw = self._dict.codes(numbers)
        else:
            tokens, room = np.empty(numbers.size, np.uint8), raw_room(items.size)
            given = unaligned(numbers.view(np.uint8), self.width)
            if self._low is None:
                bits = int(log.encode(given, UNTOUCHED.plan, tokens, room))
            else:
                base, shift = self._low
                if self._is_outside(numbers):
                    return None
                encode = lin.encoder(splitting_isa(self.width))
                encode(given, *UNTOUCHED.masks, base, shift, tokens, room)
                bits = int(shift) * numbers.size
            raw = room.view(np.uint8)[: -(-bits // 8)].tobytes()
        return Tokens(np.concatenate([tokens, *others]) if others else tokens, raw + exceptions)

    def numbers(self, items: Bytes, shape: tuple[int, ...]) -> Numbers | None:
        """What `forward` makes tokens or codes of."""
        found = self._numbers_of(items, shape)
        return None if found is None else found[0]

    def _numbers_of(
        self, items: Bytes, shape: tuple[int, ...]
    ) -> tuple[Numbers, bytes, list[Bytes]] | None:
        """These numbers, exceptions of decimals, and what else becomes symbols."""
        numbers = items.view(self._number)
        if not numbers.flags.aligned:
            numbers = numbers.copy()
        exceptions, others = NO_TAIL, list[Bytes]()
        if self._mask is not None:
            mask, filled = (
                np.empty(-(-numbers.size // WORD_BITS), np.uint64),
                np.empty_like(numbers),
            )
            fill_in(numbers, numbers.dtype.type(self._mask.pattern), mask, filled)
            others = [mask.view(np.uint8)[: mask_bytes(Layout(self.width, numbers.shape))]]
            numbers = filled
        if self._big:
            numbers = numbers.byteswap()
        if self._masks is not None:
            out = np.empty_like(numbers)
            if order(numbers, *self._masks, out):
                return None
            numbers = out
        elif self._decimals is not None:
            out = np.empty_like(numbers)
            places = np.empty(numbers.size // ITEMS_PER_EXCEPTION, np.uint32)
            factor, times, near, *_ = self._decimals
            corrections = np.empty(numbers.size, np.uint8) if near else NO_ROOM
            convert = to_integers(self.width, False, int(near), goes_by_product(factor))
            found = int(convert(numbers, factor, times, out, corrections, places))
            if found > places.size:
                return None
            if near:
                others.insert(0, corrections)
            exceptions = pack_exceptions(numbers, places[:found]) if found else NO_TAIL
            numbers = out
        if self._step is not None:
            out = np.empty_like(numbers)
            if not divide(numbers, *self._step, out):
                return None
            numbers = out
        if self._axes:
            out = np.empty_like(numbers)
            difference(numbers, self._told(shape[1:])[0], FOLDED, out)
            numbers = out
        return numbers, exceptions, others

    def inverse(self, symbols: Bytes, tail: Bytes, shape: tuple[int, ...]) -> Numbers:
        """Undo `forward`: the items as numbers, in a vector.

        Symbols, as many as `self.symbols` says, and tail may be anything.

        Raises
        ------
        CorruptDataError
            If the tail cannot belong to the tokens.
        """
        items = prod(shape)
        if self._leaf == "bytes":
            bits, out = 0, symbols
        else:
            out = np.empty(items, self._number)
            bits = self._numbers(symbols[:items], tail, out, self._told(shape[1:])[1])
        if self._step is not None:
            multiply(out, *self._step)
        if self._decimals is not None:
            factor, times, near, *_ = self._decimals
            corrections = symbols[items : 2 * items] if near else NO_CORRECTIONS
            convert = from_integers(self.width, False, near, goes_by_product(factor))
            convert(out, factor, times, corrections)
        elif self._signs is not NOTHING and self._step is not None:
            self._signs.apply(out.view(np.uint8), self.width)
        used = -(-bits // 8)
        if used > tail.size or (self._decimals is None and used < tail.size):
            raise CorruptDataError(f"tokens need {used} bytes of raw bits; there are {tail.size}")
        if bits % 8 and tail[used - 1] >> bits % 8:
            raise CorruptDataError("the last byte of raw bits is not filled up with zeros")
        if used < tail.size:
            put_exceptions(tail[used:], out)
        if self._big:
            out.byteswap(inplace=True)
        if self._mask is not None:
            bits_of_mask = symbols[items + items * self._near :]
            mask = np.zeros(-(-items // WORD_BITS), np.uint64)
            mask.view(np.uint8)[: bits_of_mask.size] = bits_of_mask
            put_pattern(mask, out.dtype.type(self._mask.pattern), out)
        return out

    def _numbers(
        self, tokens: Bytes, tail: Bytes, out: Numbers, plan: npt.NDArray[np.uint64]
    ) -> int:
        """Fill `out` with numbers, finished by a plan; return how many raw bits they have."""
        if self._leaf == "stream":
            out[:] = tokens
            finish.finish(unaligned(out.view(np.uint8), self.width), plan)
            return 0
        if self._dict is not None:
            used = self._dict.fill(tokens, tail, out)
            if plan.any():
                finish.finish(unaligned(out.view(np.uint8), self.width), plan)
            return 8 * used
        told = tokens, tail
        numbers = unaligned(out.view(np.uint8), self.width)
        if self._low is None:
            return int(log.decoder(fetching_isa())(*told, numbers, plan))
        lin.decoder(fetching_isa())(*told, *self._low, numbers, plan)
        return int(self._low[1]) * out.size

    def _is_outside(self, numbers: Numbers) -> bool:
        """Whether a number has no linear token."""
        assert self._lin is not None
        base, shift, _ = self._lin
        if TOKENS_OF_A_BYTE << shift == 1 << 8 * self.width:
            return False
        told = lin.extents(unaligned(numbers.view(np.uint8), self.width), *UNTOUCHED.masks)
        least, extent = map(int, told[:2])
        highest = ((least - base) % (1 << 8 * self.width)) + extent
        return highest >= TOKENS_OF_A_BYTE << shift

    def _tell(self, behind: tuple[int, ...]) -> tuple[npt.NDArray[np.uint64], ...]:
        """Lags of the axes, and the plan of what is done last, if that is behind the first axis."""
        last = NOTHING if self._step is not None else self._signs
        lags = lags_of(self._axes, (1, *behind))
        done = last._replace(folded=True, lags=lags) if self._axes else last
        return np.array(lags, np.uint64), done.plan


def _u64(*numbers: int) -> tuple[np.uint64, ...]:
    return tuple(map(np.uint64, numbers))
