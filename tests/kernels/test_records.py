"""What the encoder's records say of a frequency is exact, for every state it can meet."""

import numpy as np
import pytest

from ansflow.kernels.constants import state_low
from ansflow.kernels.tables.records import fill_records, headroom, look_up_record, reciprocals_of


def fields(freq, precision):
    """Rows of ``(m, nudge, shift, start, f)`` as Python integers, for the present symbols."""
    shape = len(freq) if precision <= 12 else (len(freq), 2)
    records = np.full(shape, 99, np.uint64)
    fill_records(np.array(freq, np.uint32), reciprocals_of(precision), records)
    assert not records[np.array(freq) == 0].any()
    return [
        [int(field) for field in look_up_record(records, np.uint64(s))]
        for s, f in enumerate(freq)
        if f
    ]


@pytest.mark.parametrize("precision", range(1, 17))
def test_quotients(precision):
    total = 1 << precision
    room = int(headroom(np.uint64(precision)))
    assert total << room == state_low(precision) << 16
    step = max(1, total // 4096)
    for f in [*range(1, total, step), total - 1]:
        for m, nudge, shift, start, freq in fields([f, 0, total - f], precision):
            assert (start, freq) in ((0, f), (f, total - f))
            assert m < 1 << 32
            end = freq << room  # states are below
            assert nudge == 0 or precision > 12
            if not nudge:
                assert 0 <= m * freq - (1 << shift) < freq
                assert (end - 1) * (m * freq - (1 << shift)) < 1 << shift
            # Errors grow with the state and first show next to a multiple.
            for x in (0, freq - 1, freq, end // 2 // freq * freq - 1, end - freq, end - 1):
                assert ((x + nudge) * m) >> shift == x // freq
                assert (x + nudge) * m < 1 << 64
                assert x + nudge < 1 << 32


def test_a_symbol_that_has_everything():
    for precision in (1, 11, 12, 13, 16):
        ((m, nudge, shift, start, freq),) = fields([0, 1 << precision], precision)
        assert (start, freq) == (0, 1 << precision)
        top = (state_low(precision) << 16) - 1
        assert ((top + nudge) * m) >> shift == top >> precision
