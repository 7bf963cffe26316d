"""asv's page, made to need no other host, and no server."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import shutil
import subprocess
from pathlib import Path

WEB = Path(__file__).parent / "web"

# By the name in the links of asv's page: the file of an npm package that is the same to the byte.
SAME = {
    "jquery-3.3.1.min.js": "jquery/dist/jquery.min.js",
    "jquery.flot.orderBars.js": "flot-orderbars/js/jquery.flot.orderBars.js",
    "md5.min.js": "blueimp-md5/js/md5.min.js",
    "bootstrap.min.js": "bootstrap/dist/js/bootstrap.min.js",
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
}
# Those whose package holds the same release in another form, or a later release only.
SIMILAR = {
    "jquery.flot.min.js": "flot/jquery.flot.js",
    "jquery.flot.time.min.js": "flot/jquery.flot.time.js",
    "jquery.flot.selection.min.js": "flot/jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "flot/jquery.flot.categories.js",
    "stupidtable.min.js": "stupid-table-plugin/stupidtable.min.js",
}
LINK = re.compile(r'<(?:script|link)\b[^>]*?\b(src|href)="(https://[^"]+)"[^>]*?(/?>)')
INTEGRITY = re.compile(r'integrity="(sha\d+)-([^"]+)"')
ASV_SCRIPT = '<script language="javascript" type="text/javascript"\n            src="asv.js">'
SCRIPTS = "from_disk.js", "points.js"  # ours, before asv's own
NARROW = """\
  <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="narrow.css">
  """
MENU = '<ul class="nav navbar-nav navbar-left">'
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]


class PackagesError(Exception):
    """npm is missing or has failed."""


def fetch_packages(folder: Path) -> Path:
    """The folder of the packages in the lock file, checked by npm with the hashes there."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(WEB / name, folder)
    try:
        subprocess.run(NPM, cwd=folder, check=True, capture_output=True, text=True, timeout=300)
    except FileNotFoundError:
        raise PackagesError("npm is not installed") from None
    except subprocess.TimeoutExpired:
        raise PackagesError("npm ci has taken longer than five minutes") from None
    except subprocess.CalledProcessError as failed:
        raise PackagesError(f"npm ci has failed:\n{failed.stderr}") from None
    return folder / "node_modules"


def check_integrity(file: Path, tag: str) -> None:
    stated = INTEGRITY.search(tag)
    if stated is None:
        return
    found = base64.b64encode(hashlib.new(stated[1], file.read_bytes()).digest()).decode()
    if found != stated[2]:
        raise ValueError(
            f"{file} is not what asv's page wants: its {stated[1]} is {found}, not {stated[2]}; "
            f"correct {WEB / 'package.json'}"
        )


def put_beside(page: str, packages: Path, out: Path) -> str:
    """asv's page with the scripts of other hosts in the folder ``vendor`` beside it."""
    vendor = out / "vendor"
    vendor.mkdir()

    def replace(link: re.Match[str]) -> str:
        attribute, url = link[1], link[2]
        name = url.rsplit("/", 1)[-1]
        file = SAME.get(name) or SIMILAR.get(name)
        if file is None:
            raise ValueError(
                f"asv's page loads {url}, for which no npm package is named in {__file__}"
            )
        if name in SAME:
            check_integrity(packages / file, link[0])
        shutil.copy(packages / file, vendor / name)
        if attribute == "href":
            return f'<link rel="stylesheet" href="vendor/{name}"{link[3]}'
        return f'<script src="vendor/{name}" onerror="js_load_failure()"{link[3]}'

    return LINK.sub(replace, page)


def add_own(page: str, out: Path, pages: str | None) -> str:
    """The page with what is ours, and beside each JSON file a script with its content."""
    for path in out.rglob("*.json"):
        script = path.with_name(path.name + ".js")
        script.write_text(f"hand_over({path.read_text('utf-8')});\n", "utf-8")
    for name in (*SCRIPTS, "narrow.css"):
        shutil.copy(WEB / name, out)
    if any(page.count(mark) != 1 for mark in (ASV_SCRIPT, "</head>", MENU)):
        raise ValueError("asv's page is another than expected")
    if pages is not None:
        link = f'<li><a href="{html.escape(pages)}">Pages</a></li>'
        page = page.replace(MENU, f"{MENU}\n        {link}")
    own = "".join(f'<script src="{name}"></script>\n    ' for name in SCRIPTS)
    page = page.replace(ASV_SCRIPT, own + ASV_SCRIPT)
    return page.replace("</head>", f"{NARROW}</head>")
