"""Calls from many threads at once don't disturb each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import ansflow
from ansflow.models import Categorical, Conditional


def test_threads_share_models_and_tables():
    rng = np.random.default_rng(0)
    model = Categorical.from_counts(0.9 ** np.arange(100))
    rows = Conditional.from_counts(rng.random((50, 20)), precision=14)

    def job(seed):
        symbols = model.sample(70_000, seed)  # enough for vector kernels
        words = ansflow.encode(symbols, model)
        assert np.array_equal(ansflow.decode(words, model, symbols.size), symbols)
        picture = rows.sample((40, 50), seed)
        words = ansflow.encode(picture, rows)
        assert np.array_equal(ansflow.decode(words, rows, picture.shape), picture)
        assert np.array_equal(ansflow.decompress(ansflow.compress(symbols)), symbols)
        return ansflow.compress(picture)

    with ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(job, range(40)))
    assert frames == [job(seed) for seed in range(40)]
