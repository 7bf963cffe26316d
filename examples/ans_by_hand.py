"""rANS in a dozen lines, then the same words from ansflow.

The first part uses one big integer that holds the whole message, which shows the idea; the second
one a state of bounded size that moves 16 bits at a time to a stream, which is fast.
The distribution is that of Townsend's talk: masses 3, 5, 8 and 4, here of 32 with 12 spare.
"""

import math

import numpy as np

import ansflow

FREQ = [3, 5, 8, 4, 12]
CDF = [0, 3, 8, 16, 20, 32]
PRECISION = 5  # 32 slots


def push(x, s):
    """x div f picks a row of slots, x mod f one of the symbol's slots in that row."""
    return x // FREQ[s] << PRECISION | CDF[s] + x % FREQ[s]


def pop(x):
    """The slot determines the symbol; the rest gives the previous state."""
    slot = x % 32
    s = next(s for s in range(5) if slot < CDF[s + 1])
    return FREQ[s] * (x >> PRECISION) + slot - CDF[s], s


def main():
    message = [2, 4, 4, 0, 3, 1, 2, 4]

    print("One big integer. Each push makes it about 32/f times larger:")
    x = 1
    for s in message:
        x, before = push(x, s), x
        bits = PRECISION - math.log2(FREQ[s])
        print(f"  push {s}  {bits:5.2f} bits   {before:>12,} -> {x:,}")
    ideal = sum(PRECISION - math.log2(FREQ[s]) for s in message)
    print(f"  {math.log2(x):.2f} bits for a message of {ideal:.2f}\n")

    decoded = []
    while x > 1:
        x, s = pop(x)
        decoded.insert(0, s)  # last in, first out
    assert decoded == message

    print("A state from 2^15 to 2^31, and words of 16 bits:")
    low, state, words = 1 << 15, 1 << 15, []
    for s in reversed(message * 4):  # backwards, so that decoding runs forwards
        if state >= FREQ[s] << 31 - PRECISION:
            words.insert(0, state & 0xFFFF)
            state >>= 16
        state = push(state, s)
    by_hand = [state & 0xFFFF, state >> 16, *words]

    model = ansflow.models.Categorical(FREQ)
    ours = ansflow.encode(message * 4, model, lanes=1)
    print(f"  by hand  {by_hand}\n  ansflow  {ours.tolist()}")
    assert ours.tolist() == by_hand

    decoded = []
    for _ in range(32):
        state, s = pop(state)
        if state < low:
            state = state << 16 | words.pop(0)
        decoded.append(s)
    assert decoded == message * 4
    assert state == low
    assert np.array_equal(ansflow.decode(ours, model, 32, lanes=1), decoded)


if __name__ == "__main__":
    main()
