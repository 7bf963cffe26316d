"""`recover` keeps all that is intact, says exactly what isn't, and writes a sound file."""

import io
import pathlib
import signal

import naive_examples as examples
import naive_frame as naive
import naive_model
import naive_writer as writer
import numpy as np
import pytest
import small_vaes
from hypothesis import given, settings, strategies as st

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, UnsupportedError

RNG = np.random.default_rng(0)
NOISE = RNG.bytes(1000)
TEXT = b"".join(b"%d: %s\n" % (i, b"la " * (i % 7)) for i in range(80))
NUMBERS = RNG.integers(0, 1 << 32, (60, 3), "<u4")
MODEL = ansflow.models.Categorical.fit(list(TEXT), precision=12)
DATA = pathlib.Path(__file__).parents[1] / "data"
APART = "v3-bare-", "v3-collection"
GOLDEN = sorted(path for path in DATA.glob("v*.ans") if not path.name.startswith(APART))


def flushed(data, every, **options):
    compressor = ansflow.Compressor(**options)
    out = b""
    for at in range(0, len(data), every):
        out += compressor.compress(data[at : at + every]) + compressor.flush()
    return out + compressor.finish()


def rows(numbers, **options):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, numbers.dtype, numbers.shape[1:], **options) as file:
        file.append(numbers)
    return out.getvalue()


INTACT = {
    "empty": ansflow.compress(b""),
    "one chunk": ansflow.compress(TEXT),
    "noise": ansflow.compress(NOISE, chunk_size=100),
    "flushed": flushed(TEXT, 77, chunk_size=100, metadata={"a": 1}),
    "shared": ansflow.compress(TEXT, chunk_size=150, tables=[MODEL]),
    "contexts": ansflow.compress(TEXT * 3, order=1, chunk_size=1500),
    "planes": ansflow.compress(np.tile(NUMBERS, (3, 1)), chunk_size=70),
    "fortran": ansflow.compress(np.asfortranarray(np.tile(NUMBERS, (3, 1))), chunk_size=70),
    "rows": rows(NUMBERS, chunk_size=25),
    "scalar": ansflow.compress(np.array(1.5)),
    "no rows": ansflow.compress(np.empty((0, 4))),
    "two frames": ansflow.compress(NOISE, chunk_size=100) + ansflow.compress(TEXT),
    "two arrays": ansflow.compress(NUMBERS) + rows(NUMBERS, chunk_size=50),
    "with empty frames": ansflow.compress(b"") * 2 + ansflow.compress(TEXT) + ansflow.compress(b""),
}


class Recovered:
    """What `recover` made of a file, which is sound."""

    def __init__(self, directory, blob):
        source, target = directory / "source", directory / "target"
        source.write_bytes(blob)
        self.sizes = []
        self.report = ansflow.recover(source, target, on_progress=self.sizes.append)
        self.blob = target.read_bytes()
        self.result = ansflow.decompress(self.blob)
        with ansflow.open(target) as file:
            self.content = file.read()
        if isinstance(self.result, np.ndarray):
            with ansflow.ArrayReader(target) as reader:
                assert reader.shape == self.result.shape
                assert reader[...].tobytes() == self.result.tobytes()
        report = self.report
        assert report.content_size == len(self.content)
        assert (report.lost_chunks > 0) == bool(report.lost)
        assert report.damaged or not (report.cut or report.lost)
        for begin, end in report.lost:
            assert 0 <= begin < end <= len(self.content)

    def is_right_but_for_what_is_lost(self, content):
        """Where nothing is lost there's what was there; bytes may be missing at the end."""
        expected = bytearray(content[: len(self.content)].ljust(len(self.content), b"\0"))
        found = bytearray(self.content)
        for begin, end in self.report.lost:
            expected[begin:end] = found[begin:end] = bytes(end - begin)
        return found == expected


@pytest.fixture
def recover(tmp_path):
    return lambda blob: Recovered(tmp_path, bytes(blob))


def chunks_of(blob):
    return sum(len(frame.chunks) for frame in naive.read_all(blob))


def content_of(blob):
    with ansflow.open(io.BytesIO(blob)) as file:
        return file.read()


@pytest.mark.parametrize("name", INTACT)
def test_intact_files_stay_as_they_are(recover, name):
    blob = INTACT[name]
    recovered = recover(blob)
    assert recovered.blob == blob
    report = recovered.report
    assert (report.lost_chunks, report.lost, report.cut, report.damaged) == (0, (), False, False)
    assert report.chunks == chunks_of(blob)
    assert recovered.sizes == sorted(recovered.sizes)


@pytest.mark.parametrize("name", sorted(examples.FILES))
def test_whatever_the_oracle_wrote(recover, name):
    """An index may be added."""
    blob = examples.FILES[name]
    recovered = recover(blob)
    assert recovered.content == content_of(blob)
    assert not recovered.report.damaged
    assert recovered.blob[4] == 3
    before, after = ansflow.decompress(blob), recovered.result
    if isinstance(before, np.ndarray):
        assert (before.shape, before.dtype) == (after.shape, after.dtype)
        assert before.flags.f_contiguous == after.flags.f_contiguous


@pytest.mark.parametrize("path", GOLDEN)
def test_golden_files(recover, path):
    recovered = recover(path.read_bytes())
    assert not recovered.report.damaged
    assert recovered.content == content_of(path.read_bytes())


# One thing damaged

HEAD = 28
STEP = HEAD + 2 + 100
CHUNKS = INTACT["noise"]
FIRST = CHUNKS.index(NOISE[:100]) - 30


def test_every_flipped_byte_of_a_chunk(recover):
    """In head or body: that chunk is lost, no other."""
    for chunk in (0, 4, 9):
        begin, end = 100 * chunk, 100 * (chunk + 1)
        for at in [*range(33), 60, STEP - 1]:
            damaged = bytearray(CHUNKS)
            damaged[FIRST + chunk * STEP + at] ^= 1 << (at + chunk) % 8
            recovered = recover(damaged)
            assert recovered.content == NOISE[:begin] + bytes(100) + NOISE[end:]
            report = recovered.report
            assert (report.chunks, report.lost_chunks) == (9, 1)
            assert report.lost == ((begin, end),)
            assert (report.cut, report.damaged) == (False, True)


def test_every_flipped_byte_outside_of_chunks(recover):
    """In header, end mark or index: nothing is lost, but it's damaged."""
    trailer = len(CHUNKS) - 28
    for at in [
        *range(FIRST),
        *range(FIRST + 10 * STEP, FIRST + 10 * STEP + 60, 3),
        *range(trailer - 280, trailer, 13),
        *range(trailer, len(CHUNKS)),
    ]:
        damaged = bytearray(CHUNKS)
        damaged[at] ^= 1 << at % 8
        recovered = recover(damaged)
        assert recovered.content == NOISE, at
        assert recovered.report.lost_chunks == 0
        assert recovered.report.damaged, at


@pytest.mark.parametrize("name", ["flushed", "shared", "planes", "fortran", "rows", "two arrays"])
def test_any_flipped_byte(recover, name):
    blob = INTACT[name]
    content = content_of(blob)
    shape = getattr(ansflow.decompress(blob), "shape", None)
    frames = naive.read_all(blob)
    for at in range(0, len(blob), len(blob) // 12 | 1):
        damaged = bytearray(blob)
        damaged[at] ^= 0xFF
        try:
            recovered = recover(damaged)
        except CorruptDataError:
            assert not frames[0].indexed
            continue
        assert recovered.is_right_but_for_what_is_lost(content), at
        assert recovered.report.damaged
        assert recovered.report.lost_chunks <= 1
        # Without an index, the only header can't be found anywhere else.
        if frames[0].indexed or at > 200:
            assert len(recovered.content) == len(content), at
            assert getattr(recovered.result, "shape", None) == shape


def test_metadata_and_shared_tables_are_kept(recover):
    blob = bytearray(ansflow.compress(TEXT, chunk_size=150, tables=[MODEL], metadata={"a": "ü"}))
    blob[8] ^= 1  # in the header: the index has it, too
    recovered = recover(blob)
    assert recovered.content == TEXT
    with ansflow.open(io.BytesIO(recovered.blob)) as file:
        assert file.metadata == {"a": "ü"}
    assert recovered.blob == ansflow.compress(
        TEXT, chunk_size=150, tables=[MODEL], metadata={"a": "ü"}
    )


def test_chunks_that_are_lost_together_are_one_range(recover):
    damaged = bytearray(CHUNKS)
    damaged[FIRST + 3 * STEP + 50 : FIRST + 6 * STEP + 50] = bytes(3 * STEP)
    damaged[FIRST + 8 * STEP + 50] ^= 1
    report = recover(damaged).report
    assert report.lost == ((300, 700), (800, 900))
    assert report.lost_chunks == 5


# Cuts


def test_cut_anywhere(recover):
    """All chunks before are there; of the one that was cut, nothing."""
    ends = {0, 3, FIRST - 1, *range(FIRST, len(CHUNKS), 17), len(CHUNKS) - 1}
    ends |= {FIRST + chunk * STEP + odd for chunk in range(10) for odd in (-1, 0, 1, HEAD)}
    for end in sorted(ends):
        if end < FIRST:
            with pytest.raises(CorruptDataError):
                recover(CHUNKS[:end])
            continue
        recovered = recover(CHUNKS[:end])
        whole = min(10, (end - FIRST) // STEP)
        assert recovered.report.chunks == whole
        assert recovered.report.damaged
        assert recovered.content[: 100 * whole] == NOISE[: 100 * whole]
        assert not any(recovered.content[100 * whole :])
        assert recovered.report.cut == (end < FIRST + 10 * STEP + HEAD)


@pytest.mark.parametrize("name", ["flushed", "rows", "planes", "fortran", "two arrays", "shared"])
def test_any_cut(recover, name):
    """Of an array in C order there are fewer rows; others keep their shape."""
    blob = INTACT[name]
    content, whole = content_of(blob), ansflow.decompress(blob)
    previous = 0
    for end in range(0, len(blob), len(blob) // 12 | 1):
        try:
            recovered = recover(blob[:end])
        except CorruptDataError:
            assert previous == 0
            continue
        assert recovered.is_right_but_for_what_is_lost(content), end
        assert recovered.report.chunks >= previous
        previous = recovered.report.chunks
        if isinstance(whole, np.ndarray):
            result = recovered.result
            assert result.dtype == whole.dtype
            assert result.shape[1:] == whole.shape[1:]
            assert len(result) <= len(whole)
            assert name != "fortran" or result.shape == whole.shape
    assert previous <= chunks_of(blob)


def test_a_frame_behind_one_that_was_cut(recover):
    second = ansflow.compress(TEXT, chunk_size=150)
    for end in range(FIRST, len(CHUNKS), 41):
        recovered = recover(CHUNKS[:end] + second)
        assert recovered.content.endswith(TEXT), end
        whole = min(10, (end - FIRST) // STEP)
        assert recovered.content.startswith(NOISE[: 100 * whole])
        assert recovered.report.damaged


def test_frames_that_were_cut_and_put_together(recover):
    """All are of one program, with the same header: only the end mark tells."""
    one = flushed(NOISE, 100, chunk_size=100)
    other = flushed(NOISE[::-1], 100, chunk_size=100)
    first = one.index(NOISE[:100]) - 30
    assert one[:first] == other[:first]
    for chunk in (1, 5, 9):
        spliced = one[: first + chunk * STEP] + other[first + chunk * STEP :]
        with pytest.raises(AnsflowError):
            ansflow.decompress(spliced)
        assert recover(spliced).report.damaged


# Bytes more or less


@pytest.mark.parametrize("place", [-31, -5, 1, 50, 99, 100])
@pytest.mark.parametrize("count", [1, 2, 31, 60, 99])
def test_bytes_removed_or_inserted(recover, place, count):
    """Chunks that aren't touched are kept; here counted from the body of chunk 4."""
    at = FIRST + 30 + 4 * STEP + place
    for damaged, touched in (
        (CHUNKS[:at] + RNG.bytes(count) + CHUNKS[at:], {(at - FIRST) // STEP}),
        (
            CHUNKS[:at] + CHUNKS[at + count :],
            {(at - FIRST) // STEP, (at + count - 1 - FIRST) // STEP},
        ),
    ):
        recovered = recover(damaged)
        expected = bytearray(NOISE)
        if place == 100 and len(damaged) > len(CHUNKS):
            touched = set()  # between two chunks
        for chunk in touched:
            expected[100 * chunk : 100 * (chunk + 1)] = bytes(100)
        assert recovered.content == expected
        assert recovered.report.lost_chunks == len(touched)
        assert recovered.report.damaged


def test_chunks_removed(recover):
    begin = FIRST + 3 * STEP
    recovered = recover(CHUNKS[:begin] + CHUNKS[begin + 4 * STEP :])
    assert recovered.content == NOISE[:300] + bytes(400) + NOISE[700:]
    assert recovered.report.lost == ((300, 700),)


def test_chunks_doubled(recover):
    begin, end = FIRST + 3 * STEP, FIRST + 5 * STEP
    recovered = recover(CHUNKS[:end] + CHUNKS[begin:])
    assert recovered.content == NOISE
    assert recovered.report.damaged


def test_garbage_before_and_behind(recover):
    for garbage in (b"garbage", b"\x89ANS", RNG.bytes(5000)):
        for blob in (garbage + CHUNKS, CHUNKS + garbage, CHUNKS + garbage + CHUNKS):
            recovered = recover(blob)
            assert recovered.blob == CHUNKS * blob.count(NOISE[:100])
            assert recovered.report.damaged


@pytest.mark.parametrize("blob", [b"", b"garbage", b"\x89ANS", NOISE, CHUNKS[FIRST : FIRST + 500]])
def test_nothing_can_be_made_of_garbage(tmp_path, blob):
    with pytest.raises(CorruptDataError):
        Recovered(tmp_path, blob)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@settings(max_examples=30)
@given(st.sampled_from(sorted(INTACT)), st.data())
def test_any_damage(tmp_path_factory, name, data):
    """The result is a sound file, or there's none."""
    blob = bytearray(INTACT[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(blob)))
        end = min(len(blob), at + data.draw(st.integers(0, 200)))
        match data.draw(st.integers(0, 4)):
            case 0:
                del blob[at:end]
            case 1:
                blob[at:end] = RNG.bytes(end - at)
            case 2:
                blob[at:at] = blob[at:end]
            case 3:
                blob[at:at] = INTACT[data.draw(st.sampled_from(sorted(INTACT)))]
            case 4:
                del blob[at:]
    directory = tmp_path_factory.mktemp("any")
    source, target = directory / "source", directory / "target"
    source.write_bytes(blob)
    try:
        report = ansflow.recover(source, target)
    except CorruptDataError:
        assert not target.exists()
        return
    with ansflow.open(target) as file:
        assert len(file.read()) == report.content_size


# Headers and heads that say more than can be, with the right checks


def stream(chunk_size=100):
    header = writer.write_header(None, chunk=[chunk_size])
    return header, writer.write_chunk(header, 0, b"abc")


def insane():
    header, chunk = stream()
    for number in (2**26 - 2, 2**26, 2**32 - 1):
        yield header + chunk + writer.write_chunk(header, 1, b"abc", number=number)
        yield header + chunk + writer.write_end(header, [chunk], number=number)
        yield header + chunk + writer.write_end(header, [chunk], m=number)
    for size, shape, chunk, fortran in [
        (2**40, [1, 2**40], [1, 1], False),
        (2**40, [1, 2**40], [1, 2**24], False),
        (2**40, [2, 2**39], [2, 2**24], False),
        (2**40, [2**20, 2**20], [2**10, 2**10], True),
        (2**62, [2**62], [2**24], False),
        (2**62, [2**31, 2**31], [1, 2**24], True),
        (2**62, [2**20, 2**21, 2**21], [1, 2, 1], False),
        (None, [None, 2**62], [1, 2**24], False),
        (None, [None, 2**40], [2, 2**24], False),
        (4, [2, 2], [2, 2], True),
        (4, [2, 2], [2, 1], False),
        (4, [4], [4], False),
        (0, [0, 0], [1, 1], False),
        (0, [0, 5], [5, 1], True),
        (0, [5, 2**40, 0], [2, 1, 1], False),
        (1, [], [], False),
    ]:
        text = {"dtype": "|u1", "shape": shape}
        header = writer.write_header(size, text, chunk, flags=1 + 2 * fortran)
        some = [writer.write_chunk(header, i, b"abcd"[: max(chunk, default=1)]) for i in range(3)]
        yield header
        yield header + some[0]
        yield header + some[2]
        yield header + b"".join(some)
        yield writer.assemble(header, some)
    text = {"dtype": "<u2", "shape": [None, 8]}
    header = writer.write_header(None, text, [1, 3], flags=1)
    some = [writer.write_chunk(header, i, b"abcdef", w=2) for i in range(5)]
    for count in range(6):
        yield header + b"".join(some[:count])


@pytest.fixture
def soon():
    """Ends what takes too long, before memory does."""

    def late(*_):
        raise TimeoutError

    # Of its own work, however busy the machine is.
    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, 20)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm")
@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("blob", [pytest.param(blob, id=str(i)) for i, blob in enumerate(insane())])
def test_insane_headers_and_heads(tmp_path, blob):
    """Soon over, and no more is written than there's reason to."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(blob)
    try:
        report = ansflow.recover(source, target)
    except AnsflowError:
        assert not target.exists()
    else:
        assert target.stat().st_size < 10 << 20
        if report.content_size < 1 << 28:
            content = ansflow.decompress(target.read_bytes())
            assert memoryview(content).nbytes == report.content_size
        else:
            ansflow.open(target).close()


def test_a_file_may_be_recovered_in_its_place(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CHUNKS[: FIRST + 5 * STEP])
    assert ansflow.recover(path, path).chunks == 5
    assert ansflow.decompress(path.read_bytes()) == NOISE[:500]
    assert [other.name for other in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        ansflow.recover(tmp_path / "missing", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


# Damage that reaches over more than a chunk


def heads_of(blob):
    """Where the heads of the only frame are, the end mark's last."""
    frame = naive.read_all(blob)[0]
    found = [len(frame.header.raw)]
    for chunk in frame.chunks:
        found.append(found[-1] + HEAD + len(chunk.body))
    return found


def zeroed(blob, begin, end):
    return blob[:begin] + bytes(end - begin) + blob[end:]


KNOWN = [ansflow.compress(NOISE[: 1000 - i], chunk_size=100) for i in range(2)]
STREAMS = [flushed(RNG.bytes(1000), 100, chunk_size=100) for _ in range(2)]


@pytest.mark.parametrize("frames", [KNOWN, STREAMS], ids=["known size", "same header"])
@pytest.mark.parametrize("first", [3, 8, 10])
@pytest.mark.parametrize("last", [0, 2])
def test_damage_over_the_border_of_two_frames(recover, frames, first, last):
    """What is intact of the second one is there: it has an index."""
    one, other = frames
    begin, end = heads_of(one)[first] - 20, len(one) + heads_of(other)[last] + 20
    recovered = recover(zeroed(one + other, begin, end))
    contents = [content_of(blob) for blob in frames]
    kept = contents[0][: 100 * (first - 1)]
    assert recovered.content.startswith(kept)
    assert recovered.content.endswith(contents[1][100 * (last + 1) :])
    assert recovered.report.chunks == first - 1 + 9 - last
    assert recovered.report.damaged


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_what_is_of_another_frame_is_not_taken_for_this_one(recover, cut):
    """Here the index tells: the first chunks are a frame that was cut, the others miss theirs."""
    one, other = STREAMS
    recovered = recover(one[: heads_of(one)[cut]] + other[heads_of(other)[cut] :])
    first, last = content_of(one)[: 100 * cut], content_of(other)[100 * cut :]
    assert recovered.content == first + bytes(100 * cut) + last
    assert recovered.report.lost == ((100 * cut, 200 * cut),)
    assert recovered.report.chunks == 10


@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_frames_inside_of_chunks_are_content(recover, chunk, with_header):
    """Also if they have the same header, and the head of the chunk is damaged."""
    inner = flushed(RNG.bytes(300), 20, chunk_size=1000)
    content = RNG.bytes(30) + inner[0 if with_header else heads_of(inner)[0] :] + RNG.bytes(6000)
    blob = bytearray(flushed(content, len(content), chunk_size=1000))
    blob[heads_of(blob)[chunk] + 10] ^= 1
    recovered = recover(blob)
    assert recovered.content[: 1000 * chunk] == content[: 1000 * chunk]
    assert recovered.content[1000 * (chunk + 1) :] == content[1000 * (chunk + 1) :]
    assert recovered.report.lost == ((1000 * chunk, 1000 * (chunk + 1)),)
    assert recovered.report.lost_chunks == 1


def test_many_small_chunks_removed(recover):
    """Constant ones take 31 bytes each. The index has them."""
    content = bytes(300_000) + NOISE
    blob = flushed(content, len(content), chunk_size=100)
    heads = heads_of(blob)
    recovered = recover(blob[: heads[10]] + blob[heads[2010] :])
    assert recovered.content == content
    assert recovered.report.lost == ((1000, 201_000),)
    assert recovered.report.lost_chunks == 2000


def test_a_short_block_in_the_middle_is_lost(recover):
    """Its size is what the others leave of the content."""
    extents = [100, 100, 50, *[100] * 7, 50]
    blob = bytearray(writer.write_frame(NOISE, chunk=[100], extents=extents))
    blob[heads_of(blob)[2] + 10] ^= 1
    recovered = recover(blob)
    assert recovered.content == NOISE[:200] + bytes(50) + NOISE[250:]
    assert recovered.report.lost == ((200, 250),)


def test_a_header_beyond_the_limits_in_garbage(recover):
    """It's nobody's, so it ends nothing."""
    header = writer.write_header(
        2**40, {"dtype": "<f8", "shape": [2**20, 2**17]}, [2**14, 2**10], flags=1
    )
    assert recover(CHUNKS + header).content == NOISE


def tedious():
    header = writer.write_header(None, chunk=[2**24])
    tag, empty = header[-4:], ansflow.compress(b"")
    yield "tags", header + b"x" + tag * 60_000
    yield "magic", header + b"x" + b"\x89ANS" * 60_000
    old = writer.write_chunk(header, 1, b"a")
    yield "frames in a body", header + b"x" + empty * 5000 + old
    yield "chunks again", header + writer.write_chunk(header, 5, b"a") + b"x" + old * 9000
    text = {"dtype": "|u1", "shape": [2**22, 2]}
    header = writer.write_header(2**23, text, [1, 1], flags=3)
    yield "much to add", header + writer.write_chunk(header, 0, b"a")


@pytest.mark.parametrize("blob", [pytest.param(blob, id=name) for name, blob in tedious()])
def test_what_takes_no_time(tmp_path, blob, soon):
    """Files of a few hundred KiB that could take minutes."""
    source = tmp_path / "source"
    source.write_bytes(blob)
    ansflow.recover(source, tmp_path / "target")


# Models of images

VAE, IMAGE_MODEL = small_vaes.make_known("recovered", components=2, seed=1)
IMAGES = naive_model.sample(IMAGE_MODEL, 50)


def test_damaged_modelled_chunks(recover):
    """Each is lost alone, wherever it is damaged; the frame keeps its model."""
    blob = ansflow.compress(IMAGES, model=VAE, chunk_size=240)
    frame = naive.read(blob)
    assert frame.kinds == 5 * [naive.MODELLED]
    at = len(frame.header.raw)
    for place, chunk in enumerate(frame.chunks):
        begin, end = 240 * place, 240 * (place + 1)
        size = HEAD + len(chunk.body)
        places = (0, 4, 10, 14, 21, HEAD, HEAD + 1, HEAD + 2, 39, 44, size - 1)
        for byte in places[place % 3 :: 3]:
            damaged = bytearray(blob)
            damaged[at + byte] ^= 1 << place
            recovered = recover(damaged)
            assert recovered.content == IMAGES[:begin] + bytes(240) + IMAGES[end:]
            assert recovered.report.lost == ((begin, end),)
            assert recovered.report.damaged
        at += size
    (sound,) = naive.read_all(recovered.blob)
    assert sound.description["model"]["name"] == "recovered"
    assert sound.kinds[:4] == 4 * [naive.MODELLED]


def test_modelled_frames_that_are_cut(recover):
    blob = ansflow.compress(IMAGES, model=VAE, chunk_size=240)
    frame = naive.read(blob)
    for end in range(len(frame.header.raw) + HEAD + len(frame.chunks[0].body), len(blob), 79):
        recovered = recover(blob[:end])
        assert recovered.content[:240] == IMAGES[:240]
        assert recovered.is_right_but_for_what_is_lost(IMAGES)
        assert recovered.report.damaged


def test_modelled_arrays(recover):
    array = np.frombuffer(IMAGES, np.uint8).reshape(-1, 4, 6)
    blob = bytearray(ansflow.compress(array, model=VAE, chunk_size=240))
    recovered = recover(blob)
    assert recovered.blob == blob
    blob[len(naive.read(bytes(blob)).header.raw) + 50] ^= 1
    recovered = recover(blob)
    assert recovered.result.shape == array.shape
    assert np.array_equal(recovered.result[10:], array[10:])
    assert not recovered.result[:10].any()


def test_without_the_model_nothing_is_given_up(tmp_path):
    """Chunks that can't be decoded here aren't lost, so no file without them is written."""
    vae, _ = small_vaes.build("recovered-elsewhere", components=2, seed=1)
    (tmp_path / "x").write_bytes(ansflow.compress(IMAGES, model=vae, chunk_size=240))
    with pytest.raises(UnsupportedError, match="recovered-elsewhere"):
        ansflow.recover(tmp_path / "x", tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_frames_of_a_later_release_are_not_given_up(tmp_path):
    """Zeros in place of all that this one doesn't know would be no recovery."""
    header = writer.write_header(None, chunk=[100])
    chunks = [writer.write_chunk(header, i, b"abc", b"\0\x3fabc") for i in range(3)]
    (tmp_path / "x").write_bytes(writer.assemble(header, chunks))
    with pytest.raises(UnsupportedError, match="kind 63"):
        ansflow.recover(tmp_path / "x", tmp_path / "y")
    assert not (tmp_path / "y").exists()
    chunks[1] = writer.write_chunk(header, 1, b"def")
    (tmp_path / "x").write_bytes(writer.assemble(header, chunks))
    assert ansflow.recover(tmp_path / "x", tmp_path / "y").lost == ((0, 3), (6, 9))
