"""Hidden Markov models: the forward filter, and bits back along the chain of states.

A *belief* is p(z_t | x_1 .. x_t), a number for each state z_t, and the *prediction* what it says of
the next state. Integers are derived from beliefs, so these must be the same on every machine:
doubles are added, multiplied and divided, each operation rounded as IEEE 754 says, in the order
written here. A sum over states has an accumulator for each state that is summed *to*, or else four
of them, so that vectors of any width add in this order. Numbers below `TINY` are replaced by 0,
long before it could matter whether a thread has subnormal numbers.

Vectors of states are padded with zeros to a multiple of four. One state more, `outside`, stands for
what is before the first symbol and after the last one: the prior is what follows it, and any state
may precede it.

Only the first lane is used: each symbol is coded with the bits of the one before.
"""

import numpy as np

from ansflow.kernels.coders.rows import find_symbol
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.stack.heads import IMPOSSIBLE, UNDERFLOW, pop_head, push_head, refill

__all__ = ["forward", "pop", "posterior", "push"]

# The probabilities of tables are at least 2^-31, so that products stay far above 2^-1022.
TINY = 2.0**-400

TWO = np.uint64(2)


# The filter


@inner
def update(predicted, likelihoods, x, beliefs, t):
    """Make belief `t` of a prediction and symbol `x`; return the symbol's probability."""
    n = predicted.size
    for k in range(n):
        beliefs[t, k] = predicted[k] * likelihoods[x, k]
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(0, n, 4):
        a += beliefs[t, k]
        b += beliefs[t, k + 1]
        c += beliefs[t, k + 2]
        d += beliefs[t, k + 3]
    total = (a + b) + (c + d)
    if total > 0.0:
        scale = 1.0 / total
        for k in range(n):
            belief = beliefs[t, k] * scale
            beliefs[t, k] = belief if belief >= TINY else 0.0
    return total


@inner
def predict(beliefs, t, transitions, predicted):
    """Make the prediction of belief `t`: the sum of all rows of `transitions`, in their order."""
    n = predicted.size
    for k in range(n):
        predicted[k] = 0.0
    for j in range(0, n, 4):  # four rows at a time: fewer loads and stores of the sums
        a, b, c, d = beliefs[t, j], beliefs[t, j + 1], beliefs[t, j + 2], beliefs[t, j + 3]
        for k in range(n):
            total = predicted[k] + a * transitions[j, k]
            total += b * transitions[j + 1, k]
            total += c * transitions[j + 2, k]
            total += d * transitions[j + 3, k]
            predicted[k] = total


@kernel
def forward(symbols, predicted, transitions, likelihoods, beliefs, probabilities):
    """The forward algorithm; return how many symbols are possible, one after the other.

    Parameters
    ----------
    symbols : int64[n]
        Row of `likelihoods` for each.
    predicted : float64[width]
        The prediction of the first symbol's state. It becomes that of the state after the last.
    transitions : float64[width, width]
        Row j has the probabilities of the states after state j.
    likelihoods : float64[alphabet, width]
        Row x has the probabilities of symbol x in each state, up to a factor.
    beliefs : float64[n, width]
        Filled.
    probabilities : float64[n]
        Filled: of each symbol, given those before it. The first that is 0 ends the filter.
    """
    highest = np.uint64(likelihoods.shape[0]) - ONE
    for t in range(symbols.size):
        x = min(np.uint64(symbols[t]), highest)
        probabilities[t] = update(predicted, likelihoods, x, beliefs, t)
        if not probabilities[t] > 0.0:
            return t
        predict(beliefs, t, transitions, predicted)
    return symbols.size


# States given the states after them


@inner
def fill_row(beliefs, t, backward, after, precision, sums, row):
    """Fill `row` as `posterior` does, of belief `t`."""
    total = 0.0
    row[0, 0] = 0
    for k in range(sums.size):
        total += beliefs[t, k] * backward[after, k]
        sums[k] = total
    scale = np.float64(ONE << precision) / total if total > 0.0 else 0.0
    for k in range(sums.size):
        row[0, k + 1] = np.int32(sums[k] * scale + 0.5)


@kernel
def posterior(beliefs, backward, after, precision, sums, row):
    """Fill a row of a CDF: states under belief 0, given the state after them.

    It is rounded, and a state whose interval is then empty is never popped: a posterior needs no
    floor.

    Parameters
    ----------
    beliefs : float64[1, width]
    backward : float64[states + 1, width]
        Row z has the probability of state z after each state. All of row `outside` are 1.
    after : uint64
        The state after, or `outside`.
    precision : uint64
        1 to 30.
    sums : float64[states]
        Room for the cumulative sums.
    row : uint32[1, states + 1]
        All zeros if no state that is believed in comes before `after`.
    """
    fill_row(beliefs, 0, backward, after, precision, sums, row)


# The coder


@inner
def push_one(x, s, cdf, row, precision, tail, size):
    """Push symbol `s` of a row on head `x`; return the head and the size of the tail."""
    start = np.uint64(cdf[row, s])
    return push_head(x, start, np.uint64(cdf[row, s + ONE]) - start, precision, tail, size)


@inner
def pop_one(x, cdf, row, precision, tail, size):
    """Undo `push_one`; return the symbol, the head, and the size of the tail or `UNDERFLOW`."""
    s = find_symbol(cdf, row, x & ((ONE << precision) - ONE))
    start = np.uint64(cdf[row, s])
    x = pop_head(x, start, np.uint64(cdf[row, s + ONE]) - start, precision)
    x, size = refill(x, tail, size)
    return s, x, size


@kernel
def push(
    heads, tail, size, symbols, beliefs, is_first, after, backward, posterior_precision,
    next_cdf, next_precision, symbol_cdf, symbol_precision, sums, row, lowest,
):  # fmt: skip
    """Push a part of a sequence, from its end; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads : uint64[lanes]
        The first is updated in place.
    tail : uint32[]
        At least ``size + 2 * n + 1`` long.
    size : uint64
    symbols : int64[n]
        All of them possible.
    beliefs : float64[n, width]
        From `forward`.
    is_first : bool
        Whether the part is the first one of the sequence.
    after : uint64[1]
        The state after the part, which has been popped but not pushed yet; `outside` for the last
        part. It becomes the first state of the part, or `outside` if that has been pushed too.
    backward, posterior_precision
        See `posterior`.
    next_cdf : uint32[states + 1, states + 1]
        Row z has the CDF of the state after state z, and row `outside` the prior's.
    symbol_cdf : uint32[states, alphabet + 1]
    next_precision, symbol_precision : uint64
        1 to 31.
    sums, row
        See `posterior`.
    lowest : uint64[1]
        The smallest size that the tail had meanwhile.
    """
    size, least = np.uint64(size), np.uint64(size)
    outside = np.uint64(sums.size)
    highest = np.uint64(symbol_cdf.shape[1]) - TWO
    x, later = heads[0], min(after[0], outside)
    for t in range(symbols.size - 1, -1, -1):
        fill_row(beliefs, t, backward, later, posterior_precision, sums, row)
        z, x, size = pop_one(x, row, ZERO, posterior_precision, tail, size)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        if later < outside:
            x, size = push_one(x, later, next_cdf, z, next_precision, tail, size)
        symbol = min(np.uint64(symbols[t]), highest)
        x, size = push_one(x, symbol, symbol_cdf, z, symbol_precision, tail, size)
        later = z
    if is_first and later < outside:
        x, size = push_one(x, later, next_cdf, outside, next_precision, tail, size)
        later = outside
    heads[0], after[0], lowest[0] = x, later, least
    return size


@kernel
def pop(
    heads, tail, size, predicted, transitions, likelihoods, belief, backward, posterior_precision,
    next_cdf, next_precision, symbol_cdf, symbol_precision, sums, row, lowest, out,
):  # fmt: skip
    """Pop a whole sequence into `out`, int64[n]; the filter follows it symbol by symbol.

    Parameters are those of `forward` and `push`; `belief` is float64[1, width].

    Returns
    -------
    uint64
        The size of the tail; `UNDERFLOW`; or `IMPOSSIBLE` if a state has no slot in its posterior,
        so that nobody can have pushed it.
    """
    size, least = np.uint64(size), np.uint64(size)
    outside = np.uint64(sums.size)
    x, z = heads[0], outside
    for t in range(out.size + 1):
        later = outside
        if t < out.size:
            later, x, size = pop_one(x, next_cdf, z, next_precision, tail, size)
            if size == UNDERFLOW:
                return size
            least = min(least, size)
        if z < outside:
            fill_row(belief, 0, backward, later, posterior_precision, sums, row)
            if row[0, z] == row[0, z + ONE]:
                return IMPOSSIBLE
            x, size = push_one(x, z, row, ZERO, posterior_precision, tail, size)
        if t < out.size:
            symbol, x, size = pop_one(x, symbol_cdf, later, symbol_precision, tail, size)
            if size == UNDERFLOW:
                return size
            least = min(least, size)
            out[t] = symbol
            if not update(predicted, likelihoods, symbol, belief, 0) > 0.0:
                return IMPOSSIBLE
            predict(belief, 0, transitions, predicted)
        z = later
    heads[0], lowest[0] = x, least
    return size
