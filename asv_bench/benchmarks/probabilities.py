"""Coding with a row of floating-point probabilities for each symbol: time, and bits over the ideal.

``python -m benchmarks.probabilities`` (in asv_bench) prints millions of rows a second, in one run
with the optimal quantiser, with the quantiser of torchac in NumPy, and, where they are installed,
with constriction and torchac themselves. Each has one thread.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

import ansflow
from ansflow.models import Conditional, Probabilities

from .inputs import median_seconds

ROWS = 50_000
ALPHABETS = [64, 256]
DTYPES = ["float32", "float64"]


def network(alphabet, dtype="float32"):
    """A softmax with an entropy of log2(alphabet) - 2.2 bits, and symbols that follow it."""
    rng = np.random.default_rng(0)
    weights = np.exp(rng.normal(0, 2, (ROWS, alphabet)))
    probs = weights / weights.sum(axis=1, keepdims=True)
    symbols = (probs.cumsum(axis=1) > rng.random((ROWS, 1))).argmax(axis=1)
    return probs.astype(dtype), symbols


def ideal_bits(probs, symbols):
    return -np.log2(probs[np.arange(len(symbols)), symbols], dtype=np.float64).sum()


class Rows:
    params = (ALPHABETS, DTYPES)
    param_names = ("alphabet", "dtype")

    def setup(self, alphabet, dtype):
        self.probs, self.symbols = network(alphabet, dtype)
        self.words = self.time_encode(alphabet, dtype)
        if not np.array_equal(self.time_decode(alphabet, dtype), self.symbols):
            raise AssertionError("wrong symbols")
        self.time_frequencies(alphabet, dtype)

    def time_encode(self, alphabet, dtype):
        return ansflow.encode(self.symbols, Probabilities(self.probs))

    def time_decode(self, alphabet, dtype):
        return ansflow.decode(self.words, Probabilities(self.probs), ROWS)

    def time_frequencies(self, alphabet, dtype):
        return Probabilities(self.probs).cdf

    def track_overhead(self, alphabet, dtype):
        """Bits that a symbol is expected to take over its ideal, by the frequencies alone."""
        model = Probabilities(self.probs)
        q = model.freq / 2.0**model.precision
        return float(np.sum(self.probs * np.log2(self.probs / q)) / ROWS)

    track_overhead.unit = "bits"

    def track_size(self, alphabet, dtype):
        """Words over the ideal size."""
        return 16 * self.words.size / ideal_bits(self.probs, self.symbols)

    track_size.unit = "ratio"


def rounded_cdf(probs):
    """torchac's quantiser: running sums, scaled, rounded, and a slot for each symbol."""
    alphabet = probs.shape[1]
    cdf = np.zeros((len(probs), alphabet + 1), np.float32)
    np.cumsum(probs, axis=1, out=cdf[:, 1:])
    cdf *= np.float32(2**16 - alphabet)
    integers = np.rint(cdf, out=cdf).astype(np.int32)
    integers += np.arange(alphabet + 1, dtype=np.int32)
    return integers.astype(np.uint16)


def constriction(probs, symbols):
    """Functions that encode and decode, and the bits."""
    from constriction import stream

    family, numbers = stream.model.Categorical(perfect=False), symbols.astype(np.int32)

    def encode():
        coder = stream.stack.AnsCoder()
        coder.encode_reverse(numbers, family, probs)
        return coder.get_compressed()

    code = encode()
    return encode, lambda: stream.stack.AnsCoder(code).decode(family, probs), 32 * code.size


def torchac(probs, symbols):
    """The same; running sums are part of it."""
    import torch
    import torchac as library

    torch.set_num_threads(1)
    rows, numbers = torch.from_numpy(probs), torch.from_numpy(symbols.astype(np.int16))

    def cdf():
        sums = torch.zeros((len(probs), probs.shape[1] + 1))
        sums[:, 1:] = torch.cumsum(rows, 1)
        return sums.clamp_(0, 1)

    def encode():
        return library.encode_float_cdf(cdf(), numbers)

    code = encode()
    return encode, lambda: library.decode_float_cdf(cdf(), code), 8 * len(code)


def main():
    print(f"{'':34}{'encode':>8}{'decode':>8}{'size':>10}   million rows a second, over ideal")
    for alphabet in ALPHABETS:
        ours = Rows()
        ours.setup(alphabet, "float32")
        probs, symbols = ours.probs, ours.symbols
        ideal = ideal_bits(probs, symbols)
        ways = {
            "Probabilities": (
                lambda ours=ours: ours.time_encode(0, 0),
                lambda ours=ours: ours.time_decode(0, 0),
                16 * ours.words.size,
            )
        }
        for way in (constriction, torchac):
            with suppress(ImportError, RuntimeError):  # torchac compiles itself
                ways[way.__name__] = way(probs, symbols)
        for name, (encode, decode, bits) in ways.items():
            speeds = [ROWS / 1e6 / seconds for seconds in median_seconds([encode, decode])]
            print(
                f"{alphabet} symbols: {name:22}{speeds[0]:8.2f}{speeds[1]:8.2f}{bits / ideal:10.5f}"
            )
        quantisers = {
            "Probabilities.cdf": lambda ours=ours: ours.time_frequencies(0, 0),
            "torchac's formula": lambda probs=probs: rounded_cdf(probs),
            "Conditional.from_counts": lambda probs=probs: Conditional.from_counts(
                probs, precision=14
            ),
        }
        times = median_seconds(list(quantisers.values()), 3)
        for name, seconds in zip(quantisers, times, strict=True):
            print(f"{alphabet} symbols: {name:24}{ROWS / 1e6 / seconds:6.2f}")


if __name__ == "__main__":
    main()
