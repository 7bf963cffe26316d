"""The oracle of state-space models: probabilities in fractions, and the coder in Python's numbers.

A hidden Markov model is a prior, transitions and emissions, lists of integer frequencies whose sums
are powers of two. Python's floats are IEEE doubles too, so beliefs are the same to the last bit.
"""

from fractions import Fraction

from naive_stack import Cdf

POSTERIOR_PRECISION = 24


def shares(freq):
    return [Fraction(f, sum(freq)) for f in freq]


def probability(prior, transitions, emissions, symbols):
    """p(x), exactly."""
    reached = shares(prior)
    for i, x in enumerate(symbols):
        if i:
            after = [shares(row) for row in transitions]
            reached = [
                sum(p * row[k] for p, row in zip(reached, after, strict=True))
                for k in range(len(reached))
            ]
        reached = [p * shares(row)[x] for p, row in zip(reached, emissions, strict=True)]
    return sum(reached) if symbols else Fraction(1)


def beliefs(prior, transitions, emissions, symbols):
    """p(z_t | x_1 .. x_t) in doubles, with sums in the order of the kernels."""
    predicted = [f / sum(prior) for f in prior]
    found = []
    for x in symbols:
        joint = [p * (row[x] / sum(row)) for p, row in zip(predicted, emissions, strict=True)]
        parts = [0.0] * 4
        for k, p in enumerate(joint):
            parts[k % 4] += p
        scale = 1.0 / ((parts[0] + parts[1]) + (parts[2] + parts[3]))
        belief = [p * scale if p * scale >= 2.0**-400 else 0.0 for p in joint]
        found.append(belief)
        predicted = [0.0] * len(belief)
        for p, row in zip(belief, transitions, strict=True):
            predicted = [s + p * (f / sum(row)) for s, f in zip(predicted, row, strict=True)]
    return found


def posterior(belief, backward):
    """The distribution of a state, given how likely each makes the state after it."""
    sums = [0.0]
    for p, b in zip(belief, backward, strict=True):
        sums.append(sums[-1] + p * b)
    scale = 2.0**POSTERIOR_PRECISION / sums[-1]
    return Cdf([int(s * scale + 0.5) for s in sums], POSTERIOR_PRECISION)


def push(stack, prior, transitions, emissions, symbols):
    """The paper's encoder, with a line for each push and each pop."""

    def cdf(freq):
        return Cdf.of_frequencies(freq, sum(freq).bit_length() - 1)

    belief = beliefs(prior, transitions, emissions, symbols)
    after = None
    for t in reversed(range(len(symbols))):
        if after is None:
            backward = [1.0] * len(prior)
        else:
            backward = [row[after] / sum(row) for row in transitions]
        z = posterior(belief[t], backward).pop(stack, 0)
        if after is not None:
            cdf(transitions[z]).push(stack, 0, after)
        cdf(emissions[z]).push(stack, 0, symbols[t])
        after = z
    if after is not None:
        cdf(prior).push(stack, 0, after)
    return stack
