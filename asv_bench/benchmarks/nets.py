"""Speed of networks in integers, in billions of multiplications a second, on one thread.

``python -m benchmarks.nets`` (in asv_bench) prints them for layers of several sizes, beside the
same sums in other ways: a plain loop over 64-bit integers, and NumPy's products of matrices of
doubles and of floats, which are exact only as long as no partial sum exceeds 2^53, and 2^24.
"""

from __future__ import annotations

import time

import numba
import numpy as np

from ansflow.bitsback.nets import Activation, Convolution, Dense

ROUNDS = 7

# Images, height and width, and channels before and after.
SIZES = {
    "3 -> 32, 64x64": (2, 64, 3, 32),
    "16 -> 16, 64x64": (2, 64, 16, 16),
    "32 -> 32, 64x64": (2, 64, 32, 32),
    "64 -> 64, 32x32": (2, 32, 64, 64),
    "64 -> 64, 8x8": (16, 8, 64, 64),
    "32 -> 3, 64x64": (2, 64, 32, 3),
}

# Largest weights and activations for which a result is one sum of 32 bits, two, or four.
SUMS = {1: (100, 1 << 13), 2: (100, 1 << 20), 4: (32767, 1 << 22)}


def convolution(size, sums):
    """A layer of 3 x 3 weights, and activations."""
    rng = np.random.default_rng(0)
    n, side, inputs, outputs = SIZES[size]
    most, largest = SUMS[sums]
    weights = rng.integers(-most, most + 1, (3, 3, inputs, outputs)).astype(np.int16)
    layer = Convolution(weights, rng.integers(-1 << 20, 1 << 20, outputs), 14, True)
    x = rng.integers(-largest, largest + 1, (n, side, side, inputs)).astype(np.int32)
    return layer, x


def multiplications(layer, x):
    return layer(x).size * layer.weights[..., 0].size


@numba.njit(nogil=True)
def plain_loop(padded, weights, out):
    """The sums of a convolution, in 64 bits."""
    rows, columns, inputs, outputs = weights.shape
    for i in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                total = out[i, y, x]
                total[:] = 0
                for r in range(rows):
                    for c in range(columns):
                        for k in range(inputs):
                            factor = np.int64(padded[i, y + r, x + c, k])
                            for j in range(outputs):
                                total[j] += factor * np.int64(weights[r, c, k, j])


def padded(x):
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def by_loop(layer, x):
    out = np.empty((*x.shape[:3], layer.bias.size), np.int64)
    plain_loop(padded(x), layer.weights, out)
    return out


def by_matrix(layer, x, dtype):
    """As one product of matrices, whose rows are windows."""
    rows, columns, inputs, outputs = layer.weights.shape
    windows = np.lib.stride_tricks.sliding_window_view(
        padded(x.astype(dtype)), (rows, columns), axis=(1, 2)
    )
    matrix = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, rows * columns * inputs)
    return matrix @ layer.weights.reshape(-1, outputs).astype(dtype)


class Convolutions:
    """3 x 3 weights, one sum of 32 bits for each result."""

    params = list(SIZES)
    param_names = ("size",)

    def setup(self, size):
        self.layer, self.x = convolution(size, 1)
        self.layer(self.x)

    def time_convolution(self, size):
        self.layer(self.x)

    def track_speed(self, size):
        return speed(lambda: self.layer(self.x), multiplications(self.layer, self.x))

    track_speed.unit = "GMAC/s"


class Sums:
    """64 -> 64 channels, with activations or weights that do not fit one sum of 32 bits."""

    params = list(SUMS)
    param_names = ("sums",)

    def setup(self, sums):
        self.layer, self.x = convolution("64 -> 64, 32x32", sums)
        assert self.layer.sums(np.abs(self.x).max() / 4096) == sums

    def track_speed(self, sums):
        return speed(lambda: self.layer(self.x), multiplications(self.layer, self.x))

    track_speed.unit = "GMAC/s"


class OtherLayers:
    """A dense layer for one vector and for many, and activation functions."""

    def setup(self):
        rng = np.random.default_rng(0)
        self.dense = Dense(
            rng.integers(-99, 99, (512, 512)).astype(np.int16), np.zeros(512, np.int64), 12, True
        )
        self.vectors = rng.integers(-4096, 4096, (300, 512)).astype(np.int32)
        self.images = rng.integers(-20000, 20000, (1, 256, 256, 32)).astype(np.int32)
        self.time_dense()
        self.time_elu()
        self.time_silu()

    def time_dense(self):
        self.dense(self.vectors)

    def time_dense_for_one_vector(self):
        self.dense(self.vectors[:1])

    def time_elu(self):
        Activation("elu")(self.images)

    def time_silu(self):
        Activation("silu")(self.images)


def speed(function, count):
    """Billions a second, from the best of several rounds, by the time of the processor."""
    function()
    best = np.inf
    for _ in range(ROUNDS):
        begun, calls = time.process_time(), 0
        while time.process_time() - begun < 0.02:
            function()
            calls += 1
        best = min(best, (time.process_time() - begun) / calls)
    return count / best / 1e9


def main():
    print("billion multiplications a second of convolutions with 3 x 3 weights, one thread")
    ways = {
        "one sum": (1, lambda layer, x: layer(x)),
        "two": (2, lambda layer, x: layer(x)),
        "four": (4, lambda layer, x: layer(x)),
        "int64 loop": (1, by_loop),
        "BLAS, doubles": (1, lambda layer, x: by_matrix(layer, x, np.float64)),
        "BLAS, floats": (1, lambda layer, x: by_matrix(layer, x, np.float32)),
    }
    print(f"  {'':18}" + "".join(f"{way:>15}" for way in ways))
    for size in SIZES:
        found = []
        for sums, way in ways.values():
            layer, x = convolution(size, sums)
            count = multiplications(layer, x)
            found.append(speed(lambda way=way, layer=layer, x=x: way(layer, x), count))
        print(f"  {size:18}" + "".join(f"{value:15.1f}" for value in found))


if __name__ == "__main__":
    main()
