"""Kernels that are compiled each time, whatever an earlier run has left on disk."""

import pytest
from numba.core.caching import NullCache


class NoCache(NullCache):
    """That of a kernel whose code is not kept."""

    def has(self, sig, target_context):
        return False


@pytest.fixture(autouse=True)
def compiled_anew(monkeypatch):
    """Import it into a file of tests that look at how their kernels are compiled."""
    monkeypatch.setattr("ansflow.kernels.dispatcher.KernelCache", lambda function: NoCache())
