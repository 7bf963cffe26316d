"""rANS and the alias method derived by bits back: the slot of a symbol is a latent variable.

The distribution is that of Townsend's talk: P = 0.17, 0.24, 0.40, 0.19, or masses 3, 5, 8, 4 of 20.
The stack itself only pushes and pops uniform numbers: s -> n * s + u, and divmod.
"""

import math

import numpy as np

from ansflow.bitsback import Stack, Uniform, categorical_by_alias, categorical_by_cdf
from ansflow.bitsback.models.latent_categorical import columns

MASSES = [3, 5, 8, 4]
CDF = [0, 3, 8, 16, 20]
TOTAL = 20


def push_by_hand(stack, symbol):
    """Pop a rank among the slots of the symbol, and push that slot as one of all slots."""
    rank = int(Uniform(MASSES[symbol], ()).pop(stack))  # gives log2(mass) bits back
    Uniform(TOTAL, ()).push(stack, CDF[symbol] + rank)  # takes log2(20)


def pop_by_hand(stack):
    """The inverse of `push_by_hand`."""
    slot = int(Uniform(TOTAL, ()).pop(stack))
    symbol = next(s for s in range(4) if slot < CDF[s + 1])
    Uniform(MASSES[symbol], ()).push(stack, slot - CDF[symbol])
    return symbol


def picture():
    slots = "".join(str(s) * mass for s, mass in enumerate(MASSES))
    print(f"Twenty slots, each of which belongs to a symbol:\n\n  {slots}\n")
    dividers, aliases, width = columns(MASSES)
    print(f"The same in {len(MASSES)} columns of {width}, with at most two symbols in each:\n")
    for column, (divider, alias) in enumerate(zip(dividers, aliases, strict=True)):
        print(f"  column {column}:  {str(column) * divider}{str(alias) * (width - divider)}")


def main():
    picture()

    print("\nOne symbol 2, which should take log2(20 / 8) = 1.322 bits:\n")
    stack = Stack(seed=0)
    start = stack.mark()
    rank = int(Uniform(8, ()).pop(stack))
    print(f"  pop a rank below 8: {rank}     {stack.rates(start).net:+.3f} bits")
    Uniform(20, ()).push(stack, 8 + rank)
    print(f"  push slot 8 + {rank} of 20:   {stack.rates(start).net:+.3f} bits in all")
    assert pop_by_hand(stack) == 2
    assert stack == Stack(seed=0)  # the same state, bit for bit

    rng = np.random.default_rng(1)
    symbols = rng.choice(4, 3_000, p=np.divide(MASSES, TOTAL)).tolist()
    ideal = sum(math.log2(TOTAL / MASSES[s]) for s in symbols)
    print(f"\n{len(symbols):,} symbols, whose ideal size is {ideal:,.1f} bits:\n")
    codecs = {
        "latent: the slot": categorical_by_cdf(MASSES),
        "latents: column and switch": categorical_by_alias(MASSES),
    }
    by_hand = Stack(seed=0)
    start = by_hand.mark()
    for symbol in symbols:
        push_by_hand(by_hand, symbol)
    print(f"  {'the two lines above':28} {by_hand.rates(start).net:,.1f} bits")
    for name, codec in codecs.items():
        stack = Stack(seed=0)
        start = stack.mark()
        for symbol in symbols:
            codec.push(stack, symbol)
        print(f"  {name:28} {stack.rates(start).net:,.1f} bits")
        assert [codec.pop(stack) for _ in symbols] == symbols[::-1]
        assert stack == Stack(seed=0)
    print("\nAll symbols were restored, and so were the initial stacks, bit for bit.")


if __name__ == "__main__":
    main()
