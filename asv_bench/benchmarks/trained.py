"""Small messages by a codec that was trained, next to zstd with a trained dictionary: bytes, time.

``python -m benchmarks.trained [FOLDER]`` (in asv_bench) prints a row for each size of the messages,
which are lines of JSON made here. ``over`` is how many bytes messages have more than their code
length under the codec's distributions, on average and at most. zstd has a dictionary of 16 KiB, and
no checksum and no identity in its frames; it is left out if it is not installed. Arrays follow
(see `trained_arrays.py`), made here or pieces of the ``.npy`` files of a folder.

One thread, CPU time, best of several rounds, each over many different messages.
"""

from __future__ import annotations

import json
import random
import sys
import time

import numpy as np

import ansflow

from . import trained_arrays

SIZES = (50, 200, 2048)
MESSAGES = 200
ROUNDS = 15
CODECS = ("order 2", "order 1", "order 0", "order 2, unchecked")


def messages(size, count, seed):
    """Lines of JSON, cut to a size."""
    rng = random.Random(seed)

    def record():
        return {
            "id": rng.randrange(10**9),
            "user": rng.choice(["alice", "bob", "carol", "dave", "erin", "frank", "grace"]),
            "event": rng.choice(["click", "view", "purchase", "login", "logout", "error"]),
            "price": round(rng.uniform(1, 500), 2),
            "time": f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
            f"T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z",
            "ok": rng.random() < 0.9,
        }

    found = []
    for _ in range(count):
        text = b""
        while len(text) < size:
            text += json.dumps(record()).encode() + b"\n"
        found.append(text[:size])
    return found


def samples():
    return messages(400, 2000, seed=0)


def trained(name):
    """The codec that a name describes."""
    return ansflow.train(samples(), order=int(name[6]), check="unchecked" not in name)


def zstandard_codecs():
    import zstandard

    dictionary = zstandard.train_dictionary(16 << 10, samples())
    for level in (3, 19):
        settings = {"dict_data": dictionary, "write_checksum": False, "write_dict_id": False}
        encode = zstandard.ZstdCompressor(level=level, **settings).compress
        decode = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
        yield f"zstd, level {level}", encode, decode


def microseconds(work, of):
    """CPU time for each of some messages, in the best round."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for message in of:
            work(message)
        times.append(time.process_time() - begin)
    return 1e6 * min(times) / len(of)


class Trained:
    params = (list(SIZES), list(CODECS))
    param_names = ("size", "codec")

    def setup(self, size, name):
        self.codec = trained(name)
        self.contents = messages(size, MESSAGES, seed=1)
        self.coded = list(map(self.codec.compress, self.contents))
        if list(map(self.codec.decompress, self.coded)) != self.contents:
            raise AssertionError("wrong content")

    def time_compress(self, size, name):
        for content in self.contents:
            self.codec.compress(content)

    def time_decompress(self, size, name):
        for message in self.coded:
            self.codec.decompress(message)

    def track_size(self, size, name):
        return float(np.mean([len(message) for message in self.coded]))

    def track_over_code_length(self, size, name):
        ideal = [self.codec.code_length(content) / 8 for content in self.contents]
        return float(np.mean([len(m) - i for m, i in zip(self.coded, ideal, strict=True)]))

    track_size.unit = track_over_code_length.unit = "bytes a message"


class Training:
    def setup(self):
        self.samples = samples()

    def time_train(self):
        ansflow.train(self.samples)


def main():
    codecs = [(name, trained(name)) for name in CODECS]
    peers = []
    try:
        peers = list(zstandard_codecs())
    except ImportError as absent:
        print(f"No zstd: {absent}")
    print(f"{'':30}{'bytes':>9}{'over':>7}{'most':>7}{'encode us':>11}{'decode us':>11}")
    for size in SIZES:
        contents = messages(size, MESSAGES, seed=1)
        ideals = {name: [codec.code_length(c) / 8 for c in contents] for name, codec in codecs}
        ways = [(name, codec.compress, codec.decompress) for name, codec in codecs]
        for name, encode, decode in ways + peers:
            coded = [encode(content) for content in contents]
            if [decode(message) for message in coded] != contents:
                raise AssertionError(f"{name}: wrong content")
            times = microseconds(encode, contents), microseconds(decode, coded)
            print(f"{f'{size} bytes, {name}':30}{np.mean(list(map(len, coded))):9.1f}", end="")
            if name in ideals:
                over = [len(m) - i for m, i in zip(coded, ideals[name], strict=True)]
                print(f"{np.mean(over):7.1f}{max(over):7.1f}", end="")
            else:
                print(f"{'':14}", end="")
            print(f"{times[0]:11.1f}{times[1]:11.1f}")
    trained_arrays.report(sys.argv[1] if len(sys.argv) > 1 else None, microseconds)


if __name__ == "__main__":
    main()
