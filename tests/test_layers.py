"""Imports point one way: a room imports only from rooms before it, and no files go in a circle."""

import ast
import functools
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import ansflow

ROOT = Path(ansflow.__file__).parent

# Each room, or file at the top, after all that it may import.
ROOMS = [
    {"errors", "extras", "arguments", "lazy", "extension_dtypes", "pool", "recycling"},
    {"buffers", "varints"},
    {"limits"},
    {"files"},
    {"kernels"},
    {"models"},
    {"coding"},
    {"transforms"},
    {"frame"},
    {"engine", "bitsback"},
    {"io"},
    {"inspect"},
    {"__init__"},
    {"cli", "integrations"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}

# The last rooms use what users can use.
PUBLIC = {
    "__init__",
    "errors",
    "extras",
    "limits",
    "models",
    "files",
    "io",
    "inspect",
    "bitsback",
    "cli",
}

MODULES = {
    ".".join(["ansflow", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in sorted(ROOT.rglob("*.py"))
}


def room(module):
    _, *rest = module.split(".")
    return rest[0] if rest else "__init__"


def imports(module):
    """The modules that a file imports, at its top, in a function, or for types alone."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@functools.cache
def own_imports(module):
    return {name for name in imports(module) if name.split(".")[0] == "ansflow"}


def test_imports_point_upwards():
    for module in MODULES:
        own = room(module)
        assert own in LEVEL, "a new room needs a place in the order"
        for other in map(room, own_imports(module)):
            assert other == own or LEVEL[other] < LEVEL[own], (module, other)
            if LEVEL[own] > LEVEL["__init__"]:
                assert other == own or other in PUBLIC, (module, other)


def test_no_imports_go_in_a_circle():
    # What a name is imported from counts, not the packages around it.
    TopologicalSorter({module: own_imports(module) for module in MODULES}).prepare()


def test_a_circle_would_be_seen():
    with pytest.raises(ValueError, match="cycle"):
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()
