"""Commits of this repository, and processes that run their code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[1]


class Failed(Exception):  # noqa: N818 (no error: a commit may lack what a benchmark needs)
    """Why a benchmark cannot be run with a commit."""


def export(commit: str, folder: Path) -> str:
    """Write the package as it is at a commit; its full hash. ValueError if there is no such commit.

    That is all there is to build: the kernels are compiled when they are first called.
    """
    name = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"]
    found = subprocess.run(name, cwd=BENCHMARKS, capture_output=True, text=True)
    if found.returncode:
        raise ValueError(f"there is no commit {commit!r}")
    full = found.stdout.strip()
    tar = subprocess.run(
        ["git", "archive", "--format=tar", full, "ansflow"],
        cwd=BENCHMARKS.parent,
        check=True,
        capture_output=True,
    )
    with tarfile.open(fileobj=io.BytesIO(tar.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return full


class Child:
    """A process with the package of `folder` and today's benchmarks, which does as it is told."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        environment = os.environ | {
            "PYTHONPATH": str(folder),
            "NUMBA_CACHE_DIR": str(folder / "kernels"),
        }
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "comparing.child"],
            cwd=BENCHMARKS,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        where = self.ask("where")
        if not Path(where).is_relative_to(folder.resolve()):
            raise RuntimeError(f"{where} was imported instead of the package in {folder}")

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def ask(self, what: str, *arguments: Any) -> Any:
        """The answer of a function in `child`; Failed if it fails, or the process ends."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps([what, *arguments]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # what it has written to stderr is read below
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            lines = self.errors.read().decode(errors="replace").strip().splitlines()
            raise Failed(f"{self.name}: " + (lines[-1] if lines else "its process has ended"))
        answer = json.loads(line)
        if "failed" in answer:
            raise Failed(f"{self.name}: {answer['failed']}")
        return answer["answer"]

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None
