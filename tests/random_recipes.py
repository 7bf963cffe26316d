"""Transforms that are possible for some items, with parameters that no encoder might choose."""

import itertools
import math

import naive_makers as makers
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
)
from naive_recipe import Bytes, Planes

WHOLE = (1, 2, 4, 8)
FEW_COLUMNS = 32
FEW_BYTES = 1000
SCALES = [100.0, 1e-3, 2.0**20, 1.0]  # of the floats that there are
WEIGHTS = [2.0, -1.0, 0.5, 0.0, -0.0, 1e-320, 1e300, float("inf"), float("nan")]
FACTORS = [
    1.0,
    10.0,
    100.0,
    1e4,
    0.5,
    3.0,
    1 / 3,
    1e-3,
    1e22,
    1e300,
    5e-324,
    1.7976931348623157e308,
]


def planes(rng, w, shape, content):
    return makers.planes if 2 <= w <= 64 else None


def item_bytes(rng, w, shape, content):
    return makers.item_bytes if 2 <= w <= 64 else None


def ordered(rng, w, shape, content):
    if w not in WHOLE:
        return None
    kind = rng.randrange(3) + 4 * rng.randrange(2 if w > 1 else 1)
    union = 0
    for x in integers(content, w, "big" if kind & 4 else "little"):
        union |= x
    zeros = (union & -union).bit_length() - 1 if union else 8 * w - 1
    return makers.ordered(kind, rng.choice([0, zeros, rng.randint(0, zeros)]))


def delta(rng, w, shape, content):
    if w not in WHOLE or not 1 <= len(shape) <= 255:
        return None
    axes = [rng.randrange(len(shape)) for _ in range(rng.randint(1, 4))]
    return makers.delta(*axes, rising=rng.randrange(2) == 1)


def log(rng, w, shape, content):
    return makers.log if w in WHOLE else None


def lin(rng, w, shape, content):
    if w not in WHOLE:
        return None
    x = integers(content, w) or [0]
    base = rng.choice([min(x), 0, max(x), (min(x) - 1) % 2 ** (8 * w), rng.choice(x)])
    width = rng.choice([1, 2]) if w > 1 else 1
    most = max((value - base) % 2 ** (8 * w) for value in x)
    least = max(0, most.bit_length() - 8 * width)
    return makers.lin(base, rng.choice([least, 8 * w - 1, rng.randint(least, 8 * w - 1)]), width)


def decimal(rng, w, shape, content):
    if w not in WHOLE[1:]:
        return None
    factor = rng.choice([*SCALES, *FACTORS, rng.uniform(1e-9, 1e9)])
    n = math.prod(shape)
    exceptions = [place for place in range(n) if rng.randrange(8) == 0] if rng.randrange(2) else []
    kind = rng.randrange(12)
    if factor < 2**49 and factor == int(factor) and rng.randrange(2):
        kind |= 32
    told = factor, exceptions, rng.getrandbits(8 * w)
    found, _ = makers.decimal(kind, *told)(w, shape, content)
    return makers.decimal(kind | 16 * (not found.exceptions and rng.randrange(2)), *told)


def affine(rng, w, shape, content):
    """Of steps that are odd, any is possible."""
    if w not in WHOLE:
        return None
    x = integers(content, w) or [0]
    base = rng.choice([0, min(x), rng.choice(x)])
    common = math.gcd(*(value - base for value in x)) or rng.randrange(1, 2 ** (8 * w))
    if rng.randrange(3) == 0:
        return makers.affine(rng.getrandbits(8 * w), rng.getrandbits(8 * w) | 1)
    return makers.affine(base, rng.choice([1, common % 2 ** (8 * w) or 1]))


def dictionary(rng, w, shape, content):
    """In any order, and with values that aren't used or there twice."""
    if w == 1:
        return None
    n, values = math.prod(shape), list(set(integers(content, w)))
    if not n:
        return makers.dictionary()
    for _ in range(rng.randint(0, min(n - len(values), 300))):
        values.append(rng.choice([rng.choice(values), rng.getrandbits(8 * w)]))
    rng.shuffle(values)
    return makers.dictionary(*values)


def mask(rng, w, shape, content):
    if w not in WHOLE:
        return None
    x, n = integers(content, w), math.prod(shape)
    value = rng.choice([*x[:50], 0, 2 ** (8 * w) - 1])
    lag = rng.choice([0, 1, n, rng.randint(0, n), math.prod(shape[1:])])
    but = [place for place in range(n) if rng.randrange(4) == 0] if rng.randrange(2) else []
    return makers.mask(value, min(lag, n), but, rng.choice([None, rng.getrandbits(8 * w)]))


def ramp(rng, w, shape, content):
    if w not in WHOLE:
        return None
    start, steep = rng.getrandbits(8 * w), rng.getrandbits(64)
    return makers.ramp((start, steep), (0, 4096), (start, 2**64 - 1), (0, 2**63))


def lookback(rng, w, shape, content):
    lags = [rng.choice([1, 2, 9, rng.randint(1, 300)]) for _ in range(rng.randint(1, 30))]
    return makers.lookback(rng.choice([1, 2, 3, 255]), *lags) if w in WHOLE else None


def lpc(rng, w, shape, content):
    n = math.prod(shape)
    if w not in WHOLE or not 1 <= len(shape) <= 255 or not n:
        return None
    axes = [axis for axis in range(len(shape)) if math.prod(shape[axis + 1 :]) <= n]
    axis = rng.choice(axes)
    room = n // math.prod(shape[axis + 1 :])
    order = rng.randint(1, min(32, room))
    segments = rng.randint(1, min(64, room // order))
    weights = [*WEIGHTS, rng.uniform(-2, 2), rng.gauss(0, 9)]
    told = rng.choices(weights, k=rng.randint(1, 9))
    return makers.lpc(rng.randrange(2 if w >= 4 else 1), axis, order, segments, *told)


def stencil(rng, w, shape, content):
    n = math.prod(shape)
    if w not in (1, 2, 4) or not n:
        return None
    far = [rng.randint(8, max(8, n)) for _ in range(rng.randrange(7))]
    offsets = sorted({1, *[2] * rng.randrange(2), *far})
    weights = [1 << 14, -(1 << 17), (1 << 17) - 1, 0, -1, rng.randint(-9000, 9000)]
    return makers.stencil(*[(offset, rng.choice(weights)) for offset in offsets])


def sparse(rng, w, shape, content):
    if w not in WHOLE:
        return None
    x, n = integers(content, w), math.prod(shape)
    but = [place for place in range(n) if rng.randrange(4) == 0] if rng.randrange(2) else []
    return makers.sparse(rng.choice([*x[:50], 0]), rng.choice([0, min(1, n), n]), but)


def fields(rng, w, shape, content):
    if not 2 <= w <= 64:
        return None
    ends = sorted(rng.sample(range(1, w), rng.randint(1, min(w - 1, 7))))
    return makers.fields(*(b - a for a, b in itertools.pairwise([0, *ends, w])))


def columns(rng, w, shape, content):
    if w not in WHOLE or not shape or not 2 <= shape[-1] <= 256:
        return None
    return makers.columns(rng.getrandbits(min(shape[-1], 64)) & ~1)


def groups(rng, w, shape, content):
    if w not in WHOLE or len(shape) < 2 or not 2 <= shape[-1] <= 4096:
        return None
    told, most = [0], rng.choice([1, 2, 3, shape[-1]])
    for _ in range(shape[-1] - 1):
        told.append(rng.randint(0, min(1 + max(told), most - 1)))
    return makers.groups(*told)


def runs(rng, w, shape, content):
    return makers.runs(rng.choice([2**32, 1, 2, 7])) if w in WHOLE else None


def items_of(rng, w, shape, content):
    return makers.items_of(rng.choice([2, 4, 8, rng.randint(2, 64)])) if w == 1 else None


def period(rng, w, shape, content):
    if not 1 <= len(shape) <= 254 or shape[0] < 2:
        return None
    return makers.period(rng.choice([2, shape[0], rng.randint(2, shape[0])]))


def join(rng, w, shape, content):
    if not 2 <= len(shape) <= 255:
        return None
    axes = range(1, len(shape))
    return makers.join(*sorted(rng.sample(axes, rng.randint(1, len(axes)))))


def bins(rng, w, shape, content):
    """Half of all numbers are the most that one bin may be for."""
    if w not in WHOLE:
        return None
    x = integers(content, w) or [0]
    begins = {rng.choice([rng.choice(x), rng.getrandbits(8 * w)]) for _ in range(rng.randrange(9))}
    return makers.bins(0, 2 ** (8 * w - 1), *begins)


def digits(rng, w, shape, content):
    if w not in WHOLE:
        return None
    bases, room = [], 2 ** (8 * w) - 1
    while room > 1 and len(bases) < 15 and (not bases or rng.randrange(4)):
        base = rng.choice([2, 10, 16, 256, 1000, 1 << 16, rng.randint(2, room), room])
        bases.append(min(base, room))
        room //= bases[-1]
    return makers.digits(*bases)


CHOICES = {
    Planes.id: planes,
    Bytes.id: item_bytes,
    Ordered.id: ordered,
    Delta.id: delta,
    Log.id: log,
    Lin.id: lin,
    Decimal.id: decimal,
    Affine.id: affine,
    Dict.id: dictionary,
    Mask.id: mask,
    FieldsOfItems.id: fields,
    Columns.id: columns,
    Runs.id: runs,
    Items.id: items_of,
    Ramp.id: ramp,
    Lpc.id: lpc,
    Sparse.id: sparse,
    Stencil.id: stencil,
    Period.id: period,
    Bins.id: bins,
    Lookback.id: lookback,
    Digits.id: digits,
    Join.id: join,
    Groups.id: groups,
}


def grow(rng, ids, deepest=4):
    """A recipe for `naive_makers` of any of these transforms, among them planes and bytes."""

    def recipe(w, shape, content):
        found = []
        if deepest > 1:
            known = ids if deepest > 2 else [Planes.id, Bytes.id]
            if shape and shape[-1] > FEW_COLUMNS:  # of what becomes many streams itself
                known = [id for id in known if id not in (Columns.id, Groups.id)]
            if w == 1 and math.prod(shape) > FEW_BYTES:  # of runs of a byte each five are made
                known = [id for id in known if id != Runs.id]
            found = [CHOICES[id](rng, w, shape, content) for id in known]
            found = [make for make in found if make]
        if not found or (w <= 2 and rng.randrange(3) == 0):
            return makers.stream(w, shape, content)
        inner = grow(rng, ids, deepest - 1)
        return makers.tree(rng.choice(found), every=inner)(w, shape, content)

    return recipe


# Items


SPECIAL = [0, 1, 2**15, 0x7C00, 0xFC00, 0x7E01, 0x3F800000, 0x7FC00001, 0x80000000, 0xFF800000]
SPECIAL += [2**63, 0x7FF0 << 48, 0xFFF8000000000001, 0x3FF0 << 48, 2**64 - 1, 2**63 - 1]


def whole(rng, n, w):
    """Unsigned integers that have some order in them, or none."""
    most = 2 ** (8 * w)
    base, step = rng.getrandbits(8 * w), rng.getrandbits(rng.randint(1, 8 * w))
    match rng.randrange(10):
        case 0:
            return [base] * n
        case 1:
            return [rng.getrandbits(8 * w) for _ in range(n)]
        case 2:
            return [base + i * step for i in range(n)]
        case 3:
            return [base + rng.randrange(9) * step for _ in range(n)]
        case 4:
            few = [rng.getrandbits(8 * w) for _ in range(rng.randint(1, 5))]
            return [rng.choice(few) for _ in range(n)]
        case 5:
            return list(itertools.accumulate(rng.randint(-9, 9) for _ in range(n)))
        case 6:
            return [rng.getrandbits(rng.randint(0, 8 * w)) for _ in range(n)]
        case 7:
            return [rng.choice(SPECIAL) + rng.choice([0, 0, 1, -1, most // 2]) for _ in range(n)]
        case 8:
            return [rng.choice([base, base, base, i]) for i in range(n)]
        case 9:
            return [base + i // 7 * step for i in range(n)]


def some_items(rng, n, w):
    """So many items of w bytes, in any byte order."""
    if w not in WHOLE:
        return rng.choice([rng.randbytes(n * w), bytes(n * w), rng.randbytes(w) * n])
    order = rng.choice(["little", "little", "big"])
    if w == 1 or rng.randrange(3):
        return items(whole(rng, n, w), w, order)
    scale = rng.choice(SCALES)
    values = [rng.randint(-999, 999) / scale for _ in range(n)]
    return items([float_bits(value, w) for value in values], w, order)
