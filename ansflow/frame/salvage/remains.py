"""What is left of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansflow.frame.head import Head
from ansflow.frame.header import Header

__all__ = ["Remains"]


@dataclass
class Remains:
    """What is left of one frame.

    Parameters
    ----------
    header : Header
    found : dict of int to (int, Head)
        By number, where in the file the payload of a block is, and what its head says.
    known : list of Head
        Those from the index, if there is one.
    blocks : int or None
        How many there were; None if the end is missing.
    damaged : bool
        Whether anything is wrong but payloads, or bytes lay around that belong to nothing.
    """

    header: Header
    found: dict[int, tuple[int, Head]] = field(default_factory=dict)
    known: list[Head] = field(default_factory=list)
    blocks: int | None = None
    damaged: bool = False
