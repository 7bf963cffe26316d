"""The oracle of multisets and messages of ids, in Python's integers and lists."""

import xxhash

WORD = LOW = 2**32


class Number:
    """A stack of one head that may be the whole of it: words are taken only if there are any."""

    def __init__(self, head, words=()):
        self.head, self.words = int(head), [int(word) for word in words]

    def spill(self, limit):
        if self.head >= limit * WORD:
            self.head, word = divmod(self.head, WORD)
            self.words.append(word)

    def refill(self):
        if self.head < LOW and self.words:
            self.head = self.head * WORD + self.words.pop()

    def put(self, start, freq, total, scale):
        self.spill(scale * freq)
        quotient, rest = divmod(self.head, freq)
        self.head = quotient * total + start + rest
        self.refill()

    def take(self, interval_of, total, scale):
        """Pop a slot; `interval_of` names what it belongs to, and its start and frequency."""
        self.spill(scale * total)
        quotient, slot = divmod(self.head, total)
        value, start, freq = interval_of(slot)
        self.head = quotient * freq + slot - start
        self.refill()
        return value


def scale_of(total):
    return 2 ** (32 - (total - 1).bit_length())


def steps(last, n):
    """Shift and width of each digit of numbers up to `last`, below n, the first one first."""
    shift = max(0, (n - 1).bit_length() - 20)
    yield shift, None
    while shift:
        width = min(shift, 16)
        shift -= width
        yield shift, width


def digit_total(last, above, shift, width):
    if width is None:
        return (last >> shift) + 1
    return (last >> shift) % 2**width + 1 if above == last >> shift >> width else 2**width


def digits_of(u, last, n):
    """Value, total and scale of each digit of u."""
    for shift, width in steps(last, n):
        total = digit_total(last, u >> shift >> (width or 64), shift, width)
        value = u >> shift if width is None else (u >> shift) % 2**width
        yield value, total, scale_of((n - 1 >> shift) + 1) if width is None else 2 ** (32 - width)


def push(number, values, n, different):
    left = sorted(values)
    while left:
        value = number.take(
            lambda slot: (left[slot], left.index(left[slot]), left.count(left[slot])),
            len(left),
            scale_of(len(left)),
        )
        rank = left.index(value)
        left.remove(value)
        last, u = n - 1, value
        if different:
            last, u = last - len(left), value - rank
        for digit, total, scale in reversed(list(digits_of(u, last, n))):
            number.put(digit, 1, total, scale)


def pop(number, count, n, different):
    there = []
    while len(there) < count:
        last, u = n - 1 - different * len(there), 0
        for shift, width in steps(last, n):
            total = digit_total(last, u, shift, width)
            scale = scale_of((n - 1 >> shift) + 1) if width is None else 2 ** (32 - width)
            u = (u << (width or 0)) + number.take(lambda slot: (slot, slot, 1), total, scale)
        for value in there if different else ():
            u += value <= u
        there = sorted([*there, u])
        start, freq = there.index(u), there.count(u)
        number.put(start, freq, len(there), scale_of(len(there)))
    return there


def varint(value):
    out = []
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def message(ids, universe):
    """A message of ids, by the table in `ansflow/bitsback/structures/id_list.py`."""
    ids = sorted(int(i) for i in ids)
    raw = b"".join(i.to_bytes(8, "little") for i in ids)
    different = len(set(ids)) == len(ids)
    missing = different and 2 * len(ids) > universe
    coded = sorted(set(range(universe)) - set(ids)) if missing else ids
    number = Number(xxhash.xxh3_64_intdigest(raw, universe) % 2**24)
    push(number, coded, universe, different)
    words = b"".join(word.to_bytes(4, "little") for word in number.words)
    head = number.head.to_bytes((number.head.bit_length() + 7) // 8, "little")
    return b"\xd5" + varint(4 * len(coded) + different + 2 * missing) + words + head
