"""Many short messages: time for each, and bytes over the ideal.

``python -m benchmarks.messages`` prints both for 1,000 messages of 50 symbols, in one run with
`ansflow.encode` message by message and, where it is installed, with constriction.
"""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np

import ansflow
from ansflow.models import Categorical, Conditional, Escaped

from .inputs import median_seconds

MESSAGES, LENGTH = 1000, 50
CASES = ["one model, 12 bits", "one model, 16 bits", "rows, 12 bits", "rows, 16 bits", "escapes"]


def case(name):
    """Symbols of shape (messages, length), and a model for them."""
    rng = np.random.default_rng(0)
    precision = 12 if "12" in name else 16
    if name.startswith("one"):
        weights = np.exp(-np.abs(np.arange(64) - 32) / 4)
        model = Categorical.from_counts(weights, precision=precision)
        return model.sample((MESSAGES, LENGTH), rng), model
    # Scales as those of learned image compression.
    scale = np.geomspace(0.11, 12, 64)[:, np.newaxis]
    weights = np.exp(-np.abs(np.arange(-50, 51)) / scale) + 1e-9
    rows = Conditional.from_counts(weights, low=-50, precision=precision)
    rows = rows.at(rng.integers(0, len(scale), (MESSAGES, LENGTH)))
    symbols = rows.sample(rng=rng)
    if name.startswith("rows"):
        return symbols, rows
    symbols = symbols.astype(np.int32)
    symbols[rng.random(symbols.shape) < 0.001] = 1000
    number = np.full(len(scale), rows.cdf.shape[1])
    return symbols, Escaped(rows.cdf, number, np.full(len(scale), -50), rows.index)


class Messages:
    params = CASES
    param_names = ("case",)
    timer = time.process_time

    def setup(self, name):
        self.symbols, self.model = case(name)
        self.words, self.offsets = self.time_encode(name)
        if not np.array_equal(self.time_decode(name), self.symbols):
            raise AssertionError("wrong symbols")

    def time_encode(self, name):
        return ansflow.encode_many(self.symbols, self.model)

    def time_decode(self, name):
        return ansflow.decode_many(self.words, self.offsets, self.model, LENGTH)

    def track_excess(self, name):
        return (self.words.nbytes - self.model.code_length(self.symbols) / 8) / MESSAGES

    track_excess.unit = "bytes"


def one_by_one(symbols, model):
    """The functions that encode and decode each message, and the bytes of all."""
    words = [ansflow.encode(message, model, lanes=1) for message in symbols]

    def encode():
        for message in symbols:
            ansflow.encode(message, model, lanes=1)

    def decode():
        for stream in words:
            ansflow.decode(stream, model, LENGTH, lanes=1)

    return encode, decode, sum(stream.nbytes for stream in words)


def constriction(symbols, model):
    """The same with the stack coder of constriction."""
    from constriction import stream

    probabilities = model.freq / 2.0**model.precision
    theirs = stream.model.Categorical(probabilities, perfect=False)
    numbers = symbols.astype(np.int32)

    def encode_one(message):
        coder = stream.stack.AnsCoder()
        coder.encode_reverse(message, theirs)
        return coder.get_compressed()

    codes = [encode_one(message) for message in numbers]

    def encode():
        for message in numbers:
            encode_one(message)

    def decode():
        for code in codes:
            stream.stack.AnsCoder(code).decode(theirs, LENGTH)

    return encode, decode, sum(code.nbytes for code in codes)


def main():
    print(f"{'':38}{'encode us':>10}{'decode us':>10}{'bytes':>9}{'excess':>8}")
    for name in CASES:
        ours = Messages()
        ours.setup(name)
        symbols, model = ours.symbols, ours.model
        ways = {
            "encode_many": (
                lambda ours=ours: ours.time_encode(0),
                lambda ours=ours: ours.time_decode(0),
                ours.words.nbytes,
            )
        }
        if name.startswith("one"):
            ways["encode, one by one"] = one_by_one(symbols, model)
            with suppress(ImportError):
                ways["constriction"] = constriction(symbols, model)
        for way, (encode, decode, size) in ways.items():
            times = [1e6 * seconds / MESSAGES for seconds in median_seconds([encode, decode], 31)]
            size /= MESSAGES
            excess = size - model.code_length(symbols) / 8 / MESSAGES
            print(f"{name + ': ' + way:38}{times[0]:10.2f}{times[1]:10.2f}{size:9.2f}{excess:8.2f}")


if __name__ == "__main__":
    main()
