"""What takes long to look at is left out where it says little: the time to choose is bounded."""

import numpy as np

import ansflow
from ansflow.transforms.choosing import numbers

RNG = np.random.default_rng(0)


def test_no_dictionary_of_all_items_is_made_to_look_for_outliers(monkeypatch):
    told, finalists = [], numbers._finalists

    def seen(close, *others):
        for one in close:
            one.prediction.try_all = watched(one.mapped.is_dict, one.prediction.try_all)
        return finalists(close, *others)

    def watched(is_dict, try_all):
        def tried(every=None, **options):
            told.append((is_dict, every is None))
            return try_all(every, **options)

        return tried

    monkeypatch.setattr(numbers, "_finalists", seen)
    ansflow.plan(RNG.normal(size=80_000).round(3) * np.pi)
    ansflow.plan(RNG.normal(size=80_000))
    assert {(True, True), (False, False)} == set(told)
