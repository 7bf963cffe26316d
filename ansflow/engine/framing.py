"""What is settled of a frame before any of its content is there: its header, and how it is cut.

That depends on the options, and on the dtype, shape and order of an array. Most arrays come with
others of their kind, and to settle it anew for each takes as long as to encode a short one: so
options keep what they have settled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes, item_bytes
from ansflow.engine.content import array_content
from ansflow.engine.options import Options
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.build import FrameBuilder, ShortFrame, check_count
from ansflow.frame.header import Header
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.masked import with_mask
from ansflow.transforms.layout import Layout

__all__ = ["Framing", "array_framing", "framing_of"]

# Among the attributes of options, what they have settled, and of how many kinds of arrays.
SETTLED = "_settled"
MOST_SETTLED = 64


class Framing(NamedTuple):
    """What is settled of a frame.

    Parameters
    ----------
    header : Header
    dtype : dtype or None
        What numbers the content is; None if it is just bytes.
    is_short : bool
        Whether the frame is one whose header says all of its only chunk.
    only : Layout or None
        That of the only chunk, if it is.
    whole : Layout or None
        About that of all of the content, as a recipe is chosen for it; None if it is empty, or of
        a size that is not known.
    """

    header: Header
    dtype: np.dtype[Any] | None
    is_short: bool
    only: Layout | None
    whole: Layout | None

    def builder(self) -> FrameBuilder | ShortFrame:
        """What puts such a frame together."""
        return ShortFrame(self.header) if self.is_short else FrameBuilder(self.header)


def framing_of(
    options: Options,
    content_size: int | None = None,
    array: ArraySpec | None = None,
    *,
    directory: bool = False,
) -> Framing:
    """Settle it for so many bytes of content, None if that is not known beforehand.

    Parameters
    ----------
    options : Options
    content_size : int or None
    array : ArraySpec, optional
        What the content is, if it is an array.
    directory : bool
        Whether it is the directory of a collection.

    Raises
    ------
    TypeError, ValueError, ModelError
        If the options are not for such content, or take more chunks than a frame can have.
    """
    coding = options.coding
    if options.name is not None:
        if array is None:
            raise ValueError("name is for arrays; bytes have none")
        array = replace(array, name=options.name)
    identity = None
    if coding.model is not None:
        coding.model.check_array(array)
        identity = ModelIdentity.of(coding.model)
    grid = options.grid(array, content_size)
    chunks = grid.count(content_size or 0)
    check_count(chunks)
    header = Header(
        content_size,
        grid,
        array,
        coding.shared,
        options.metadata,
        identity,
        directory=directory,
    )
    dtype: np.dtype[Any] | None = None if array is None else array.dtype
    if options.dtype is not None:
        given = np.dtype(options.dtype)
        dtype = with_mask(given) if array is not None and array.has_mask else given
    options.check_items(None if array is None else array.dtype)
    # All content comes before the first flush if its size is known.
    is_short = chunks == 1 and not directory
    whole = grid.layout_of(content_size) if content_size else None
    only = None
    if is_short and content_size:
        [size] = grid.groups(0, content_size)
        [only] = grid.layouts(size)
    return Framing(header, dtype, is_short, only, whole)


def array_framing(options: Options, array: npt.NDArray[Any]) -> tuple[Bytes, Framing]:
    """The content of an array, and what is settled of its frame.

    Raises
    ------
    TypeError, ValueError, ModelError
        If it cannot be stored, and as `framing_of`.
    """
    dtype, fortran = array.dtype, array.flags.fnc
    # Dtypes that have metadata are equal to those that have none.
    may_be_kept = type(array) is np.ndarray and dtype.isbuiltin == 1 and dtype.metadata is None
    kind = dtype, array.shape, fortran
    settled: dict[Any, Framing] = vars(options).setdefault(SETTLED, {})
    if may_be_kept and (found := settled.get(kind)) is not None:
        return item_bytes(array.T if fortran else array), found
    content, spec = array_content(array)
    found = framing_of(options, content.size, spec)
    if may_be_kept and found.header.is_plain:
        if len(settled) >= MOST_SETTLED:
            settled.clear()
        settled[kind] = found
    return content, found
