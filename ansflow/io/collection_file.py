"""The frames of a collection in a file that is being written, and then their directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from ansflow.buffers import Bytes
from ansflow.engine.collection import encode_directory
from ansflow.engine.encoder import FrameEncoder
from ansflow.files.foreign import flush_all, write_all
from ansflow.frame.directory import Entry

__all__ = ["CollectionFile"]


class CollectionFile:
    """Counts what is written to a file, so that it knows where each array is.

    Parameters
    ----------
    file : binary file
        Written to from its position on.
    entries : iterable of Entry
        The arrays that are before this position,
    at : int
        which is this one in the collection.
    """

    def __init__(self, file: BinaryIO, entries: Iterable[Entry] = (), at: int = 0) -> None:
        self._file, self._at = file, at
        self._entries = {entry.name: entry for entry in entries}
        self._begun: tuple[str, int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays that are complete."""
        return tuple(self._entries)

    def check_new(self, name: str) -> None:
        """Raise ValueError if there is an array of that name, or another one is not complete."""
        self._check_complete()
        if name in self._entries:
            raise ValueError(f"the file has an array of the name {name!r:.100} already")

    def begin(self, name: str) -> None:
        """Begin the frame of an array. If it never ends, all of the file is useless."""
        self.check_new(name)
        self._begun = name, self._at

    def end(self) -> None:
        """End the frame that has begun."""
        assert self._begun is not None
        name, begin = self._begun
        self._entries[name] = Entry(name, begin, self._at)
        self._begun = None

    def put(self, encoder: FrameEncoder, pieces: Iterable[Bytes]) -> None:
        """Write a frame from its content, which comes in pieces; it counts if it has a name."""
        name = encoder.header.name
        try:
            if name is not None:
                self.begin(name)
            for piece in pieces:
                for part in encoder.write(piece, lasting=True):
                    self.write(part)
            for part in encoder.finish():
                self.write(part)
            if name is not None:
                self.end()
        finally:
            encoder.close()

    def finish(self, metadata: Mapping[str, Any]) -> None:
        """Write the directory; ValueError if an array is not complete."""
        self._check_complete()
        for part in encode_directory(list(self._entries.values()), self._at, metadata):
            self.write(part)
        self.flush()

    def write(self, data: memoryview) -> int:
        """Write a part of the frame that has begun, or of the directory."""
        write_all(self._file, data)
        self._at += data.nbytes
        return data.nbytes

    def flush(self) -> None:
        flush_all(self._file)

    def _check_complete(self) -> None:
        if self._begun is not None:
            raise ValueError(
                f"the array {self._begun[0]!r:.100} is not complete: close its writer first, or "
                "write the file anew if that has failed"
            )
