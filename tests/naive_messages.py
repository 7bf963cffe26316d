"""The oracle of short messages: their words in plain Python integers, for any reader to believe.

A distribution is a list of frequencies that sums to 2^p. The state is one integer that begins at 0.
The last symbols of a message, as many as fit into p bits in the bits that number the alphabet, are
written as they are; the others by their distributions.
"""

from naive import Intervals, split


def number_outside(distance):
    """The count of a distance's digits of 4 bits, then the digits, the highest first."""
    digits = []
    while distance:
        digits.insert(0, distance % 16)
        distance //= 16
    return [len(digits), *digits]


def steps(numbers, dists, width, p, lows, escaped):
    """``(slots in all, frequency, start)`` of each step of the decoder, in its order."""
    in_tail = min(len(numbers), p // width)
    for i, (number, freq, low) in enumerate(zip(numbers, dists, lows, strict=True)):
        symbol, outside = number - low, []
        escape = len(freq) - 1
        if escaped and symbol < 0:
            symbol, outside = escape, number_outside(2 * (low - number) - 1)
        elif escaped and symbol >= escape:
            symbol, outside = escape, number_outside(2 * (symbol - escape))
        if i >= len(numbers) - in_tail:
            yield width, 1, symbol
        else:
            yield p, freq[symbol], Intervals(freq).cdf[symbol]
        for digit in outside:
            yield 4, 1, digit


def message(numbers, dists, alphabet, p, lows, escaped=False):
    """The words of one message; dists[i] and lows[i] are those of numbers[i]."""
    low = 2**15 if p <= 12 else 2**16
    width = max(1, (alphabet - 1).bit_length())
    x, words = 0, []
    for bits, freq, start in reversed(list(steps(numbers, dists, width, p, lows, escaped))):
        if x * 2**bits >= freq * low * 2**16:
            words.insert(0, x % 2**16)
            x //= 2**16
        x = x // freq * 2**bits + start + x % freq
    if words or x >= 2**16:
        return split([x], 2) + words
    return [x] if x else []


def messages(parts, *models):
    """Words and offsets of all messages: ``models`` are the other arguments of `message`."""
    words, offsets = [], [0]
    for numbers, dists, lows in parts:
        words += message(numbers, dists, models[0], models[1], lows, *models[2:])
        offsets.append(len(words))
    return words, offsets
