"""One lane of the fast coder, one step at a time: the arithmetic all its kernels share.

Read me first
-------------
rANS (Duda 2013, arXiv:1311.2540, section 2.2) keeps everything coded so far in one integer, the
*state* x. A symbol s owns the frequency f and the interval [c, c + f) of the 2^p *slots*:

    push   x' = (x div f) * 2^p + c + (x mod f)          about log2(2^p / f) bits larger
    pop    slot = x' mod 2^p  names s;  x = f * (x' div 2^p) + slot - c

Pop undoes push, so the last symbol pushed is the first popped: the encoder walks the
symbols *backwards* to let the decoder walk forwards. To keep x in [2^15, 2^31), a push that
would leave the interval first moves the low 16 bits of x to the stream, and a pop that left
it takes them back. The encoder fills the stream from its end to its beginning, so the
decoder reads it in ascending order.

Interleaving needs no more than that: N lanes are N states that take turns on the same
stream. Whether a lane takes a word is known from its state alone, hence lane after lane,
encoder and decoder agree on who owns which word without a bit of bookkeeping.

Both renormalisations are branch-free (the word is always loaded or stored, the cursor moves
by 0 or 1): whether a word is due is nearly a coin toss, and a mispredicted branch costs more
than the whole step.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STATE_LOW, U_WORD_BITS
from ansflow.kernels.jit import kernel

__all__ = ["pull_word", "push_symbol", "put_word"]


@kernel
def put_word(x, x_max, words, cursor):
    """Move the low word of `x` to ``words[cursor - 1]`` if ``x >= x_max``.

    The word below the cursor is overwritten either way: ``cursor >= 1`` must hold.
    x in [2^15, 2^31) in, x in [2^15 * f / 2^p, x_max) out.
    """
    due = np.uint64(x >= x_max)
    words[cursor - ONE] = x
    return x >> (due * U_WORD_BITS), cursor - due


@kernel
def push_symbol(x, start, complement, reciprocal, shift):
    """``(x div f) * 2^p + start + (x mod f)`` with ``complement = 2^p - f``.

    Written as x + start + (x div f) * (2^p - f), the remainder never has to be computed;
    the division is a multiplication (see `ansflow.kernels.reciprocal`).
    """
    return x + start + ((x * reciprocal) >> shift) * complement


@kernel
def pull_word(x, word):
    """Take `word` if ``x < 2^15``; return the state and how many words that took.

    x in [1, 2^31) in, x in [2^15, 2^31) out.
    """
    due = x < U_STATE_LOW
    taken = (x << U_WORD_BITS) | word
    return (taken if due else x), np.uint64(due)
