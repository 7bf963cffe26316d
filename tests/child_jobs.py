"""What child processes of tests run: importable there by this name."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import xxhash

import ansflow
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Residual, Upsample
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
