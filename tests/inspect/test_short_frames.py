"""Frames of one chunk have no heads and no end mark: what is recovered of several of them."""

import numpy as np
import pytest

import ansflow

ROWS = [np.arange(60 * i, 60 * (i + 1), dtype="<i2").reshape(30, 2) ** 2 for i in range(5)]
FRAMES = [ansflow.compress(rows) for rows in ROWS]


def recovered(tmp_path, blob):
    (tmp_path / "x").write_bytes(blob)
    report = ansflow.recover(tmp_path / "x", tmp_path / "y")
    return report, ansflow.decompress((tmp_path / "y").read_bytes())


def expected(lost, present=range(5)):
    return np.concatenate([np.zeros_like(ROWS[i]) if i in lost else ROWS[i] for i in present])


def test_what_is_whole_stays_as_it_is(tmp_path):
    report, found = recovered(tmp_path, b"".join(FRAMES))
    assert (report.chunks, report.lost_chunks, report.damaged, report.cut) == (5, 0, False, False)
    assert (tmp_path / "y").read_bytes() == b"".join(FRAMES)
    assert np.array_equal(found, np.concatenate(ROWS))


@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize(
    "harm",
    [
        lambda frame: frame[:-6] + bytes([frame[-6] ^ 1]) + frame[-5:],
        lambda frame: frame[:-6] + frame[-4:],
        lambda frame: frame[:-6] + b"more" + frame[-6:],
    ],
    ids=["changed", "cut out", "inserted"],
)
def test_a_damaged_body_takes_no_other_with_it(tmp_path, which, harm):
    parts = [harm(frame) if i == which else frame for i, frame in enumerate(FRAMES)]
    report, found = recovered(tmp_path, b"".join(parts))
    # The last frame is cut off if bytes are missing.
    is_cut = which == 4 and len(parts[which]) < len(FRAMES[which])
    assert (report.chunks, report.lost_chunks, report.damaged) == (4, 0 if is_cut else 1, True)
    assert np.array_equal(found, expected([], range(4)) if is_cut else expected([which]))


def test_a_file_that_is_cut_off(tmp_path):
    report, found = recovered(tmp_path, b"".join(FRAMES)[:-5])
    assert (report.chunks, report.cut, report.damaged) == (4, True, True)
    assert np.array_equal(found, expected([], range(4)))


def test_only_the_end_is_damaged(tmp_path):
    report, found = recovered(tmp_path, b"".join(FRAMES)[:-1] + b"\1")
    assert (report.chunks, report.lost_chunks, report.damaged) == (5, 0, True)
    assert np.array_equal(found, np.concatenate(ROWS))


def test_damage_is_noticed(tmp_path):
    for at in range(len(FRAMES[0])):
        for blob in (
            FRAMES[0][:at],
            FRAMES[0][:at] + bytes([FRAMES[0][at] ^ 8]) + FRAMES[0][at + 1 :],
        ):
            with pytest.raises(ansflow.errors.AnsflowError):
                ansflow.decompress(blob)


def test_rows_are_appended_to_one(tmp_path):
    path = tmp_path / "rows.ans"
    path.write_bytes(FRAMES[0])
    with ansflow.ArrayWriter(path, "<i2", (2,), mode="a") as writer:
        writer.append(ROWS[1])
    assert np.array_equal(ansflow.decompress(path.read_bytes()), expected([], range(2)))
    path.write_bytes(FRAMES[0][:-1])
    with pytest.raises(ValueError, match="recover"):
        ansflow.ArrayWriter(path, "<i2", (2,), mode="a")


def test_a_frame_in_a_frame(tmp_path):
    """A body may end as a frame does, with an index or with an end mark."""
    inner = ansflow.compress(np.random.default_rng(0).bytes(5000), chunk_size=1000)
    outer = ansflow.compress(inner)
    assert inner in outer
    (tmp_path / "x").write_bytes(outer)
    with ansflow.open(tmp_path / "x") as file:
        assert file.read() == inner
    report, found = recovered(tmp_path, outer + outer)
    assert (report.chunks, report.damaged) == (2, False)
    assert found == 2 * inner


def test_it_is_smaller():
    """What stands in front of a body: 10 bytes, the description, 10 to 12, and a check of 4."""
    blob = ansflow.compress(np.arange(1000, dtype="<i8"))
    assert len(blob) < 60
    assert len(ansflow.compress(b"")) > len(ansflow.compress(b"a"))  # a frame without chunks
