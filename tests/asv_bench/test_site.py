"""The dashboard: what is published, and that a browser shows it without any other host."""

import json
import os
import subprocess
import sys
from pathlib import Path

import chromium
import pytest

asv = pytest.importorskip("asv", reason="asv is not installed")

from dashboard import page, publish, saved  # noqa: E402 (imports asv)

SUITE = """
class Suite:
    params = [1, 2]

    def time_it(self, n):
        sum(range(n))

    def track_it(self, n):
        return n
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The site of the results in the repository."""
    out = tmp_path_factory.mktemp("site") / "out"
    publish.make(publish.ROOT / "results", out)
    return out


def results_of_a_run(folder, *options):
    """What asv saves of a small suite, in a repository with one commit."""
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks/__init__.py").write_text(SUITE)
    config = {"version": 1, "project": "small", "repo": ".", "environment_type": "existing"}
    (folder / "asv.conf.json").write_text(json.dumps(config | {"branches": ["main"]}))
    identity = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in NAMES}
    environment = os.environ | identity | {"HOME": str(folder)}

    def run(*command):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    run("git", "init", "--initial-branch", "main")
    run("git", "add", ".")
    run("git", "commit", "--message", "One")
    run(sys.executable, "-m", "asv", "machine", "--yes")
    run(
        *(sys.executable, "-m", "asv", "run", "--environment", f"existing:{sys.executable}"),
        *("--set-commit-hash", "HEAD", *options),
    )
    return folder / "results"


NAMES = ("NAME", "EMAIL")


@pytest.mark.parametrize("options", [(), ("--quick",)], ids=["saved", "quick"])
def test_results_of_quick_runs_are_never_published(tmp_path, options):
    attributes = ("--attribute", "warmup_time=0", "--attribute", "sample_time=0.0001")
    results = results_of_a_run(tmp_path, *attributes, *options)
    (machine,) = results.glob("*/machine.json")
    (run,) = {*machine.parent.iterdir()} - {machine}
    left_out = saved.copy_saved(results, tmp_path / "target")
    copied = {path.name for path in tmp_path.glob("target/*/*")}
    if options:
        assert (left_out, copied) == ([run], set())
    else:
        assert (left_out, copied) == ([], {"machine.json", run.name})


def test_commits_are_in_the_order_of_their_dates():
    commits = saved.SavedCommits(str(publish.ROOT / "results"), "")
    dates = [commits.get_date(commit) for commit in commits.commits]
    assert len(dates) > 1
    assert dates == sorted(dates)
    first, *_, last = commits.commits
    assert commits.get_hashes_from_range(commits.get_range_spec(first, last)) == commits.commits[1:]


def test_saved_results_name_no_path():
    """Results of an existing environment would tell where it lay."""
    for path in (publish.ROOT / "results").glob("*/*.json"):
        assert "existing" not in path.name
        assert str(Path.home()) not in path.read_text("utf-8")


def test_each_json_file_has_a_script_that_hands_it_over(published):
    files = sorted(published.rglob("*.json"))
    assert len(files) > 5
    for path in files:
        script = path.with_name(path.name + ".js").read_text("utf-8")
        begin, end = "hand_over(", ");\n"
        assert script.startswith(begin)
        assert script.endswith(end)
        content = json.loads(script[len(begin) : -len(end)])
        assert content == json.loads(path.read_text("utf-8"))


def test_a_page_that_wants_an_unknown_script_is_refused(tmp_path):
    html = '<script src="https://example.org/new.js"></script>'
    with pytest.raises(ValueError, match=r"loads https://example.org/new.js, for which no npm"):
        page.put_beside(html, tmp_path, tmp_path)


def test_a_script_of_another_content_is_refused(tmp_path):
    name, file = "md5.min.js", tmp_path / "blueimp-md5/js/md5.min.js"
    file.parent.mkdir(parents=True)
    file.write_text("something else")
    html = f'<script src="https://example.org/{name}" integrity="sha256-0000"></script>'
    with pytest.raises(ValueError, match="is not what asv's page wants"):
        page.put_beside(html, tmp_path, tmp_path)


def test_without_npm_the_page_keeps_its_links_and_a_warning_says_so(tmp_path, monkeypatch, capsys):
    def unpublished(results, out):
        out.mkdir()
        html = f'<head><script src="https://example.org/md5.min.js"></script>{page.ASV_SCRIPT}'
        (out / "index.html").write_text(f"{html}</script></head>{page.MENU}")
        return [Path("a.json")]

    monkeypatch.setattr(publish, "publish", unpublished)
    monkeypatch.setattr(page, "NPM", ["no-such-npm"])
    publish.make(tmp_path, tmp_path / "out", "../index.html")
    written = capsys.readouterr().err
    assert "a.json holds results of --quick and is left out" in written
    assert "npm is not installed\nThe page loads its scripts from other hosts" in written
    html = (tmp_path / "out/index.html").read_text()
    assert '"https://example.org/md5.min.js"' in html
    assert html.index("from_disk.js") < html.index("asv.js")
    assert html.endswith('<li><a href="../index.html">Pages</a></li>')


# How many canvases have a line or a bar: frames and grids are grey.
DRAWN = """[...document.querySelectorAll("canvas.flot-base")].filter(canvas => {
    const {width, height} = canvas;
    if (!width || !height) return false;
    const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
    for (let i = 0; i < data.length; i += 4)
        if (Math.abs(data[i] - data[i + 2]) > 40 && data[i + 3] > 100) return true;
    return false;
}).length"""


@pytest.mark.skipif(chromium.PROGRAM is None, reason="Debian's chromium is not installed")
def test_graphs_are_shown_offline(published, tmp_path):
    if not (published / "vendor").exists():
        pytest.skip("npm packages cannot be fetched here")
    name = min(json.loads((published / "index.json").read_text())["benchmarks"])
    address = (published / "index.html").as_uri()
    with chromium.Browser(tmp_path) as browser:
        browser.open(address)
        browser.wait_for(f"{DRAWN} > 3")  # small graphs, of several benchmarks
        browser.open(f"{address}#{name}")
        browser.wait_for("document.querySelectorAll('#main-graph .flot-tick-label').length > 2")
        assert browser.evaluate(DRAWN) >= 1
        browser.open(f"{address}#/summarylist")
        browser.wait_for(
            f"document.querySelector('#summarylist-body').innerText.includes('{name}')"
        )
        browser.open(f"{address}#/regressions")
        browser.wait_for("document.querySelector('#regressions-body').innerText.includes('Factor')")
        assert browser.errors == []
        assert {url.split(":")[0] for url in browser.urls} <= {"file", "data", "about"}
        assert len(browser.urls) > 20
