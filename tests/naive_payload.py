"""The oracle's payloads: tables and words in plain Python integers, as FORMAT.md says.

Each `read_...` fails if the bytes aren't what they should be; its `write_...` undoes it.
"""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import NamedTuple

ROW = 64  # symbols in a row of one class


def number(data, size):
    """The unsigned little-endian integer in `data`, which has `size` bytes."""
    assert len(data) == size
    return int.from_bytes(data, "little")


def read_varint(data, at):
    """The varint at byte `at`, and where it ends."""
    groups = []
    while True:
        groups.append(data[at] % 128)
        at += 1
        if data[at - 1] < 128:
            break
    value = sum(group << 7 * i for i, group in enumerate(groups))
    assert groups[-1] > 0 or len(groups) == 1
    assert value < 2**64
    return value, at


def write_varint(value):
    """Undo `read_varint`."""
    data = []
    while value >= 128:
        data.append(128 + value % 128)
        value //= 128
    return bytes([*data, value])


def low(p):
    """L: states lie in [L, 2^16 L)."""
    return 2**15 if p <= 12 else 2**16


def order(mean):
    """k: floor(log2(x)) is one less than the bits of x."""
    return 0 if mean < 4 else (mean // 4).bit_length() - 1


class Bits:
    """Bits of bytes, from the least significant one up."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        """The next bits as a number, the lowest first."""
        first, rest = divmod(self.at, 8)
        self.at += count
        assert self.at <= 8 * len(self.data)
        octets = self.data[first : -(-self.at // 8)]
        return number(octets, len(octets)) >> rest & 2**count - 1

    def zeros(self):
        """How many there are before the next one, which is passed, too."""
        count = 0
        while not self.data[self.at // 8] >> self.at % 8 & 1:
            count, self.at = count + 1, self.at + 1
        self.at += 1
        return count

    def close(self):
        """How many bytes were needed; the last must be filled up with zeros."""
        if self.at % 8:
            assert self.take(8 - self.at % 8) == 0
        return self.at // 8


def reverse(value, count):
    """So many bits in reverse order."""
    return int(f"{value:0{count}b}"[::-1], 2)


def pack(text):
    """The bytes that a string of 0 and 1 fills."""
    return bytes(int(text[i : i + 8][::-1], 2) for i in range(0, len(text), 8))


def read_table(payload, p, symbols=256):
    """The frequencies of so many symbols, and how many bytes they take."""
    bits, left, mean, previous, freq = Bits(payload), 2**p, 0, 0, [0] * symbols
    for symbol in range(symbols):
        if left == 0:
            break
        k = order(mean) if previous else 0
        rest = bits.zeros() + k
        u = 2**rest + reverse(bits.take(rest), rest)
        freq[symbol] = previous = u - 2**k
        mean += previous - mean // 4
        left -= previous
        assert left >= 0
    assert left == 0
    return freq, bits.close()


def write_table(freq, p):
    """Undo `read_table`, also of frequencies that don't sum to 2^p."""
    text, left, mean, previous = "", 2**p, 0, 0
    for f in freq:
        if left == 0:
            break
        k = order(mean) if previous else 0
        digits = f"{f + 2**k:b}"
        text += "0" * (len(digits) - 1 - k) + digits
        mean, previous, left = mean + f - mean // 4, f, left - f
    return pack(text)


def read_tables(payload, p):
    """The tables of all classes, and how many bytes they and their number take."""
    count, at, tables = payload[0], 1, []
    assert 2 <= count <= 8
    for _ in range(count):
        freq, used = read_table(payload[at:], p)
        tables.append(freq)
        at += used
    return tables, at


def write_tables(tables, p):
    """Undo `read_tables`."""
    return bytes([len(tables)]) + b"".join(write_table(freq, p) for freq in tables)


class Neighbours(NamedTuple):
    """Where a symbol's neighbours are, and the limits of activities between contexts."""

    row: int
    plane: int
    limits: tuple

    def context(self, symbols, i):
        """That of symbol i, from those before it."""

        def before(distance):
            return symbols[i - distance] if i >= distance else 0

        activity = max(before(self.row + 1), before(self.row), before(self.row - 1))
        if self.plane:
            activity = min(255, activity + before(self.plane))
        return bisect_left(self.limits, activity)  # so many are less


def read_neighbours(payload, n, p):
    """The `Neighbours`, the tables of all contexts, and how many bytes they take."""
    row, at = read_varint(payload, 0)
    plane, at = read_varint(payload, at)
    assert 65 <= row < n
    assert plane == 0 or row < plane < n
    count, at = payload[at], at + 1
    assert 2 <= count <= 16
    limits = tuple(payload[at + i] for i in range(count - 1))
    at += count - 1
    assert sorted(set(limits)) == list(limits)
    assert limits[-1] <= 254
    tables = []
    for _ in range(count):
        freq, used = read_table(payload[at:], p)
        tables.append(freq)
        at += used
    return Neighbours(row, plane, limits), tables, at


def write_neighbours(neighbours, tables, p):
    """Undo `read_neighbours`."""
    head = write_varint(neighbours.row) + write_varint(neighbours.plane)
    head += bytes([len(neighbours.limits) + 1, *neighbours.limits])
    return head + b"".join(write_table(freq, p) for freq in tables)


def read_number(bits, mean):
    """A number coded with a mean, and the mean that follows."""
    k = order(mean)
    b = k + bits.zeros()
    v = 2**b + bits.take(b) - 2**k
    return v, mean + v - mean // 4


def write_number(v, mean):
    """Undo `read_number`."""
    k = order(mean)
    digits = f"{v + 2**k:b}"
    return "0" * (len(digits) - 1 - k) + "1" + digits[:0:-1], mean + v - mean // 4


def read_contexts(payload, p):
    """The row of frequencies of each used context, and how many bytes they take."""
    bits = Bits(payload)
    used = [value for value in range(256) if bits.take(1)]
    rows = {}
    for c in used:
        level = bits.take(4)
        assert level <= p
        row, units, left, gap_mean, mean = [0] * 256, [], 2**level, 0, 0
        values = iter(used)
        while left:
            gap, gap_mean = read_number(bits, gap_mean)
            for _ in range(gap):
                next(values)
            f = 1
            if left > 1:
                v, mean = read_number(bits, mean)
                f += v
            units.append(f)
            row[next(values)] = f * 2 ** (p - level)
            left -= f
            assert left >= 0
        assert any(f % 2 for f in units)
        rows[c] = row
    assert 0 in rows
    assert all(s in rows for row in rows.values() for s in range(256) if row[s])
    return rows, bits.close()


def write_contexts(rows, p):
    """Undo `read_contexts`."""
    text = "".join("1" if c in rows else "0" for c in range(256))
    for c in sorted(rows):
        level, units = p, [rows[c][s] for s in sorted(rows)]
        while not any(f % 2 for f in units):
            level, units = level - 1, [f // 2 for f in units]
        text += f"{level:04b}"[::-1]
        left, gap, gap_mean, mean = 2**level, 0, 0, 0
        for f in units:
            if f == 0:
                gap += 1
                continue
            digits, gap_mean = write_number(gap, gap_mean)
            text, gap = text + digits, 0
            if left > 1:
                digits, mean = write_number(f - 1, mean)
                text += digits
            left -= f
            if left == 0:
                break
    return pack(text)


STUBBORNNESS = 4, 4, 6, 6, 8, 12, 20, 30


class Learner:
    """What is known of each node of the tree of decisions."""

    def __init__(self):
        self.q, self.m = [2**15] * 256, [0] * 256

    def frequency(self, k):
        """That of a one, of 4096."""
        return max(1, self.q[k] // 16)

    def learn(self, k, bit):
        """Take note of a bit; the node of the next one."""
        q, u = self.q[k], 655360 // (10 * (self.m[k] + 1) + STUBBORNNESS[k.bit_length() - 1])
        self.q[k] = q + (2**16 - q) * u // 2**16 if bit else q - q * u // 2**16
        self.m[k] = min(127, self.m[k] + 1)
        return 2 * k + bit


def read_adaptive(payload, n):
    """The n symbols of an adaptive stream."""
    r = len(payload)
    states = r if r <= 4 else 4 - r % 2
    x, at = number(payload[:states], states), states
    assert x < 2**31
    learner, symbols = Learner(), []
    for _ in range(n):
        k = 1
        while k < 256:
            f, slot = learner.frequency(k), x % 4096
            bit = int(slot < f)
            x = f * (x // 4096) + slot if bit else (4096 - f) * (x // 4096) + slot - f
            if x < 2**15 and at < r:
                x = x * 2**16 + number(payload[at : at + 2], 2)
                at += 2
            k = learner.learn(k, bit)
        symbols.append(k - 256)
    assert at == r
    assert x == 1
    return symbols


def write_adaptive(symbols):
    """Undo `read_adaptive`."""
    learner, decisions, x, words = Learner(), [], 1, []
    for symbol in symbols:
        k = 1
        for bit in map(int, f"{symbol:08b}"):
            f = learner.frequency(k)
            decisions.append((f, 0) if bit else (4096 - f, f))
            k = learner.learn(k, bit)
    for g, start in reversed(decisions):
        if x >= g * 2**19:
            words.append((x % 2**16).to_bytes(2, "little"))
            x //= 2**16
        x = x // g * 4096 + start + x % g
    size = max(3 * bool(words), -(-x.bit_length() // 8))
    return x.to_bytes(size, "little") + b"".join(words[::-1])


def fit(content, p, symbols=256):
    """Frequencies with which `content` can be coded: as in it, roughly."""
    counts = Counter(content)
    present = sorted(counts) or [0]
    spare = 2**p - len(present)
    assert spare >= 0
    freq = [0] * symbols
    for value in present:
        freq[value] = 1 + spare * counts[value] // max(len(content), 1)
    freq[max(present, key=freq.__getitem__)] += 2**p - sum(freq)
    return freq


def fit_classes(content, p, classes, count):
    """Tables with which `content` can be coded, in rows of such classes."""
    return [
        fit(b"".join(content[i * ROW : (i + 1) * ROW] for i, c in enumerate(classes) if c == k), p)
        for k in range(count)
    ]


def fit_neighbours(content, p, neighbours):
    """Tables with which `content` can be coded with such neighbours."""
    parts = [[] for _ in range(len(neighbours.limits) + 1)]
    for i, value in enumerate(content):
        parts[neighbours.context(content, i)].append(value)
    return [fit(part, p) for part in parts]


def fit_contexts(content, p, lanes):
    """Rows with which `content` can be coded; a context nothing follows is followed by 0."""
    followers = {0: []} | {value: [] for value in content}
    for segment in cut(content, lanes):
        for c, s in zip([0, *segment], segment, strict=False):
            followers[c].append(s)
    return {c: fit(following or [0], p) for c, following in followers.items()}


def cut(content, lanes):
    """The segments of a stream with contexts."""
    q, r = divmod(len(content), lanes)
    starts = [j * q + min(j, r) for j in range(lanes + 1)]
    return [content[starts[j] : starts[j + 1]] for j in range(lanes)]


class Row:
    """Frequencies, made ready to be looked up."""

    def __init__(self, freq):
        self.freq, self.starts = freq, [0, *accumulate(freq)]
        self.owner = []
        for value, f in enumerate(freq):
            self.owner += [value] * f


def decode_words(stream, n, p, lanes, row_of, put):
    """Decode n symbols: the i-th with `row_of(i)`, and hand each to `put(i, value)`."""
    assert len(stream) % 2 == 0
    words = [number(stream[i : i + 2], 2) for i in range(0, len(stream), 2)]
    states = [words[2 * lane] + words[2 * lane + 1] * 2**16 for lane in range(lanes)]
    least = low(p)
    assert all(least <= x < 2**16 * least for x in states)
    words = iter(words[2 * lanes :])
    for i in range(n):
        row = row_of(i)
        times, slot = divmod(states[i % lanes], 2**p)
        value = row.owner[slot]
        x = row.freq[value] * times + slot - row.starts[value]
        if x < least:
            x = x * 2**16 + next(words)
        states[i % lanes] = x
        put(i, value)
    assert next(words, None) is None
    assert states == [least] * lanes


def read_words(stream, n, freq, p, lanes):
    """The n symbols."""
    row, symbols = Row(freq), []
    decode_words(stream, n, p, lanes, lambda i: row, lambda i, value: symbols.append(value))
    return symbols


def read_words_with_classes(stream, n, tables, classes, p, lanes):
    """The n symbols, each row of them with the table of its class."""
    rows, symbols = [Row(freq) for freq in tables], []
    decode_words(
        *(stream, n, p, lanes),
        lambda i: rows[classes[i // ROW]],
        lambda i, value: symbols.append(value),
    )
    return symbols


def read_words_with_neighbours(stream, n, tables, neighbours, p, lanes):
    """The n symbols, each with the table of its context."""
    rows, symbols = [Row(freq) for freq in tables], []
    decode_words(
        *(stream, n, p, lanes),
        lambda i: rows[neighbours.context(symbols, i)],
        lambda i, value: symbols.append(value),
    )
    return symbols


def read_words_with_contexts(stream, n, rows, p, lanes):
    """The n symbols."""
    rows = {c: Row(freq) for c, freq in rows.items()}
    segments = [[0] for _ in range(lanes)]  # the context of the first symbol
    decode_words(
        stream,
        n,
        p,
        lanes,
        lambda i: rows[segments[i % lanes][-1]],
        lambda i, value: segments[i % lanes].append(value),
    )
    return [value for segment in segments for value in segment[1:]]


def encode_words(pairs, p, lanes):
    """The words of symbols, each with its frequencies: pairs of a value and a `Row`."""
    states, words = [low(p)] * lanes, []
    for i in reversed(range(len(pairs))):
        value, row = pairs[i]
        x, f, c = states[i % lanes], row.freq[value], row.starts[value]
        if x >= f * 2 ** (16 - p) * low(p):
            words.append(x % 2**16)
            x //= 2**16
        states[i % lanes] = x // f * 2**p + c + x % f
    halves = [half for x in states for half in (x % 2**16, x // 2**16)]
    return b"".join(word.to_bytes(2, "little") for word in halves + words[::-1])


def write_words(symbols, freq, p, lanes):
    """Undo `read_words`."""
    row = Row(freq)
    return encode_words([(value, row) for value in symbols], p, lanes)


def write_words_with_classes(symbols, tables, classes, p, lanes):
    """Undo `read_words_with_classes`."""
    rows = [Row(freq) for freq in tables]
    pairs = [(value, rows[classes[i // ROW]]) for i, value in enumerate(symbols)]
    return encode_words(pairs, p, lanes)


def write_words_with_neighbours(symbols, tables, neighbours, p, lanes):
    """Undo `read_words_with_neighbours`."""
    rows = [Row(freq) for freq in tables]
    pairs = [(value, rows[neighbours.context(symbols, i)]) for i, value in enumerate(symbols)]
    return encode_words(pairs, p, lanes)


def write_words_with_contexts(symbols, rows, p, lanes):
    """Undo `read_words_with_contexts`."""
    rows = {c: Row(freq) for c, freq in rows.items()}
    segments = [
        [(s, rows[c]) for c, s in zip([0, *segment], segment, strict=False)]
        for segment in cut(symbols, lanes)
    ]
    rounds = -(-len(symbols) // lanes)
    pairs = [segment[i] for i in range(rounds) for segment in segments if i < len(segment)]
    return encode_words(pairs, p, lanes)
