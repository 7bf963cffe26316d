"""Push and pop on the stack coder are exact inverses, heads and tail."""

import naive
import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.bitsback.distributions.families import family
from ansflow.bitsback.read_only import read_only
from ansflow.kernels.stack import coins, intervals as stack, location_scale, tables, uniform
from ansflow.kernels.stack.heads import IMPOSSIBLE

LOW, HIGH = 1 << 32, (1 << 64) - 1


@st.composite
def stacks(draw):
    """Heads, some at the edges of their interval or where a word becomes due; a tail; intervals."""
    total = draw(st.one_of(st.integers(0, 32).map(lambda p: 1 << p), st.integers(1, 1 << 32)))
    lanes = draw(st.sampled_from([1, 2, 5, 64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    freqs = rng.integers(1, total + 1, lanes)
    freqs[rng.random(lanes) < 0.2] = total
    freqs[rng.random(lanes) < 0.2] = 1
    starts = rng.integers(0, total - freqs + 1)
    heads = []
    for f in freqs.tolist():
        edges = (LOW, HIGH, (1 << 32) // total * f << 32, (1 << 32) // total * total << 32)
        choices = [edge + d for edge in edges for d in (-1, 0, 1) if LOW <= edge + d <= HIGH]
        choices += [int(rng.integers(LOW, HIGH, dtype=np.uint64))] * 3
        heads.append(choices[rng.integers(len(choices))])
    tail = rng.integers(0, 1 << 32, 70, np.uint32)
    return read_only(np.array([total], np.uint64)), heads, tail, starts, freqs


def fresh(heads, tail, room=65):
    extended = np.concatenate([tail, np.zeros(room, np.uint32)])
    return np.array(heads, np.uint64), extended, tail.size


@given(stacks())
def test_pop_undoes_push(case):
    totals, first, words, starts, freqs = case
    heads, tail, size = fresh(first, words)
    pushed = int(stack.push(heads, tail, size, starts, freqs, totals))
    assert (heads >= LOW).all()
    expected = oracle.Stack(first, words)
    expected.push([0] * len(first), oracle.intervals(starts, freqs, totals[0]))
    assert heads.tolist() == expected.heads
    assert tail[:pushed].tolist() == expected.words
    slots = np.empty(len(first), np.int64)
    stack.peek(heads, totals, slots)
    assert ((starts <= slots) & (slots - starts < freqs)).all()
    assert stack.pop(heads, tail, pushed, starts, freqs, totals) == size
    assert heads.tolist() == first
    assert np.array_equal(tail[: words.size], words)


@given(stacks())
def test_push_undoes_pop(case):
    totals, first, words, _, freqs = case
    heads, tail, size = fresh(first, words)
    slots = np.empty(len(first), np.int64)
    stack.peek(heads, totals, slots)
    # Any interval that holds the slot.
    starts = np.maximum(slots - freqs // 2, 0)
    starts = np.minimum(starts, int(totals[0]) - freqs)
    popped = int(stack.pop(heads, tail, size, starts, freqs, totals))
    assert (heads >= LOW).all()
    assert stack.push(heads, tail, popped, starts, freqs, totals) == size
    assert heads.tolist() == first
    assert np.array_equal(tail[: words.size], words)


@given(stacks(), st.integers(0, 70))
def test_a_pop_tells_that_there_are_too_few_words(case, depth):
    totals, first, words, _, _ = case
    heads, tail, size = fresh(first, words[:depth])
    slots = np.empty(len(first), np.int64)
    stack.peek(heads, totals, slots)
    starts, freqs = slots, np.ones_like(slots)  # the most expensive symbols there are
    left = stack.pop(heads, tail, size, starts, freqs, totals)
    expected = oracle.Stack(first, words[:depth])
    try:
        expected.pop(oracle.intervals(starts, freqs, totals[0]))
    except oracle.UnderflowError:
        assert left == stack.UNDERFLOW
    else:
        assert left == len(expected.words)


def test_intervals_that_are_none_change_nothing():
    totals, words = read_only(np.array([9, 2**32], np.uint64)), np.empty(0, np.uint32)
    bad = [(0, 0), (9, 1), (0, 10), (8, 2), (-1, 2), (3, -1), (2**63 - 1, 2**63 - 1)]
    for start, freq in bad:
        heads, tail, size = fresh([LOW + 5, HIGH], words)
        starts, freqs = np.array([start, 0]), np.array([freq, 1])
        assert stack.push(heads, tail, size, starts, freqs, totals) == stack.IMPOSSIBLE
        assert stack.pop(heads, tail, size, starts, freqs, totals) == stack.IMPOSSIBLE
        assert heads.tolist() == [LOW + 5, HIGH]


def test_many_rows_equal_the_reference():
    rng = np.random.default_rng(0)
    freq = [3, 5, 8, 4, 4, 40]
    dist = naive.Intervals(freq)
    lanes, rows, p = 8, 50, 6
    totals = read_only(np.array([1 << p], np.uint64))
    symbols = rng.integers(0, len(freq), lanes * rows)
    heads, tail, size = fresh([LOW] * lanes, np.empty(0, np.uint32), lanes * rows + 1)
    for row in reversed(symbols.reshape(rows, lanes)):
        starts = np.array(dist.cdf)[row]
        size = int(stack.push(heads, tail, size, starts, np.array(freq)[row], totals))
    states, words = naive.encode(symbols.tolist(), [dist] * symbols.size, p, lanes, LOW, 32)
    assert heads.tolist() == states
    assert tail[:size][::-1].tolist() == words


# The kernels that take arrays of symbols, against the oracle


SIZES = st.sampled_from([0, 1, 2, 3, 4, 5, 7, 63, 64, 65, 130])
LANES = st.sampled_from([1, 2, 3, 5, 64])
RNGS = st.integers(0, 2**32).map(np.random.default_rng)


def arrays(rng, lanes, boundaries, words):
    """Heads, a tail and its size, and the oracle of the same content."""
    first = oracle.heads_of(rng, lanes, boundaries)
    return (*fresh(first, words, 1), oracle.Stack(first, words))


def check_push(kernel, arguments, room, symbols, distributions, case):
    """A push gives the oracle's heads and words, and writes no word beyond the promised room."""
    heads, tail, size, expected = case
    tail = np.concatenate([tail[: int(size)], np.full(room + 1, 77, np.uint32)])
    expected.push(symbols, distributions)
    size = int(kernel(heads, tail, size, *arguments))
    assert heads.tolist() == expected.heads
    assert tail[:size].tolist() == expected.words


def check_pop(kernel, arguments, dtype, distributions, case):
    """A pop gives the oracle's symbols, heads and words, or underflows where the oracle does."""
    heads, tail, size, expected = case
    out = np.zeros(len(distributions), dtype)
    try:
        symbols = expected.pop(distributions)
    except oracle.UnderflowError:
        assert kernel(heads, tail, size, *arguments, out) == stack.UNDERFLOW
        return
    size = int(kernel(heads, tail, size, *arguments, out))
    assert out.tolist() == symbols
    assert heads.tolist() == expected.heads
    assert tail[:size].tolist() == expected.words


SPECIAL_N = [1, 2, 3, 5, 6, 10, 255, 1000, 2**15 + 1, 2**16 - 1, 2**16, 2**16 + 1, 3 * 2**16]
SPECIAL_N += [2**17 - 1, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1, 2**32, 2**32 + 1, 2**33 + 7]
SPECIAL_N += [2**48 - 1, 2**48, 2**48 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, 2**64]
NUMBERS_OF = st.one_of(
    st.sampled_from(SPECIAL_N), st.integers(1, 2**16), st.integers(1, 2**32), st.integers(1, 2**64)
)


def number_below(rng, n):
    """Any number below n, often one of the first or last."""
    value = int.from_bytes(rng.bytes(16)) % n
    return int(rng.choice(np.array([value, 0, n - 1, value // 2, n - 1 - value // 2**40], object)))


@st.composite
def uniforms(draw):
    """(rng, lanes, n of each symbol, `last` as the kernels want it)."""
    rng, lanes, count = draw(RNGS), draw(LANES), draw(SIZES)
    if draw(st.booleans()):
        ns = [draw(NUMBERS_OF)] * count
        last = np.array([ns[0] - 1 if ns else 4], np.uint64)
    else:
        few = draw(st.lists(NUMBERS_OF, min_size=1, max_size=8))
        ns = [few[i] for i in rng.integers(0, len(few), count)]
        last = np.array([n - 1 for n in ns], np.uint64)
    return rng, lanes, ns, last


def uniform_case(rng, lanes, ns, words):
    boundaries = [head for n in set(ns) for head in oracle.boundaries_of_uniform(n)]
    return arrays(rng, lanes, boundaries, words)


@given(uniforms())
def test_pushed_uniform_numbers_equal_the_oracle(drawn):
    rng, lanes, ns, last = drawn
    numbers = [number_below(rng, n) for n in ns]
    case = uniform_case(rng, lanes, ns, oracle.some_words(rng, int(rng.integers(0, 3))))
    room = sum(uniform.digits(n - 1) for n in ns)
    arguments = np.array(numbers, np.uint64), last
    check_push(uniform.push, arguments, room, numbers, [oracle.Uniform(n) for n in ns], case)


@given(uniforms(), st.sampled_from([0, 1, 2, 3, 10, 40, 200, 600]))
def test_popped_uniform_numbers_equal_the_oracle(drawn, depth):
    rng, lanes, ns, last = drawn
    case = uniform_case(rng, lanes, ns, oracle.some_words(rng, depth))
    check_pop(uniform.pop, (last,), np.uint64, [oracle.Uniform(n) for n in ns], case)


@given(NUMBERS_OF, RNGS)
def test_uniform_numbers_are_exact_inverses_at_every_boundary(n, rng):
    last, out = np.array([n - 1], np.uint64), np.zeros(1, np.uint64)
    words = oracle.some_words(rng, 8)
    for head in [*oracle.CORNERS, *oracle.boundaries_of_uniform(n)]:
        for number in {0, 1 % n, n // 2, n - 1, number_below(rng, n)}:
            heads, tail, size = fresh([head], words)
            numbers = np.array([number], np.uint64)
            pushed = uniform.push(heads, tail, size, numbers, last)
            assert int(heads[0]) >= oracle.LOW
            assert uniform.pop(heads, tail, int(pushed), last, out) == size
            assert out[0] == number
            assert heads.tolist() == [head]
            assert np.array_equal(tail[:8], words)
            popped = uniform.pop(heads, tail, size, last, out)
            assert out[0] < n
            assert uniform.push(heads, tail, int(popped), out, last) == size
            assert heads.tolist() == [head]
            assert np.array_equal(tail[:8], words)


def test_a_number_takes_no_more_words_than_it_has_digits():
    lasts = [0, 1, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**48 - 1, 2**48, 2**64 - 1]
    assert [uniform.digits(last) for last in lasts] == [1, 1, 1, 2, 2, 3, 3, 4, 4]
    for n in SPECIAL_N:
        for number in {0, n - 1}:
            content = oracle.Stack([oracle.HIGH]).push([number], [oracle.Uniform(n)])
            assert len(content.words) <= uniform.digits(n - 1)


@st.composite
def coin_tosses(draw):
    rng, lanes, count, p = draw(RNGS), draw(LANES), draw(SIZES), draw(st.integers(1, 31))
    size = count if draw(st.booleans()) else 1
    freqs = np.clip(2 ** (rng.random(size) * p), 1, 2**p - 1).astype(np.uint32)
    freqs[rng.random(size) < 0.3] = 1
    freqs[rng.random(size) < 0.3] = 2**p - 1
    each = np.broadcast_to(freqs, count).tolist()
    boundaries = [
        h for f in {*each} for g in (f, 2**p - f) for h in oracle.boundaries_of_interval(g, p)
    ]
    return rng, lanes, freqs, each, boundaries, p


@given(coin_tosses(), st.sampled_from([0, 1, 2, 40, 200]))
def test_coins_equal_the_oracle(drawn, depth):
    rng, lanes, freqs, each, boundaries, p = drawn
    distributions = [oracle.Cdf([0, 2**p - f, 2**p], p) for f in each]
    words = oracle.some_words(rng, depth)
    bits = (rng.random(len(each)) < rng.random()).astype(np.uint8)
    arguments = freqs, np.uint64(p)
    case = arrays(rng, lanes, boundaries, words)
    check_push(coins.push, (bits, *arguments), bits.size, bits, distributions, case)
    case = arrays(rng, lanes, boundaries, words)
    check_pop(coins.pop, arguments, np.uint8, distributions, case)


@st.composite
def rows_of_cdfs(draw):
    """Symbols with a frequency, and their rows; some other symbols have none."""
    rng, lanes, count = draw(RNGS), draw(LANES), draw(SIZES)
    alphabet, rows = draw(st.sampled_from([1, 2, 3, 7, 300])), draw(st.integers(1, 3))
    p = draw(st.integers(max(1, (alphabet - 1).bit_length()), 31))
    freq = np.stack([split_total(rng, 2**p, alphabet) for _ in range(rows)])
    cdf = np.concatenate([np.zeros((rows, 1), np.uint64), freq.cumsum(axis=1)], axis=1)
    index = rng.integers(0, rows, count if draw(st.booleans()) else 1).astype(np.uint32)
    each = np.broadcast_to(index, count).tolist()
    possible = [np.flatnonzero(row) for row in freq]
    symbols = np.array([rng.choice(possible[row]) for row in each], int)
    dtype = np.uint8 if alphabet <= 256 and draw(st.booleans()) else np.uint16
    boundaries = [h for f in {*freq.flat} if f for h in oracle.boundaries_of_interval(int(f), p)]
    return rng, lanes, symbols.astype(dtype), index, each, cdf.astype(np.uint32), p, boundaries


def split_total(rng, total, parts):
    """Frequencies of that sum, some of them zero, some large."""
    cuts = rng.integers(0, total + 1, parts - 1) if rng.random() < 0.8 else [total] * (parts - 1)
    return np.diff(np.array([0, *sorted(cuts), total], np.uint64))


@given(rows_of_cdfs(), st.sampled_from([0, 1, 2, 40, 200]))
def test_tables_equal_the_oracle(drawn, depth):
    rng, lanes, symbols, index, each, cdf, p, boundaries = drawn
    rows = [oracle.Cdf(row, p) for row in cdf]
    distributions = [rows[row] for row in each]
    words = oracle.some_words(rng, depth)
    arguments = index, cdf, np.uint64(p)
    case = arrays(rng, lanes, boundaries, words)
    check_push(tables.push, (symbols, *arguments), symbols.size, symbols, distributions, case)
    case = arrays(rng, lanes, boundaries, words)
    check_pop(tables.pop, arguments, symbols.dtype, distributions, case)


@st.composite
def mixtures(draw):
    rng, lanes, count = draw(RNGS), draw(LANES), draw(st.sampled_from([0, 1, 2, 5, 7, 66]))
    chosen = family(draw(st.sampled_from(["gaussian", "logistic"])))
    alphabet, components = draw(st.sampled_from([1, 2, 3, 17, 64])), draw(st.integers(1, 3))
    p = draw(st.integers(max(1, (alphabet - 1).bit_length()), 31))
    edges = np.sort(rng.normal(0, 10.0 ** rng.integers(-3, 4), alphabet + 1))
    means = rng.normal(0, 10.0 ** rng.integers(-3, 4, (count, components)))
    scales = 10.0 ** rng.uniform(-9, 9, (count, components))
    rows = count if components > 1 and draw(st.booleans()) else 1
    shares = np.stack([split_total(rng, 2**16, components) for _ in range(rows)] or [[]])
    shares = shares.reshape(-1, components).astype(np.uint32)
    return rng, lanes, chosen, means, scales, shares, edges, p


@given(mixtures(), st.sampled_from([0, 1, 2, 40, 200]), st.integers(0, 1))
def test_locations_and_scales_equal_the_oracle(drawn, depth, least):
    rng, lanes, chosen, means, scales, shares, edges, p = drawn
    rates = chosen.rate / np.clip(scales, 2.0**-24, 2.0**24)
    each = np.broadcast_to(shares, means.shape)
    distributions = [
        oracle.location_scale(chosen, *parameters, edges, p, least)
        for parameters in zip(means, scales, each, strict=True)
    ]
    symbols = rng.integers(0, edges.size - 1, len(distributions)).astype(np.uint16)
    freqs = [d.cdf[s + 1] - d.cdf[s] for d, s in zip(distributions, symbols, strict=True)]
    boundaries = [h for f in set(freqs) for h in oracle.boundaries_of_interval(f, p)]
    words = oracle.some_words(rng, depth)
    components = np.stack([means, rates, each], -1)
    arguments = components, edges, chosen.table, p, least, 0
    case = arrays(rng, lanes, boundaries, words)
    if 0 in freqs:
        heads, tail, size, _ = case
        before = heads.copy()
        tail = np.concatenate([tail, np.zeros(symbols.size, np.uint32)])
        assert location_scale.push(heads, tail, size, symbols, *arguments) == IMPOSSIBLE
        assert np.array_equal(heads, before)
        assert np.array_equal(tail[: words.size], words)
    else:
        check_push(
            location_scale.push, (symbols, *arguments), symbols.size, symbols, distributions, case
        )
    case = arrays(rng, lanes, boundaries, words)
    check_pop(location_scale.pop, arguments, np.uint16, distributions, case)


PRECISION = np.uint64(8)
CDF = np.array([[0, 100, 100, 256]], np.uint32)
ZERO_INDEX = np.zeros(1, np.uint32)
PARAMETERS = np.full((9, 1, 3), 65536.0), np.arange(4.0)
IMPOSSIBLE_SYMBOLS = {
    "uniform": (uniform.push, np.uint64, 5, (np.array([4], np.uint64),)),
    "uniform, largest": (uniform.push, np.uint64, 2**64 - 1, (np.array([4], np.uint64),)),
    "coin": (coins.push, np.uint8, 2, (np.array([100], np.uint32), PRECISION)),
    "coin, largest": (coins.push, np.uint8, 255, (np.array([100], np.uint32), PRECISION)),
    "beyond the table": (tables.push, np.uint8, 3, (ZERO_INDEX, CDF, PRECISION)),
    "far beyond the table": (tables.push, np.uint16, 65535, (ZERO_INDEX, CDF, PRECISION)),
    "hole in the table": (tables.push, np.uint8, 1, (ZERO_INDEX, CDF, PRECISION)),
    "beyond the edges": (
        location_scale.push,
        np.uint16,
        3,
        (*PARAMETERS, None, 8, 1, 0),
    ),
    "far beyond": (
        location_scale.push,
        np.uint16,
        65535,
        (*PARAMETERS, None, 8, 1, 0),
    ),
}


@pytest.mark.parametrize("name", IMPOSSIBLE_SYMBOLS)
@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_symbol_without_probability_changes_nothing(name, place):
    push, dtype, symbol, arguments = IMPOSSIBLE_SYMBOLS[name]
    arguments = [family("gaussian").table if a is None else a for a in arguments]
    symbols = np.zeros(9, dtype)
    symbols[place] = symbol
    heads, tail, size = fresh([HIGH, LOW], np.arange(5, dtype=np.uint32))
    before = tail.copy()
    assert push(heads, tail, size, symbols, *arguments) == stack.UNDERFLOW - np.uint64(1)
    assert heads.tolist() == [HIGH, LOW]
    assert np.array_equal(tail, before)
