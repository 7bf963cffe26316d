"""Links in documents that pages include: to the page that has what they lead to, or to GitHub.

The README and the format documents are read in the repository, too, so that their links are paths
in it. Pages include them, whole or section by section, and rewrite these links while they do.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from tutorials import NAMES

PAGES = Path(__file__).parent
ROOT = PAGES.parents[1]
SOURCE = "https://github.com/ansflow/ansflow/blob/main/"

INCLUDE = re.compile(r"^```\{include\} (?P<path>\S+)\n(?P<options>(?::.*\n)*)```$", re.MULTILINE)
# Links, and what looks like them but is code.
CODE_OR_LINK = re.compile(
    r"^```.*?^```|(?P<label>\[(?:[^\[\]`]|`[^`]*`)*\])\((?P<target>[^)\s]+)\)|`[^`\n]+`",
    re.MULTILINE | re.DOTALL,
)


def anchor(heading: str) -> str:
    """What a link to a heading ends with, by the rules of GitHub."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def inclusions() -> Iterator[tuple[str, Path, str, str]]:
    """Of all pages: page, document, the heading before what is included, and what is."""
    for page in sorted(PAGES.glob("**/*.md")):
        for match in INCLUDE.finditer(page.read_text()):
            path = (page.parent / match["path"]).resolve()
            options = dict(re.findall(r":([\w-]+): \"(.*)\"", match["options"]))
            text = path.read_text()
            before = options.get("start-after", "")
            text = text[text.index(before) + len(before) :]
            if "end-before" in options:
                text = text[: text.index(options["end-before"])]
            yield "/" + page.relative_to(PAGES).as_posix(), path, before, text


def places() -> dict[tuple[Path, str], str]:
    """Links to pages by documents and anchors, the empty anchor for what is included whole."""
    found = {}
    for page, path, before, text in inclusions():
        if before:
            found[path, anchor(before.lstrip("# "))] = page
        else:
            found[path, ""] = page
        for heading in re.findall(r"^##+ (.*)$", text, re.MULTILINE):
            found[path, anchor(heading)] = f"{page}#{anchor(heading)}"
    return found


def rewritten(text: str, document: Path, links: dict[tuple[Path, str], str]) -> str:
    """The text of a document, with links that lead somewhere from any page."""

    def rewrite(match: re.Match[str]) -> str:
        target = match["target"]
        if target is None or target.startswith("https://"):
            return match[0]
        name, _, fragment = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if link := links.get((path, fragment)):
            pass
        elif path.is_relative_to(PAGES):
            link = "/" + path.relative_to(PAGES).as_posix() + (fragment and f"#{fragment}")
        elif path.parent == PAGES.parent and path.stem in NAMES:
            link = f"/auto_examples/{path.stem}.rst"
        else:
            link = SOURCE + path.relative_to(ROOT).as_posix() + (fragment and f"#{fragment}")
        return f"{match['label']}({link})"

    return CODE_OR_LINK.sub(rewrite, text)


def setup(app: Sphinx) -> dict[str, Any]:
    links = places()

    def rewrite(path: Path, content: list[str]) -> None:
        if path.suffix == ".md":
            content[0] = rewritten(content[0], path, links)

    app.connect("source-read", lambda _, name, content: rewrite(app.env.doc2path(name), content))
    app.connect(
        "include-read", lambda _, path, __, content: rewrite((PAGES / path).resolve(), content)
    )
    return {"parallel_read_safe": True}
