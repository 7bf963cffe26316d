"""Calls from many threads at once don't disturb each other, and no thread waits for ever."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from children import WITHOUT_KERNELS, python

import ansflow
from ansflow.engine import threads, turns
from ansflow.engine.threads import Pipeline, ordered
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


def workers():
    return [thread for thread in threading.enumerate() if isinstance(thread, threads._Worker)]


def all_end(seconds=30):
    end = time.monotonic() + seconds
    while workers() and time.monotonic() < end:
        time.sleep(0.001)
    return not workers()


@pytest.mark.parametrize("rounds", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_threads_whose_time_is_up_as_work_comes(monkeypatch, rounds):
    """None misses its end, and none of the work is lost."""
    monkeypatch.setattr(threads, "IDLE", 0.0003)
    rng = random.Random(0)
    for _ in range(rounds):
        pipeline = Pipeline(5, depth=9)
        results = []
        for n in range(12):
            results += pipeline.put(partial(int, n))
            if rng.random() < 0.3:
                time.sleep(rng.random() * 0.0006)
        results += pipeline.drain()
        assert results == list(range(12))
        if rng.random() < 0.5:
            pipeline.close()
    assert all_end()


def test_idle_threads_are_woken_rather_than_replaced(monkeypatch):
    monkeypatch.setattr(threads, "IDLE", 1000)
    monkeypatch.setattr(turns._OF_THE_PROCESS, "_cores", lambda: 4)  # tasks wait for each other
    with Pipeline(4, depth=4) as pipeline:
        meet = threading.Barrier(4)
        crew = None
        for _ in range(50):
            for _ in range(4):
                pipeline.put(partial(meet.wait, 30))
            list(pipeline.drain())
            crew = crew or set(workers())
            assert len(crew) == 3
            assert set(workers()) == crew
    assert all_end()


def test_a_spurious_wake_is_no_reason_to_end_or_to_wait_on(monkeypatch):
    """A thread that finds nothing waits on, but no longer than it was to wait."""
    monkeypatch.setattr(threads, "IDLE", 0.2)
    crew = threads._Crew(1, 2)
    pipeline = Pipeline(2)
    job = threads._Job(int, pipeline)
    crew.put(job)
    assert job.result() == 0
    begun = time.monotonic()
    rung = 0
    while workers():
        rung += crew._ring()
        time.sleep(0.001)
        assert time.monotonic() - begun < 30
    assert rung > 1


AT_EXIT = """
import sys, threading, time
from functools import partial
from ansflow.engine import threads, turns
threads.IDLE = float(sys.argv[1])
threads.LAST_TASKS = 0.5
held = threading.Event()
for _ in range(30):
    pipeline = threads.Pipeline(5, depth=12)
    for _ in range(10):
        pipeline.put(partial(time.sleep, 0.0002))
    if sys.argv[2] == "drained":
        list(pipeline.drain())
if sys.argv[2] == "held":
    pipeline.put(held.wait)  # for what never comes
    pipeline.put(held.wait)
"""


@pytest.mark.parametrize("state", ["drained", "left", "held"])
@pytest.mark.parametrize("idle", [0.0005, 1000])
def test_a_process_ends_whatever_its_threads_wait_for(idle, state):
    result = python(WITHOUT_KERNELS + AT_EXIT, str(idle), state)
    assert (result.stderr, result.returncode) == ("", 0)


def test_results_of_threads_that_come_and_go(monkeypatch):
    monkeypatch.setattr(threads, "IDLE", 0.0)
    assert list(ordered([partial(int, n) for n in range(2000)], 4)) == list(range(2000))
    assert all_end()
