"""A frame that is cut anywhere is a TruncatedError; one with something behind it is an error."""

import numpy as np
import pytest

import ansflow
from ansflow.errors import CorruptDataError, TruncatedError

FRAMES = {
    "empty": ansflow.compress(b""),
    "stored": ansflow.compress(bytes(range(200))),
    "constant": ansflow.compress(bytes(1000)),
    "coded": ansflow.compress(b"abracadabra" * 50, block_size=200),
    "contexts": ansflow.compress(b"abracadabra" * 50, order=1),
    "array": ansflow.compress(np.arange(300, dtype=">u4").reshape(15, 20), block_size=100),
}


@pytest.mark.parametrize("name", FRAMES)
def test_every_cut(name):
    frame = FRAMES[name]
    for end in range(len(frame)):
        with pytest.raises(TruncatedError):
            ansflow.decompress(frame[:end])


@pytest.mark.parametrize("name", FRAMES)
def test_anything_behind(name):
    with pytest.raises(CorruptDataError, match="follow"):
        ansflow.decompress(FRAMES[name] + b"\0")
