"""Python in a process of its own."""

import subprocess
import sys
from pathlib import Path

import ansflow

PACKAGE = Path(ansflow.__file__).parent

# What imports only modules of the engine that need no kernels starts in a fraction of the time:
# the package is there without what its __init__ imports.
WITHOUT_KERNELS = f"""
import sys, types
sys.modules["ansflow"] = types.ModuleType("ansflow")
sys.modules["ansflow"].__path__ = [{str(PACKAGE)!r}]
"""


def python(code, *arguments, timeout=300, **options):
    """The ended process, with what it printed; warnings are errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        **options,
    )
