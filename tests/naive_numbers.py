"""The oracle's numbers: how each node from 3 on of a recipe is undone, item by item.

A node is what its parameters say. `read` fails if they aren't legal for items of w bytes in such a
shape, `write` undoes it, `outputs` gives w and the shape of each output, and `undo` makes
the items of the outputs, all of them as bytes. Of outputs that no encoder writes, it makes what
comes of it. `naive_makers` makes outputs of items.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, prod

from naive_payload import read_varint, write_varint

WHOLE = (1, 2, 4, 8)


class Fields:
    """Parameters, read one after the other."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value, self.at = read_varint(self.data, self.at)
        return value

    def binary64(self):
        self.at += 8
        return struct.unpack("<d", self.data[self.at - 8 : self.at])[0]


def integers(content, w, order="little"):
    """The items as unsigned integers."""
    assert len(content) % w == 0
    return [int.from_bytes(content[at : at + w], order) for at in range(0, len(content), w)]


def items(values, w, order="little"):
    """Undo `integers`, of integers modulo 2^W."""
    patterns = 2 ** (8 * w)
    return b"".join([(value % patterns).to_bytes(w, order) for value in values])


def bits_of(content, at, count):
    """A number of so many bits, the lowest first; bits behind the last byte are 0."""
    number = int.from_bytes(content[at // 8 : (at + count + 7) // 8], "little")
    return number >> at % 8 & (2**count - 1)


def float_bits(value, w):
    """The float as the bits of the binary format with W bits, rounded to it."""
    form = {2: "<e", 4: "<f", 8: "<d"}[w]
    try:
        raw = struct.pack(form, value)
    except OverflowError:  # beyond the largest finite number
        raw = struct.pack(form, float("-inf" if value < 0 else "inf"))
    return int.from_bytes(raw, "little")


def lags(axes, shape):
    """How far it is from an item to the next along each of the axes."""
    return [prod(shape[axis + 1 :]) for axis in axes]


def unfolded(z):
    """The integer that has its sign in the lowest bit."""
    return z // 2 if z % 2 == 0 else -(z + 1) // 2


@dataclass(frozen=True)
class Ordered:
    """Numbers whose order is that of unsigned integers, and without low bits that are all 0."""

    id = 3
    kind: int
    shift: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        kind, shift = fields.byte(), fields.byte()
        assert kind < (8 if w > 1 else 4)
        assert kind % 4 < 3
        assert shift < 8 * w
        return cls(kind, shift)

    def write(self):
        return bytes([self.kind, self.shift])

    def outputs(self, w, shape):
        return [(w, shape)]

    @property
    def byte_order(self):
        return "big" if self.kind & 4 else "little"

    def undo(self, w, shape, parts):
        most = 2 ** (8 * w - self.shift)  # 2^V
        half = most // 2
        found = []
        for z in integers(parts[0], w):
            match self.kind % 4:
                case 0:
                    b = z
                case 1:
                    b = z ^ half
                case 2:
                    b = z - half if z >= half else most - 1 - z
            found.append(b * 2**self.shift)
        return items(found, w, self.byte_order)


@dataclass(frozen=True)
class Delta:
    """Differences along axes, with the sign in the lowest bit."""

    id = 4
    axes: tuple
    first: int | None = None  # then the sign is where it was

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        assert 1 <= len(shape) <= 255
        told = fields.byte()
        assert told < 24
        assert 1 <= told % 8 <= 4
        axes = tuple(fields.byte() for _ in range(told % 8))
        assert all(axis < len(shape) for axis in axes)
        first = fields.varint() if told >= 8 else None
        assert first is None or first < 2 ** (8 * w)
        assert told < 16 or first > 0
        return cls(axes, -first if told >= 16 else first)

    def write(self):
        if self.first is None:
            return bytes([len(self.axes), *self.axes])
        told = 8 if self.first >= 0 else 16
        return bytes([told + len(self.axes), *self.axes]) + write_varint(abs(self.first))

    def outputs(self, w, shape):
        return [(w, shape)]

    def undo(self, w, shape, parts):
        y = integers(parts[0], w)
        if self.first is None:
            y = [unfolded(z) for z in y]
        elif y:
            y[0] += self.first
        n, steps = len(y), lags(self.axes, shape)
        if min(steps) > 1:
            for i in range(1, min(*steps, n)):
                y[i] += y[i - 1]
        for h in reversed(steps):
            if h > 0:
                for i in range(h, n):
                    y[i] += y[i - h]
        return items(y, w)


@dataclass(frozen=True)
class Log:
    """Tokens for magnitudes, with 2 bits of the mantissa, and the rest as raw bits."""

    id = 5
    size: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        size = fields.varint()
        assert size <= prod(shape) * w
        return cls(size)

    def write(self):
        return write_varint(self.size)

    def outputs(self, w, shape):
        return [(1, shape), (1, [self.size])]

    def undo(self, w, shape, parts):
        tokens, raw = parts
        found, at = [], 0
        for t in tokens:
            if t < 16:
                found.append(t)
                continue
            e, m = (t - 16) // 4, (t - 16) % 4
            found.append((4 + m) * 2 ** (e + 2) + bits_of(raw, at, e + 2))
            at += e + 2
        return items(found, w)


@dataclass(frozen=True)
class Lin:
    """Tokens for multiples of a power of two, and the rest as raw bits."""

    id = 6
    base: int
    shift: int
    width: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        base, shift, width = fields.varint(), fields.byte(), fields.byte()
        assert base < 2 ** (8 * w)
        assert shift < 8 * w
        assert width in (1, 2)
        assert width <= w
        return cls(base, shift, width)

    def write(self):
        return write_varint(self.base) + bytes([self.shift, self.width])

    def outputs(self, w, shape):
        return [(self.width, shape), (1, [(self.shift * prod(shape) + 7) // 8])]

    def undo(self, w, shape, parts):
        tokens, s = integers(parts[0], self.width), self.shift
        return items(
            [self.base + z * 2**s + bits_of(parts[1], i * s, s) for i, z in enumerate(tokens)], w
        )


@dataclass(frozen=True)
class Decimal:
    """Floats at integers divided or multiplied by a number, and the others as they are."""

    id = 7
    kind: int
    factor: float
    exceptions: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in (2, 4, 8)
        kind = fields.byte()
        assert kind < 64
        assert kind & 12 < 12
        factor = fields.varint() if kind & 32 else fields.binary64()
        if kind & 32:
            assert factor < 2**49
        exceptions = 0 if kind & 16 else fields.varint()
        assert isfinite(factor)
        assert factor > 0
        assert exceptions <= prod(shape)
        return cls(kind, float(factor), exceptions)

    def write(self):
        factor = struct.pack("<d", self.factor)
        if self.kind & 32:
            factor = write_varint(int(self.factor))
        exceptions = b"" if self.kind & 16 else write_varint(self.exceptions)
        return bytes([self.kind]) + factor + exceptions

    def outputs(self, w, shape):
        exceptions = [] if self.kind & 16 else [(4, [self.exceptions]), (w, [self.exceptions])]
        corrections = [(self.size(w), shape)] if self.size(w) else []
        return [(w, shape), *exceptions, *corrections]

    @property
    def byte_order(self):
        return "big" if self.kind & 2 else "little"

    def size(self, w):
        """Bytes of a correction; 0 if there are none."""
        return w if self.kind & 8 else self.kind >> 2 & 1

    def float_of(self, z, w):
        """The bits of the float that an integer stands for."""
        d = float(z - 2 ** (8 * w - 1))
        return float_bits(d * self.factor if self.kind & 1 else d / self.factor, w)

    def undo(self, w, shape, parts):
        found = [self.float_of(z, w) for z in integers(parts[0], w)]
        if self.size(w):
            codes = integers(parts[-1], self.size(w))
            steps = [-(e + 1) // 2 if e % 2 else e // 2 for e in codes]
            found = [(x + step) % 2 ** (8 * w) for x, step in zip(found, steps, strict=True)]
        found = [items([x], w, self.byte_order) for x in found]
        place = -1
        for j, step in enumerate([] if self.kind & 16 else integers(parts[1], 4)):
            place += 1 + step
            if place < len(found):
                found[place] = parts[2][j * w : (j + 1) * w]
        return b"".join(found)


@dataclass(frozen=True)
class Affine:
    """Multiples of a step from a base."""

    id = 8
    base: int
    step: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        base, step = fields.varint(), fields.varint()
        assert base < 2 ** (8 * w)
        assert 1 <= step < 2 ** (8 * w)
        return cls(base, step)

    def write(self):
        return write_varint(self.base) + write_varint(self.step)

    def outputs(self, w, shape):
        return [(w, shape)]

    def undo(self, w, shape, parts):
        return items([self.base + self.step * z for z in integers(parts[0], w)], w)


@dataclass(frozen=True)
class Dict:
    """Numbers of values, and the values."""

    id = 9
    count: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w >= 2
        n, count = prod(shape), fields.varint()
        assert count <= min(n, 2**20, 2**16 if w == 3 else 2 ** (8 * w))
        assert count >= 1 or n == 0
        return cls(count)

    def write(self):
        return write_varint(self.count)

    @property
    def width(self):
        return 1 if self.count <= 256 else 2 if self.count <= 2**16 else 4

    def outputs(self, w, shape):
        return [(self.width, shape), (w, [self.count])]

    def undo(self, w, shape, parts):
        values = integers(parts[1], w)
        return items([values[code] for code in integers(parts[0], self.width)], w)


@dataclass(frozen=True)
class Mask:
    """Where one value is, and all items with anything in its place."""

    id = 10
    value: int
    lag: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        value, lag = fields.varint(), fields.varint()
        assert value < 2 ** (8 * w)
        assert lag <= prod(shape)
        return cls(value, lag)

    def write(self):
        return write_varint(self.value) + write_varint(self.lag)

    def outputs(self, w, shape):
        return [(w, shape), (1, [(prod(shape) + 7) // 8])]

    def undo(self, w, shape, parts):
        filled = integers(parts[0], w)
        bits = [bits_of(parts[1], i, 1) for i in range(len(filled))]
        if self.lag > 0:
            for i in range(self.lag, len(bits)):
                bits[i] ^= bits[i - self.lag]
        return items([self.value if b else x for b, x in zip(bits, filled, strict=True)], w)


@dataclass(frozen=True)
class FieldsOfItems:
    """Items cut into parts."""

    id = 11
    sizes: tuple

    @classmethod
    def read(cls, fields, w, shape):
        count = fields.byte()
        assert 2 <= count <= 64
        sizes = tuple(fields.varint() for _ in range(count))
        assert min(sizes) >= 1
        assert sum(sizes) == w
        return cls(sizes)

    def write(self):
        return bytes([len(self.sizes)]) + b"".join(map(write_varint, self.sizes))

    def outputs(self, w, shape):
        return [(size, shape) for size in self.sizes]

    def undo(self, w, shape, parts):
        return b"".join(
            part[i * size : (i + 1) * size]
            for i in range(prod(shape))
            for part, size in zip(parts, self.sizes, strict=True)
        )


@dataclass(frozen=True)
class Columns:
    """Columns of the last axis, some as differences from the one before."""

    id = 12
    differences: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        assert shape
        assert 2 <= shape[-1] <= 256
        differences = fields.varint()
        assert differences < 2 ** shape[-1]
        assert differences % 2 == 0
        return cls(differences)

    def write(self):
        return write_varint(self.differences)

    def outputs(self, w, shape):
        return [(w, shape[:-1])] * shape[-1]

    def undo(self, w, shape, parts):
        columns = [integers(part, w) for part in parts]
        for j in range(1, len(columns)):
            if self.differences >> j & 1:
                columns[j] = [a + b for a, b in zip(columns[j - 1], columns[j], strict=True)]
        return items([x for row in zip(*columns, strict=True) for x in row], w)


@dataclass(frozen=True)
class Runs:
    """Values, and how many times more each is there."""

    id = 13
    count: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        n, count = prod(shape), fields.varint()
        assert count <= n
        assert count >= 1 or n == 0
        return cls(count)

    def write(self):
        return write_varint(self.count)

    def outputs(self, w, shape):
        return [(w, [self.count]), (4, [self.count])]

    def undo(self, w, shape, parts):
        lengths = integers(parts[1], 4)
        assert sum(lengths) + len(lengths) == prod(shape)
        values = integers(parts[0], w)
        return items(
            [v for v, length in zip(values, lengths, strict=True) for _ in range(1 + length)], w
        )


@dataclass(frozen=True)
class Items:
    """Bytes as items of several, and the bytes that are left."""

    id = 14
    size: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w == 1
        size = fields.byte()
        if size == 0:
            size = fields.varint()
            assert size > 255
        assert 2 <= size <= 2**16
        return cls(size)

    def write(self):
        return bytes([self.size]) if self.size < 256 else b"\0" + write_varint(self.size)

    def outputs(self, w, shape):
        count, rest = divmod(prod(shape), self.size)
        return [(self.size, [count]), (1, [rest])]

    def undo(self, w, shape, parts):
        return parts[0] + parts[1]


@dataclass(frozen=True)
class Ramp:
    """Distances from straight lines through pieces, with the sign in the lowest bit."""

    id = 15
    piece = 4096

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        return cls()

    def write(self):
        return b""

    def outputs(self, w, shape):
        pieces = -(-prod(shape) // self.piece)
        return [(w, shape), (w, [pieces]), (8, [pieces])]

    @classmethod
    def line(cls, start, step, j):
        return start + (step - 2**64 * (step >= 2**63)) * j // cls.piece

    def undo(self, w, shape, parts):
        starts, steps = integers(parts[1], w), integers(parts[2], 8)
        found = []
        for i, z in enumerate(integers(parts[0], w)):
            p, j = divmod(i, self.piece)
            found.append(self.line(starts[p], steps[p], j) + unfolded(z))
        return items(found, w)


@dataclass(frozen=True)
class Lpc:
    """Distances from weighted sums of items before, with the sign in the lowest bit."""

    id = 16
    kind: int
    axis: int
    order: int
    segments: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        assert 1 <= len(shape) <= 255
        assert prod(shape) >= 1
        kind, axis, order, segments = (fields.byte() for _ in range(4))
        assert kind == 0 or (kind == 1 and w in (4, 8))
        assert axis < len(shape)
        assert 1 <= order <= 32
        assert 1 <= segments <= 64
        assert order * segments * lags([axis], shape)[0] <= prod(shape)
        return cls(kind, axis, order, segments)

    def write(self):
        return bytes([self.kind, self.axis, self.order, self.segments])

    def count(self, shape):
        """The number of weights."""
        return self.order * self.segments * lags([self.axis], shape)[0]

    def outputs(self, w, shape):
        return [(w, shape), (8 if w == 8 else 4, [self.count(shape)])]

    def value(self, x, w):
        if self.kind == 0:
            return float(x - 2 ** (8 * w - 1))
        bits = Ordered(2, 0).undo(w, [1], [items([x], w)])
        (value,) = struct.unpack("<f" if w == 4 else "<d", bits)
        return value if isfinite(value) else 0.0

    def expected(self, i, values, weights, w, shape):
        """What item i is expected to be after those before it, of which these are the values."""
        (h,) = lags([self.axis], shape)
        rows = -(-prod(shape) // h)
        most = -(-rows // self.segments)
        row, c = divmod(i, h)
        s, j = divmod(row, most)
        total = 0.0
        for t in range(1, self.order + 1):
            weight = weights[(t - 1) * self.segments * h + s * h + c]
            total += weight * (values[i - t * h] if t <= j else 0.0)
        half = 2 ** (8 * w - 1)
        if self.kind == 0:
            return (round(total) if abs(total) < 2**51 else 0) + half
        bits = float_bits(total, w) if isfinite(total) else 0
        (value,) = struct.unpack("<f" if w == 4 else "<d", items([bits], w))
        bits = bits if isfinite(value) else 0
        return bits + half if bits < half else 2 * half - 1 - bits

    def weights(self, content, w):
        return [value for (value,) in struct.iter_unpack("<d" if w == 8 else "<f", content)]

    def undo(self, w, shape, parts):
        weights, x, values = self.weights(parts[1], w), [], []
        for i, z in enumerate(integers(parts[0], w)):
            x.append((self.expected(i, values, weights, w, shape) + unfolded(z)) % 2 ** (8 * w))
            values.append(self.value(x[-1], w))
        return items(x, w)


@dataclass(frozen=True)
class Sparse:
    """Where one value is, and the items that are left."""

    id = 17
    value: int
    lag: int
    kept: int

    @classmethod
    def read(cls, fields, w, shape):
        masked, kept = Mask.read(fields, w, shape), fields.varint()
        assert kept <= prod(shape)
        return cls(masked.value, masked.lag, kept)

    def write(self):
        return Mask(self.value, self.lag).write() + write_varint(self.kept)

    def outputs(self, w, shape):
        return [(w, [self.kept]), (1, [(prod(shape) + 7) // 8])]

    def undo(self, w, shape, parts):
        # Under the mask, zeros and ones show where the value is.
        zeros = items([0] * prod(shape), 1)
        bits = Mask(1, self.lag).undo(1, shape, [zeros, parts[1]])
        assert bits.count(0) == self.kept
        left = iter(integers(parts[0], w))
        return items([self.value if bit else next(left) for bit in bits], w)


@dataclass(frozen=True)
class Stencil:
    """Distances from weighted sums of neighbours, with the sign in the lowest bit."""

    id = 18
    neighbours: tuple  # of how far before an item it is, and the weight, for each

    @classmethod
    def read(cls, fields, w, shape):
        assert w in (1, 2, 4)
        assert prod(shape) >= 1
        count = fields.byte()
        assert 1 <= count <= 8
        told = [(fields.varint(), fields.varint()) for _ in range(count)]
        offsets = [offset for offset, _ in told]
        assert offsets[0] == 1
        assert all(low < high <= prod(shape) for low, high in pairwise(offsets))
        assert all(offset == 2 or offset >= 8 for offset in offsets[1:])
        assert all(v < 2**18 for _, v in told)
        return cls(tuple((offset, unfolded(v)) for offset, v in told))

    def write(self):
        told = [(d, 2 * v if v >= 0 else -2 * v - 1) for d, v in self.neighbours]
        return bytes([len(told)]) + b"".join(
            write_varint(number) for pair in told for number in pair
        )

    def outputs(self, w, shape):
        return [(w, shape)]

    def expected(self, i, x):
        """What item i is expected to be after those before it."""
        if i == 0:
            return 0
        values = [(v, x[i - d if d <= i else i - 1]) for d, v in self.neighbours]
        return (2**13 + sum(v * value for v, value in values)) // 2**14

    def undo(self, w, shape, parts):
        x = []
        for i, z in enumerate(integers(parts[0], w)):
            x.append((self.expected(i, x) + unfolded(z)) % 2 ** (8 * w))
        return items(x, w)


@dataclass(frozen=True)
class Period:
    """A first axis in rows of so many places, and what is left of it."""

    id = 19
    places: int

    @classmethod
    def read(cls, fields, w, shape):
        assert 1 <= len(shape) <= 254
        places = fields.varint()
        assert 2 <= places <= shape[0]
        return cls(places)

    def write(self):
        return write_varint(self.places)

    def outputs(self, w, shape):
        rows, rest = divmod(shape[0], self.places)
        return [(w, [rows, self.places, *shape[1:]]), (w, [rest, *shape[1:]])]

    def undo(self, w, shape, parts):
        return parts[0] + parts[1]


@dataclass(frozen=True)
class Bins:
    """Tokens for intervals, and raw bits for how far numbers are from where these begin."""

    id = 20
    size: int
    bins: tuple

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        count, size = fields.byte() + 1, fields.varint()
        assert size <= prod(shape) * w
        bins, begin = [], 0
        for k in range(count):
            step, bits = fields.varint(), fields.byte()
            assert step or not k
            begin += step
            assert begin < 2 ** (8 * w)
            assert bits < 8 * w
            bins.append((begin, bits))
        return cls(size, tuple(bins))

    def write(self):
        begins = [0, *(begin for begin, _ in self.bins)]
        steps = [after - before for before, after in pairwise(begins)]
        found = bytes([len(self.bins) - 1]) + write_varint(self.size)
        for step, (_, bits) in zip(steps, self.bins, strict=True):
            found += write_varint(step) + bytes([bits])
        return found

    def outputs(self, w, shape):
        return [(1, shape), (1, [self.size])]

    def undo(self, w, shape, parts):
        found, at = [], 0
        for t in parts[0]:
            begin, bits = self.bins[t] if t < len(self.bins) else (0, 0)
            found.append(begin + bits_of(parts[1], at, bits))
            at += bits
        assert self.size == (at + 7) // 8
        return items(found, w)


@dataclass(frozen=True)
class Lookback:
    """Distances from rows that lie a lag before, with the sign in the lowest bit."""

    id = 21
    recent = 8
    row: int
    lags: int

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        row, lags = fields.byte(), fields.varint()
        assert row > 0
        assert lags <= -(-prod(shape) // row)
        return cls(row, lags)

    def write(self):
        return bytes([self.row]) + write_varint(self.lags)

    def outputs(self, w, shape):
        return [(w, shape), (1, [-(-prod(shape) // self.row)]), (4, [self.lags])]

    def undo(self, w, shape, parts):
        found, left = [], integers(parts[2], 4)
        recent = list(range(1, self.recent + 1))
        distances = integers(parts[0], w)
        for j, kind in enumerate(parts[1]):
            assert kind <= self.recent
            lag = left.pop(0) if kind == self.recent else recent.pop(kind)
            recent = [lag, *recent][: self.recent]
            assert not j or 1 <= lag <= j
            for z in distances[self.row * j : self.row * (j + 1)]:
                found.append(unfolded(z) + (found[-self.row * lag] if j else 0))
        assert not left
        return items(found, w)


@dataclass(frozen=True)
class Digits:
    """Digits of numbers in a mixed radix, the leading ones first."""

    id = 22
    bases: tuple

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        count = fields.byte()
        assert 1 <= count <= 15
        bases = tuple(fields.varint() for _ in range(count))
        assert min(bases) >= 2
        assert prod(bases) < 2 ** (8 * w)
        return cls(bases)

    def write(self):
        return bytes([len(self.bases)]) + b"".join(map(write_varint, self.bases))

    def outputs(self, w, shape):
        leading = (2 ** (8 * w) - 1) // prod(self.bases)
        most = [leading, *(base - 1 for base in self.bases)]
        return [(min(v for v in WHOLE if digit < 2 ** (8 * v)), shape) for digit in most]

    def undo(self, w, shape, parts):
        widths = [v for v, _ in self.outputs(w, shape)]
        found, *others = map(integers, parts, widths)
        for base, digits in zip(self.bases, others, strict=True):
            found = [base * x + digit for x, digit in zip(found, digits, strict=True)]
        return items([x % 2 ** (8 * w) for x in found], w)


@dataclass(frozen=True)
class Join:
    """Axes as one with those before them."""

    id = 23
    axes: tuple

    @classmethod
    def read(cls, fields, w, shape):
        assert 2 <= len(shape) <= 255
        axes = tuple(fields.byte() for _ in range(fields.byte()))
        assert axes[:1] >= (1,)
        assert axes[-1] < len(shape)
        assert list(axes) == sorted(set(axes))
        return cls(axes)

    def write(self):
        return bytes([len(self.axes), *self.axes])

    def outputs(self, w, shape):
        joined = []
        for axis, length in enumerate(shape):
            if axis in self.axes:
                joined[-1] *= length
            else:
                joined.append(length)
        return [(w, joined)]

    def undo(self, w, shape, parts):
        return parts[0]


@dataclass(frozen=True)
class Groups:
    """Columns of the last axis, those of a group one after the other."""

    id = 24
    groups: tuple

    @classmethod
    def read(cls, fields, w, shape):
        assert w in WHOLE
        assert len(shape) > 1
        assert 2 <= shape[-1] <= 4096
        count = fields.varint()
        assert 1 <= count <= shape[-1]
        width = (count - 1).bit_length()
        packed = bytes(fields.byte() for _ in range(-(-width * shape[-1] // 8)))
        packed = int.from_bytes(packed, "little")
        assert packed < 2 ** (width * shape[-1])
        groups = tuple(packed >> width * j & 2**width - 1 for j in range(shape[-1]))
        assert list(dict.fromkeys(groups)) == list(range(count))
        return cls(groups)

    def write(self):
        width = max(self.groups).bit_length()
        packed = sum(group << width * j for j, group in enumerate(self.groups))
        size = -(-width * len(self.groups) // 8)
        return write_varint(1 + max(self.groups)) + packed.to_bytes(size, "little")

    def outputs(self, w, shape):
        counts = [self.groups.count(group) for group in range(1 + max(self.groups))]
        return [(w, [count * shape[0], *shape[1:-1]]) for count in counts]

    def undo(self, w, shape, parts):
        left = [iter(integers(part, w)) for part in parts]
        rows = prod(shape[:-1])
        columns = [[next(left[group]) for _ in range(rows)] for group in self.groups]
        return items([x for row in zip(*columns, strict=True) for x in row], w)


NUMBERS = {
    node.id: node
    for node in (
        *(Ordered, Delta, Log, Lin, Decimal, Affine),
        *(Dict, Mask, FieldsOfItems, Columns, Runs, Items, Ramp, Lpc, Sparse, Stencil, Period),
        *(Bins, Lookback, Digits, Join, Groups),
    )
}
