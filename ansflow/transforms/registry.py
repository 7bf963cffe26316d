"""All transforms, by the ids that recipes are written with."""

from __future__ import annotations

from ansflow.errors import UnsupportedError
from ansflow.transforms.affine import Affine
from ansflow.transforms.bins import Bins
from ansflow.transforms.columns import Columns
from ansflow.transforms.decimal import Decimal
from ansflow.transforms.delta import Delta
from ansflow.transforms.dict import Dict
from ansflow.transforms.digits import Digits
from ansflow.transforms.fields import Fields
from ansflow.transforms.groups import Groups
from ansflow.transforms.item_bytes import ItemBytes
from ansflow.transforms.items import Items
from ansflow.transforms.join import Join
from ansflow.transforms.lin import Lin
from ansflow.transforms.log import Log
from ansflow.transforms.lookback import Lookback
from ansflow.transforms.lpc import Lpc
from ansflow.transforms.mask import Mask
from ansflow.transforms.ordered import Ordered
from ansflow.transforms.period import Period
from ansflow.transforms.planes import Planes
from ansflow.transforms.ramp import Ramp
from ansflow.transforms.runs import Runs
from ansflow.transforms.sparse import Sparse
from ansflow.transforms.stencil import Stencil
from ansflow.transforms.transform import Transform

__all__ = ["BYTES", "PLANES", "by_id", "by_name"]

PLANES, BYTES = Planes(), ItemBytes()

ALL: tuple[Transform, ...] = (
    PLANES,
    BYTES,
    Ordered(),
    Delta(),
    Log(),
    Lin(),
    Decimal(),
    Affine(),
    Dict(),
    Mask(),
    Fields(),
    Columns(),
    Runs(),
    Items(),
    Ramp(),
    Lpc(),
    Sparse(),
    Stencil(),
    Period(),
    Bins(),
    Lookback(),
    Digits(),
    Join(),
    Groups(),
)

_by_id = {transform.id: transform for transform in ALL}
_by_name = {transform.name: transform for transform in _by_id.values()}


def by_id(number: int) -> Transform:
    """The transform with an id of FORMAT.md; UnsupportedError if it is not known."""
    try:
        return _by_id[number]
    except KeyError:
        raise UnsupportedError(
            f"the recipe has a transform with the id {number}, which this release does not know"
        ) from None


def by_name(name: str) -> Transform:
    """The transform of that name; ValueError if it is not known."""
    try:
        return _by_name[name]
    except KeyError:
        known = ", ".join(sorted(_by_name))
        raise ValueError(f"no transform is called {name!r}; there are {known}") from None
