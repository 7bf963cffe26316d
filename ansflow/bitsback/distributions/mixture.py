"""Shares of the components of a mixture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.bitsback.distributions.families import power_table
from ansflow.errors import ModelError
from ansflow.kernels.distributions.cdf_rows import mixture_weights
from ansflow.kernels.distributions.location_scale import WEIGHT_BITS

__all__ = [
    "MAX_COMPONENTS",
    "checked_components",
    "checked_shares",
    "mixture_shares",
]

MAX_COMPONENTS = 256


def mixture_shares(log2_weights: npt.NDArray[np.int32]) -> npt.NDArray[np.uint32]:
    """Shares in proportion to 2^(log2_weight / 4096), which sum to 2^16 along the last axis."""
    components = checked_components(log2_weights.shape[-1])
    rows = np.ascontiguousarray(log2_weights).reshape(-1, components)
    shares = np.empty(rows.shape, np.uint32)
    mixture_weights(power_table(), rows, np.uint64(WEIGHT_BITS), shares)
    return shares.reshape(log2_weights.shape)


def checked_components(components: int) -> int:
    """The number of components; ModelError if it is illegal."""
    if not 1 <= components <= MAX_COMPONENTS:
        raise ModelError(f"a mixture must have 1 to {MAX_COMPONENTS} components, not {components}")
    return components


def checked_shares(
    given: npt.ArrayLike | None, shape: tuple[int, ...]
) -> npt.NDArray[np.uint32] | None:
    """A copy of shares for means of that shape; ModelError or ValueError if they do not fit.

    None for one component, which needs none.
    """
    if given is None and shape[-1] == 1:
        return None
    if given is None:
        raise ModelError(f"{shape[-1]} components need shares, one for each")
    shares = as_array(given, "shares").copy()
    if shares.dtype != np.uint32 or shares.shape[-1:] != shape[-1:]:
        raise ModelError("shares must be uint32, one for each component")
    if (shares.sum(axis=-1, dtype=np.uint64) != 1 << WEIGHT_BITS).any():
        raise ModelError(f"the shares of a symbol must sum to 2**{WEIGHT_BITS}")
    # One row serves all symbols.
    if shares.size == shape[-1]:
        return shares.reshape(-1)
    try:
        return np.broadcast_to(shares, shape).copy()
    except ValueError:
        raise ValueError(
            f"shares of shape {shares.shape} cannot be broadcast to means of shape {shape}"
        ) from None
