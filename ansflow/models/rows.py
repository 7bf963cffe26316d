"""What models share that have a matrix of distributions, with the row of each symbol given."""

from __future__ import annotations

from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.errors import ModelError
from ansflow.models.base import Frozen

__all__ = ["IndexedRows"]


class IndexedRows(Frozen):
    """Base of models whose symbol i is distributed by row ``index[i]`` of ``freq``."""

    freq: npt.NDArray[np.uint32]
    index: npt.NDArray[Any]

    def at(self, index: npt.ArrayLike) -> Self:
        """The same matrix with another index; tables that have been built are shared."""
        other = copy(self)
        other.index = self._checked(index)
        return other

    def _spread(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        try:
            return np.broadcast_to(self.index, shape)
        except ValueError:
            raise ModelError(
                f"a row index of shape {self.index.shape} does not broadcast to symbols of shape "
                f"{shape}"
            ) from None

    def _checked(self, index: npt.ArrayLike | None) -> npt.NDArray[Any]:
        """A row index as a read-only copy; by default row i for symbol i."""
        number = self.freq.shape[0]
        given = np.arange(number) if index is None else as_array(index, "a row index")
        rows = np.array(given, order="C")
        if rows.dtype.kind not in "iu":
            raise ModelError(f"a row index must be integers, not {rows.dtype}")
        if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= number):
            raise ModelError(f"the row index has values outside 0 to {number - 1}")
        rows.setflags(write=False)
        return rows
