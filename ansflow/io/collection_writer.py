"""Collections of arrays, which are written one after the other to a file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from ansflow.arguments import Axes
from ansflow.engine.collection import Contents, find_arrays
from ansflow.engine.content import array_content
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.metadata import checked_metadata
from ansflow.engine.options import Options
from ansflow.files.atomic import AtomicFile
from ansflow.files.foreign import check_binary, end_of
from ansflow.files.shared import SharedFile
from ansflow.io.array_writer import ArrayWriter
from ansflow.io.collection_file import CollectionFile
from ansflow.io.plain_array import plain_array
from ansflow.io.reader import Path
from ansflow.limits import STREAM_LIMITS

__all__ = ["CollectionWriter"]


class CollectionWriter:
    """Writes arrays with names to a file, one after the other.

    Parameters
    ----------
    file : path or binary file object
        A path is written under a temporary name and renamed on `close`. If a ``with`` block is
        left by an exception, or the writer is never closed, everything is discarded. A file object
        is written to directly, from its position on, and is not closed.
    mode : {"w", "x", "a"}
        As in `ansflow.open`; ``a`` adds arrays to a collection. A file object must then be one that
        can be read and seek, and the collection extends from its position to its end. Nothing of
        that is changed: if writing is interrupted, `ansflow.recover` rescues all of it.
    metadata : mapping, optional
        Metadata of the whole collection. With mode ``a``, those that are there stay by default.
    threads : int, optional
        By default, the number of cores that the process may use.
    **options
        For all arrays, unless they have their own: see `ansflow.Options`.

    Attributes
    ----------
    names : tuple of str
        The names of the arrays so far.

    Raises
    ------
    AnsflowError
        If arrays cannot be added to the file, as it is damaged or no collection.

    Examples
    --------
    >>> import ansflow, numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "run.ans")
    >>> with ansflow.CollectionWriter(path, metadata={"run": 7}) as writer:
    ...     writer.add("mesh/x", np.linspace(0, 1, 100), metadata={"unit": "m"})
    ...     with writer.begin("t", "f4", (100,)) as rows:
    ...         for step in range(30):
    ...             rows.append(np.full((1, 100), step))
    >>> with ansflow.load(path) as file:
    ...     file.metadata, file["mesh/x"].metadata, file["t"].shape
    ({'run': 7}, {'unit': 'm'}, (30, 100))
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        mode: str = "w",
        *,
        metadata: Mapping[str, Any] | None = None,
        threads: int | None = None,
        **options: Any,
    ) -> None:
        if mode not in ("w", "x", "a"):
            raise ValueError(f"mode must be w, x or a, not {mode!r}")
        if "name" in options:
            raise TypeError("name is no option of a collection: each of its arrays has its own")
        Options.of(options)
        self._options, self._threads = options, threads
        own = None if metadata is None else checked_metadata(metadata)
        before: Contents | None = None
        at = 0
        self._whole: AtomicFile | None = None
        if isinstance(file, str | bytes | os.PathLike):
            if mode == "a" and os.path.exists(file) and os.path.getsize(file):
                with open(file, "rb") as there:
                    before = _contents(there)
            self._whole = AtomicFile(file, exclusive=mode == "x", append=mode == "a")
            target: BinaryIO = self._whole.file
            if before is not None:
                if target.tell() != before.size:
                    self._whole.discard()
                    raise OSError("the file was changed by another program while it was opened")
                # It is a copy, so that nothing is lost if the directory makes room for the next.
                target.seek(before.end)
                target.truncate()
                at = before.end
        elif hasattr(file, "write"):
            check_binary(file)
            target = file
            if mode == "a":
                before = _contents(file)
                end_of(file)
                at = 0 if before is None else before.size
        else:
            raise TypeError(f"file must be a path or a file object, not {type(file).__name__}")
        self._file = CollectionFile(target, () if before is None else before.entries, at)
        there_are = {} if before is None else before.metadata
        self._metadata: Mapping[str, Any] = there_are if own is None else own
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        return self._file.names

    def add(self, name: str, array: Any, **options: Any) -> None:
        """Add an array.

        Parameters
        ----------
        name : str
            Text of 1 to 4096 bytes in UTF-8 without null characters, which means nothing else:
            with ``"group/x"`` it is for the reader to know of groups.
        array : ndarray or object
            Arrays as in `ansflow.compress`, and objects that become arrays by ``__array__``,
            ``__dlpack__``, a buffer, or by way of Arrow. What is missing in arrays of Arrow is
            masked.
        **options
            Options of this array, such as ``metadata``, instead of those given for all.

        Raises
        ------
        TypeError
            If the object is no array, or one of a dtype that cannot be stored.
        ValueError
            If there is an array of that name, or the name is none; if another array is not
            complete; or after `close`.
        """
        own = self._own(name, options)
        with _noting(name):
            settings = Options.of(own)
            content, spec = array_content(_array(array))
            spec = replace(spec, listed=True)
            encoder = FrameEncoder(settings, self._threads, content_size=content.size, array=spec)
            encoder.choose(content)
        self._file.put(encoder, [content])

    def begin(
        self,
        name: str,
        dtype: npt.DTypeLike,
        shape: Axes = (),
        *,
        masked: bool = False,
        **options: Any,
    ) -> ArrayWriter:
        """Begin an array that is written row by row, and must be closed before the next one.

        Parameters
        ----------
        name : str
            As for `add`.
        dtype, shape, masked
            As for `ArrayWriter`.
        **options
            Options of this array, such as ``metadata``, instead of those given for all.

        Returns
        -------
        ArrayWriter
            If its ``with`` block is left by an exception, the collection cannot be completed.

        Raises
        ------
        TypeError, ValueError
            As for `add` and `ArrayWriter`.
        """
        own = self._own(name, options)
        with _noting(name):
            return _Part(self._file, dtype, shape, masked=masked, threads=self._threads, **own)

    def _own(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """All options of an array."""
        if self._closed:
            raise ValueError("the writer is closed")
        if not isinstance(name, str):
            raise TypeError(f"the name of an array must be text, not {name!r:.60}")
        return {**self._options, **options, "name": name}

    def close(self) -> None:
        """Write the directory, and rename the file if it was given by its path.

        Raises
        ------
        ValueError
            If an array was begun and not completed; a file given by its path is discarded then.
        """
        if self._closed:
            return
        try:
            self._file.finish(self._metadata)
            if self._whole is not None:
                self._whole.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Close without a directory; a file given by its path is left unchanged."""
        self._closed = True
        if self._whole is not None:
            self._whole.discard()  # no effect after a commit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            with suppress(Exception):  # warning filters may raise it
                warnings.warn(
                    f"{self!r} was never closed: its content is discarded", ResourceWarning, 2
                )
            self.discard()


class _Part(ArrayWriter):
    """The writer of an array in a collection."""

    _listed = True

    def __init__(self, whole: CollectionFile, *arguments: Any, name: str, **options: Any) -> None:
        whole.check_new(name)
        super().__init__(whole, *arguments, name=name, **options)  # type: ignore[arg-type]
        self._whole = whole
        whole.begin(name)

    def close(self) -> None:
        if not self._file.closed:
            super().close()
            self._whole.end()


@contextmanager
def _noting(name: str) -> Iterator[None]:
    """Errors in the arguments for an array say which one it is."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.add_note(f"The array is {name!r:.100}.")
        raise


def _array(value: Any) -> npt.NDArray[Any]:
    """The array that a value is, also by its buffer."""
    array = plain_array(value)
    if array is None:
        try:
            array = np.asarray(memoryview(value))
        except TypeError:
            raise TypeError(
                f"data must be an array, not {type(value).__name__}: convert numbers and lists "
                "with numpy.asarray"
            ) from None
    return array


def _contents(file: BinaryIO) -> Contents | None:
    """What a collection contains that extends from the file's position to its end, if any."""
    shared = SharedFile(file, owned=False)
    return find_arrays(shared.part(0, shared.size), STREAM_LIMITS) if shared.size else None
