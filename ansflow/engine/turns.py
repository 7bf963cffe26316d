"""How many threads of the process are at work at once: no more than it has cores.

A thread that returns from a kernel needs the lock of the interpreter. With more threads than cores,
the one that holds it may itself wait for a core, and all others for that thread: eight threads on
two cores then take longer than one. So tasks take turns, no matter whose threads they are in. Where
more threads of a user than cores call at once, whole calls take turns, and none gets help from
other threads: each change of threads leaves a core idle for a moment.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from ansflow.engine.cores import available_cores

__all__ = ["Turns", "away", "help_with", "helpers_wanted", "in_turn"]

T = TypeVar("T")

# A thread, and a lock that is released when its turn has come.
Place = tuple[int, threading.Lock]

# Seconds after which a thread goes ahead without its turn. Turns are for the sake of speed alone:
# nobody may wait forever for a task that waits for another one, as those of a user's model can.
PATIENCE = 1.0

# Bytes of content that are worth waiting for a turn. Fewer are coded before a thread wakes up.
WORTH_A_TURN = 1 << 16


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

    def run(self, task: Callable[[], T]) -> T:
        """Run a task in its turn, which the tasks within it are part of."""
        me = threading.get_ident()
        if me in self._at_work:
            return task()
        come = threading.Lock()
        come.acquire()
        place = me, come
        try:
            self._alone(self._begin, place)
            if not come.acquire(timeout=self._patience):
                self._at_work.add(me)
            return task()
        finally:
            self._alone(self._end, place)

    @property
    def spare(self) -> bool:
        """Whether a turn is to be had that nobody waits for."""
        return not self._waiting and len(self._at_work) < self._cores()

    def help_with(self, task: Callable[[], object]) -> None:
        """Run a task that others can run, too, if there is a spare turn for it."""
        place = threading.get_ident(), threading.Lock()
        try:
            self._alone(self._begin_spare, place)
            if place[0] in self._at_work:
                task()
        finally:
            self._alone(self._end, place)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Leave the turn of this thread, if it has one, to others while it waits for something."""
        me = threading.get_ident()
        if me not in self._at_work:
            yield
            return
        self._alone(self._end, (me, threading.Lock()))
        try:
            yield
        finally:
            self._at_work.add(me)

    def _begin(self, place: Place) -> None:
        me, come = place
        if not self._at_work or len(self._at_work) < self._cores():
            self._at_work.add(me)
            come.release()
        else:
            self._waiting.append(place)

    def _begin_spare(self, place: Place) -> None:
        if self.spare:
            self._at_work.add(place[0])

    def _end(self, place: Place) -> None:
        self._at_work.discard(place[0])
        if place in self._waiting:
            self._waiting.remove(place)
        if self._waiting and len(self._at_work) < self._cores():
            other, come = self._waiting.popleft()
            self._at_work.add(other)
            come.release()

    def _alone(self, change: Callable[[Place], None], place: Place) -> None:
        """Make a change while no other thread makes one."""
        lock = self._lock
        if not lock.acquire(timeout=self._patience):
            # Who has it was interrupted, or waits for this thread, as what the garbage collector
            # closes may do. All that wait go ahead in time.
            self.forget()
            change(place)
            return
        try:
            change(place)
        finally:
            lock.release()


_OF_THE_PROCESS = Turns(available_cores)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_OF_THE_PROCESS.forget)


def in_turn(task: Callable[[], T], size: int = WORTH_A_TURN) -> T:
    """Run a task over `size` bytes of content when fewer threads than cores are at work."""
    return task() if size < WORTH_A_TURN else _OF_THE_PROCESS.run(task)


def helpers_wanted() -> bool:
    """Whether another thread could begin to help now."""
    return _OF_THE_PROCESS.spare


def help_with(task: Callable[[], object]) -> None:
    """Run a task that its owner can run, too, unless all cores have something else to do."""
    _OF_THE_PROCESS.help_with(task)


def away() -> AbstractContextManager[None]:
    """Leave the turn of this thread to others while it waits for their results."""
    return _OF_THE_PROCESS.away()
