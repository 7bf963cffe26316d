"""Sizes next to those of other compressors: how many times larger theirs are.

What is above 1 is smaller here. Rivals that are not installed are left out. Sizes next to ideals
are tracked where the speeds are: `frame`, `coding`, `messages`, `ranges`, `chunks`, `trained`.
"""

from __future__ import annotations

import numpy as np

import ansflow

from .arrays import arrays_of, blosc2_peer, openzl_peer, pcodec_peer, zstd_peer
from .inputs import INPUTS, input_bytes
from .peers import HTSCODECS_X32, htscodecs_library, htscodecs_peer, passes

ITEMS = 100_000
SIZE, CHUNK = 2 << 20, 256 << 10

ARRAY_RIVALS = {
    "pcodec 8": lambda: pcodec_peer(8),
    "pcodec 12": lambda: pcodec_peer(12),
    "zstd 3": lambda: zstd_peer(3),
    "zstd 19": lambda: zstd_peer(19),
    "Blosc2, zstd 5, shuffle": lambda: blosc2_peer("ZSTD", 5, ["SHUFFLE"]),
    "OpenZL": openzl_peer,
}
ARRAYS = ["walk_f8", "prices_f8", "times_i8", "sensor_i2", "field_f4", "categories_i4"]


class Arrays:
    """Arrays of numbers, at the default level."""

    params = (list(ARRAY_RIVALS), ARRAYS)
    param_names = ("rival", "array")

    def setup(self, rival, name):
        array = dict(arrays_of(None))[name]
        self.array = array[: ITEMS * len(array) // array.size]
        try:
            self.rival = ARRAY_RIVALS[rival]()
        except ImportError:
            raise NotImplementedError from None  # which asv takes for "left out"

    def track_theirs_over_ours(self, rival, name):
        return len(self.rival.encode(self.array)) / len(ansflow.compress(self.array))

    track_theirs_over_ours.unit = "ratio"


class Content:
    """The ratio of the default level, for arrays: how many times smaller they become."""

    params = ARRAYS
    param_names = ("array",)

    def setup(self, name):
        array = dict(arrays_of(None))[name]
        self.array = array[: ITEMS * len(array) // array.size]

    def track_ratio(self, name):
        return self.array.nbytes / len(ansflow.compress(self.array))

    track_ratio.unit = "ratio"


class Bytes:
    """Chunks of bytes against htscodecs with 32 lanes, of the same order."""

    params = ([0, 1], INPUTS)
    param_names = ("order", "input")

    def setup(self, order, name):
        try:
            library = htscodecs_library()
        except OSError:
            raise NotImplementedError from None
        self.data = input_bytes(name, SIZE)
        chunks = np.split(self.data, SIZE // CHUNK)
        self.rival = htscodecs_peer(library, "htscodecs", chunks, order, HTSCODECS_X32, 0)

    def track_theirs_over_ours(self, order, name):
        _, _, size = passes(self.rival)
        return size / len(ansflow.compress(self.data.tobytes(), order=order, chunk_size=CHUNK))

    track_theirs_over_ours.unit = "ratio"
