"""Which results of asv are saved, and their commits: what the site shows."""

from __future__ import annotations

import shutil
from pathlib import Path

from asv.repo import Repo
from asv.results import Results, iter_results

REPOSITORY = "saved results"


class SavedCommits(Repo):
    """The commits that results were saved for, in the order of their dates, as one branch.

    asv finds this class by `dvcs`. So a site can also be made where the history is not: in a
    shallow clone, or from an archive of the sources.
    """

    dvcs = REPOSITORY

    def __init__(self, folder: str, _mirror: str) -> None:
        self.dates = {result.commit_hash: result.date for result in iter_results(folder)}
        self.commits = sorted(self.dates, key=lambda commit: (self.dates[commit], commit))

    @classmethod
    def url_match(cls, url: str) -> bool:
        return False  # only where it is asked for by name

    def pull(self) -> None:
        pass

    def get_tags(self) -> dict[str, str]:
        return {}

    def get_date(self, commit: str) -> int:
        return self.dates[commit]

    def get_revisions(self, commits: set[str]) -> dict[str, int]:
        return {commit: number for number, commit in enumerate(self.commits)}

    def get_branch_commits(self, branch: str) -> list[str]:
        return self.commits[::-1]

    def get_name_from_hash(self, commit: str) -> None:
        return None

    def get_range_spec(self, old: str, new: str) -> str:
        return f"{old}..{new}"

    def get_hashes_from_range(self, spec: str) -> list[str]:
        old, new = map(self.commits.index, spec.split(".."))
        return self.commits[old + 1 : new + 1]


def is_quick(path: Path) -> bool:
    """Whether a file holds anything that was timed once only, as ``asv run --quick`` does it.

    Other runs time at least twice: asv runs each benchmark in two rounds by default. asv saves
    quick runs if it is told the commit by ``--set-commit-hash``, and does not mark them.
    """
    results = Results.load(str(path))
    for name in results.get_all_result_keys():
        stats = results.get_result_stats(name, results.get_result_params(name))
        if any(each is not None and each.get("repeat") == 1 for each in stats):
            return True
    return False


def copy_saved(results: Path, target: Path) -> list[Path]:
    """Copy what was saved, but no file that holds results of ``--quick``; these are returned."""
    left_out = []
    for machine in sorted(results.glob("*/machine.json")):
        runs = sorted({*machine.parent.glob("*.json")} - {machine})
        quick = [path for path in runs if is_quick(path)]
        left_out += quick
        kept = [path for path in runs if path not in quick]
        if kept:
            folder = target / machine.parent.name
            folder.mkdir(parents=True)
            for path in (machine, *kept):
                shutil.copy(path, folder)
    return left_out
