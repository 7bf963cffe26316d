"""The oracle's other half of recipes: content becomes streams, as it is told.

A *maker* takes w, the shape and the content of items, and gives the transform and its outputs as
bytes. `tree` makes a recipe of it: a function of the same that gives a node, and the streams. What
is told may be what no encoder would choose, but it must be possible.
"""

import struct
from itertools import groupby
from math import gcd, isfinite, prod

from naive_numbers import (
    Affine,
    Bins,
    Columns,
    Decimal,
    Delta,
    Dict,
    Digits,
    FieldsOfItems,
    Groups,
    Items,
    Join,
    Lin,
    Log,
    Lookback,
    Lpc,
    Mask,
    Ordered,
    Period,
    Ramp,
    Runs,
    Sparse,
    Stencil,
    float_bits,
    integers,
    items,
    lags,
)
from naive_payload import pack
from naive_recipe import LEAF, Bytes, Node, Planes


def stream(w, shape, content):
    """The recipe of symbols as they are."""
    return LEAF, [content]


def tree(make, *outputs, every=stream):
    """A transform, and a recipe for each of its outputs, or one for all of them."""

    def grow(w, shape, content):
        transform, parts = make(w, shape, content)
        nodes, streams = [], []
        layouts = transform.outputs(w, shape)
        for recipe, part, layout in zip(
            outputs or [every] * len(parts), parts, layouts, strict=True
        ):
            node, found = recipe(*layout, part)
            nodes.append(node)
            streams += found
        return Node(transform, nodes), streams

    return grow


def planes(w, shape, content):
    return Planes(), [content[j::w] for j in range(w)]


def item_bytes(w, shape, content):
    return Bytes(), [content]


def ordered(kind, shift=0):
    def make(w, shape, content):
        transform = Ordered(kind, shift)
        most, found = 2 ** (8 * w - shift), []
        for x in integers(content, w, transform.byte_order):
            b, rest = divmod(x, 2**shift)
            assert rest == 0
            match kind % 4:
                case 0:
                    z = b
                case 1:
                    z = b ^ (most // 2)
                case 2:
                    z = b + most // 2 if b < most // 2 else most - 1 - b
            found.append(z)
        return transform, [items(found, w)]

    return make


def folded(numbers, w):
    """Integers modulo 2^W with their signs in the lowest bits."""
    most = 2 ** (8 * w)
    return [2 * (d % most) if d % most < most // 2 else 2 * (-d % most) - 1 for d in numbers]


def delta(*axes, rising=False):
    def make(w, shape, content):
        y, steps = integers(content, w), lags(axes, shape)
        for h in steps:
            if h > 0:
                for i in reversed(range(h, len(y))):
                    y[i] -= y[i - h]
        for i in reversed(range(1, min(*steps, len(y)))):
            y[i] -= y[i - 1]
        if rising:
            usual = y[-1] if len(y) > 1 else 0
            first, y[:1] = sum(y[:1]) - usual * len(y[:1]), [usual] * len(y[:1])
            half = 2 ** (8 * w - 1)
            return Delta(axes, (first + half) % (2 * half) - half), [items(y, w)]
        return Delta(axes), [items(folded(y, w), w)]

    return make


def low_first(value, count):
    """So many bits of a number, as a string."""
    return f"{value:0{count}b}"[::-1] if count else ""


def log(w, shape, content):
    tokens, raw = [], []
    for x in integers(content, w):
        if x < 16:
            tokens.append(x)
            continue
        e = x.bit_length() - 5
        m, rest = divmod(x - 2 ** (e + 4), 2 ** (e + 2))
        tokens.append(16 + 4 * e + m)
        raw.append(low_first(rest, e + 2))
    raw = pack("".join(raw))
    return Log(len(raw)), [bytes(tokens), raw]


def lin(base, shift, width):
    def make(w, shape, content):
        found = [divmod((x - base) % 2 ** (8 * w), 2**shift) for x in integers(content, w)]
        assert all(z < 2 ** (8 * width) for z, _ in found)
        raw = pack("".join(low_first(rest, shift) for _, rest in found))
        return Lin(base, shift, width), [items([z for z, _ in found], width), raw]

    return make


def bins(*begins):
    """Bins that begin there, of which those are left out that no number is in."""

    def make(w, shape, content):
        of = [max((b for b in begins if b <= x), default=0) for x in integers(content, w)]
        away = [x - b for x, b in zip(integers(content, w), of, strict=True)]
        widths = dict.fromkeys(sorted({*of} or {0}), 0)
        for b, far in zip(of, away, strict=True):
            widths[b] = max(widths[b], far.bit_length())
        assert all(bits < 8 * w for bits in widths.values())
        places = [*widths]
        raw = pack("".join(low_first(far, widths[b]) for b, far in zip(of, away, strict=True)))
        return Bins(len(raw), tuple(widths.items())), [bytes(map(places.index, of)), raw]

    return make


def decimal(kind, factor, exceptions=(), other=0):
    """Exceptions are where it must be, and in the places that are told; `other` stands there."""

    def make(w, shape, content):
        transform = Decimal(kind, factor, 0)
        size = transform.size(w)
        form = {2: "e", 4: "f", 8: "d"}[w]
        half, found, left, corrections = 2 ** (8 * w - 1), [], [], []
        for place, x in enumerate(integers(content, w, transform.byte_order)):
            (value,) = struct.unpack(f"<{form}", items([x], w))
            d = value / factor if kind & 1 else value * factor
            z, code = round(d) + half if isfinite(d) else -1, 0
            fits = 0 <= z < 2 * half
            if fits:
                step = (x - transform.float_of(z, w) + half) % (2 * half) - half
                code = 2 * step if step >= 0 else -2 * step - 1
                fits = code < 256**size
            if place in exceptions or not fits:
                left.append(place)
                z, code = other, other % 256**size
            found.append(z)
            corrections.append(code)
        outputs = [items(found, w)]
        if kind & 16:
            assert not left
        else:
            steps = [p - 1 - before for before, p in zip([-1, *left], left, strict=False)]
            outputs += [items(steps, 4), b"".join(content[p * w : (p + 1) * w] for p in left)]
        if size:
            outputs.append(items(corrections, size))
        return Decimal(kind, factor, len(left)), outputs

    return make


def affine(base, step):
    """The exact quotient, or else what gives the item modulo 2^W."""

    def make(w, shape, content):
        most, found = 2 ** (8 * w), []
        two = gcd(step, most)
        inverse = pow(step // two, -1, most)
        for x in integers(content, w):
            z, rest = divmod((x - base) % most, step)
            if rest:
                z = ((x - base) % most // two * inverse) % most
            found.append(z)
            assert (base + step * z - x) % most == 0
        return Affine(base, step), [items(found, w)]

    return make


def dictionary(*values):
    def make(w, shape, content):
        transform = Dict(len(values))
        codes = [values.index(x) for x in integers(content, w)]
        return transform, [items(codes, transform.width), items(values, w)]

    return make


def mask(value, lag=0, but=(), fill=None):
    """Items of that value, but in some places; instead, there is `fill`, or the item before."""

    def make(w, shape, content):
        filled = integers(content, w)
        bits = [int(x == value and i not in but) for i, x in enumerate(filled)]
        for i, bit in enumerate(bits):
            if bit:
                before = filled[i - 1] if i else 0
                filled[i] = before if fill is None else fill
        if lag > 0:
            bits = bits[:lag] + [a ^ b for a, b in zip(bits, bits[lag:], strict=False)]
        return Mask(value, lag), [items(filled, w), pack("".join(map(str, bits)))]

    return make


def ramp(*lines):
    """Each piece has one of the lines, starts and steps, in turn."""

    def make(w, shape, content):
        x = integers(content, w)
        own = [lines[p % len(lines)] for p in range(-(-len(x) // Ramp.piece))]
        left = []
        for i, number in enumerate(x):
            p, j = divmod(i, Ramp.piece)
            left.append(number - Ramp.line(*own[p], j))
        starts, steps = ([line[k] for line in own] for k in (0, 1))
        return Ramp(), [items(folded(left, w), w), items(starts, w), items(steps, 8)]

    return make


def lookback(row, *lags):
    """The lags in turn, as far as there are numbers so far back, and otherwise 1."""

    def make(w, shape, content):
        x = integers(content, w)
        kinds, new, recent = [], [], list(range(1, Lookback.recent + 1))
        left = []
        for j in range(-(-len(x) // row)):
            lag = lags[j % len(lags)]
            lag = lag if lag <= j else 1
            kinds.append(recent.index(lag) if lag in recent else Lookback.recent)
            if lag in recent:
                recent.remove(lag)
            else:
                new.append(lag)
            recent = [lag, *recent][: Lookback.recent]
            own = range(row * j, min(row * j + row, len(x)))
            left += [x[i] - (x[i - row * lag] if j else 0) for i in own]
        node = Lookback(row, len(new))
        return node, [items(folded(left, w), w), bytes(kinds), items(new, 4)]

    return make


def lpc(kind, axis, order, segments, *weights):
    """The weights in turn."""

    def make(w, shape, content):
        transform = Lpc(kind, axis, order, segments)
        count = transform.count(shape)
        told = [weights[i % len(weights)] for i in range(count)]
        raw = b"".join(items([float_bits(weight, max(4, w))], max(4, w)) for weight in told)
        told, x = transform.weights(raw, w), integers(content, w)
        values = [transform.value(number, w) for number in x]
        expected = (transform.expected(i, values, told, w, shape) for i in range(len(x)))
        left = [number - known for number, known in zip(x, expected, strict=True)]
        return transform, [items(folded(left, w), w), raw]

    return make


def stencil(*neighbours):
    """How far before an item each is, with its weight; only those that there may be."""

    def make(w, shape, content):
        x = integers(content, w)
        transform = Stencil(tuple((d, v) for d, v in neighbours if d <= max(1, len(x))))
        left = [number - transform.expected(i, x) for i, number in enumerate(x)]
        return transform, [items(folded(left, w), w)]

    return make


def sparse(value, lag=0, but=()):
    """Items of that value, but in some places, and all others."""

    def make(w, shape, content):
        masked, (_, bits) = mask(value, lag, but)(w, shape, content)
        kept = [x for i, x in enumerate(integers(content, w)) if x != value or i in but]
        return Sparse(value, masked.lag, len(kept)), [items(kept, w), bits]

    return make


def fields(*sizes):
    def make(w, shape, content):
        parts, at = [], 0
        for size in sizes:
            parts.append(
                b"".join(content[i + at : i + at + size] for i in range(0, len(content), w))
            )
            at += size
        return FieldsOfItems(sizes), parts

    return make


def columns(differences=0):
    def make(w, shape, content):
        x = integers(content, w)
        found = [x[j :: shape[-1]] for j in range(shape[-1])]
        for j in reversed(range(1, len(found))):
            if differences >> j & 1:
                found[j] = [b - a for a, b in zip(found[j - 1], found[j], strict=True)]
        return Columns(differences), [items(column, w) for column in found]

    return make


def groups(*told):
    def make(w, shape, content):
        x = integers(content, w)
        columns = [x[j :: shape[-1]] for j in range(shape[-1])]
        found = [[] for _ in range(1 + max(told))]
        for group, column in zip(told, columns, strict=True):
            found[group] += column
        return Groups(told), [items(group, w) for group in found]

    return make


def digits(*bases):
    def make(w, shape, content):
        transform, left, found = Digits(bases), integers(content, w), []
        for base in reversed(bases):
            found.append([x % base for x in left])
            left = [x // base for x in left]
        widths = [v for v, _ in transform.outputs(w, shape)]
        return transform, [*map(items, [left, *reversed(found)], widths)]

    return make


def runs(longest=2**32):
    """Runs of equal items, those that are longer in several."""

    def make(w, shape, content):
        values, lengths = [], []
        for value, same in groupby(integers(content, w)):
            left = len(list(same))
            while left:
                values.append(value)
                lengths.append(min(left, longest) - 1)
                left -= min(left, longest)
        return Runs(len(values)), [items(values, w), items(lengths, 4)]

    return make


def items_of(size):
    def make(w, shape, content):
        end = len(content) - len(content) % size
        return Items(size), [content[:end], content[end:]]

    return make


def period(places):
    def make(w, shape, content):
        row = w * places * prod(shape[1:])
        end = shape[0] // places * row
        return Period(places), [content[:end], content[end:]]

    return make


def join(*axes):
    return lambda w, shape, content: (Join(axes), [content])


NAMED = {"stream": stream, "planes": tree(planes), "bytes": tree(item_bytes)}
