"""One thread at a time goes through a gate, none is kept out, and none waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansflow.engine import gate
from ansflow.engine.gate import Gate


def test_one_thread_at_a_time_is_inside():
    ours, inside, seen = Gate(600), [], []

    def task(n):
        inside.append(n)
        seen.append((len(inside), ours.is_ours))
        inside.remove(n)
        return n

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: ours.run(lambda: task(n)), range(2000))) == [*range(2000)]
    assert seen == [(1, True)] * 2000
    assert not ours.is_ours
    assert not ours._waiting


def test_a_task_within_a_task_is_inside():
    ours = Gate(600)
    assert ours.run(lambda: ours.run(lambda: ours.run(lambda: ours.is_ours)))


def test_the_gate_is_open_after_an_error():
    ours = Gate(600)
    with pytest.raises(ZeroDivisionError):
        ours.run(lambda: 1 // 0)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ours.run, lambda: "done").result() == "done"


def test_who_has_come_back_for_a_while_stays_away_if_others_wait(monkeypatch):
    ours, away = Gate(600), []
    monkeypatch.setattr(gate.time, "sleep", away.append)
    monkeypatch.setattr(gate, "QUANTUM", -1)
    ours.run(lambda: None)
    ours.run(lambda: None)
    assert not away
    ours._waiting.append(0)
    ours.run(lambda: None)
    assert away == [gate.AWAY]
    monkeypatch.setattr(gate, "QUANTUM", 600)
    ours.run(lambda: None)
    assert away == [gate.AWAY]


def test_who_has_waited_for_long_goes_through():
    """As where a task waits for one that another thread has not begun."""
    ours, helped, began = Gate(0.01), threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(ours.run, lambda: (began.set(), helped.wait())[1])
        began.wait()
        pool.submit(ours.run, helped.set).result()
        assert waiting.result()
    assert ours._inside is None
    assert not ours._waiting


def test_a_lock_that_is_never_released_is_given_up():
    """As an interrupt at the wrong moment can leave it."""
    ours = Gate(0.01)
    lock = ours._lock
    lock.acquire()
    assert [ours.run(lambda n=n: n) for n in range(3)] == [0, 1, 2]
    assert ours._lock is not lock


def test_a_forked_process_begins_anew():
    """The thread of the parent that was inside does not exist in the child."""
    ours, inside, may_end = Gate(600), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(ours.run, lambda: (inside.set(), may_end.wait()))
        inside.wait()
        ours.forget()
        assert ours.run(lambda: "done") == "done"
        may_end.set()
        job.result()
    assert not ours.is_ours
