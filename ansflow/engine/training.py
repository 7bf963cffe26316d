"""Fitting a tree of contexts to samples of messages."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.escapes import PRECISION, EscapeCoder, code_lengths
from ansflow.models.frequencies import quantize

__all__ = ["fit_messages"]

BYTES = 256
NO_CONTEXTS = np.empty(0, np.int64)

# A row pays if it saves more than this, in bits: about what its frequencies say of the samples and
# not of other messages, and a share of the cache.
COST_OF_ROW, COST_OF_BYTE = 64, 8

# The records of so many rows take 2 MiB, the buckets 1 MiB. What matters of them stays in caches.
MAX_ROWS = 1024

# Contexts that are tried, the most frequent ones; and samples that are counted at a time, in bytes.
MAX_CANDIDATES = 4096
COUNTED_AT_ONCE = 1 << 20

Counts = npt.NDArray[np.int64]


def fit_messages(samples: Iterable[Bytes], order: int) -> EscapeCoder:
    """The coder for messages that are like the samples.

    Parameters
    ----------
    samples : iterable of ndarray of uint8
        At least one of them is not empty.
    order : int
        Bytes of the longest contexts, 0 to 2.
    """
    triples, times = _count_triples(samples)
    everywhere = _sums(triples % BYTES, times, BYTES)[None]
    escape = int(everywhere.argmin())  # only the root codes it, at some cost
    coder = _single(everywhere, escape)
    for length in range(1, order + 1):
        endings, place = np.unique(triples % BYTES ** (length + 1), return_inverse=True)
        found, freq = _worth_it(coder, endings, _sums(place, times, endings.size))
        ones, twos = (found, NO_CONTEXTS) if length == 1 else (coder.ones, found)
        rows = np.concatenate([coder.freq[1:], freq])
        coder = EscapeCoder(rows, ones, twos, escape)
    return coder


def _single(counts: Counts, escape: int) -> EscapeCoder:
    """The coder without contexts."""
    freq = quantize(_weights(counts, escape), PRECISION)
    return EscapeCoder(freq, NO_CONTEXTS, NO_CONTEXTS, escape)


def _count_triples(samples: Iterable[Bytes]) -> tuple[Counts, Counts]:
    """Each byte behind the two before it, as a number, and how often it occurs."""
    triples, times = NO_CONTEXTS, NO_CONTEXTS
    pending: list[Counts] = []
    held = 0
    for sample in samples:
        padded = np.concatenate([np.zeros(2, np.int64), sample])
        pending.append((padded[:-2] * BYTES + padded[1:-1]) * BYTES + padded[2:])
        held += sample.size
        if held >= COUNTED_AT_ONCE:
            triples, times = _merged(triples, times, pending)
            pending, held = [], 0
    return _merged(triples, times, pending)


def _merged(triples: Counts, times: Counts, pending: list[Counts]) -> tuple[Counts, Counts]:
    keys, counts = np.unique(np.concatenate([NO_CONTEXTS, *pending]), return_counts=True)
    triples, place = np.unique(np.concatenate([triples, keys]), return_inverse=True)
    return triples, _sums(place, np.concatenate([times, counts]), triples.size)


def _sums(place: Counts, times: Counts, size: int) -> Counts:
    return np.bincount(place, times, size).astype(np.int64)


def _weights(counts: Counts, escape: int) -> npt.NDArray[np.float64]:
    """Weights of the bytes and the escape in each row.

    What has not been seen in a context occurs about as often as what was seen once (Good 1953).
    """
    weights = counts.astype(np.float64)
    weights[:, escape] += (counts == 1).sum(axis=1) + 0.5
    return weights


def _worth_it(
    coder: EscapeCoder, triples: Counts, times: Counts
) -> tuple[Counts, npt.NDArray[np.uint32]]:
    """The contexts for which a row of their own pays, ascending, and the rows' frequencies."""
    contexts, place = np.unique(triples // BYTES, return_inverse=True)
    total = _sums(place, times, contexts.size)
    tried = np.sort(np.argsort(-total, kind="stable")[:MAX_CANDIDATES])
    rank = np.full(contexts.size, -1)
    rank[tried] = np.arange(tried.size)
    contexts, row, symbol = contexts[tried], rank[place], triples % BYTES
    seen = row >= 0
    counts = np.zeros((contexts.size, BYTES), np.int64)
    np.add.at(counts, (row[seen], symbol[seen]), times[seen])
    freq = quantize(_weights(counts, coder.escape), PRECISION)
    before = coder.lengths[coder.row_of[contexts % coder.row_of.size]]
    after = code_lengths(freq, before, coder.escape)
    gain = (counts * (before - after)).sum(axis=1)
    gain -= COST_OF_ROW + COST_OF_BYTE * (counts > 0).sum(axis=1)
    best = np.argsort(-gain, kind="stable")[: MAX_ROWS - len(coder.freq)]
    best = np.sort(best[gain[best] > 0])
    return contexts[best], freq[best]
