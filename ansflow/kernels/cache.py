"""Compiled kernels on disk.

Numba's own cache takes compiled code for fresh as long as the file of the outermost function is the
same, but that code has the functions of other files in it: after an edit there it would go on
writing the old words. It keeps an index for each function, which processes that write at the same
time take from each other; and what a power cut leaves of a file, or a full disk, is an error in
whatever was to be done.

Here each specialisation of a kernel is one file, whose name says all that its code follows from:
the sources of all kernels, which replace those of before, and a key for the rest. A file that
isn't whole counts as missing, and one that can't be written is left out: the kernel is compiled
then, as if nothing were kept.

Numba decides where files go (``NUMBA_CACHE_DIR``, ``__pycache__``, the user's cache directory) and
how compiled code becomes bytes. Those are pickles: as with Numba's own cache, whoever may write to
that directory decides what code is run.
"""

import functools
import hashlib
import os
import pickle
import re
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
import xxhash
from numba.core import caching, config, serialize

__all__ = ["KernelCache"]

# Settings of Numba that change the code it makes. (The processor is part of every key.)
SETTINGS = (
    *("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DISABLE_INTEL_SVML"),
    *("DEBUGINFO_DEFAULT", "EXTEND_VARIABLE_LIFETIMES", "ENABLE_PROFILING"),
    *("DEBUG_NRT", "NRT_STATS", "DEBUG_ARRAY_OPT_RUNTIME"),
    *("LLVM_REFPRUNE_PASS", "LLVM_REFPRUNE_FLAGS"),
)

CHECK_SIZE = 16

# Seconds after which a file that someone began to write is taken to be abandoned.
ABANDONED = 3600


def hexadecimal(*parts: bytes) -> str:
    """A short digest of byte strings, unambiguous about where one ends."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def stamp_of(root: str) -> str | None:
    """A digest of all sources below `root`; None if there are none."""
    parts = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(files):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, "rb", buffering=0) as file:
                    parts += [path[len(root) :].encode(), file.read()]
    return hexadecimal(*parts) if parts else None


# Taken before any kernel is imported: an edit from then on makes no difference to this process.
try:
    STAMP = stamp_of(os.path.dirname(__file__))
except OSError:
    STAMP = None

VERSIONS = sys.version, numba.__version__, llvmlite.__version__, np.__version__

SUFFIX = ".nbc"
NAME = re.compile(rf"-(?P<stamp>[0-9a-f]{{16}})-[0-9a-f]{{16}}{re.escape(SUFFIX)}(?P<begun>\..*)?$")


@functools.cache
def numbas() -> Any:
    """Numba's way to keep code, for this file's folder.

    Raises
    ------
    RuntimeError
        If there is no place for it, or nothing to tell by whether it is fresh.
    """
    if STAMP is None:
        raise RuntimeError("the kernels' sources can't be read")
    return caching.CompileResultCacheImpl(numbas.__wrapped__)


class KernelCache:
    """What a dispatcher asks for the code of one kernel before it compiles it.

    Whatever goes wrong is no reason to fail: code that can't be kept or found is compiled. (That
    also serves a future Numba that keeps code in another way.)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        module = function.__module__.rpartition(".")[2]
        self._name = f"{module}.{function.__qualname__}".replace(".<locals>", "")

    @property
    def cache_path(self) -> str | None:
        """The directory, for a dispatcher's statistics."""
        try:
            return str(numbas().locator.get_cache_path())
        except Exception:
            return None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code for argument types `sig`; None if it isn't there."""
        target_context.refresh()  # what is loaded may refer to what is registered late
        try:
            data = memoryview(self._path(sig, target_context.codegen()).read_bytes())
            check, payload = data[:CHECK_SIZE], data[CHECK_SIZE:]
            if check != xxhash.xxh3_128_digest(payload):
                return None
            return numbas().rebuild(target_context, pickle.loads(payload))
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code for argument types `sig`, if that is possible."""
        with suppress(Exception):
            path = self._path(sig, data.codegen)
            if numbas().check_cachable(data):
                payload = serialize.dumps(numbas().reduce(data))
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, xxhash.xxh3_128_digest(payload) + payload)
                remove_superseded(path.parent)

    def flush(self) -> None:
        """Nothing: what a dispatcher compiles again, on request, is written over."""

    def _path(self, sig: Any, codegen: Any) -> Path:
        """Where code for argument types `sig` is, made for a processor under today's settings."""
        settings = [str(getattr(config, name, None)) for name in SETTINGS]
        closure = [cell.cell_contents for cell in self._function.__closure__ or ()]
        key = hexadecimal(
            self._function.__module__.encode(),
            str(self._function.__code__.co_firstlineno).encode(),
            repr((sig, codegen.magic_tuple(), settings, VERSIONS)).encode(),
            serialize.dumps(closure),
        )
        return Path(numbas().locator.get_cache_path(), f"{self._name}-{STAMP}-{key}{SUFFIX}")


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one go: others see all of it, or what was there before."""
    begun = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        begun.write_bytes(data)
        begun.replace(path)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise


@functools.cache
def remove_superseded(place: Path) -> None:
    """Remove code of other sources than these, and files that were never finished; once."""
    for path in place.iterdir():
        found = NAME.search(path.name)
        if found is None:
            continue
        with suppress(OSError):
            if found["begun"]:
                gone = time.time() - path.stat().st_mtime > ABANDONED
            else:
                gone = found["stamp"] != STAMP
            if gone:
                path.unlink()
