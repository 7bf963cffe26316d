"""All that coding symbols by a distribution of their own takes, once they are counted.

Kernels that call each other would be compiled once more for each call. From here it takes a
microsecond.
"""

import numpy as np
import numpy.typing as npt

from ansflow.kernels.tables.frequency_code import fit_rows
from ansflow.kernels.tables.records import fill_records

__all__ = ["fit_counts"]


def fit_counts(
    counts: npt.NDArray[np.float64],
    precision: int,
    freq: npt.NDArray[np.uint32],
    keys: npt.NDArray[np.float64],
    heap: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint8],
    reciprocals: npt.NDArray[np.uint64],
    records: npt.NDArray[np.uint64],
) -> tuple[int, int, float]:
    """Find the best frequencies for counts, and write their table and the encoder's records.

    Parameters
    ----------
    counts, precision, freq, keys, heap, table
        As for `fit_rows`, of one row; precision is 8 at least, so that all bytes have a slot.
    reciprocals, records
        As for `fill_records`.

    Returns
    -------
    ``(present, used, bits)`` of `fit_rows`.
    """
    found: tuple[int, int, float] = fit_rows(counts, precision, freq, keys, heap, table)
    fill_records(freq[0], reciprocals, records)
    return found
