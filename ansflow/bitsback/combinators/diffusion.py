"""Diffusion models: data to which noise is added step by step, coded by BB-ANS or by Bit-Swap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers, shape_of, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.hierarchy import Hierarchy
from ansflow.bitsback.combinators.mapped import Mapped
from ansflow.bitsback.combinators.noise_grid import Grid, Step
from ansflow.bitsback.combinators.schedule import Schedule
from ansflow.bitsback.distributions.discretised import Gaussian, Logistic
from ansflow.bitsback.distributions.families import family
from ansflow.errors import ModelError
from ansflow.kernels.constants import MAX_ALPHABET

__all__ = ["Diffusion"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Denoiser = Callable[[Floats, int], npt.ArrayLike]

PRECISION = 28

# Of latents given a neighbour: the more slots, the less rANS comes up to their probabilities. With
# 28 bits that would be 2 in 100,000 bits a latent, which thousands of steps add up.
STEP_PRECISION = 24


class Diffusion:
    """A diffusion model: latents z_1 ... z_T, each noisier than the one before.

        q(z_1 ... z_T | x) = q(z_1 | x) q(z_2 | z_1) ... q(z_T | z_(T-1))
        p(x, z_1 ... z_T) = p(x | z_1) p(z_1 | z_2) ... p(z_(T-1) | z_T) p(z_T)

    q adds Gaussian noise and learns nothing. Given x as well, ``q(z_(t-1) | z_t, x)`` is a Gaussian
    in closed form, and ``p(z_(t-1) | z_t)`` is that one with the denoiser's guess instead of x. So
    a diffusion is a hierarchy whose posterior is known from the bottom up, and two codecs of x
    follow (`Hierarchy`), which both add the variational bound on average: `bit_swap`, whose initial
    bits do not depend on T, and `bb_ans`, whose initial bits are those of all T latents.

    Data are integers from 0 to ``levels - 1``, which stand for even steps from -1 to 1.

    Parameters
    ----------
    schedule : Schedule
    denoiser : callable
        From z_t, an array of float64 of the shape of the data, and t from 2 to T to an estimate of
        x, from -1 to 1. Its results must be the same to the last bit wherever data are decoded:
        those of networks in `ansflow.bitsback.nets` are, and those of NumPy's ``+ - * /``, but not
        those of ``exp`` or of ``@``. It must not depend on anything else.
    shape : int or sequence of int
        Of the data, such as (images, height, width). All are coded at the same time.
    levels : int
        2 to 65536.

    Raises
    ------
    ModelError
        If a step of the schedule is so large or so small that its latents do not fit 65536 cells.

    Notes
    -----
    A latent is a multiple of its *cell*, a quarter of the smaller one of its standard deviations
    given the latents below and above it. It is an integer, and as posteriors reach to eight
    deviations, it is known to be one of about 100 as soon as one of its neighbours is known: only
    those are in the alphabet, so each may have a slot without any loss worth mentioning. The last
    latent may be anything that T samples could add up to.

    What a latent costs is limited by its slot: if the steps are so few that the denoiser is often
    wrong by more than five deviations, data cost less than the bound, which has no such limit.

    The other way to read q, from z_T down to z_1 given x, needs x for each latent. A decoder has x
    last, so that it can't return any latent before all are popped: then all would need initial
    bits, as in `bb_ans`.

    x is logistic given z_1, with the variance of z_1's noise, in levels, as its scale: so it is
    for two neighbouring levels, if none of the others is near.

    Examples
    --------
    Data near one of two values, and a denoiser that says which is nearer:

    >>> import numpy as np
    >>> from ansflow.bitsback import Diffusion, Schedule, Stack
    >>> def denoiser(z, t):
    ...     return np.clip(z, -0.5, 0.5)
    >>> diffusion = Diffusion(Schedule.log_linear(20, 1e-6, 0.999), denoiser, shape=4, levels=256)
    >>> x = np.array([64, 191, 190, 65])
    >>> for codec in (diffusion.bb_ans(), diffusion.bit_swap()):
    ...     stack = Stack(seed=0)
    ...     codec.push(stack, x)
    ...     print(32 * stack.drawn, np.array_equal(codec.pop(stack), x))
    352 True
    64 True

    References
    ----------
    Ho, Jain & Abbeel 2020, "Denoising diffusion probabilistic models", arXiv:2006.11239; D. Kingma,
    Salimans, Poole & Ho 2021, "Variational diffusion models", arXiv:2107.00630, sections 3 and 5.
    """

    def __init__(
        self,
        schedule: Schedule,
        denoiser: Denoiser,
        shape: SupportsIndex | Sequence[SupportsIndex],
        levels: int = 256,
    ) -> None:
        self.schedule = schedule
        self.denoiser = denoiser
        self.shape = shape_of(shape)
        self.levels = integer(levels, "levels", 2, MAX_ALPHABET, error=ModelError)
        self._grid = Grid.of(schedule)

    @property
    def hierarchy(self) -> Hierarchy:
        """The latents as layers: z_1 is the lowest."""
        grid, zeros = self._grid, np.zeros(self.shape)
        return Hierarchy(
            _window(zeros, zeros, grid.spread, grid.reach, True, PRECISION),
            [self._data_given, *(partial(self._denoised, step) for step in grid.steps)],
            [self._noised_data, *(partial(_noised, step) for step in grid.steps)],
        )

    def bit_swap(self) -> Codec:
        """The codec of x that pops each latent after it has pushed the one below."""
        return self.hierarchy.bit_swap()

    def bb_ans(self) -> Codec:
        """The codec of x that pops all latents first."""
        return self.hierarchy.bb_ans()

    def vlb(self, x: npt.ArrayLike, rng: np.random.Generator | int | None = None) -> float:
        """The variational bound of -log2 p(x): what both codecs take on average.

        Of continuous latents and in floating point. The divergence of each step is in closed form;
        z_t is sampled, once.

        Parameters
        ----------
        x : array_like of int, of the shape of the data
        rng : numpy.random.Generator or int, optional
        """
        return float(self.vlb_of_each(x, rng).sum())

    def vlb_of_each(self, x: npt.ArrayLike, rng: np.random.Generator | int | None = None) -> Floats:
        """The terms of `vlb`, of the shape of the data."""
        rng = np.random.default_rng(rng)
        data, levels = self._checked(x), float(self.levels)
        values = self._values(data)
        variances = self.schedule.variances
        signal, noise = np.sqrt(1 - variances), np.sqrt(variances)

        def sample(i: int) -> Floats:
            z: Floats = signal[i] * values + noise[i] * rng.standard_normal(self.shape)
            return z

        # Divergences of Gaussians: of z_T from the prior, and of each step from the denoiser's.
        last = variances[-1]
        nats = (last - 1 + (signal[-1] * values) ** 2 - np.log(last)) / 2
        ratios = (1 - variances) / variances
        for i in range(1, len(variances)):
            guess = self._guess(sample(i), i + 1)
            nats = nats + (ratios[i - 1] - ratios[i]) / 2 * (values - guess) ** 2
        mean, scale = self._logistic(sample(0) / signal[0])
        low = np.where(data == 0, -np.inf, (data - 0.5 - mean) / scale)
        high = np.where(data == levels - 1, np.inf, (data + 0.5 - mean) / scale)
        low, high = np.where(low > 0, -high, low), np.where(low > 0, -low, high)
        cdf = family("logistic").cdf
        nats -= np.log(np.maximum(cdf(high) - cdf(low), 2.0**-PRECISION))
        bits: Floats = nats / np.log(2)
        return bits

    def _checked(self, x: npt.ArrayLike) -> Integers:
        data = symbol_array(x, "data").astype(np.int64)
        if data.shape != self.shape:
            raise ValueError(f"the codec takes data of shape {self.shape}, not {data.shape}")
        if data.size and not 0 <= data.min() <= data.max() < self.levels:
            raise ModelError(f"data must be from 0 to {self.levels - 1}")
        return data

    def _values(self, data: Integers) -> Floats:
        """Levels as numbers from -1 to 1."""
        values: Floats = (2.0 * data - (self.levels - 1)) / (self.levels - 1)
        return values

    def _guess(self, z: Floats, t: int) -> Floats:
        guess = real_numbers(self.denoiser(z, t), "what the denoiser returns")
        if guess.shape != self.shape:
            raise ValueError(f"the denoiser must return shape {self.shape}, not {guess.shape}")
        return guess

    def _logistic(self, estimate: Floats) -> tuple[Floats, float]:
        """Mean and scale of x, in levels, given z_1 over its signal."""
        half = (self.levels - 1) / 2
        variance = float(self.schedule.variances[0])
        mean: Floats = (estimate + 1.0) * half
        return mean, variance / (1 - variance) * (half * half)

    # Codecs of x, z_t and z_t+1, given what is above or below

    def _data_given(self, z: Integers) -> Codec:
        grid = self._grid
        mean, scale = self._logistic(_floats(z) * (grid.cells[0] / grid.signal))
        return Logistic(mean, scale, 0, self.levels - 1, precision=PRECISION)

    def _noised_data(self, x: npt.ArrayLike) -> Codec:
        grid = self._grid
        means = self._values(self._checked(x)) * (grid.signal / grid.cells[0])
        return _window(means, means, grid.deviation, grid.radius, False)

    def _denoised(self, step: Step, z: Integers) -> Codec:
        """p(z_t | z_t+1). The window is where z_t+1 may have come from."""
        above = _floats(z)
        guess = self._guess(above * step.cell_above, step.above)
        means = step.keep * above + step.move * guess
        return _window(means, step.back * above, step.deviation_down, step.radius_down, True)


def _noised(step: Step, z: Integers) -> Codec:
    """q(z_t+1 | z_t)."""
    means = step.factor * _floats(z)
    return _window(means, means, step.deviation_up, step.radius_up, False)


def _floats(z: Integers) -> Floats:
    return np.asarray(z, np.float64)


def _window(
    means: Floats,
    centres: Floats,
    deviation: float,
    radius: int,
    full_support: bool,
    precision: int = STEP_PRECISION,
) -> Codec:
    """Gaussians over the integers that are no further than `radius` from their centres."""
    low = np.floor(centres) - radius
    codec = Gaussian(
        means - low, deviation, 0, 2 * radius, precision=precision, full_support=full_support
    )
    start = low.astype(np.int64)
    return Mapped(codec, lambda z: z - start, lambda offset: offset + start)
