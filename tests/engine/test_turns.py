"""No more threads are at work at once than there are cores, and none waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest

import ansflow
from ansflow.engine import turns
from ansflow.engine.gate import Gate
from ansflow.engine.options import Options
from ansflow.engine.threads import Pipeline
from ansflow.engine.turns import FEW, Turns, encoded_in_turn, in_turn
from ansflow.frame.chunk import ChunkEncoder


class Counter:
    """Counts the threads that are within it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


def patient(cores):
    return Turns(lambda: cores, patience=600)


@pytest.mark.parametrize("cores", [1, 3])
def test_no_more_are_at_work_than_there_are_cores(cores):
    ours, counter = patient(cores), Counter()

    def task(n):
        with counter:
            if n % 7 == 0:
                raise KeyError(n)
        return n

    def guarded(n):
        try:
            return ours.run(lambda: task(n))
        except KeyError:
            return None

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(guarded, range(2000)))
    assert results == [n if n % 7 else None for n in range(2000)]
    assert counter.most <= cores
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)


def test_all_cores_are_used():
    ours, meeting = patient(3), threading.Barrier(3)
    with ThreadPoolExecutor(6) as pool:
        met = list(pool.map(lambda _: ours.run(meeting.wait), range(12)))
    assert sorted(met) == sorted(4 * [0, 1, 2])


def test_turns_come_in_the_order_in_which_threads_began_to_wait():
    ours, order = patient(1), []
    at_work, may_end = threading.Event(), threading.Event()

    def first():
        at_work.set()
        may_end.wait()

    with ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(ours.run, first)]
        at_work.wait()
        for n in range(4):
            jobs.append(pool.submit(ours.run, lambda n=n: order.append(n)))
            while len(ours._waiting) <= n:
                threading.Event().wait(0.001)
        may_end.set()
        for job in jobs:
            job.result()
    assert order == [0, 1, 2, 3]


@contextmanager
def busy(ours, pool):
    """Another thread is at work all the time."""
    at_work, may_end = threading.Event(), threading.Event()
    job = pool.submit(ours.run, lambda: (at_work.set(), may_end.wait()))
    at_work.wait()
    try:
        yield may_end
    finally:
        may_end.set()
        job.result()


def call_twice_while_another_waits(ours, pool, order, within=lambda: None):
    """The second call comes at once; a thread has begun to wait then."""
    jobs = []

    def second():
        jobs.append(pool.submit(ours.run, lambda: order.append("other")))
        while not ours._waiting:
            threading.Event().wait(0.001)
        within()

    ours.run(lambda: None)
    ours.run(second)
    return jobs[0]


def test_a_thread_that_calls_again_at_once_goes_ahead(monkeypatch):
    for name in ("RETURN", "QUANTUM", "LOOK"):
        monkeypatch.setattr(turns, name, 600)
    ours, order = patient(2), []
    with ThreadPoolExecutor(2) as pool:
        with busy(ours, pool):
            job = call_twice_while_another_waits(ours, pool, order)
            for _ in range(3):
                ours.run(lambda: order.append("same"))
        job.result()
    assert order == [*3 * ["same"], "other"]
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)


def test_it_goes_ahead_for_a_while_only(monkeypatch):
    monkeypatch.setattr(turns, "RETURN", 600)
    monkeypatch.setattr(turns, "LOOK", 600)
    monkeypatch.setattr(turns, "QUANTUM", 0)
    ours, order = patient(2), []
    with ThreadPoolExecutor(2) as pool, busy(ours, pool):
        call_twice_while_another_waits(ours, pool, order)
        ours.run(lambda: order.append("same"))
    assert order == ["other", "same"]


def test_who_has_been_ahead_for_a_while_lets_others_go_first(monkeypatch):
    for name in ("RETURN", "QUANTUM", "LOOK"):
        monkeypatch.setattr(turns, name, 600)
    ours, order = patient(2), []
    with ThreadPoolExecutor(2) as pool, busy(ours, pool):
        call_twice_while_another_waits(ours, pool, order)
        ours._own.ahead_until = 0
        ours.run(lambda: order.append("same"))
    assert order == ["other", "same"]


def test_a_turn_that_was_kept_for_nobody_is_found(monkeypatch):
    monkeypatch.setattr(turns, "RETURN", 600)
    monkeypatch.setattr(turns, "QUANTUM", 600)
    monkeypatch.setattr(turns, "LOOK", 0.01)
    ours, order = patient(2), []
    with ThreadPoolExecutor(2) as pool, busy(ours, pool):
        soon = partial(monkeypatch.setattr, turns, "RETURN", 0.01)
        call_twice_while_another_waits(ours, pool, order, soon).result()
    assert order == ["other"]


def test_one_thread_at_a_time_chooses(monkeypatch):
    counter, meeting = Counter(), threading.Barrier(3)
    chosen = Options.chosen

    def counted(*arguments):
        with counter:
            return chosen(*arguments)

    monkeypatch.setattr(Options, "chosen", counted)
    monkeypatch.setattr(turns, "_OF_THE_PROCESS", patient(3))
    monkeypatch.setattr(turns, "_OF_PYTHON", Gate(600))
    data = (np.arange(1 << 18) ** 2 % 2510).astype(np.int32)

    def job():
        meeting.wait()  # all are at work
        for _ in range(10):
            frame = ansflow.compress(data, threads=1)
        return np.array_equal(ansflow.decompress(frame), data)

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lambda _: in_turn(job), range(3)))
    assert counter.most == 1


def test_a_task_within_a_task_has_its_turn():
    ours = patient(1)
    assert ours.run(lambda: ours.run(lambda: ours.run(lambda: "done"))) == "done"


def test_who_has_waited_for_long_goes_ahead():
    """As where a task waits for one that another thread has not begun."""
    ours, helped = Turns(lambda: 1, patience=0.01), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(ours.run, helped.wait)
        pool.submit(ours.run, helped.set).result()
        assert waiting.result()
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)


def test_a_forked_process_begins_anew():
    """Threads of the parent that were at work, or waited, do not exist in the child."""
    ours, at_work, may_end = patient(1), threading.Event(), threading.Event()

    def first():
        at_work.set()
        may_end.wait()

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(ours.run, first)]
        at_work.wait()
        ours.forget()
        assert ours.run(lambda: "done") == "done"
        may_end.set()
        jobs[0].result()
    assert ours._at_work == set()


def test_a_lock_that_is_never_released_is_given_up():
    """As an interrupt at the wrong moment can leave it."""
    ours = Turns(lambda: 1, patience=0.01)
    ours._lock.acquire()
    assert [ours.run(lambda n=n: n) for n in range(3)] == [0, 1, 2]
    assert not ours._lock.locked()
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)


def test_little_content_is_encoded_by_one_thread_at_a_time():
    def where(size):
        ours = turns._OF_PYTHON.is_ours, threading.get_ident() in turns._OF_THE_PROCESS._at_work
        return ours if size is None else encoded_in_turn(lambda: where(None), size)

    assert [where(FEW - 1), where(FEW)] == [(True, False), (False, True)]
    assert turns.one_at_a_time(lambda: where(FEW)) == (True, False)


def test_long_searches_and_decoding_are_not_behind_the_gate(monkeypatch):
    gone_through = []

    class Watched(Gate):
        def run(self, task):
            gone_through.append(task)
            return super().run(task)

    monkeypatch.setattr(turns, "_OF_PYTHON", Watched(600))
    numbers = np.arange(10_000)
    ansflow.compress(numbers, level=6)
    assert not gone_through
    frame = ansflow.compress(numbers)
    assert gone_through
    gone_through.clear()
    ansflow.decompress(frame)
    assert not gone_through


def test_calls_of_all_threads_take_turns(monkeypatch):
    counter = Counter()
    encode = ChunkEncoder.__call__

    def counted(*arguments):
        with counter:
            return encode(*arguments)

    monkeypatch.setattr(turns._OF_THE_PROCESS, "_cores", lambda: 1)
    monkeypatch.setattr(turns._OF_THE_PROCESS, "_patience", 600)
    monkeypatch.setattr(ChunkEncoder, "__call__", counted)
    data = (np.arange(1 << 21) ** 2 % 251).astype(np.uint8)
    sizes = [100_000, data.size]  # a single task, and two

    def job(n):
        part = data[: sizes[n % 2]]
        frame = ansflow.compress(part, threads=1 + n // 4)
        return ansflow.decompress(frame, threads=1 + n // 4).tobytes() == part.tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(job, range(8)))
    assert counter.most == 1


def test_who_waits_for_others_leaves_its_turn_to_them():
    ours, order = patient(1), []

    def waits(pool):
        with ours.away():
            pool.submit(ours.run, lambda: order.append("other")).result()
        assert ours._at_work == {threading.get_ident()}
        order.append("first")

    with ThreadPoolExecutor(1) as pool:
        ours.run(lambda: waits(pool))
    assert order == ["other", "first"]
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)
    with ours.away():  # without a turn, there is none to leave
        assert ours._at_work == set()


def test_who_helps_needs_a_spare_turn():
    ours, begun, may_end, done = patient(1), threading.Event(), threading.Event(), []

    def first():
        begun.set()
        may_end.wait()

    ours.help_with(lambda: done.append("alone"))
    with ThreadPoolExecutor(2) as pool:
        job = pool.submit(ours.run, first)
        begun.wait()
        assert not ours.spare
        ours.help_with(lambda: done.append("too many"))
        may_end.set()
        job.result()
    assert ours.spare
    assert done == ["alone"]
    assert (ours._at_work, len(ours._waiting)) == (set(), 0)


def test_more_calls_than_cores_get_no_help_and_keep_their_turns(monkeypatch):
    """Whole calls take turns, whatever they ask for, and taking results does not end a turn."""
    monkeypatch.setattr(turns, "_OF_THE_PROCESS", patient(1))
    counter, workers = Counter(), set()

    def call(n):
        with counter, Pipeline(4) as pipeline:
            results = []
            for _ in range(20):
                results += pipeline.put(threading.get_ident)
            workers.update(results + list(pipeline.drain()))

    with ThreadPoolExecutor(8) as pool:
        users = set(
            pool.map(lambda n: (in_turn(lambda: call(n)), threading.get_ident())[1], range(200))
        )
    assert workers <= users
    assert counter.most == 1
