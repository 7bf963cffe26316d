"""All that coding bytes by a distribution of their own takes.

Kernels that call each other would be compiled once more for each call. From here it takes a
microsecond.
"""

import numpy as np
import numpy.typing as npt

from ansflow.kernels.tables.frequency_code import fit_table
from ansflow.kernels.tables.histogram import count_bytes
from ansflow.kernels.tables.records import fill_records

__all__ = ["fit_bytes"]


def fit_bytes(
    symbols: npt.NDArray[np.uint8],
    partial: npt.NDArray[np.uint32],
    counts: npt.NDArray[np.float64],
    precision: int,
    freq: npt.NDArray[np.uint32],
    keys: npt.NDArray[np.float64],
    heap: npt.NDArray[np.uint32],
    table: npt.NDArray[np.uint8],
    reciprocals: npt.NDArray[np.uint64],
    records: npt.NDArray[np.uint64],
) -> tuple[int, int, float]:
    """Count bytes, find the best frequencies, and write their table and the encoder's records.

    Parameters
    ----------
    symbols : uint8[n]
        n is at least 1.
    partial, counts
        As for `count_bytes`.
    precision, freq, keys, heap, table
        As for `fit_table`; precision is 8 at least, so that all bytes have a slot.
    reciprocals, records
        As for `fill_records`; records are 0 where the frequency is.

    Returns
    -------
    ``(present, used, bits)`` of `fit_table`.
    """
    count_bytes(symbols, partial, counts)
    found: tuple[int, int, float] = fit_table(counts, precision, freq, keys, heap, table)
    records[:] = 0
    fill_records(freq, reciprocals, records)
    return found
