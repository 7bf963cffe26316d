"""Results come in order, no more is begun than there is room for, and nothing is left behind."""

import gc
import math
import multiprocessing
import os
import random
import signal
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from child_jobs import in_child
from children import WITHOUT_KERNELS, python

from ansflow.engine import cores as cores_module, turns
from ansflow.engine.cores import available_cores, cgroup_quota, checked_threads
from ansflow.engine.threads import Pipeline, ordered

THREADS = [1, 2, 3, 8]

# Python 3.12 and later warn of forking while there are threads.
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@pytest.fixture(autouse=True)
def enough_cores(monkeypatch):
    """For threads to help, also those whose tasks wait for each other."""
    monkeypatch.setattr(turns._OF_THE_PROCESS, "_cores", lambda: 16)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = threading.active_count()
    yield
    assert wait_until(lambda: threading.active_count() <= before)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()


def square(n, seconds=0.0):
    time.sleep(seconds)
    return n * n


def fail():
    raise ZeroDivisionError("the task's own")


# Order and bounds


@pytest.mark.parametrize("n_threads", THREADS)
def test_results_come_in_the_order_of_the_tasks(n_threads):
    rng = random.Random(0)
    tasks = [partial(square, n, rng.random() / 1000) for n in range(200)]
    assert list(ordered(tasks, n_threads)) == [n * n for n in range(200)]


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("depth", [None, 1, 2, 5])
def test_put_and_drain_give_each_result_once(n_threads, depth):
    results = []
    with Pipeline(n_threads, depth) as pipeline:
        for n in range(50):
            results += pipeline.put(partial(square, n))
            if n % 20 == 7:
                results += pipeline.drain()
                assert results == [i * i for i in range(n + 1)]
        results += pipeline.drain()
        assert list(pipeline.drain()) == []
    assert results == [n * n for n in range(50)]


@pytest.mark.parametrize("n_threads", THREADS)
def test_a_slow_consumer_stalls_the_producer(n_threads):
    made = 0

    def produce():
        nonlocal made
        for n in range(40):
            made += 1
            yield partial(square, n)

    for taken, _ in enumerate(ordered(produce(), n_threads), 1):
        assert made - taken < (2 * n_threads if n_threads > 1 else 1)
        time.sleep(0.0005)
    assert taken == made == 40


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
def test_no_more_is_outstanding_than_depth(depth):
    begun = []
    release = threading.Event()

    def task(n):
        begun.append(n)
        release.wait()
        return n

    given = []
    with Pipeline(16, depth) as pipeline:
        producer = threading.Thread(
            target=lambda: given.extend(
                r for n in range(20) for r in pipeline.put(partial(task, n))
            )
        )
        producer.start()
        assert wait_until(lambda: len(begun) == depth)
        time.sleep(0.02)
        assert len(begun) == depth
        assert given == []
        release.set()
        producer.join()
        given += pipeline.drain()
    assert given == list(range(20))


def test_tasks_run_at_the_same_time():
    barrier = threading.Barrier(4)
    assert len(list(ordered([partial(barrier.wait, 10)] * 4, 4))) == 4


def test_as_many_threads_as_asked_for():
    names = set(ordered([lambda: time.sleep(0.001) or threading.current_thread().name] * 50, 3))
    assert len(names) <= 3


@pytest.mark.parametrize(("n_threads", "n_tasks"), [(1, 20), (8, 1), (8, 0)])
def test_one_thread_or_one_task_is_the_callers(n_threads, n_tasks):
    before = threading.active_count()
    for found in ordered(
        [lambda: (threading.get_ident(), threading.active_count())] * n_tasks, n_threads
    ):
        assert found == (threading.get_ident(), before)


def test_what_a_task_worked_on_is_let_go_of():
    class Large:
        alive = 0

        def __init__(self):
            Large.alive += 1

        def __del__(self):
            Large.alive -= 1

    with Pipeline(2, depth=10) as pipeline:
        for _ in range(5):
            pipeline.put(partial(lambda _: None, Large()))
        assert wait_until(lambda: Large.alive == 0)


# Errors


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("at", [0, 1, 5, 39])
def test_an_error_comes_where_its_result_would(n_threads, at):
    tasks = [partial(square, n) for n in range(40)]
    tasks[at] = fail
    results = []
    with pytest.raises(ZeroDivisionError, match="own"):
        results.extend(ordered(tasks, n_threads))
    # `extend` has taken what came before the error.
    assert results == [n * n for n in range(at)]


@pytest.mark.parametrize("n_threads", THREADS)
def test_an_error_closes_the_pipeline(n_threads):
    with Pipeline(n_threads) as pipeline:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012
            for _ in range(20):
                pipeline.put(fail)
            list(pipeline.drain())
        with pytest.raises(ValueError, match="closed"):
            pipeline.put(fail)
        with pytest.raises(ValueError, match="closed"):
            list(pipeline.drain())


@pytest.mark.parametrize("n_threads", THREADS)
def test_an_error_of_the_producer_comes_after_the_results_before_it(n_threads):
    def produce():
        for n in range(11):
            yield partial(square, n, 0.002)
        raise EOFError("no more")

    results = []
    with pytest.raises(EOFError, match="no more"):
        results.extend(ordered(produce(), n_threads))
    assert results == [n * n for n in range(11)]


@pytest.mark.parametrize("n_threads", THREADS)
def test_an_error_keeps_nothing_alive(n_threads):
    class Large:
        pass

    larges = weakref.WeakSet()

    def task():
        large = Large()
        larges.add(large)
        raise ZeroDivisionError

    gc.disable()
    try:
        with suppress(ZeroDivisionError):
            list(ordered([task], n_threads))
        with suppress(ZeroDivisionError):
            list(ordered([partial(square, 1), task, partial(square, 1)], n_threads))
        assert wait_until(lambda: not larges)
    finally:
        gc.enable()


def test_closing_again_or_unused():
    pipeline = Pipeline(4)
    pipeline.close()
    pipeline.close()
    with pytest.raises(ValueError, match="closed"):
        pipeline.put(fail)


def test_closing_cancels_what_has_not_begun():
    begun = []
    hold = threading.Event()
    pipeline = Pipeline(2, depth=50)
    for n in range(40):
        pipeline.put(lambda n=n: begun.append(n) or hold.wait())
    assert wait_until(lambda: begun)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(pipeline.close)
        assert wait_until(lambda: not pipeline._jobs)  # cancelled
        assert not closing.done()
        hold.set()
        closing.result(60)
    assert begun == [0]


def test_leaving_early_closes():
    begun = []
    results = ordered((lambda n=n: begun.append(n) for n in range(1000)), 2)
    next(results)
    results.close()
    assert len(begun) <= 5


def test_closing_from_another_thread_ends_the_wait():
    pipeline = Pipeline(2, depth=8)
    hold = threading.Event()
    for _ in range(6):
        pipeline.put(hold.wait)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(lambda: list(pipeline.drain()))
        time.sleep(0.02)
        closing = pool.submit(pipeline.close)
        time.sleep(0.02)
        hold.set()
        closing.result(10)
        with pytest.raises(ValueError, match="closed"):
            waiting.result(10)


@pytest.mark.parametrize("arguments", [(0,), (-1,), (2, 0)])
def test_needs_a_thread_and_room(arguments):
    with pytest.raises(ValueError, match="at least 1"):
        Pipeline(*arguments)


def test_works_at_the_systems_limit_of_threads(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert list(ordered([partial(square, n) for n in range(30)], 4)) == [n * n for n in range(30)]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_ends_the_wait_and_what_has_not_begun():
    code = """
import os, signal, threading, time
from ansflow.engine.threads import ordered
begun = []
def task(n):
    begun.append(n)
    if n == 3:
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
try:
    list(ordered((lambda n=n: task(n) for n in range(1000)), 2))
except KeyboardInterrupt:
    count = len(begun)
    assert count < 10, count
    assert threading.active_count() == 1
    time.sleep(0.3)
    assert len(begun) == count
    print("interrupted")
"""
    result = python(WITHOUT_KERNELS + code)
    assert (result.stdout, result.stderr, result.returncode) == ("interrupted\n", "", 0)


def test_an_interrupt_of_the_caller_does_not_wait_for_its_turn():
    begun = threading.Event()

    def interrupted():
        raise KeyboardInterrupt

    given = []
    with Pipeline(2) as pipeline:
        given += pipeline.put(lambda: begun.set() or time.sleep(0.3))
        given += pipeline.put(interrupted)
        begun.wait()
        with pytest.raises(KeyboardInterrupt):
            given.extend(pipeline.drain())
    assert given == []


# Around processes, threads and garbage


def test_pipelines_inside_a_pool_of_threads():
    def job(seed):
        return sum(ordered([partial(square, n + seed) for n in range(30)], 3))

    with ThreadPoolExecutor(6) as pool:
        sums = list(pool.map(job, range(20)))
    assert sums == [job(seed) for seed in range(20)]


def test_pipelines_inside_pipelines():
    def job(seed):
        return sum(ordered([partial(square, n + seed) for n in range(10)], 2))

    sums = list(ordered([partial(job, seed) for seed in range(10)], 2))
    assert sums == [job(seed) for seed in range(10)]


def test_abandoned_pipelines_leave_no_threads():
    before = threading.active_count()
    begun = []
    for _ in range(20):
        pipeline = Pipeline(4)
        for n in range(7):
            pipeline.put(lambda n=n: begun.append(n) or time.sleep(0.001))
        results = ordered([partial(square, n) for n in range(50)], 4)
        next(results)
    assert begun
    del pipeline, results
    gc.collect()
    assert wait_until(lambda: threading.active_count() == before)


def test_abandoned_pipelines_begin_nothing_more():
    begun = []
    hold = threading.Event()
    pipeline = Pipeline(4, depth=30)
    for n in range(20):
        pipeline.put(lambda n=n: begun.append(n) or hold.wait())
    assert wait_until(lambda: len(begun) == 3)
    del pipeline
    gc.collect()
    hold.set()
    time.sleep(0.05)
    assert len(begun) == 3


def test_the_interpreter_exits_with_an_abandoned_pipeline():
    code = """
import time
from ansflow.engine.threads import Pipeline, ordered
pipeline = Pipeline(3, depth=100)
for n in range(60):
    pipeline.put(lambda: time.sleep(0.005))
pipeline.put(lambda: 1 / 0)
results = ordered((lambda n=n: n for n in range(1000)), 3)
assert next(results) == 0
pipeline.me = pipeline
print("end")
"""
    result = python(WITHOUT_KERNELS + code)
    assert (result.stdout, result.stderr, result.returncode) == ("end\n", "", 0)


def test_works_while_the_interpreter_exits():
    code = """
import atexit, time
from ansflow.engine.threads import Pipeline, ordered
used = Pipeline(2)
for n in range(3):
    used.put(lambda: n)
def last():
    print(sum(ordered((lambda n=n: n for n in range(100)), 3)))
    for n in range(3):
        used.put(lambda: n)
    print(len(list(used.drain())))
atexit.register(last)
"""
    result = python(WITHOUT_KERNELS + code)
    assert (result.stderr, result.returncode) == ("", 0)
    assert result.stdout.splitlines()[0] == "4950"


@forks
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_in_child_processes(method):
    with Pipeline(2) as pipeline:  # which has threads while the children are made
        for n in range(3):
            pipeline.put(partial(square, n))
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            # Not forever, if children can't even begin.
            done = pool.map_async(in_child, range(5), chunksize=1)
            assert done.get(timeout=120) == list(range(5))
            pool.close()
            pool.join()
        assert 4 in list(pipeline.drain())


@forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_can_not_use_but_may_close_the_pipeline():
    pipeline = Pipeline(2, depth=9)
    for _ in range(6):
        pipeline.put(partial(time.sleep, 0.1))
    child = os.fork()
    if not child:
        status = 1
        try:
            for use in (lambda: pipeline.put(fail), lambda: list(pipeline.drain())):
                with pytest.raises(RuntimeError, match="forked"):
                    use()
            pipeline.close()
            assert sum(ordered([partial(square, n) for n in range(3)], 2)) == 5
            status = 0
        finally:
            os._exit(status)
    assert wait_for_exit(child) == 0
    assert len(list(pipeline.drain())) == 6
    pipeline.close()


def wait_for_exit(child, seconds=120):
    found = 0
    end = time.monotonic() + seconds
    while not found and time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.005)
    if not found:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the child hangs")
    return os.waitstatus_to_exitcode(status)


# How many


def test_checked_threads():
    assert checked_threads(3) == 3
    assert checked_threads(None) == available_cores() >= 1
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="threads"):
            checked_threads(wrong)
    for whole in (np.uint8(3), np.array(3)):
        assert type(checked_threads(whole)) is int
    for wrong in (2.0, "2", True, np.True_, np.float64(2), np.array([2])):
        with pytest.raises(TypeError, match="threads"):
            checked_threads(wrong)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs affinity")
def test_available_cores_follow_the_affinity():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from ansflow.engine.cores import available_cores; print(available_cores())"
    assert python(WITHOUT_KERNELS + code).stdout == "1\n"


V2, V1 = "0::/a/b\n", "4:cpu,cpuacct:/a/b\n3:cpuset:/\n0::/a/b\n"
CPU = "sys/fs/cgroup/cpu"


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        (None, {}, math.inf),
        (V2, {}, math.inf),
        (V2, {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, math.inf),
        (V2, {"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1.5),
        (V2, {"sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5),
        (V2, {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        (V2, {"sys/fs/cgroup/other/cpu.max": "50000 100000\n"}, math.inf),
        (
            V2,
            {
                "sys/fs/cgroup/a/b/cpu.max": "400000 100000",
                "sys/fs/cgroup/a/cpu.max": "300000 100000",
            },
            3,
        ),
        (V2, {"sys/fs/cgroup/a/b/cpu.max": "nonsense"}, math.inf),
        (V2, {"sys/fs/cgroup/a/b/cpu.max": "1 0"}, math.inf),
        (V2, {"sys/fs/cgroup/a/b/cpu.max": ""}, math.inf),
        ("nonsense", {}, math.inf),
        ("0::/../..", {"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        (V1, {f"{CPU}/a/b/cpu.cfs_quota_us": "-1", f"{CPU}/a/b/cpu.cfs_period_us": "9"}, math.inf),
        (V1, {f"{CPU}/a/b/cpu.cfs_quota_us": "250", f"{CPU}/a/b/cpu.cfs_period_us": "100"}, 2.5),
        (V1, {f"{CPU}/cpu.cfs_quota_us": "700", f"{CPU}/cpu.cfs_period_us": "100"}, 7),
        (V1, {f"{CPU}/cpu.cfs_quota_us": "700"}, math.inf),
        ("5:cpuset:/", {f"{CPU}/cpu.cfs_quota_us": "7", f"{CPU}/cpu.cfs_period_us": "7"}, math.inf),
    ],
)
def test_quota_of_control_groups(tmp_path, groups, files, quota):
    if groups is not None:
        files = files | {"proc/self/cgroup": groups}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cgroup_quota(tmp_path) == quota


@pytest.mark.parametrize(("quota", "cores"), [(0.1, 1), (1, 1), (1.1, 2), (math.inf, None)])
def test_a_quota_is_rounded_up(monkeypatch, quota, cores):
    unlimited = available_cores()
    monkeypatch.setattr(cores_module, "cgroup_quota", lambda root: quota)
    if cores is None or cores > unlimited:
        cores = unlimited
    assert available_cores() == cores
