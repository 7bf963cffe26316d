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
from typing import Any, NamedTuple

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
from ansflow.transforms.decimal import Decimals
from ansflow.transforms.delta import lags_of
from ansflow.transforms.exceptions import pack_exceptions, put_exceptions
from ansflow.transforms.finish import NOTHING
from ansflow.transforms.fixed_dict import FixedDict
from ansflow.transforms.fixed_scratch import Buffer, Kind, Scratch, Scratches
from ansflow.transforms.fixed_steps import LEAVES, Step, as_recipe
from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import TOKENS_OF_A_BYTE, LinParameters
from ansflow.transforms.mask import Masked
from ansflow.transforms.numbers import Numbers
from ansflow.transforms.ordered import UNSIGNED, Order, masks
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.start import FOLDED, UNTOUCHED
from ansflow.transforms.tokens import fetching_isa, splitting_isa

__all__ = ["FixedRecipe", "Tokens"]

PLAIN, NO_MASKS = UNTOUCHED.plan, UNTOUCHED.masks
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
    dtype : dtype
        That of the arrays.
    steps : sequence of Step
        As `fixed_steps` says; without a leaf, numbers of one byte are symbols as they are.
    """

    def __init__(self, dtype: np.dtype[Any], steps: Sequence[Step]) -> None:
        self.dtype, self.width, self.steps = dtype, dtype.itemsize, tuple(steps)
        width, told = self.width, dict(self.steps)
        self._leaf = steps[-1].name if steps and steps[-1].name in LEAVES else "stream"
        number = np.dtype(f"<u{width}") if self._leaf != "bytes" else np.dtype(np.uint8)
        ordered: Order | None = told.get("ordered")
        decimals: Decimals | None = told.get("decimal")
        mask: Masked | None = told.get("mask")
        line: Line | None = told.get("affine")
        linear: LinParameters | None = told.get("lin")
        self._dict: FixedDict | None = told.get("dict")
        self._axes = told["delta"].axes if "delta" in told else ()
        self._big = any(one is not None and one.big for one in (ordered, decimals))
        # What kernels take, as they take it.
        self._pattern = None if mask is None else number.type(mask.pattern)
        self._masks: tuple[np.uint64, ...] | None = None
        self._signs = NOTHING
        if ordered is not None and ordered[::2] != (UNSIGNED, 0):
            self._masks = _u64(ordered.shift, *masks(ordered.kind, 8 * width - ordered.shift))
            layout, plain = Layout(width, (1,)), ordered._replace(big=False)
            signs = by_name("ordered").then(plain, layout, NOTHING)
            assert signs is not None
            self._signs = signs
        self._near = decimals is not None and decimals.near
        self._factor: tuple[float, bool] | None = None
        if decimals is not None:
            self._factor = decimals.factor, decimals.times
            by_product = goes_by_product(decimals.factor)
            self._to_integers = to_integers(width, False, int(self._near), by_product)
            self._from_integers = from_integers(width, False, self._near, by_product)
        self._step = None if line is None else _u64(*line)
        self._low = None
        if linear is not None:
            self._low = _u64(linear.base, linear.shift)
            self._above = TOKENS_OF_A_BYTE << linear.shift  # so many numbers from the base on
            self._encode_lin = lin.encoder(splitting_isa(width))
            self._decode_lin = lin.decoder(fetching_isa())
        self._decode_log = log.decoder(fetching_isa())
        self._told = lru_cache(KEPT_SHAPES)(self._tell)
        parts = self._near, mask is not None, self._dict is not None
        self._scratches = Scratches(Kind(dtype, number, *parts))

    @property
    def recipe(self) -> Recipe:
        """The same as it is chosen, with parameters for each array."""
        return as_recipe(self.steps)

    @property
    def recipe_of_others(self) -> Recipe:
        """The same with tokens in place of a dictionary, for arrays that are not as expected."""
        return self.recipe if self._dict is None else as_recipe([*self.steps[:-1], Step("log", 0)])

    def scratch(self, shape: tuple[int, ...]) -> Scratch:
        """What to put an array of this shape into, to be lent in a `with` statement."""
        return self._scratches.lend(shape)

    def forward(self, scratch: Scratch) -> Tokens | None:
        """Tokens and tail of an array, not empty; None if its items are not what was expected.

        The symbols are in the same scratch, of which the array is then gone.
        """
        found = self._numbers_of(scratch)
        if found is None:
            return None
        given, exceptions = found
        if self._leaf in ("stream", "bytes"):
            return Tokens(given.numbers, exceptions)
        if self._dict is not None:
            raw = self._dict.codes(given.numbers, scratch.wide, scratch.tokens)
        else:
            told = scratch.tokens, scratch.raw
            if self._low is None:
                bits = int(log.encode(given.unaligned, PLAIN, *told))
            elif self._is_outside(given):
                return None
            else:
                self._encode_lin(given.unaligned, *NO_MASKS, *self._low, *told)
                bits = int(self._low[1]) * scratch.tokens.size
            raw = scratch.raw_bytes[: -(-bits // 8)].tobytes()
        return Tokens(scratch.symbols, raw + exceptions)

    def numbers(self, scratch: Scratch) -> Numbers | None:
        """What `forward` makes tokens or codes of, in the same scratch."""
        found = self._numbers_of(scratch)
        return None if found is None else found[0].numbers

    def _numbers_of(self, scratch: Scratch) -> tuple[Buffer, bytes] | None:
        """These numbers, and exceptions of decimals. What else becomes symbols is with these."""
        own, other = scratch.first, scratch.second
        exceptions = NO_TAIL
        if self._pattern is not None:
            fill_in(own.numbers, self._pattern, scratch.mask, other.numbers)
            scratch.bits[:] = scratch.mask_bytes
            own, other = other, own
        if self._big:
            own.numbers.byteswap(inplace=True)
        if self._masks is not None:
            if order(own.numbers, *self._masks, other.numbers):
                return None
            own, other = other, own
        elif self._factor is not None:
            told = other.numbers, scratch.corrections, scratch.places
            found = int(self._to_integers(own.numbers, *self._factor, *told))
            if found > scratch.places.size:
                return None
            if found:
                exceptions = pack_exceptions(own.numbers, scratch.places[:found])
            own, other = other, own
        if self._step is not None:
            if not divide(own.numbers, *self._step, other.numbers):
                return None
            own, other = other, own
        if self._axes:
            lags, _ = self._told(scratch.shape[1:])
            difference(own.numbers, lags, FOLDED, other.numbers)
            own = other
        return own, exceptions

    def inverse(self, scratch: Scratch, tail: Bytes) -> None:
        """Undo `forward`: put the array where its symbols are.

        These, all that there is room for, and the tail may be anything.

        Raises
        ------
        CorruptDataError
            If the tail cannot belong to the tokens.
        """
        out = scratch.first.numbers
        bits = self._finished(scratch, tail)
        if self._step is not None:
            multiply(out, *self._step)
        if self._factor is not None:
            self._from_integers(out, *self._factor, scratch.corrections)
        elif self._signs is not NOTHING and self._step is not None:
            finish.finish(scratch.first.unaligned, self._signs.plan)
        used = -(-bits // 8)
        if used > tail.size or (self._factor is None and used < tail.size):
            raise CorruptDataError(f"tokens need {used} bytes of raw bits; there are {tail.size}")
        if bits % 8 and tail[used - 1] >> bits % 8:
            raise CorruptDataError("the last byte of raw bits is not filled up with zeros")
        if used < tail.size:
            put_exceptions(tail[used:], out)
        if self._big:
            out.byteswap(inplace=True)
        if self._pattern is not None:
            scratch.mask_bytes[:] = scratch.bits
            put_pattern(scratch.mask, self._pattern, out)

    def _finished(self, scratch: Scratch, tail: Bytes) -> int:
        """Make numbers of tokens, and do what is done with these last; return their raw bits."""
        tokens, out = scratch.tokens, scratch.first
        if self._leaf == "bytes":
            out.numbers[:] = tokens
            return 0
        _, plan = self._told(scratch.shape[1:])
        if self._leaf == "log":
            return int(self._decode_log(tokens, tail, out.unaligned, plan))
        if self._low is not None:
            self._decode_lin(tokens, tail, *self._low, out.unaligned, plan)
            return int(self._low[1]) * tokens.size
        used = 0
        if self._dict is not None:
            used = self._dict.fill(tokens, tail, scratch.wide, out.numbers)
        else:
            out.numbers[:] = tokens
        finish.finish(out.unaligned, plan)
        return 8 * used

    def _is_outside(self, given: Buffer) -> bool:
        """Whether a number has no linear token."""
        assert self._low is not None
        if self._above == 1 << 8 * self.width:
            return False
        least, extent, *_ = map(int, lin.extents(given.unaligned, *NO_MASKS))
        highest = ((least - int(self._low[0])) % (1 << 8 * self.width)) + extent
        return highest >= self._above

    def _tell(self, behind: tuple[int, ...]) -> tuple[npt.NDArray[np.uint64], ...]:
        """Lags of the axes, and the plan of what is done last, if that is behind the first axis."""
        last = NOTHING if self._step is not None else self._signs
        lags = lags_of(self._axes, (1, *behind))
        done = last._replace(folded=True, lags=lags) if self._axes else last
        return np.array(lags, np.uint64), done.plan


def _u64(*numbers: int) -> tuple[np.uint64, ...]:
    return tuple(map(np.uint64, numbers))
