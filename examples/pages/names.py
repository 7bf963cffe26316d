"""What names in docstrings lead to: parameters to nothing, short names to what ansflow exports.

Docstrings are read in an editor, too, so that they say `precision` and `ModelError`, where Sphinx
wants to know whose. With this, all others have to lead somewhere, and a warning says so.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

MODULES = [
    "ansflow",
    *(f"ansflow.{room}" for room in ("models", "transforms", "bitsback", "errors")),
    "ansflow.integrations.zarr",
]
LISTED = re.compile(r"^ *(\w+(?:, \w+)*) : ", re.MULTILINE)  # by numpydoc's sections


def own_names(thing: object) -> Iterator[str]:
    """Parameters and attributes of a function or class."""
    for names in LISTED.findall(inspect.getdoc(thing) or ""):
        yield from names.split(", ")
    with suppress(TypeError, ValueError):  # neither function nor class
        yield from inspect.signature(thing).parameters


def around(name: str) -> Iterator[object]:
    """The class of a method, by the method's full name."""
    module, _, owner = name.rpartition(".")[0].rpartition(".")
    if owner[:1].isupper():
        yield getattr(importlib.import_module(module), owner)


def mark_names(_: Sphinx, __: str, name: str, thing: object, ___: Any, lines: list[str]) -> None:
    """Parameters and attributes, of a method also those of its class, are no links."""
    names = {each for it in (thing, *around(name)) for each in own_names(it)}

    def mark(found: re.Match[str]) -> str:
        return f"``{found[1]}``" if found[1] in names else found[0]

    lines[:] = [re.sub(r"(?<!`)`(\w+)`(?!`)", mark, line) for line in lines]


def find_export(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """What one of the public modules exports under the name."""
    if node.get("refdomain") != "py":
        return None
    python = env.get_domain("py")
    for module in MODULES:
        target = f"{module}.{node['reftarget']}"
        found = python.resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], target, node, content
        )
        if found is not None:
            return found
    return None


def show_public_bases(_: Sphinx, __: str, ___: object, ____: Any, bases: list[type]) -> None:
    """Instead of a base that is not exported, its own ones."""
    bases[:] = dict.fromkeys(public for base in bases for public in public_bases(base))


def public_bases(base: Any) -> Iterator[type]:
    if getattr(base, "__module__", "").partition(".")[0] != "ansflow" or any(
        getattr(importlib.import_module(module), base.__name__, None) is base for module in MODULES
    ):
        yield base
    else:
        for above in base.__bases__:
            yield from public_bases(above)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", mark_names, priority=400)  # before numpydoc
    app.connect("autodoc-process-bases", show_public_bases)
    app.connect("missing-reference", find_export)
    return {"parallel_read_safe": True}
