"""Straight lines, and what is left of numbers near them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.kernels.transforms.ramp import PIECE
from ansflow.transforms.layout import Layout
from ansflow.transforms.ramp import Ramp

RNG = np.random.default_rng(0)
RAMP = Ramp()
WIDTHS = [1, 2, 4, 8]


def unfolded(output, width):
    return [-(z + 1) // 2 if z % 2 else z // 2 for z in output.view(f"<u{width}").tolist()]


@given(st.sampled_from(WIDTHS), st.integers(0, 300), st.integers(0, 2**64 - 1))
def test_any_numbers_come_back(width, n, seed):
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 1 << (8 * width), n, f"u{width}") >> np.uint8(seed % (8 * width))
    through(RAMP, numbers)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shape", [(PIECE - 1,), (PIECE,), (PIECE + 1,), (3, 2 * PIECE // 3 + 7)])
def test_pieces(width, shape):
    for numbers in (
        RNG.integers(0, 1 << (8 * width), shape, f"u{width}"),
        RNG.choice(np.array([0, -1, 1 << (8 * width - 1)]).astype(f"u{width}"), shape),
    ):
        _, (_, starts, steps) = through(RAMP, numbers)
        assert starts.size == width * -(-numbers.size // PIECE)
        assert steps.size == 8 * -(-numbers.size // PIECE)


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("step", [0, 1, -1, 0.25, 7.5, -100.125, 60_000, 3 / 7])
def test_lines_vanish(width, step):
    """Whatever their steps are; those that are no multiples of 1/4096 nearly."""
    lines = (1 << 31) + np.floor(np.arange(PIECE + 900) * step).astype(np.int64)
    _, (out, _, _) = through(RAMP, lines.astype(f"u{width}"))
    assert max(map(abs, unfolded(out, width))) <= (step * 4096 % 1 > 0)


@pytest.mark.parametrize("step", [2**40, 2**49, -(2**44) - 12345])
def test_steep_lines_wrap(step):
    line = np.arange(3000, dtype=np.uint64) * np.uint64(step % 2**64) + np.uint64(77)
    _, (out, _, _) = through(RAMP, line)
    assert not out.any()


@pytest.mark.parametrize("outliers", [0, 1, 40])
def test_outliers_do_not_move_lines(outliers):
    """What is left of the others is about as large as the noise is."""
    n = 2 * PIECE
    noise = RNG.normal(0, 100, n)
    numbers = (10**12 + np.arange(n) * 12_345 + noise).astype(np.int64)
    numbers[PIECE // 3 : PIECE // 3 + outliers] = RNG.integers(0, 2**60, outliers)
    _, (out, _, _) = through(RAMP, numbers)
    left = np.abs(unfolded(out, 8))
    assert np.median(left) < 1.1 * np.median(np.abs(noise))


@pytest.mark.parametrize("width", WIDTHS)
def test_any_output_is_undone_as_the_format_says(width):
    n, most = PIECE + 50, 1 << (8 * width)
    layout = Layout(width, (2, n // 2))
    folded = RNG.integers(0, most, n, f"u{width}").view(np.uint8)
    starts = RNG.integers(0, most, 2, f"u{width}")
    for pair in itertools.pairwise([0, 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 4096, 3**40]):
        steps = np.array(pair, np.uint64)
        out = undo(RAMP, None, [folded, starts.view(np.uint8), steps.view(np.uint8)], layout)
        expected = []
        for i, y in enumerate(unfolded(folded, width)):
            p, j = divmod(i, PIECE)
            step = pair[p] - (pair[p] >> 63 << 64)
            expected.append((int(starts[p]) + step * j // PIECE + y) % most)
        assert out.view(f"<u{width}").tolist() == expected


def test_settings_and_layouts():
    with pytest.raises(ValueError, match="takes no settings"):
        RAMP.check(1)
    assert [width for width in range(1, 65) if RAMP.accepts(Layout(width, ()))] == WIDTHS
