"""Papers that are cited by their numbers, in docstrings, scripts and documents, become links."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PAPER = re.compile(r"(arXiv:\d{4}\.\d{4,5}|doi:10\.\d+/[^\s()]*[\w])")
ADDRESSES = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}


def link_papers(_: Sphinx, doctree: nodes.document) -> None:
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.FixedTextElement | nodes.literal | nodes.reference):
            continue
        pieces = PAPER.split(text)  # numbers at odd places
        if len(pieces) > 1:
            text.parent.replace(text, [linked(piece) for piece in pieces if piece])


def linked(piece: str) -> nodes.Node:
    if not PAPER.fullmatch(piece):
        return nodes.Text(piece)
    kind, number = piece.split(":", 1)
    return nodes.reference("", piece, refuri=ADDRESSES[kind] + number)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", link_papers)
    return {"parallel_read_safe": True}
