"""The remains of one damaged frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from ansflow.files.foreign import read_at
from ansflow.frame import constants
from ansflow.frame.head import Head
from ansflow.frame.header import Header

__all__ = ["Remains"]


@dataclass
class Remains:
    """The remains of one damaged frame.

    Parameters
    ----------
    header : Header
    found : dict of int to int
        Position in the file of the body of each chunk, by number.
    broken : set of int
        The found chunks whose body is known to be damaged.
    known : list of bytes
        The heads in the index, if it is valid.
    chunks : int or None
        The number of chunks that the frame had; None if its end is missing.
    damaged : bool
        Whether anything apart from bodies is damaged.
    orphans : bool
        Whether bytes before or after the frame belong to no frame, so that content may be lost.
    """

    header: Header
    found: dict[int, int] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    known: list[bytes] = field(default_factory=list)
    chunks: int | None = None
    damaged: bool = False
    orphans: bool = False

    def head(self, file: BinaryIO, number: int) -> Head | None:
        """The head of a chunk, from the index or the file; None if it is unknown."""
        if self.header.only is not None:
            return self.header.only
        if number < len(self.known):
            raw = self.known[number]
        elif number in self.found:
            raw = read_at(file, self.found[number] - constants.HEAD.size, constants.HEAD.size)
        else:
            return None
        return Head.of(raw)
