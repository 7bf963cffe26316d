"""A file that is being written is either the old one or all of the new one."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansflow.file import write_whole


def test_replaces(tmp_path):
    path = tmp_path / "file"
    for data in (b"old", b"new", b""):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_new_file(tmp_path):
    write_whole(tmp_path / "a", b"")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_keeps_the_old_file_and_no_other(tmp_path, monkeypatch, step, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_replaced_file_keeps_its_mode(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_whole(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_links_are_followed(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("file")
    for data in (b"dangling", b"there"):
        write_whole(link, data)
        assert link.is_symlink()
        assert (tmp_path / "file").read_bytes() == data


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        content = pool.submit(pipe.read_bytes)
        write_whole(pipe, b"through")
        assert content.result() == b"through"
    assert pipe.is_fifo()


def test_the_longest_names(tmp_path):
    write_whole(tmp_path / ("x" * 255), b"data")


def test_many_writers_of_one_file(tmp_path):
    path = tmp_path / "file"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: write_whole(path, bytes([i]) * 1000), range(60)))
    assert path.read_bytes() in [bytes([i]) * 1000 for i in range(60)]
    assert list(tmp_path.iterdir()) == [path]
