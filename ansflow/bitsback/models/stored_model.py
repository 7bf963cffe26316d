"""What all models with networks share: an identity, and a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from ansflow.bitsback.models.files.archive import File
from ansflow.bitsback.models.files.model_file import (
    Arrays,
    Description,
    fingerprint,
    read_model,
    same,
    write_model,
)
from ansflow.errors import ModelError
from ansflow.lazy import cached_property

__all__ = ["StoredModel"]


# What happens if a description is not what it is taken for.
UNFIT = KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError


class StoredModel(ABC):
    """A model that is determined by a description and arrays.

    A model says how it is described, and how it is made of a description; all else follows.
    """

    @abstractmethod
    def _tables(self) -> Arrays:
        """The tables that probabilities are computed from, by their names."""

    @abstractmethod
    def _described(self) -> tuple[Description, Arrays]:
        """JSON values, and the weights by their names."""

    @classmethod
    @abstractmethod
    def _from_description(cls, description: Any, arrays: Arrays) -> Self:
        """The inverse of `_described`; any exception of Python if these are of no such model."""

    @cached_property
    def fingerprint(self) -> str:
        """128 bits over all that encoder and decoder have to agree on, as 32 hexadecimal digits.

        That is the description, the weights, and the tables that probabilities are computed from.
        """
        description, arrays = self._described()
        return fingerprint(description, arrays | self._tables())

    def save(self, file: File) -> None:
        """Write the model to an `.npz` file, which MODEL.md or HILLOC.md describes."""
        write_model(file, *self._described())

    @classmethod
    def load(cls, file: File) -> Self:
        """Undo `save`.

        Raises
        ------
        ModelError
            If that is not such a file.
        OSError
            If it cannot be opened or read.
        """
        description, arrays = read_model(file)
        try:
            model = cls._from_description(description, arrays)
        except UNFIT as error:
            raise ModelError(f"the file describes no {cls.__name__}: {error!r}") from error
        found, used = model._described()
        if not same(found, description) or used.keys() != arrays.keys():
            raise ModelError("the description or the arrays of the file are not those of its model")
        return model
