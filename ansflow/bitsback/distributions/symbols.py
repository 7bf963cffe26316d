"""Distributions that are models of `ansflow.models`."""

from __future__ import annotations

from ansflow.arguments import as_array
from ansflow.bitsback.distributions.array_codec import Shape, as_shape
from ansflow.bitsback.distributions.cdf_rows import ONE_ROW, CDFRows
from ansflow.errors import ModelError
from ansflow.models.base import Model
from ansflow.models.checked import frequencies_of, row_index, support_of

__all__ = ["Symbols"]


class Symbols(CDFRows):
    """Symbols under a model of `ansflow.models`, or any other `Model`.

    Parameters
    ----------
    model : Model
        With one distribution for all symbols, or with rows and an `index` (`Conditional`).
    shape : int or tuple of int, optional
        Shape of the arrays. By default that of the model's index if it has one, otherwise one
        symbol for each lane.

    Raises
    ------
    ModelError
        If the model is inconsistent or depends on previous symbols, as `Markov` does.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback import Stack, Symbols
    >>> from ansflow.models import Categorical, Conditional
    >>> stack = Stack(lanes=4)
    >>> Symbols(Categorical([3, 1])).push(stack, [0, 0, 1, 0])
    >>> coins = Conditional([[15, 1], [8, 8]], index=[[0, 1], [1, 1]])
    >>> Symbols(coins).push(stack, np.zeros((2, 2), int))
    >>> Symbols(coins).pop(stack)
    array([[0, 0],
           [0, 0]])
    """

    def __init__(self, model: Model, shape: Shape = None) -> None:
        known = frequencies_of(model)
        if known.contexts:
            raise ModelError(
                "the model's distributions depend on previous symbols, but Symbols needs "
                "distributions that are known beforehand; use Autoregressive"
            )
        if known.conditional:
            index = as_array(getattr(model, "index", ()), "the model's index")
            shape = index.shape if shape is None else shape
        given = as_shape(shape)
        rows = None
        if known.conditional and given is not None:
            rows = row_index(model, known.freq.shape[0], given)
        low, _ = support_of(model, known.alphabet)
        self.model = model
        super().__init__(
            known.cdf,
            ONE_ROW if rows is None else rows,
            known.precision,
            given,
            low,
        )
