"""What every model has, and a base class for models with one distribution."""

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
    """What `ansflow.encode`, `ansflow.decode` and `ansflow.bitsback.Symbols` read of a model.

    Any object with the attributes `precision` and `freq` is a model; the others are optional.
    `FrequencyModel` is a convenient base. All attributes are checked when the model is used
    (`ansflow.models.checked`).

    Attributes
    ----------
    precision : int
        Binary logarithm of the sum of the frequencies, 1 to 31. Up to 16 is fast.
    freq : ndarray of int, shape (alphabet,) or (rows, alphabet)
        Integer frequencies; each row sums to ``2**precision``. Symbol s has probability
        ``freq[s] / 2**precision``, and can be coded if that is not 0. At most 65,536 symbols.
        Tables are built once for each array and kept as long as it lives, if each access returns
        the same array and that is read-only (``freq.setflags(write=False)``). Otherwise they
        are built in each call.
    cdf : ndarray of int, shape (alphabet + 1,) or (rows, alphabet + 1), optional
        Cumulative frequencies, from 0 to ``2**precision``. Models of ansflow have it for their
        users; coding does not read it, but sums up `freq`.
    low : int, optional
        The value that symbol 0 stands for, by default 0. The support is ``low`` to
        ``low + alphabet - 1``.
    index : ndarray of int, optional
        The row of each symbol, for a matrix of frequencies without `contexts`. Its shape
        broadcasts to that of the symbols.
    contexts : {"previous", None}, optional
        For a square matrix of frequencies, "previous" says that the previous symbol is a symbol's
        row, as in `Markov`. Rows of contexts that cannot occur may be zero; at most 256 symbols
        and 12 bits.
    escape : bool, optional
        For a matrix of frequencies with an `index`, True says that the last symbol of each row that
        has a frequency is an escape, as in `Escaped`; `low` is then a vector, an integer for
        each row. For `ansflow.encode_many` and `ansflow.RangeEncoder`.

    Notes
    -----
    Integers may be those of NumPy, but neither bools nor floats. A model that violates these rules
    raises `ModelError` when it is used.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> class Fair:
    ...     precision, freq = 3, np.array([4, 4])
    >>> words = ansflow.encode([0, 1, 1, 0], Fair(), lanes=1)
    >>> ansflow.decode(words, Fair(), 4, lanes=1)
    array([0, 1, 1, 0], dtype=uint8)
    """

    @property
    def precision(self) -> int: ...

    @property
    def freq(self) -> npt.NDArray[Any]: ...


class Frozen:
    """Base of models whose arrays are read-only, and stay so when they are copied or unpickled.

    Otherwise kernels would be compiled once more for arrays that can be written to, and tables
    would be built in every call. Other attributes of a subclass are not changed.
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
        If `low` is not an integer, or frequencies are masked.

    Examples
    --------
    >>> from ansflow.models import FrequencyModel
    >>> coin = FrequencyModel([3, 1])
    >>> coin.precision, coin.code_length([1, 1])  # each has a probability of 1/4
    (2, 4.0)
    """

    def __init__(self, freq: npt.ArrayLike, *, low: int = 0) -> None:
        self.freq, self.precision = check_frequencies(freq)
        if self.freq.ndim != 1:
            raise ModelError(
                "a matrix of frequencies makes no single distribution; use `Conditional`"
            )
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
            If the symbols are not integers.
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
