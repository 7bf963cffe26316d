"""Choosing how an array is coded, once for all that are like it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import bytes_of
from ansflow.engine.content import array_content
from ansflow.engine.item_dtype import item_dtype
from ansflow.engine.plan import Plan
from ansflow.frame.grid import Grid
from ansflow.frame.masked import with_mask
from ansflow.transforms.layout import Layout

__all__ = ["plan"]

AS_USUAL = Plan()


def plan(data: Any, *, dtype: npt.DTypeLike | None = None, **parameters: Any) -> Plan:
    """Choose how an array is coded, by a sample of it.

    Parameters
    ----------
    data : ndarray or bytes-like
        Numbers, structures of numbers, or anything else, for which nothing is chosen.
    dtype : dtype, optional
        What numbers the bytes are, or the items of an array if these are not what its dtype says:
        for instance ``"bfloat16"`` in an array of uint16.
    **parameters
        Those of `ansflow.Plan`, such as ``level``.

    Returns
    -------
    Plan
        To be given as ``plan=`` to all that compresses, and to `ansflow.encode_chunk`: a pipeline
        chooses once. Printed, it says what each stage of its recipe gains. It is for arrays with
        items of this dtype; all others are refused.

    Raises
    ------
    TypeError
        If the data have no bytes, or Python objects; or a parameter is of the wrong type.
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> import ansflow, numpy as np
    >>> prices = np.round(100 + np.cumsum(np.sin(np.arange(5000) ** 2)), 2)
    >>> plan = ansflow.plan(prices)
    >>> plan.recipe.name
    'decimal'
    >>> len(ansflow.compress(prices, plan=plan)) < prices.nbytes / 4
    True
    """
    found = Plan(**parameters) if parameters else AS_USUAL
    if isinstance(data, np.ndarray | np.generic):
        content, spec = array_content(np.asanyarray(data))
        shape, cell_size = Grid.cells_of(spec)
        numbers = spec.dtype
        if dtype is not None:
            numbers = with_mask(item_dtype(dtype)) if spec.has_mask else item_dtype(dtype)
        return found.chosen(content, Layout(cell_size, shape), numbers, spec.dtype)
    content = bytes_of(data)
    if dtype is None:
        return found
    return found.chosen(content, Layout(1, (content.size,)), item_dtype(dtype), None)
