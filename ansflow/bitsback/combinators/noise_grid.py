"""The grids that latents of a diffusion are on, and the Gaussians between them, in cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt

from ansflow.bitsback.combinators.schedule import Schedule
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET

__all__ = ["Grid", "Step"]

# The table of the Gaussian ends here, in standard deviations: no sample of a posterior, which has
# no floor, is further from its mean.
REACH = 8

# For the smaller one of the two deviations that a latent has, given the one below or above.
# From 2 to 6 the rate is the same, and each doubling takes one more initial bit a latent.
CELLS_PER_DEVIATION = 4


@dataclass(frozen=True)
class Step:
    """From z_t to z_t+1 and back. Latents, means and deviations are in cells.

    Attributes
    ----------
    above : int
        t + 1.
    cell_above : float
        The cell of z_t+1, in units of the data.
    factor, deviation_up, radius_up
        z_t+1 is ``factor * z_t``, with noise, in whole cells; and not further from there than
        `radius_up`.
    keep, move, deviation_down
        z_t given z_t+1 and x is ``keep * z_t+1 + move * x``, with noise.
    back, radius_down
        z_t is not further from ``back * z_t+1`` than `radius_down`.
    """

    above: int
    cell_above: float
    factor: float
    deviation_up: float
    radius_up: int
    keep: float
    move: float
    deviation_down: float
    back: float
    radius_down: int


@dataclass(frozen=True)
class Grid:
    """All steps of a schedule.

    Only sums, products, quotients and square roots, each rounded as IEEE 754 says: encoder and
    decoder must compute the same numbers.

    Attributes
    ----------
    cells : tuple of float
        Of z_1 ... z_T, in units of the data.
    signal, deviation, radius
        z_1 is `signal` times x, with noise of `deviation` cells, and not further away than
        `radius` cells.
    steps : tuple of Step
        From z_1 to z_2, and so on.
    spread : float
        The deviation of z_T in cells, whatever the data are.
    reach : int
        z_T is within so many cells from 0.
    """

    cells: tuple[float, ...]
    signal: float
    deviation: float
    radius: int
    steps: tuple[Step, ...]
    spread: float
    reach: int

    @classmethod
    def of(cls, schedule: Schedule) -> Grid:
        """The grid of a schedule; ModelError if the latents do not fit their alphabets."""
        variances = schedule.variances.tolist()
        signals = [sqrt(1 - variance) for variance in variances]
        factors = [after / before for before, after in pairwise(signals)]
        added = [
            after - factor * factor * before
            for factor, before, after in zip(factors, variances, variances[1:], strict=False)
        ]
        up = [sqrt(variance) for variance in (variances[0], *added)]
        down = [
            sqrt(new * before / after)
            for new, before, after in zip(added, variances, variances[1:], strict=False)
        ]
        cells = [min(pair) / CELLS_PER_DEVIATION for pair in zip(up, [*down, 1.0], strict=True)]

        steps = []
        reach = signals[0] + REACH * up[0] + cells[0]
        for i, (factor, new) in enumerate(zip(factors, added, strict=True)):
            below, above = cells[i], cells[i + 1]
            most = REACH * up[i + 1] + above  # from factor * z_t to z_t+1
            reach = factor * reach + most
            steps.append(
                Step(
                    above=i + 2,
                    cell_above=above,
                    factor=factor * below / above,
                    deviation_up=_rounded(up[i + 1] / above),
                    radius_up=_radius(most / above),
                    keep=factor * variances[i] / variances[i + 1] * above / below,
                    move=signals[i] * new / variances[i + 1] / below,
                    deviation_down=_rounded(down[i] / below),
                    back=above / (factor * below),
                    radius_down=_radius(most / (factor * below)),
                )
            )
        return cls(
            cells=tuple(cells),
            signal=signals[0],
            deviation=_rounded(up[0] / cells[0]),
            radius=_radius(REACH * up[0] / cells[0]),
            steps=tuple(steps),
            spread=_rounded(1 / cells[-1]),
            reach=_radius(reach / cells[-1]),
        )


def _rounded(deviation: float) -> float:
    """That of a Gaussian which has this deviation once it is rounded to whole cells.

    Rounding adds 1/12 to the variance: next to nothing in a step, but not in a thousand of them.
    """
    return sqrt(deviation * deviation - 1 / 12)


def _radius(cells: float) -> int:
    """Cells to both sides, rounded up, and one more for the rounding of the centre."""
    radius = ceil(cells) + 1
    if 2 * radius >= MAX_ALPHABET:
        raise ModelError(
            f"a latent of this schedule would be one of {2 * radius + 1}, and not of at most "
            f"{MAX_ALPHABET}: take fewer steps, or steps of more even sizes"
        )
    return radius
