"""A compressor for joblib: after ``import ansflow.integrations.joblib``, "ansflow" is known.

It is also what files named ``.ans`` are written with, and what `joblib.load` recognises by their
first bytes, in every process that has imported this module.
"""

from __future__ import annotations

import io
from typing import Any

import ansflow
from ansflow.extras import extra

with extra("joblib"):
    from joblib import register_compressor
    from joblib.compressor import CompressorWrapper

__all__ = ["AnsflowCompressor"]

# What a pickle's bytes may be: text and structure, or numbers of an array.
NUMBERS = (None, "<u2", "<u4", "<u8", "<f4", "<f8")

# Joblib starts arrays at multiples of so many bytes, if the file can tell where it is.
ALIGNMENT = 16

# Bytes that are tried as one or the other, in so many samples, and from how many bytes on.
SAMPLE, SAMPLES, LEAST = 8 << 10, 4, 1 << 10


class AnsflowCompressor(CompressorWrapper):
    """Pickles as frames of bytes, one after another, in which arrays are compressed as numbers.

    Any reader of frames reads them, such as ``ansflow decompress``. Threads are not started, since
    joblib's workers are as many as there are cores.

    Examples
    --------
    >>> import joblib, numpy as np, pathlib, tempfile
    >>> import ansflow.integrations.joblib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.joblib")
    >>> model = {"weights": np.linspace(0, 1, 50_000).round(3), "name": "linear"}
    >>> _ = joblib.dump(model, path, compress=("ansflow", 3))
    >>> path.stat().st_size < model["weights"].nbytes / 20
    True
    >>> np.array_equal(joblib.load(path)["weights"], model["weights"])
    True
    """

    def __init__(self) -> None:
        super().__init__(obj=None, prefix=_magic(), extension=".ans")

    def compressor_file(self, fileobj: Any, compresslevel: int | None = None) -> io.RawIOBase:
        """What joblib writes a pickle to; `fileobj` is a path or a binary file."""
        return _Writer(fileobj, 3 if compresslevel is None else compresslevel)

    def decompressor_file(self, fileobj: Any) -> Any:
        """What joblib reads a pickle from."""
        return ansflow.open(fileobj, threads=1)


class _Writer(io.RawIOBase):
    """Makes a frame of each block that joblib's buffer writes.

    Blocks begin where an array may begin, or at an item of one that goes on.
    """

    def __init__(self, file: Any, level: int) -> None:
        plan = ansflow.Plan(level=level)
        self._options: dict[str, Any] = {"plan": plan, "threads": 1}
        self._owned = not hasattr(file, "write")
        self._file = open(file, "wb") if self._owned else file  # noqa: SIM115
        self._rest = b""
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        """Position in the pickle, which joblib aligns arrays by."""
        return self._at

    def write(self, data: Any, /) -> int:
        block = memoryview(data).cast("B")
        size = len(block)
        if self._rest:
            block = memoryview(self._rest + block)
        whole = len(block) - len(block) % ALIGNMENT
        if whole:
            self._write_frame(block[:whole])
        self._rest = bytes(block[whole:])
        self._at += size
        return size

    def _write_frame(self, block: memoryview) -> None:
        self._file.write(ansflow.compress(block, dtype=self._numbers(block), **self._options))

    def _numbers(self, block: memoryview) -> str | None:
        """The numbers that parts of a block are smallest as."""
        if len(block) < LEAST:
            return None
        step = max(SAMPLE, len(block) // SAMPLES // ALIGNMENT * ALIGNMENT)
        sample = b"".join([block[start : start + SAMPLE] for start in range(0, len(block), step)])
        sizes = {
            dtype: len(ansflow.compress(sample, dtype=dtype, **self._options)) for dtype in NUMBERS
        }
        return min(NUMBERS, key=sizes.__getitem__)

    def close(self) -> None:
        if self.closed:
            return
        try:
            if self._rest:
                self._write_frame(memoryview(self._rest))
        finally:
            if self._owned:
                self._file.close()
            super().close()


def _magic() -> bytes:
    """What every frame begins with."""
    return ansflow.compress(b"")[:4]


# Again if the module is reloaded.
register_compressor("ansflow", AnsflowCompressor(), force=True)
