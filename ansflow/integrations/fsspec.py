"""A compression for fsspec: after ``import ansflow.integrations.fsspec``, "ansflow" is known.

It is inferred from names that end with ``.ans``. What opens files through fsspec has it then, too:
pandas by its ``storage_options``, Dask by ``compression=`` of the functions that read and write
text.

Examples
--------
>>> import fsspec
>>> import ansflow.integrations.fsspec
>>> with fsspec.open("memory://table.csv.ans", "wt", compression="infer") as file:
...     count = file.writelines(f"{i},{i * i}" + chr(10) for i in range(10_000))
>>> with fsspec.open("memory://table.csv.ans", "rb", compression="ansflow") as file:
...     end = file.seek(-14, 2)
...     file.read()
b'9999,99980001\\n'
"""

from __future__ import annotations

from typing import Any

import ansflow
from ansflow.extras import extra

with extra("fsspec"):
    from fsspec.compression import register_compression

__all__ = ["opened"]


def opened(infile: Any, mode: str = "rb", **options: Any) -> Any:
    """The content of a file that is open already, for fsspec to read or write.

    Parameters
    ----------
    infile : binary file object
        Of any file system of fsspec. If it can seek, so can what is returned, and only the chunks
        that are read are fetched and decoded.
    mode : str
        As in `ansflow.open`.
    **options
        Those of `ansflow.open`. By default no threads are started, and ``order`` is 1: most of what
        is written through fsspec is text, and those who write it seldom get to choose.

    Returns
    -------
    file object

    Examples
    --------
    >>> import io
    >>> from ansflow.integrations.fsspec import opened
    >>> file = io.BytesIO()
    >>> with opened(file, "wb") as packed:
    ...     _ = packed.write(b"by way of any file system")
    >>> _ = file.seek(0)
    >>> opened(file, "rb").read(6)
    b'by way'
    """
    own = {"threads": 1} if "r" in mode else {"threads": 1, "order": 1}
    return ansflow.open(infile, mode, **{**own, **options})


# Again if the module is reloaded.
register_compression("ansflow", opened, ["ans"], force=True)
