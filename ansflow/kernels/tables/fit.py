"""All that coding bytes by a distribution of their own takes, in one call.

Each call of a kernel costs about a microsecond, which counts where streams are short.
"""

from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.frequency_code import fit_table
from ansflow.kernels.tables.histogram import count_bytes
from ansflow.kernels.tables.records import fill_records

__all__ = ["fit_bytes"]


@kernel
def fit_bytes(symbols, partial, counts, precision, freq, keys, heap, table, reciprocals, records):
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
    found = fit_table(counts, precision, freq, keys, heap, table)
    records[:] = 0
    fill_records(freq, reciprocals, records)
    return found
