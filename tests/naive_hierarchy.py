"""The oracle of hierarchical models: images under layers of latents, as MODEL.md says."""

import math

import naive_model as naive
import numpy as np


def run(model, kind, layer, x):
    """The results of a network for one input, integers."""
    layers = model.description[kind][layer]
    return naive.apply_layers(x, layers, model.arrays, f"{kind}.{layer}")


def of_buckets(model, kind, layer, buckets, shape):
    """The same for the centres of buckets."""
    centres = model.tables["centres"]
    x = np.array([round(centres[b] * 2**12) for b in buckets], np.int64)
    return run(model, kind, layer, x.reshape(shape))


def of_pixels(model, pixels):
    scale = 2**12 if model.description["pixels"]["kind"] == "binary" else 2**4
    x = np.array(list(pixels), np.int64).reshape(model.description["image_shape"]) * scale
    return run(model, "encoders", 0, x)


def lines(model, results, least):
    """The distribution of each bucket."""
    low, high = model.description["log2_stds"]
    p, bits = model.description["posterior_precision"], model.description["bucket_bits"]
    edges, table = model.tables["edges"], model.tables["gaussian"]
    channels = results.shape[-1] // 2
    means, logs = results[..., :channels].ravel(), results[..., channels:].ravel()
    return [
        naive.Line(
            [(mean / 2**12, 256 * 2**16 * naive.power(naive.clip(log, low, high)), 2**16)],
            *(table, edges.__getitem__, 2**bits, p, least),
        )
        for mean, log in zip(means.tolist(), logs.tolist(), strict=True)
    ]


def pixel_distributions(model, buckets):
    shape = model.description["layers"][0]
    results = of_buckets(model, "decoders", 0, buckets, shape)
    height, width, _ = model.description["image_shape"]
    return naive.pixel_distributions(model, results.reshape(height * width, -1).tolist())


def for_all(buckets, members, distributions):
    """The distributions of all images of a group, whose buckets are one after another."""
    return [d for own in naive.cut(buckets, members) for d in distributions(own)]


def below(model, layer, buckets):
    """Of the layer below (its number, from 0 on), given the buckets of `layer`."""
    shape = model.description["layers"][layer]
    return lines(model, of_buckets(model, "decoders", layer, buckets, shape), 1)


def above(model, layer, buckets):
    """Of `layer`, given the buckets of the layer below it."""
    shape = model.description["layers"][layer - 1]
    return lines(model, of_buckets(model, "encoders", layer, buckets, shape), 0)


def prior(model, members):
    count = math.prod(model.description["layers"][-1]) * members
    return [naive.Uniform(model.description["bucket_bits"])] * count


def encode(model, images):
    """The message of images, which are given as bytes, one after the other."""
    size, depth = model.image_size, len(model.description["layers"])
    stack = naive.Stack(naive.FIRST_HEAD, [], 0)
    each = [images[at : at + size] for at in range(0, len(images), size)]
    for group in naive.groups(len(each), size):
        n, pixels = len(group), b"".join(each[i] for i in group)
        z = stack.pop_latents(
            [d for i in group for d in lines(model, of_pixels(model, each[i]), 0)]
        )
        stack.push_all(pixels, for_all(z, n, lambda own: pixel_distributions(model, own)))
        for layer in range(1, depth):
            higher = stack.pop_latents(for_all(z, n, lambda own, k=layer: above(model, k, own)))
            stack.push_all(z, for_all(higher, n, lambda own, k=layer: below(model, k, own)))
            z = higher
        stack.push_all(z, prior(model, n))
    return naive.message_of(stack.x, stack.tail)


def decode(model, message, count):
    """Undo `encode`."""
    stack, images = naive.Stack(*naive.parts_of(message), None), b""
    depth = len(model.description["layers"])
    for group in reversed(naive.groups(count, model.image_size)):
        n = len(group)
        z = stack.pop_all(prior(model, n))
        for layer in reversed(range(1, depth)):
            lower = stack.pop_all(for_all(z, n, lambda own, k=layer: below(model, k, own)))
            stack.push_latents(z, for_all(lower, n, lambda own, k=layer: above(model, k, own)))
            z = lower
        pixels = bytes(stack.pop_all(for_all(z, n, lambda own: pixel_distributions(model, own))))
        given = [d for own in naive.cut(pixels, n) for d in lines(model, of_pixels(model, own), 0)]
        stack.push_latents(z, given)
        images += pixels
    assert stack.x == naive.FIRST_HEAD
    assert stack.tail == [naive.r(i) for i in reversed(range(len(stack.tail)))]
    return images
