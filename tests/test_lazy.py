"""A process may fork while other threads compute what models keep; the child computes it, too."""

import os
import threading

import numpy as np
import pytest

from ansflow import models
from ansflow.coding.coders.single import SingleCoder
from ansflow.lazy import cached_property

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def in_a_child(work, seconds=60):
    """Whether a forked child has done the work by then; it can't hang for longer."""
    child = os.fork()
    if not child:
        import signal

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)  # which kills it
        os._exit(0 if work() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_attribute_that_is_being_computed():
    class Slow:
        owner = threading.get_ident()

        def __init__(self):
            self.computing, self.go_on = threading.Event(), threading.Event()

        @cached_property
        def value(self):
            self.computing.set()
            if threading.get_ident() != self.owner:
                self.go_on.wait()
            return 42

    slow = Slow()
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    slow.computing.wait()
    try:
        assert in_a_child(lambda: slow.value == 42 == Slow().value, seconds=10)
    finally:
        slow.go_on.set()
        thread.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_tables_that_are_being_built():
    freq = np.full(1 << 16, 1, np.uint32)
    SingleCoder(freq, 16).slots.sum()  # compiled
    stop = threading.Event()

    def build():
        while not stop.is_set():
            coder = SingleCoder(freq, 16)
            for name in ("flags", "records", "slots"):
                getattr(coder, name)
            models.Uniform(5).sample(3)

    thread = threading.Thread(target=build)
    thread.start()
    try:
        for _ in range(10):
            assert in_a_child(lambda: SingleCoder(freq, 16).slots.shape == (1 << 16,))
    finally:
        stop.set()
        thread.join()


def test_all_threads_get_one_value():
    class Late:
        barrier = threading.Barrier(4, timeout=60)

        @cached_property
        def value(self):
            self.barrier.wait()
            return object()

    late = Late()
    values = []
    threads = [threading.Thread(target=lambda: values.append(late.value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(values)) == 1
    assert late.value is values[0]
