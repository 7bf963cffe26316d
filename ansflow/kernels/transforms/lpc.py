"""Linear prediction: each number from a weighted sum of those before it, in several lanes at once.

An array is flat here: rows of h numbers, a lag, cut into as many segments of as many rows as there
are. A *lane* is a place in a row, in a segment. It has its own weights, and so all lanes advance
side by side: a step is the same for all of them, whatever the order.

Values are float64. They are added in a fixed order, each product and each sum rounded (nothing here
may be fused or reordered), so that all machines predict the same.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.transforms import binary64
from ansflow.kernels.transforms.words import seen_as
from ansflow.kernels.vector.weighted import LANES, weigh

__all__ = [
    "ROWS_OF_BLOCK",
    "correlate",
    "decode_floats",
    "decode_integers",
    "encode_floats",
    "encode_integers",
    "floats_in_lanes",
    "integers_in_lanes",
    "level",
]

BLOCK = np.uint64(64)

# Rows that have one energy, and what is added to each, relative to those of all.
ROWS_OF_BLOCK = np.uint64(64)
QUIET = 1e-6

# Below it, the sum with ROUNDING is rounded to an integer: the difference of both numbers' bits.
LARGEST = 2.0**51
ROUNDING = 1.5 * 2.0**52
ROUNDING_BITS = np.int64(0x4338 << 48)

LARGE = 8  # bytes
U_LANES = np.uint64(LANES)
from_offset = binary64.from_offset()


@inner
def predict(values, at, weights, sums):
    """Fill `sums` with what weights predict for the row that begins at `values[at]`."""
    lanes = np.uint64(sums.size)
    order = np.uint64(weights.size) // lanes
    first = ZERO
    while first + U_LANES <= lanes:
        weigh(values, at, weights, order, first, sums)
        first += U_LANES
    for i in range(first, lanes):
        sums[i] = 0.0
    for k in range(order if first < lanes else ZERO):
        own, before = np.uint64(k) * lanes, at - (np.uint64(k) + ONE) * lanes
        for i in range(first, lanes):
            sums[i] += weights[own + i] * values[before + i]


@inner
def take(items, step, rows, lag, row):
    """The items of a step in all lanes; 0 behind the end."""
    size = np.uint64(items.size)
    lanes = np.uint64(row.size)
    if lag == ONE:
        for i in range(lanes):
            at = i * rows + step
            row[i] = items[at] if at < size else ZERO
    for segment in range(lanes // lag if lag > ONE else ZERO):
        begin, to = (segment * rows + step) * lag, segment * lag
        count = min(lag, size - begin) if begin < size else ZERO
        for i in range(count):
            row[to + i] = items[begin + i]
        for i in range(count, lag):
            row[to + i] = ZERO


@inner
def give(row, step, rows, lag, items):
    """Undo `take`."""
    size = np.uint64(items.size)
    lanes = np.uint64(row.size)
    if lag == ONE:
        for i in range(lanes):
            at = i * rows + step
            if at < size:
                items[at] = row[i]
    for segment in range(lanes // lag if lag > ONE else ZERO):
        begin, to = (segment * rows + step) * lag, segment * lag
        count = min(lag, size - begin) if begin < size else ZERO
        for i in range(count):
            items[begin + i] = row[to + i]


@inlined
def integer_values(row, values, at):
    """Values of integers, of which 2^(W - 1) is 0."""
    if row.itemsize == LARGE:
        for i in range(np.uint64(row.size)):
            values[at + i] = from_offset(np.uint64(row[i]))
        return
    half = np.int64(1) << (np.int64(8 * row.itemsize) - np.int64(1))
    for i in range(np.uint64(row.size)):
        values[at + i] = np.float64(np.int32(np.int64(row[i]) - half))


@inlined
def integers_of(sums, row):
    """Replace sums by integers modulo 2^W, those that are none by that of 0."""
    number = row.dtype.type
    half = number(~(number(~number(0)) >> ONE))
    for i in range(np.uint64(row.size)):
        total = sums[i]
        known = abs(total) < LARGEST
        rounded = np.float64((total if known else 0.0) + ROUNDING)
        row[i] = number(number(seen_as(rounded, np.int64) - ROUNDING_BITS) + half)


@inlined
def float_values(row, floats, values, at):
    """Values of the floats with these numbers in their order. Fills `floats`, by its bits."""
    bits = floats.view(row.dtype)
    number = row.dtype.type
    half = number(~(number(~number(0)) >> ONE))
    for i in range(np.uint64(row.size)):
        z = row[i]
        bits[i] = number(z ^ half) if z >= half else number(~z)
    for i in range(np.uint64(row.size)):
        value = np.float64(floats[i])
        values[at + i] = value if abs(value) < np.inf else 0.0


@inlined
def floats_of(sums, floats, row):
    """Replace sums by the numbers of the nearest floats, those that are not finite by that of 0."""
    bits = floats.view(row.dtype)
    number = row.dtype.type
    half = number(~(number(~number(0)) >> ONE))
    for i in range(np.uint64(row.size)):
        value = floats.dtype.type(sums[i])
        floats[i] = value if abs(value) < np.inf else floats.dtype.type(0.0)
    for i in range(np.uint64(row.size)):
        b = bits[i]
        row[i] = number(~b) if b >= half else number(b ^ half)


@inlined
def fold(row, expected):
    """What is left of a row: signs go to the lowest bits."""
    number = row.dtype.type
    half = number(~number(0)) >> ONE
    for i in range(np.uint64(row.size)):
        y = number(row[i] - expected[i])
        row[i] = (y + y) ^ (ZERO - np.uint64(y > half))


@inlined
def unfold(row, expected):
    """Undo `fold`."""
    number = row.dtype.type
    for i in range(np.uint64(row.size)):
        y = row[i]
        row[i] = number(expected[i] + number((y >> ONE) ^ (ZERO - np.uint64(y & ONE))))


@kernel
def integers_in_lanes(items, lag, rows, values, row):
    """Fill `values` with the values of all integers, a row for each step, behind rows of zeros."""
    lanes = np.uint64(row.size)
    at = np.uint64(values.size) - rows * lanes
    for step in range(rows):
        take(items, step, rows, lag, row)
        integer_values(row, values, at + step * lanes)


@kernel
def floats_in_lanes(items, lag, rows, values, row, floats):
    """The same for floats, whose numbers in their order are the items."""
    lanes = np.uint64(row.size)
    at = np.uint64(values.size) - rows * lanes
    for step in range(rows):
        take(items, step, rows, lag, row)
        float_values(row, floats, values, at + step * lanes)


@kernel
def encode_integers(items, lag, rows, weights, values, row, expected, sums, out):
    """Fill `out` with what is left of integers, given the values of `integers_in_lanes`."""
    lanes = np.uint64(row.size)
    at = np.uint64(values.size) - rows * lanes
    for step in range(rows):
        predict(values, at + step * lanes, weights, sums)
        integers_of(sums, expected)
        take(items, step, rows, lag, row)
        fold(row, expected)
        give(row, step, rows, lag, out)


@kernel
def encode_floats(items, lag, rows, weights, values, row, expected, sums, floats, out):
    """The same for floats, given the values of `floats_in_lanes`."""
    lanes = np.uint64(row.size)
    at = np.uint64(values.size) - rows * lanes
    for step in range(rows):
        predict(values, at + step * lanes, weights, sums)
        floats_of(sums, floats, expected)
        take(items, step, rows, lag, row)
        fold(row, expected)
        give(row, step, rows, lag, out)


@inlined
def with_room(values, at, weights):
    """Where a row can begin: at the end, those that it depends on go back to the begin before."""
    known = np.uint64(weights.size)
    if at == np.uint64(values.size):
        for i in range(known):
            values[i] = values[at - known + i]
        at = known
    return at


@kernel
def decode_integers(items, lag, rows, weights, values, row, expected, sums):
    """Undo `encode_integers` in place.

    `values` begins with as many rows of zeros as weights, and has one more at least.
    """
    lanes, at = np.uint64(row.size), np.uint64(weights.size)
    for step in range(rows):
        at = with_room(values, at, weights)
        predict(values, at, weights, sums)
        integers_of(sums, expected)
        take(items, step, rows, lag, row)
        unfold(row, expected)
        give(row, step, rows, lag, items)
        integer_values(row, values, at)
        at += lanes


@kernel
def decode_floats(items, lag, rows, weights, values, row, expected, sums, floats):
    """Undo `encode_floats` in place, as `decode_integers` does."""
    lanes, at = np.uint64(row.size), np.uint64(weights.size)
    for step in range(rows):
        at = with_room(values, at, weights)
        predict(values, at, weights, sums)
        floats_of(sums, floats, expected)
        take(items, step, rows, lag, row)
        unfold(row, expected)
        give(row, step, rows, lag, items)
        float_values(row, floats, values, at)
        at += lanes


@kernel
def correlate(values, rows, sums):
    """Fill `sums[k, lane]` with the sum of products of values, in the last rows, k steps apart."""
    lanes = np.uint64(sums.shape[1])
    at = np.uint64(values.size) - rows * lanes
    sums[:] = 0.0
    begin = ZERO
    while begin < rows:
        end = min(begin + BLOCK, rows)
        for k in range(np.uint64(sums.shape[0])):
            own = sums[k]
            for step in range(begin, end):
                now = at + step * lanes
                before = now - k * lanes
                for i in range(lanes):
                    own[i] += values[now + i] * values[before + i]
        begin = end


@kernel
def level(values, energies, out):
    """Fill `out` with values divided by how much they change nearby, in each lane.

    `energies`, shape (blocks, lanes), becomes the squares of changes from row to row, summed over
    blocks of rows, of which the last may be shorter. A gain is from a block and those beside it.
    """
    blocks, lanes = np.uint64(energies.shape[0]), np.uint64(energies.shape[1])
    size = np.uint64(values.size)
    energies[:] = 0.0
    for b in range(blocks):
        own = energies[b]
        begin = b * ROWS_OF_BLOCK * lanes
        end = min(begin + ROWS_OF_BLOCK * lanes, size)
        for at in range(max(begin, lanes), end, lanes):
            for i in range(lanes):
                change = values[at + i] - values[at - lanes + i]
                own[i] += change * change
    for i in range(lanes):
        total = 0.0
        for b in range(blocks):
            total += energies[b, i]
        least = total * QUIET / blocks if total > 0 else 1.0
        before = 0.0
        for b in range(blocks):
            own = energies[b, i]
            after = energies[b + ONE, i] if b + ONE < blocks else 0.0
            energies[b, i] = 1 / np.sqrt(before + own + after + least)
            before = own
    for b in range(blocks):
        gains = energies[b]
        begin = b * ROWS_OF_BLOCK * lanes
        for at in range(begin, min(begin + ROWS_OF_BLOCK * lanes, size), lanes):
            for i in range(lanes):
                out[at + i] = values[at + i] * gains[i]
