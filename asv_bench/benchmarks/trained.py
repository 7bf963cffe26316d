"""Small messages by a codec that was trained, next to zstd with a trained dictionary: bytes, time.

``python -m benchmarks.trained [FOLDER]`` (in asv_bench) prints a row for each size of the messages,
which are lines of JSON made here, and then for messages of other kinds. ``over`` is how many bytes
messages have more than their code length under the codec's distributions, on average and at most.
zstd has a dictionary of 16 KiB, and no checksum and no identity in its frames; it is left out if it
is not installed. Arrays follow (see `trained_arrays.py`), made here or pieces of the ``.npy`` files
of a folder.

One thread, CPU time, best of several rounds, each over many different messages.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

import numpy as np

import ansflow

from . import trained_arrays

SIZES = (50, 200, 2048)
MESSAGES = 200
ROUNDS = 15
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PROSE = Path(__file__).parents[2] / "examples" / "war_and_peace.txt"
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


def kinds(count, seed):
    """Messages as services send them: nested events, lines of a log, readings, and prose."""
    rng = random.Random(seed)
    names = random.Random(9)
    users = ["".join(names.choices(LETTERS, k=names.randrange(5, 12))) for _ in range(500)]
    prose = PROSE.read_bytes()
    prose = prose[: len(prose) // 2] if seed == 0 else prose[len(prose) // 2 :]

    def user():
        name, number = rng.choice(users), rng.randrange(10**8)
        url = f"https://api.example.com/users/{name}"
        return {"id": number, "login": name, "gravatar_id": "", "url": url}

    def event():
        return {
            "id": str(rng.randrange(10**10, 10**11)),
            "type": rng.choice(["PushEvent", "WatchEvent", "CreateEvent", "IssueCommentEvent"]),
            "actor": user(),
            "repo": {"id": rng.randrange(10**9), "owner": user(), "default_branch": "main"},
            "payload": {"push_id": rng.randrange(10**10), "head": f"{rng.getrandbits(160):040x}"},
            "created_at": f"2024-05-{rng.randrange(10, 31)}T{rng.randrange(10, 24)}:00:00Z",
        }

    def line():
        return (
            f"2024-05-{rng.randrange(10, 31)} 12:{rng.randrange(10, 60)}:{rng.randrange(10, 60)} "
            f"INFO [http-exec-{rng.randrange(1, 20)}] com.example.OrderService - order "
            f"{rng.randrange(10**6)} of {rng.choice(users)} done in {rng.randrange(500)} ms"
        ).encode()

    def reading():
        return {
            "device": f"sensor-{rng.randrange(100):03}",
            "temperature": round(rng.gauss(20, 3), 2),
            "humidity": rng.randrange(30, 70),
        }

    def sentence():
        begin = rng.randrange(len(prose) - 200)
        return prose[begin : begin + 200]

    return {
        "events": [json.dumps(event()).encode() for _ in range(count)],
        "log lines": [line() for _ in range(count)],
        "readings": [json.dumps(reading()).encode() for _ in range(count)],
        "prose": [sentence() for _ in range(count)],
    }


def samples():
    return messages(400, 2000, seed=0)


def trained(name):
    """The codec that a name describes."""
    return ansflow.train(samples(), order=int(name[6]), check="unchecked" not in name)


def zstandard_codecs(known):
    import zstandard

    dictionary = zstandard.train_dictionary(16 << 10, known)
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
        peers = list(zstandard_codecs(samples()))
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
    for kind, known in kinds(2000, seed=0).items():
        contents = kinds(MESSAGES, seed=1)[kind]
        codec = ansflow.train(known)
        ways = [("ansflow", codec.compress, codec.decompress)]
        if peers:
            ways += zstandard_codecs(known)
        for name, encode, decode in ways:
            coded = [encode(content) for content in contents]
            if [decode(message) for message in coded] != contents:
                raise AssertionError(f"{name}: wrong content")
            times = microseconds(encode, contents), microseconds(decode, coded)
            title = f"{kind}, {np.mean(list(map(len, contents))):.0f} bytes, {name}"
            print(f"{title:44}{np.mean(list(map(len, coded))):9.1f}", end="")
            print(f"{times[0]:11.1f}{times[1]:11.1f}")
    trained_arrays.report(sys.argv[1] if len(sys.argv) > 1 else None, microseconds)


if __name__ == "__main__":
    main()
