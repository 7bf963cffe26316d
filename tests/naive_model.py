"""The oracle's models: images under a VAE in plain Python numbers, as MODEL.md says.

`read_model` takes a model's file apart, `encode` and `decode` are messages of its images. Whatever
isn't as it should be raises some exception. `write_model` puts files together, also such that no
release of ansflow would write.
"""

import hashlib
import io
import json
import math
import zipfile
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import naive_nets
import numpy as np

LIMIT = 2**23
MIXED = 2**64 - 1


class Model(NamedTuple):
    """A model: what its file says, the tables, and the fingerprint of all that."""

    description: dict
    arrays: dict
    tables: dict
    fingerprint: str

    @property
    def name(self):
        return self.description["name"]

    @property
    def image_size(self):
        return math.prod(self.description["image_shape"])


# Files


def read_model(file):
    """The `Model` in a file, which is given as bytes."""
    return make_model(*read_parts(file))


def read_parts(file):
    """The description and the arrays of a file."""
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        for name in archive.namelist():
            assert name.endswith(".npy")
            arrays[name[:-4]] = np.lib.format.read_array(io.BytesIO(archive.read(name)))
    return json.loads(bytes(arrays.pop("description")).decode("utf-8")), arrays


def make_model(description, arrays):
    tables = tables_of(description["bucket_bits"])
    return Model(description, arrays, tables, find_fingerprint(description, arrays, tables))


def write_model(description, arrays):
    """Undo `read_model`: the bytes of a file. The description may be given as bytes, too."""
    text = description if isinstance(description, bytes) else json.dumps(description).encode()
    file = io.BytesIO()
    np.savez(file, description=np.frombuffer(text, np.uint8), **arrays)
    return file.getvalue()


def find_fingerprint(description, arrays, tables):
    text = json.dumps(description, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)
    digest = hashlib.sha256(text.encode("ascii"))
    dtypes = {"gaussian": "<u4", "logistic": "<u4", "powers": "<u4"}
    named = dict(arrays)
    for name, table in tables.items():
        named[f"table.{name}"] = np.array(table, dtypes.get(name, "<f8"))
    for name in sorted(named):
        array = named[name]
        dtype = array.dtype.newbyteorder("<")
        digest.update(f"{name} {dtype.str} {tuple(map(int, array.shape))}".encode())
        digest.update(array.astype(dtype).tobytes("C"))
    return digest.hexdigest()[:32]


# Tables


@cache
def standard_table(name):
    """`gaussian` or `logistic`."""
    if name == "gaussian":
        cdf = [math.erfc((2048 - i) / 256 / math.sqrt(2)) / 2 for i in range(2049)]
    else:
        cdf = [1 / (1 + math.exp((2048 - i) / 64)) for i in range(2049)]
    lower = [round(2**31 * value) for value in cdf]
    table = lower + [2**31 - lower[4096 - i] for i in range(2049, 4097)]
    return [*table, table[-1]]


@cache
def powers_table():
    return [round(2 ** (31 - i / 4096)) for i in range(4096)]


@cache
def quantiles(numerators, denominator):
    """Standard normal quantiles, those of ratios up to 1/2 and their mirror images."""
    values = []
    for i in numerators:
        if 2 * i > denominator:
            values.append(-values[len(numerators) - 1 - len(values)])
        elif i == 0:
            values.append(-math.inf)
        else:
            values.append(round(NormalDist().inv_cdf(i / denominator) * 2**24) / 2**24)
    return values


def tables_of(bucket_bits):
    assert type(bucket_bits) is int
    assert 1 <= bucket_bits <= 16
    return {
        "gaussian": standard_table("gaussian"),
        "logistic": standard_table("logistic"),
        "powers": powers_table(),
        "edges": quantiles(range(2**bucket_bits + 1), 2**bucket_bits),
        "centres": quantiles(range(1, 2 ** (bucket_bits + 1), 2), 2 ** (bucket_bits + 1)),
    }


# Networks: activations are arrays of int64, which sums of a layer's products fit


def affine(total, layer, bias):
    """What becomes of the sums of weights times inputs."""
    s = layer["shift"]
    total = (total + bias + 2**s // 2) >> s
    return np.clip(total, 0 if layer["relu"] else -LIMIT, LIMIT)


def convolve(x, weights, stride):
    """The sums of a convolution, one output after the other."""
    height, width, _ = x.shape
    rows, columns, inputs, outputs = weights.shape
    shape = -(-height // stride), -(-width // stride), outputs
    total = np.zeros(shape, np.int64)
    padded = np.zeros((height + rows, width + columns, inputs), np.int64)
    padded[rows // 2 : rows // 2 + height, columns // 2 : columns // 2 + width] = x
    for y in range(shape[0]):
        for z in range(shape[1]):
            window = padded[stride * y : stride * y + rows, stride * z : stride * z + columns]
            total[y, z] = (window[..., np.newaxis] * weights).sum(axis=(0, 1, 2))
    return total


def apply_layers(x, layers, arrays, name):
    """The results of layers, one after the other, for one input."""
    for i, layer in enumerate(layers):
        own = f"{name}.{i}"
        kind = layer["kind"]
        if kind in ("dense", "convolution"):
            weights, bias = arrays[f"{own}.weights"], arrays[f"{own}.bias"]
            assert (weights.dtype, bias.dtype) == (np.int16, np.int64)
            weights = weights.astype(np.int64)
            sums = x @ weights if kind == "dense" else convolve(x, weights, layer["stride"])
            x = affine(sums, layer, bias)
        elif kind == "upsample":
            k = layer["factor"]
            height, width, _ = x.shape
            x = np.array([[x[y // k, z // k] for z in range(width * k)] for y in range(height * k)])
        elif kind == "reshape":
            x = x.reshape(layer["shape"])
        elif kind in ("activation", "depth_to_space", "space_to_depth", "channels"):
            x = np.array(naive_nets.apply(layer, arrays, own, x.tolist()), np.int64)
        else:
            assert kind == "residual"
            inner = apply_layers(x, layer["layers"], arrays, own)
            assert inner.shape == x.shape
            x = np.clip(x + inner, 0 if layer["relu"] else -LIMIT, LIMIT)
    return x


def run_decoder(model, buckets):
    """Activations for each pixel: a list of lists of integers."""
    centres = model.tables["centres"]
    x = np.array([round(centres[b] * 2**12) for b in buckets], np.int64)
    y = apply_layers(x, model.description["decoder"], model.arrays, "decoder")
    height, width, _ = model.description["image_shape"]
    assert y.shape[:2] == (height, width)
    return y.reshape(height * width, -1).tolist()


def run_encoder(model, pixels):
    """Means and logarithms of deviations of the latents, integers."""
    scale = 2**12 if model.description["pixels"]["kind"] == "binary" else 2**4
    x = np.array(list(pixels), np.int64).reshape(model.description["image_shape"]) * scale
    y = apply_layers(x, model.description["encoder"], model.arrays, "encoder").tolist()
    d = model.description["latents"]
    assert len(y) == 2 * d
    return y[:d], y[d:]


# Distributions, by their precision, `interval(symbol)`, and `find(slot)`


def clip(value, least, most):
    return min(max(value, least), most)


def power(exponent):
    """P: 2^(-exponent / 4096), nearly."""
    return math.ldexp(float(powers_table()[exponent % 4096]), -31 - exponent // 4096)


def look_up(table, position):
    """T, at a position that is a double."""
    a = math.floor(clip(position, -(2.0**27), 2.0**27) + 2.0**27)
    i, rest = divmod(a, 2**16)
    return table[i] + (table[i + 1] - table[i]) * rest // 2**16


class Uniform:
    """2^p buckets of one slot each."""

    def __init__(self, p):
        self.p = p

    def interval(self, symbol):
        assert 0 <= symbol < 2**self.p
        return symbol, 1

    def find(self, slot):
        return slot


class Line:
    """Symbols that are intervals of a line; components are triples of mean, rate and share.

    Each symbol has at least so many slots, 0 or 1.
    """

    def __init__(self, components, table, border, symbols, p, least):
        assert sum(share for _, _, share in components) == 2**16
        self.components, self.table, self.border = components, table, border
        self.symbols, self.p, self.least = symbols, p, least

    def start(self, symbol):
        """C(s)."""
        if symbol in (0, self.symbols):
            return 2**self.p if symbol else 0
        e = self.border(symbol)
        f = sum(w * look_up(self.table, (e - m) * r) for m, r, w in self.components)
        return (f // 2**16 * (2**self.p - self.least * self.symbols) >> 31) + self.least * symbol

    def interval(self, symbol):
        start = self.start(symbol)
        return start, self.start(symbol + 1) - start

    def find(self, slot):
        low, high = 0, self.symbols
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.start(middle) <= slot else (low, middle)
        return low


class Coin:
    """0 or 1."""

    def __init__(self, ones, p):
        self.zeros, self.p = 2**p - ones, p

    def interval(self, symbol):
        assert symbol in (0, 1)
        return (self.zeros, 2**self.p - self.zeros) if symbol else (0, self.zeros)

    def find(self, slot):
        return int(slot >= self.zeros)


def posteriors(model, pixels):
    """The distribution of each bucket."""
    low, high = model.description["log2_stds"]
    p, bits = model.description["posterior_precision"], model.description["bucket_bits"]
    edges = model.tables["edges"]
    return [
        Line(
            [(mean / 2**12, 256 * 2**16 * power(clip(log, low, high)), 2**16)],
            *(model.tables["gaussian"], edges.__getitem__, 2**bits, p, 0),
        )
        for mean, log in zip(*run_encoder(model, pixels), strict=True)
    ]


def shares_of(logits):
    """The components' shares."""
    largest = max(logits)
    values = []
    for logit in logits:
        distance = largest - logit
        values.append(powers_table()[distance % 4096] // 2 ** min(63, distance // 4096))
    shares = [v * 2**16 // sum(values) for v in values]
    shares[logits.index(largest)] += 2**16 - sum(shares)
    return shares


def likelihoods(model, buckets):
    """The distribution of each pixel."""
    return pixel_distributions(model, run_decoder(model, buckets))


def pixel_distributions(model, results):
    """The same, given the decoder's results for each pixel."""
    said = model.description["pixels"]
    p, table = said["precision"], model.tables["logistic"]
    if said["kind"] == "binary":
        assert all(len(result) == 1 for result in results)
        ones = [
            look_up(table, clip(y / 2**12, -32.0, 32.0) * 64 * 2**16) // 2 ** (31 - p)
            for (y,) in results
        ]
        return [Coin(clip(g, 1, 2**p - 1), p) for g in ones]
    assert said["kind"] == "grey"
    k, lines = said["components"], []
    for result in results:
        assert len(result) == 3 * k
        means = [mean / 2**8 for mean in result[k : 2 * k]]
        rates = [64 * 2**16 * power(clip(log, -12288, 32768)) for log in result[2 * k :]]
        components = list(zip(means, rates, shares_of(result[:k]), strict=True))
        lines.append(Line(components, table, lambda s: s - 0.5, 256, p, 1))
    return lines


# The stack


def r(i):
    """Starting word i."""
    z = (i + 1) * 0x9E3779B97F4A7C15 & MIXED
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MIXED
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MIXED
    return (z ^ z >> 31) >> 32


GOLDEN = 2654435769


def stir(t, k):
    """A bijection of the numbers below 2^k."""
    t = (t ^ t >> k // 2) * GOLDEN % 2**k
    return t ^ t >> k // 2


def unstir(t, k):
    t = (t ^ t >> k // 2) * pow(GOLDEN, -1, 2**k) % 2**k
    return t ^ t >> k // 2


class Stack:
    """A head and a tail; `drawn` is how many starting words have been taken, None for a decoder."""

    def __init__(self, head, tail, drawn):
        assert 2**32 <= head < 2**64
        self.x, self.tail, self.drawn = head, tail, drawn
        self.stirred = False

    def stir(self):
        self.stirred = True
        self.x = self.x // 2**28 * 2**28 + stir(self.x % 2**28, 28)

    def unstir(self):
        self.stirred = False
        self.x = self.x // 2**28 * 2**28 + unstir(self.x % 2**28, 28)

    def push(self, symbol, distribution):
        p, (c, f) = distribution.p, distribution.interval(symbol)
        assert f >= 1
        assert 0 <= c <= c + f <= 2**p
        if self.x // 2 ** (64 - p) >= f:
            word = self.x % 2**32
            self.tail.append(unstir(word, 32) if self.stirred else word)
            self.x //= 2**32
        self.x = self.x // f * 2**p + c + self.x % f

    def pop(self, distribution):
        p = distribution.p
        slot = self.x % 2**p
        symbol = distribution.find(slot)
        c, f = distribution.interval(symbol)
        assert c <= slot < c + f
        self.x = f * (self.x // 2**p) + slot - c
        if self.x < 2**32:
            word = self.next_word()
            self.x = self.x * 2**32 + (stir(word, 32) if self.stirred else word)
        return symbol

    def next_word(self):
        if self.tail or self.drawn is None:
            return self.tail.pop()
        self.drawn += 1
        return r(self.drawn - 1)

    def push_all(self, symbols, distributions):
        for symbol, distribution in reversed(list(zip(symbols, distributions, strict=True))):
            self.push(symbol, distribution)

    def pop_all(self, distributions):
        return [self.pop(distribution) for distribution in distributions]

    def push_latents(self, symbols, distributions):
        self.stir()
        self.push_all(symbols, distributions)
        self.unstir()

    def pop_latents(self, distributions):
        self.stir()
        symbols = self.pop_all(distributions)
        self.unstir()
        return symbols


FIRST_HEAD = 2**32 + r(2**48)


# Messages


def prior(model):
    return [Uniform(model.description["bucket_bits"])] * model.description["latents"]


def encode(model, images):
    """The message of images, which are given as bytes, one after the other."""
    size = model.image_size
    assert len(images) % size == 0
    stack = Stack(FIRST_HEAD, [], 0)
    each = [images[at : at + size] for at in range(0, len(images), size)]
    for group in groups(len(each), size):
        members = [each[i] for i in group]
        buckets = stack.pop_latents([d for pixels in members for d in posteriors(model, pixels)])
        by_image = cut(buckets, len(members))
        stack.push_all(
            [value for pixels in members for value in pixels],
            [d for own in by_image for d in likelihoods(model, own)],
        )
        stack.push_all(buckets, prior(model) * len(members))
    return message_of(stack.x, stack.tail)


def groups(n, image_size):
    """The images of each group, the group that is at the end of them first."""
    found, k = [], 0
    while k < n:
        size = min(max(1, k // 2), min(16, max(1, 2**14 // image_size)), n - k)
        found.append(range(n - k - size, n - k))
        k += size
    return found


def cut(values, count):
    """So many parts of the same size."""
    size = len(values) // count
    return [values[at : at + size] for at in range(0, size * count, size)]


def message_of(head, tail):
    return head.to_bytes(8, "little") + b"".join(
        word.to_bytes(4, "little") for word in reversed(tail)
    )


def parts_of(message):
    """Head and tail."""
    assert len(message) >= 8
    assert len(message) % 4 == 0
    words = [int.from_bytes(message[at : at + 4], "little") for at in range(8, len(message), 4)]
    return int.from_bytes(message[:8], "little"), words[::-1]


def decode(model, message, count):
    """Undo `encode`."""
    stack = Stack(*parts_of(message), None)
    images = b""
    for group in reversed(groups(count, model.image_size)):
        buckets = stack.pop_all(prior(model) * len(group))
        by_image = cut(buckets, len(group))
        pixels = bytes(stack.pop_all([d for own in by_image for d in likelihoods(model, own)]))
        members = cut(pixels, len(group))
        stack.push_latents(buckets, [d for own in members for d in posteriors(model, own)])
        images += pixels
    assert stack.x == FIRST_HEAD
    assert stack.tail == [r(i) for i in reversed(range(len(stack.tail)))]
    return images


def sample(model, count, seed=0):
    """Images drawn from the model: what is popped though nothing was pushed."""
    stack, images = Stack(FIRST_HEAD, [], seed << 32), b""
    for _ in range(count):
        buckets = stack.pop_all(prior(model))
        images += bytes(stack.pop_all(likelihoods(model, buckets)))
    return images


# Models that are known by their names

KNOWN = {}


def register(model):
    KNOWN[model.name] = model


def find(name, fingerprint):
    """The model that a frame names; it must be the very same."""
    model = KNOWN[name]
    assert model.fingerprint == fingerprint
    return model
