"""Collections of arrays, whose readers share a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Self

import numpy as np

from ansflow.engine.collection import find_arrays
from ansflow.engine.cores import checked_threads
from ansflow.engine.schedule import TASK_SIZE
from ansflow.engine.threads import ordered
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.files.foreign import can_seek
from ansflow.files.shared import SharedFile
from ansflow.io.array_reader import ArrayReader
from ansflow.io.one_shot import decompress_member
from ansflow.io.reader import Path, opened
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["CollectionReader", "load"]

# Up to so many bytes, an array is read as a whole at once, and not chunk by chunk.
READ_AT_ONCE = 8 << 20


class CollectionReader(Mapping[str, ArrayReader]):
    """The arrays of a file by their names, none of which is read until it is sliced.

    What `load` returns. ``file["name"]`` opens an array, which reads its header and index; keep the
    reader where an array is sliced often. Readers of the same file may be used by several threads.

    Parameters
    ----------
    file : path or binary file object that can seek
        As made by `save` or `CollectionWriter`. In a file object, the collection extends from its
        position to its end. It is not closed, and nobody else may use it meanwhile.
    limits : Limits
        Limits of each slice of an array, and of the memory that the list of arrays takes.
    threads : int, optional
        For each array; by default, the number of cores that the process may use.

    Attributes
    ----------
    metadata : mapping
        The metadata of the collection. Those of an array are an attribute of its reader.

    Raises
    ------
    AnsflowError
        If the file is damaged or is no collection. Getting an array raises it, too, if that one is
        damaged, or is of a dtype of the package ml_dtypes, which is not installed.

    Notes
    -----
    A collection of a path can be pickled, and so can the readers of its arrays: they open the file
    again.

    Examples
    --------
    >>> import ansflow, io, numpy as np
    >>> file = io.BytesIO()
    >>> ansflow.save(file, height=np.arange(12).reshape(3, 4), time=np.arange(3))
    >>> _ = file.seek(0)
    >>> reader = ansflow.CollectionReader(file)
    >>> list(reader), reader["height"].shape
    (['height', 'time'], (3, 4))
    >>> reader["height"][1]
    array([4, 5, 6, 7])
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        *,
        limits: Limits = DEFAULT_LIMITS,
        threads: int | None = None,
    ) -> None:
        self._limits, self._threads = limits, threads
        binary, owned = opened(file)
        self._path = os.path.abspath(os.fspath(file)) if owned else None  # type: ignore[arg-type]
        try:
            if not can_seek(binary):
                raise ValueError(
                    f"{type(binary).__name__} cannot seek: store the collection in a file first"
                )
            self._file = SharedFile(binary, owned)
            found = find_arrays(self._file.part(0, self._file.size), limits)
        except BaseException as error:
            if owned:
                binary.close()
            if isinstance(error, TruncatedError):
                text = f"{error}; ansflow.recover rescues the arrays before that"
                raise TruncatedError(text) from error
            raise
        self._entries = {entry.name: entry for entry in found.entries}
        self.metadata: Mapping[str, Any] = found.metadata

    def __getitem__(self, name: str) -> ArrayReader:
        entry = self._entries[name]
        part = self._file.part(entry.begin, entry.end)
        reader = _Member(part, self._path, limits=self._limits, threads=self._threads)
        if reader.name != name:
            raise CorruptDataError(
                f"what the directory calls {name!r:.100} is an array named {reader.name!r:.100}"
            )
        return reader

    def read(self, name: str) -> Any:
        """All of an array, like ``file[name][...]``, but faster if it is small.

        Returns
        -------
        ndarray

        Raises
        ------
        KeyError
            If there is no array of that name.
        AnsflowError
            As for slices of a reader.

        Examples
        --------
        >>> import ansflow, io, numpy as np
        >>> file = io.BytesIO()
        >>> ansflow.save(file, a=np.arange(3), b=np.zeros(2))
        >>> _ = file.seek(0)
        >>> ansflow.load(file).read("a")
        array([0, 1, 2])
        """
        return self[name][...] if self._is_large(name) else self._read_at_once(name, self._threads)

    def read_all(self) -> dict[str, Any]:
        """All arrays by their names: large ones one after the other, and the others side by side.

        Examples
        --------
        >>> import ansflow, io, numpy as np
        >>> file = io.BytesIO()
        >>> ansflow.save(file, a=np.arange(3), b=np.zeros(2))
        >>> _ = file.seek(0)
        >>> ansflow.load(file).read_all()
        {'a': array([0, 1, 2]), 'b': array([0., 0.])}
        """
        arrays = {name: self[name][...] if self._is_large(name) else None for name in self}
        tasks = (partial(self._read_together, names) for names in self._batches())
        for read in ordered(tasks, checked_threads(self._threads)):
            arrays |= read
        return arrays

    def _batches(self) -> Iterator[list[str]]:
        """Yield small arrays, as many at a time as are worth a task."""
        names, size = list[str](), 0
        for name, entry in self._entries.items():
            if not self._is_large(name):
                names.append(name)
                size += entry.end - entry.begin
            if size >= TASK_SIZE:
                yield names
                names, size = [], 0
        yield names

    def _read_together(self, names: list[str]) -> dict[str, Any]:
        return {name: self._read_at_once(name, 1) for name in names}

    def _is_large(self, name: str) -> bool:
        entry = self._entries[name]
        return entry.end - entry.begin > READ_AT_ONCE

    def _read_at_once(self, name: str, threads: int | None) -> Any:
        entry = self._entries[name]
        frame = np.empty(entry.end - entry.begin, np.uint8)
        if self._file.read_into(entry.begin, frame.data) < frame.size:
            raise TruncatedError(f"the file became shorter: the array {name!r:.100} is cut off")
        return decompress_member(frame, name, limits=self._limits, threads=threads)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    # Mappings are equal if their values are, but arrays are not compared as a whole.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        names = ", ".join(map(repr, self._entries))
        return f"<{type(self).__name__} of {len(self)} arrays: {names:.200}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._path is None:
            raise TypeError("a collection of a file object cannot be pickled: give load its path")
        return _unpickled, (self._path, self._limits, self._threads)

    def close(self) -> None:
        """Close the file, if it was given by its path; the readers of arrays do not go on."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Member(ArrayReader):
    """The reader of an array in a collection, of a path unless that is None."""

    def __init__(self, part: BinaryIO, path: str | None, **options: Any) -> None:
        super().__init__(part, **options)
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        _, arguments = super().__reduce__()
        return _unpickled_member, (*arguments, self.name)


def load(
    file: Path | BinaryIO, *, limits: Limits = DEFAULT_LIMITS, threads: int | None = None
) -> CollectionReader:
    """Open a file of several arrays.

    Parameters
    ----------
    file : path or binary file object that can seek
        As made by `save`.
    limits : Limits
        Limits of each slice.
    threads : int, optional
        By default, the number of cores that the process may use.

    Returns
    -------
    CollectionReader
        A mapping of names to `ArrayReader` objects, in the order of the file, and a context
        manager that closes the file.

    Raises
    ------
    AnsflowError
        If the file is damaged or is no collection.

    Examples
    --------
    >>> import ansflow, numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "climate.ans")
    >>> ansflow.save(path, t=np.linspace(0, 9, 1000), days=np.arange(7))
    >>> with ansflow.load(path) as file:
    ...     list(file), file["t"].shape, file["days"][2:4]
    (['t', 'days'], (1000,), array([2, 3]))
    """
    return CollectionReader(file, limits=limits, threads=threads)


def _unpickled(path: Path, limits: Limits, threads: int | None) -> CollectionReader:
    """A collection that is closed when it is not used any more, as nobody has opened it."""
    whole = CollectionReader(path, limits=limits, threads=threads)
    whole._file.close_in_the_end()
    return whole


def _unpickled_member(path: Path, limits: Limits, threads: int | None, name: str) -> ArrayReader:
    """The same for an array alone."""
    return _unpickled(path, limits, threads)[name]
