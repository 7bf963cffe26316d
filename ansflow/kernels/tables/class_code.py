"""What a decoder has to know of classes of rows: their tables, and which row has which class."""

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import brief_kernel
from ansflow.kernels.tables.frequency_code import MAX_BITS_PER_FREQUENCY, fit_rows

__all__ = ["TABLE_ROOM", "add_classes", "fit_tables", "subtract_classes"]

# Bytes for the largest table of 256 symbols.
TABLE_ROOM = 256 * MAX_BITS_PER_FREQUENCY // 8


def fit_tables(
    counts: npt.NDArray[np.uint32],
    precision: int,
    freq: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint8],
) -> tuple[int, float]:
    """Find the best frequencies of each class, and write their tables one after the other.

    `ansflow.kernels.tables.slots.read_slots` reads them.

    Parameters
    ----------
    counts : uint32[K, 256]
        Each class has symbols.
    precision : int
        8 to 12.
    freq : uint32[K, 256]
        Filled.
    out : uint8[]
        Filled; has `TABLE_ROOM` for each class.

    Returns
    -------
    ``(used, bits)``: bytes of the tables, and bits that all symbols take with these frequencies.
    """
    keys, heap = np.empty(counts.shape[1]), np.empty(counts.shape[1], np.uint32)
    _, used, bits = fit_rows(counts.astype(np.float64), precision, freq, keys, heap, out)
    return used, bits


@brief_kernel
def subtract_classes(classes, number, differences):
    """Fill ``differences``, uint8[rows]: each class less the one before it, modulo `number`."""
    previous = ZERO
    for i in range(classes.size):
        own = np.uint64(classes[i])
        differences[i] = own - previous if own >= previous else own + number - previous
        previous = own


@brief_kernel
def add_classes(differences, number, classes):
    """Undo `subtract_classes`; return whether all differences are below `number`.

    If not, there may be any classes.
    """
    previous, most = ZERO, ZERO
    for i in range(classes.size):
        difference = np.uint64(differences[i])
        most = max(most, difference)
        previous += difference
        previous -= number if previous >= number else ZERO
        classes[i] = previous
    return most < number
