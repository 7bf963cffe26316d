"""A gate that one thread at a time goes through: for what is mostly Python's work.

If several threads run Python in turn, each finds in its core's caches what another one has changed,
and waits for the lock of the interpreter whenever it has given it away for a moment. So several may
do less than one. Behind a gate, those that wait do nothing.

A thread that comes back at once finds the gate open, as the next one takes longer to wake up. So it
goes on, like a thread that has the interpreter's lock, and like that one only for a few
milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Gate"]

T = TypeVar("T")

# Seconds for which a thread may come back before others: as long as it may keep Python's lock. And
# how long it then stays away, so that another one goes through.
QUANTUM, AWAY = 0.005, 0.0002


class Gate:
    """Lets tasks run one at a time.

    Parameters
    ----------
    patience : float
        Seconds after which a thread goes through whoever is there: the gate is for the sake of
        speed alone.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a forked process must, where the thread that is inside does not exist."""
        self._lock = threading.Lock()
        self._inside: int | None = None  # the identifier of a thread
        self._waiting: deque[int] = deque()
        self._latest, self._since = 0, 0.0  # who was inside last, and since when no other was

    @property
    def is_ours(self) -> bool:
        """Whether it is this thread that is inside."""
        return self._inside == threading.get_ident()

    def run(self, task: Callable[[], T]) -> T:
        """Run a task, and with it the tasks within it."""
        me = threading.get_ident()
        if self._inside == me:
            return task()
        if self._waiting and self._latest == me and time.monotonic() - self._since > QUANTUM:
            time.sleep(AWAY)
        lock = self._lock
        if not lock.acquire(blocking=False) and not self._wait(lock, me):
            # Who is inside takes that long, or was interrupted on the way.
            self.forget()
            return task()
        try:
            if self._latest != me:
                self._latest, self._since = me, time.monotonic()
            self._inside = me
            return task()
        finally:
            if self._inside == me:
                self._inside = None
            lock.release()

    def _wait(self, lock: threading.Lock, me: int) -> bool:
        """Wait for the lock; whether it is ours."""
        waiting = self._waiting
        waiting.append(me)
        try:
            return lock.acquire(timeout=self._patience)
        finally:
            waiting.remove(me)
