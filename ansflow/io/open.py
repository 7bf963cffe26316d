"""Opening compressed files as Python's file objects."""

from __future__ import annotations

from functools import partial
from typing import BinaryIO, TextIO, Unpack

from ansflow.engine.options import OptionsDict
from ansflow.io.reader import FrameReader, Path
from ansflow.io.text import as_text, is_beginning
from ansflow.io.writer import FrameWriter
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["FrameReader", "FrameWriter", "open"]


def open(
    file: Path | BinaryIO,
    mode: str = "rb",
    *,
    limits: Limits = STREAM_LIMITS,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    threads: int | None = None,
    **options: Unpack[OptionsDict],
) -> FrameReader | FrameWriter | TextIO:
    """Open a compressed file, like the built-in `open`.

    Parameters
    ----------
    file : path or binary file object
    mode : str
        ``r``, ``w``, ``x`` or ``a``, and ``b`` (the default) or ``t``. Appending adds a frame.
    limits : Limits
        Limits of reading. By default, content may be of any size, but at most 16 GiB are read at
        once.
    encoding, errors, newline
        In text mode, as in `io.TextIOWrapper`.
    threads : int, optional
        By default, the number of cores that the process may use.
    **options
        Options of writing; see `ansflow.Options`.

    Returns
    -------
    FrameReader, FrameWriter or io.TextIOWrapper

    Raises
    ------
    ValueError
        If the mode is invalid, or arguments do not go with it.
    AnsflowError
        If a file that is opened for reading is damaged, or does not consist of frames.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "lines.ans")
    >>> with ansflow.open(path, "wt") as file:
    ...     print("one", "two", sep=chr(10), file=file)
    >>> with ansflow.open(path, "rt") as file:
    ...     file.read().splitlines()
    ['one', 'two']
    """
    kind, text = _parse_mode(mode)
    if not text and not (encoding is errors is newline is None):
        raise ValueError("encoding, errors and newline are for text: add t to the mode")
    binary: FrameReader | FrameWriter
    if kind == "r":
        if options:
            raise ValueError(f"{', '.join(options)}: these options are for writing only")
        binary = FrameReader(file, limits=limits, threads=threads)
    else:
        binary = FrameWriter(file, kind, threads=threads, **options)
    begins = partial(is_beginning, file, kind)
    return as_text(binary, encoding, errors, newline, begins) if text else binary


def _parse_mode(mode: str) -> tuple[str, bool]:
    kinds, forms = set(mode) & set("rwxa"), set(mode) & set("bt")
    if len(kinds) != 1 or len(forms) > 1 or len(mode) != len(kinds) + len(forms):
        raise ValueError(f"mode must be one of r, w, x and a, and optionally b or t, not {mode!r}")
    return kinds.pop(), forms == {"t"}
