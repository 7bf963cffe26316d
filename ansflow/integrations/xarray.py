"""Datasets of xarray in files of ansflow: ``xarray.open_dataset("x.ans", engine="ansflow")``.

xarray finds the engine by its entry point, and tries it for names that end with ``.ans``. For
arrays that many processes write, Zarr with `ansflow.integrations.zarr.AnsflowCodec` is the better
choice; a file of ansflow is a single one, which appears when it is complete.

Each variable is an array of a collection (`ansflow.save`). Its dimensions and attributes are in
its metadata, as ``dims`` and ``attrs``; attributes of the dataset, and the names of coordinates
that are no dimensions, in those of the collection, as ``attrs`` and ``coords``. Of collections that
others have made, dimensions are named after their array, and metadata are attributes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

import ansflow
from ansflow.errors import AnsflowError
from ansflow.extras import extra

with extra("xarray"):
    import xarray
    from xarray.backends import BackendArray, BackendEntrypoint
    from xarray.core import indexing

__all__ = ["AnsflowBackend", "to_file"]

Path = str | os.PathLike[str]

# What xarray calls an array without a name in a file, and knows when it reads it.
NAMELESS = "__xarray_dataarray_variable__"


class AnsflowBackend(BackendEntrypoint):
    """The engine: variables are read where they are indexed, and only the chunks that it takes.

    No threads are started, as Dask has its own. With ``chunks={}``, chunks are those of the file.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile, xarray
    >>> from ansflow.integrations.xarray import to_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "field.ans")
    >>> kelvin = (("day", "x"), np.arange(600.0).reshape(20, 30), {"units": "K"})
    >>> to_file(xarray.Dataset({"kelvin": kelvin}, coords={"day": np.arange(20)}), path, level=6)
    >>> with xarray.open_dataset(path, engine="ansflow") as field:
    ...     field.kelvin.dims, field.kelvin.units, float(field.kelvin.sel(day=3)[5])
    (('day', 'x'), 'K', 95.0)
    """

    description: ClassVar[str] = "Open files of several arrays that ansflow has compressed (.ans)"
    url: ClassVar[str] = "https://github.com/ansflow/ansflow#in-other-libraries"

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        mask_and_scale: object = None,
        decode_times: object = None,
        decode_timedelta: object = None,
        use_cftime: object = None,
        concat_characters: object = None,
        decode_coords: object = None,
    ) -> xarray.Dataset:
        """What `xarray.open_dataset` calls.

        Nothing but `drop_variables` makes a difference. The others say how to decode what netCDF
        has no type for; here times are times, and all other values what they were, too.

        Raises
        ------
        AnsflowError
            If the file is damaged or holds no collection of arrays.
        TypeError
            If an array has a mask, unless it is of floats: these are NaN then. Or if the file is
            not given by its path, from which other processes read it, too.
        """
        if not isinstance(filename_or_obj, str | os.PathLike):
            raise TypeError(
                f"files of ansflow are opened by their path, not {type(filename_or_obj).__name__}: "
                "ansflow.load reads the arrays of a file object"
            )
        path = os.path.abspath(os.fspath(filename_or_obj))
        dropped = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables or ())
        with ansflow.load(path, threads=1) as file:
            variables = {
                name: _variable(path, name, file[name]) for name in file if name not in dropped
            }
            told = dict(file.metadata)
        coordinates, attributes = [], {}
        if "coords" in told and "attrs" in told:
            coordinates, attributes = told.pop("coords"), told.pop("attrs")
        dataset = xarray.Dataset(variables, attrs={**told, **attributes})
        return dataset.set_coords([name for name in coordinates if name in variables])

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether that is the name of a file with several arrays."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        path = os.fspath(filename_or_obj)
        try:
            if path.endswith(".ans"):
                with ansflow.load(path):
                    return True
        except (AnsflowError, OSError):
            pass
        return False


def _variable(path: str, name: str, reader: ansflow.ArrayReader) -> xarray.Variable:
    told = dict(reader.metadata)
    dims, attributes = [f"{name}_{axis}" for axis in range(reader.ndim)], {}
    if "dims" in told and "attrs" in told:
        dims, attributes = told.pop("dims"), told.pop("attrs")
    array = indexing.LazilyIndexedArray(_Array(path, name, reader))
    variable = xarray.Variable(dims, array, {**told, **attributes})
    variable.encoding["preferred_chunks"] = dict(zip(dims, reader.chunks, strict=True))
    return variable


class _Array(BackendArray):
    """An array in a file, which is opened for each part that is read, in any process."""

    def __init__(self, path: str, name: str, reader: ansflow.ArrayReader) -> None:
        self._path, self._name = path, name
        self.shape, self.dtype = reader.shape, reader.dtype
        if self.dtype.kind not in "fc" and isinstance(
            reader[(slice(0),) * reader.ndim], np.ma.MaskedArray
        ):
            raise TypeError(
                f"the array {self._name!r} of {self.dtype} is masked, but xarray knows NaN only: "
                "drop_variables leaves it out"
            )

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        basic = indexing.IndexingSupport.BASIC
        found: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, basic, self._read
        )
        return found

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        with ansflow.load(self._path, threads=1) as file:
            items: npt.NDArray[Any] = file[self._name][(*key, ...)]
        return items.filled(np.nan) if isinstance(items, np.ma.MaskedArray) else items


def to_file(dataset: xarray.Dataset | xarray.DataArray, path: Path, **options: Any) -> None:
    """Write a dataset to a file, which appears when it is complete.

    Parameters
    ----------
    dataset : xarray.Dataset or xarray.DataArray
        Variables with chunks, as those of Dask, are computed and written one row of chunks at a
        time. A single array is read by `xarray.open_dataarray`.
    path : path
    **options
        Options of all arrays, such as ``level``: see `ansflow.Options`.

    Raises
    ------
    TypeError
        If a variable consists of Python objects other than text, an attribute is of a type that
        JSON does not have, or there are several datasets, as in a `xarray.DataTree`.
    ValueError
        If an attribute is NaN or infinite, which JSON does not have, either.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile, xarray
    >>> from ansflow.integrations.xarray import to_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "sst.ans")
    >>> to_file(xarray.Dataset({"sst": ("time", np.arange(3.0))}), path)
    >>> xarray.open_dataset(path, engine="ansflow")["sst"].values
    array([0., 1., 2.])
    """
    dataset = _as_dataset(dataset)
    coordinates = [name for name in dataset.coords if name not in dataset.dims]
    metadata = {"attrs": _plain(dataset.attrs), "coords": coordinates}
    with ansflow.CollectionWriter(path, metadata=metadata, **options) as writer:
        for key, variable in dataset.variables.items():
            name: Any = key  # text, or it is refused
            told = {"dims": list(variable.dims), "attrs": _plain(variable.attrs)}
            if variable.chunks is None or not variable.ndim or variable.dtype.hasobject:
                writer.add(name, _items(variable), metadata=told)
                continue
            with writer.begin(name, variable.dtype, variable.shape[1:], metadata=told) as rows:
                for begin, end in pairwise(accumulate(variable.chunks[0], initial=0)):
                    rows.append(variable[begin:end].to_numpy())


def _as_dataset(given: Any) -> xarray.Dataset:
    if isinstance(given, xarray.DataArray):
        return given.to_dataset(name=NAMELESS if given.name is None else given.name)
    if not isinstance(given, xarray.Dataset):
        raise TypeError(
            f"dataset must be an xarray.Dataset or DataArray, not {type(given).__name__}: a file "
            "holds one dataset"
        )
    return given


def _items(variable: xarray.Variable) -> npt.NDArray[Any]:
    """The items of a variable; text as such, which xarray has as Python objects."""
    items: npt.NDArray[Any] = variable.to_numpy()
    is_text = items.dtype.hasobject and all(isinstance(item, str) for item in items.flat)
    return items.astype(np.str_) if is_text else items


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes with Python's numbers and lists in place of NumPy's."""
    return {
        str(name): value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in attributes.items()
    }
