"""Each link within the pages leads to a page, and to a place in it.

``ANSFLOW_PAGES`` names the folder that ``python -m sphinx`` has written.
"""

import functools
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

FOLDER = os.environ.get("ANSFLOW_PAGES")
DASHBOARD = "benchmarks"  # its anchors are names of benchmarks, which a script reads

pytestmark = pytest.mark.skipif(FOLDER is None, reason="ANSFLOW_PAGES names no built pages")


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.names = set(), set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.names |= {found.get("id"), found.get("name")}
        self.links |= {found.get("href"), found.get("src")} - {None}


read = functools.cache(Page)


def test_links_lead_somewhere():
    root = Path(FOLDER).resolve()
    pages = sorted(root.rglob("*.html"))
    assert len(pages) > 100
    broken = []
    for page in pages:
        for link in read(page).links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (page.parent / unquote(url.path)).resolve() if url.path else page
            anchor = unquote(url.fragment)
            if not target.is_file() or (
                anchor
                and target.suffix == ".html"
                and target.parent.name != DASHBOARD
                and anchor not in read(target).names
            ):
                broken.append((page.relative_to(root).as_posix(), link))
    assert broken == []
