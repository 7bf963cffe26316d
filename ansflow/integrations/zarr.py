"""Codecs for arrays in Zarr's format 3.

Zarr finds them by their entry points, ``ansflow`` and ``ansflow_bytes``; nothing needs to be
imported to read. `AnsflowCodec` is the one to use: it takes the place of Zarr's serializer, sees
arrays, and writes chunks without frames. `AnsflowBytesCodec` is a compressor behind another
serializer, such as that of strings of any length.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.extras import extra
from ansflow.integrations import pieces
from ansflow.integrations.pieces import Pieces

with extra("zarr"):
    from zarr.abc.codec import ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin, BytesBytesCodec
    from zarr.abc.store import ByteGetter, ByteRequest, OffsetByteRequest, RangeByteRequest
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

__all__ = ["AnsflowBytesCodec", "AnsflowCodec"]

# Bytes of content in a piece, unless the configuration of an array says otherwise: never changes.
PIECE = 4 << 20


@dataclass(frozen=True, kw_only=True)
class AnsflowCodec(ArrayBytesCodecPartialDecodeMixin, ArrayBytesCodec):
    """Arrays to bytes: the serializer of an array, without any compressor behind it.

    A chunk is the coded data and few other bytes: dtype and shape are those that Zarr knows. There
    is no checksum, either, so that most damage would go unnoticed: add Zarr's ``Crc32cCodec``. All
    dtypes with items of a fixed size are accepted, and all are little-endian in the store. Within
    Zarr's threads, no others are started.

    Parameters
    ----------
    level : int
        1 to 9: speed against size, as in `ansflow.compress`.
    chunk_size : int
        Larger chunks are cut into pieces of at most so many bytes, 2^27 at most, if possible.
        Where there is no checksum over the whole, Zarr then reads and decodes no more pieces of a
        chunk than it needs.
    recipe : str, optional
        Transforms that are applied to all chunks, such as `AnsflowCodec.chosen_by` finds. By
        default each chunk's are chosen, which takes longer than to code a small chunk.

    Raises
    ------
    TypeError, ValueError
        If a parameter is none, or an array has items without a fixed size.

    Notes
    -----
    What a chunk consists of is said in ``ansflow/integrations/pieces.py``. The padding of chunks
    that reach over the edge of the array is left out, as it is known from the fill value.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from ansflow.integrations.zarr import AnsflowCodec
    >>> field = np.linspace(270, 300, 60_000, dtype="f4").round(2).reshape(200, 300)
    >>> stored = zarr.create_array(
    ...     {},
    ...     data=field,
    ...     chunks=(100, 300),
    ...     serializer=AnsflowCodec(level=6),
    ...     compressors=zarr.codecs.Crc32cCodec(),
    ... )
    >>> stored.nbytes_stored() < field.nbytes / 10
    True
    >>> np.array_equal(stored[50:150], field[50:150])
    True
    """

    is_fixed_size: ClassVar[bool] = False

    level: int = 3
    chunk_size: int = PIECE
    recipe: str | None = None

    def __post_init__(self) -> None:
        _check(level=self.level, chunk_size=self.chunk_size, recipe=self.recipe)

    @classmethod
    def chosen_by(
        cls, sample: npt.NDArray[Any], *, level: int = 3, chunk_size: int = PIECE
    ) -> Self:
        """A codec with one recipe for all chunks, which are like a sample.

        Small chunks are written faster than if each had a recipe of its own to choose. All values
        come back whatever they are like; chunks unlike the sample take more.

        Parameters
        ----------
        sample : ndarray
            Of the array, with the shape of a chunk, or more along the first axis.
        level, chunk_size
            Those of the codec.

        Raises
        ------
        TypeError, ValueError
            If a parameter is none, or the sample has items without a fixed size.

        Examples
        --------
        >>> import numpy as np, zarr
        >>> from ansflow.integrations.zarr import AnsflowCodec
        >>> field = np.linspace(270, 300, 60_000, dtype="f4").round(2).reshape(200, 300)
        >>> codec = AnsflowCodec.chosen_by(field)
        >>> codec.recipe.partition("(")[0]
        'decimal[100.0]'
        >>> stored = zarr.create_array(
        ...     {}, data=field, chunks=(20, 300), serializer=codec, compressors=None
        ... )
        >>> np.array_equal(stored[:], field)
        True
        """
        _check(level=level, chunk_size=chunk_size)
        items = np.asarray(sample)
        items = np.ascontiguousarray(items, items.dtype.newbyteorder("<"))
        recipe = pieces.chosen_recipe(items, chunk_size, level)
        return cls(level=level, chunk_size=chunk_size, recipe=recipe)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The codec of a configuration in an array's metadata."""
        return cls(**_configuration(data, "ansflow"))

    def to_dict(self) -> dict[str, Any]:
        """Undo `from_dict`."""
        told = {"level": self.level, "chunk_size": self.chunk_size, "recipe": self.recipe}
        return _named("ansflow", told)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """The same codec; TypeError if items of the array have no fixed size."""
        if _dtype(array_spec).hasobject:
            raise TypeError(
                f"{array_spec.dtype} has items without a fixed size, which are not the serializer "
                'ansflow\'s: leave serializer="auto", and give compressors=AnsflowBytesCodec()'
            )
        return self

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        raise NotImplementedError

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        items = np.ascontiguousarray(chunk_array.as_numpy_array(), _dtype(chunk_spec))
        items = items.reshape(chunk_spec.shape)
        plan = ansflow.Plan(level=self.level, recipe=self.recipe)
        data = pieces.encode(items, _fill(chunk_spec), self.chunk_size, plan)
        return chunk_spec.prototype.buffer.from_bytes(data)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        data = memoryview(chunk_data.as_numpy_array())
        items = self._pieces(data, chunk_spec).decode_all(data, _fill(chunk_spec))
        return chunk_spec.prototype.nd_buffer.from_numpy_array(items.reshape(chunk_spec.shape))

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_array, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)

    async def _decode_partial_single(
        self, byte_getter: ByteGetter, selection: Any, chunk_spec: ArraySpec
    ) -> NDBuffer | None:
        shape, buffers = chunk_spec.shape, chunk_spec.prototype
        wanted = pieces.leading(selection, shape)
        most = Pieces.most_before(shape, _dtype(chunk_spec).itemsize, self.chunk_size)
        if not most or len(wanted) == shape[0]:
            data = await byte_getter.get(prototype=buffers)
            return (
                None if data is None else (await self._decode_single(data, chunk_spec))[selection]
            )
        data = await byte_getter.get(prototype=buffers, byte_range=RangeByteRequest(0, most))
        if data is None:
            return None
        found = self._pieces(memoryview(data.as_numpy_array()), chunk_spec)
        needed = found.of(wanted)
        if needed:
            data = await byte_getter.get(prototype=buffers, byte_range=_request(found, needed))
            if data is None:  # it has been removed since
                return None
        items = await asyncio.to_thread(
            found.decode,
            memoryview(data.as_numpy_array()),
            *(needed, wanted, _fill(chunk_spec)),
        )
        inner = (pieces.within(selection[0], wanted), *selection[1:])
        return buffers.nd_buffer.from_numpy_array(items)[inner]

    def _pieces(self, data: memoryview, spec: ArraySpec) -> Pieces:
        return Pieces.read(data, spec.shape, _dtype(spec).itemsize, self.chunk_size)


def _request(found: Pieces, needed: range) -> ByteRequest:
    begin = found.starts[needed.start]
    if needed.stop == len(found.starts):
        return OffsetByteRequest(begin)
    return RangeByteRequest(begin, found.starts[needed.stop])


@dataclass(frozen=True, kw_only=True)
class AnsflowBytesCodec(BytesBytesCodec):
    """Bytes to bytes: a compressor, behind any serializer and other compressors.

    A chunk is a frame, which is checked when it is read. Where the bytes are still those of all
    numbers of a chunk, they are compressed as an array of its shape, about 100 bytes larger than
    by `AnsflowCodec`. Within Zarr's threads, no others are started.

    Parameters
    ----------
    level : int
        1 to 9: speed against size, as in `ansflow.compress`.
    typesize : int, optional
        Bytes of a number, 1, 2, 4 or 8.
    dtype : str, optional
        In place of it, what numbers the bytes are. By default those of the array, little-endian
        as by default in Zarr.

    Raises
    ------
    TypeError, ValueError
        If a parameter is none.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> from ansflow.integrations.zarr import AnsflowBytesCodec
    >>> field = np.linspace(270, 300, 60_000, dtype="f4").round(2).reshape(200, 300)
    >>> stored = zarr.create_array({}, data=field, compressors=AnsflowBytesCodec())
    >>> stored.nbytes_stored() < field.nbytes / 10
    True
    >>> np.array_equal(stored[:], field)
    True
    """

    is_fixed_size: ClassVar[bool] = False

    level: int = 3
    typesize: int | None = None
    dtype: str | None = None

    def __post_init__(self) -> None:
        _check(level=self.level, typesize=self.typesize, dtype=self.dtype)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The codec of a configuration in an array's metadata."""
        return cls(**_configuration(data, "ansflow_bytes"))

    def to_dict(self) -> dict[str, Any]:
        """Undo `from_dict`."""
        told = {"level": self.level, "typesize": self.typesize, "dtype": self.dtype}
        return _named("ansflow_bytes", told)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """The codec that takes bytes for the numbers of an array, if none are given."""
        dtype = _dtype(array_spec)
        if self.typesize is not None or self.dtype is not None or dtype.kind not in "biufcmM":
            return self
        return replace(self, dtype=dtype.str)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        raise NotImplementedError

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        content: Any = memoryview(chunk_data.as_numpy_array())
        options = ansflow.Options.of({"dtype": self.dtype, "typesize": self.typesize})
        numbers = None if options.dtype is None else np.dtype(options.dtype)
        if numbers is not None and prod(chunk_spec.shape) * numbers.itemsize == len(content):
            content, numbers = np.ndarray(chunk_spec.shape, numbers, content), None
        frame = ansflow.compress(
            content, level=self.level, dtype=numbers, chunk_size=PIECE, threads=1
        )
        return chunk_spec.prototype.buffer.from_bytes(frame)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        content = ansflow.decompress(chunk_data.as_numpy_array(), threads=1)
        if isinstance(content, np.ndarray):
            content = np.ascontiguousarray(content).reshape(-1).view(np.uint8)
        return chunk_spec.prototype.buffer.from_bytes(content)

    async def _encode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._encode_sync, chunk_data, chunk_spec)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return await asyncio.to_thread(self._decode_sync, chunk_data, chunk_spec)


def _dtype(spec: ArraySpec) -> np.dtype[Any]:
    """The dtype of a chunk in the store."""
    dtype: np.dtype[Any] = spec.dtype.to_native_dtype()
    return dtype if dtype.hasobject else dtype.newbyteorder("<")


def _fill(spec: ArraySpec) -> npt.NDArray[Any]:
    """The fill value as whoever opens the array finds it, of shape ()."""
    kind = spec.dtype
    value = kind.default_scalar() if spec.fill_value is None else spec.fill_value
    value = kind.from_json_scalar(kind.to_json_scalar(value, zarr_format=3), zarr_format=3)
    return np.array(value, kind.to_native_dtype()).astype(_dtype(spec))


def _check(**options: Any) -> None:
    """Raise TypeError or ValueError unless these are options of ansflow's, as JSON has them."""
    for name in ("recipe", "dtype"):
        if not isinstance(options.get(name), str | None):
            raise TypeError(f"{name} must be text, not {options[name]!r}")
    if options.get("chunk_size", PIECE) is None:
        raise TypeError("chunk_size must be an integer, not None")
    ansflow.Options.of(options)


def _configuration(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    if data.get("name") != name or not data.keys() <= {"name", "configuration", "must_understand"}:
        raise ValueError(f"this is not the configuration of the codec {name}: {data!r:.200}")
    configuration = data.get("configuration", {})
    if not isinstance(configuration, Mapping):
        raise TypeError(f"the configuration of {name} must be a mapping, not {configuration!r}")
    return dict(configuration)


def _named(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in told.items() if value is not None}
    return {"name": name, "configuration": given}
