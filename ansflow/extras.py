"""Libraries that are installed only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["extra"]


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say what to install if an import in the block fails.

    Examples
    --------
    >>> with extra("magic"):
    ...     import a_library_of_magic
    Traceback (most recent call last):
    ModuleNotFoundError: No module named 'a_library_of_magic': pip install "ansflow[magic]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        text = f'{error}: pip install "ansflow[{name}]"'
        raise ModuleNotFoundError(text, name=error.name) from error
