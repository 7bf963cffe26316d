"""Atomic files, as the tests of them make and look at them."""

import os

from ansflow.files import atomic
from ansflow.files.atomic import AtomicFile

# For a process of its own that begins fast: only the module, not the package around it.
WITHOUT_PACKAGE = f"""
import sys, types
package = sys.modules["ansflow"] = types.ModuleType("ansflow")
package.__path__ = [{os.path.dirname(os.path.dirname(atomic.__file__))!r}]
from ansflow.files.atomic import AtomicFile
"""


def write(path, data, **options):
    with AtomicFile(path, **options) as whole:
        whole.file.write(data)


def only(path):
    """Whether there is nothing else in the directory."""
    return list(path.parent.iterdir()) == [path]
