"""Settings that all tests share."""

import gc
import os
import signal
import threading

import hypothesis
import pytest

# The first example of a test may compile kernels, so no deadline.
hypothesis.settings.register_profile("ansflow", deadline=None, max_examples=60)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("ansflow"), derandomize=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ansflow")

PROCESSES = 2


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Share the whole suite out among processes, a file at a time, where pytest-xdist is there.

    Most of its time goes into compiling. A few tests are quicker in one process.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    whole &= not hasattr(config, "workerinput")  # of one of those processes
    asked = {"numprocesses": None, "usepdb": False, "collectonly": False, "dist": "no"}
    if whole and all(config.getoption(name, None) == value for name, value in asked.items()):
        config.option.numprocesses = PROCESSES
        config.option.dist = "loadfile"


def pytest_collection_finish():
    """Collections of garbage, which some tests ask for, leave alone what there is by now."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive():
    """A shell makes what it runs in the background ignore them, and children inherit that."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        yield
