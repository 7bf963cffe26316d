"""The words of `encode` are a promise: what was written stays readable, and nothing else comes out.

Whoever changes them on purpose changes the format; then, and only then, the digests below follow.
"""

import hashlib

import numpy as np
import pytest

import ansflow
from ansflow import models
from ansflow.kernels.tables import context_code as contexts, context_levels as levels
from ansflow.models import quantize

N = 20_000
NORMAL = (np.arange(N, dtype=np.int64) ** 2 * 2654435761 % 2**32 >> 7) % 1000 % 61 - 30
BYTES = (np.arange(N) ** 2 % 251 % 17).astype(np.uint8)
ROWS = np.arange(N) // 7 % 3
# Quotients of integers are the same floats everywhere.
WEIGHTS = (np.arange(N)[:, None] * 7919 + np.arange(19) ** 3) % 1013
FLOATS = (WEIGHTS / WEIGHTS.sum(axis=1, keepdims=True)).astype(np.float32)

# All frequencies are integers here: nothing depends on a mathematical library.
CASES = {
    "uniform": (models.Uniform(61, low=-30), NORMAL, {}),
    "12 bits": (models.Categorical(np.r_[[60] * 60, 496], low=-30), NORMAL, {}),
    "16 bits": (models.Categorical(np.r_[[1000] * 60, 5536], low=-30), NORMAL, {}),
    "20 bits": (models.Categorical(np.r_[[17000] * 60, 28576], low=-30), NORMAL, {}),
    "alias": (models.Categorical(np.r_[[1000] * 60, 5536], low=-30), NORMAL, {"method": "alias"}),
    "300 symbols": (models.Uniform(300, precision=14), NORMAL + 200, {}),
    "rows": (models.Conditional([[1] * 64, [2] * 32 + [0] * 32, [1] * 64], 0), BYTES, {}),
    "many rows": (models.Conditional([[64] * 64, [100] * 40 + [4] * 24], ROWS % 2), BYTES, {}),
    "contexts": (models.Markov(np.full((32, 32), 4)), BYTES, {}),
    "probabilities": (models.Probabilities(FLOATS), BYTES, {}),
    "probabilities, 20 bits": (models.Probabilities(FLOATS, precision=20), BYTES, {}),
}
DIGESTS = {
    "uniform": "a6edfff8a6e8ce5c",
    "12 bits": "80b50a1a0d0711ce",
    "16 bits": "c2012b0a4fe7683d",
    "20 bits": "5cf409bfe5e1b996",
    "alias": "f6643039c1ba97b0",
    "300 symbols": "e912e8399efca9c7",
    "rows": "08036cc144eae069",
    "many rows": "2074df867ccdb5c3",
    "contexts": "5bd5976951453b5d",
    "probabilities": "2d03127effd14fb7",
    "probabilities, 20 bits": "757838c5ee4221a0",
    "quantize": "a22615a98463e14d",
    "contexts 8": "0eb31efb70136d42",
    "contexts 11": "647dbf9ef66e0b46",
    "contexts 12": "7d0037606fd0ad59",
}


def digest(*arrays):
    state = hashlib.sha256()
    for array in arrays:
        state.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return state.hexdigest()[:16]


@pytest.mark.parametrize("name", CASES)
def test_words(name):
    model, data, options = CASES[name]
    words = [ansflow.encode(data, model, lanes=lanes, **options) for lanes in (1, 4, 64, None)]
    for lanes, stream in zip((1, 4, 64, None), words, strict=True):
        assert np.array_equal(ansflow.decode(stream, model, N, lanes=lanes, **options), data)
    assert digest(*words) == DIGESTS[name]


def test_quantized_frequencies():
    weights = np.arange(300) ** 3 % 1009
    freq = [quantize(weights, precision) for precision in (9, 12, 16, 24)]
    assert digest(*freq) == DIGESTS["quantize"]


@pytest.mark.parametrize("precision", [8, 11, 12])
def test_tables_of_contexts(precision):
    """And how precise each row is, which decides what order 1 writes."""
    steps = np.arange(N)
    related = (steps // 3 + steps**2 // 64 % 5 * (steps % 7 == 0)) % 90 + steps % 2 * 90
    pairs, freq = np.empty((256, 256), np.uint32), np.empty((256, 256), np.uint32)
    levels.count_all(related.astype(np.uint8), np.uint64(4), pairs, np.empty(256))
    table = np.empty(contexts.TABLE_ROOM, np.uint8)
    used, _ = contexts.fit_contexts(pairs, np.uint64(precision), freq, table)
    assert digest(freq, table[:used]) == DIGESTS[f"contexts {precision}"]
