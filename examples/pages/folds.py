"""Regions of tutorials, folded: ``# region NAME`` up to ``# endregion``, as editors fold them, too.

So a reader sees the idea and the picture, and opens the lines that draw it by a click. Scripts and
notebooks that are downloaded have all of them.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

REGION = re.compile(r"^# region (.*)\n((?:.*\n)*?)# endregion$", re.MULTILINE)


def parts(code: nodes.literal_block) -> list[nodes.Node]:
    """A block of code, cut at its regions, which are shown where they are asked for."""
    # What is between regions, and of each region its name and its lines.
    texts = REGION.split(code.astext())
    found: list[nodes.Node] = []
    for i, text in enumerate(texts):
        if i % 3 == 1:
            opening = f'<details class="fold"><summary>{text}</summary>'
            found.append(nodes.raw("", opening, format="html"))
        elif text.strip():
            found.append(nodes.literal_block(text, text.strip("\n"), **code.attributes))
        if i % 3 == 2:
            found.append(nodes.raw("", "</details>", format="html"))
    return found


def fold(app: Sphinx, doctree: nodes.document) -> None:
    if app.env.docname.startswith("auto_examples/"):
        for code in list(doctree.findall(nodes.literal_block)):
            code.replace_self(parts(code))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-read", fold)
    return {"parallel_read_safe": True}
