"""No symbol that occurs is left out, and the distribution is nearly that of all symbols."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

import ansflow
from ansflow.kernels.tables.histogram import BYTE_PARTIALS, PARTIALS
from ansflow.kernels.tables.sampled_histogram import EVERY, GROUP, PIECE, count_some

N = 1 << 17
RNG = np.random.default_rng(0)

# Around one symbol, around two, such as numbers of both signs have, and with a few far away.
NORMAL = RNG.normal(0, 6, N).round().astype(int)
SHAPES = {
    "one range": NORMAL + 60,
    "two ranges": np.where(NORMAL < 0, NORMAL + 250, NORMAL),
    "outliers": np.where(np.arange(N) % 1001 == 7, 200 + np.arange(N) % 5, NORMAL + 60),
    "all": RNG.integers(0, 256, N),
}


def counted(symbols):
    """Whether counts will do, and counts."""
    if symbols.itemsize == 1:
        counts = np.full(256, np.nan)
        return count_some(symbols, np.empty(BYTE_PARTIALS, np.uint32), counts), counts
    alphabet = int(symbols.max()) + 1
    counts = np.full(alphabet, np.nan)
    return count_some(symbols, np.empty(PARTIALS * alphabet, np.uint32), counts), counts


def bits(symbols, counts):
    """A symbol takes so many on average."""
    return -np.log2(counts[symbols] / counts.sum()).mean()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", SHAPES)
def test_estimates_are_good(name, dtype):
    symbols = SHAPES[name].astype(dtype)
    will_do, counts = counted(symbols)
    exact = np.bincount(symbols, minlength=counts.size)
    assert will_do
    assert (counts[exact > 0] > 0).all()
    assert bits(symbols, counts) < 1.005 * bits(symbols, exact)
    assert counts.sum() == pytest.approx(symbols.size, rel=0.02)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("value", [0, 5, 255])
def test_what_does_not_occur_is_not_guessed(dtype, value):
    """Far fewer symbols than the range has, or one."""
    assert not counted(np.full(N, value, dtype))[0]
    assert not counted((np.arange(N) % 6 * 50).astype(dtype))[0]


@given(
    st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, 255)), max_size=20),
    st.sampled_from(sorted(SHAPES)),
    st.integers(0, 7),
)
def test_a_symbol_is_found_wherever_it_is(some, name, offset):
    symbols = SHAPES[name].astype(np.uint8)
    for at, value in some:
        symbols[at] = value
    symbols = symbols[offset:]
    will_do, counts = counted(symbols)
    assert not will_do or (counts[symbols] > 0).all()


def test_rows_that_are_as_long_as_some_pieces():
    """The first piece of each row is another one."""
    row = np.arange(GROUP)
    symbols = np.where(row < PIECE, RNG.integers(0, 9, (200, row.size)), 9 + row % 7).reshape(-1)
    _, counts = counted(symbols.astype(np.uint8))
    assert 0.9 / EVERY < counts[:9].sum() / counts.sum() < 1.1 / EVERY
    assert row.size == GROUP


@pytest.mark.parametrize("last", [0, 250])
@pytest.mark.parametrize("place", [0, N // 3, N - 1])
def test_in_haste_each_symbol_gets_a_frequency(place, last):
    content = SHAPES["one range"].astype(np.uint8)
    content[place] = last
    blob = ansflow.compress(content.tobytes(), level=1, chunk_size=N)
    assert ansflow.decompress(blob) == content.tobytes()
    exact = ansflow.compress(content.tobytes(), level=2, chunk_size=N)
    assert blob != exact
    assert len(blob) < 1.005 * len(exact)
