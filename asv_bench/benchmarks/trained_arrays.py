"""Small arrays by a codec that was trained, next to other compressors: bytes, time.

``python -m benchmarks.trained [FOLDER]`` prints this, too. Arrays are cut into pieces, of which
 half are samples and some of the others are measured. zstd has a dictionary of 16 KiB that was
trained on the same samples, with the bytes of the numbers shuffled; Blosc2 has zstd 5 or LZ4 with
shuffle; pcodec level 8. ``over`` is how many bytes messages have more than their code length.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import numpy as np

import ansflow

from .arrays import Peer, arrays_of, blosc2_peer, mean, pcodec_peer

PIECES, MEASURED = 400, 60
SIZES = (50, 500, 4000)
COLUMNS = 16


def trained_peer(samples, check):
    codec = ansflow.train(samples, check=check)
    return Peer(codec.compress, lambda data, array: codec.decompress(data))


def dictionary_peer(samples):
    """zstd, which sees first all lowest bytes of the numbers, then the next ones."""
    zstandard = importlib.import_module("zstandard")

    def shuffled(array):
        return array.reshape(-1).view(np.uint8).reshape(-1, array.itemsize).T.tobytes()

    dictionary = zstandard.train_dictionary(16 << 10, [shuffled(sample) for sample in samples])
    settings = {"dict_data": dictionary, "write_checksum": False, "write_dict_id": False}
    compressor = zstandard.ZstdCompressor(level=3, **settings)
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)

    def decode(data, array):
        planes = np.frombuffer(decompressor.decompress(data), np.uint8)
        return planes.reshape(array.itemsize, -1).T.copy()

    return Peer(lambda array: compressor.compress(shuffled(array)), decode)


def pieces(array, size):
    """Samples, and what is measured: pieces of an array, which lie apart from each other.

    They have about so many items. A short last axis, such as coordinates, is kept.
    """
    columns = array.shape[-1] if array.ndim > 1 and array.shape[-1] <= COLUMNS else 1
    rows = np.ascontiguousarray(array).reshape(-1, *[columns] * (columns > 1))
    length = max(1, size // columns)
    begins = np.linspace(0, len(rows) - length, min(PIECES, len(rows) // length)).astype(int)
    found = [rows[begin : begin + length].copy() for begin in begins]
    return found[::2], found[1::2][:MEASURED]


def peers(samples) -> Iterator[tuple[str, Peer]]:
    makers = {
        "ansflow": lambda: trained_peer(samples, check=True),
        "unchecked": lambda: trained_peer(samples, check=False),
        "zstd, dictionary": lambda: dictionary_peer(samples),
        "blosc2 zstd": lambda: blosc2_peer("ZSTD", 5, ["SHUFFLE"]),
        "blosc2 lz4": lambda: blosc2_peer("LZ4", 5, ["SHUFFLE"]),
        "pcodec 8": lambda: pcodec_peer(8),
    }
    for name, make in makers.items():
        try:
            yield name, make()
        except Exception as absent:  # not installed, or samples that say too little for zstd
            print(f"{name} is left out: {absent}", file=sys.stderr)


class TrainedArrays:
    params = (list(SIZES), ["walk_f8", "prices_f8", "sensor_i2", "field_f4"])
    param_names = ("items", "array")

    def setup(self, size, name):
        samples, self.arrays = pieces(dict(arrays_of(None))[name], size)
        self.codec = ansflow.train(samples)
        self.coded = list(map(self.codec.compress, self.arrays))
        for array, message in zip(self.arrays, self.coded, strict=True):
            if self.codec.decompress(message).tobytes() != array.tobytes():
                raise AssertionError("wrong content")

    def time_compress(self, size, name):
        for array in self.arrays:
            self.codec.compress(array)

    def time_decompress(self, size, name):
        for message in self.coded:
            self.codec.decompress(message)

    def track_size(self, size, name):
        return float(np.mean([len(message) for message in self.coded]))

    def track_over_code_length(self, size, name):
        ideal = [self.codec.code_length(array) / 8 for array in self.arrays]
        return float(np.mean([len(m) - i for m, i in zip(self.coded, ideal, strict=True)]))

    track_size.unit = track_over_code_length.unit = "bytes a message"


def report(folder, microseconds):
    """Print all; `microseconds` is what measures."""
    for size in SIZES:
        print(f"\n{size} items: bytes; microseconds to encode, and to decode")
        ratios: dict[str, list[float]] = {}
        for name, array in arrays_of(folder):
            samples, measured = pieces(array, size)
            line = f"{name:22}"
            for peer, (encode, decode) in peers(samples):
                coded = [(encode(one), one) for one in measured]
                for data, one in coded:
                    decoded = decode(data, one)
                    if np.frombuffer(decoded, np.uint8).tobytes() != one.tobytes():
                        raise AssertionError(f"{peer}: wrong content")
                bytes_each = float(np.mean([len(data) for data, _ in coded]))
                ratios.setdefault(peer, []).append(measured[0].nbytes / bytes_each)
                times = (
                    microseconds(encode, measured),
                    microseconds(lambda pair, decode=decode: decode(*pair), coded),
                )
                line += f" | {peer} {bytes_each:.0f}; {times[0]:.1f}, {times[1]:.1f}"
            print(line, flush=True)
        print(
            "mean ratio            ", {peer: round(mean(all_), 3) for peer, all_ in ratios.items()}
        )
