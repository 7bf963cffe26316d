"""One shot: bytes or an array to a frame, and back."""

from __future__ import annotations

import ctypes
import io
import mmap
from collections.abc import Iterator
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.errors import CorruptDataError
from ansflow.frame import layout
from ansflow.frame.block import (
    DecoderScratch,
    EncoderScratch,
    decode_block,
    encode_block,
    read_blocks,
)
from ansflow.frame.header import ArraySpec, Header
from ansflow.kernels.constants import checked_lanes
from ansflow.limits import DEFAULT_LIMITS, Limits
from ansflow.models.frequencies import DEFAULT_PRECISION
from ansflow.transforms.planes import merge_plane, split_planes

__all__ = ["DEFAULT_BLOCK_SIZE", "compress", "decompress"]

DEFAULT_BLOCK_SIZE = 256 << 10
DEFAULT_LANES = 64

# From here on new memory is asked for in huge pages, as NumPy does for its own arrays: to touch
# it for the first time in pages of 4 KiB takes longer than to decode into it.
HUGE_PAGES_FROM = 4 << 20

Bytes = npt.NDArray[np.uint8]


def compress(
    data: Any,
    *,
    block_size: int = DEFAULT_BLOCK_SIZE,
    precision: int = DEFAULT_PRECISION,
    lanes: int = DEFAULT_LANES,
    order: int = 0,
) -> bytes:
    """Compress bytes or an array into a self-contained, checksummed frame.

    Each block of bytes is entropy-coded by its own distribution, or by one for each preceding
    byte; an array is split into byte planes first. What doesn't get smaller is stored.

    Parameters
    ----------
    data : bytes-like or ndarray
        Arrays of any dtype without Python objects.
    block_size : int
        Bytes that share one distribution, at most 2^24.
    precision : int
        Bits of the distributions, 8 to 16. 12 is fastest; 14 is closer to the entropy of
        very skewed data.
    lanes : int
        Interleaved states, a power of two from 1 to 64. Small blocks use fewer.
    order : {0, 1}
        1 also tries each block with the byte before as context: much smaller where neighbouring
        bytes are related, as in text, and a few times slower.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If `data` is neither, or an array of Python objects or of a dtype whose fields overlap
        or are out of order.
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> blob = ansflow.compress(np.zeros((1000, 1000), "f4"))
    >>> len(blob) < 1000
    True
    >>> ansflow.decompress(blob).shape
    (1000, 1000)
    >>> ansflow.decompress(ansflow.compress(b"bytes stay bytes"))
    b'bytes stay bytes'
    """
    block_size, precision, lanes = index(block_size), index(precision), index(lanes)
    if order not in (0, 1):
        raise ValueError(f"order is {order!r}, neither 0 nor 1")
    if not 1 <= block_size <= layout.MAX_BLOCK_SIZE:
        raise ValueError(f"block_size is {block_size}, not 1 to {layout.MAX_BLOCK_SIZE}")
    if not layout.MIN_PRECISION <= precision <= layout.MAX_PRECISION:
        raise ValueError(
            f"precision is {precision}, not {layout.MIN_PRECISION} to {layout.MAX_PRECISION}"
        )
    checked_lanes(lanes, 0)
    if isinstance(data, np.ndarray | np.generic):
        content, array = _array_content(np.asanyarray(data))
        itemsize = array.dtype.itemsize
        planes = itemsize if 1 <= itemsize <= layout.MAX_PLANES else 1
        header = Header(content.size, block_size, planes, array)
    else:
        content = _bytes_content(data)
        header = Header(content.size, block_size)
    scratch = EncoderScratch.make(_largest_block(header), lanes, order)
    head = header.pack()
    # A block is never larger than when it is stored.
    n_blocks = sum(1 for _ in _block_sizes(header))
    out = _allocate(len(head) + n_blocks * layout.BLOCK.size + content.size)
    out.write(head)
    number = 0
    for begin, end in header.chunks():
        for plane in split_planes(content[begin:end], header.planes):
            out.writelines(
                encode_block(plane, number, precision=precision, lanes=lanes, scratch=scratch)
            )
            number += 1
    out.truncate()
    return out.getvalue()


def decompress(blob: Any, *, limits: Limits = DEFAULT_LIMITS) -> bytes | npt.NDArray[Any]:
    """Undo `compress`.

    Parameters
    ----------
    blob : bytes-like
        One whole frame.
    limits : Limits
        What decoding may take at most, whatever the frame says.

    Returns
    -------
    bytes or ndarray
        What was compressed; an array with its dtype, byte order, shape and memory order.

    Raises
    ------
    TruncatedError
        If the frame is cut short.
    UnsupportedError
        If it is of a version, or has flags or kinds, that this release doesn't know.
    CorruptDataError
        If it is damaged in any other way, or isn't a frame.
    LimitError
        If it needs more than `limits` allow. Nothing has been allocated then.
    """
    frame = memoryview(blob).cast("B")
    header, at = Header.parse(frame, limits)
    # All block headers are read before the output is allocated: a frame that
    # promises more than it holds is refused here.
    for _ in read_blocks(frame, at, _block_sizes(header)):
        pass
    if header.array is None:
        out = _allocate(header.content_size)
        _decode_blocks(frame, at, header, np.frombuffer(out.getbuffer(), np.uint8))
        return out.getvalue()
    content = np.empty(header.content_size, np.uint8)
    _decode_blocks(frame, at, header, content)
    return _as_array(content, header.array)


def _decode_blocks(frame: memoryview, at: int, header: Header, content: Bytes) -> None:
    """Fill `content` from the blocks that begin at byte `at` of the frame."""
    blocks = enumerate(read_blocks(frame, at, _block_sizes(header)))
    largest = _largest_block(header)
    scratch = DecoderScratch.make()
    part = np.empty(largest if header.planes > 1 else 0, np.uint8)
    for begin, end in header.chunks():
        for plane in range(header.planes):
            number, block = next(blocks)
            target = merge_plane(content[begin:end], header.planes, plane)
            if target.flags.c_contiguous:
                decode_block(block, number, target, scratch)
            else:
                decode_block(block, number, part[: block.size], scratch)
                target[:] = part[: block.size]


def _allocate(size: int) -> io.BytesIO:
    """A file of `size` bytes in memory whose `getvalue` hands that memory over uncopied."""
    file = io.BytesIO(bytes(size))
    if size >= HUGE_PAGES_FROM and hasattr(mmap, "MADV_HUGEPAGE"):
        memory = np.frombuffer(file.getbuffer(), np.uint8)
        begin = -memory.ctypes.data % mmap.PAGESIZE
        libc = ctypes.CDLL(None)
        libc.madvise(
            ctypes.c_void_p(memory.ctypes.data + begin),
            ctypes.c_size_t(size - begin),
            mmap.MADV_HUGEPAGE,
        )
    return file


def _largest_block(header: Header) -> int:
    """Bytes of content in the first block, or 0."""
    return next(_block_sizes(header), 0)


def _block_sizes(header: Header) -> Iterator[int]:
    for begin, end in header.chunks():
        for _ in range(header.planes):
            yield (end - begin) // header.planes


def _bytes_content(data: Any) -> npt.NDArray[np.uint8]:
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(
            f"data must be bytes-like or a NumPy array, not {type(data).__name__}; "
            "numpy.asarray makes one of lists and scalars"
        ) from None
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
    return np.frombuffer(view, np.uint8)


def _array_content(data: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], ArraySpec]:
    if data.dtype.hasobject:
        raise TypeError(f"arrays of Python objects ({data.dtype}) can't be compressed")
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError("a masked array is two arrays: compress its data and its mask")
    fortran = data.flags.f_contiguous and not data.flags.c_contiguous
    spec = ArraySpec(data.dtype, data.shape, fortran)
    ordered = np.ascontiguousarray(data.T if fortran else data)
    if not spec.nbytes:
        return np.empty(0, np.uint8), spec
    return ordered.reshape(-1).view(np.uint8), spec


def _as_array(content: npt.NDArray[np.uint8], spec: ArraySpec) -> npt.NDArray[Any]:
    try:
        return np.ndarray(spec.shape, spec.dtype, content, order="F" if spec.fortran else "C")
    except (ValueError, TypeError) as e:
        raise CorruptDataError(f"no array can have shape {spec.shape}: {e}") from e
