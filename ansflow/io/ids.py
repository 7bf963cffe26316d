"""Lists of ids, such as the inverted lists of a vector index, without their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.buffers import BytesLike, bytes_of
from ansflow.engine.cores import checked_threads
from ansflow.engine.threads import ordered
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["compress_ids", "decompress_ids"]

# Lists that are coded in one task: each takes from 20 microseconds on.
LISTS_AT_ONCE = 16


def compress_ids(
    lists: Iterable[npt.ArrayLike], universe: SupportsIndex, *, threads: int | None = None
) -> list[bytes]:
    """Compress lists of ids whose order carries no information, each as a message of its own.

    A list of n different ids takes log2 of the number of such sets, which is log2(n!) bits less
    than in any order, and about 6 bytes: a search in a vector index decodes only the lists that it
    visits. Ids that occur more than once in a list are kept.

    Parameters
    ----------
    lists : iterable of array_like of int, shape (n,) each
        Of any order, which is not kept: what else belongs to a list, such as the codes of vectors,
        must be in the order of the sorted ids. A list has at most 2^28 ids.
    universe : int
        All ids are from 0 to ``universe - 1``. 1 to 2^62.
    threads : int, optional
        By default, the number of cores that the process may use. It does not affect the result.

    Returns
    -------
    list of bytes

    Raises
    ------
    TypeError
        If ids are not integers.
    ValueError
        If an id is out of range, or a list is not one-dimensional.

    See Also
    --------
    decompress_ids
    ansflow.bitsback.IntegerSet : the same on a stack.

    Examples
    --------
    >>> import ansflow
    >>> messages = ansflow.compress_ids([[5, 900, 77], [3, 2]], universe=1000)
    >>> ansflow.decompress_ids(messages, universe=1000)
    [array([  5,  77, 900]), array([2, 3])]

    References
    ----------
    Severo, Ottaviano, Muckley, Ullrich & Douze 2025, "Lossless compression of vector IDs for
    approximate nearest neighbor search", arXiv:2501.10479.
    """
    from ansflow.bitsback.structures.id_list import MAX_UNIVERSE, pack_ids

    limit = integer(universe, "universe", 1, MAX_UNIVERSE)

    def pack(start: int, part: Sequence[npt.ArrayLike]) -> list[bytes]:
        return [pack_ids(ids, limit, f"list {start + i}") for i, ids in enumerate(part)]

    given = list(lists)
    tasks = (
        partial(pack, start, given[start : start + LISTS_AT_ONCE])
        for start in range(0, len(given), LISTS_AT_ONCE)
    )
    return [message for part in ordered(tasks, checked_threads(threads)) for message in part]


def decompress_ids(
    messages: Iterable[BytesLike],
    universe: SupportsIndex,
    *,
    limits: Limits = DEFAULT_LIMITS,
    threads: int | None = None,
) -> list[npt.NDArray[np.int64]]:
    """Undo `compress_ids`, for all messages or those of the lists that are needed.

    Parameters
    ----------
    messages : iterable of bytes-like
    universe : int
        That of `compress_ids`.
    limits : Limits
        Of each list: its ids take 8 bytes each, and 20 of memory while they are decoded.
    threads : int, optional
        By default, the number of cores that the process may use.

    Returns
    -------
    list of ndarray of int64, shape (n,) each
        The ids of each list, sorted.

    Raises
    ------
    TruncatedError, CorruptDataError, UnsupportedError
        If a message is damaged, or has another universe. All of it is under a check of 24 bits.
    LimitError
        If a list is too long for the limits.

    Examples
    --------
    >>> import ansflow
    >>> messages = ansflow.compress_ids([[5, 900, 77], [3, 2]], universe=1000)
    >>> ansflow.decompress_ids(messages[1:], universe=1000)
    [array([2, 3])]
    """
    from ansflow.bitsback.structures.id_list import MAX_UNIVERSE, unpack_ids

    limit = integer(universe, "universe", 1, MAX_UNIVERSE)

    def unpack(start: int, part: Sequence[BytesLike]) -> list[npt.NDArray[np.int64]]:
        return [
            unpack_ids(bytes_of(message).data, limit, limits, f"message {start + i}")
            for i, message in enumerate(part)
        ]

    given = list(messages)
    tasks = (
        partial(unpack, start, given[start : start + LISTS_AT_ONCE])
        for start in range(0, len(given), LISTS_AT_ONCE)
    )
    return [ids for part in ordered(tasks, checked_threads(threads)) for ids in part]
