"""`recover` says what is lost in the terms of arrays: exactly the items that became zeros."""

import naive_frame as naive
import numpy as np
import pytest

import ansflow

ARRAY = np.random.default_rng(0).integers(1, 1 << 24, (60, 50)).astype("u4")


def recovered(tmp_path, blob, hits):
    """What is reported of a file with some bytes changed, and the file that is made of it."""
    damaged = bytearray(blob)
    for hit in range(hits):
        damaged[len(damaged) * (hit + 1) // (hits + 1)] ^= 1
    (tmp_path / "x").write_bytes(damaged)
    report = ansflow.recover(tmp_path / "x", tmp_path / "y")
    assert report.lost_chunks == hits
    return report, tmp_path / "y"


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize(
    "cut",
    [{"chunk_size": 1000}, {"chunks": (7, 20)}, {"chunks": (3, 20)}, {"chunks": (60, 9)}],
    ids=str,
)
def test_exactly_what_is_lost(tmp_path, cut, order):
    array = np.asarray(ARRAY, order=order)
    report, path = recovered(tmp_path, ansflow.compress(array, **cut), 3)
    found = ansflow.decompress(path.read_bytes())
    lost = np.zeros(array.shape, bool)
    for box in report.boxes:
        assert (box.name, box.shape) == (None, array.shape)
        part = tuple(slice(begin, end) for begin, end in box.box)
        assert not lost[part].any()
        lost[part] = True
    assert not found[lost].any()
    np.testing.assert_array_equal(found[~lost], array[~lost])
    assert 0 < lost.sum() < array.size


def test_arrays_of_several_frames_count_on(tmp_path):
    blob = ansflow.compress(ARRAY) + ansflow.compress(ARRAY, chunk_size=1000)
    blob = bytearray(blob)
    blob[-len(blob) // 6] ^= 1
    (tmp_path / "x").write_bytes(blob)
    (box,) = ansflow.recover(tmp_path / "x", tmp_path / "y").boxes
    found = ansflow.decompress((tmp_path / "y").read_bytes())
    (lost,) = [slice(begin, end) for begin, end in box.box[:1]]
    assert lost.start >= 60
    assert not found[lost].any()
    assert str(box) == f"items [{lost.start}:{lost.stop}, :]"


def test_names_of_a_collection(tmp_path):
    ansflow.save(tmp_path / "saved", {"depth": ARRAY, "other": ARRAY[:1]}, chunk_size=1000)
    report, path = recovered(tmp_path, (tmp_path / "saved").read_bytes(), 1)
    (box,) = report.boxes
    assert str(box).startswith("depth[")
    begin, end = box.box[0]
    with ansflow.load(path) as found:
        assert not found["depth"][begin:end].any()


def test_neighbours_are_one(tmp_path):
    """Chunks beside each other are whole rows, and then all of several rows."""
    blob = ansflow.compress(ARRAY, chunks=(10, 25))
    damaged = bytearray(blob)
    for chunk in naive.read(blob).chunks[2:6]:
        damaged[blob.index(chunk.body) + len(chunk.body) // 2] ^= 1
    (tmp_path / "x").write_bytes(damaged)
    (box,) = ansflow.recover(tmp_path / "x", tmp_path / "y").boxes
    assert box.box == ((10, 30), (0, 50))


def test_items_that_are_larger_than_chunks(tmp_path):
    items = np.frombuffer(np.random.default_rng(0).bytes(50_000), "V5000")
    report, _ = recovered(tmp_path, ansflow.compress(items, chunk_size=3000), 1)
    assert [str(box) for box in report.boxes] == ["items [5:6]"]


def test_an_array_without_axes(tmp_path):
    damaged = bytearray(ansflow.compress(np.array(1.5)))
    damaged[-2] ^= 1  # in the body: the header is most of the frame
    (tmp_path / "x").write_bytes(damaged)
    report = ansflow.recover(tmp_path / "x", tmp_path / "y")
    assert [str(box) for box in report.boxes] == ["items [...]"]
