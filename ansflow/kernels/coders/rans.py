"""One lane of the fast coder, one step at a time: the arithmetic all its kernels share.

Read me first
-------------
rANS (Duda 2013, arXiv:1311.2540, section 2.2) keeps everything coded so far in one integer, the
*state* x. A symbol s owns the frequency f and the interval [c, c + f) of the 2^p *slots*:

    push   x' = (x div f) * 2^p + c + (x mod f)          about log2(2^p / f) bits larger
    pop    slot = x' mod 2^p  names s;  x = f * (x' div 2^p) + slot - c

Pop undoes push, so the last symbol pushed is the first popped: the encoder walks the
symbols *backwards* to let the decoder walk forwards. To keep x in [low, 2^16 low), a push that
would leave the interval first moves the low 16 bits of x to the stream, and a pop that left
it takes them back. The encoder fills the stream from its end to its beginning, so the
decoder reads it in ascending order.

Interleaving needs no more than that: N lanes are N states that take turns on the same
stream. Whether a lane takes a word is known from its state alone, hence lane after lane,
encoder and decoder agree on which lane owns which word, and nothing needs to be recorded.

Both renormalisations are branch-free (the word is always loaded or stored, the cursor moves
by 0 or 1): whether a word is due is nearly a coin toss, and a mispredicted branch costs more
than the whole step.

`low` is the lower bound of states, 2^15 or 2^16 (see `ansflow.kernels.constants`).
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_WORD_BITS, U_WORD_MASK, ZERO
from ansflow.kernels.jit import brief_kernel, inlined

__all__ = [
    "OUTSIDE",
    "UNFINISHED",
    "finished",
    "next_word",
    "pull_word",
    "push_symbol",
    "put_states",
    "put_word",
    "take_states",
]


# What reading a whole stream returns in place of the cursor, which is behind the states: one of
# these lies outside its interval, or not all has been read.
OUTSIDE, UNFINISHED = 0, 1


@inlined
def put_word(x, room, freq, words, cursor):
    """Move the low word of `x` to ``words[cursor - 1]`` if pushing would leave the interval.

    That is so if ``x >= freq * 2^room``, where 2^room is 2^16 * low / 2^p. The word below the
    cursor is overwritten either way: ``cursor >= 1`` must hold.
    x in [low, 2^16 * low) in, x in [low * freq / 2^p, 2^16 * low * freq / 2^p) out.
    """
    due = np.uint64((x >> room) >= freq)
    words[cursor - ONE] = x
    return x >> (due * U_WORD_BITS), cursor - due


@inlined
def push_symbol(x, quotient, start, complement):
    """``(x div f) * 2^p + start + (x mod f)`` from the quotient and ``complement = 2^p - f``.

    Written as x + start + (x div f) * (2^p - f), the remainder never has to be computed.
    x in [low * f / 2^p, 2^16 * low * f / 2^p) in, x in [low, 2^16 * low) out.
    """
    return x + start + quotient * complement


@inlined
def next_word(words, cursor):
    """The word at the cursor, or 0 if the stream has ended."""
    return np.uint64(words[cursor]) if cursor < np.uint64(words.size) else ZERO


@inlined
def pull_word(x, word, low):
    """Take `word` if ``x < low``; return the state and how many words that took.

    x in [1, 2^16 * low) in, x in [low, 2^16 * low) out.
    """
    due = x < low
    taken = (x << U_WORD_BITS) | word
    return (taken if due else x), np.uint64(due)


@brief_kernel
def put_states(states, words, cursor):
    """Write `states`, two words each with the low half first, below the cursor; return the cursor.

    ``cursor >= 2 * states.size`` must hold.
    """
    cursor -= np.uint64(states.size) + np.uint64(states.size)
    at = cursor
    for x in states:
        words[at] = np.uint64(x) & U_WORD_MASK
        words[at + ONE] = np.uint64(x) >> U_WORD_BITS
        at += ONE + ONE
    return cursor


@brief_kernel
def take_states(words, low, states):
    """Fill `states` from the first words; return whether all are in [low, 2^16 * low).

    There are at least ``2 * states.size`` words.
    """
    for lane in range(np.uint64(states.size)):
        at = lane + lane
        x = np.uint64(words[at]) | (np.uint64(words[at + ONE]) << U_WORD_BITS)
        if x < low or x >= low << U_WORD_BITS:
            return False
        states[lane] = x
    return True


@brief_kernel
def finished(words, cursor, states, low):
    """The cursor behind all symbols, or `UNFINISHED` if words are left, or states are not `low`."""
    if cursor > np.uint64(words.size):
        return cursor
    for state in states:
        if np.uint64(state) != low:
            return np.uint64(UNFINISHED)
    return cursor if cursor == np.uint64(words.size) else np.uint64(UNFINISHED)
