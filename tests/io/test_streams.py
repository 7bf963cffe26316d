"""Streams: in pieces of any size, on any number of threads, what comes out is the same."""

import array
import functools
import gc
import lzma
import threading
import tracemalloc
from contextlib import suppress

import naive_writer as writer
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, ModelError, TruncatedError

RNG = np.random.default_rng(0)
TEXT = b"".join(b"%d: %s\n" % (i, b"la " * (i % 7)) for i in range(300))
NOISE = RNG.bytes(3000)
MODEL = ansflow.models.Categorical.fit(list(TEXT), precision=12)

FRAMES = {
    "empty": (ansflow.compress(b""), b""),
    "one chunk": (ansflow.compress(TEXT), TEXT),
    "small chunks": (ansflow.compress(TEXT, chunk_size=50), TEXT),
    "noise": (ansflow.compress(NOISE, chunk_size=700), NOISE),
    "planes": (
        ansflow.compress(np.arange(500, dtype=">u4"), chunk_size=90),
        np.arange(500, dtype=">u4").tobytes(),
    ),
    "shared": (ansflow.compress(TEXT, chunk_size=200, tables=[MODEL], metadata={"a": 1}), TEXT),
    "contexts": (ansflow.compress(TEXT, chunk_size=2000, order=1), TEXT),
    "known to be longer": (ansflow.compress(bytes(300_000), chunk_size=100_000), bytes(300_000)),
}


@functools.cache
def skewed():
    """Only where they are needed: not in each process that collects tests."""
    return np.random.default_rng(1).geometric(0.2, 5_000_000).astype(np.uint8).tobytes()


@pytest.fixture(params=FRAMES)
def frame(request):
    return FRAMES[request.param]


@pytest.fixture
def lasting_threads():
    """Tells the threads that came after the test began and are still there."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def cut_at(data, places):
    ends = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[a:b] for a, b in zip(ends[:-1], ends[1:], strict=True)]  # noqa: RUF007


def compress(pieces, **options):
    compressor = ansflow.Compressor(**options)
    return b"".join([*map(compressor.compress, pieces), compressor.finish()])


def all_of(pieces, **options):
    """What `iter_decompress` gives before an error, and the error."""
    out, error = b"", None
    try:
        for piece in ansflow.iter_decompress(pieces, **options):
            out += piece
    except AnsflowError as e:
        error = e
    return out, error


# Compressor


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_frame_is_the_same_however_the_input_is_cut(threads):
    expected = compress([skewed()], threads=1)
    assert ansflow.decompress(expected) == skewed()
    for size in (len(skewed()), 1 << 20, 300_001, 77_777):
        assert compress(cut(skewed(), size), threads=threads) == expected
        assert b"".join(ansflow.iter_compress(cut(skewed(), size), threads=threads)) == expected


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=8), st.integers(1, 600))
def test_small_frames_are_the_same_however_the_input_is_cut(data, places, chunk_size):
    options = {"chunk_size": chunk_size, "threads": 1}
    expected = compress([data], **options)
    assert compress(cut_at(data, places), **options) == expected
    assert b"".join(ansflow.iter_compress(cut_at(data, places), **options)) == expected
    assert ansflow.decompress(expected) == data


def test_nothing_at_all():
    assert ansflow.decompress(compress([])) == b""
    assert compress([b"", b""]) == compress([])
    assert b"".join(ansflow.iter_compress([])) == compress([])
    assert list(ansflow.iter_decompress([compress([])])) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_input_may_be_changed_after_the_call(threads):
    buffer = bytearray(700_001)
    compressor = ansflow.Compressor(threads=threads)
    frame, expected = [], []
    for i in range(16):
        buffer[:] = skewed()[i * 1000 : i * 1000 + len(buffer)]
        expected.append(bytes(buffer))
        frame.append(compressor.compress(buffer))
        buffer[:] = b"\xff" * len(buffer)
        buffer.append(0)
        buffer.pop()
    frame.append(compressor.finish())
    assert ansflow.decompress(b"".join(frame)) == b"".join(expected)


def test_everything_with_a_buffer():
    like = [
        *(bytearray(b"abc"), memoryview(b"abcdef")[::2], array.array("d", [1.5, 2.5])),
        *(np.arange(6, dtype=">u2").reshape(2, 3).T, np.empty((0, 2)), np.float32(2)),
    ]
    expected = b"".join(memoryview(item).tobytes() for item in like)
    assert ansflow.decompress(compress(like)) == expected
    assert ansflow.decompress(b"".join(ansflow.iter_compress(like))) == expected


@pytest.mark.parametrize("data", ["text", 5, None, [1], np.array([object()])])
def test_what_has_no_bytes(data):
    compressor = ansflow.Compressor()
    frame = compressor.compress(b"abc")
    with pytest.raises(TypeError):
        compressor.compress(data)
    assert ansflow.decompress(frame + compressor.finish()) == b"abc"
    with pytest.raises(TypeError):
        list(ansflow.iter_compress([data]))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("chunk_size", [100, 1 << 18])
def test_what_was_flushed_can_be_decompressed(threads, chunk_size):
    compressor = ansflow.Compressor(threads=threads, chunk_size=chunk_size)
    decompressor = ansflow.Decompressor(threads=threads)
    parts = [TEXT[:10], b"", TEXT[10:2000], TEXT[2000:], skewed()[:700_000], b"end"]
    for part in parts:
        flushed = compressor.compress(part) + compressor.flush()
        assert decompressor.decompress(flushed) == part
        assert decompressor.needs_input
    assert compressor.flush() == b""
    assert decompressor.decompress(compressor.finish()) == b""
    assert decompressor.eof


def test_nothing_works_after_finish():
    compressor = ansflow.Compressor()
    compressor.finish()
    for call in (lambda: compressor.compress(b"a"), compressor.flush, compressor.finish):
        with pytest.raises(ValueError, match="finished"):
            call()


def test_threads_end_with_the_frame(lasting_threads):
    compressor = ansflow.Compressor(threads=3)
    compressor.compress(skewed())
    compressor.finish()
    assert not lasting_threads()


def test_threads_end_with_compressors_that_are_never_finished(lasting_threads):
    compressor = ansflow.Compressor(threads=3)
    frame = compressor.compress(skewed())
    decompressor = ansflow.Decompressor(threads=3)
    decompressor.decompress(frame, 10)
    del compressor, decompressor
    gc.collect()
    for thread in lasting_threads():
        thread.join(10)
    assert not lasting_threads()


@pytest.mark.parametrize(
    "options", [{"chunk_size": 0}, {"lanes": 3}, {"order": 2}, {"threads": 0}, {"precision": 7}]
)
def test_bad_options_are_refused_at_once(options):
    with pytest.raises(ValueError):  # noqa: PT011
        ansflow.Compressor(**options)
    with pytest.raises(ValueError):  # noqa: PT011
        next(ansflow.iter_compress([b"data"], **options))


# Decompressor


@given(st.sampled_from(sorted(FRAMES)), st.lists(st.integers(0, 3000), max_size=8), st.data())
def test_decompress_in_any_pieces(name, places, data):
    """With any `max_length`, and more input before all output was taken."""
    frame, content = FRAMES[name]
    decompressor, out = ansflow.Decompressor(threads=data.draw(st.sampled_from([1, 2]))), b""
    for piece in cut_at(frame, places):
        if decompressor.eof:
            break
        length = data.draw(st.sampled_from([-1, 0, 1, 7, 1000]))
        part = decompressor.decompress(piece, length)
        out += part
        assert length < 0 or len(part) <= length
        assert length >= 0 or decompressor.needs_input or decompressor.eof
        assert content.startswith(out)
    while not decompressor.eof:
        assert not decompressor.needs_input
        part = decompressor.decompress(b"", 1000)
        assert part
        out += part
    assert out == content
    assert decompressor.unused_data == b""


@pytest.mark.parametrize("threads", [1, 2])
def test_byte_by_byte(frame, threads):
    """Each chunk is given when its last byte comes."""
    blob, content = frame
    decompressor, out = ansflow.Decompressor(threads=threads), b""
    for byte in cut(blob, 1):
        assert not decompressor.eof
        assert decompressor.needs_input
        assert decompressor.unused_data == b""
        out += decompressor.decompress(byte)
    assert out == content
    assert decompressor.eof
    assert not decompressor.needs_input


@pytest.mark.parametrize("make", [ansflow.Decompressor, lzma.LZMADecompressor])
def test_decompressors_work_alike(make):
    """As those of the standard library do."""
    compress = ansflow.compress if make is ansflow.Decompressor else lzma.compress
    blob = compress(TEXT)
    decompressor = make()
    assert not decompressor.eof
    assert decompressor.needs_input
    assert decompressor.decompress(b"") == b""
    assert decompressor.decompress(blob[:20]) == b""
    assert decompressor.needs_input
    assert decompressor.decompress(blob[20:] + b"rest", max_length=10) == TEXT[:10]
    assert not decompressor.needs_input
    assert decompressor.unused_data == b""
    assert decompressor.decompress(b"", 0) == b""
    assert not decompressor.needs_input
    assert not decompressor.eof
    assert decompressor.decompress(b"", 1) == TEXT[10:11]
    assert decompressor.decompress(b"") == TEXT[11:]
    assert decompressor.eof
    assert not decompressor.needs_input
    assert decompressor.unused_data == b"rest"
    for data in (b"", b"x"):
        with pytest.raises(EOFError):
            decompressor.decompress(data)
    assert decompressor.unused_data == b"rest"
    for bad in ("text", 5, None):
        with pytest.raises(TypeError):
            make().decompress(bad)


def test_max_length_of_all_there_is(frame):
    blob, content = frame
    decompressor = ansflow.Decompressor()
    assert decompressor.decompress(blob, max(1, len(content))) == content
    assert decompressor.eof


@pytest.mark.parametrize("length", [0, 1, 100])
def test_unused_data_grows_no_more_after_the_end(length):
    decompressor, rest = ansflow.Decompressor(), b"\x89ANS and so on" * 100
    decompressor.decompress(ansflow.compress(b"a" * length) + rest)
    assert decompressor.eof
    assert decompressor.unused_data == rest


def test_everything_with_a_buffer_can_be_decompressed():
    blob = ansflow.compress(TEXT)
    blob += bytes(-len(blob) % 4)
    for like in (
        *(bytearray(blob), memoryview(blob), np.frombuffer(blob, np.uint8)),
        *(array.array("I", blob), np.frombuffer(blob, np.uint16).reshape(-1, 2)),
    ):
        assert ansflow.Decompressor().decompress(like) == TEXT
    assert all_of([memoryview(blob).cast("I")])[0] == TEXT


def test_input_of_a_decompressor_may_be_changed_after_the_call():
    blob, buffer, out = ansflow.compress(skewed()), bytearray(100_000), []
    decompressor = ansflow.Decompressor(threads=2)
    for piece in cut(blob, len(buffer)):
        buffer[: len(piece)] = piece
        out.append(decompressor.decompress(memoryview(buffer)[: len(piece)]))
        buffer[:] = bytes(len(buffer))
    assert b"".join(out) == skewed()


@pytest.mark.parametrize("threads", [1, 2])
def test_errors_repeat(threads):
    """After an error nothing is returned any more."""
    blob = bytearray(ansflow.compress(NOISE, chunk_size=100))
    blob[len(blob) // 3] ^= 1
    decompressor, out = ansflow.Decompressor(threads=threads), b""
    with pytest.raises(CorruptDataError) as first:  # noqa: PT012
        for piece in cut(blob, 50):
            out += decompressor.decompress(piece)
    assert NOISE.startswith(out)
    for data in (b"", b"x", blob):
        with pytest.raises(CorruptDataError) as again:
            decompressor.decompress(data)
        assert str(again.value) == str(first.value)
    assert not decompressor.eof
    assert decompressor.unused_data == b""


@pytest.mark.parametrize(
    "garbage", [b"\0", b"garbage" * 10, b"\x89ANT", b"\x89ANS\x03" + bytes(50)]
)
def test_garbage_is_refused(garbage):
    """As soon as it can be known."""
    decompressor = ansflow.Decompressor()
    for _ in range(2):
        with pytest.raises(CorruptDataError):
            decompressor.decompress(garbage)
    assert all_of([garbage])[1]


def test_a_flipped_bit_of_any_byte_is_noticed():
    content = TEXT[:300]
    blob = bytearray(ansflow.compress(content, chunk_size=100, tables=[MODEL], metadata={"a": 1}))
    for bit in range(0, 8 * len(blob), 7):
        blob[bit // 8] ^= 1 << bit % 8
        out, decompressor = b"", ansflow.Decompressor(threads=1)
        with suppress(AnsflowError):
            for piece in cut(bytes(blob), 90):
                out += decompressor.decompress(piece)
            # A length that became larger is only noticed when the data end.
            assert not decompressor.eof, bit
        assert content.startswith(out)
        blob[bit // 8] ^= 1 << bit % 8


def test_metadata():
    told = {"unit": "µm", "nested": [1, 2.5, None, True, {"": "𝄞"}], "big": 2**70}
    for chunk_size in (1, 1 << 18):
        blob = compress([b"abc"], metadata=told, chunk_size=chunk_size)
        decompressor = ansflow.Decompressor()
        assert decompressor.metadata == {}
        decompressor.decompress(blob[:10])
        assert decompressor.metadata == {}
        decompressor.decompress(blob[10:])
        assert decompressor.metadata == told
    assert ansflow.decompress(blob) == b"abc"


@pytest.mark.parametrize("told", [{"a": object()}, {"a": b"bytes"}, {(1, 2): 1}, [], None, "text"])
def test_metadata_that_json_cannot_say(told):
    with pytest.raises(TypeError):
        ansflow.Compressor(metadata=told)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_have(number):
    with pytest.raises(ValueError, match=r"JSON|json|float"):
        ansflow.Compressor(metadata={"a": [number]})


def test_text_that_utf_8_cannot_say():
    """Half a surrogate pair: JSON can, so it comes back."""
    decompressor = ansflow.Decompressor()
    decompressor.decompress(compress([], metadata={"a": "\ud800"}))
    assert decompressor.metadata == {"a": "\ud800"}


def test_metadata_of_a_mebibyte():
    room = (1 << 20) - len('{"metadata":{"a":""}}')
    decompressor = ansflow.Decompressor()
    decompressor.decompress(compress([b"abc"], metadata={"a": "x" * room}))
    assert len(decompressor.metadata["a"]) == room
    with pytest.raises(ValueError, match="metadata"):
        ansflow.Compressor(metadata={"a": "x" * (room + 1)})


def test_metadata_may_change_after_the_call():
    told = {"a": [1]}
    compressor = ansflow.Compressor(metadata=told)
    told["a"].append(2)
    told["b"] = 3
    decompressor = ansflow.Decompressor()
    decompressor.decompress(compressor.compress(b"abc") + compressor.finish())
    assert decompressor.metadata == {"a": [1]}


# Limits


def bomb(chunks, chunk_size):
    """Zeros: 31 bytes stand for each chunk."""
    header = writer.write_header(None, chunk=[chunk_size])
    zeros = bytes(chunk_size)
    body = writer.write_body(zeros, 1, writer.repeat)
    parts = [writer.write_chunk(header, i, zeros, body) for i in range(chunks)]
    return writer.assemble(header, parts, index=True)


BOMB = bomb(40, 4 << 20)  # 160 MiB


@pytest.mark.parametrize("threads", [1, 2])
def test_max_output(threads):
    limits = ansflow.Limits(max_output=100 << 20)
    assert len(BOMB) < 4000
    decompressor = ansflow.Decompressor(limits=limits, threads=threads)
    with pytest.raises(LimitError, match="max_output"):
        decompressor.decompress(BOMB)
    with pytest.raises(LimitError, match="max_output"):
        decompressor.decompress(b"")
    with pytest.raises(LimitError, match="max_output"):
        ansflow.decompress(BOMB, limits=limits, threads=threads)
    with pytest.raises(LimitError, match="max_output"):
        for _ in ansflow.iter_decompress([BOMB], limits=limits, threads=threads):
            pass


def test_max_output_counts_all_frames():
    blob = ansflow.compress(bytes(1000), chunk_size=300)
    stream = compress([bytes(1000)], chunk_size=300)
    for frames in (blob * 3, stream * 3, blob + stream + blob):
        for size in (20, len(frames)):
            out, error = all_of(cut(frames, size), limits=ansflow.Limits(max_output=3000))
            assert (len(out), error) == (3000, None)
            out, error = all_of(cut(frames, size), limits=ansflow.Limits(max_output=2999))
            assert isinstance(error, LimitError)
            assert len(out) <= 2999


@pytest.mark.parametrize("threads", [1, 2])
def test_bombs_are_decompressed_in_bounded_memory(threads):
    limits = ansflow.Limits(max_memory=32 << 20)
    list(ansflow.iter_decompress([ansflow.compress(TEXT)]))
    tracemalloc.start()
    size = sum(map(len, ansflow.iter_decompress([BOMB], limits=limits, threads=threads)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 160 << 20
    assert peak < 64 << 20


@pytest.mark.parametrize("threads", [1, 2])
def test_max_length_bounds_the_memory_of_bombs(threads):
    limits = ansflow.Limits(max_memory=32 << 20)
    decompressor = ansflow.Decompressor(limits=limits, threads=threads)
    tracemalloc.start()
    out = [decompressor.decompress(BOMB, 10)]
    out += [decompressor.decompress(b"", 10) for _ in range(50)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert b"".join(out) == bytes(510)
    assert peak < 64 << 20


def test_max_memory():
    """A chunk must be whole before it can be decoded, with room for its content."""
    blob = ansflow.compress(NOISE * 10, chunk_size=20_000)
    assert all_of([blob], limits=ansflow.Limits(max_memory=1 << 20)) == (NOISE * 10, None)
    _, error = all_of([blob], limits=ansflow.Limits(max_memory=30_000))
    assert isinstance(error, LimitError)


# Several frames


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [1, 50, 10**6])
def test_frames_one_after_the_other(threads, size):
    names = ["one chunk", "empty", "empty", "noise", "small chunks", "empty", "planes"]
    blob = b"".join(FRAMES[name][0] for name in names)
    content = b"".join(FRAMES[name][1] for name in names)
    assert all_of(cut(blob, size), threads=threads) == (content, None)


@pytest.mark.parametrize("size", [1000, 10**7])
def test_ten_thousand_empty_frames(size):
    """And no thread for any of them."""
    blob = compress([]) * 10_000 + compress([b"end"])
    assert all_of(cut(blob, size)) == (b"end", None)


def test_a_thousand_small_frames(lasting_threads):
    content = [b"%d" % i * 20 for i in range(1000)]
    blob = b"".join(map(ansflow.compress, content))
    assert all_of([blob], threads=2) == (b"".join(content), None)
    assert not lasting_threads()


@pytest.mark.parametrize("threads", [1, 2])
def test_cut_anywhere(threads):
    first = ansflow.compress(TEXT[:300], chunk_size=100)
    blob = first + ansflow.compress(TEXT[300:350])
    for end in range(len(blob)):
        out, error = all_of(cut(blob[:end], 60), threads=threads)
        assert isinstance(error, TruncatedError) or (error, end) == (None, len(first))
        assert TEXT.startswith(out)


def test_all_before_a_cut_is_given():
    blob = ansflow.compress(NOISE, chunk_size=100)
    chunk, first = 130, blob.index(NOISE[:100])
    for end in (first + 100, first + 3 * chunk + 99, first + 3 * chunk + 100):
        out, error = all_of([blob[:end]])
        assert out == NOISE[: (end - first + 30) // chunk * 100]
        assert isinstance(error, TruncatedError)


@pytest.mark.parametrize("rest", [b"\0", b"garbage", bytes(1000), b"\x89ANSgarbage"])
def test_garbage_behind(rest):
    for size in (1, 10**6):
        out, error = all_of(cut(ansflow.compress(TEXT) + rest, size))
        assert out == TEXT
        assert isinstance(error, CorruptDataError)


def test_an_empty_piece_asks_for_all_there_is():
    compressor, given = ansflow.Compressor(threads=2), []

    def pieces():
        for line in TEXT.splitlines(keepends=True)[:30]:
            yield compressor.compress(line) + compressor.flush()
            yield b""
            assert given[-1] == line
        yield compressor.finish()

    for part in ansflow.iter_decompress(pieces(), threads=2):
        given.append(part)  # noqa: PERF402


def test_an_endless_source_gives_what_it_can():
    """Nothing is asked for that isn't needed."""
    asked = []

    def pieces():
        while True:
            asked.append(1)
            yield skewed()[:100_000]

    encoder = ansflow.iter_compress(pieces(), threads=2)
    decoder = ansflow.iter_decompress(encoder, threads=2)
    size = 0
    while size < 10_000_000:
        size += len(next(decoder))
    assert len(asked) < 300
    decoder.close()
    encoder.close()


@pytest.mark.parametrize("function", [ansflow.iter_compress, ansflow.iter_decompress])
def test_iterators_that_are_closed_early_leave_no_threads(function, lasting_threads):
    data = skewed() * 2 if function is ansflow.iter_compress else ansflow.compress(skewed() * 2)
    iterator = function(cut(data, 100_000), threads=3)
    for _ in range(3):
        assert next(iterator)
    iterator.close()
    assert not lasting_threads()
    assert list(iterator) == []


@pytest.mark.parametrize("function", [ansflow.iter_compress, ansflow.iter_decompress])
def test_errors_of_the_source_come_through(function, lasting_threads):
    def broken():
        yield from cut(ansflow.compress(skewed()), 100_000)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(function(broken(), threads=2))
    assert not lasting_threads()


@pytest.mark.parametrize("pieces", [5, None, [5], ["text"], "text", [None]])
def test_what_is_no_iterable_of_bytes(pieces):
    for function in (ansflow.iter_compress, ansflow.iter_decompress):
        with pytest.raises(TypeError):
            list(function(pieces))


# Shared models, contexts


def test_shared_tables_make_small_chunks_smaller():
    alone = compress([TEXT], chunk_size=100)
    shared = compress([TEXT], chunk_size=100, tables=[MODEL])
    assert len(shared) < 0.96 * len(alone)
    assert ansflow.decompress(shared) == TEXT


def test_the_best_of_several_models_is_taken():
    share = 1 / np.arange(1, 61)
    low, high = (
        ansflow.models.Categorical.from_counts(np.rint(1000 * counts).astype(int))
        for counts in (share, share[::-1])
    )
    drawn = np.random.default_rng(0).choice(60, (200, 161), p=share / share.sum())
    drawn[1::2] = 59 - drawn[1::2]
    data = drawn.astype(np.uint8).tobytes()
    both = compress([data], chunk_size=161, tables=[low, high])
    assert ansflow.decompress(both) == data
    assert len(both) < len(compress([data], chunk_size=161, tables=[low]))
    assert len(both) < len(compress([data], chunk_size=161, tables=[high]))


@pytest.mark.parametrize("precision", [8, 11, 16])
def test_chunks_a_table_cannot_code_are_coded_otherwise(precision):
    model = ansflow.models.Categorical.from_counts([0, 3, 1], precision=precision)
    data = b"\1\1\2" * 100 + bytes(range(256)) + b"\1\2" * 100 + b"\1" * 100
    for chunk_size in (1, 50, 300):
        blob = compress([data], chunk_size=chunk_size, tables=[model])
        assert ansflow.decompress(blob) == data


@given(st.binary(max_size=400), st.binary(min_size=1, max_size=50), st.integers(1, 100))
@settings(max_examples=30)
def test_any_model(data, seen, chunk_size):
    counts = np.bincount(np.frombuffer(seen, np.uint8))
    model = ansflow.models.Categorical.from_counts(counts)
    blob = compress([data], chunk_size=chunk_size, tables=[model, MODEL], threads=1)
    assert all_of(cut(blob, 70), threads=1) == (data, None)


def test_all_64_models():
    models = [ansflow.models.Uniform(n) for n in range(2, 66)]
    blob = compress([bytes(range(60)) * 20], chunk_size=100, tables=models)
    assert all_of(cut(blob, 100)) == (bytes(range(60)) * 20, None)
    with pytest.raises(ValueError, match="65 tables"):
        ansflow.Compressor(tables=[*models, MODEL])


@pytest.mark.parametrize(
    "model",
    [
        ansflow.models.Uniform(257),
        ansflow.models.Categorical.from_counts([1, 2], precision=7),
        ansflow.models.Categorical.from_counts([1, 2], precision=17),
        ansflow.models.Categorical.fit([-1, 0, 1]),
        ansflow.models.Categorical.fit([250, 260]),
        ansflow.models.Markov.fit(np.array([1, 2, 3, 1, 2, 3], np.uint8)),
    ],
    ids=["many", "coarse", "fine", "negative", "large", "markov"],
)
def test_models_that_are_not_of_bytes(model):
    with pytest.raises(ModelError):
        ansflow.Compressor(tables=[model])


def test_models_that_are_none():
    for models in ([5], [None], 5, MODEL):
        with pytest.raises((TypeError, AttributeError)):
            ansflow.Compressor(tables=models)


def test_models_of_planes():
    numbers = np.rint(np.random.default_rng(0).normal(0, 9, 20_000)).astype("<i4")
    model = ansflow.models.Categorical.fit(numbers.astype(np.uint8).tolist(), precision=12)
    told = {"chunk_size": 1024, "recipe": "planes"}
    blob = ansflow.compress(numbers, tables=[model], **told)
    assert np.array_equal(ansflow.decompress(blob), numbers)
    assert len(blob) < len(ansflow.compress(numbers, **told))


def test_order_1():
    one = compress(cut(TEXT * 20, 1000), order=1)
    assert len(one) < 0.8 * len(compress([TEXT * 20]))
    assert all_of(cut(one, 1000)) == (TEXT * 20, None)
    assert one == compress([TEXT * 20], order=1, threads=3)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.array, int])
def test_max_length_is_any_integer(kind):
    decompressor, parts = ansflow.Decompressor(), []
    frame = ansflow.compress(skewed()[:1000])
    parts.append(decompressor.decompress(frame, kind(200)))
    while not decompressor.eof:
        parts.append(decompressor.decompress(b"", max_length=kind(200)))
    assert [len(part) for part in parts] == [200] * 5
    assert b"".join(parts) == skewed()[:1000]
    assert ansflow.Decompressor().decompress(frame, np.int8(-3)) == skewed()[:1000]


@pytest.mark.parametrize("length", [1.0, True, np.True_, "1", None, np.float64(3)])
def test_max_length_is_an_integer(length):
    decompressor = ansflow.Decompressor()
    with pytest.raises(TypeError, match="max_length must be an integer"):
        decompressor.decompress(ansflow.compress(b"data"), length)
    assert decompressor.decompress(ansflow.compress(b"data")) == b"data"
