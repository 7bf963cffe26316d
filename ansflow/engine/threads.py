"""Work on several threads, in order."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Generic, TypeVar

__all__ = ["Pipeline", "ordered"]

T = TypeVar("T")

# Seconds after which a thread that has nothing to do ends.
IDLE = 0.1

# Seconds for what is being run at exit. It may have to be compiled first.
LAST_TASKS = 60.0


class _Job(Generic[T]):
    """A task that is run by whoever claims it first, and what came of it.

    It isn't run any more when nothing refers to its owner.
    """

    def __init__(self, task: Callable[[], T], owner: object) -> None:
        self._task: Callable[[], T] | None = task
        self._owner = weakref.ref(owner)
        self._claim = threading.Lock()
        # Held until the task has been run. An event would do, but an interrupt while waiting for
        # one can come out as a RuntimeError of its lock.
        self._unfinished = threading.Lock()
        self._unfinished.acquire()
        self._results: list[T] = []
        self._error: BaseException | None = None

    @property
    def finished(self) -> bool:
        return not self._unfinished.locked()

    @property
    def failed(self) -> bool:
        return self._error is not None

    @property
    def interrupted(self) -> bool:
        return isinstance(self._error, KeyboardInterrupt)

    def run(self) -> None:
        """Run the task, unless someone has begun to."""
        if self._owner() is None or not self._claim.acquire(blocking=False):
            return
        assert self._task is not None
        try:
            self._results.append(self._task())
        except BaseException as error:
            self._error = error
        # What it works on, often larger than the result, isn't needed any more.
        self._task = None
        self._unfinished.release()

    def cancel(self) -> None:
        """Never run the task, unless someone has begun to."""
        if self._claim.acquire(blocking=False):
            self._task = None
            self._error = CancelledError("the pipeline was closed")
            self._unfinished.release()

    def result(self) -> T:
        """Wait until the task has been run; what came of it."""
        with self._unfinished:
            pass
        # The error's traceback refers to this job and this frame, which mustn't refer back:
        # until the garbage collector came, the cycle would keep what the task worked on.
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error
        return self._results.pop()


class _Crew:
    """Threads that run jobs, and end when there are none for a while.

    Of an executor's threads an interrupt could leave some waiting forever, if it came while a
    job was submitted; and a file that is open but idle should keep no threads.

    They are daemons because an interrupt while one is started can leave that one waiting forever,
    too. The others are waited for at exit all the same: they run compiled code.

    Each thread waits for a bell of its own. (Of several that wait for a `queue.SimpleQueue`, each
    for a limited time, one whose time is up just as another takes the job waits without limit.)
    Should an interrupt come between a job and its bell, the thread finds the job when its time is
    up, if the pipeline's caller hasn't run it by then.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads: set[threading.Thread] = set()
        self._jobs: deque[_Job[Any]] = deque()
        self._bells: deque[threading.Lock] = deque()  # of threads that wait; ringing unlocks
        self._ended = False

    def put(self, job: _Job[Any]) -> None:
        self._jobs.append(job)
        self._ring()
        if len(self._threads) < self._size:
            thread = _Worker(self)
            try:
                self._threads.add(thread)
                thread.start()
            except BaseException as error:
                self._threads.discard(thread)
                # None is to be had at the system's limit, or when the interpreter is about to
                # exit. The pipeline's caller runs what nobody has begun.
                if not isinstance(error, RuntimeError):
                    raise

    def dismiss(self) -> None:
        """Let the threads end when they have done what is in line."""
        self._ended = True
        while self._ring():
            pass

    def end(self) -> None:
        """Wait for the threads, which do first what is in line."""
        self.dismiss()
        for thread in tuple(self._threads):
            if thread.is_alive():  # one that another thread is about to start isn't yet
                thread.join()

    def work(self) -> None:
        """What each thread does."""
        try:
            while self._jobs or self._wait():
                try:
                    job = self._jobs.popleft()
                except IndexError:
                    continue  # another thread was faster
                job.run()
                del job  # and what it worked on, while there is no other
        finally:
            self._threads.discard(threading.current_thread())

    def _ring(self) -> bool:
        """Wake one of the threads that wait; whether there was any."""
        try:
            self._bells.pop().release()
        except IndexError:
            return False
        return True

    def _wait(self) -> bool:
        """Wait for a job, but not for long; whether there is one."""
        end = time.monotonic() + IDLE
        # Another thread may be faster when the bell has rung.
        while not self._jobs and not self._ended and (left := end - time.monotonic()) > 0:
            bell = threading.Lock()
            bell.acquire()
            self._bells.append(bell)
            # What came before the bell was there didn't ring it.
            if not self._jobs and not self._ended:
                bell.acquire(timeout=left)
            with suppress(ValueError):
                self._bells.remove(bell)
        return bool(self._jobs)


class _Worker(threading.Thread):
    """A thread of a crew, known by its class from all other threads."""

    def __init__(self, crew: _Crew) -> None:
        super().__init__(name="ansflow", daemon=True)
        self.crew = crew

    def run(self) -> None:
        self.crew.work()


@atexit.register
def _wait_at_exit() -> None:
    """Wait until no thread runs compiled code, but not for one that never comes back from a task.

    A forked process finds none: it has but the thread that forked.
    """
    workers = [thread for thread in threading.enumerate() if isinstance(thread, _Worker)]
    for thread in workers:
        thread.crew.dismiss()
    end = time.monotonic() + LAST_TASKS
    for thread in workers:
        thread.join(max(0.0, end - time.monotonic()))


class Pipeline(Generic[T]):
    """Runs tasks on threads and gives their results in the order in which the tasks came.

    An exception in a task is raised where its result would have come. It closes the pipeline,
    as does an interrupt while waiting: no later results are given.

    The caller's thread is one of them: instead of waiting for a result it runs tasks that nobody
    has begun. (One thread more than there are cores costs a fifth of the speed.) One thread at a
    time may use a pipeline. With one thread, or a single task, all is done in the caller's.

    A pipeline to which nothing refers any more stops as if it were closed, without a wait.

    Parameters
    ----------
    threads : int
        Tasks that run at the same time.
    depth : int, optional
        Tasks that may be outstanding, i.e. put in and their results not yet given out. Two for
        each thread by default: one running, and one waiting for the thread or to be given out.

    Examples
    --------
    >>> with Pipeline(2) as squares:
    ...     given = [result for n in range(9) for result in squares.put(lambda n=n: n * n)]
    ...     given += squares.drain()
    >>> given
    [0, 1, 4, 9, 16, 25, 36, 49, 64]
    """

    def __init__(self, threads: int, depth: int | None = None) -> None:
        self._threads = threads
        self._depth = 2 * threads if depth is None else depth
        if self._threads < 1 or self._depth < 1:
            raise ValueError(f"threads is {threads} and depth {depth}, not at least 1")
        self._jobs: deque[_Job[T]] = deque()
        self._crew: _Crew | None = None
        self._closed = False
        self._process = os.getpid()

    def put(self, task: Callable[[], T]) -> list[T]:
        """Begin a task, and return the results that are next in line and there.

        If there is no room for another task then, waits for the next result.
        """
        self._check_usable()
        if self._threads == 1:
            try:
                return [task()]
            except BaseException:
                self.close()
                raise
        job = _Job(task, self)
        self._jobs.append(job)
        self._begin(job)
        results = []
        if len(self._jobs) >= self._depth:
            results.append(self._next())
        while self._jobs and self._jobs[0].finished:
            if results and self._jobs[0].failed:
                break  # raised next time, when the results before it have been given out
            results.append(self._next())
        return results

    def drain(self) -> Iterator[T]:
        """Yield all outstanding results."""
        self._check_usable()
        while self._jobs:
            yield self._next()
            self._check_usable()

    def close(self) -> None:
        """Cancel what hasn't begun and wait for what has."""
        self._closed = True
        self._cancel()
        # A forked process has the pipeline but not its threads.
        if self._crew is not None and self._process == os.getpid():
            self._crew.end()

    def __enter__(self) -> Pipeline[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, job: _Job[T]) -> None:
        if self._crew is None:
            if len(self._jobs) == 1:
                return  # it may stay the only one, which needs no thread
            self._crew = _Crew(self._threads - 1)
            self._crew.put(self._jobs[0])
        self._crew.put(job)

    def _next(self) -> T:
        try:
            job = self._jobs.popleft()
            job.run()
            for later in tuple(self._jobs):  # another thread may close the pipeline
                if job.finished:
                    break
                later.run()
                if later.interrupted:
                    later.result()  # raises now, not when it's its turn
            return job.result()
        except BaseException:
            self.close()
            raise

    def _cancel(self) -> None:
        while self._jobs:
            self._jobs.pop().cancel()

    def _check_usable(self) -> None:
        if self._closed:
            raise ValueError("the pipeline is closed")
        if self._process != os.getpid():
            raise RuntimeError("the pipeline belongs to the process that this one was forked from")


def ordered(
    tasks: Iterable[Callable[[], T]], threads: int, depth: int | None = None
) -> Iterator[T]:
    """Yield the results of tasks that run on several threads, in the order of the tasks.

    An error in `tasks` itself is raised when the results before it have been given out, so that
    what a caller gets doesn't depend on the number of threads. `depth` is that of a `Pipeline`.

    Examples
    --------
    >>> list(ordered((lambda n=n: n * n for n in range(9)), threads=2))
    [0, 1, 4, 9, 16, 25, 36, 49, 64]
    """
    source = iter(tasks)
    error = None
    with Pipeline[T](threads, depth) as pipeline:
        while error is None:
            try:
                task = next(source)
            except StopIteration:
                break
            except Exception as e:
                error = e
            else:
                yield from pipeline.put(task)
        yield from pipeline.drain()
    if error is not None:
        raise error
