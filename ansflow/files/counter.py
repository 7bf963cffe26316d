"""Counting what is written."""

from __future__ import annotations

from typing import Any, BinaryIO

from ansflow.files.foreign import check_binary, flush_all, write_all

__all__ = ["Counter"]


class Counter:
    """Writes data to a file, unless that is None, and counts the bytes. It cannot seek."""

    def __init__(self, file: BinaryIO | None) -> None:
        check_binary(file)
        self.file, self.size = file, 0

    def write(self, data: Any) -> int:
        if self.file is not None:
            write_all(self.file, data)
        size = memoryview(data).nbytes
        self.size += size
        return size

    def flush(self) -> None:
        if self.file is not None:
            flush_all(self.file)
