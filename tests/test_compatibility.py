"""Frames of every release are read for ever.

The golden files are those of `naive_golden`. What today's release writes is pinned by
`test_pinned_output`, and the words of `encode` below.
"""

import io

import naive_collection as collections
import naive_examples as examples
import naive_frame as naive
import naive_golden as golden
import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow.errors import UnsupportedError
from ansflow.models import Categorical, Conditional, Uniform

# Streams of `ansflow.encode`, by their digits: states, then words.
MODEL = Categorical([3, 5, 8, 4, 12])
ROWS = Conditional([[3, 5, 8], [14, 1, 1]], [0, 1] * 4)
STREAMS = {
    "one distribution": (MODEL, [2, 4, 4, 0, 3, 1, 2, 4] * 4, {"lanes": 2}),
    "alias": (MODEL, [2, 4, 4, 0, 3, 1, 2, 4] * 4, {"lanes": 2, "method": "alias"}),
    "rows": (ROWS, [2, 0, 1, 2, 0, 1, 1, 0], {"lanes": 1}),
    "16 bits": (Uniform(65_536, precision=16), [1, 2, 65_535], {"lanes": 1}),
    "wide": (Categorical([1 << 19, 1 << 18, 1 << 18]), [0, 1, 2] * 20, {"lanes": 1}),
}
WORDS = {
    "one distribution": [38025, 1, 30301, 6, 41876, 45383, 50140, 48485],
    "alias": [38024, 1, 30301, 6, 9181, 46859, 52887, 48487],
    "rows": [61898, 18259],
    "16 bits": [1, 1, 2, 65535, 0],
    "wide": [59193, 240, 16, 0, 40167, 52851, 59193, 14796, 0, 52848],
}


def test_all_golden_files_are_known():
    names = golden.GOLDEN | golden.COLLECTIONS | golden.BARE
    assert {path.name for path in golden.DATA.glob("*.ans")} == {f"v3-{name}.ans" for name in names}


@pytest.mark.parametrize("name", golden.GOLDEN)
def test_frames_are_read(name):
    content, _ = golden.GOLDEN[name]()
    blob = golden.path_of(name).read_bytes()
    result = ansflow.decompress(blob)
    if isinstance(content, bytes):
        assert result == content
    else:
        assert (result.dtype, result.shape) == (content.dtype, content.shape)
        assert np.ma.getdata(result).tobytes() == np.ma.getdata(content).tobytes()  # any pattern
        assert np.array_equal(np.ma.getmaskarray(result), np.ma.getmaskarray(content))
    said = naive.join(naive.read_all(blob))
    assert examples.same(result, said)
    with ansflow.open(io.BytesIO(blob)) as file:
        assert file.read() == said.content


@pytest.mark.parametrize("name", golden.COLLECTIONS)
def test_collections_are_read(name):
    arrays, metadata, _ = golden.COLLECTIONS[name]()
    blob = golden.path_of(name).read_bytes()
    said = collections.read_collection(blob)
    assert (set(said.arrays), said.metadata) == (set(arrays), metadata)
    with ansflow.load(io.BytesIO(blob)) as file:
        assert (set(file), file.metadata) == (set(arrays), metadata)
        for key, array in arrays.items():
            found = file[key][...]
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            assert found.tobytes() == array.tobytes() == said.arrays[key].content


@pytest.mark.parametrize("name", golden.BARE)
def test_bare_chunks_are_read(name):
    content, context, _ = golden.BARE[name]()
    bare = golden.path_of(name).read_bytes()
    tables = [Categorical(freq) for freq, _ in context.get("shared", ())]
    model = small_vaes.GOLDEN if "model" in context else None
    out = np.zeros_like(content) if isinstance(content, np.ndarray) else bytearray(len(content))
    ansflow.decode_chunk(bare, ansflow.Plan(tables=tables, model=model), out)
    items = np.asarray(content) if isinstance(content, np.ndarray) else np.frombuffer(content, "u1")
    assert bytes(out) == items.tobytes()
    assert naive.read_bare(bare, items.itemsize, items.shape, **context) == items.tobytes()


@pytest.mark.parametrize("version", [0, 1, 2, 4, 255])
def test_other_versions_are_refused_by_name(version):
    blob = bytearray(golden.path_of("coded").read_bytes())
    blob[4] = version
    with pytest.raises(UnsupportedError, match=f"version {version}"):
        ansflow.decompress(blob)


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_pinned(name):
    model, symbols, options = STREAMS[name]
    words = ansflow.encode(symbols, model, **options)
    assert words.tolist() == WORDS[name]
    pinned = np.array(WORDS[name], np.uint16)
    assert ansflow.decode(pinned, model, len(symbols), **options).tolist() == symbols
