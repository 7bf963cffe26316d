"""Whether ``--dtype``, ``--typesize`` and ``--model`` suit a file that has been compressed.

Nothing is read again but the file itself, and that only if it can be: there may be pipes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click
import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.cli.each import Sizes
from ansflow.cli.files import File
from ansflow.io.containers.conversion import find_container
from ansflow.io.npy import read_npy

__all__ = ["Claim", "WatchedModel", "claimed", "objections"]

# So many pieces of the content are looked at, each of so many bytes.
PIECES, PIECE = 16, 64 << 10

# An option pays if it saves this share of what a coder of single bytes would take. Less content is
# not judged, since tables and heads count too much.
SAVED, JUDGED = 0.005, 16 << 10


class Claim(NamedTuple):
    """What an option says of the items: the option with its value, and the dtype."""

    option: str
    dtype: np.dtype[Any]


def claimed(dtype: str | None, typesize: str | None) -> Claim | None:
    """What the options say, if they are given; UsageError if that is nothing that there is."""
    if dtype is None and typesize is None:
        return None
    option = f"--typesize {typesize}" if dtype is None else f"--dtype {dtype}"
    try:
        size = None if typesize is None else int(typesize)
        found = ansflow.Options(dtype=dtype, typesize=size).dtype
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"{option}: {error}") from error
    return Claim(option, np.dtype(found))


class WatchedModel:
    """A model by its name, as a `ContentModel`, and what has become of what it was given.

    Attributes
    ----------
    coded, paid : bool
        Whether it has coded any part, and any in fewer bytes than a coder of single bytes.
    """

    def __init__(self, name: str) -> None:
        model = ansflow.Options(model=name).coding.model
        assert model is not None
        self.name, self.fingerprint, self.unit = model.name, model.fingerprint, model.unit
        self.check_array, self.memory = model.check_array, model.memory
        self.decode_content, self._encode = model.decode_content, model.encode_content
        self.coded = self.paid = False

    def encode_content(self, content: npt.NDArray[np.uint8], layout: Any) -> bytes:
        message = self._encode(content, layout)
        self.coded = True
        if 8 * len(message) < _entropy(content):
            self.paid = True  # whatever other threads find
        return message


def objections(
    file: File, sizes: Sizes, claim: Claim | None, model: WatchedModel | None
) -> Iterator[str]:
    """What is to be said about the options, after `file` has been compressed."""
    if claim is not None:
        yield from _about_items(file, sizes, claim)
    if model is not None and sizes[0]:
        if not model.coded:
            yield (
                f"--model {model.name} does not suit it: no part is what the model has been made "
                "for, and everything was compressed without it"
            )
        elif sizes[0] >= JUDGED and not model.paid:
            yield f"--model {model.name} does not suit it: as single bytes it would take no more"


def _about_items(file: File, sizes: Sizes, claim: Claim) -> Iterator[str]:
    itemsize, (read, written) = claim.dtype.itemsize, sizes
    dtypes: list[np.dtype[Any]] = []
    usual = float(read)  # bytes that single bytes would take
    if isinstance(file, Path) and file.is_file():
        with file.open("rb") as source:
            dtypes = _dtypes_in(source)
            usual *= _bits_per_byte(source, read) / 8
    others = sorted({str(dtype) for dtype in dtypes if dtype.itemsize != itemsize})
    if others:
        yield (
            f"{claim.option} does not suit it: it says itself that its items are {others[0]}; "
            "leave the option out"
        )
    elif not dtypes and read % itemsize:
        yield (
            f"{claim.option} does not suit it: its {read:,} bytes are no whole number of items of "
            f"{itemsize} bytes"
        )
    elif not dtypes and read >= JUDGED and written > (1 - SAVED) * usual:
        yield f"{claim.option} does not suit it: as single bytes it would take no more"


def _dtypes_in(source: BinaryIO) -> list[np.dtype[Any]]:
    """The dtypes that a file of arrays gives; none for other files."""
    container = find_container(source)
    if container is not None:
        return [member.spec.dtype for member in container.members]
    npy = read_npy(source)
    return [] if npy is None else [npy.spec.dtype]


def _bits_per_byte(source: BinaryIO, size: int) -> float:
    """What a coder takes that knows how frequent each byte is in each of some pieces."""
    bits = total = 0.0
    for begin in np.linspace(0, max(0, size - PIECE), PIECES, dtype=np.int64):
        source.seek(begin)
        piece = np.frombuffer(source.read(PIECE), np.uint8)
        bits += _entropy(piece)
        total += piece.size
    return bits / total if total else 0.0


def _entropy(symbols: npt.NDArray[np.uint8]) -> float:
    counts = np.bincount(symbols)
    present = counts[counts > 0]
    return float(present @ np.log2(symbols.size / present)) if symbols.size else 0.0
