"""Codecs for many small messages, fitted to samples of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked, integer
from ansflow.buffers import BytesLike
from ansflow.engine.content import check_dtype
from ansflow.engine.training import fit_messages
from ansflow.engine.training_arrays import fit_arrays
from ansflow.frame.constants import MAX_CELL_SIZE
from ansflow.frame.trained import MAX_MESSAGE, Trained
from ansflow.frame.trained_arrays import MAX_AXES, Shape, TrainedArrays
from ansflow.io.trained_array_codec import TrainedArrayCodec
from ansflow.io.trained_codec import TrainedCodec, message_bytes

__all__ = ["train"]


@overload
def train(
    samples: Iterable[npt.NDArray[Any]],
    *,
    order: SupportsIndex = 2,
    check: bool = True,
    shape: Sequence[int | None] | None = None,
) -> TrainedArrayCodec: ...


@overload
def train(
    samples: Iterable[bytes | bytearray | memoryview],
    *,
    order: SupportsIndex = 2,
    check: bool = True,
) -> TrainedCodec: ...


def train(
    samples: Iterable[BytesLike],
    *,
    order: SupportsIndex = 2,
    check: bool = True,
    shape: Sequence[int | None] | None = None,
) -> TrainedCodec | TrainedArrayCodec:
    """Fit a codec for many small messages to samples of them.

    Records of a database and values of a key-value store are too short to say themselves how their
    bytes are distributed. The codec knows: it has the distribution of a byte behind each one or two
    bytes for which that pays, and is kept once for all messages. The same goes for small arrays,
    such as what a sensor sends at a time: their codec also has the recipe by which numbers become
    symbols, and a dictionary of up to 255 of them, or of their differences, where that pays.

    Parameters
    ----------
    samples : iterable of bytes-like or of ndarray
        Messages like those to come, not all of them empty; arrays of one dtype, with equally many
        axes. A few hundred kilobytes are enough. Bytes and numbers that do not occur in them can be
        coded, too.
    order : int
        Bytes, or symbols, of the longest contexts, 0 to 2. Tables take at most 7 MiB, 2 MiB without
        contexts of two, and a few KiB without any.
    check : bool
        Whether messages have a check of 31 bits, which takes about 3 bytes: damaged messages and
        those of other codecs are refused. Without it, this is noticed only where a message does not
        end as it should, which stored ones always do.
    shape : sequence of int or None, optional
        That of all arrays, None for axes whose length is written in each message. By default, the
        lengths that are the same in all samples are those of all arrays.

    Returns
    -------
    TrainedCodec or TrainedArrayCodec
        The latter if samples are arrays.

    Raises
    ------
    TypeError
        If there is one message in place of several, or a sample has no bytes, or is not an array
        though another one is, or of another dtype.
    ValueError
        If there are no bytes in any sample, `order` is not 0 to 2, or `shape` is not that of all
        samples.

    See Also
    --------
    ansflow.encode_chunk : larger arrays, one at a time, with a plan that was chosen once.

    Notes
    -----
    A context gets a distribution of its own if that saves more bits in the samples than it takes to
    say what it is. Other bytes are coded by shorter contexts behind an *escape* (Cleary & Witten
    1984), whose probability is that of what has been seen once (Good 1953). The coder is rANS with
    one state (Duda 2013), which begins with the check. Recipes of arrays are compared on a part of
    the samples, by what these take with contexts that are fitted to half of them.

    Examples
    --------
    >>> import ansflow
    >>> records = [b'{"id": %d, "city": "Rome", "ok": true}' % (i * i) for i in range(500)]
    >>> codec = ansflow.train(records[::2])
    >>> message = codec.compress(records[77])
    >>> len(records[77]), len(message)
    (40, 10)
    >>> codec.decompress(message) == records[77]
    True

    >>> import numpy as np
    >>> levels = np.random.default_rng(0).normal(0, 3, (200, 50)).cumsum(axis=1).round(1)
    >>> codec = ansflow.train(levels[1:])
    >>> codec.recipe
    'decimal[10.0](delta[0](log), log, bytes)'
    >>> levels[0].nbytes, len(codec.compress(levels[0]))
    (400, 58)

    References
    ----------
    J. Cleary, I. Witten: Data compression using adaptive coding and partial string matching, 1984.
    I. J. Good: The population frequencies of species, 1953. J. Duda: arXiv:1311.2540.
    """
    order = integer(order, "order", 0, 2)
    if not isinstance(samples, Iterable) or isinstance(
        samples, bytes | bytearray | memoryview | str
    ):
        kind = type(samples).__name__
        raise TypeError(f"samples must be several messages or arrays, as in a list, not {kind}")
    given = list(samples)
    if any(isinstance(sample, np.ndarray) for sample in given):
        arrays = _checked(given)
        common = _shape_of(arrays, shape)
        if not any(array.size for array in arrays):
            raise ValueError("there are no items in the samples, so no codec can be fitted to them")
        recipe, coder = fit_arrays(arrays, order)
        return TrainedArrayCodec(TrainedArrays(arrays[0].dtype, common, recipe, coder, bool(check)))
    if shape is not None:
        raise ValueError("shape is for samples that are arrays")
    contents = [message_bytes(sample, "a sample") for sample in given]
    if not any(content.size for content in contents):
        raise ValueError("there are no bytes in the samples, so no codec can be fitted to them")
    return TrainedCodec(Trained(fit_messages(contents, order), bool(check)))


def _checked(samples: Sequence[BytesLike]) -> list[npt.NDArray[Any]]:
    """The samples, known to be arrays of one dtype and number of axes that a codec can have."""
    arrays: list[npt.NDArray[Any]] = []
    for sample in samples:
        check_unmasked(sample, "a sample")
        if not isinstance(sample, np.ndarray):
            raise TypeError(f"all samples must be arrays, or none: not {type(sample).__name__}")
        arrays.append(np.asarray(sample))
        first = arrays[0]
        if sample.dtype != first.dtype:
            raise TypeError(f"samples must be of one dtype, not {first.dtype} and {sample.dtype}")
        if sample.ndim != first.ndim:
            raise ValueError(
                f"samples must have equally many axes, not {first.ndim} and {sample.ndim}"
            )
    check_dtype(arrays[0].dtype)
    if not 1 <= arrays[0].itemsize <= MAX_CELL_SIZE or arrays[0].ndim > MAX_AXES:
        raise TypeError(
            f"a codec is for items of 1 to {MAX_CELL_SIZE} bytes in at most {MAX_AXES} axes, not "
            f"for {arrays[0].dtype} in {arrays[0].ndim}"
        )
    return arrays


def _shape_of(arrays: Sequence[npt.NDArray[Any]], shape: Sequence[int | None] | None) -> Shape:
    """The shape of all arrays, which samples have; by default, as much of it as they share."""
    lengths = [set(axis) for axis in zip(*(array.shape for array in arrays), strict=True)]
    if shape is None:
        shape = [next(iter(axis)) if len(axis) == 1 else None for axis in lengths]
    told = tuple(
        None if length is None else integer(length, "a length in shape", 0) for length in shape
    )
    if len(told) != arrays[0].ndim or any(
        own is not None and axis != {own} for own, axis in zip(told, lengths, strict=True)
    ):
        raise ValueError(f"shape is {told}, which is not that of all samples")
    if max(array.nbytes for array in arrays) > MAX_MESSAGE:
        raise ValueError(f"an array has at most {MAX_MESSAGE} bytes: use ansflow.compress")
    return told
