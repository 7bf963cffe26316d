"""The directive ``tutorials``: scripts of the gallery by their names, with a picture of each."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from PIL import Image, ImageOps
from sphinx.application import Sphinx

# What belongs to the gallery, and in which order, is said in one place.
INDEX = Path(__file__).with_suffix(".rst")
NAMES = re.findall(r"^   (\w+)$", INDEX.read_text(), re.MULTILINE)


def place(path: str) -> int:
    """Of a script in the gallery; those that are not in it are asked for, too."""
    return [*NAMES, Path(path).stem].index(Path(path).stem)


class Tutorials(Directive):
    has_content = True

    def run(self) -> list[nodes.Node]:
        lines = [
            ".. minigallery::",
            *(f"   ../{name}.py" for name in self.content),
            "",
            ".. toctree::",
            "   :hidden:",
            "",
            *(f"   auto_examples/{name}" for name in self.content),
            "",
        ]
        self.state_machine.insert_input(lines, str(INDEX))
        return []


def fill_thumbnails(app: Sphinx) -> None:
    """With the upper left part of a figure, since the whole is too small to be read."""
    images = Path(app.srcdir, "auto_examples/images")
    wanted = re.compile("^# sphinx_gallery_thumbnail_number = (.*)$", re.MULTILINE)
    size = app.config.sphinx_gallery_conf["thumbnail_size"]
    for name in NAMES:
        number = wanted.search((INDEX.parents[1] / f"{name}.py").read_text())
        figure = images / f"sphx_glr_{name}_{int(number[1]) if number else 1:03}_2_00x.png"
        if figure.exists():  # or else, the script has failed
            with Image.open(figure) as whole:
                filled = ImageOps.fit(whole, size, centering=(0, 0))
                filled.save(images / f"thumb/sphx_glr_{name}_thumb.png")


def link_figures(_: Sphinx, __: str, ___: str, context: dict[str, Any], ____: Any) -> None:
    """Figures lead to themselves, to be enlarged on a small screen."""
    figure = r'<img[^>]* src="([^"]*)"[^>]* class\s*=\s*"sphx-glr-single-img"[^>]*>'
    context["body"] = re.sub(figure, r'<a href="\1">\g<0></a>', context.get("body", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("tutorials", Tutorials)
    app.connect("builder-inited", fill_thumbnails, priority=900)  # when scripts have run
    app.connect("html-page-context", link_figures)
    return {"parallel_read_safe": True}
