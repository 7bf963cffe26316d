"""What is not installed is left out, and what is only on the path is registered by hand."""

import importlib
import threading
from importlib.metadata import entry_points

import pytest


@pytest.fixture(scope="session")
def is_installed():
    """Whether ansflow has entry points here, or is only on the path."""
    return any(point.name == "ansflow" for point in entry_points(group="zarr.codecs"))


@pytest.fixture(scope="session", autouse=True)
def registered(is_installed):
    if is_installed:
        return
    try:
        importlib.import_module("numcodecs").register_codec(
            importlib.import_module("ansflow.integrations.numcodecs").Ansflow
        )
        register = importlib.import_module("zarr.registry").register_codec
        own = importlib.import_module("ansflow.integrations.zarr")
    except ModuleNotFoundError:
        return
    register("ansflow", own.AnsflowCodec)
    register("ansflow_bytes", own.AnsflowBytesCodec)


@pytest.fixture
def own_threads(monkeypatch):
    """The threads that ansflow has started."""
    started = []
    start = threading.Thread.start

    def noted(thread):
        if type(thread).__module__.startswith("ansflow."):
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    return started
