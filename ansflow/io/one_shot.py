"""One-shot functions: bytes or an array to a frame, and back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, Unpack, cast

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.buffers import Bytes, bytes_of, opaque, writable_bytes
from ansflow.engine.at_once import JOINED_UP_TO, encode_at_once
from ansflow.engine.content import JoinedFrames, as_array
from ansflow.engine.cores import checked_threads
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.framing import Framing, array_framing, framing_of
from ansflow.engine.masked import MaskedArray, fill_masked, from_content
from ansflow.engine.memory import allocate
from ansflow.engine.options import Options, OptionsDict
from ansflow.engine.plan import DEFAULT_LEVEL
from ansflow.engine.schedule import BYTES_PER_CHUNK, Schedule
from ansflow.engine.threads import ordered
from ansflow.engine.turns import decoded_in_turn, encoded_in_turn, in_turn
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.header import FLAGS_AT, Header
from ansflow.frame.source import MemorySource, take_header, walk_source
from ansflow.io.plain_array import plain_array
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = ["compress", "decompress", "decompress_member"]


def compress(data: Any, *, threads: int | None = None, **options: Unpack[OptionsDict]) -> bytes:
    """Compress bytes or an array into a self-contained, checksummed frame.

    The content is divided into chunks, and each chunk into one or more streams of symbols. Bytes
    become one stream. Numbers are predicted from their neighbours, and what is left of them becomes
    streams of symbols and of bits, by a recipe that is chosen on a sample of the array, and again
    where the array has changed. Each stream is entropy-coded with its own distribution, or with
    one for each preceding symbol or row. Streams that would not become smaller are stored.

    Parameters
    ----------
    data : bytes-like or ndarray
        Arrays of any dtype without Python objects, those of the package ml_dtypes included. Of
        masked arrays, which must not have fields, values that are masked are kept, too, as well as
        the mask, the fill value, and whether the mask is hard. Objects that become arrays by
        ``__array__``, ``__dlpack__`` or by way of Arrow are arrays; what is missing in those of
        Arrow is masked.
    threads : int, optional
        By default, the number of cores that the process may use. It does not affect the result.
    **options
        ``plan``, ``level``, ``dtype``, ``typesize``, ``chunk_size``, ``chunks``, ``recipe``,
        ``precision``, ``lanes``, ``order``, ``tables``, ``model``, ``metadata`` and
        ``name``: see `ansflow.Options`.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        If `data` is neither, or an array whose dtype cannot be stored: dtypes with Python objects,
        with metadata, with overlapping or unordered fields, or registered by other packages than
        ml_dtypes (view them as integers). Also if an option is of the wrong type.
    ValueError
        If an option is out of range.
    ModelError
        If a model is invalid, or does not accept such arrays.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> blob = ansflow.compress(np.zeros((1000, 1000), "f4"))
    >>> len(blob) < 2000
    True
    >>> ansflow.decompress(blob).shape
    (1000, 1000)
    >>> ansflow.decompress(ansflow.compress(b"bytes stay bytes"))
    b'bytes stay bytes'
    """
    settings = Options.of(options)
    plain = None if isinstance(data, bytes) else plain_array(data)
    if plain is not None:
        content, framing = array_framing(settings, plain)
    else:
        content = bytes_of(data)
        framing = framing_of(settings, content.size)
    task = partial(_compressed, settings, framing, checked_threads(threads), content)
    if settings.level > DEFAULT_LEVEL or settings.model is not None:
        return in_turn(task)  # which is mostly in kernels, however small the content is
    return encoded_in_turn(task, content.size)


def _compressed(options: Options, framing: Framing, threads: int, content: Bytes) -> bytes:
    """The frame of all of the content.

    It is made in one turn, for all that is kept until it is whole would otherwise be kept by each
    thread that compresses something.
    """
    frame = encode_at_once(options, framing, threads, content)
    if frame is not None:
        return frame
    encoder = FrameEncoder(options, threads, framing=framing)
    encoder.choose(content)
    parts = chain(encoder.write(content, lasting=True), encoder.finish())
    try:
        if content.size <= JOINED_UP_TO:
            return b"".join(parts)
        out = allocate(encoder.largest_frame())
        size = _gather(parts, out)
    finally:
        encoder.close()
    out.truncate(size)
    return out.getvalue()


def _gather(parts: Iterable[memoryview], out: io.BytesIO) -> int:
    """Copy consecutive parts into the memory of `out`; return their total size.

    NumPy releases the GIL while copying, unlike ``out.writelines(parts)``.
    """
    room = np.frombuffer(out.getbuffer(), np.uint8)
    at = 0
    for part in parts:
        room[at : at + len(part)] = part
        at += len(part)
    return at


def decompress(
    blob: Any,
    *,
    out: Any = None,
    limits: Limits = DEFAULT_LIMITS,
    threads: int | None = None,
) -> Any:
    """Undo `compress`.

    Parameters
    ----------
    blob : bytes-like
        One or more complete frames. They must not be changed before this returns.
    out : ndarray or writable bytes-like, optional
        The destination, instead of new memory: an array of the dtype and shape of the content,
        masked if the content is, or a C-contiguous buffer of as many bytes as the content. After an
        error its contents are undefined.
    limits : Limits
        Limits of output and memory.
    threads : int, optional
        By default, the number of cores that the process may use.

    Returns
    -------
    bytes or ndarray
        The content; arrays have the original dtype, byte order, shape and memory order. The
        content of several frames is concatenated: bytes, or arrays along the first axis, which must
        be equal in dtype and the other axes. If `out` is given, it is returned.

    Raises
    ------
    TruncatedError
        If the data end within a frame.
    UnsupportedError
        If a frame has a version, flags, transforms or kinds of streams that are not supported, or
        holds an array of a dtype such as bfloat16, and the package ml_dtypes is not installed.
    CorruptDataError
        If a frame is damaged in another way, the data are not a frame, or the frames cannot be
        concatenated.
    LimitError
        If decoding would exceed `limits`. The output has not been allocated then.
    TypeError, ValueError
        If `out` is not a buffer for the content.

    Examples
    --------
    >>> import numpy as np, ansflow
    >>> blob = ansflow.compress(np.arange(6).reshape(2, 3))
    >>> ansflow.decompress(blob)
    array([[0, 1, 2],
           [3, 4, 5]])
    >>> out = np.empty((4, 3), int)
    >>> ansflow.decompress(blob + blob, out=out) is out  # one behind the other
    True
    """
    data = bytes_of(blob).data
    # Everything except the bodies of chunks is verified before the output is allocated, so that a
    # frame that announces more content than it has is refused here.
    survey = _survey(data, limits)
    task = partial(_decompressed, data, survey, out, limits, threads)
    return decoded_in_turn(task, survey.size)


def decompress_member(
    frame: Bytes, name: str, *, limits: Limits = DEFAULT_LIMITS, threads: int | None = None
) -> Any:
    """The same of the frame of an array in a collection; CorruptDataError if it has another name.

    Nothing is opened and kept, which takes longer than to decode a small array.
    """
    survey = _survey(frame.data, limits)
    spec = survey.spec
    if spec is None or spec.name != name:
        other = "bytes" if spec is None else f"an array named {spec.name!r:.100}"
        raise CorruptDataError(f"what the directory calls {name!r:.100} is {other}")
    task = partial(_decompressed, frame.data, survey, None, limits, threads)
    return decoded_in_turn(task, survey.size)


# A header, or the head of a chunk and its body.
Event = Header | tuple[Head, memoryview]

# Frames with no more headers and chunks than this are walked over once: the events are kept until
# the chunks are decoded. Of more, all would take more memory than those that wait for threads.
KEPT_EVENTS = 1 << 10


class _Survey(NamedTuple):
    """What frames hold: an array, or None for bytes, and the size of their content.

    Also their events, or None if there are too many to keep.
    """

    spec: ArraySpec | None
    size: int
    events: Sequence[Event] | None


def _decompressed(
    data: memoryview, survey: _Survey, out: Any, limits: Limits, threads: int | None
) -> Any:
    """The content of frames that were surveyed, in `out` unless that is None."""
    spec, size, _ = survey
    if spec is not None and spec.masked is not None and not _is_memory(out, spec):
        return _masked(data, survey, limits, threads, spec, out)
    if out is not None:
        with _filling(out, spec, size) as content:
            _decode(data, survey, limits, threads, content)
        return out
    if spec is None:
        file = allocate(size)
        _decode(data, survey, limits, threads, np.frombuffer(file.getbuffer(), np.uint8))
        return file.getvalue()
    content = np.empty(size, np.uint8)
    _decode(data, survey, limits, threads, content)
    return as_array(content, spec)


def _masked(
    data: memoryview,
    survey: _Survey,
    limits: Limits,
    threads: int | None,
    spec: ArraySpec,
    out: Any,
) -> MaskedArray:
    """The masked array in frames that were surveyed, in `out` unless that is None."""
    spec.check_known()
    if out is not None:
        if not isinstance(out, np.ma.MaskedArray):
            raise TypeError(
                f"out must be a masked array, as that in the frame, not {type(out).__name__}"
            )
        _check_alike(out, spec.value_dtype, spec.shape)
    if spec.has_mask:
        cores = checked_threads(threads)
        array = from_content(ordered(_tasks(data, survey, limits, cores, None), cores), spec)
    else:
        content = np.empty(spec.nbytes, np.uint8)
        _decode(data, survey, limits, threads, content)
        array = cast(MaskedArray, as_array(content, spec))
    if out is None:
        return array
    filled: MaskedArray = out
    fill_masked(filled, array)
    return filled


@contextmanager
def _filling(out: Any, spec: ArraySpec | None, size: int) -> Iterator[Bytes]:
    """The memory to decode the content to, so that `out` holds it afterwards."""
    # An array of bytes may also be just memory for those of the content.
    if spec is not None and not _is_memory(out, spec):
        check_unmasked(out, "out")
        spec.check_known()
        _check_alike(out, spec.dtype, spec.shape)
        ordered = out.T if spec.fortran else out
        if not ordered.flags.c_contiguous:
            # The memory order differs.
            content = np.empty(size, np.uint8)
            yield content
            opaque(out)[...] = opaque(as_array(content, spec))
            return
        yield writable_bytes(ordered)
        return
    if spec is not None and spec.fortran:
        raise ValueError(
            f"out must be an array of {spec.dtype} and shape {spec.shape}, as the frame holds an "
            "array in Fortran order"
        )
    content = writable_bytes(out)
    if content.size != size:
        raise ValueError(f"out must have {size} bytes, as the content, not {content.size}")
    yield content


def _check_alike(out: npt.NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if (out.dtype, out.shape) != (dtype, shape):
        raise ValueError(
            f"out must be an array of {dtype} and shape {shape}, as the frame's, not of "
            f"{out.dtype} and {out.shape}; bytes can be written to an array of uint8"
        )


def _is_memory(out: Any, spec: ArraySpec) -> bool:
    """Whether the bytes of an array are to be written to some memory."""
    if not isinstance(out, np.ndarray):
        return out is not None
    if isinstance(out, np.ma.MaskedArray):
        return False
    return out.dtype == np.uint8 and (out.dtype, out.shape) != (spec.dtype, spec.shape)


def _survey(data: memoryview, limits: Limits) -> _Survey:
    """Verify everything except the bodies of chunks."""
    # Most blobs are one short frame, whose header says all that there is to verify. That of others
    # is not read twice.
    if len(data) > FLAGS_AT and data[FLAGS_AT] & constants.FLAG_SHORT:
        source = MemorySource(data)
        header = take_header(source, limits)
        assert header.only is not None
        end = source.at + header.only.body_size
        if data[end:] == constants.SHORT_END:
            only = header.only, data[source.at : end]
            return _Survey(header.array, header.grid.chunk_size, (header, only))
    return _survey_all(data, limits)


def _survey_all(data: memoryview, limits: Limits) -> _Survey:
    """The same of any frames."""
    joined = JoinedFrames()
    events: list[Event] = []
    header, size = None, 0
    for event in _events(data, limits):
        if len(events) <= KEPT_EVENTS:
            events.append(event)
        if isinstance(event, Header):
            if header is not None:
                joined.add(header, size)
            header, size = event, 0
        else:
            assert header is not None
            size += event[0].cells * header.grid.cell_size
    assert header is not None
    joined.add(header, size)
    return _Survey(joined.spec, joined.size, events if len(events) <= KEPT_EVENTS else None)


def _events(data: memoryview, limits: Limits) -> Iterator[Event]:
    """Walk over frames, verifying everything except the bodies of chunks."""
    source = MemorySource(data)
    while True:
        size = 0
        for event in walk_source(source, limits):
            if isinstance(event, Header):
                cell_size = event.grid.cell_size
                yield event
            else:
                size += event.cells * cell_size
                yield event, source.take(event.body_size)
        if source.at == len(data):
            return
        limits = limits.behind(size)


def _decode(
    data: memoryview, survey: _Survey, limits: Limits, threads: int | None, out: Bytes
) -> None:
    """Decode frames that were surveyed into `out`."""
    cores = checked_threads(threads)
    match survey.events:
        case [Header() as header, (head, body)]:
            ChunkDecoder(header).decode(head, body, out)
            return
    for _ in ordered(_tasks(data, survey, limits, cores, out), cores):
        pass


def _tasks(
    data: memoryview, survey: _Survey, limits: Limits, threads: int, out: Bytes | None
) -> Iterator[Callable[[], Bytes]]:
    """Yield tasks of about a unit each, with a place in `out` for what they return."""
    at = size = 0
    heads: list[Head] = []
    bodies: list[memoryview] = []

    def task() -> Callable[[], Bytes]:
        """One for the chunks so far, checked as the data may have been changed."""
        nonlocal at, size, heads, bodies
        begin, at = at, at + size
        if out is not None and at > out.size:
            raise CorruptDataError("the data were changed by another thread during decompression")
        ready = partial(decode, heads, bodies, None if out is None else out[begin:at])
        size, heads, bodies = 0, [], []
        return ready

    events = _events(data, limits) if survey.events is None else survey.events
    for event in events:
        if isinstance(event, Header):
            if heads:
                yield task()
            decode, grid = ChunkDecoder(event), event.grid
            unit = Schedule.make(event, threads, limits.max_memory).unit
            continue
        head, body = event
        heads.append(head)
        bodies.append(body)
        size += head.cells * grid.cell_size
        if size + BYTES_PER_CHUNK * len(heads) >= unit and not len(heads) % grid.chunks_per_group:
            yield task()
    if heads:
        yield task()
    if out is not None and at < out.size:
        raise CorruptDataError("the data were changed by another thread during decompression")
