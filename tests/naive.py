"""The oracle: rANS in plain Python integers, for any reader to believe.

Symbol i belongs to lane i mod N. The encoder walks backwards and puts words in front of
those it has written; the decoder walks forwards. A distribution is a list of frequencies that
sums to 2^p; `slot_of` and `symbol_of` say which slots are whose.
"""

from itertools import accumulate


class Intervals:
    """Symbol s owns the slots from cdf[s] to cdf[s + 1]."""

    def __init__(self, freq):
        self.freq = [int(f) for f in freq]
        self.cdf = [0, *accumulate(self.freq)]

    def slot_of(self, symbol, rank):
        return self.cdf[symbol] + rank

    def symbol_of(self, slot):
        return next((s, slot - c) for s, c in enumerate(self.cdf) if slot < self.cdf[s + 1])


class Columns:
    """The alias method: symbols own scattered slots, ranked in ascending order."""

    def __init__(self, freq, owners):
        self.freq = [int(f) for f in freq]
        self.owner = owners

    def slot_of(self, symbol, rank):
        return [slot for slot, s in enumerate(self.owner) if s == symbol][rank]

    def symbol_of(self, slot):
        return self.owner[slot], self.owner[:slot].count(self.owner[slot])


def encode(symbols, dists, p, lanes, low, word):
    """Final states and words; dists[i] is the distribution of symbols[i]."""
    states, words = [low] * lanes, []
    for i in reversed(range(len(symbols))):
        f, x = dists[i].freq[symbols[i]], states[i % lanes]
        if x * 2**p >= f * low * 2**word:  # pushing would leave [low, 2^word * low)
            words.insert(0, x % 2**word)
            x //= 2**word
        states[i % lanes] = x // f * 2**p + dists[i].slot_of(symbols[i], x % f)
    return states, words


def decode(states, words, dists, p, low, word):
    """The symbols; fails if words or states are left over."""
    states, words, symbols = list(states), list(words), []
    for i, dist in enumerate(dists):
        lane = i % len(states)
        x = states[lane]
        symbol, rank = dist.symbol_of(x % 2**p)
        x = dist.freq[symbol] * (x // 2**p) + rank
        if x < low:
            x = x * 2**word + words.pop(0)
        states[lane] = x
        symbols.append(symbol)
    assert not words
    assert states == [low] * len(states)
    return symbols


def split(values, parts):
    """Each integer as 16-bit words, low part first."""
    return [value >> 16 * part & 0xFFFF for value in values for part in range(parts)]


def fast_stream(symbols, dists, p, lanes):
    """What `ansflow.encode` returns up to 16 bits of precision."""
    states, words = encode(symbols, dists, p, lanes, 2**15 if p <= 12 else 2**16, 16)
    return split(states, 2) + words


def wide_stream(symbols, dists, p, lanes):
    """What `ansflow.encode` returns above 16 bits of precision."""
    states, words = encode(symbols, dists, p, lanes, 2**32, 32)
    return split(states, 4) + split(words, 2)


def order1_segments(n, lanes):
    """Each lane's symbols, as (begin, end): contiguous, the first n mod lanes one longer."""
    ends = list(accumulate(n // lanes + (lane < n % lanes) for lane in range(lanes)))
    return list(zip([0, *ends], ends, strict=False))


def order1_order(n, lanes):
    """Positions in coding order: the first of every segment, the second of every segment, ..."""
    segments = order1_segments(n, lanes)
    rows = range(-(-n // lanes))
    return [begin + row for row in rows for begin, end in segments if begin + row < end]


def order1_contexts(symbols, lanes):
    """The symbol before each in its segment, 0 at its start."""
    starts = {begin for begin, _ in order1_segments(len(symbols), lanes)}
    return [0 if i in starts else symbols[i - 1] for i in range(len(symbols))]


def order1_stream(symbols, freq, p, lanes):
    """States and words with a row of `freq` for each preceding symbol."""
    rows = [Intervals(row) for row in freq]
    contexts, order = order1_contexts(symbols, lanes), order1_order(len(symbols), lanes)
    transposed = [symbols[i] for i in order]
    return fast_stream(transposed, [rows[contexts[i]] for i in order], p, lanes)
