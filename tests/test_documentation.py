"""Examples in docstrings and in the README do what they say."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import ansflow

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ansflow.__path__, "ansflow.")
    if not module.name.endswith("__main__")
)
README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module).failed == 0


def test_something_is_documented_by_example():
    public = [ansflow.encode, ansflow.compress, *vars(ansflow.models).values()]
    documented = [thing for thing in public if ">>>" in (getattr(thing, "__doc__", None) or "")]
    assert len(documented) > 7


def test_readme(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # and back, wherever the examples go
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 7
    namespace = {}
    for block in blocks:
        exec(block, namespace)
