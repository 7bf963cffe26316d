"""Gaussian latents in buckets, whose means and deviations are the results of a network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.distributions.buckets import POSTERIOR_PRECISION, Buckets
from ansflow.bitsback.distributions.families import family, power_table
from ansflow.bitsback.distributions.location_scale import LocationScale
from ansflow.bitsback.models.files.model_file import Arrays
from ansflow.bitsback.nets.shapes import Activations
from ansflow.kernels.distributions.cdf_rows import powers
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["LOG2_STDS", "VERSION", "codec_of", "floats_of", "tables_of"]

# The version of MODEL.md.
VERSION = 1

UNIT = 2.0**-FRACTION_BITS
LOG2_STDS = -6 << FRACTION_BITS, 1 << FRACTION_BITS

Floats = npt.NDArray[np.float64]


def codec_of(results: Activations, buckets: Buckets, full_support: bool) -> LocationScale:
    """The codec of bucket numbers, int64, under the Gaussians that a network's results determine.

    Parameters
    ----------
    results : ndarray of int32, shape (..., 2 * n)
        Means, and then binary logarithms of standard deviations, which are clipped to -6 to 1.
    buckets : Buckets
    full_support : bool
    """
    means, log2_stds = _split(results)
    gaussian = family("gaussian")
    rates = np.empty(log2_stds.size)
    powers(power_table(), log2_stds.reshape(-1), gaussian.rate, rates)
    return LocationScale.by_rates(
        gaussian,
        means[..., np.newaxis],
        rates.reshape(*means.shape, 1),
        buckets.edges,
        precision=POSTERIOR_PRECISION,
        full_support=full_support,
    )


def floats_of(results: Activations) -> tuple[Floats, Floats]:
    """Means and binary logarithms of standard deviations in floating point."""
    means, log2_stds = _split(results)
    return means, log2_stds.astype(np.float64) * UNIT


def tables_of(buckets: Buckets) -> Arrays:
    """All tables that probabilities of latents and pixels are computed from, by their names."""
    return {
        "table.gaussian": family("gaussian").table,
        "table.logistic": family("logistic").table,
        "table.powers": power_table(),
        "table.edges": buckets.edges,
        "table.centres": buckets.centres,
    }


def _split(results: Activations) -> tuple[Floats, npt.NDArray[np.int64]]:
    means, log2_stds = np.split(results, 2, axis=-1)
    return means.astype(np.float64) * UNIT, np.clip(log2_stds, *LOG2_STDS).astype(np.int64)
