"""Short streams of bytes: one state, and a distribution that is learnt from the symbols so far.

A table of frequencies takes a few bits for each symbol that occurs. Where there are a few hundred
symbols, that is a large part of all. A coder that begins with knowing nothing, and adapts, needs no
table, and loses less: it pays for a symbol when it comes, as much as it was unexpected.

A symbol is eight *decisions*, its bits from the highest to the lowest. A decision has a *node* of a
binary tree, which the bits before it lead to: node 1 is the root, and bit b leads from node k to
node 2 k + b. A node keeps the probability that the bit is one, in units of 2^-16, and how often it
was met. After n decisions, the probability goes a share of 1 / (n + 1 + a) of the way to what the
bit is. For a = 1 that is the estimate of Krichevsky & Trofimov (1981): of n bits, k were ones, and
the probability is (k + 1/2) / (n + 1). The smaller a is, the sooner it is believed that all bits
are the same, as high bits often are; low bits are more like random ones. The share doesn't become
less than that of `MOST` decisions, so that what has changed is learnt anew.

The arithmetic is that of `ansflow.kernels.coders.escapes`: the encoder makes all decisions first,
and then pushes them backwards.
"""

import numpy as np

from ansflow.kernels.coders.escapes import NO_STATE, put_state, take_state
from ansflow.kernels.coders.rans import push_symbol
from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record

__all__ = ["DECISIONS", "NODES", "ROOM", "decode", "encode"]

# Decisions of a symbol, and entries for nodes, of which the first one is not used.
DECISIONS, NODES = 8, 1 << 8

# Ten times the a of each of them.
STUBBORNNESS = 4, 4, 6, 6, 8, 12, 20, 30
MOST = 127

PRECISION = np.uint64(MAX_PACKED_PRECISION)
TOTAL = ONE << PRECISION
SLOT_MASK = TOTAL - ONE
LOW = np.uint64(state_low(MAX_PACKED_PRECISION))
BYTE, BYTE_MASK, WORD = np.uint64(8), np.uint64(0xFF), np.uint64(16)

# An entry of a node: the probability, and below it the number of decisions.
FINER = np.uint64(4)  # bits of a probability beyond the precision
CERTAIN = ONE << (PRECISION + FINER)
COUNT_BITS = np.uint64(7)
COUNT_MASK = (ONE << COUNT_BITS) - ONE
UNKNOWN = np.uint32(CERTAIN << COUNT_BITS >> ONE)

# By decision and number of decisions.
SHARES = np.array(
    [[(10 << 16) // (10 * (n + 1) + a) for n in range(MOST + 1)] for a in STUBBORNNESS], np.uint32
)

# Bytes in front of a message that fits: a state, and what is written for a symbol at most.
ROOM = np.uint64(4 + 2 * DECISIONS)

# As random are symbols if two of them are alike no more often than so many times as often as if
# all 256 were equally likely: then they have about 7.86 bits of entropy or more.
ALIKE, ALIKE_BY = np.uint64(11), np.uint64(10)


@inlined
def frequency_of_one(entry):
    """The frequency of a one, from 1 to the total minus 1: a probability is less than certain."""
    return max(entry >> (COUNT_BITS + FINER), ONE)


@inlined
def learnt(entry, decision, bit):
    """The entry after a bit."""
    one, count = entry >> COUNT_BITS, entry & COUNT_MASK
    share = np.uint64(SHARES[decision, count])
    more, less = ((CERTAIN - one) * share) >> WORD, (one * share) >> WORD
    one = one + more if bit else one - less
    return (one << COUNT_BITS) | min(count + ONE, COUNT_MASK)


@inner
def is_random(symbols, counts):
    """Whether symbols, at least two, are alike about as seldom as random ones."""
    counts[:] = np.uint32(0)
    pairs = ZERO
    for i in range(symbols.size):
        symbol = np.uint64(symbols[np.uint64(i)])
        before = np.uint64(counts[symbol])
        pairs += before
        counts[symbol] = before + ONE
    size = np.uint64(symbols.size)
    # Of all pairs, size (size - 1) / 2, one of 256.
    return ALIKE_BY * pairs * np.uint64(2 * NODES) <= ALIKE * size * (size - ONE)


@kernel
def encode(symbols, reciprocals, nodes, decisions, out):
    """Write a message to the end of `out`; return where it begins, or 0 if it was given up.

    Parameters
    ----------
    symbols : uint8[n]
        At least two.
    reciprocals : uint64[2^12 + 1]
        Of all frequencies, for records that are packed.
    nodes : uint32[256]
        Overwritten.
    decisions : uint16[8 n]
        Overwritten.
    out : uint8[]
        At least `ROOM` long. What does not fit is given up, as are symbols that seem random.
    """
    if is_random(symbols, nodes):
        return ZERO
    nodes[:] = UNKNOWN
    at = ZERO
    for i in range(symbols.size):
        # With a one in front, what is left of the symbol above each bit is the number of a node.
        symbol, node = np.uint64(symbols[np.uint64(i)]), ONE
        for decision in range(DECISIONS):
            bit = (symbol >> np.uint64(DECISIONS - 1 - decision)) & ONE
            entry = np.uint64(nodes[node])
            one = frequency_of_one(entry)
            # The frequency of the bit, and the bit.
            decisions[at] = (one if bit else TOTAL - one) << ONE | bit
            nodes[node] = learnt(entry, np.uint64(decision), bit)
            node = node << ONE | bit
            at += ONE
    x = ONE
    end = cursor = np.uint64(out.size)
    while at > ZERO:
        if cursor < ROOM:
            return ZERO
        for _ in range(DECISIONS):
            at -= ONE
            made = np.uint64(decisions[at])
            m, nudge, shift, _, freq = look_up_record(reciprocals, made >> ONE)
            due = np.uint64((x >> headroom(PRECISION)) >= freq)
            out[cursor - ONE - ONE] = x & BYTE_MASK
            out[cursor - ONE] = (x >> BYTE) & BYTE_MASK
            x, cursor = x >> (due * WORD), cursor - due - due
            # Ones have the first slots.
            start = ZERO if made & ONE else TOTAL - freq
            x = push_symbol(x, divide(x, m, nudge, shift), start, TOTAL - freq)
    return put_state(x, cursor < end, out, cursor) if cursor >= ROOM else ZERO


@kernel
def decode(message, nodes, out):
    """Undo `encode`; return whether the message can be one of so many symbols.

    Parameters
    ----------
    message : uint8[]
        It may hold anything.
    nodes : uint32[256]
        Overwritten.
    out : uint8[n]
    """
    nodes[:] = UNKNOWN
    end = np.uint64(message.size)
    x, cursor = take_state(message, ZERO, end)
    if x == NO_STATE:
        return False
    for i in range(out.size):
        node = ONE
        for decision in range(DECISIONS):
            entry = np.uint64(nodes[node])
            one, slot = frequency_of_one(entry), x & SLOT_MASK
            bit = np.uint64(slot < one)
            freq = one if bit else TOTAL - one
            x = freq * (x >> PRECISION) + slot - (ZERO if bit else one)
            if x < LOW and cursor < end:
                low, high = np.uint64(message[cursor]), np.uint64(message[cursor + ONE])
                x = (x << WORD) | low | (high << BYTE)
                cursor += ONE + ONE
            nodes[node] = learnt(entry, np.uint64(decision), bit)
            node = node << ONE | bit
        out[np.uint64(i)] = node & BYTE_MASK
    return x == ONE and cursor == end
