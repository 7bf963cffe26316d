"""What a forked process has of its parent's files: their locks, which other threads may hold."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Renewed", "renew_in_children"]


class Renewed(Protocol):
    """What has locks, or threads at work."""

    def renew(self) -> None:
        """Forget all threads but the present one, which is in no method of the object."""


_KNOWN: weakref.WeakSet[Renewed] = weakref.WeakSet()


def renew_in_children(thing: Renewed) -> None:
    """Have something renewed in each process that is forked, before anything else runs there."""
    _KNOWN.add(thing)


def _renew_all() -> None:
    for thing in list(_KNOWN):
        thing.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
