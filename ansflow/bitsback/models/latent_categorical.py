"""Categorical distributions as latent-variable models: rANS, derived with bits back.

The latent is uniform, so that all arithmetic is that of `Uniform`. The kernels do the same in one
step, and much faster; this says *why* they do what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.autoregressive import Autoregressive
from ansflow.bitsback.combinators.bits_back import BitsBack
from ansflow.bitsback.combinators.certain import Certain
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.errors import ModelError
from ansflow.kernels.coders import alias

__all__ = ["categorical_by_alias", "categorical_by_cdf", "columns"]


def categorical_by_cdf(masses: Sequence[int]) -> Codec:
    """The codec of one symbol, an int, whose latent is a slot.

    Slots are the integers below ``sum(masses)``, all equally likely, and each belongs to a symbol:
    the first ``masses[0]`` slots to symbol 0, the next ``masses[1]`` to symbol 1, and so on.
    Given the slot, the symbol is certain; given the symbol, the slot is uniform over those that
    belong to it.

    Parameters
    ----------
    masses : sequence of int
        Not negative. Their sum is 1 to 2^31, and need not be a power of two.

    Raises
    ------
    ModelError
        If the masses are not that; a push also if the symbol has no mass.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, categorical_by_cdf
    >>> codec = categorical_by_cdf([3, 5, 8, 4])
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, 2)
    >>> round(stack.rates(start).net, 3)  # log2(20 / 8)
    1.322
    >>> codec.pop(stack)
    2

    References
    ----------
    Duda 2013, arXiv:1311.2540, range variant (rANS). As a latent-variable model: Townsend 2020,
    "A tutorial on the range variant of asymmetric numeral systems", arXiv:2001.09186;
    Townsend 2022, "Latent Variables and Lossless Compression" (talk).
    """
    masses, cdf, total = _checked_masses(masses)

    def symbol_of(slot: int) -> int:
        return int(np.searchsorted(cdf, slot, side="right")) - 1

    def slots_of(symbol: int) -> Codec:
        symbol = _checked(symbol, masses)
        first = cdf[symbol]
        return Mapped(
            Uniform(masses[symbol], ()),
            pushed=lambda slot: slot - first,
            popped=lambda rank: int(rank) + first,
        )

    return BitsBack(
        prior=_number_below(total),
        likelihood=lambda slot: Certain(symbol_of(slot)),
        posterior=slots_of,
        stir=False,  # the posterior is exact, and the words are those of rANS
    )


def categorical_by_alias(masses: Sequence[int]) -> Codec:
    """The codec of one symbol, an int, whose latents are a column and the switch in it.

    There are as many columns as symbols, all equally likely. If the switch is off, the symbol is
    that of the column's number; if it is on, it is the column's alias. Given both latents, the
    symbol is certain, and no search is needed. Given the symbol, there are a few halves of columns
    that it could have come from.

    Parameters
    ----------
    masses : sequence of int
        Not negative. Their sum is 1 to 2^31, and a multiple of their number.

    Raises
    ------
    ModelError
        If the masses are not that; a push also if the symbol has no mass.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, categorical_by_alias
    >>> codec = categorical_by_alias([3, 5, 8, 4])
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, 2)
    >>> round(stack.rates(start).net, 3)
    1.322
    >>> codec.pop(stack)
    2

    References
    ----------
    Walker 1977, doi:10.1145/355744.355749; with rANS, Giesen 2014, arXiv:1402.3392, section 4.
    """
    masses, _, _ = _checked_masses(masses)
    dividers, aliases, capacity = columns(masses)
    # For each symbol the halves (column, switch) that are its own, and how wide they are.
    halves: list[list[tuple[int, int]]] = [[] for _ in masses]
    widths: list[list[int]] = [[] for _ in masses]
    for column, (divider, other) in enumerate(zip(dividers, aliases, strict=True)):
        for switch, (symbol, width) in enumerate([(column, divider), (other, capacity - divider)]):
            if width:
                halves[symbol].append((column, switch))
                widths[symbol].append(width)

    def prior_after(latents: list[int]) -> Codec:
        if not latents:
            return _number_below(len(masses))
        divider = dividers[latents[0]]
        return categorical_by_cdf([divider, capacity - divider])

    def symbol_of(latents: Sequence[int]) -> int:
        column, switch = latents
        return aliases[column] if switch else column

    def halves_of(symbol: int) -> Codec:
        symbol = _checked(symbol, masses)
        own = halves[symbol]
        return Mapped(
            categorical_by_cdf(widths[symbol]),
            pushed=lambda latents: own.index(tuple(latents)),
            popped=lambda number: list(own[number]),
        )

    return BitsBack(
        prior=Autoregressive(prior_after, 2),
        likelihood=lambda latents: Certain(symbol_of(latents)),
        posterior=halves_of,
        stir=False,
    )


def columns(masses: Sequence[int]) -> tuple[list[int], list[int], int]:
    """The alias method's columns: dividers, aliases, and the width of all columns.

    Raises
    ------
    ModelError
        If the sum of the masses is not a multiple of their number.

    Examples
    --------
    >>> columns([3, 5, 8, 4])
    ([3, 5, 5, 4], [2, 1, 2, 2], 5)
    """
    masses, _, total = _checked_masses(masses)
    n = len(masses)
    if total % n:
        raise ModelError(
            f"the sum of the masses must be a multiple of their number, {n}, but it is {total}"
        )
    dividers, aliases = np.empty(n, np.uint64), np.empty(n, np.uint32)
    capacity = total // n
    mass = np.array(masses, np.uint64)
    alias.build(mass, np.uint64(capacity), dividers, aliases, np.empty(n, np.uint32))
    return dividers.tolist(), aliases.tolist(), capacity


def _number_below(n: int) -> Codec:
    """The codec of one int, uniform from 0 to n - 1."""
    return Mapped(Uniform(n, ()), pushed=lambda number: number, popped=int)


def _checked_masses(masses: Sequence[int]) -> tuple[list[int], list[int], int]:
    """The masses, for each the sum of those before it, and the sum of all."""
    numbers = [integer(mass, "one of masses", 0, 1 << 31, error=ModelError) for mass in masses]
    *below, total = accumulate(numbers, initial=0)
    if not 1 <= total <= 1 << 31:
        raise ModelError(f"the sum of the masses must be 1 to 2**31, not {total}")
    return numbers, below, total


def _checked(symbol: int, masses: Sequence[int]) -> int:
    symbol = integer(symbol, "a symbol")
    if not 0 <= symbol < len(masses) or not masses[symbol]:
        raise ModelError(f"symbol {symbol} has no probability")
    return symbol
