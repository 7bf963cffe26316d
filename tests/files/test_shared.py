"""Parts of a file that is shared are files of their own."""

import gc
import io
import threading

import pytest

from ansflow.files.shared import BUFFER, SharedFile

DATA = bytes(range(256)) * 1000


def test_parts_begin_where_the_file_does():
    file = io.BytesIO(b"before" + DATA)
    file.seek(6)
    shared = SharedFile(file, owned=False)
    assert shared.size == len(DATA)
    part, rest = shared.part(10, 30), shared.part(len(DATA) - 5, len(DATA) + 100)
    assert part.read(4) == DATA[10:14]
    assert rest.read() == DATA[-5:]
    assert part.read() == DATA[14:30]
    assert part.read(1) == b""
    assert part.seek(-3, io.SEEK_END) == part.tell() == 17
    assert part.read() == DATA[27:30]
    part.seek(100)
    assert part.read() == b""


def test_nothing():
    shared = SharedFile(io.BytesIO(), owned=False)
    assert (shared.size, shared.part(0, 0).read()) == (0, b"")


@pytest.mark.parametrize("owned", [False, True])
def test_after_close(owned):
    file = io.BytesIO(DATA)
    shared = SharedFile(file, owned=owned)
    part = shared.part(0, len(DATA))
    assert part.read(3) == DATA[:3]
    shared.close()
    assert file.closed == owned
    part.seek(2 * BUFFER)
    with pytest.raises(ValueError, match="closed"):
        part.read(3)


def test_closing_in_the_end():
    file = io.BytesIO(DATA)
    shared = SharedFile(file, owned=True)
    shared.close_in_the_end()
    part = shared.part(0, 10)
    del shared
    gc.collect()
    assert part.read() == DATA[:10]
    del part
    gc.collect()
    assert file.closed


def test_parts_are_read_by_threads(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    failures = []
    with path.open("rb") as file:
        shared = SharedFile(file, owned=False)

        def read(begin):
            part = shared.part(begin, begin + 150_000)
            for at in range(0, 150_000, 70_001):
                part.seek(at)
                if (
                    part.read(70_000)
                    != DATA[begin + at : min(begin + at + 70_000, begin + 150_000)]
                ):
                    failures.append((begin, at))

        threads = [
            threading.Thread(target=read, args=[begin]) for begin in range(0, 90_000, 10_007)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
