"""The number of threads: by default, the number of cores that this process may use."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from pathlib import Path

from ansflow.arguments import integer

__all__ = ["available_cores", "checked_threads"]

ROOT = Path("/")  # of the file system: made once, since that takes longer than to use it


def checked_threads(threads: int | None) -> int:
    """Return the argument `threads` after checking it; None means one thread per core."""
    if threads is None:
        return available_cores()
    return integer(threads, "threads", 1)


def available_cores() -> int:
    """The number of cores that this process may use, which a container may limit."""
    cores: int | None
    if sys.version_info >= (3, 13):
        cores = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count()
    return max(1, math.ceil(min(cores or 1, cgroup_quota(ROOT))))


@cache
def cgroup_quota(root: Path) -> float:
    """The CPU time that the control groups of this process may use, in cores.

    Infinite without a limit. The result is cached, since reading it takes longer than compressing
    a small message. `root` is the root of the file system.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return math.inf
    quota = math.inf
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        # The limits of the enclosing groups apply, too. A container may see the path as the host
        # names it, with its own group mounted as the root: paths that do not exist are skipped.
        group = Path(path.lstrip("/"))
        for inner in (group, *group.parents):
            if not controllers:
                limit = _read_numbers(root / "sys/fs/cgroup" / inner / "cpu.max")
            elif "cpu" in controllers.split(","):
                directory = root / "sys/fs/cgroup/cpu" / inner
                limit = _read_numbers(directory / "cpu.cfs_quota_us")
                limit += _read_numbers(directory / "cpu.cfs_period_us")
            else:
                continue
            if len(limit) == 2 and min(limit) > 0:  # unlimited: "max", or -1 in version 1
                quota = min(quota, limit[0] / limit[1])
    return quota


def _read_numbers(path: Path) -> list[int]:
    try:
        return [int(word) for word in path.read_text().split()]
    except (OSError, ValueError):
        return []
