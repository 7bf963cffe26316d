"""One array, five models: how the size falls with knowledge about the data.

A sensor switches between two levels, with Laplace noise; its samples are coded with models that
describe this in more and more detail. The overhead is relative to the model's code length.
"""

import numpy as np
from scipy import stats

import ansflow
from ansflow.models import Categorical, Conditional, Mixture, Quantized, Uniform


def main():
    rng = np.random.default_rng(0)
    n = 1 << 20
    level = (np.cumsum(rng.random(n) < 0.001) % 2).astype(np.uint8)
    readings = np.rint(np.where(level, 120, -80) + rng.laplace(0, 6, n)).astype(np.int16)
    readings = np.clip(readings, -256, 255)

    support = {"low": -256, "high": 255, "precision": 14}
    low_level = Quantized(stats.laplace(-80, 6), **support)
    high_level = Quantized(stats.laplace(120, 6), **support)
    models = {
        "Uniform": Uniform(512, low=-256),
        "Quantized (one normal)": Quantized(stats.norm(*stats.norm.fit(readings)), **support),
        "Mixture (both levels)": Mixture([low_level, high_level]),
        "Categorical.fit": Categorical.fit(readings, precision=14),
        "Conditional (on the level)": Conditional.from_models([low_level, high_level], level),
    }

    print(f"{'model':28}{'bits/sample':>12}{'overhead':>11}")
    for name, model in models.items():
        words = ansflow.encode(readings, model)
        assert np.array_equal(ansflow.decode(words, model, n), readings)
        bits = 16 * words.size
        overhead = bits / model.code_length(readings) - 1
        print(f"{name:28}{bits / n:12.3f}{overhead:11.3%}")
    print("\nThe last one needs the level of each sample beside the words,")
    changes = np.diff(level, prepend=level[0]) & 1
    rate = ansflow.models.Bernoulli(changes.mean()).code_length(changes) / n
    print(f"which costs {rate:.3f} bits more.")


if __name__ == "__main__":
    main()
