"""A user-defined model is used like the models of ansflow, at the same speed.

`ansflow.encode` needs only `precision` and `freq`: integer frequencies that sum to 2**precision.
This example models photon counts in a mostly dark image by a zero-inflated Poisson distribution.
"""

import math
import time

import numpy as np

import ansflow


class ZeroInflatedPoisson:
    """0 with probability `dark`, otherwise Poisson; counts above `most` cannot be coded."""

    def __init__(self, dark, rate, most=63, precision=12):
        probs = [math.exp(-rate) * rate**k / math.factorial(k) for k in range(most + 1)]
        weights = (1 - dark) * np.array(probs)
        weights[0] += dark
        self.precision = precision
        self.freq = ansflow.models.quantize(weights, precision)
        # Read-only, so that ansflow builds its tables once and not in every call.
        self.freq.setflags(write=False)

    def bits(self, symbols):
        """The ideal size of `symbols` in bits, without rounding to words."""
        return float(np.sum(self.precision - np.log2(self.freq[symbols])))


def best_time(function):
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def main():
    rng = np.random.default_rng(0)
    shape = (2000, 2000)
    picture = np.where(rng.random(shape) < 0.6, 0, rng.poisson(5.0, shape)).astype(np.uint8)

    own = ZeroInflatedPoisson(dark=0.6, rate=5.0)
    ours = ansflow.models.Categorical(own.freq)

    words = ansflow.encode(picture, own)
    assert np.array_equal(ansflow.decode(words, own, shape), picture)
    assert np.array_equal(ansflow.encode(picture, ours), words)

    print(f"ideal    {own.bits(picture) / 8:12,.0f} bytes")
    print(f"encoded  {words.nbytes:12,} bytes of {picture.nbytes:,}")
    for name, model in (("own class", own), ("Categorical", ours)):
        encode = best_time(lambda model=model: ansflow.encode(picture, model))
        decode = best_time(lambda model=model: ansflow.decode(words, model, shape))
        print(
            f"{name:12} encode {picture.nbytes / encode / 1e6:5.0f} MB/s   "
            f"decode {picture.nbytes / decode / 1e6:5.0f} MB/s"
        )


if __name__ == "__main__":
    main()
