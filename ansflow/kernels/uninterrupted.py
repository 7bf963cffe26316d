"""Work that an interrupt must not end halfway: another thread does it.

Python raises KeyboardInterrupt in the main thread, wherever that is. If it is between two lines of
the compiler, a lock may have been taken that nobody releases any more, and all other threads would
wait for it forever.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["uninterrupted"]

T = TypeVar("T")


def uninterrupted(task: Callable[[], T]) -> T:
    """What a task returns, or raises. After an interrupt it goes on by itself, to its end."""
    if threading.current_thread() is not threading.main_thread():
        return task()
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(task())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="ansflow compiler")
    try:
        thread.start()
    except RuntimeError:  # there are too many, or the interpreter is exiting
        return task()
    thread.join()
    if errors:
        raise errors.pop()
    return results.pop()
