"""What a file of frames holds, and how close to the ideal it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.reader import ContentReader
from ansflow.engine.threads import available_cores, ordered
from ansflow.frame import layout
from ansflow.frame.index import FrameMap
from ansflow.kernels.tables.histogram import histogram
from ansflow.limits import STREAM_LIMITS, Limits
from ansflow.transforms.planes import split_planes

__all__ = ["describe"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Content that is decoded at once, if no chunk is larger.
PART = 8 << 20

KIND_NAMES = {
    layout.BLOCK_STORED: "stored",
    layout.BLOCK_CONSTANT: "constant",
    layout.BLOCK_CODED: "coded",
    layout.BLOCK_CONTEXTS: "contexts",
    layout.BLOCK_MODELLED: "modelled",
}


def describe(
    file: Path | BinaryIO,
    *,
    ideal: bool = True,
    limits: Limits = STREAM_LIMITS,
    on_progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """What a file of frames holds, as numbers, texts, lists and dictionaries.

    Parameters
    ----------
    file : path or binary file object that can seek
        Of a file object, frames begin at its position and take up the rest.
    ideal : bool
        Whether to decode everything, which verifies it, and say what its distribution allows.
    limits : Limits
        Memory is bounded whatever the size of the file.
    on_progress : callable, optional
        Called again and again with the bytes of content decoded so far, if `ideal`.

    Returns
    -------
    dict
        ``size``, ``content_size``, ``bits_per_byte`` (of content) and ``ideal`` of all, and a
        list ``frames``, where each has besides

        * ``begin``, where it lies, ``version``, ``kind`` ("bytes" or "array"), ``metadata``, for
          arrays ``dtype`` (as in a .npy file), ``shape``, ``order`` ("C" or "F") and
          ``bits_per_item``;
        * ``sized``: whether the header says how much content there is; ``index``: whether there
          is one; ``block_size``, ``planes``, and the precisions of ``shared_tables``;
        * ``blocks``: how many are ``stored``, ``constant``, ``coded`` by a table of their own,
          ``shared`` (coded by a shared one), coded with ``contexts``, and ``modelled``;
          ``precisions`` and ``lanes`` that they use;
        * ``model``, if it has one: its ``name`` and ``fingerprint``;
        * ``bytes``: what ``header``, ``heads``, ``payload``, ``end`` and ``index`` take.

        ``ideal`` is the order-0 Shannon bound: ``bits_per_byte`` that a coder needs which knows
        the distribution of the bytes of each block, and regards nothing else; and
        ``overhead_percent``, how much larger than that the file is. Blocks with contexts or a model
        regard more, so that their overhead may be negative. What isn't defined is None.

    Raises
    ------
    AnsflowError
        If the file is damaged, holds no frames, or exceeds `limits`.

    Examples
    --------
    >>> import ansflow, io, numpy as np
    >>> blob = ansflow.compress(np.arange(100_000, dtype="<i4"), block_size=1 << 16)
    >>> found = describe(io.BytesIO(blob))
    >>> frame = found["frames"][0]
    >>> frame["dtype"], frame["shape"], frame["planes"]
    ('<i4', [100000], 4)
    >>> frame["blocks"]
    {'stored': 3, 'constant': 4, 'coded': 1, 'shared': 0, 'contexts': 0, 'modelled': 0}
    >>> 0 < found["ideal"]["overhead_percent"] < 1
    True
    """
    with ExitStack() as stack:
        if isinstance(file, str | bytes | os.PathLike):
            file = stack.enter_context(open(file, "rb"))
        content = ContentReader(file, limits, None)
        stack.callback(content.close)
        frames = [_frame(frame) for frame in content.frames]
        size = sum(frame["size"] for frame in frames)
        totals: dict[str, Any] = {
            "size": size,
            "content_size": content.size,
            "bits_per_byte": _ratio(8 * size, content.size),
        }
        if ideal:
            bits = _ideal_bits(content, on_progress or (lambda done: None))
            for frame, part in zip(frames, bits, strict=True):
                frame["ideal"] = _ideal(part, frame)
            totals["ideal"] = _ideal(sum(bits), totals)
    return totals | {"frames": frames}


def _frame(frame: FrameMap) -> dict[str, Any]:
    """All but the ideal."""
    header, heads = frame.header, frame.heads
    size, content_size = frame.end - frame.begin, frame.content_size
    found: dict[str, Any] = {
        "begin": frame.begin,
        "size": size,
        "content_size": content_size,
        "bits_per_byte": _ratio(8 * size, content_size),
        "version": layout.VERSION,
        "kind": "bytes" if header.array is None else "array",
    }
    if header.array is not None:
        spec = header.array.of_size(content_size)
        items = content_size // spec.dtype.itemsize if spec.dtype.itemsize else 0
        found |= {
            "dtype": spec.describe()["dtype"],
            "shape": list(spec.shape),
            "order": "F" if spec.fortran else "C",
            "bits_per_item": _ratio(8 * size, items),
        }
    if header.model is not None:
        found["model"] = header.model.describe()
    coded = heads[heads["precision"] > 0]
    shared = int(np.count_nonzero(coded["table"]))
    kinds = {
        name: int(np.count_nonzero(heads["kind"] == kind)) for kind, name in KIND_NAMES.items()
    }
    kinds = {**kinds, "coded": kinds["coded"] - shared, "shared": shared}
    order = ("stored", "constant", "coded", "shared", "contexts", "modelled")
    end = layout.HEAD.size
    index = frame.end - int(frame.chunk_at[-1]) - end
    return found | {
        "metadata": dict(header.metadata),
        "sized": header.content_size is not None,
        "index": index > 0,
        "block_size": header.block_size,
        "planes": header.planes,
        "shared_tables": [table.precision for table in header.shared],
        "blocks": {name: kinds[name] for name in order},
        "precisions": np.unique(coded["precision"]).tolist(),
        "lanes": (1 << np.unique(coded["lanes_log2"]).astype(int)).tolist(),
        "bytes": {
            "header": int(frame.chunk_at[0]) - frame.begin,
            "heads": heads.size * layout.HEAD.size,
            "payload": int(heads["stored"].sum(dtype=np.int64)),
            "end": end,
            "index": index,
        },
    }


def _ideal(bits: float, found: dict[str, Any]) -> dict[str, Any]:
    ideal = {"bits_per_byte": _ratio(bits, found["content_size"])}
    if found.get("bits_per_item"):
        ideal["bits_per_item"] = found["bits_per_item"] * bits / (8 * found["size"])
    excess = _ratio(8 * found["size"], bits)
    return ideal | {"overhead_percent": None if excess is None else 100 * (excess - 1)}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _ideal_bits(content: ContentReader, on_progress: Callable[[int], object]) -> list[float]:
    """Bits that the content of each frame takes ideally; raises if any of it is damaged."""
    found = []
    at = 0
    for frame in content.frames:
        bits = 0.0
        for begin, end in _parts(frame):
            size = int(frame.content_at[end] - frame.content_at[begin])
            part = np.empty(size, np.uint8)
            content.read_into(at, part)
            bounds = (frame.content_at[begin : end + 1] - frame.content_at[begin]).tolist()
            tasks = (
                partial(_entropy, part[low:high], frame.header.planes)
                for low, high in pairwise(bounds)
            )
            bits += sum(ordered(tasks, available_cores()))
            at += size
            on_progress(at)
        found.append(bits)
    return found


def _parts(frame: FrameMap) -> Iterator[tuple[int, int]]:
    """Ranges of chunks that are decoded at once, at least one in each."""
    begin = 0
    while begin < frame.chunks:
        most = frame.content_at[begin] + PART
        end = max(begin + 1, int(np.searchsorted(frame.content_at, most, side="right")) - 1)
        yield begin, end
        begin = end


def _entropy(chunk: Bytes, planes: int) -> float:
    """Bits that the blocks of a chunk take by their own distributions, known beforehand."""
    bits = 0.0
    for plane in split_planes(chunk, planes):
        counts = histogram(plane)
        counts = counts[counts > 0].astype(np.float64)
        # Exactly 0 where all bytes are the same.
        bits += float(counts @ np.log2(plane.size / counts))
    return bits
