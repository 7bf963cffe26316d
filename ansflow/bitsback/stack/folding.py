"""Fewer and more lanes: heads become words of the tail, and come from it.

A head h has floor(log2 h) bits below its highest one. They are pushed as they are, and after them
the place of the highest one, one of 32. That takes log2 h + 4.5 bits on average, close to the
entropy of log2 h + 4.47 bits of a head whose density is proportional to 1 / h.
"""

from __future__ import annotations

import numpy as np

from ansflow.arguments import integer
from ansflow.bitsback.read_only import read_only
from ansflow.bitsback.stack.heads_on_tail import HeadsOnTail
from ansflow.errors import StackUnderflowError
from ansflow.kernels.constants import STACK_LOW
from ansflow.kernels.stack import uniform

__all__ = ["MAX_STACK_LANES", "fold", "unfold"]

MAX_STACK_LANES = 1 << 16

PLACES = read_only(np.array([31], np.uint64))  # the last place of the highest bit, from 32 on


def fold(stack: HeadsOnTail, lanes: int) -> None:
    """Push all heads but the first `lanes`."""
    _check_whole(stack)
    lanes = integer(lanes, "lanes")
    if not 1 <= lanes <= stack.lanes:
        raise ValueError(f"{stack.lanes} lanes can be folded into 1 to {stack.lanes}, not {lanes}")
    surplus = stack.heads[lanes:]
    stack.heads = stack.heads[:lanes].copy()
    if surplus.size:
        places = np.array([int(h).bit_length() - 33 for h in surplus], np.uint64)
        tops = np.uint64(STACK_LOW) << places
        last = read_only(tops - np.uint64(1))
        stack.run_push(uniform.push, 4 * surplus.size, surplus - tops, last)
        stack.run_push(uniform.push, surplus.size, places, PLACES)


def unfold(stack: HeadsOnTail, lanes: int) -> None:
    """Undo `fold`: pop heads until there are `lanes`."""
    _check_whole(stack)
    more = integer(lanes, "lanes", 1, MAX_STACK_LANES) - stack.lanes
    if more < 0:
        raise ValueError(f"{stack.lanes} lanes cannot be unfolded into fewer, {lanes}")
    if more:
        places = np.empty(more, np.uint64)
        stack.run_pop(uniform.pop, more, PLACES, places)
        tops = np.uint64(STACK_LOW) << places
        last, rests = read_only(tops - np.uint64(1)), np.empty(more, np.uint64)
        try:
            stack.run_pop(uniform.pop, 4 * more, last, rests)
        except StackUnderflowError:
            stack.run_push(uniform.push, more, places, PLACES)
            raise
        stack.heads = np.concatenate([stack.heads, tops + rests])


def _check_whole(stack: HeadsOnTail) -> None:
    if stack.heads.base is not None:
        raise ValueError("a view of a stack cannot be folded or unfolded; do that with the stack")
