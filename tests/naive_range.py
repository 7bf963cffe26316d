"""The oracle of the range coder: a message as one number, in plain Python integers.

The interval of a message is [low, low + width) in units of 2^-bits. Every symbol narrows it, and if
its width is below 2^32, its unit becomes finer by 32 bits. The integers are as long as they have to
be, so there are no carries.
"""

from fractions import Fraction

FULL = 2**64 - 1


class Interval:
    """The numbers that symbols so far allow; a symbol is ``(start, freq, total)``."""

    def __init__(self, symbols=()):
        self.low, self.width, self.bits = 0, FULL, 64
        self.whole = True
        for symbol in symbols:
            self.narrow(*symbol)

    def narrow(self, start, freq, total):
        unit = self.width // total
        self.low += start * unit
        self.width = freq * unit
        self.whole = False
        if self.width < 2**32:
            self.low *= 2**32
            self.width *= 2**32
            self.bits += 32

    @property
    def size(self):
        return Fraction(self.width, 2**self.bits)

    def holds(self, number, size):
        """Whether all that begins with the `size` bytes of a number is in the interval."""
        if self.whole:
            return True
        unit = Fraction(1, 256**size)
        low = Fraction(self.low, 2**self.bits)
        return low <= number * unit and (number + 1) * unit <= low + self.size


def encode(symbols):
    """The fewest bytes that say which symbols they are, whatever follows."""
    interval = Interval(symbols)
    size = 0
    while True:
        # The first number of so many bytes that is not below low.
        number = -(-interval.low * 256**size // 2**interval.bits)
        if interval.holds(number, size):
            return number.to_bytes(size, "big")
        size += 1


def decode(data, dists):
    """The symbols, and whether the bytes determine them and end there.

    A distribution is a list of frequencies.
    """
    number, interval, symbols = int.from_bytes(data, "big"), Interval(), []
    for freq in dists:
        slot = (number * 2**interval.bits // 256 ** len(data) - interval.low) // (
            interval.width // sum(freq)
        )
        symbol = next(s for s in range(len(freq)) if slot < sum(freq[: s + 1]))
        interval.narrow(sum(freq[:symbol]), freq[symbol], sum(freq))
        if not interval.holds(number, len(data)):
            return symbols, False
        symbols.append(symbol)
    ends = not data or not interval.holds(number // 256, len(data) - 1)
    return symbols, ends
