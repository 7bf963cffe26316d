"""`RangeEncoder` and `RangeDecoder`: symbols coded one after the other, first in, first out.

The two mirror each other method by method. Their bytes, and why they end as they do, are described
in `ansflow.kernels.coders.range`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes, shape_of, symbol_array
from ansflow.buffers import BytesLike, bytes_of
from ansflow.coding.range_models import Weights, bad_weights, precision_for, row_of, rows_of
from ansflow.coding.symbols import no_probability
from ansflow.errors import AnsflowError, CorruptDataError, ModelError, TruncatedError
from ansflow.kernels.coders import range as kernels, range_steps as steps
from ansflow.kernels.coders.range import CRAMPED, DONE, SHORT, WRONG
from ansflow.kernels.coders.range_probabilities import decode_probability, encode_probability
from ansflow.kernels.coders.range_steps import BAD_WEIGHTS
from ansflow.kernels.constants import MAX_PRECISION
from ansflow.models.base import Model
from ansflow.models.checked import has_escapes

__all__ = ["RangeDecoder", "RangeEncoder"]

BIG_ENDIAN = np.dtype(">u4")
MAX_TOTAL = 1 << MAX_PRECISION

# A new encoder has room for so many words, and a new decoder for so many bytes.
FEW = 64
# Bytes that a decoder looks ahead.
AHEAD = 8

SIZE = int(kernels.SIZE)

# What is coded as a single symbol.
Scalar = int | np.integer | np.bool


class RangeEncoder:
    """Codes symbols as they come, for a decoder that gets them in the same order.

    `ansflow.encode` is faster, but has to know all symbols before it begins, and all models; so
    does bits back. Here, each call has a model of its own, which may depend on all symbols
    before: adaptive and autoregressive models, logs, connections. How symbols are divided
    into calls makes no difference to the bytes.

    A message takes less than 9 bits more than the code length of its symbols, and each symbol
    ``0.033 * 2**(precision - 32)`` bits on average: 5e-7 at 16 bits of precision, 0.016 at 31.

    An encoder is for one thread at a time.

    Examples
    --------
    With counts that adapt:

    >>> import numpy as np, ansflow
    >>> text = b"she sells sea shells by the sea shore" * 20
    >>> encoder, counts = ansflow.RangeEncoder(), np.ones(256, int)
    >>> for byte in text:
    ...     encoder.encode(byte, counts)
    ...     counts[byte] += 8
    >>> data = encoder.finish()
    >>> len(text), len(data)
    (740, 308)
    >>> decoder, counts = ansflow.RangeDecoder(data), np.ones(256, int)
    >>> decoded = bytearray()
    >>> for _ in range(len(text)):
    ...     byte = decoder.decode(counts)
    ...     decoded.append(byte)
    ...     counts[byte] += 8
    >>> decoder.finish()
    0
    >>> decoded == text
    True

    References
    ----------
    Martin 1979, "Range encoding: an algorithm for removing redundancy from a digitised message";
    Moffat, Neal & Witten 1998, doi:10.1145/290159.290162.
    """

    def __init__(self) -> None:
        self._state = np.zeros(3, np.uint64)
        self._words = np.empty(FEW, np.uint32)
        self._previous = 0
        self._weights = Weights()

    def encode(self, symbols: npt.ArrayLike, model: Model | npt.NDArray[Any]) -> None:
        """Code a symbol, or an array of symbols in C order.

        Parameters
        ----------
        symbols : int or array_like of int or bool
        model : Model or ndarray, shape (alphabet,)
            See `ansflow.models.Model`; any precision. With contexts, the first symbol of a message
            follows a 0, and that of another call the last symbol that was coded by a model
            with contexts.

            An array is the quickest way to give a distribution that is used once, as nothing is
            built from it. Integers are counts: how often each symbol occurs, in any unit, with a
            sum of at most 2^31. A row of a model's ``freq`` is such an array, too. Floats are
            probabilities, with the frequencies that `ansflow.models.Probabilities` makes of them.

        Raises
        ------
        ModelError
            If the model is inconsistent, or gives a symbol no probability. Nothing has been
            coded then.
        TypeError
            If the symbols are not integers.

        Notes
        -----
        A single symbol takes 2 to 3 microseconds by an array of 256 symbols, and 3 to 4 by a model.
        """
        if isinstance(symbols, Scalar) and not has_escapes(model):
            symbol = int(symbols)
            if isinstance(model, np.ndarray):
                coded = self._by_weights(symbol, model)
            else:
                coded = self._by_row(symbol, model)
            if not coded:
                raise ModelError(f"the model gives symbol {symbol} no probability")
            return
        values = symbol_array(symbols)
        rows = rows_of(model, values.shape, self._previous)
        numbers = rows.numbers(values)
        if numbers.size:
            done = self._code(rows.most_words(numbers), rows.encode, numbers)
            if done < numbers.size:
                raise no_probability(values, done, rows.place(done))
            if rows.follows:
                self._previous = int(numbers[-1])

    def _by_weights(self, symbol: int, weights: npt.NDArray[Any]) -> bool:
        """Code one symbol, if it has a weight."""
        copy = self._weights.take(weights)
        if not 0 <= symbol < copy.size:
            return False
        if copy.dtype.kind == "f":
            how = self._code(1, encode_probability, symbol, copy, precision_for(copy.size))
        else:
            how = self._code(1, steps.encode_count, symbol, copy)
        if how == BAD_WEIGHTS:
            raise bad_weights(copy)
        return how == DONE

    def _by_row(self, symbol: int, model: Model) -> bool:
        """Code one symbol, if the model gives it a probability."""
        known, row, low = row_of(model, self._previous)
        number = symbol - low
        if not 0 <= number < known.alphabet:
            return False
        if self._code(1, steps.encode_row, number, row, known.cdf) != DONE:
            return False
        if known.contexts:
            self._previous = number
        return True

    def encode_interval(self, start: int, freq: int, total: int) -> None:
        """Code a symbol of which only its interval is known, [start, start + freq) of `total`.

        For distributions that are neither models nor arrays, such as a tree of counts.

        Parameters
        ----------
        start, freq, total : int
            `freq` is at least 1, `total` at most 2^31.

        Raises
        ------
        ModelError
            If they make no interval.
        """
        self._code(1, steps.encode_interval, *_interval(start, freq, total))

    def take(self) -> bytes:
        """The bytes that cannot change any more, but for those that have been taken.

        They can be sent while more symbols are coded. Those of the last symbols are missing, as a
        rule 1 to 5.
        """
        settled = int(kernels.settled(self._state, self._words))
        size = int(self._state[SIZE])
        data = self._words[:settled].astype(BIG_ENDIAN).tobytes()
        self._words[: size - settled] = self._words[settled:size].copy()
        self._state[SIZE] = size - settled
        return data

    def finish(self) -> bytes:
        """End the message, and return its bytes, but for those that have been taken.

        They tell a decoder where the message ends, if it knows how many symbols there are. The
        encoder is as new: other messages can follow.

        Returns
        -------
        bytes
            None for no symbols. Otherwise the fewest after which it does not matter what follows.
        """
        size = int(kernels.finish_encoding(self._state, self._words))
        words = self._words[: -(-size // BIG_ENDIAN.itemsize)]
        self._previous = 0
        return words.astype(BIG_ENDIAN).tobytes()[:size]

    def _code(self, most: int, kernel: Callable[..., Any], *told: Any) -> int:
        """Let a kernel code what takes so many words at most, with more room if it wants some."""
        how = kernel(*told, self._state, self._words)
        if how == CRAMPED:
            size = int(self._state[SIZE])
            words = np.empty(2 * (size + most) + FEW, np.uint32)
            words[:size] = self._words[:size]
            self._words = words
            how = kernel(*told, self._state, self._words)
        return int(how)


class RangeDecoder:
    """Decodes what `RangeEncoder` has coded, in the same order, from all bytes or from the first.

    No symbol is returned that the bytes do not determine, whatever follows them. Each truncation
    is therefore noticed: by a TruncatedError of `decode`, or at last of `finish`. Other damage is
    noticed only if no symbol has such bytes, or the message does not end as it should;
    `ansflow.compress` adds checksums.

    A decoder is for one thread at a time.

    Parameters
    ----------
    data : bytes-like, optional
        The first bytes.

    Examples
    --------
    Bytes that arrive one by one:

    >>> import ansflow
    >>> model = ansflow.models.Categorical([1, 2, 4, 1])
    >>> encoder = ansflow.RangeEncoder()
    >>> encoder.encode([3, 0, 2, 2, 1, 3], model)
    >>> decoder = ansflow.RangeDecoder()
    >>> for byte in encoder.finish():
    ...     decoder.feed(bytes([byte]))
    ...     try:
    ...         while True:
    ...             print(decoder.decode(model), end=" ")
    ...     except ansflow.errors.TruncatedError:
    ...         print("and?")
    3 0 2 and?
    2 1 3 and?
    """

    def __init__(self, data: BytesLike = b"") -> None:
        self._state = np.zeros(3, np.uint64)
        self._state[SIZE] = AHEAD
        self._data = np.empty(FEW, np.uint8)
        self._size = 0
        self._previous = 0
        self._weights = Weights()
        self.feed(data)

    def feed(self, data: BytesLike) -> None:
        """Take more bytes, which follow those that have been given."""
        new = bytes_of(data)
        size = self._size + new.size
        if size > self._data.size:
            size = self._move(new.size)
        self._data[self._size : size] = new
        kernels.feed(self._data, self._size, size, self._state)
        self._size = size

    def _move(self, more: int) -> int:
        """Drop bytes that have been decoded, and have room for more; return their number then."""
        begin = int(self._state[SIZE]) - AHEAD
        kept = self._size - begin
        data = np.empty(2 * kept + more + FEW, np.uint8)
        data[:kept] = self._data[begin : self._size]
        self._data, self._size, self._state[SIZE] = data, kept, AHEAD
        return kept + more

    def decode(self, model: Model | npt.NDArray[Any], size_or_shape: Axes | None = None) -> Any:
        """Decode a symbol, or an array of symbols.

        Parameters
        ----------
        model : Model or ndarray, shape (alphabet,)
            As when encoding: the same frequencies, support and rows, or the same array.
        size_or_shape : int or sequence of int, optional
            Number of symbols, or shape of the result.

        Returns
        -------
        int or ndarray
            One symbol if there is no size or shape. Otherwise an array of the smallest type that
            holds the model's support, unsigned if possible; int32 for a model with escapes.

        Raises
        ------
        TruncatedError
            If the bytes do not determine all of these symbols. None has been decoded then, and
            after `feed` the same call may succeed.
        CorruptDataError
            If `RangeEncoder` cannot have made the bytes with these models.
        ModelError
            If the model is inconsistent.
        """
        single = size_or_shape is None
        if single and not has_escapes(model):
            return self._by_weights(model) if isinstance(model, np.ndarray) else self._by_row(model)
        shape = () if size_or_shape is None else shape_of(size_or_shape)
        rows = rows_of(model, shape, self._previous)
        out = np.empty(math.prod(shape), rows.dtype)
        if out.size:
            done, how = rows.decode(self._data, self._size, self._state, out)
            if how != DONE:
                raise _error(how, f"symbol {done} of these {out.size}")
            if rows.follows:
                self._previous = int(out[-1])
        return int(out[0]) if single else rows.values(out).reshape(shape)

    def _by_weights(self, weights: npt.NDArray[Any]) -> int:
        copy, told = self._weights.take(weights), (self._data, self._size, self._state)
        if copy.dtype.kind == "f":
            scratch = np.empty(copy.size, np.uint32)
            symbol, how = decode_probability(copy, precision_for(copy.size), scratch, *told)
        else:
            symbol, how = steps.decode_count(copy, *told)
        if how == BAD_WEIGHTS:
            raise bad_weights(copy)
        if how != DONE:
            raise _error(how)
        return int(symbol)

    def _by_row(self, model: Model) -> int:
        known, row, low = row_of(model, self._previous)
        number, how = steps.decode_row(row, known.cdf, self._data, self._size, self._state)
        if how != DONE:
            raise _error(how)
        if known.contexts:
            self._previous = int(number)
        return int(number) + low

    def slot(self, total: int) -> int:
        """The integer below `total` whose interval the next symbol has, for `decode_interval`.

        Raises
        ------
        CorruptDataError
            If there is none.
        ModelError
            If the total is not 1 to 2^31.
        """
        _interval(0, total, total)
        slot = int(steps.slot_of(total, self._state))
        if slot >= total:
            raise _error(WRONG)
        return slot

    def decode_interval(self, start: int, freq: int, total: int) -> None:
        """Undo `RangeEncoder.encode_interval`, after `slot` has said which interval is the next.

        Raises
        ------
        TruncatedError
            If the bytes do not determine the interval. Nothing has been decoded then; after `feed`,
            the slot may be another one.
        CorruptDataError
            If the slot is not in the interval.
        ModelError
            If this is no interval.
        """
        interval = _interval(start, freq, total)
        how = steps.decode_interval(*interval, self._data, self._size, self._state)
        if how != DONE:
            raise _error(how)

    def finish(self, *, more: bool = False) -> int:
        """End the message, after its last symbol, and check that it ends here.

        Parameters
        ----------
        more : bool
            Whether another message may follow.

        Returns
        -------
        int
            The number of bytes that are left, with which the next message begins.

        Raises
        ------
        TruncatedError
            If bytes of this message are missing. After `feed`, the same call may succeed.
        CorruptDataError
            If the message does not end as `RangeEncoder` ends one, or bytes are left that should
            not be.
        """
        end, how = kernels.finish_decoding(self._data, self._size, self._state)
        if how != DONE:
            raise _error(how, "the end of the message")
        self._previous = 0
        left = self._size - int(end)
        if left and not more:
            raise CorruptDataError(f"{left} bytes follow the end of the message")
        return left


def _error(how: int, what: str = "the next symbol") -> AnsflowError:
    if how == SHORT:
        return TruncatedError(f"the bytes that were given do not determine {what}; feed more")
    return CorruptDataError(
        f"the bytes stand for nothing that {what} can be: they are damaged, or were coded with "
        "other models"
    )


def _interval(start: int, freq: int, total: int) -> tuple[int, int, int]:
    start, freq, total = index(start), index(freq), index(total)
    if not (0 <= start < start + freq <= total <= MAX_TOTAL):
        raise ModelError(
            f"start {start}, freq {freq} and total {total} must make an interval: 0 <= start < "
            f"start + freq <= total <= 2**{MAX_PRECISION}"
        )
    return start, freq, total
