"""The noise of a diffusion: how much of the data is left at each step."""

from __future__ import annotations

from math import log
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, real_numbers
from ansflow.bitsback.read_only import ReadOnly, read_only
from ansflow.errors import ModelError

__all__ = ["MAX_STEPS", "Schedule"]

MAX_STEPS = 1 << 16

# Of these a step in doubles would lose all digits of what it adds.
SMALLEST = 2.0**-40


class Schedule(ReadOnly):
    """Variances of the noise in latents z_1 ... z_T, for data x from -1 to 1.

    The noise preserves variance: q(z_t | x) is a Gaussian with mean ``sqrt(1 - variance) * x``.

    Parameters
    ----------
    variances : array_like, shape (steps,)
        They ascend strictly, from 2^-40 at least to less than 1. Encoder and decoder must have the
        same ones, to the last bit.

    Attributes
    ----------
    variances : ndarray of float64, shape (steps,)

    Raises
    ------
    ModelError
        If the variances do not ascend in these bounds, or there are none or more than 65536.

    Examples
    --------
    >>> from ansflow.bitsback import Schedule
    >>> Schedule.log_linear(4, first=1e-4, last=0.99).variances.round(4).tolist()
    [0.0001, 0.0099, 0.4983, 0.99]
    """

    def __init__(self, variances: npt.ArrayLike) -> None:
        values = real_numbers(variances, "variances")
        if values.ndim != 1 or not 1 <= values.size <= MAX_STEPS:
            raise ModelError(
                f"a schedule must have one axis and 1 to {MAX_STEPS} variances, not the shape "
                f"{values.shape}"
            )
        bounded = np.concatenate([[np.nextafter(SMALLEST, 0)], values, [1.0]])
        if not (bounded[1:] > bounded[:-1]).all():  # also for NaN
            raise ModelError("the variances of a schedule must ascend, from 2**-40 to less than 1")
        self.variances: npt.NDArray[np.float64] = read_only(values.copy())

    def __len__(self) -> int:
        return self.variances.size

    @classmethod
    def log_linear(cls, steps: SupportsIndex, first: float, last: float) -> Schedule:
        """Steps by which the logarithm of the signal-to-noise ratio falls evenly.

        The variances are rounded to 24 bits: coarse enough that all machines agree on them.

        Parameters
        ----------
        steps : int
        first, last : float
            The variances of z_1 and z_T. The first should be that of noise of a third of a level of
            the data or less, so that z_1 tells which level it is; the last so close to 1 that z_T
            says nothing about the data.

        References
        ----------
        D. Kingma et al. 2021, arXiv:2107.00630, appendix H.
        """
        count = integer(steps, "steps", 1, MAX_STEPS, error=ModelError)
        if not SMALLEST <= first < last < 1:
            raise ModelError(
                f"variances must ascend from 2**-40 to less than 1, not from {first} to {last}"
            )
        logits = np.linspace(log(first / (1 - first)), log(last / (1 - last)), count)
        return cls((1 / (1 + np.exp(-logits))).astype(np.float32).astype(np.float64))
