"""The dashboard takes the place of the page that says how to get it, if it can be had."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("sphinx")
PAGES = Path(__file__).parents[2] / "examples/pages"
# Instead of `python -m benchmarks.site OUT --pages URL`.
MAKES_A_SITE = """#!{python}
import sys
from pathlib import Path

made = Path(sys.argv[3])
(made / "vendor").mkdir(parents=True)
(made / "index.html").write_text(" ".join(sys.argv[1:3] + sys.argv[4:]))
"""
WITHOUT_SCRIPTS = MAKES_A_SITE.replace('/ "vendor"', '/ "graphs"')
FAILS = "#!{python}\nraise SystemExit('No module named asv')"


@pytest.mark.parametrize(
    ("program", "failed", "expected"),
    [
        (MAKES_A_SITE, None, "-m benchmarks.site --pages ../index.html"),
        (MAKES_A_SITE, RuntimeError("a page could not be written"), "how to get it"),
        (WITHOUT_SCRIPTS, None, "how to get it"),
        (FAILS, None, "how to get it"),
    ],
)
def test_what_is_at_its_place(program, failed, expected, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(PAGES)
    dashboard_page = importlib.import_module("dashboard_page")
    place = tmp_path / "out/benchmarks/index.html"
    place.parent.mkdir(parents=True)
    place.write_text("how to get it")
    fake = tmp_path / "python"
    fake.write_text(program.format(python=sys.executable))
    fake.chmod(0o755)
    monkeypatch.setattr(dashboard_page.sys, "executable", str(fake))
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path / "out")
    dashboard_page.put_in_place(app, failed)
    assert place.read_text() == expected
