"""The pages as they are built, in a browser: nothing is fetched, nothing fails, nothing sticks out.

Building them runs the tutorials, so that is left to who has done it: ``ANSFLOW_PAGES`` names the
folder that ``python -m sphinx`` has written.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from chromium import PROGRAM, Browser

FOLDER = os.environ.get("ANSFLOW_PAGES")
WIDTHS = [1280, 390]
# Pictures that could not be loaded.
BROKEN = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
# Elements that are wider than the window, and aren't in a box of their own that can be scrolled.
STICKS_OUT = """
(() => {
  const wide = element => element.getBoundingClientRect().right > innerWidth + 1;
  const scrolls = element => element !== null && element !== document.body && (
    /auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX)
    || scrolls(element.parentElement));
  return [...document.querySelectorAll("article *")]
    .filter(element => wide(element) && !scrolls(element))
    .map(element => element.outerHTML.slice(0, 80));
})()
"""

pytestmark = [
    pytest.mark.skipif(FOLDER is None, reason="ANSFLOW_PAGES names no folder of built pages"),
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed: apt install chromium"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def visit(browser, page):
    where = page.resolve()
    browser.open(where.as_uri())
    browser.wait_for(f"location.pathname == {str(where)!r} && document.readyState == 'complete'")


def test_each_page(browser):
    pages = [page for page in Path(FOLDER).glob("**/*.html") if "_modules" not in page.parts]
    assert len(pages) > 100
    for page in pages:
        visit(browser, page)
        assert browser.errors == [], page
        elsewhere = [url for url in browser.urls if not url.startswith(("file:", "data:"))]
        assert elsewhere == [], page
        assert browser.evaluate(BROKEN) == [], page
        for width in WIDTHS:
            browser.resize(width, 800)
            assert browser.evaluate(STICKS_OUT) == [], (page, width)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width, (page, width)


def test_search_finds_a_function(browser):
    browser.open((Path(FOLDER) / "search.html").resolve().as_uri() + "?q=compress")
    assert browser.wait_for("document.querySelectorAll('#search-results li').length > 3")
    assert browser.errors == []


def test_the_dashboard_is_one_of_the_pages(browser):
    """Or else, without asv or its scripts, a page that says how to get it."""
    visit(browser, Path(FOLDER) / "guide/measurements.html")
    dashboard = browser.evaluate("document.querySelector('article a[href*=benchmarks]').href")
    visit(browser, Path(url2pathname(urlsplit(dashboard).path)))
    if (Path(FOLDER) / "benchmarks/vendor").exists():
        browser.wait_for("document.querySelectorAll('canvas.flot-base').length > 3")
        assert browser.errors == []
    home = browser.evaluate("document.querySelector('a[href=\"../index.html\"]').href")
    assert home == (Path(FOLDER).resolve() / "index.html").as_uri()
