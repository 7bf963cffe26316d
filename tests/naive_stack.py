"""The oracle of the stack coder: heads and words in Python's integers, for any reader to believe.

A stack is a list of heads, each in [2^32, 2^64), and a list of 32-bit words, the top last. Symbol i
belongs to lane i mod lanes; a push takes symbols from last to first, a pop from first to last.
Distributions know how to push one symbol on one head and how to pop it again.
"""

from fractions import Fraction
from itertools import accumulate

import numpy as np

WORD = 2**32
LOW, HIGH = 2**32, 2**64 - 1


class UnderflowError(Exception):
    """A pop found no word."""


class Stack:
    def __init__(self, heads, words=()):
        self.heads = [int(head) for head in heads]
        self.words = [int(word) for word in words]

    def spill(self, lane):
        """Move the low half of a head to the tail."""
        self.heads[lane], word = divmod(self.heads[lane], WORD)
        self.words.append(word)

    def refill(self, lane):
        """Put a word of the tail below what a head holds, if it is too small."""
        if self.heads[lane] < LOW:
            if not self.words:
                raise UnderflowError
            self.heads[lane] = self.heads[lane] * WORD + self.words.pop()

    def push(self, symbols, distributions):
        for i in reversed(range(len(symbols))):
            distributions[i].push(self, i % len(self.heads), int(symbols[i]))
        return self

    def pop(self, distributions):
        return [d.pop(self, i % len(self.heads)) for i, d in enumerate(distributions)]

    def fold(self, lanes):
        """All heads but the first ones as numbers: the bits below the highest, then its place."""
        surplus, self.heads = self.heads[lanes:], self.heads[:lanes]
        places = [head.bit_length() - 33 for head in surplus]
        tops = [2 ** (32 + place) for place in places]
        rests = [head - top for head, top in zip(surplus, tops, strict=True)]
        self.push(rests, [Uniform(top) for top in tops])
        return self.push(places, [Uniform(32)] * len(places))

    def unfold(self, lanes):
        more = lanes - len(self.heads)
        tops = [2 ** (32 + place) for place in self.pop([Uniform(32)] * more)]
        rests = self.pop([Uniform(top) for top in tops])
        self.heads += [top + rest for top, rest in zip(tops, rests, strict=True)]
        return self


class Cdf:
    """Symbol s owns the slots from cdf[s] to cdf[s + 1] of 2^precision."""

    def __init__(self, cdf, precision):
        self.cdf = [int(value) for value in cdf]
        self.precision = int(precision)
        assert self.cdf[0] == 0
        assert self.cdf[-1] == 2**self.precision

    @classmethod
    def of_frequencies(cls, freq, precision):
        return cls([0, *accumulate(int(f) for f in freq)], precision)

    def push(self, stack, lane, symbol):
        start, end = self.cdf[symbol : symbol + 2]
        freq = end - start
        if stack.heads[lane] * 2**self.precision >= freq * 2**64:  # would not fit 64 bits
            stack.spill(lane)
        quotient, rank = divmod(stack.heads[lane], freq)
        stack.heads[lane] = quotient * 2**self.precision + start + rank

    def pop(self, stack, lane):
        quotient, slot = divmod(stack.heads[lane], 2**self.precision)
        symbol = max(s for s in range(len(self.cdf) - 1) if self.cdf[s] <= slot)
        start, end = self.cdf[symbol : symbol + 2]
        stack.heads[lane] = (end - start) * quotient + slot - start
        stack.refill(lane)
        return symbol


class Uniform:
    """Numbers below n."""

    def __init__(self, n):
        self.last = format(n - 1, "b")

    def digits(self):
        """Where the digits of 16 bits (the last may have fewer) begin and end, from the top."""
        return [(at, min(at + 16, len(self.last))) for at in range(0, max(1, len(self.last)), 16)]

    def range_of(self, number, begin, end):
        """How many values the digit at those bits can have, if `number` holds those above."""
        on_the_edge = number[:begin] == self.last[:begin]
        return int(self.last[begin:end], 2) + 1 if on_the_edge else 2 ** (end - begin)

    def push(self, stack, lane, symbol):
        number = format(symbol, "b").zfill(len(self.last))
        for begin, end in reversed(self.digits()):
            n = self.range_of(number, begin, end)
            push_digit(stack, lane, int(number[begin:end], 2), n)

    def pop(self, stack, lane):
        number = ""
        for begin, end in self.digits():
            digit = pop_digit(stack, lane, self.range_of(number, begin, end))
            number += format(digit, "b").zfill(end - begin)
        return int(number, 2)


def push_digit(stack, lane, u, n):
    c = WORD // n
    if stack.heads[lane] >= c * WORD:  # to [c, c * 2^32)
        stack.spill(lane)
    stack.heads[lane] = n * stack.heads[lane] + u
    stack.refill(lane)  # to [2^32, 2^64)


def pop_digit(stack, lane, n):
    c = WORD // n
    if stack.heads[lane] >= c * n * WORD:  # to [cn, cn * 2^32)
        stack.spill(lane)
    stack.heads[lane], u = divmod(stack.heads[lane], n)
    stack.refill(lane)  # to [2^32, 2^64)
    return u


class Interval:
    """A single symbol: the slots from `start` to ``start + freq - 1`` of any total."""

    def __init__(self, start, freq, total):
        self.start, self.freq, self.total = int(start), int(freq), int(total)

    def push(self, stack, lane, symbol):
        c = WORD // self.total
        if stack.heads[lane] >= c * self.freq * WORD:  # to [cf, cf * 2^32)
            stack.spill(lane)
        quotient, rank = divmod(stack.heads[lane], self.freq)
        stack.heads[lane] = quotient * self.total + self.start + rank
        stack.refill(lane)  # from [ct, ct * 2^32) to [2^32, 2^64)

    def pop(self, stack, lane):
        c = WORD // self.total
        if stack.heads[lane] >= c * self.total * WORD:  # to [ct, ct * 2^32)
            stack.spill(lane)
        quotient, slot = divmod(stack.heads[lane], self.total)
        assert self.start <= slot < self.start + self.freq
        stack.heads[lane] = quotient * self.freq + slot - self.start
        stack.refill(lane)
        return slot


def intervals(starts, freqs, total):
    return [Interval(*one, total) for one in zip(starts, freqs, strict=True)]


def source_word(seed, i):
    """Word i of a seed: the upper half of SplitMix64's output i."""
    z = (seed + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return (z ^ z >> 31) >> 32


def contents(stack):
    """All that an `ansflow.bitsback.Stack` is: heads, words, how many words are lent, and a seed.

    Below its words are those of the source. How many of these it holds, unchanged, at the bottom,
    doesn't matter.
    """
    words, lent = stack.words.tolist(), stack.drawn
    count = 0
    while count < min(len(words), lent):
        if words[count] != source_word(stack.seed, lent - 1 - count):
            break
        count += 1
    return stack.heads.tolist(), words[count:], lent - count, stack.seed


# Distributions in integers


def standard_cdf(table, position):
    """A CDF's value between two of its 4,097 points, 2^16 positions apart, rounded down."""
    step, rest = divmod(int(min(max(position, -(2.0**27)), 2.0**27) + 2.0**27), 2**16)
    rise = int(table[step + 1]) - int(table[step])
    return int(table[step]) + int(Fraction(rise * rest, 2**16))


def location_scale(family, means, scales, shares, edges, precision, least=1):
    """CDF of one mixture at all edges; each symbol has at least so many slots, 0 or 1."""
    alphabet = len(edges) - 1
    cdf = [0]
    for s in range(1, alphabet):
        value = 0
        for mean, scale, share in zip(means, scales, shares, strict=True):
            rate = family.rate / min(max(float(scale), 2.0**-24), 2.0**24)
            value += int(share) * standard_cdf(family.table, (float(edges[s]) - float(mean)) * rate)
        cdf.append(value // 2**16 * (2**precision - least * alphabet) // 2**31 + least * s)
    return Cdf([*cdf, 2**precision], precision)


def softmax(table, logits, bits):
    """Weights in proportion to 2^(logit / 4096), the largest 2^bits."""
    gaps = [int(max(logits)) - int(logit) for logit in logits]
    return [int(table[gap % 4096]) // 2 ** (gap // 4096) // 2 ** (31 - bits) for gap in gaps]


def mixture_shares(table, logits):
    """The same, summing to 2^16: what rounding leaves belongs to the first of the largest."""
    weights = softmax(table, logits, 31)
    shares = [weight * 2**16 // sum(weights) for weight in weights]
    shares[list(logits).index(max(logits))] += 2**16 - sum(shares)
    return shares


def cumulated(weights, precision):
    """A CDF in proportion to weights, in which each symbol has a slot besides."""
    slots = 2**precision - len(weights)
    below = accumulate(weights, initial=0)
    return Cdf([b * slots // sum(weights) + s for s, b in enumerate(below)], precision)


def proportional(weights, precision):
    """`cumulated` in doubles, from the first weight to the last."""
    slots, below = float(2**precision - len(weights)), list(accumulate(weights, initial=0.0))
    inside = [int(b / below[-1] * slots) + s for s, b in enumerate(below[:-1])]
    return Cdf([*inside, 2**precision], precision)


def beta_binomial(alpha, beta, n, bits):
    """Weights of 0 to n, the largest 2^bits; Python's floats are IEEE doubles too."""
    row = [1.0]
    for k in range(n):
        ratio = (float(n - k) * (alpha + k)) / (float(k + 1) * (beta + float(n - k - 1)))
        row.append(row[-1] * ratio)
        if max(row) > 2.0**500:
            row = [weight * 2.0**-500 for weight in row]
    return [int(weight / max(row) * 2.0**bits) for weight in row]


# Networks in integers


def activation(total, shift, relu):
    """A sum in units of 2^-shift, rounded half up and cut off."""
    value = (2 * total + 2**shift) // 2 ** (shift + 1)
    return min(max(value, 0 if relu else -(2**23)), 2**23)


def dense(x, weights, bias, shift, relu):
    w, b = np.asarray(weights).tolist(), np.asarray(bias).tolist()
    return [
        [
            activation(b[j] + sum(v * w[k][j] for k, v in enumerate(row)), shift, relu)
            for j in range(len(b))
        ]
        for row in np.asarray(x).tolist()
    ]


def convolve(x, weights, bias, shift, relu, stride):
    images, w, b = (np.asarray(a).tolist() for a in (x, weights, bias))
    rows, columns = len(w), len(w[0])

    def pixel(image, row, column, j):
        total = b[j]
        for r in range(rows):
            for c in range(columns):
                y, z = row + r - rows // 2, column + c - columns // 2
                if 0 <= y < len(image) and 0 <= z < len(image[0]):
                    total += sum(v * w[r][c][k][j] for k, v in enumerate(image[y][z]))
        return activation(total, shift, relu)

    return [
        [
            [
                [pixel(image, row, column, j) for j in range(len(b))]
                for column in range(0, len(image[0]), stride)
            ]
            for row in range(0, len(image), stride)
        ]
        for image in images
    ]


# Cases


def boundaries_of_interval(freq, precision):
    """Heads on either side of where a push of that frequency spills a word."""
    return around(freq << (64 - precision))


def boundaries_of_uniform(n):
    """Heads on either side of where a push or a pop of a digit below n spills or refills."""
    last = n - 1
    digits = {n, (last >> max(0, last.bit_length() - 16)) + 1, 2**16}
    heads = []
    for m in digits:
        if 1 < m <= 2**16:
            c = WORD // m
            heads += [*around(c * WORD), *around(c * m * WORD), *around(m * WORD), *around(c * m)]
    return [head for head in heads if LOW <= head <= HIGH]


def around(head):
    return [h for h in (head - 1, head, head + 1) if LOW <= h <= HIGH]


CORNERS = [2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**64 - 1]


def heads_of(rng, lanes, boundaries):
    """Heads, most of them at a corner, the others anywhere, log-uniformly."""
    choices = [*CORNERS, *boundaries]
    anywhere = [int(2 ** rng.uniform(32, 64)) for _ in range(lanes)]
    return [
        choices[rng.integers(len(choices))] if rng.random() < 0.7 else min(max(head, LOW), HIGH)
        for head in anywhere
    ]


def some_words(rng, count):
    """Words, some of them all zeros or ones."""
    words = rng.integers(0, WORD, count, np.uint32)
    words[rng.random(count) < 0.1] = 0
    words[rng.random(count) < 0.1] = WORD - 1
    return words
