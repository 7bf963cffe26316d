"""Push and pop on the stack coder are exact inverses, heads and tail."""

import naive
import numpy as np
from hypothesis import given, strategies as st

from ansflow.kernels.stack import intervals as stack

LOW, HIGH = 1 << 32, (1 << 64) - 1


@st.composite
def stacks(draw):
    """Heads, some at the edges of their interval or where a word becomes due; a tail; intervals."""
    precision = draw(st.integers(1, 31))
    lanes = draw(st.sampled_from([1, 2, 5, 64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    total = 1 << precision
    freqs = rng.integers(1, total + 1, lanes)
    freqs[rng.random(lanes) < 0.2] = total
    freqs[rng.random(lanes) < 0.2] = 1
    starts = rng.integers(0, total - freqs + 1)
    edges = [LOW, LOW + 1, HIGH, HIGH - 1]
    heads = []
    for f in freqs.tolist():
        boundary = f << (64 - precision)
        choices = [*edges, int(rng.integers(LOW, HIGH, dtype=np.uint64))]
        choices += [b for b in (boundary - 1, boundary, boundary + 1) if LOW <= b <= HIGH]
        heads.append(choices[rng.integers(len(choices))])
    tail = rng.integers(0, 1 << 32, 70, np.uint32)
    return precision, heads, tail, starts.astype(np.uint32), freqs.astype(np.uint32)


def fresh(heads, tail, room=65):
    extended = np.concatenate([tail, np.zeros(room, np.uint32)])
    return np.array(heads, np.uint64), extended, np.uint64(tail.size)


@given(stacks())
def test_pop_undoes_push(case):
    precision, first, words, starts, freqs = case
    p = np.uint64(precision)
    heads, tail, size = fresh(first, words)
    pushed = np.uint64(stack.push(heads, tail, size, starts, freqs, p))
    assert (heads >= LOW).all()
    slots = np.empty(len(first), np.uint32)
    stack.peek(heads, p, slots)
    assert ((starts <= slots) & (slots - starts < freqs)).all()
    assert stack.pop(heads, tail, pushed, starts, freqs, p) == size
    assert heads.tolist() == first
    assert np.array_equal(tail[: words.size], words)


@given(stacks())
def test_push_undoes_pop(case):
    precision, first, words, _, freqs = case
    p = np.uint64(precision)
    heads, tail, size = fresh(first, words)
    slots = np.empty(len(first), np.uint32)
    stack.peek(heads, p, slots)
    # Any interval that holds the slot.
    starts = np.maximum(slots.astype(np.int64) - freqs // 2, 0)
    starts = np.minimum(starts, (1 << precision) - freqs.astype(np.int64)).astype(np.uint32)
    popped = np.uint64(stack.pop(heads, tail, size, starts, freqs, p))
    assert (heads >= LOW).all()
    assert stack.push(heads, tail, popped, starts, freqs, p) == size
    assert heads.tolist() == first
    assert np.array_equal(tail[: words.size], words)


@given(stacks())
def test_underflow_changes_nothing(case):
    precision, first, _, starts, freqs = case
    p = np.uint64(precision)
    heads, tail, size = fresh(first, np.empty(0, np.uint32))
    slots = np.empty(len(first), np.uint32)
    stack.peek(heads, p, slots)
    starts, freqs = slots, np.ones_like(freqs)  # the most expensive symbols there are
    left = stack.pop(heads, tail, size, starts, freqs, p)
    due = [(head >> precision) < LOW for head in first]
    assert left == (stack.UNDERFLOW if any(due) else 0)
    if any(due):
        assert heads.tolist() == first


def test_many_rows_equal_the_reference():
    rng = np.random.default_rng(0)
    freq = [3, 5, 8, 4, 4, 40]
    dist = naive.Intervals(freq)
    lanes, rows, p = 8, 50, 6
    symbols = rng.integers(0, len(freq), lanes * rows)
    heads, tail, size = fresh([LOW] * lanes, np.empty(0, np.uint32), lanes * rows + 1)
    for row in reversed(symbols.reshape(rows, lanes)):
        starts = np.array(dist.cdf, np.uint32)[row]
        size = stack.push(heads, tail, size, starts, np.array(freq, np.uint32)[row], np.uint64(p))
        size = np.uint64(size)
    states, words = naive.encode(symbols.tolist(), [dist] * symbols.size, p, lanes, LOW, 32)
    assert heads.tolist() == states
    assert tail[:size][::-1].tolist() == words
