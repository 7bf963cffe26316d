"""Frames whose checks are right but whose fields say what no encoder would."""

import tracemalloc

import naive_writer as writer
import numpy as np
import pytest

import ansflow
from ansflow.errors import CorruptDataError, LimitError


def test_many_tiles_of_many_axes_are_refused():
    """What is known of each tile grows with the number of axes, and counts."""
    shape = [2] + [1] * 47 + [2] * 16
    header = writer.write_header(2 << 16, {"dtype": "|u1", "shape": shape}, [2] + [1] * 63, flags=1)
    with pytest.raises(LimitError, match="max_memory"):
        ansflow.decompress(writer.assemble(header, []), limits=ansflow.Limits(max_memory=90 << 20))


@pytest.mark.parametrize("index", [False, True])
def test_recovery_where_a_head_has_an_impossible_number_of_cells(tmp_path, index):
    array = np.arange(16, dtype="u1").reshape(4, 4)
    header = writer.write_header(16, {"dtype": "|u1", "shape": [4, 4]}, [2, 2], flags=1)
    tiles = [array[i : i + 2, j : j + 2].tobytes() for i in (0, 2) for j in (0, 2)]
    chunks = [
        writer.write_chunk(header, place, tile, cells=1 if place == 2 else None)
        for place, tile in enumerate(tiles)
    ]
    path = tmp_path / "frame"
    path.write_bytes(writer.assemble(header, chunks, index))
    result = ansflow.recover(path, tmp_path / "recovered")
    assert (result.chunks, result.lost) == (3, ((8, 16),))
    array[2:, :2] = 0
    assert (ansflow.decompress((tmp_path / "recovered").read_bytes()) == array).all()


def test_recovery_where_the_index_has_an_end_mark_for_a_chunk(tmp_path):
    """It says how large an index is, which is not how much of the file is to be read."""
    content = np.arange(200, dtype="u1")
    header = writer.write_header(200, {"dtype": "|u1", "shape": [200]}, [100], flags=1)
    mark = writer.write_chunk(header, 0, content[:100].tobytes(), cells=0, m=(1 << 31) - 2)
    chunks = [mark, writer.write_chunk(header, 1, content[100:].tobytes())]
    path = tmp_path / "frame"
    path.write_bytes(writer.assemble(header, chunks, True))
    tracemalloc.start()
    result = ansflow.recover(path, tmp_path / "recovered")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.damaged
    assert peak < 1 << 24
    assert ansflow.decompress((tmp_path / "recovered").read_bytes()).size == result.content_size


def test_a_group_of_small_chunks_with_large_bodies_takes_no_more_memory_than_allowed():
    """All of them wait until the group is whole."""
    tiles = 1 << 14
    header = writer.write_header(2 * tiles, {"dtype": "|u1", "shape": [2, tiles]}, [2, 1], flags=1)
    body = bytes(514)
    chunks = [writer.write_chunk(header, place, b"\0\0", body) for place in range(tiles)]
    blob = writer.assemble(header, chunks)
    memory = next(
        memory
        for memory in range(1 << 20, 1 << 30, 1 << 18)
        if not exceeds(header, ansflow.Limits(max_memory=memory))
    )
    pieces = (blob[at : at + 4096] for at in range(0, len(blob), 4096))
    tracemalloc.start()
    with pytest.raises(CorruptDataError, match="payload"):
        list(ansflow.iter_decompress(pieces, limits=ansflow.Limits(max_memory=memory), threads=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < memory


def exceeds(header, limits):
    try:
        ansflow.Decompressor(limits=limits).decompress(header)
    except LimitError:
        return True
    return False
