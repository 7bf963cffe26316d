"""A process that is forked while other threads are at work, works."""

import os

import pytest
from children import python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

# Each child does what the parent's threads are doing, and ends as a process does, with all that
# runs at exit. A child that hangs is ended by the alarm.
FORKING = """
import gc, os, signal, sys, threading, warnings
import numba, numpy as np
import ansflow
from ansflow.models import Categorical, Markov

warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, of such forks
forks = int(sys.argv[1])
data = (np.arange(150_000) ** 2 % 251).astype(np.uint8)
frame = ansflow.compress(data, order=1, chunk_size=20_000)

def compile_something():
    assert numba.njit(lambda x: x + 1)(1) == 2

def build_tables():
    for model in (Categorical.fit(data[:500]), Markov.fit(data[:500])):
        words = ansflow.encode(data[:500], model)
        assert np.array_equal(ansflow.decode(words, model, 500), data[:500])

def use_threads():
    assert np.array_equal(ansflow.decompress(frame, threads=3), data)
    assert ansflow.compress(data, order=1, chunk_size=20_000, threads=3) == frame

def fork_amid(job):
    # Which children, or threads of this process, didn't end well, and how.
    done = threading.Event()
    failures = []

    def keep_on():
        while not done.wait(0.002):  # or the one that forks would wait for its turn for long
            try:
                job()
            except BaseException as error:
                failures.append(error)
                raise

    threads = [threading.Thread(target=keep_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    for n in range(forks):
        child = os.fork()
        if not child:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(60)
            job()
            use_threads()
            sys.exit(n % 3)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != n % 3:
            failures.append((n, status))
            break
    done.set()
    for thread in threads:
        thread.join()
    return failures

jobs = compile_something, build_tables, use_threads
for job in jobs:
    job()
gc.freeze()  # or each child would copy all of the memory when it ends
for job in jobs:
    failures = fork_amid(job)
    assert not failures, (job, failures)
"""


@pytest.mark.parametrize("forks", [2, pytest.param(300, marks=pytest.mark.slow)])
def test_forks_while_threads_are_at_work(forks):
    result = python(FORKING, str(forks), timeout=300 + 15 * forks)
    assert (result.stderr, result.returncode) == ("", 0)


# A reader is there before the fork, and another thread reads from it at that moment.
READING = """
import os, signal, sys, threading, warnings
import numpy as np
import ansflow

warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, of such forks
path, forks = sys.argv[1], int(sys.argv[2])
rows = (np.arange(300_000) ** 2 % 251).astype(np.uint8).reshape(300, 1000)
ansflow.save(path, rows=rows)
with ansflow.ArrayWriter(path + ".alone", "u1", (1000,), chunk_size=20_000) as writer:
    writer.append(rows)

def read(reader):
    assert np.array_equal(reader[:], rows)
    for begin in range(0, 60, 3):  # one after the other: more is decoded ahead
        assert np.array_equal(reader[begin : begin + 3], rows[begin : begin + 3])

def fork_amid(reader):
    # How the children ended.
    read(reader)
    done = threading.Event()

    def keep_on():
        while not done.is_set():
            read(reader)

    thread = threading.Thread(target=keep_on)
    thread.start()
    ended = []
    for n in range(forks):
        child = os.fork()
        if not child:
            signal.alarm(60)
            read(reader)
            os._exit(0)
        read(reader)  # at the same time: the file has one position for both
        ended.append(os.waitpid(child, 0)[1])
    done.set()
    thread.join()
    return ended

with ansflow.ArrayReader(path + ".alone", threads=2) as alone, ansflow.load(path) as collection:
    for reader in alone, collection["rows"]:
        assert fork_amid(reader) == [0] * forks
"""


@pytest.mark.parametrize("forks", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_forks_while_a_reader_is_used(tmp_path, forks):
    result = python(READING, str(tmp_path / "rows.ans"), str(forks), timeout=300 + 15 * forks)
    assert (result.stderr, result.returncode) == ("", 0)
