"""The encoder's multiplication divides exactly, for every frequency and every state."""

import numpy as np
import pytest

from ansflow.kernels.tables.reciprocal import reciprocal_table, unpack_reciprocal

STATES_END = 1 << 32


@pytest.fixture(scope="module")
def entries():
    """``(f, m, adds one, shift)`` as Python integers, for every frequency."""
    fields = []
    for f, entry in enumerate(reciprocal_table().tolist()):
        if f:
            m, down, shift = entry & 0xFFFFFFFF, entry >> 63, entry >> 32 & 63
            fields.append((f, m, down, shift))
    return fields


def test_the_bounds_of_the_proof_hold_for_every_frequency(entries):
    # These inequalities imply exactness for all states below 2^32; see the kernel's docstring.
    assert len(entries) == 1 << 16
    for f, m, down, shift in entries:
        assert m < 1 << 32
        if down:
            r = (1 << shift) - m * f
            assert r > 0
            assert STATES_END * r <= 1 << shift
        else:
            e = m * f - (1 << shift)
            assert e >= 0
            assert (STATES_END - 1) * e < 1 << shift


def test_quotients_at_the_worst_states(entries):
    # A quotient can only be wrong next to a multiple of f, and errors grow with the state.
    f, m, down, shift = (np.array(column, np.uint64) for column in zip(*entries, strict=True))
    top = np.uint64(STATES_END - 1)
    for multiple in (np.uint64(1), top // f // np.uint64(2), top // f):
        for nudge in (-1, 0, 1):
            x = np.minimum(multiple * f + np.uint64(nudge % (1 << 64)), top)
            assert np.array_equal((x * m + down * m) >> shift, x // f)
    assert np.array_equal((top * m + down * m) >> shift, top // f)


def test_kernels_unpack_what_the_proof_is_about(entries):
    table = reciprocal_table()
    for f, m, down, shift in entries[::997]:
        assert unpack_reciprocal(table[f]) == (m, down, shift)
