"""The range coder: arrays with one model, and symbols one by one with a model of their own.

``python -m benchmarks.ranges`` prints the processor's time for a symbol, the best of several runs,
beside `ansflow.encode` and, where it is installed, constriction.
"""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np

import ansflow
from ansflow.models import Categorical, Conditional, Escaped

from .inputs import skewed

SIZE, FEW = 1 << 20, 2000
CASES = ["bytes, 12 bits", "60,000 symbols, 20 bits", "rows, 16 bits", "rows with escapes"]


def case(name):
    """Symbols and a model for them."""
    rng = np.random.default_rng(0)
    if name.startswith("bytes"):
        symbols = skewed(SIZE)
        return symbols, Categorical.fit(symbols)
    if name.startswith("60,000"):
        model = Categorical.from_counts(1 / (1 + np.arange(60_000)), precision=20)
        return model.sample(SIZE, rng), model
    weights = np.exp(-np.abs(np.arange(-50, 51)) / np.geomspace(0.11, 12, 64)[:, np.newaxis])
    rows = Conditional.from_counts(weights + 1e-9, low=-50, precision=16)
    rows = rows.at(rng.integers(0, 64, SIZE))
    symbols = rows.sample(rng=rng)
    if name == "rows, 16 bits":
        return symbols, rows
    symbols = symbols.astype(np.int32)
    symbols[rng.random(SIZE) < 0.001] = 1000
    return symbols, Escaped(rows.cdf, np.full(64, rows.cdf.shape[1]), np.full(64, -50), rows.index)


def encoded(symbols, model):
    encoder = ansflow.RangeEncoder()
    encoder.encode(symbols, model)
    return encoder.finish()


def decoded(data, model, size):
    decoder = ansflow.RangeDecoder(data)
    symbols = decoder.decode(model, size)
    decoder.finish()
    return symbols


class Arrays:
    params = CASES
    param_names = ("case",)

    def setup(self, name):
        self.symbols, self.model = case(name)
        self.data = encoded(self.symbols, self.model)
        if not np.array_equal(self.time_decode(name), self.symbols):
            raise AssertionError("wrong symbols")

    def time_encode(self, name):
        return encoded(self.symbols, self.model)

    def time_decode(self, name):
        return decoded(self.data, self.model, self.symbols.size)

    def track_excess(self, name):
        return 8 * len(self.data) - self.model.code_length(self.symbols)

    track_excess.unit = "bits"


WAYS = ["a model", "adaptive counts"]


class OneByOne:
    """Each symbol in a call of its own."""

    params = WAYS
    param_names = ("way",)

    def setup(self, way):
        self.symbols = skewed(FEW)
        self.model = Categorical.fit(self.symbols)
        self.data = self.time_encode(way)
        if self.time_decode(way) != self.symbols.tolist():
            raise AssertionError("wrong symbols")

    def time_encode(self, way):
        encoder = ansflow.RangeEncoder()
        if way == "a model":
            for symbol in self.symbols:
                encoder.encode(symbol, self.model)
            return encoder.finish()
        counts = np.ones(256, np.uint32)
        for symbol in self.symbols:
            encoder.encode(symbol, counts)
            counts[symbol] += 8
        return encoder.finish()

    def time_decode(self, way):
        decoder = ansflow.RangeDecoder(self.data)
        if way == "a model":
            return [decoder.decode(self.model) for _ in range(FEW)]
        counts, symbols = np.ones(256, np.uint32), []
        for _ in range(FEW):
            symbols.append(decoder.decode(counts))
            counts[symbols[-1]] += 8
        return symbols


def constriction(symbols, model):
    """Functions that encode and decode an array, and bytes."""
    from constriction import stream

    theirs = stream.model.Categorical(model.freq / 2.0**model.precision, perfect=False)
    numbers = symbols.astype(np.int32)

    def encode():
        encoder = stream.queue.RangeEncoder()
        encoder.encode(numbers, theirs)
        return encoder.get_compressed()

    words = encode()
    return encode, lambda: stream.queue.RangeDecoder(words).decode(theirs, numbers.size), words


def constriction_one_by_one(symbols, way):
    """The same for symbols one by one."""
    from constriction import stream

    numbers = [int(symbol) for symbol in symbols]
    fixed = stream.model.Categorical(np.bincount(symbols, minlength=256) + 0.01, perfect=False)

    def models():
        counts = np.ones(256, np.float32)
        while True:
            last = yield (
                fixed if way == "a model" else stream.model.Categorical(counts, perfect=False)
            )
            counts[last] += 8

    def encode():
        encoder, adaptive = stream.queue.RangeEncoder(), models()
        model = next(adaptive)
        for number in numbers:
            encoder.encode(number, model)
            model = adaptive.send(number)
        return encoder.get_compressed()

    words = encode()

    def decode():
        decoder, adaptive = stream.queue.RangeDecoder(words), models()
        model = next(adaptive)
        for _ in numbers:
            model = adaptive.send(int(decoder.decode(model)))

    return encode, decode, words


def print_row(name, symbols, encode, decode, size, repeats=9):
    times = []
    for function in (encode, decode):
        taken = []
        for _ in range(repeats):
            begin = time.process_time()
            function()
            taken.append(time.process_time() - begin)
        times.append(1e9 * min(taken) / symbols)
    print(f"{name:48}{times[0]:10.1f}{times[1]:10.1f}{size:10}")


def main():
    print(f"{'nanoseconds a symbol':48}{'encode':>10}{'decode':>10}{'bytes':>10}")
    for name in CASES:
        ours = Arrays()
        ours.setup(name)
        symbols, model = ours.symbols, ours.model
        if not name.endswith("escapes"):
            words = ansflow.encode(symbols, model)
            rans = (
                lambda data=symbols, model=model: ansflow.encode(data, model),
                lambda words=words, model=model: ansflow.decode(words, model, SIZE),
            )
            print_row(f"{name}: ansflow.encode", SIZE, *rans, words.nbytes)
        both = (lambda ours=ours: ours.time_encode(0), lambda ours=ours: ours.time_decode(0))
        print_row(f"{name}: RangeEncoder", SIZE, *both, len(ours.data))
        if not name.startswith("rows"):
            with suppress(ImportError):
                encode, decode, theirs = constriction(symbols, model)
                print_row(f"{name}: constriction", SIZE, encode, decode, theirs.nbytes)
    for way in WAYS:
        ours = OneByOne()
        ours.setup(way)
        both = [lambda f=f, way=way: f(way) for f in (ours.time_encode, ours.time_decode)]
        print_row(f"one by one, {way}: RangeEncoder", FEW, *both, len(ours.data))
        with suppress(ImportError):
            encode, decode, theirs = constriction_one_by_one(ours.symbols, way)
            print_row(f"one by one, {way}: constriction", FEW, encode, decode, theirs.nbytes)


if __name__ == "__main__":
    main()
