"""Settings that all tests share."""

import gc
import importlib.util
import os
import signal
import stat
import sysconfig
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import hypothesis
import pytest

TESTS = Path(__file__).parent

# Before NumPy is imported, here and in all children of tests: threads of OpenBLAS begin by waiting
# in a loop.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The first example of a test may compile kernels, so no deadline.
hypothesis.settings.register_profile("ansflow", deadline=None, max_examples=20)
hypothesis.settings.register_profile(
    "ci", hypothesis.settings.get_profile("ansflow"), derandomize=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ansflow")

PROCESSES = 2

# Files that take long for few tests are begun first, so that both processes end together. But those
# whose processes would all compile the same come when that has been compiled.
LONG = [
    "kernels/test_guard_pages.py",
    "test_examples.py",
    "test_memory.py",
    "frame/test_modelled.py",
    "kernels/test_instructions.py",
    "asv_bench/test_site.py",
    "frame/test_oracle.py",
    "test_corruption.py",
    "cli/test_process.py",
    "frame/test_chosen_recipes.py",
    "cli/test_descriptors.py",
    "inspect/test_recovery.py",
    "test_startup.py",
    "frame/test_campaign.py",
    "test_documentation.py",
    "frame/test_neighbours.py",
    "kernels/test_cache.py",
    "kernels/test_vector.py",
    "io/test_arrays.py",
    "test_forks.py",
    "transforms/test_oracle.py",
    "engine/test_pipeline.py",
    "integrations/test_zarr.py",
    "integrations/test_dask.py",
    "test_soak.py",
    "test_kill.py",
]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Share the whole suite out among processes, a file at a time, where pytest-xdist is there.

    A few tests are quicker in one process.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    whole &= not hasattr(config, "workerinput")  # of one of those processes
    asked = {"numprocesses": None, "usepdb": False, "collectonly": False, "dist": "no"}
    if whole and all(config.getoption(name, None) == value for name, value in asked.items()):
        config.option.numprocesses = PROCESSES
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False
        # To rewrite all assertions takes each process as long as hundreds of tests. They show the
        # values of variables instead; where a folder is named, pytest does as usual. Processes
        # know the command line and the environment, but none of the options that are set here.
        added = os.environ.get("PYTEST_ADDOPTS", ""), "--assert=plain", "--showlocals"
        os.environ["PYTEST_ADDOPTS"] = " ".join(added)
        config.option.compile_first = not config.option.keyword


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a process what it would not know: it has none of the options that are set here."""
    node.workerinput["compile_first"] = getattr(node.config.option, "compile_first", False)


def pytest_sessionstart(session):
    """Compile what many tests need: two processes begin at either end, up to where they meet."""
    worker = getattr(session.config, "workerinput", {})
    if worker.get("compile_first"):
        from ansflow.cli import warmup_jobs  # and with it Numba

        jobs = list(enumerate(warmup_jobs.jobs()))
        begun = session.config._tmp_path_factory.getbasetemp().parent / "begun"  # by either
        begun.mkdir(exist_ok=True)
        with no_search_for_garbage():
            for number, job in jobs if worker["workerid"] == "gw0" else reversed(jobs):
                try:
                    (begun / str(number)).touch(exist_ok=False)
                except FileExistsError:
                    break
                job()


@contextmanager
def no_search_for_garbage():
    """Where many objects are made that stay.

    The collector is not disabled: Dask, which some tests import, would believe that to last, and
    leave it so.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    with no_search_for_garbage():
        return (yield)


def pytest_collection_modifyitems(items):
    order = {str(TESTS / name): number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


def pytest_collection_finish():
    """Collections of garbage, which some tests ask for, leave alone what there is by now."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def bytecode_is_kept(tmp_path_factory):
    """Containers often forbid to write it: here all Pythons that tests start would compile anew.

    Where that is so, nothing is written beside the sources. What is installed has its bytecode
    already, which is linked to where Python then looks for all of it.
    """
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # of all processes
    is_there = Path(importlib.util.find_spec("ansflow").cached).exists()
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("PYTHONDONTWRITEBYTECODE") and not is_there:
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(place / "bytecode"))
            with suppress(FileExistsError):  # another process does it
                (place / "bytecode").mkdir()
                link_bytecode(place / "bytecode")
        yield


def link_bytecode(prefix):
    """Link the bytecode of Python itself and of what is installed to below a directory."""
    for root in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}:
        for folder, folders, _ in os.walk(root):
            if "__pycache__" not in folders:
                continue
            folders.remove("__pycache__")
            place = prefix / os.path.relpath(folder, os.path.abspath(os.sep))
            place.mkdir(parents=True, exist_ok=True)
            for file in os.scandir(os.path.join(folder, "__pycache__")):
                with suppress(OSError):  # a child has been quicker
                    os.symlink(file.path, place / file.name)


@pytest.fixture(scope="session", autouse=True)
def children_import_what_is_tested():
    """Not the sources in the directory where they are started, for which nothing is compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONSAFEPATH", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def nobody_waits_for_the_disk():
    """Files of tests need not outlive the machine. What is no file is asked as ever."""
    put = os.fsync

    def fsync(descriptor):
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            put(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


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
