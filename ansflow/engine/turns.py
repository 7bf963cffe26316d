"""How many threads of the process are at work at once: no more than it has cores.

A thread that returns from a kernel needs the lock of the interpreter. With more threads than cores,
the one that holds it may itself wait for a core, and all others for that thread: eight threads on
two cores then take longer than one. So tasks take turns, no matter whose threads they are in. Where
more threads of a user than cores call at once, whole calls take turns, and none gets help from
other threads: each change of threads leaves a core idle for a moment. For the same reason a thread
that calls again at once goes ahead of those that wait, for a while. (Where a thread wakes up while
all cores are busy, Linux often has it wait for one, and leaves another one idle that is free a
moment later.)

What is mostly Python's work, such as encoding a small array, or choosing a recipe, is done by one
thread at a time, behind a `Gate`.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from ansflow.engine.cores import available_cores
from ansflow.engine.gate import Gate

__all__ = ["Turns", "away", "decoded_in_turn", "encoded_in_turn", "help_with", "helpers_wanted"]
__all__ += ["in_turn", "one_at_a_time"]

T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")

# A thread, and a lock that is released when its turn has come.
Place = tuple[int, threading.Lock]

# Seconds after which a thread goes ahead without its turn. Turns are for the sake of speed alone:
# nobody may wait forever for a task that waits for another one, as those of a user's model can.
PATIENCE = 1.0

# Seconds within which a thread calls again that has nothing else to do, for how long such a thread
# goes ahead of others, and after how many seconds who waits sees to it that no turn is left free.
RETURN, QUANTUM, LOOK = 0.002, 0.05, 0.05

# Bytes of content of which fewer are mostly Python's work to encode: most of their kernels, whose
# arrays are smaller, keep its lock.
FEW = 1 << 18
# Bytes of content that are worth waiting for a turn. Fewer are decoded before a thread wakes up.
WORTH_A_TURN = 1 << 16


class _Own(threading.local):
    """What a thread knows of its turns: whether it came at once after the last one, and so on."""

    at_once = False
    ended = -math.inf
    ahead_until = 0.0


class Turns:
    """Lets tasks run while fewer than `cores()` others do, in the order in which they came.

    Parameters
    ----------
    cores : callable
    patience : float
        Seconds.
    """

    def __init__(self, cores: Callable[[], int], patience: float = PATIENCE) -> None:
        self._cores = cores
        self._patience = patience
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a forked process must, which has none of the threads at work."""
        self._lock = threading.Lock()
        self._at_work: set[int] = set()  # identifiers of threads
        self._waiting: deque[Place] = deque()
        self._own = _Own()
        self._kept_until = 0.0  # one turn, for a thread that is expected to come back

    def run(self, task: Callable[[], T]) -> T:
        """Run a task in its turn, which the tasks within it are part of."""
        me = threading.get_ident()
        if me in self._at_work:
            return task()
        try:
            come = self._alone(self._begin, me)
            if come is not None:
                self._wait(me, come)
            return task()
        finally:
            self._alone(self._end, me)

    @property
    def spare(self) -> bool:
        """Whether a turn is to be had that nobody waits for."""
        return not self._waiting and len(self._at_work) < self._cores()

    def help_with(self, task: Callable[[], object]) -> None:
        """Run a task that others can run, too, if there is a spare turn for it."""
        me = threading.get_ident()
        try:
            self._alone(self._begin_spare, me)
            if me in self._at_work:
                task()
        finally:
            self._alone(self._end, me)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the turn of this thread, if it has one, to others while it waits for something."""
        me = threading.get_ident()
        if me not in self._at_work:
            yield
            return
        self._alone(self._end, me)
        try:
            yield
        finally:
            self._at_work.add(me)

    def _begin(self, me: int) -> threading.Lock | None:
        """Have a turn, or a place among those that wait."""
        own, now = self._own, time.monotonic()
        own.at_once = now < own.ended + RETURN
        if not own.at_once:
            own.ahead_until = now + QUANTUM
        goes_ahead = not self._waiting or (own.at_once and now < own.ahead_until)
        if goes_ahead and (not self._at_work or len(self._at_work) < self._cores()):
            self._at_work.add(me)
            return None
        come = threading.Lock()
        come.acquire()
        self._waiting.append((me, come))
        if own.at_once:
            self._kept_until = 0.0  # it was for this thread, which has had enough of them
        self._pass_on(now)
        return come

    def _wait(self, me: int, come: threading.Lock) -> None:
        """Wait for a turn, and look from time to time whether one has been kept for nobody."""
        end = time.monotonic() + self._patience
        while not come.acquire(timeout=min(LOOK, self._patience)):
            now = time.monotonic()
            if now >= end:
                self._at_work.add(me)
                break
            self._alone(self._pass_on, now)
        self._own.ahead_until = time.monotonic() + QUANTUM

    def _begin_spare(self, me: int) -> None:
        if self.spare:
            self._at_work.add(me)

    def _end(self, me: int) -> None:
        self._at_work.discard(me)
        own, now = self._own, time.monotonic()
        own.ended = now
        if not self._waiting:
            return
        for place in self._waiting:
            if place[0] == me:
                self._waiting.remove(place)
                break
        if own.at_once and now < own.ahead_until:
            self._kept_until = now + RETURN
        self._pass_on(now)

    def _pass_on(self, now: float) -> None:
        """Give free turns to those that wait, but for one that is kept while others are at work."""
        kept = int(now < self._kept_until and bool(self._at_work))
        while self._waiting and len(self._at_work) + kept < self._cores():
            other, come = self._waiting.popleft()
            self._at_work.add(other)
            come.release()

    def _alone(self, change: Callable[[K], R], known: K) -> R:
        """Make a change while no other thread makes one."""
        lock = self._lock
        if not lock.acquire(timeout=self._patience):
            # Who has it was interrupted, or waits for this thread, as what the garbage collector
            # closes may do. All that wait go ahead in time.
            self.forget()
            return change(known)
        try:
            return change(known)
        finally:
            lock.release()


_OF_THE_PROCESS = Turns(available_cores)
_OF_PYTHON = Gate(PATIENCE)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_OF_THE_PROCESS.forget)
    os.register_at_fork(after_in_child=_OF_PYTHON.forget)


def in_turn(task: Callable[[], T]) -> T:
    """Run a task when fewer threads than cores are at work."""
    # Who is behind the gate does not wait for threads that may wait for the gate.
    return task() if _OF_PYTHON.is_ours else _OF_THE_PROCESS.run(task)


def encoded_in_turn(task: Callable[[], T], size: int) -> T:
    """Run a task that encodes so many bytes of content."""
    return one_at_a_time(task) if size < FEW else in_turn(task)


def decoded_in_turn(task: Callable[[], T], size: int) -> T:
    """Run a task that decodes so many bytes of content."""
    return task() if size < WORTH_A_TURN else in_turn(task)


def one_at_a_time(task: Callable[[], T]) -> T:
    """Run a task that is mostly Python's when no other thread is at such a one."""
    return _OF_PYTHON.run(task)


def helpers_wanted() -> bool:
    """Whether another thread could begin to help now."""
    return _OF_THE_PROCESS.spare


def help_with(task: Callable[[], object]) -> None:
    """Run a task that its owner can run, too, unless all cores have something else to do."""
    _OF_THE_PROCESS.help_with(task)


def away() -> AbstractContextManager[None]:
    """Leave the turn of this thread to others while it waits for their results."""
    return _OF_THE_PROCESS.away()
