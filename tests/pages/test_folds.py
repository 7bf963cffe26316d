"""Regions of tutorials, which pages fold."""

import importlib
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TUTORIALS = re.findall(r"^   (\w+)$", (EXAMPLES / "pages/tutorials.rst").read_text(), re.MULTILINE)
# A reader should see the idea, and the picture.
MOST_LINES = 50


@pytest.fixture
def folds(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(EXAMPLES / "pages")
    return importlib.import_module("folds")


@pytest.mark.parametrize("name", TUTORIALS)
def test_regions_are_whole_and_what_is_left_is_short(name, folds):
    for cell in re.split("^# %%.*$", (EXAMPLES / f"{name}.py").read_text(), flags=re.MULTILINE):
        left = folds.REGION.sub("", cell)
        assert re.findall(r"^# (?:region|endregion)\b", left, re.MULTILINE) == []
        code = [line for line in left.splitlines() if line and not line.startswith("#")]
        assert len(code) <= MOST_LINES


def test_parts_of_a_block(folds):
    nodes = pytest.importorskip("docutils.nodes")
    text = "x = 1\n\n# region Drawing\ndraw(x)\n# endregion\n\ny = 2"
    block = nodes.literal_block(text, text, language="Python")
    found = folds.parts(block)
    assert [part.astext() for part in found] == [
        "x = 1",
        '<details class="fold"><summary>Drawing</summary>',
        "draw(x)",
        "</details>",
        "y = 2",
    ]
    assert [part.get("language") for part in found[::2]] == ["Python"] * 3
