"""`recover` of several frames, some stored inside others: nothing vanishes, nothing is invented."""

import functools
import sys
from contextlib import suppress

import naive_frame as naive
import naive_writer as writer
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow.errors import CorruptDataError, LimitError

NOISE = np.random.default_rng(5).bytes(4000)


def streamed(*parts, chunk_size=100):
    """A frame of unknown size, flushed behind each part: the header is that of any other."""
    compressor = ansflow.Compressor(chunk_size=chunk_size)
    out = b"".join(compressor.compress(part) + compressor.flush() for part in parts)
    return out + compressor.finish()


def sized(content, chunk_size=100):
    return ansflow.compress(content, chunk_size=chunk_size)


def nested(make, depth, content=NOISE[:250]):
    """A frame in a frame in a frame, each stored, with some bytes around."""
    blob = make(content)
    for level in range(depth):
        blob = make(NOISE[level : level + 30] + blob + NOISE[99 : 99 + 7 * level])
    return blob


# All share headers, first chunks, or both with others.
PARTS = {
    "stream": streamed(NOISE[:100], NOISE[100:200], NOISE[200:300]),
    "same beginning": streamed(NOISE[:100], NOISE[300:400]),
    "other stream": streamed(NOISE[500:600], NOISE[600:650]),
    "one chunk": streamed(NOISE[:100]),
    "sized": sized(NOISE[:300]),
    "same size": sized(NOISE[:100] + NOISE[700:900]),
    "empty": streamed(),
    "empty and sized": sized(b""),
    "nested streams": nested(lambda content: streamed(content, chunk_size=1000), 3),
    "nested streams, cut": nested(streamed, 2),
    "nested and sized": nested(lambda content: sized(content, 500), 2),
    "nested, no index": nested(lambda content: sized(content, 1 << 16), 3),
    "two inside": streamed(streamed(NOISE[:100], NOISE[9:99]) * 2 + b"tail", chunk_size=5000),
    "only another": streamed(streamed(NOISE[:100], NOISE[9:99]), b"more", chunk_size=5000),
}
FILES = st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=4)


@functools.cache
def content_of(name):
    return ansflow.decompress(PARTS[name])


def recover(directory, blob, **limits):
    source, target = directory / "source", directory / "target"
    source.write_bytes(blob)
    report = ansflow.recover(source, target, limits=ansflow.Limits(**limits))
    return report, ansflow.decompress(target.read_bytes())


def check(directory, blob, names):
    """What is lost is said to be lost; all else is what it was, in the order in which it was."""
    expected = b"".join(map(content_of, names))
    report, content = recover(directory, blob)
    if not report.lost and not report.cut:
        # Frames of which nothing is left can't be missed.
        assert content in [b"".join(map(content_of, names[: i + 1])) for i in range(len(names))]
    if not report.damaged:
        assert blob == b"".join(PARTS[name] for name in names)
    return report, content, expected


@given(FILES)
@example(["nested streams", "stream", "nested streams"])
@example(["stream", "stream", "same beginning"])
@example(["two inside", "only another"])
@settings(max_examples=30)
def test_what_is_intact_stays_as_it_is(tmp_path_factory, names):
    blob = b"".join(PARTS[name] for name in names)
    report, content = recover(tmp_path_factory.mktemp("files"), blob)
    assert content == b"".join(map(content_of, names))
    assert (report.damaged, report.cut, report.lost, report.lost_chunks) == (False, False, (), 0)


@given(FILES, st.data())
@settings(max_examples=50)
def test_a_bit_is_flipped(tmp_path_factory, names, data):
    """One chunk at most is lost, or a header; every other chunk is where it was."""
    frames = [PARTS[name] for name in names]
    blob = bytearray(b"".join(frames))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        report, content, expected = check(tmp_path_factory.mktemp("files"), bytes(blob), names)
    except CorruptDataError:
        assert len(frames) == 1
        return
    assert report.damaged
    frame, place = frame_at(frames, at)
    if place < len(frame.header.raw):  # without which a frame can't be understood
        return
    assert report.lost_chunks <= 1
    if not frame.indexed and frame.header.size is None:
        return  # a chunk without a head may have had any size
    assert len(content) == len(expected)
    found, wanted = bytearray(content), bytearray(expected)
    for begin, end in report.lost:
        found[begin:end] = wanted[begin:end] = b""
    assert found == wanted


def frame_at(frames, at):
    """The frame that a byte is of, and where in it."""
    for frame in frames:
        if at < len(frame):
            return naive.read(frame), at
        at -= len(frame)
    raise IndexError


@given(FILES, st.data())
@settings(max_examples=50)
def test_any_damage_is_reported(tmp_path_factory, names, data):
    """Also more than one thing, of any length: never is it said that nothing is lost if it is."""
    blob = bytearray(b"".join(PARTS[name] for name in names))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob)))
        end = min(len(blob), at + data.draw(st.integers(0, 300)))
        match data.draw(st.integers(0, 3)):
            case 0:
                blob[at:end] = bytes(end - at)
            case 1:
                blob[at:end] = NOISE[at % 500 :][: end - at]
            case 2:
                blob[at:at] = NOISE[1000:][: end - at]
            case 3:
                del blob[at:]
    with suppress(CorruptDataError):
        whole = ansflow.decompress(bytes(blob))  # if frames were cut off, the rest is intact
        assert recover(tmp_path_factory.mktemp("files"), bytes(blob))[1] == whole
        return
    with suppress(CorruptDataError):
        check(tmp_path_factory.mktemp("files"), bytes(blob), names)


def test_frames_that_share_their_first_block(tmp_path):
    """A trailer is damaged: nothing is lost, and all is there."""
    names = ["stream", "same beginning"]
    for at in (1, 9, 20, 27):
        blob = bytearray(b"".join(PARTS[name] for name in names))
        blob[len(PARTS["stream"]) - at] ^= 1
        report, content, expected = check(tmp_path, bytes(blob), names)
        assert content == expected
        assert (report.damaged, report.lost, report.cut) == (True, (), False)


@pytest.mark.parametrize("name", [name for name in PARTS if "nested" in name])
@pytest.mark.parametrize("number", [0, 1])
def test_frames_inside_of_damaged_ones_are_content(tmp_path, name, number):
    """A head is damaged, the index as well: what is inside of other chunks stays there."""
    blob = bytearray(PARTS[name])
    frame = naive.read(PARTS[name])
    at = len(frame.header.raw) + sum(28 + len(chunk.body) for chunk in frame.chunks[:number])
    if number >= len(frame.chunks):
        return
    blob[at + 17] ^= 1
    blob[-1] ^= 1
    report, content = recover(tmp_path, bytes(blob))
    assert report.lost or report.cut
    if not frame.indexed:
        return
    expected = content_of(name)
    before = sum(len(chunk.content) for chunk in frame.chunks[:number])
    assert content[:before] == expected[:before]


# What is made to take long, or much


def crafted(kind, count):
    """Heads of all kinds that are sound for themselves, one in the other's payload."""
    header = writer.write_header(None, chunk=[1 << 24])
    tag = header[-4:]
    zeros = b"\0\1\0"  # a recipe of bytes, and a constant stream
    if kind == "heads":
        return header + b"".join(
            writer.write_head(tag, number, 1 << 24, 3, 0) + zeros for number in range(count)
        )
    if kind == "heads apart":  # so that each chunk is looked into
        return header + b"".join(
            writer.write_head(tag, number, 1 << 24, 3, 0) + zeros + b"?" for number in range(count)
        )
    if kind == "heads in payloads":
        return header + b"".join(
            writer.write_head(tag, number, 28 * count, 28 * count, 0) for number in range(count)
        )
    if kind == "tags":
        return header + tag * (8 * count)
    if kind == "headers":
        return header * (count // 2)
    if kind == "long headers":
        said = writer.write_header(length=1 << 20, check=0)[:28]
        return header + said * count
    if kind == "headers before heads":
        walk = [writer.write_chunk(header, number, b"x") for number in range(count)]
        return header * (count // 2) + b"".join(walk)
    index = writer.write_index(header, [], size=1 << 20)
    return header + index * (count // 3)


CRAFTED = ["heads", "heads in payloads", "tags", "headers", "long headers", "headers before heads"]


@pytest.mark.parametrize("kind", [*CRAFTED, "heads apart", "indexes"])
def test_work_is_bounded(tmp_path, kind, monkeypatch):
    """Counted in bytes that are read or decoded, which doesn't depend on the machine."""
    done = count_work(monkeypatch)
    for count in (300, 1200):
        blob = crafted(kind, count)
        done.clear()
        with suppress(LimitError, CorruptDataError):
            recover(tmp_path, blob, max_output=1 << 30)
        assert sum(done) < 700 * len(blob) + (1 << 30)


def count_work(monkeypatch):
    """A list of the bytes that `recover` reads and decodes from now on."""
    from ansflow.frame import source
    from ansflow.frame.salvage import exact, finding, indexes, remains, search

    done = []

    def counted(function, size_of):
        def call(*arguments):
            result = function(*arguments)
            done.append(size_of(arguments, result))
            return result

        return call

    read = counted(finding.read_at, lambda _, result: len(result))
    for module in (source, exact, finding, indexes, remains, search):
        monkeypatch.setattr(module, "read_at", read)
    decode = counted(finding.intact_body, lambda arguments, _: arguments[2].cells)
    monkeypatch.setattr(search, "intact_body", decode)
    monkeypatch.setattr(sys.modules["ansflow.inspect.recovery"], "intact_body", decode)
    return done


def test_limits_hold(tmp_path):
    blob = streamed(*[NOISE[:100]] * 30)
    with pytest.raises(LimitError, match="max_output=2999"):
        recover(tmp_path, blob, max_output=2999)
    assert recover(tmp_path, blob, max_output=3000)[1] == NOISE[:100] * 30
    with pytest.raises(LimitError, match="max_memory=5000"):
        recover(tmp_path, blob, max_memory=5000)
    with pytest.raises(LimitError, match="max_memory=5000"):
        recover(tmp_path, blob[:-500], max_memory=5000)
    assert not (tmp_path / "target2").exists()
