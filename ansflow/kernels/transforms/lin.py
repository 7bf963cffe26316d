"""Numbers to tokens that are their upper bits, and raw bits that are the lower ones; and back.

Items become numbers by masks for those whose highest bit is 0 and 1: those of `ordered.order`.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.transforms.finish import finish_block, no_totals
from ansflow.kernels.transforms.raw_bits import (
    BLOCK,
    add_up,
    append_even,
    bits_from,
    blank,
    end_of,
    fetch,
    merge_even,
    part,
)
from ansflow.kernels.transforms.start import turned
from ansflow.kernels.transforms.words import item_bits
from ansflow.kernels.vector.raw_bits import Rows, lin_rows, split_rows

__all__ = ["decoder", "encoder", "extents"]

WORD_BITS, WORD_SHIFT, BIT_IN_WORD = np.uint64(64), np.uint64(6), np.uint64(63)
U_BLOCK = np.uint64(BLOCK)

# Where a lane of a row takes raw bits of more numbers than that, other loops are quicker.
MOST_TERMS = np.uint64(8)


@kernel
def extents(items, if_clear, if_set):
    """The begin and the length of the range that at least one number lies in, modulo 2^W.

    First that of unsigned numbers, and then the same in two's complement.

    Parameters
    ----------
    items : uint8[n], uint16[n], uint32[n] or uint64[n]
    if_clear, if_set : uint64
    """
    number = items.dtype.type
    half, sign = number(~number(0)) >> ONE, number(ONE << item_bits(items) - ONE)
    clear, set_ = number(if_clear), number(if_set)
    least = greatest = number(turned(items[0], half, clear, set_))
    lowest = highest = number(least ^ sign)
    for i in range(np.uint64(items.size)):
        own = number(turned(items[i], half, clear, set_))
        flipped = number(own ^ sign)
        # LLVM makes vectors of that, and not of `min` and `max` as Numba has them.
        least = own if own < least else least
        greatest = own if own > greatest else greatest
        lowest = flipped if flipped < lowest else lowest
        highest = flipped if flipped > highest else highest
    unsigned, signed = number(greatest - least), number(highest - lowest)
    return least, unsigned, number(lowest ^ sign), signed


@functools.cache
def encoder(isa: str | None) -> Callable[..., Any]:
    """The kernel ``encode(items, if_clear, if_set, base, shift, tokens, out)``.

    It fills `tokens`, and writes the raw bits.

    Parameters
    ----------
    isa : str or None
        One of `ansflow.kernels.vector.raw_bits.SPLIT_ISAS`, for a kernel that uses its vectors;
        None for items of 8 bits.
    items : uint8[n], uint16[n], uint32[n] or uint64[n]
    if_clear, if_set : uint64
    base, shift : uint64
        Where the range of numbers begins, and how many bits of each are raw: fewer than it has.
    tokens : uint8[n] or uint16[n]
    out : uint64[m]
        With room for as many bytes as items have, and two words more.
    """

    @kernel
    def encode(items, if_clear, if_set, base, shift, tokens, out):
        n, field = np.uint64(items.size), item_bits(items)
        words = blank(field, n)
        rest = words.view(items.dtype)
        mask, number = (ONE << shift) - ONE, items.dtype.type
        half, clear, set_ = number(~number(0)) >> ONE, number(if_clear), number(if_set)
        begin_of_range = number(base)
        in_group = WORD_BITS // field
        done = at = last = ZERO
        if isa is not None and MOST_TERMS * shift >= field:
            done = split_rows(items, clear, set_, begin_of_range, shift, tokens, out)
            at = done * shift
            last = out[at >> WORD_SHIFT] & (ONE << (at & BIT_IN_WORD)) - ONE
        for begin in range(done, n, U_BLOCK):
            size = min(n - begin, U_BLOCK)
            for i in range(size):
                own = turned(items[begin + i], half, clear, set_)
                above = np.uint64(number(own - begin_of_range))
                tokens[begin + i] = above >> shift
                rest[i] = above & mask
            if shift:
                rest[size:] = 0
                width = merge_even(words, shift, field)
                groups = (size + in_group - ONE) // in_group
                at, last = append_even(words, width, groups, at, last, out)
        out[at >> WORD_SHIFT] = last

    return encode


@inner
def join_block(tokens, begin, end, data, at, base, shift, words, widths, out):
    """Decode a block of ``out[begin:end]``; the bit after the last one. `words` are `blank`s."""
    field, rest, mask = item_bits(out), words.view(out.dtype), (ONE << shift) - ONE
    at = fetch(data, at, widths, field, words)
    part(words, widths, field)
    for i in range(end - begin):
        low = np.uint64(rest[i]) & mask
        out[begin + i] = base + (np.uint64(tokens[begin + i]) << shift) + low
    return at


@inner
def join_few(tokens, begin, end, data, at, base, shift, out):
    """The same of the numbers that are left when all rows are done, one after the other."""
    mask = (ONE << shift) - ONE
    for i in range(begin, end):
        out[i] = base + (np.uint64(tokens[i]) << shift) + (bits_from(data, at) & mask)
        at += shift
    return at


@functools.cache
def decoder(isa: str | None) -> Callable[..., Any]:
    """The kernel ``decode(tokens, data, base, shift, out, plan)``.

    It undoes `encode`, and does with the numbers what a plan says.

    Parameters
    ----------
    isa : str or None
        That of `log.decoder`.
    tokens : uint8[n] or uint16[n]
    data : uint8[m]
        The raw bits; m is ``ceil(n * shift / 8)``.
    base, shift : uint64
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        That of `finish`.
    """
    rows = None if isa is None else Rows(isa)

    @kernel
    def decode(tokens, data, base, shift, out, plan):
        n, totals, at = np.uint64(tokens.size), no_totals(out), ZERO
        if rows is None:
            words, widths = blank(item_bits(out), n), blank(item_bits(out), n)
            widths.view(out.dtype)[:] = shift
            add_up(widths, item_bits(out))
        else:
            tail, first = end_of(data)
        for begin in range(ZERO, n, U_BLOCK):
            end = min(n, begin + U_BLOCK)
            if shift == ZERO:
                for i in range(begin, end):
                    out[i] = base + np.uint64(tokens[i])
            elif rows is None:
                told = base, shift, words, widths, out
                at = join_block(tokens, begin, end, data, at, *told)
            else:
                told = base, shift, out, rows
                done, at = lin_rows(tokens, begin, end, data, ZERO, at, *told)
                done, at = lin_rows(tokens, done, end, tail, first, at, *told)
                at = join_few(tokens, done, end, data, at, base, shift, out)
            finish_block(out, plan, totals, begin, end)
        finish_block(out, plan, totals, n, n)

    return decode
