"""Description of a file of frames: its content, and how close its size is to the ideal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from ansflow.engine.cores import available_cores
from ansflow.engine.reader import ContentReader
from ansflow.engine.threads import ordered
from ansflow.frame import constants
from ansflow.frame.body import read_body
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.header import Header
from ansflow.frame.index import FrameMap
from ansflow.frame.streams.head import StreamHead
from ansflow.frame.streams.registry import KINDS
from ansflow.inspect.streams import StreamTotals, measure_chunk
from ansflow.limits import STREAM_LIMITS, Limits
from ansflow.transforms.node import Node

__all__ = ["describe"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def describe(
    file: Path | BinaryIO,
    *,
    ideal: bool = True,
    limits: Limits = STREAM_LIMITS,
    on_progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Describe a file of frames by numbers, texts, lists and dictionaries.

    Parameters
    ----------
    file : path or binary file object that can seek
        In a file object, the frames extend from its position to its end.
    ideal : bool
        Whether to decode everything, which also verifies it, and compute the ideal size.
    limits : Limits
        Limits of decoding. Memory does not depend on the size of the file.
    on_progress : callable, optional
        If `ideal`, called repeatedly with the bytes of content decoded so far.

    Returns
    -------
    dict
        ``size``, ``content_size``, ``bits_per_byte`` (of content) and ``ideal`` of the whole file,
        and a list ``frames``. Each frame has these, too, and in addition

        * ``begin``, its position, ``version``, ``kind`` ("bytes", "array" or "directory", which is
          no content of the file), ``metadata``, and for
          arrays ``dtype`` (as in a .npy file), ``shape``, ``order`` ("C" or "F"),
          ``bits_per_item``, ``masked`` if it is masked: ``hard`` and ``fill_value``, and ``name``
          if it is one of a collection;
        * ``sized``: whether the header gives the size of the content; ``index``: whether there is
          an index; ``chunks``: their number; ``chunk_shape``; and ``shared_tables``: the precision
          of each;
        * ``recipes``: the number of chunks by recipe; ``streams``: the number of streams by kind:
          ``stored``, ``constant``, ``coded`` with an own table, ``shared`` (coded with a shared
          table), coded with ``contexts``, ``modelled``, and with distributions in ``classes`` of
          rows; and the ``precisions`` and ``lanes`` that they use;
        * ``plans``, if `ideal`: for each recipe, most frequent first, the ``chunks`` that have it,
          their ``items``, the ``size`` of their bodies and ``bits_per_item``, and ``streams``, one
          for each of the recipe: ``name``, ``symbols`` in all chunks, of ``symbol_bits``, ``kinds``
          with their numbers, the ``size`` of the payloads, and of that ``bits_per_item``;
          ``ideal_bits_per_item``, what the symbols take under the distributions that are used, and
          ``entropy_per_item``, what they would take under one that fits each chunk exactly;
        * ``model``, if it has one: its ``name`` and ``fingerprint``;
        * ``bytes``: the sizes of ``header``, ``heads``, ``bodies``, ``end`` mark and ``index``; a
          short frame, whose content is one chunk, has no heads and no index.

        ``ideal`` is the order-0 Shannon bound: the ``bits_per_byte`` of an ideal coder that knows
        the distribution of the symbols of each stream, but uses nothing else; and
        ``overhead_percent``, by how much the file exceeds this. Streams with contexts, classes or a
        model use more, so that their overhead may be negative. Undefined values are None.

    Raises
    ------
    AnsflowError
        If the file is damaged, does not consist of frames, or exceeds `limits`.

    Examples
    --------
    >>> import ansflow, io, numpy as np
    >>> steps = np.random.default_rng(0).integers(-9, 10, 100_000, dtype="<i4")
    >>> blob = ansflow.compress(np.cumsum(steps, dtype="<i4"), chunk_size=1 << 18)
    >>> found = describe(io.BytesIO(blob))
    >>> frame = found["frames"][0]
    >>> frame["dtype"], frame["shape"], frame["chunk_shape"], frame["recipes"]
    ('<i4', [100000], [65536], {'ordered[signed](delta[0, rising](lin[256]))': 2})
    >>> frame["streams"]["coded"]
    2
    >>> 0 < found["ideal"]["overhead_percent"] < 2
    True
    """
    with ExitStack() as stack:
        if isinstance(file, str | bytes | os.PathLike):
            file = stack.enter_context(open(file, "rb"))
        content = ContentReader(file, limits, None)
        stack.callback(content.close)
        frames = [
            _frame(frame, _bodies(content, number)) for number, frame in enumerate(content.frames)
        ]
        size = sum(frame["size"] for frame in frames)
        held = sum(frame["content_size"] for frame in frames if frame["kind"] != "directory")
        totals: dict[str, Any] = {
            "size": size,
            "content_size": held,
            "bits_per_byte": _ratio(8 * size, held),
        }
        if ideal:
            bits = 0.0
            measured = _measured(content, on_progress or (lambda done: None))
            for frame, (part, streams) in zip(frames, measured, strict=True):
                frame["ideal"] = _ideal(part, frame)
                frame["plans"] = streams.describe()
                bits += part
            totals["ideal"] = _ideal(bits, totals)
    return totals | {"frames": frames}


def _frame(frame: FrameMap, bodies: Iterator[tuple[Node, list[StreamHead]]]) -> dict[str, Any]:
    """The description of a frame without the ideal."""
    header, heads = frame.header, frame.heads
    size, content_size = frame.end - frame.begin, frame.content_size
    found: dict[str, Any] = {
        "begin": frame.begin,
        "size": size,
        "content_size": content_size,
        "bits_per_byte": _ratio(8 * size, content_size),
        "version": constants.VERSION,
        "kind": _kind(header),
    }
    if header.array is not None:
        spec = header.array.of_size(content_size)
        items = content_size // spec.dtype.itemsize if spec.dtype.itemsize else 0
        found |= spec.describe() | {
            "order": "F" if spec.fortran else "C",
            "bits_per_item": _ratio(8 * size, items),
        }
    if header.model is not None:
        found["model"] = header.model.describe()
    end = header.end_size
    index = frame.end - int(frame.group_at[-1]) - end
    return (
        found
        | {
            "metadata": dict(header.metadata),
            "sized": header.content_size is not None,
            "index": index > 0,
            "chunks": heads.size,
            "chunk_shape": list(header.grid.chunk_shape),
            "shared_tables": [table.precision for table in header.shared],
        }
        | _streams(bodies)
        | {
            "bytes": {
                "header": int(frame.group_at[0]) - frame.begin,
                "heads": heads.size * header.head_size,
                "bodies": int(heads["body_size"].sum(dtype=np.int64)),
                "end": end,
                "index": index,
            },
        }
    )


def _kind(header: Header) -> str:
    if header.directory:
        return "directory"
    return "bytes" if header.array is None else "array"


def _streams(bodies: Iterator[tuple[Node, list[StreamHead]]]) -> dict[str, Any]:
    """Recipes and kinds of streams with their numbers, and the parameters of the coders."""
    recipes: Counter[str] = Counter()
    kinds: Counter[str] = Counter({kind.name: 0 for kind in KINDS})
    precisions: set[int] = set()
    lanes: set[int] = set()
    for recipe, streams in bodies:
        recipes[str(recipe)] += 1
        for stream in streams:
            kinds[stream.kind.name] += 1
            coder = stream.kind.coder(stream.fields)
            if coder is not None:
                precisions.add(coder.precision)
                lanes.add(coder.lanes)
    return {
        "recipes": dict(recipes),
        "streams": dict(kinds),
        "precisions": sorted(precisions),
        "lanes": sorted(lanes),
    }


def _ideal(bits: float, found: dict[str, Any]) -> dict[str, Any]:
    ideal = {"bits_per_byte": _ratio(bits, found["content_size"])}
    if found.get("bits_per_item"):
        ideal["bits_per_item"] = found["bits_per_item"] * bits / (8 * found["size"])
    excess = _ratio(8 * found["size"], bits)
    return ideal | {"overhead_percent": None if excess is None else 100 * (excess - 1)}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _bodies(content: ContentReader, number: int) -> Iterator[tuple[Node, list[StreamHead]]]:
    """Yield the recipe and the heads of the streams of each chunk of a frame."""
    header = content.frames[number].header
    tools = ChunkDecoder(header).tools.take()
    for head, begin in content.beginnings(number):
        recipe, streams, _ = read_body(begin, header.grid.layout(head.number, head.cells), tools)
        yield recipe, streams


def _measured(
    content: ContentReader, on_progress: Callable[[int], object]
) -> Iterator[tuple[float, StreamTotals]]:
    """Yield the entropy of each frame's streams in bits, and what they take by recipes.

    AnsflowError if a chunk is damaged.
    """
    done = 0
    for number, frame in enumerate(content.frames):
        decoder = ChunkDecoder(frame.header)
        bits, totals = 0.0, StreamTotals()
        tasks = (
            partial(measure_chunk, decoder, head, body) for head, body in content.chunks(number)
        )
        for chunk in ordered(tasks, available_cores()):
            totals.add(chunk)
            bits += chunk.entropy
            done += chunk.content_size
            on_progress(done)
        yield bits, totals
