"""Imports point one way: a room imports only from rooms before it."""

import ast
from pathlib import Path

import pytest

import ansflow

ROOT = Path(ansflow.__file__).parent

ROOMS = [
    {"errors", "arguments", "lazy"},
    {"buffers"},
    {"limits"},
    {"foreign_files", "exact_cast", "part_file", "npy_header"},
    {"atomic"},
    {"kernels"},
    {"models"},
    {"coding"},
    {"bitsback"},
    {"transforms"},
    {"frame"},
    {"engine"},
    {"stream", "api", "recover"},
    {"file_reader", "describe", "npy"},
    {"file_writer"},
    {"file", "arrays", "transfer"},
    {"__init__"},
    {"demo", "warmup"},
    {"cli", "integrations"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(ROOMS) for name in names}

# The last rooms use what users can use.
PUBLIC = {"__init__", "errors", "limits", "models", "atomic", "describe", "transfer", "npy"}
PUBLIC |= {"bitsback", "demo", "warmup", "cli"}

MODULES = sorted(ROOT.rglob("*.py"))


def room(parts):
    return parts[0] if parts else "__init__"


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "ansflow":
                names = [f"ansflow.{alias.name}" for alias in node.names]
            else:
                names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, *rest = name.split(".")
            if first == "ansflow":
                found = room(rest)
                # ``from ansflow import encode`` imports from the package itself.
                yield found if found in LEVEL else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_upwards(path):
    relative = path.relative_to(ROOT).with_suffix("")
    own = room(relative.parts)
    assert own in LEVEL, "a new room needs a place in the order"
    for other in imported_rooms(path):
        assert other == own or LEVEL[other] < LEVEL[own]
        if LEVEL[own] > LEVEL["__init__"]:
            assert other in PUBLIC
