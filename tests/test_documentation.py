"""Examples in docstrings and in the README do what they say."""

import doctest
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import ansflow

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(ansflow.__path__, "ansflow.")
    if not module.name.endswith("__main__")
)
ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted(ROOT.glob("examples/pages/**/*.md"))
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("ansflow/**/*.md"), *PAGES]


# By the package they are in; each alone that imports what may not be there.
TOGETHER = {}
for name in MODULES:
    package = name if ".integrations." in name else name.rpartition(".")[0]
    TOGETHER.setdefault(package, []).append(name)


@pytest.mark.parametrize("package", TOGETHER)
def test_docstrings(package):
    for name in TOGETHER[package]:
        if ".integrations." in name:
            module = pytest.importorskip(name)  # which imports what it is for
        else:
            module = importlib.import_module(name)
        assert module.__doc__, name
        # To look for examples in all docstrings takes long.
        if ">>>" in Path(module.__file__).read_text():
            assert doctest.testmod(module).failed == 0, name


PUBLIC = ["ansflow"] + [
    f"ansflow.{name}" for name in ("models", "transforms", "bitsback", "bitsback.nets")
]


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_an_example(name):
    module = importlib.import_module(name)
    public = {name: getattr(module, name) for name in module.__all__}
    kinds = {name: thing for name, thing in public.items() if callable(thing)}
    assert kinds
    assert [name for name, thing in kinds.items() if ">>>" not in (thing.__doc__ or "")] == []


def anchors(document):
    """What a link to a heading of a document ends with, by the rules of GitHub."""
    text = document.read_text()
    for included in re.findall(r"^```\{include\} (\S+)$", text, re.MULTILINE):
        text += (document.parent / included).read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(), flags=re.DOTALL)  # no code
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_each_example_is_a_tutorial():
    """Or trains a model, which takes hours."""
    listed = re.findall(r"^   (\w+)$", (ROOT / "examples/pages/tutorials.rst").read_text(), re.M)
    scripts = {path.stem for path in ROOT.glob("examples/*.py")}
    assert sorted(listed) == sorted(name for name in scripts if not name.startswith("train_"))


def test_printed_values(monkeypatch, tmp_path):
    """Examples run, and print what the comments behind them say, as far as any ``...``.

    Pages go on where the README, whose sections they begin with, has ended.
    """
    monkeypatch.chdir(tmp_path)  # and back, wherever the examples go
    names = {}
    examples, compared = run_examples(README, names)
    assert examples == 5
    for page in PAGES:
        counts = run_examples(page, dict(names))
        examples, compared = examples + counts[0], compared + counts[1]
    assert examples == 18
    assert compared == 19


def run_examples(document, names):
    """How many there are, and how many of the values that they print were compared."""
    text = document.read_text()
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    printed = {}

    def note(*values):
        line = sys._getframe(1).f_lineno
        printed[line] = " ".join(map(str, values))

    names["print"] = note
    for block in blocks:
        # So that lines are counted as in the document.
        before = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(before + block[1], str(document), "exec"), names)
    compared = 0
    for number, line in enumerate(text.splitlines(), 1):
        said = re.fullmatch(r"\s*print\(.*\)  # (.*)", line)
        if said is None:
            continue
        expected = said[1]
        compared += 1
        if expected.endswith("..."):
            assert printed[number].startswith(expected.removesuffix("...")), line
        else:
            assert printed[number] == expected, line
    return len(blocks), compared
