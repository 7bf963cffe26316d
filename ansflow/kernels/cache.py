"""Compiled kernels on disk.

Numba's own cache considers compiled code up to date as long as the file of the outermost function
is unchanged. But compiled code contains the functions of other files too, so that after an edit
there it would go on writing the old words. Numba also keeps an index file for each function, which
processes that write at the same time overwrite; and a file that is damaged by a power cut or a full
disk is an error for the caller.

Here each specialisation of a kernel is one file. Its name contains a stamp of the sources of all
kernels and a key for everything else that its code depends on. A damaged file counts as missing,
and if a file cannot be written, the kernel is compiled each time.

Numba decides where files go (``NUMBA_CACHE_DIR``, ``__pycache__``, the user's cache directory) and
how compiled code becomes bytes. Those are pickles: as with Numba's own cache, anyone who can write
to that directory can run code in the processes that read it.
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
from types import FunctionType
from typing import Any

import llvmlite
import numba
import numpy as np
import xxhash
from numba.core import caching, config, serialize
from numba.core.runtime.nrt import rtsys

from ansflow.kernels.uninterrupted import uninterrupted

__all__ = ["KernelCache"]

# Settings of Numba that change the code it makes. (The processor is part of every key.)
SETTINGS = (
    *("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DISABLE_INTEL_SVML"),
    *("DEBUGINFO_DEFAULT", "EXTEND_VARIABLE_LIFETIMES", "ENABLE_PROFILING"),
    *("DEBUG_NRT", "NRT_STATS", "DEBUG_ARRAY_OPT_RUNTIME"),
    *("LLVM_REFPRUNE_PASS", "LLVM_REFPRUNE_FLAGS"),
)

CHECK_SIZE = 16

# Seconds after which an unfinished file is considered abandoned.
ABANDONED = 3600


def hexadecimal(*parts: bytes) -> str:
    """A short digest of byte strings and where each ends."""
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


# Taken before any kernel is imported: this process does not see later edits.
try:
    STAMP = stamp_of(os.path.dirname(__file__))
except OSError:
    STAMP = None

VERSIONS = sys.version, numba.__version__, llvmlite.__version__, np.__version__

SUFFIX = ".nbc"
NAME = re.compile(rf"-(?P<stamp>[0-9a-f]{{16}})-[0-9a-f]{{16}}{re.escape(SUFFIX)}(?P<begun>\..*)?$")


@functools.cache
def numbas() -> Any:
    """Numba's means of storing code, for this file's folder.

    Raises
    ------
    RuntimeError
        If no directory can be written to, or the sources cannot be read.
    """
    if STAMP is None:
        raise RuntimeError("the sources of the kernels cannot be read")
    return caching.CompileResultCacheImpl(numbas.__wrapped__)


class KernelCache:
    """The cache of one kernel, as its dispatcher uses it.

    Errors are ignored: code that cannot be stored or found is compiled. That also covers a future
    Numba with other internals.
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

    def has(self, sig: Any, target_context: Any) -> bool:
        """Whether there is a file for argument types `sig`."""
        try:
            return self._path(sig, target_context.codegen()).exists()
        except Exception:
            return False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code for argument types `sig`, or None."""
        # The code may call Numba's runtime. All else that Numba would load now, as it is about to
        # load code, is for compiling, and takes longer than the code of a short command.
        rtsys.initialize(target_context)
        try:
            data = memoryview(self._path(sig, target_context.codegen()).read_bytes())
            check, payload = data[:CHECK_SIZE], data[CHECK_SIZE:]
            if check != xxhash.xxh3_128_digest(payload):
                return None
            return numbas().rebuild(target_context, pickle.loads(payload))
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store compiled code for argument types `sig`, if that is possible."""
        with suppress(Exception):
            path = self._path(sig, data.codegen)
            if numbas().check_cachable(data):
                payload = serialize.dumps(numbas().reduce(data))
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, xxhash.xxh3_128_digest(payload) + payload)
                remove_superseded(path.parent)

    def flush(self) -> None:
        """Nothing to do: code that is compiled again replaces its file."""

    def _path(self, sig: Any, codegen: Any) -> Path:
        """The file for argument types `sig`, the processor, and the present settings."""
        settings = [str(getattr(config, name, None)) for name in SETTINGS]
        key = hexadecimal(
            identity(self._function),
            repr((sig, machine(codegen), settings, VERSIONS)).encode(),
        )
        return Path(numbas().locator.get_cache_path(), f"{self._name}-{STAMP}-{key}{SUFFIX}")


@functools.cache
def machine(codegen: Any) -> Any:
    """The processor that code is for; LLVM takes a while to say it, and a lock."""
    return uninterrupted(codegen.magic_tuple)


def identity(value: Any) -> bytes:
    """What tells a function, or a value that one holds, from others made by the same sources.

    Kernels are told apart as their functions are: pickled, each would be one of its process.
    """
    function = getattr(value, "py_func", value)
    if not isinstance(function, FunctionType):
        return bytes(serialize.dumps(value))
    place = f"{function.__module__}:{function.__code__.co_firstlineno}"
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return hexadecimal(place.encode(), *map(identity, held)).encode()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file atomically: others see all of `data`, or the file as it was before."""
    begun = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        begun.write_bytes(data)
        begun.replace(path)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise


@functools.cache
def remove_superseded(place: Path) -> None:
    """Remove code of other versions of the sources, and abandoned files; once in a process."""
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
