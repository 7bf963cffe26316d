"""What is left of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from ansflow.files.foreign import read_at
from ansflow.frame import layout
from ansflow.frame.head import Head
from ansflow.frame.header import Header

__all__ = ["Remains"]


@dataclass
class Remains:
    """What is left of one frame.

    Parameters
    ----------
    header : Header
    found : dict of int to int
        By number, where in the file the body of a chunk is.
    broken : set of int
        Those of them whose body is known to be damaged.
    known : list of bytes
        Heads from the index, if there is one.
    chunks : int or None
        How many there were; None if the end is missing.
    damaged : bool
        Whether anything is wrong but bodies.
    orphans : bool
        Whether bytes before or behind belong to nothing: there may have been content.
    """

    header: Header
    found: dict[int, int] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    known: list[bytes] = field(default_factory=list)
    chunks: int | None = None
    damaged: bool = False
    orphans: bool = False

    def head(self, file: BinaryIO, number: int) -> Head | None:
        """What is said of a chunk, by the index or before its body; None if nothing is."""
        if number < len(self.known):
            raw = self.known[number]
        elif number in self.found:
            raw = read_at(file, self.found[number] - layout.HEAD.size, layout.HEAD.size)
        else:
            return None
        return Head(*layout.HEAD.unpack(raw)[1:-1])
