"""How many threads there may be: cores that this process may keep busy."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from pathlib import Path

from ansflow.arguments import integer

__all__ = ["available_cores", "checked_threads"]


def checked_threads(threads: int | None) -> int:
    """The number of threads that a caller asks for; None asks for one per core."""
    if threads is None:
        return available_cores()
    return integer(threads, "threads", 1)


def available_cores() -> int:
    """Cores that this process may keep busy, which a container may limit."""
    cores: int | None
    if sys.version_info >= (3, 13):
        cores = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count()
    return max(1, math.ceil(min(cores or 1, cgroup_quota(Path("/")))))


@cache
def cgroup_quota(root: Path) -> float:
    """Cores' worth of time that the control groups of this process may use.

    Infinite where nothing sets a limit. Read once: it takes longer than to compress a small
    message. `root` is where the file system begins.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return math.inf
    quota = math.inf
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        # A group gets no more than those around it. A container may see the path as the host
        # names it but its own group as the root: what isn't there sets no limit.
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
            if len(limit) == 2 and min(limit) > 0:  # no limit is "max", or -1 in version 1
                quota = min(quota, limit[0] / limit[1])
    return quota


def _read_numbers(path: Path) -> list[int]:
    try:
        return [int(word) for word in path.read_text().split()]
    except (OSError, ValueError):
        return []
