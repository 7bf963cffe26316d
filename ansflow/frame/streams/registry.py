"""All kinds of streams, by the codes that heads are written with."""

from __future__ import annotations

from ansflow.errors import UnsupportedError
from ansflow.frame.streams.adaptive import Adaptive
from ansflow.frame.streams.coded import Coded
from ansflow.frame.streams.constant import Constant
from ansflow.frame.streams.contexts import Contexts
from ansflow.frame.streams.kind import Kind, TriedKind
from ansflow.frame.streams.modelled import Modelled
from ansflow.frame.streams.neighbours import Neighbours
from ansflow.frame.streams.row_classes import RowClasses
from ansflow.frame.streams.shared import Shared
from ansflow.frame.streams.stored import Stored

__all__ = ["CONSTANT", "KINDS", "STORED", "TRIED", "by_code"]

STORED, CONSTANT = Stored(), Constant()

# Those that are tried, in this order: of two equally small ones, the first is taken.
TRIED: tuple[TriedKind, ...] = (
    Coded(),
    Shared(),
    Contexts(),
    Modelled(),
    Neighbours(),
    RowClasses(),
    Adaptive(),
)

KINDS: tuple[Kind, ...] = (STORED, CONSTANT, *TRIED)

_by_code = {kind.code: kind for kind in KINDS}


def by_code(code: int) -> Kind:
    """The kind of that code; UnsupportedError if this release does not know it."""
    try:
        return _by_code[code]
    except KeyError:
        raise UnsupportedError(
            f"a stream is of the kind {code}, which this release does not know"
        ) from None
