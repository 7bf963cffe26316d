"""`encode_many` and `decode_many`: many short messages and a model to words, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, check_unmasked, integer, symbol_array
from ansflow.coding.choice import message_coder_of
from ansflow.coding.coders.coder import Words
from ansflow.coding.coders.messages import MessageCoder
from ansflow.coding.symbols import holds, to_symbols
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.models.base import Model
from ansflow.models.checked import has_escapes, support_of
from ansflow.models.frequencies import smallest_dtype

__all__ = ["decode_many", "encode_many"]

INT32 = np.iinfo(np.int32)
# More symbols than any memory holds.
MAX_SYMBOLS = 1 << 48


def encode_many(
    messages: npt.ArrayLike | Sequence[npt.ArrayLike],
    model: Model,
    lengths: npt.ArrayLike | None = None,
) -> tuple[Words, npt.NDArray[np.int64]]:
    """Code many short messages under a model, each of which can be decoded alone.

    The counterpart of `encode` for messages of some ten to some hundred symbols: all of them are
    coded in one call, and a message takes 1 to 2 bytes more than its code length, as a rule. An
    empty message takes nothing.

    Parameters
    ----------
    messages : array_like of int or bool
        An array of shape (messages, length); or one of all symbols, message after message, with
        `lengths`; or a sequence of vectors, which takes longer, as each is looked at in Python.
    model : Model
        See `ansflow.models.Model`; at most 16 bits of precision, and no contexts. Its `index`, if
        it has one, broadcasts to shape (messages, length), or else to that of all symbols.
        `ansflow.models.Escaped` also codes integers outside its support.
    lengths : int or array_like of int, shape (messages,), optional
        Numbers of symbols. With one for all, the symbols are as an array of shape
        (messages, length).

    Returns
    -------
    words : ndarray of uint16, shape (words,)
    offsets : ndarray of int64, shape (messages + 1,)
        Message k is ``words[offsets[k] : offsets[k + 1]]``. Where space matters, their differences
        are stored instead, which are small.

    Raises
    ------
    ModelError
        If the model is inconsistent or of another kind, or gives a symbol no probability.
    TypeError
        If the symbols are not integers.
    ValueError
        If the shape is another, or `lengths` do not add up to the number of symbols.

    Notes
    -----
    No message says how many symbols it has, nor whether it is intact: damage is noticed only if a
    message does not end as it should.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> model = ansflow.models.Categorical.from_counts([70, 15, 10, 5])
    >>> symbols, lengths = np.array([0, 0, 1, 0, 3, 0, 0, 2]), np.array([5, 0, 3])
    >>> words, offsets = ansflow.encode_many(symbols, model, lengths)
    >>> words.size, offsets
    (2, array([0, 1, 1, 2]))
    >>> ansflow.decode_many(words, offsets, model, lengths)
    array([0, 0, 1, 0, 3, 0, 0, 2], dtype=uint8)
    >>> ansflow.decode_many(words, offsets[2:], model, lengths[2:])  # the last message alone
    array([0, 0, 2], dtype=uint8)

    References
    ----------
    Duda 2013, arXiv:1311.2540; Giesen 2014, arXiv:1402.3392.
    """
    values, bounds = _as_messages(messages, lengths)
    coder = message_coder_of(model, values.shape)
    return coder.encode(_symbols(values, model, coder), bounds)


def decode_many(
    words: Words,
    offsets: npt.ArrayLike,
    model: Model,
    lengths: npt.ArrayLike,
    *,
    dtype: npt.DTypeLike | None = None,
) -> npt.NDArray[Any]:
    """Undo `encode_many`, for all messages or some that follow each other.

    Parameters
    ----------
    words : ndarray of uint16, shape (words,)
    offsets : array_like of int, shape (messages + 1,)
        Where messages begin, and where the last one ends: all that `encode_many` returned, or a
        slice of them.
    model : Model
        With the same frequencies and support as when encoding, and the rows of these messages.
    lengths : int or array_like of int, shape (messages,)
        Numbers of symbols, of these messages.
    dtype : integer dtype, optional
        Type of the result. By default the smallest that holds the model's support, unsigned if
        possible; int32 for a model with escapes.

    Returns
    -------
    ndarray, shape (messages, lengths) or (sum of the lengths,)
        ``numpy.split(result, numpy.cumsum(lengths)[:-1])`` makes a list of messages of the second.

    Raises
    ------
    TruncatedError
        If an offset is behind the end of the words.
    CorruptDataError
        If the offsets do not ascend or aren't as many as they should be, or a message is not one
        that `encode_many` can have made with this model and length: the message names it.

    Examples
    --------
    >>> import ansflow
    >>> model = ansflow.models.Categorical([6, 3, 7])
    >>> words, offsets = ansflow.encode_many([[2, 0, 2], [1], [0, 2]], model)
    >>> ansflow.decode_many(words, offsets, model, [3, 1, 2])
    array([2, 0, 2, 1, 0, 2], dtype=uint8)
    >>> ansflow.decode_many(words, offsets[1:3], model, 1)  # the second alone
    array([[1]], dtype=uint8)
    """
    limits = _offsets(offsets)
    number = limits.size - 1
    counted = _lengths(lengths)
    if counted.ndim and counted.size != number:
        raise CorruptDataError(
            f"there are {limits.size} offsets and {counted.size} lengths; offsets must be one more"
        )
    total = _total(np.broadcast_to(counted, number))
    shape = (total,) if counted.ndim else (number, int(counted))
    bounds = _bounds(np.broadcast_to(counted, number))
    coder = message_coder_of(model, shape)
    low, high = _values(model, coder)
    if dtype is None:
        wanted = np.dtype(np.int32) if has_escapes(model) else smallest_dtype(low, high)
    else:
        wanted = np.dtype(dtype)
    if wanted.kind not in "iub" or not holds(wanted, low, high):
        raise ValueError(f"dtype {wanted} does not hold the support {low} to {high}")
    stream = as_array(words, "words")
    if stream.ndim != 1 or stream.dtype != np.uint16:
        raise TypeError(f"words must be a vector of uint16, not {stream.dtype} {stream.shape}")
    if int(limits[-1]) > stream.size:
        raise TruncatedError(
            f"the messages end at word {int(limits[-1])}, but there are only {stream.size}"
        )
    out = np.empty(shape, coder.symbol_dtype)
    sound = coder.decode(np.ascontiguousarray(stream), limits, bounds, out.reshape(-1))
    if sound < number:
        raise CorruptDataError(
            f"message {sound} is damaged, or was made with another model or length"
        )
    values = out.astype(wanted, copy=False)
    if low and not has_escapes(model):
        values += wanted.type(low)  # modulo the range of the type, which holds all results
    return values


def _as_messages(
    messages: Any, lengths: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """All symbols, as a copy that no other thread can change, and the bounds of the messages."""
    if lengths is not None:
        flat = np.array(symbol_array(messages, "messages"))
        counted = _lengths(lengths)
        if flat.ndim != 1:
            raise ValueError(f"with lengths, messages must be a vector, not of shape {flat.shape}")
        if not counted.ndim:
            each = int(counted)
            if flat.size % each if each else flat.size:
                raise ValueError(f"{flat.size} symbols are no whole messages of {each}")
            flat = flat.reshape(flat.size // each if each else 0, each)
            counted = np.full(len(flat), each)
        if _total(counted) != flat.size:
            raise ValueError(
                f"the lengths add up to {_total(counted)}, but there are {flat.size} symbols"
            )
        return flat, _bounds(counted)
    if hasattr(messages, "__array__"):
        array = np.array(symbol_array(messages, "messages"))
        if array.ndim != 2:
            raise ValueError(
                f"messages of shape {array.shape} need lengths=, as they are not a matrix"
            )
        return array, _bounds(np.full(len(array), array.shape[1]))
    check_unmasked(messages, "messages")
    parts = [symbol_array(message, "a message") for message in messages]
    if any(part.ndim != 1 for part in parts):
        raise ValueError("each message must be a vector; one vector of all symbols needs lengths=")
    flat = np.concatenate([part for part in parts if part.size] or [np.empty(0, np.int64)])
    return symbol_array(flat), _bounds(np.array([part.size for part in parts], np.int64))


def _symbols(values: npt.NDArray[Any], model: Model, coder: MessageCoder) -> npt.NDArray[Any]:
    """Values, a copy that no other thread can change, as the coder takes them."""
    low, high = _values(model, coder)
    if not has_escapes(model):
        symbols = to_symbols(values, (low, high), coder.coder, 1)
    elif values.size and (int(values.min()) < low or int(values.max()) > high):
        raise ModelError(f"symbols must be {low} to {high}, with escapes, too")
    else:
        symbols = values.reshape(-1)
    return np.ascontiguousarray(symbols, coder.symbol_dtype)


def _values(model: Model, coder: MessageCoder) -> tuple[int, int]:
    """The lowest and the highest integer that can be coded."""
    if has_escapes(model):
        return int(INT32.min), int(INT32.max)
    return support_of(model, coder.coder.alphabet)


def _lengths(lengths: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """A number for all messages, of shape (), or one for each, as a copy."""
    given = as_array(lengths, "lengths")
    if not given.ndim:
        return np.array(integer(lengths, "lengths", 0, MAX_SYMBOLS))
    given = symbol_array(given, "lengths")
    if given.ndim != 1 or given.dtype.kind == "b":
        raise TypeError(f"lengths must be integers in a vector, not {given.dtype} {given.shape}")
    if given.size and not 0 <= int(given.min()) <= int(given.max()) <= MAX_SYMBOLS:
        raise ValueError(f"lengths must be 0 to {MAX_SYMBOLS}")
    return np.array(given, np.int64)


def _total(lengths: npt.NDArray[np.int64]) -> int:
    """Their sum, which is one that memory may hold."""
    if float(lengths.sum(dtype=np.float64)) > MAX_SYMBOLS:  # integers might wrap around
        raise ValueError(f"the lengths add up to more than {MAX_SYMBOLS} symbols")
    return int(lengths.sum())


def _offsets(offsets: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """A copy, which ascends from 0 or more."""
    given = symbol_array(offsets, "offsets")
    if given.ndim != 1 or given.dtype.kind == "b":
        raise TypeError(f"offsets must be integers in a vector, not {given.dtype} {given.shape}")
    if not given.size:
        raise CorruptDataError("there are no offsets; there must be one more than messages")
    copy = np.array(given, np.int64)
    # What exceeds int64 is negative in the copy.
    if int(copy[0]) < 0 or (copy[1:] < copy[:-1]).any():
        raise CorruptDataError("the offsets of messages must ascend from 0 or more")
    return copy


def _bounds(lengths: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Where messages begin among all symbols, and where the last one ends."""
    bounds = np.zeros(lengths.size + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds
