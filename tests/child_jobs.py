"""What child processes of tests run: importable there by this name."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import xxhash

import ansflow
from ansflow.bitsback.nets import (
    Activation,
    Add,
    Channels,
    Concatenate,
    Convolution,
    Crop,
    Dense,
    DepthToSpace,
    Graph,
    Network,
    Node,
    Reshape,
    Residual,
    SpaceToDepth,
    Upsample,
)
from ansflow.engine.threads import ordered


def square(n):
    return n * n


def in_child(seed):
    """Use threads, and code something."""
    assert sum(ordered([partial(square, n) for n in range(seed)], 3)) == sum(
        n * n for n in range(seed)
    )
    blob = ansflow.compress(bytes(seed) * 300)
    assert ansflow.decompress(blob) == bytes(seed) * 300
    return seed


def small_network():
    """A network of all kinds of layers, on images of 6 by 5 pixels, with weights of all sizes."""

    def numbers(count, most):
        return (np.arange(count) * 2654435761 % 1000003 * 7919 % (2 * most + 1)) - most

    def convolution(size, inputs, outputs, shift, stride=1):
        shape = size, size, inputs, outputs
        weights = numbers(size * size * inputs * outputs, 32767).reshape(shape)
        bias = numbers(outputs, 1 << 30)
        return Convolution(weights.astype(np.int16), bias, shift, True, stride)

    def dense(inputs, outputs, shift, relu):
        weights = numbers(inputs * outputs, 32767).reshape(inputs, outputs)
        return Dense(weights.astype(np.int16), numbers(outputs, 1 << 33), shift, relu)

    layers = [
        convolution(3, 2, 8, 15, stride=2),
        Residual((convolution(3, 8, 8, 18), convolution(1, 8, 8, 16)), relu=True),
        Upsample(2),
        convolution(5, 8, 4, 17, stride=3),
        Reshape((16,)),
        dense(16, 48, 15, True),
        dense(48, 7, 16, False),
    ]
    return Network(layers, (6, 5, 2))


def network_inputs(count):
    """Activations, the same everywhere; some are very large."""
    n = count * 60
    x = np.arange(n) * 40503 % 65537 - 30000 << np.arange(n) % 9
    return x.reshape(count, 6, 5, 2).astype(np.int32)


def image_messages():
    """Those of the golden models, which code images without and with levels of grey."""
    from small_vaes import GOLDEN, GOLDEN_BINARY

    messages = []
    for vae in (GOLDEN, GOLDEN_BINARY):
        images = vae.sample(3, rng=0)
        messages.append(vae.encode(images).hex())
        assert np.array_equal(vae.decode(bytes.fromhex(messages[-1]), 3), images)
    return messages


def network_digest(count, batch, threads):
    """Of the results for `count` inputs, computed in batches by several threads at once."""
    net, x = small_network(), network_inputs(count)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(net, [x[i : i + batch] for i in range(0, count, batch)]))
    return xxhash.xxh3_64_hexdigest(np.concatenate(parts).astype("<i4").tobytes())


def small_graph():
    """A graph of all kinds of layers, on images of any size and vectors of 4 numbers."""
    taken = 0

    def numbers(most, *shape):
        nonlocal taken
        begin, taken = taken, taken + int(np.prod(shape))
        values = np.arange(begin, taken) * 2654435761 % 1000003 * 7919 % (2 * most + 1) - most
        return values.reshape(shape)

    def affine(layer, most, shift, *shape, relu=False, **more):
        weights = numbers(most, *shape).astype(np.int16)
        return layer(weights, numbers(1 << 24, shape[-1]), shift, relu, **more)

    nodes = [
        Node("cells", SpaceToDepth(2), ["image"]),
        Node("first", affine(Convolution, 700, 11, 3, 3, 12, 17), ["cells"]),
        Node("embedded", affine(Dense, 900, 10, 4, 17, relu=True), ["time"]),
        Node("sum", Add(), ["first", "embedded"]),
        Node("elu", Activation("elu"), ["sum"]),
        Node("deep", affine(Convolution, 500, 11, 5, 1, 17, 8, stride=2), ["elu"]),
        Node("gelu", Activation("gelu"), ["deep"]),
        Node("block", Residual((affine(Convolution, 32767, 17, 3, 3, 8, 8),), True), ["gelu"]),
        Node("large", Upsample(2), ["block"]),
        Node("fits", Crop(), ["large", "elu"]),
        Node("features", Concatenate(), ["elu", "fits"]),
        Node("mixed", affine(Convolution, 300, 10, 1, 1, 25, 24), ["features"]),
        Node("silu", Activation("silu"), ["mixed"]),
        Node("pixels", DepthToSpace(2), ["silu"]),
        Node("all", Crop(), ["pixels", "image"]),
        Node("means", Channels(0, 3), ["all"]),
        Node("raw", Channels(3, 6), ["all"]),
        Node("scales", Activation("softplus"), ["raw"]),
    ]
    inputs = {"image": (None, None, 3), "time": (4,)}
    return Graph(inputs, nodes, ["means", "scales", "features"])


def graph_digest(batch, threads):
    """Of the results for 6 images, computed in batches by several threads at once."""
    graph = small_graph()
    n = np.arange(6 * 7 * 9 * 3)
    image = ((n * 40503 % 65537 - 30000) >> n % 5).reshape(6, 7, 9, 3).astype(np.int32)
    time = (np.arange(24) * 997 % 8192 - 4096).reshape(6, 4).astype(np.int32)

    def run(i):
        return graph(image=image[i : i + batch], time=time[i : i + batch])

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(run, range(0, 6, batch)))
    digest = xxhash.xxh3_64()
    for name in graph.outputs:
        digest.update(np.concatenate([part[name] for part in parts]).astype("<i4").tobytes())
    return digest.hexdigest()
