"""Running tasks on several threads, with their results in order."""

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

from ansflow.engine.turns import away, help_with, helpers_wanted, in_turn

__all__ = ["Pipeline", "ordered"]

T = TypeVar("T")

# Seconds after which an idle thread ends.
IDLE = 0.1

# Seconds to wait at exit for running tasks, which may have to be compiled first.
LAST_TASKS = 60.0


class _Job(Generic[T]):
    """A task, which is run by the first thread that claims it, and its result.

    Once its owner has been garbage-collected, it is not run any more.
    """

    def __init__(self, task: Callable[[], T], owner: object) -> None:
        self._task: Callable[[], T] | None = task
        self._owner = weakref.ref(owner)
        self._claim = threading.Lock()
        # Held until the task has been run. Not an event, because an interrupt during its `wait`
        # can surface as a RuntimeError of its lock.
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
        """Run the task, unless another thread has claimed it."""
        if self._owner() is None or not self._claim.acquire(blocking=False):
            return
        assert self._task is not None
        try:
            self._results.append(in_turn(self._task))
        except BaseException as error:
            self._error = error
        # Release the task's data, which are often larger than its result.
        self._task = None
        self._unfinished.release()

    def cancel(self) -> None:
        """Prevent the task from being run, unless a thread has claimed it."""
        if self._claim.acquire(blocking=False):
            self._task = None
            self._error = CancelledError("the pipeline was closed")
            self._unfinished.release()

    def result(self) -> T:
        """Wait until the task has been run; return its result or raise its exception."""
        if not self.finished:
            with away(), self._unfinished:
                pass
        # The traceback of the error refers to this job and this frame. They must not refer back, or
        # the cycle would keep the task's data alive until the next garbage collection.
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error
        return self._results.pop()


class _Crew:
    """Threads that run jobs, and end after having been idle for a while.

    This is not an executor, for two reasons: an interrupt while a job is submitted can leave
    threads of an executor waiting forever, and an open but idle file should keep no threads.

    The threads are daemons because an interrupt while one is started can leave it waiting forever,
    too. They are nevertheless joined at exit, since they run compiled code.

    A thread leaves a job to the pipeline's caller if all cores have something to do by then.

    Each thread waits for its own lock, its bell. (With a `queue.SimpleQueue`, a thread whose
    timeout expires just as another thread takes the job waits without limit.) If an interrupt
    arrives after a job has been queued but before the bell is rung, the thread finds the job when
    its timeout expires, unless the caller of the pipeline has run it by then.
    """

    def __init__(self, size: int, depth: int) -> None:
        self._size = size
        self._threads: set[threading.Thread] = set()
        # No more than `depth` are outstanding: the caller has run those before them.
        self._jobs: deque[_Job[Any]] = deque(maxlen=depth)
        self._bells: deque[threading.Lock] = deque()  # of the waiting threads; ringing unlocks
        self._ended = False

    def put(self, job: _Job[Any]) -> None:
        self._jobs.append(job)
        if not helpers_wanted():
            return
        self._ring()
        if len(self._threads) < self._size:
            thread = _Worker(self)
            try:
                self._threads.add(thread)
                thread.start()
            except BaseException as error:
                self._threads.discard(thread)
                # RuntimeError: the system's limit is reached, or the interpreter is exiting. The
                # caller of the pipeline then runs the job.
                if not isinstance(error, RuntimeError):
                    raise

    def dismiss(self) -> None:
        """Let the threads end after the jobs in the queue."""
        self._ended = True
        while self._ring():
            pass

    def end(self) -> None:
        """Wait until the threads have run the jobs in the queue and ended."""
        self.dismiss()
        for thread in tuple(self._threads):
            if thread.is_alive():  # another thread may be about to start it
                thread.join()

    def work(self) -> None:
        """The body of each thread."""
        try:
            while self._jobs or self._wait():
                try:
                    job = self._jobs.popleft()
                except IndexError:
                    continue  # another thread was faster
                help_with(job.run)
                del job  # release its data while waiting for the next one
        finally:
            self._threads.discard(threading.current_thread())

    def _ring(self) -> bool:
        """Wake one of the waiting threads; return whether there was one."""
        try:
            self._bells.pop().release()
        except IndexError:
            return False
        return True

    def _wait(self) -> bool:
        """Wait for a job for a limited time; return whether there is one."""
        end = time.monotonic() + IDLE
        # After the bell has rung, another thread may still take the job.
        while not self._jobs and not self._ended and (left := end - time.monotonic()) > 0:
            bell = threading.Lock()
            bell.acquire()
            self._bells.append(bell)
            # Jobs that were queued before the bell was there have not rung it.
            if not self._jobs and not self._ended:
                bell.acquire(timeout=left)
            with suppress(ValueError):
                self._bells.remove(bell)
        return bool(self._jobs)


class _Worker(threading.Thread):
    """A thread of a crew. Its class distinguishes it from other threads at exit."""

    def __init__(self, crew: _Crew) -> None:
        super().__init__(name="ansflow", daemon=True)
        self.crew = crew

    def run(self) -> None:
        self.crew.work()


@atexit.register
def _wait_at_exit() -> None:
    """Wait, for a limited time, until no thread runs compiled code.

    A forked process has only the thread that forked, and does not wait.
    """
    workers = [thread for thread in threading.enumerate() if isinstance(thread, _Worker)]
    for thread in workers:
        thread.crew.dismiss()
    end = time.monotonic() + LAST_TASKS
    for thread in workers:
        thread.join(max(0.0, end - time.monotonic()))


class Pipeline(Generic[T]):
    """Runs tasks on threads and returns their results in the order of the tasks.

    An exception in a task is raised in place of its result. It closes the pipeline, as does an
    interrupt while waiting: no later results are returned.

    The caller's thread is one of the threads: instead of waiting for a result, it runs tasks that
    have not been started. (One thread more than cores costs a fifth of the speed.) Others help
    while there are cores with nothing to do, so tasks must not wait for each other. Only one thread
    at a time may use a pipeline. With one thread, or a single task, everything is done in the
    caller's thread.

    A pipeline that is garbage-collected stops as if it were closed, but without waiting.

    Parameters
    ----------
    threads : int
        Tasks that run at the same time, at most.
    depth : int, optional
        Tasks that may be outstanding: put in, but their results not yet returned. The default is
        two for each thread: one is running, and one waits for the thread or is finished.

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
            raise ValueError(
                f"threads and depth must be at least 1, not {threads} and {self._depth}"
            )
        self._jobs: deque[_Job[T]] = deque()
        self._crew: _Crew | None = None
        self._closed = False
        self._process = os.getpid()

    def put(self, task: Callable[[], T]) -> list[T]:
        """Start a task, and return the results that are next in order and ready.

        If `depth` tasks are outstanding then, wait for the next result.
        """
        self._check_usable()
        if self._threads == 1:
            try:
                return [in_turn(task)]
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
                break  # raised by the next call, after the results before it are returned
            results.append(self._next())
        return results

    def drain(self) -> Iterator[T]:
        """Yield all outstanding results."""
        self._check_usable()
        while self._jobs:
            yield self._next()
            self._check_usable()

    def close(self) -> None:
        """Cancel tasks that have not been started, and wait for the others."""
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
                return  # a single task needs no other thread
            self._crew = _Crew(self._threads - 1, self._depth)
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
                    later.result()  # raises at once, not in its order
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
            raise RuntimeError(
                "what compresses or decompresses cannot be used in a forked process: make another "
                "one there"
            )


def ordered(
    tasks: Iterable[Callable[[], T]], threads: int, depth: int | None = None
) -> Iterator[T]:
    """Yield the results of tasks that run on several threads, in the order of the tasks.

    An exception of the iterable `tasks` is raised after the results before it have been yielded, so
    that the results do not depend on the number of threads. `depth` is that of `Pipeline`.

    Examples
    --------
    >>> list(ordered((lambda n=n: n * n for n in range(9)), threads=2))
    [0, 1, 4, 9, 16, 25, 36, 49, 64]
    """
    if threads == 1:
        for task in tasks:
            yield in_turn(task)
        return
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
