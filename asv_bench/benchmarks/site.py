"""The dashboard: ``python -m benchmarks.site OUT`` (in asv_bench).

Publishes the results that were saved, those in ``results`` unless ``--results`` says otherwise,
with asv. OUT/index.html can be opened from a disk, or served as it is, and needs no other host: the
scripts that asv's page loads from elsewhere are put beside it. They come from npm packages, whose
hashes are in page/package-lock.json. Where npm is not installed or cannot fetch them, the page
keeps its links to other hosts, and a warning says so.

Results of ``asv run --quick`` are left out.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from asv.benchmarks import Benchmarks
from asv.commands.publish import Publish
from asv.config import Config
from asv.environment import get_environments
from asv.repo import NoRepository
from asv.results import iter_results

from .saved import REPOSITORY, copy_saved

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "page"

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
NARROW = """\
  <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="narrow.css">
  """
NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]


class PackagesError(Exception):
    """npm is missing or has failed."""


def publish(results: Path, out: Path) -> list[Path]:
    """Write asv's site; the files of results that are left out."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "results")
        quick = copy_saved(results, saved)
        config = Config.load(str(ROOT / "asv.conf.json"))
        config.benchmark_dir = str(ROOT / config.benchmark_dir)
        config.results_dir, config.html_dir = str(saved), str(out)
        environments = get_environments(config, ["existing:same"])
        found = Benchmarks.discover(config, NoRepository(), list(environments), [None])
        # Without these, the page would ask for graphs of benchmarks that nothing is saved of.
        known = {
            key for result in iter_results(str(saved)) for key in result.get_result_keys(found)
        }
        Benchmarks(config, [found[key] for key in known]).save()
        config.repo, config.dvcs = str(saved), REPOSITORY
        Publish.run(config, pull=False)
    return quick


def fetch_packages(folder: Path) -> Path:
    """The folder of the packages in the lock file, checked by npm with the hashes there."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PAGE / name, folder)
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
            f"correct {PAGE / 'package.json'}"
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


def add_own(page: str, out: Path) -> str:
    """The page with what is ours, and beside each JSON file a script with its content."""
    for path in out.rglob("*.json"):
        script = path.with_name(path.name + ".js")
        script.write_text(f"hand_over({path.read_text('utf-8')});\n", "utf-8")
    for name in ("from_disk.js", "narrow.css"):
        shutil.copy(PAGE / name, out)
    if page.count(ASV_SCRIPT) != 1 or page.count("</head>") != 1:
        raise ValueError("asv's page is another than expected")
    page = page.replace(ASV_SCRIPT, f'<script src="from_disk.js"></script>\n    {ASV_SCRIPT}')
    return page.replace("</head>", f"{NARROW}</head>")


def make(results: Path, out: Path) -> None:
    """Make the whole site."""
    for path in publish(results, out):
        print(f"{path} holds results of --quick and is left out", file=sys.stderr)
    page = (out / "index.html").read_text("utf-8")
    try:
        with tempfile.TemporaryDirectory() as folder:
            page = put_beside(page, fetch_packages(Path(folder)), out)
    except PackagesError as reason:
        print(f"{reason}\nThe page loads its scripts from other hosts.", file=sys.stderr)
    (out / "index.html").write_text(add_own(page, out), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder of the site, which is written anew")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="of asv")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / "from_disk.js").exists():
        parser.error(f"{out} holds something else than a site of benchmarks")
    if not any(arguments.results.glob("*/machine.json")):
        parser.error(f"there are no results in {arguments.results}; `asv run` saves them there")
    make(arguments.results, out)
    print(f"Open {out / 'index.html'}")


if __name__ == "__main__":
    main()
