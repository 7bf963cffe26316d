"""Arrays of Dask in files of ansflow and in Zarr: chunk by chunk, in parallel, and only if safe.

Dask's workers run as many tasks at once as there are cores, so ansflow takes no threads of its own
in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np

import ansflow
from ansflow.extras import extra

with extra("dask"):
    import dask.array
    from dask.base import tokenize

__all__ = ["from_file", "to_zarr"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def from_file(path: Path, name: str | None = None, chunks: Any = None) -> dask.array.Array:
    """The array in a file, as an array of Dask.

    Parameters
    ----------
    path : path
        Of a file that all workers can open.
    name : str, optional
        Of an array in a file of several. By default the file holds one array, as
        `ansflow.ArrayWriter` and `ansflow.compress` make it.
    chunks : optional
        As for `dask.array.from_array`. By default as stored, so that no chunk is decoded twice.

    Returns
    -------
    dask.array.Array
        Its tasks read and decode a chunk each, in any number of threads and processes.

    Raises
    ------
    AnsflowError
        If the file is damaged, or does not hold such an array; damaged chunks are found when they
        are computed.
    KeyError
        If there is no array of that name.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> import ansflow
    >>> from ansflow.integrations.dask import from_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "field.ans")
    >>> field = np.arange(60_000.0).reshape(600, 100)
    >>> _ = path.write_bytes(ansflow.compress(field, chunks=(200, 50)))
    >>> array = from_file(path)
    >>> array.chunks
    ((200, 200, 200), (50, 50))
    >>> float(array.mean().compute())
    29999.5
    """
    source = _File(path, name)
    return dask.array.from_array(
        source,
        chunks=source.chunks if chunks is None else chunks,
        name=f"ansflow-{tokenize(source.identity, chunks)}",
        asarray=False,
        inline_array=True,
    )


class _File:
    """An array in a file, which is opened anew for each part that is read.

    That takes 0.2 ms, and 1 us for each chunk in the file. It leaves no files open in workers, and
    lets threads decode at the same time, whereas those that share a reader wait for each other.
    """

    def __init__(self, path: Path, name: str | None) -> None:
        self._path, self._name = os.path.abspath(os.fspath(path)), name
        self.identity = self._found()
        with self._opened() as reader:
            self.shape, self.dtype, self.ndim = reader.shape, reader.dtype, reader.ndim
            self.chunks = reader.chunks

    def _found(self) -> tuple[Any, ...]:
        """What changes with the file."""
        status = os.stat(self._path)
        return self._path, self._name, status.st_size, status.st_mtime_ns

    @contextmanager
    def _opened(self) -> Iterator[ansflow.ArrayReader]:
        if self._name is None:
            with ansflow.ArrayReader(self._path, threads=1) as reader:
                yield reader
        else:
            with ansflow.load(self._path, threads=1) as file:
                yield file[self._name]

    def __getitem__(self, key: Any) -> Any:
        if self._found() != self.identity:
            raise ValueError(f"{self._path!r} has changed since: call from_file again")
        with self._opened() as reader:
            # With an ellipsis the result is an array, even without axes, and not a native scalar.
            return reader[(*key, ...) if isinstance(key, tuple) else key]


def to_zarr(array: dask.array.Array, store: Any, *, compute: bool = True, **options: Any) -> Any:
    """Write an array of Dask to a new array in Zarr, with `AnsflowCodec`, in parallel.

    Several tasks that write to one chunk, or to one shard, each read it, change their part, and
    write it back; what one of them has written is lost, and nobody notices
    (https://github.com/dask/dask/issues/12583). Here such arrays are refused.

    Parameters
    ----------
    array : dask.array.Array
    store : path, URL or store of Zarr
        Which all workers can reach. A store in memory is only for threads of this process.
    compute : bool
        Whether to write now; otherwise only the metadata are written.
    **options
        Those of `zarr.create_array`, such as ``name``, ``chunks``, ``shards``, ``overwrite``,
        ``serializer`` and ``compressors``. Chunks are by default those of `array`, serializer and
        compressors `AnsflowCodec` and ``Crc32cCodec``.

    Returns
    -------
    None or a collection of Dask
        Whose ``compute`` writes the array, if that is to be done later.

    Raises
    ------
    TypeError
        If `store` is an array in Zarr.
    ValueError
        If a chunk of `array` ends within a chunk or shard of the array in Zarr, or it is not known
        where chunks end.

    Examples
    --------
    >>> import dask.array, pathlib, tempfile
    >>> from ansflow.integrations.dask import to_zarr
    >>> path = str(pathlib.Path(tempfile.mkdtemp(), "field.zarr"))
    >>> array = dask.array.arange(60_000, chunks=1000).reshape(600, 100)
    >>> array = array.rechunk((100, 100))
    >>> to_zarr(array, path, chunks=(50, 50), shards=(100, 100))
    >>> int(dask.array.from_zarr(path).sum().compute())
    1799970000
    >>> to_zarr(array, path, chunks=(50, 50), shards=(150, 100))
    Traceback (most recent call last):
    ValueError: the chunks of the array end at 100 along axis 0, within one of 150 in Zarr, which \
two tasks would write to: rechunk((150, 100)), or other multiples of that
    """
    import zarr

    from ansflow.integrations.zarr import AnsflowCodec

    if isinstance(store, zarr.Array):
        raise TypeError(
            "to_zarr writes a new array: store must be a path, a URL or a store of Zarr, and no "
            "array in it; to write to that, use dask.array.store, with chunks of whole shards"
        )
    if np.isnan(array.shape).any():
        raise ValueError(
            f"the array has chunks of unknown size, {array.chunks}: call compute_chunk_sizes() on "
            "it first"
        )
    options = {
        "chunks": tuple(max(own[0], 1) for own in array.chunks),
        "serializer": AnsflowCodec(),
        "compressors": zarr.codecs.Crc32cCodec(),
        **options,
    }
    whole = options.get("shards") or options["chunks"]
    _check_aligned(array, (whole,) if isinstance(whole, int) else tuple(whole))
    target = zarr.create_array(store, shape=array.shape, dtype=array.dtype, **options)
    return dask.array.store(array, target, lock=False, compute=compute)


def _check_aligned(array: dask.array.Array, whole: Sequence[int]) -> None:
    """Raise ValueError if two chunks of an array have a part of one of that shape."""
    if len(whole) != array.ndim or any(not isinstance(size, int | np.integer) for size in whole):
        raise ValueError(f"chunks and shards must be {array.ndim} integers, not {whole}")
    for axis, (own, size) in enumerate(zip(array.chunks, whole, strict=True)):
        for end in list(accumulate(own))[:-1]:
            if end % size:
                raise ValueError(
                    f"the chunks of the array end at {end} along axis {axis}, within one of {size} "
                    f"in Zarr, which two tasks would write to: rechunk({tuple(whole)}), or other "
                    "multiples of that"
                )
