"""A file that is cut anywhere is a TruncatedError; one with something behind it is an error."""

import naive_examples as examples
import numpy as np
import pytest

import ansflow
from ansflow.errors import CorruptDataError, TruncatedError

BYTES = b"abracadabra" * 50
ARRAY = np.arange(300, dtype=">u4").reshape(15, 20)
MODEL = ansflow.models.Categorical.fit(list(BYTES), precision=12)

FILES = examples.FILES | {
    "empty": ansflow.compress(b""),
    "coded": ansflow.compress(BYTES, chunk_size=200),
    "contexts": ansflow.compress(BYTES, order=1),
    "shared": ansflow.compress(BYTES, chunk_size=100, tables=[MODEL], metadata={"a": "b"}),
    "array": ansflow.compress(ARRAY, chunk_size=100),
    "tiles": ansflow.compress(ARRAY, chunks=(6, 13)),
    "two frames": ansflow.compress(BYTES) + ansflow.compress(BYTES, chunk_size=100),
}

MAGIC = b"\x89ANS"


@pytest.mark.parametrize("name", FILES)
def test_every_cut(name):
    """Also inside end mark and index; between two frames is an end, though an earlier one."""
    blob = FILES[name]
    whole = examples.between_frames(blob)
    for end in range(len(blob)):
        if end in whole:
            ansflow.decompress(blob[:end])
        else:
            with pytest.raises(TruncatedError):
                ansflow.decompress(blob[:end])


@pytest.mark.parametrize("name", FILES)
def test_anything_behind(name):
    for rest in (b"\0", b"\0" * 100, b"A", MAGIC[1:], MAGIC[:3] + b"\0", b"\n"):
        with pytest.raises(CorruptDataError) as caught:
            ansflow.decompress(FILES[name] + rest)
        assert not isinstance(caught.value, TruncatedError)


@pytest.mark.parametrize("size", range(1, 5))
def test_the_magic_of_a_frame_that_is_missing(size):
    with pytest.raises(TruncatedError):
        ansflow.decompress(FILES["coded"] + MAGIC[:size])


def test_cuts_of_frames_put_together():
    """The end of one and the beginning of another don't make a whole."""
    blob = FILES["chunks"]
    for end in (1, 40, 64, 100, len(blob) - 28, len(blob) - 1):
        with pytest.raises(CorruptDataError):
            ansflow.decompress(blob[:end] + blob)
        with pytest.raises(CorruptDataError):
            ansflow.decompress(blob + blob[end:])
