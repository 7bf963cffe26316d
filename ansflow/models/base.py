"""The door that every model goes through, and a base class for those with one distribution."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, shape_of, symbol_array
from ansflow.errors import ModelError
from ansflow.kernels.coders import alias
from ansflow.lazy import cached_property
from ansflow.models.frequencies import (
    check_frequencies,
    checked_low,
    cumulative,
    smallest_dtype,
)

__all__ = ["FrequencyModel", "Frozen", "Model"]


@runtime_checkable
class Model(Protocol):
    """What `ansflow.encode` and `ansflow.decode` need of a model.

    Any object will do that has these two attributes; `FrequencyModel` is a convenient base.

    Attributes
    ----------
    precision : int
        Binary logarithm of the frequencies' sum, 1 to 31. Up to 16 is fast.
    freq : ndarray of int, shape (alphabet,) or (rows, alphabet)
        Integer frequencies. Symbol s has probability ``freq[s] / 2**precision`` and can be coded
        if that isn't 0. Each row sums to ``2**precision``. Tables are built once for each
        array and kept as long as it lives, provided that it is the same one at each access
        and read-only (``freq.setflags(write=False)``); they are rebuilt in each call if not.
    low : int, optional
        The value that symbol 0 stands for; 0 if absent. The support is ``low`` to
        ``low + alphabet - 1``.
    index : ndarray of int, optional
        For a matrix of frequencies: the row of each symbol, of a shape that broadcasts to
        the symbols'.
    contexts : {"previous"}, optional
        For a square matrix of frequencies, in place of `index`: a symbol's row is the symbol
        before it, as in `Markov`.

    Notes
    -----
    Integers may be NumPy's, but neither bools nor floats: a model with others is a `ModelError`
    wherever it is used.
    """

    @property
    def precision(self) -> int: ...

    @property
    def freq(self) -> npt.NDArray[Any]: ...


class Frozen:
    """Base of models whose arrays are read-only, and stay so when they are copied or unpickled.

    Kernels are compiled once more for arrays that can be written to, and tables of such are built
    anew in every call. What else a subclass has stays as it is: a shallow copy shares it.
    """

    FROZEN: ClassVar[frozenset[str]] = frozenset({"freq", "cdf", "index"})

    def __setstate__(self, state: dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]) -> None:
        # Where a subclass has slots, they come beside the dictionary.
        attributes, slots = state if isinstance(state, tuple) else (state, {})
        for name in self.FROZEN & attributes.keys():
            if isinstance(attributes[name], np.ndarray):
                attributes[name].setflags(write=False)
        self.__dict__.update(attributes)
        for name, value in slots.items():
            object.__setattr__(self, name, value)


class FrequencyModel(Frozen):
    """One distribution over consecutive integers, given by its frequencies.

    Parameters
    ----------
    freq : array_like of int, shape (alphabet,)
        Frequencies; they sum to ``2**precision``.
    low : int
        Value of the first.

    Attributes
    ----------
    precision : int
        Bits.
    freq : ndarray of uint32, shape (alphabet,)
        Read-only.
    cdf : ndarray of uint32, shape (alphabet + 1,)
        ``cdf[s]`` is the sum of ``freq[:s]``. Read-only.
    low : int

    Raises
    ------
    ModelError
        If the frequencies are negative or their sum is not a power of two from 2 to 2^31.
    TypeError
        If `low` isn't an integer, or frequencies are masked.
    """

    def __init__(self, freq: npt.ArrayLike, *, low: int = 0) -> None:
        self.freq, self.precision = check_frequencies(freq)
        if self.freq.ndim != 1:
            raise ModelError("a matrix of frequencies is a `Conditional`")
        self.cdf = cumulative(self.freq)
        self.low = checked_low(low, self.freq.size)

    def __repr__(self) -> str:
        high = self.low + self.freq.size - 1
        return f"{type(self).__name__}(support {self.low}..{high}, precision={self.precision})"

    @cached_property
    def code_lengths(self) -> npt.NDArray[np.float64]:
        """Bits of each symbol, ``precision - log2(freq)``; infinite where that is 0."""
        with np.errstate(divide="ignore"):
            return self.precision - np.log2(self.freq.astype(np.float64))

    @property
    def entropy(self) -> float:
        """Expected bits a symbol, ``sum(freq * code_lengths) / 2**precision``."""
        used = self.freq > 0
        weights = self.freq[used] / float(1 << self.precision)
        return float(np.sum(weights * self.code_lengths[used]))

    def code_length(self, symbols: npt.ArrayLike) -> float:
        """Ideal size of `symbols` under this model, in bits.

        Parameters
        ----------
        symbols : array_like of int, any shape

        Returns
        -------
        float
            The sum of ``-log2(freq / 2**precision)``; infinite if a symbol has no frequency.

        Raises
        ------
        TypeError
            If the symbols aren't integers.
        """
        values = symbol_array(symbols).reshape(-1)
        if not values.size:
            return 0.0
        if int(values.min()) < self.low or int(values.max()) >= self.low + self.freq.size:
            return float("inf")
        counts = np.bincount(values.astype(np.int64) - self.low, minlength=self.freq.size)
        used = counts > 0
        return float(np.sum(counts[used] * self.code_lengths[used]))

    def sample(
        self,
        size: Axes | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> npt.NDArray[Any]:
        """Independent draws, exactly by the frequencies.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; one draw of shape () if left out.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or its seed.

        Returns
        -------
        ndarray, shape `size`
            Values from the support, in the smallest integer type that holds it.

        References
        ----------
        Walker 1977, doi:10.1145/355744.355749; Vose 1991, doi:10.1109/32.92917.
        """
        shape = None if size is None else shape_of(size, "size")
        generator = np.random.default_rng(rng)
        divider, owner = self._alias
        column = generator.integers(0, self.freq.size, shape)
        above = generator.integers(0, 1 << self.precision, shape, np.uint64) >= divider[column]
        values = np.where(above, owner[column], column) + self.low
        return values.astype(smallest_dtype(self.low, self.low + self.freq.size - 1))

    @cached_property
    def _alias(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
        """Alias table over one column a symbol: masses are ``freq * alphabet``."""
        n = self.freq.size
        divider = np.empty(n, np.uint64)
        owner = np.empty(n, np.uint32)
        mass = self.freq.astype(np.uint64) * np.uint64(n)
        alias.build(mass, np.uint64(1 << self.precision), divider, owner, np.empty(n, np.uint32))
        return divider, owner
