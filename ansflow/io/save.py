"""Several arrays saved in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ansflow.engine.options import OptionsDict
from ansflow.io.collection_writer import CollectionWriter
from ansflow.io.plain_array import named_columns
from ansflow.io.reader import Path

__all__ = ["save"]

# Of all arrays.
OPTIONS = OptionsDict.__annotations__.keys() - {"name", "metadata"}


def save(
    file: Path | BinaryIO,
    arrays: Any = None,
    /,
    *,
    mode: str = "w",
    metadata: Mapping[str, Any] | None = None,
    array_metadata: Mapping[str, Mapping[str, Any]] | None = None,
    threads: int | None = None,
    **named: Any,
) -> None:
    """Save several arrays to a file, each under a name.

    Parameters
    ----------
    file : path or binary file object
        A path is replaced when everything is written. A file object is written to directly.
    arrays : mapping, optional
        Arrays by their names, which may be any text. Also a table, whose columns are saved: one of
        Arrow, or a data frame, whose index is no column. Dictionaries and categories of numbers
        come back as the numbers, Arrow's times of a day as time since midnight, times with a zone
        as those of UTC, and texts are refused, with a word on what to give instead.
    mode : {"w", "x", "a"}
        ``x`` creates a new file, and ``a`` adds arrays to a file; see `CollectionWriter`.
    metadata : mapping, optional
        Metadata of the file. With mode ``a``, those that are there stay by default.
    array_metadata : mapping, optional
        The metadata of arrays, by their names.
    threads : int, optional
        By default, the number of cores that the process may use.
    **named
        More arrays by their names. Names of options are taken: ``plan``, ``level``, ``dtype``,
        ``typesize``, ``chunk_size``, ``chunks``, ``recipe``, ``precision``, ``lanes``, ``order``,
        ``tables`` and ``model`` are options of all arrays, as in `ansflow.Options`. Arrays with
        these names, or those of the parameters above, are given in a mapping.

    Raises
    ------
    TypeError
        If something is no array, or of a dtype that cannot be stored; see `ansflow.compress`.
        Numbers and lists are no arrays.
    ValueError
        If an option is out of range, a name is there already, or no array can have it.
    AnsflowError
        If arrays are to be added to a file that is damaged, or no collection.

    Examples
    --------
    >>> import ansflow, numpy as np, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "climate.ans")
    >>> t = np.linspace(0, 9, 1000)
    >>> ansflow.save(path, t=t, level=6, array_metadata={"t": {"unit": "K"}})
    >>> ansflow.save(path, {"level": np.arange(7), "group/t": t[::2]}, mode="a")
    >>> with ansflow.load(path) as file:
    ...     list(file), file["t"].metadata, float(file["t"][-1])
    (['t', 'level', 'group/t'], {'unit': 'K'}, 9.0)
    """
    options: Any = {name: named.pop(name) for name in OPTIONS & named.keys()}
    own = {"mode": mode, "metadata": metadata, "array_metadata": array_metadata, "threads": threads}
    for name, value in {**own, **options}.items():
        _check_option(name, value)
    given: list[tuple[Any, Any]] = []
    if arrays is not None:
        columns = named_columns(arrays)
        if columns is None:
            raise TypeError(
                "arrays must be a mapping of names to arrays or a table, not "
                f"{type(arrays).__name__}: give single arrays by keywords"
            )
        given += columns
    given += named.items()
    told = dict(array_metadata or {})
    unknown = told.keys() - {name for name, _ in given}
    if unknown:
        raise ValueError(f"array_metadata is for arrays that are not given: {sorted(unknown)}")
    with CollectionWriter(file, mode, metadata=metadata, threads=threads, **options) as writer:
        for name, array in given:
            writer.add(name, array, **({"metadata": told[name]} if name in told else {}))


def _check_option(name: str, value: Any) -> None:
    """Raise TypeError for arrays."""
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        raise TypeError(
            f"{name} is an option of ansflow.save, and no name of an array there: give arrays with "
            f"such names in a mapping, as in save(file, {{{name!r}: array}})"
        )
