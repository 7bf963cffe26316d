"""Weights of networks, each tensor as an array: `save_file` and `load_file`, as in safetensors.

The command does the same with files: ``ansflow compress model.safetensors`` writes one for
`load_file`, and ``ansflow decompress`` makes a ``.safetensors`` file of what `save_file` has
written. The library of that name is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

import ansflow
from ansflow.files.atomic import AtomicFile
from ansflow.io.containers.conversion import write_collection
from ansflow.io.containers.safetensors import container_of
from ansflow.io.plain_array import plain_array

__all__ = ["load_file", "save_file"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def save_file(
    tensors: Mapping[str, Any],
    filename: Path,
    metadata: Mapping[str, str] | None = None,
    *,
    threads: int | None = None,
    **options: Any,
) -> None:
    """Save tensors to a file.

    Parameters
    ----------
    tensors : mapping of str to array
        Arrays of NumPy, or objects that become such by ``__array__`` or ``__dlpack__``, as tensors
        of other libraries do. Dtypes are those of safetensors: bools, integers, floats, bfloat16
        and floats of 8 bits as in the package ml_dtypes, and complex64.
    filename : path
        It is replaced when everything is written.
    metadata : mapping of str to str, optional
    threads : int, optional
        By default, the number of cores that the process may use.
    **options
        ``level``, ``plan`` and others of `ansflow.Options`.

    Raises
    ------
    TypeError
        If something is no array, or of a dtype that safetensors does not have; or if metadata are
        not texts.
    ValueError
        If a tensor has a name that is none in such files, or an option is out of range.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> from ansflow.integrations.safetensors import load_file, save_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.ans")
    >>> weights = {"layer.weight": np.ones((64, 32), "f4"), "layer.bias": np.zeros(64, "f4")}
    >>> save_file(weights, path, {"format": "np"})
    >>> {name: tensor.shape for name, tensor in load_file(path).items()}
    {'layer.bias': (64,), 'layer.weight': (64, 32)}
    """
    for value, name in ((tensors, "tensors"), ({} if metadata is None else metadata, "metadata")):
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a mapping, not {type(value).__name__}")
    texts = {} if metadata is None else dict(metadata)
    for key, text in texts.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            raise TypeError(f"metadata must map text to text, unlike {key!r:.60}: {text!r:.60}")
    container = container_of({name: _array(name, given) for name, given in tensors.items()}, texts)
    with AtomicFile(filename) as whole:
        write_collection(container, whole.file, threads, options)  # type: ignore[arg-type]


def load_file(
    filename: Path,
    *,
    limits: ansflow.Limits = ansflow.Limits(),  # noqa: B008  (it cannot be changed)
    threads: int | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Load all tensors of a file.

    Parameters
    ----------
    filename : path
        As made by `save_file`, by `ansflow.save`, or by the command of a ``.safetensors`` file.
    limits : Limits
        Limits of each tensor.
    threads : int, optional
        By default, the number of cores that the process may use.

    Returns
    -------
    dict of str to ndarray
        `ansflow.load` gives the metadata, too, and reads single tensors, or parts of them.

    Raises
    ------
    AnsflowError
        If the file is damaged, is of another format, or holds dtypes of the package ml_dtypes,
        which is not installed.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> from ansflow.integrations.safetensors import load_file, save_file
    >>> path = pathlib.Path(tempfile.mkdtemp(), "model.ans")
    >>> save_file({"bias": np.arange(3, dtype="f4")}, path)
    >>> load_file(path)
    {'bias': array([0., 1., 2.], dtype=float32)}
    """
    with ansflow.load(filename, limits=limits, threads=threads) as file:
        return file.read_all()


def _array(name: str, given: Any) -> npt.NDArray[Any]:
    array = plain_array(given)
    if array is None:
        raise TypeError(f"the tensor {name!r:.100} is no array, but {type(given).__name__}")
    return array
