"""Stirring: all bits of a stack mixed, reversibly, while a posterior is popped from it.

A sample has the distribution of its codec if the bits that it is drawn with look random. Those on
top of a stack say what has just been pushed; unless the model is exact, some of that is more
frequent than the model says. Samples that are drawn with them are distributed otherwise, and so are
those that are drawn with what these leave: in a deep model each layer makes it worse.

So posteriors are popped from a stirred stack (`HeadsOnTail.stirred`): the low bits of its heads are
mixed, and so is each word of its tail. What remains is unstirred afterwards. Words that nobody has
read are then as they were before, and do not count as used. In fact only those are ever stirred
that a kernel may read (`HeadsOnTail.run_pop`).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ansflow.kernels.constants import STACK_WORD_BITS

__all__ = ["factor_of"]

GOLDEN = 2654435769  # 2^32 over the golden ratio, which is odd


@cache
def factor_of(times: int) -> np.uint64:
    """The factor by which the kernels stir so many times, or unstir if the number is negative."""
    return np.uint64(pow(GOLDEN, times, 1 << STACK_WORD_BITS))
