"""
Bit-Swap on digits
==================

Handwritten digits under variational autoencoders with two layers of latent variables: fewer bits a
pixel than with one layer, and fewer initial bits than BB-ANS needs for two (F. Kingma, Abbeel & Ho
2019, arXiv:1905.06845).

The models come with ansflow; ``train_bitswap.py`` trained them on 5,000 other digits. By default
the images are every twentieth one of MNIST's test set; ``--data`` names a file with all of them.
Everything is decoded and compared.
"""

# %%

# region Imports and options
from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ansflow.bitsback import Buckets, Gaussian, Hierarchy, Stack, load

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="MNIST's test set under two layers of latents.")
parser.add_argument("--data", type=Path, help="an .npz file with uint8 images as 'data'")
parser.add_argument("--images", type=int, help="number of images to use, evenly spread")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--figure", type=Path, help="where to save the figure of the rates")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

# %%
# Two layers
# ----------
# The upper layer z2 is a standard Gaussian; a network says what the lower layer z1 is likely to be
# given z2, and another one what the pixels are given z1. To draw from the model is to *pop* from a
# stack of random bits: z2 first, then z1 given z2, then the pixels. In each row below, z2 is the
# same, and z1 is drawn eight times: a row shows what z2 leaves open.

HERE = Path(__file__).parent if "__file__" in globals() else Path()
SAMPLE = HERE / "mnist_sample.npz"  # every twentieth image of the test set

with np.load(options.data or SAMPLE) as archive:
    grey = archive["data"]
if options.images is not None:
    grey = grey[np.linspace(0, len(grey) - 1, options.images).astype(int)]
binary = (np.random.default_rng(0).random(grey.shape) < grey / 255).astype(np.uint8)
data = {"binary": binary, "raw": grey}
models = {"binary": load("mnist-bitswap-binary"), "raw": load("mnist-bitswap")}
ORDERS = {"bitswap": Hierarchy.bit_swap, "bbans": Hierarchy.bb_ans}
TITLES = {"bitswap": "Bit-Swap", "bbans": "BB-ANS"}
PIXELS = {"binary": "binary pixels", "raw": "grey pixels"}
# region Drawing
BLUE, ORANGE, SKY = "#0072B2", "#D55E00", "#56B4E9"
STYLES = {"bitswap": (BLUE, "o"), "bbans": (ORANGE, "s")}


def rows_of_samples(model, rows, columns):
    """Images whose upper latents are the same in each row."""
    stack = Stack(seed=4)
    z2 = np.repeat(model.hierarchy(rows).prior.pop(stack), columns, axis=0)
    pixels_given, z1_given = model.hierarchy(rows * columns).likelihoods
    images = pixels_given(z1_given(z2).pop(stack)).pop(stack)
    tiles = images.reshape(rows, columns, 28, 28)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * 28, columns * 28)


if plt:
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    for axes, (name, model) in zip(panels, models.items(), strict=True):
        axes.imshow(rows_of_samples(model, 6, 8), cmap="gray_r")
        axes.hlines(np.arange(28, 168, 28) - 0.5, -0.5, 223.5, color=BLUE, lw=0.8)
        (lower,), (upper,) = model.layers
        axes.set_title(f"{PIXELS[name]}: z1 of {lower}, z2 of {upper} numbers", loc="left", size=10)
        axes.set(xticks=[], yticks=[], ylabel="a z2 for each row")
# endregion

# %%
# The rates
# ---------
# *Net* is what the images added to the stack, *used* includes the initial bits, and *total* is the
# whole message. ``model.chain(n)`` is the codec of n images, in the order of Bit-Swap, that lend
# each other their bits.


def bits_back(model, images):
    """Rates of all images, which are coded by several threads, a stack for each."""

    def coded(part, seed):
        stack = Stack(seed=seed)
        start = stack.mark()
        model.chain(len(part)).push(stack, part)
        rates = stack.rates(start)
        same = np.array_equal(model.chain(len(part)).pop(stack), part)
        assert same, "an image was not restored"
        assert stack == Stack(seed=seed)
        return rates

    parts = np.array_split(images, options.threads)
    with ThreadPoolExecutor(options.threads) as pool:
        found = list(pool.map(coded, parts, range(options.threads)))
    return {
        rate: sum(getattr(rates, rate) for rates in found) / images.size
        for rate in ("net", "used", "total")
    }


results = {}
for name, images in data.items():
    elbo = float(-models[name].elbo(images, samples=8, rng=1).sum() / images.size)
    results[name] = {"images": len(images), "elbo": elbo} | bits_back(models[name], images)

print(f"{len(grey):,} images, bits / pixel   {'binary':>8} {'raw':>8}")
for rate in ("elbo", "net", "used", "total"):
    label = "ELBO of the model" if rate == "elbo" else f"Bit-Swap, {rate}"
    print(f"  {label:26} " + " ".join(f"{results[name][rate]:8.4f}" for name in data))

# %%
# How long a message has to be
# ----------------------------
# The same images one by one, in both orders: bits a pixel of the first n, with the initial bits.
# The first image pays for all of them. Here are 36 and 60 latent variables, and two layers; for one
# image the order matters, for a hundred it hardly does. (Later the curves may pass below the bound
# of all images, which is drawn for comparison: the first ones are simpler, as
# :doc:`bbans_mnist` shows.)


def used_so_far(order, model, images):
    """Bits of the first images, initial bits included, for every number of images."""
    stack, codec = Stack(seed=0), order(model.hierarchy(1))
    start, used = stack.mark(), []
    for image in images:
        codec.push(stack, image[np.newaxis])
        used.append(stack.rates(start).used)
    for image in images[::-1]:
        assert np.array_equal(codec.pop(stack)[0], image)
    assert stack == Stack(seed=0)
    return np.array(used)


FEW = 100
used = {
    name: {order: used_so_far(make, models[name], images[:FEW]) for order, make in ORDERS.items()}
    for name, images in data.items()
}
for name in data:
    first = ", ".join(f"{TITLES[order]} {bits[0]:,.0f}" for order, bits in used[name].items())
    print(f"bits of the first image, {PIXELS[name]}: {first}")

# %%
# On the right, for comparison, models with 1 to 8 layers of 64 latent variables, those of
# :doc:`bitswap_chain`. Initial bits in whole words of 32 bits.

LAYERS = range(1, 9)
# region Their model
BUCKETS = Buckets(12)
ZEROS = np.zeros(64)


def chains(layers):
    """64 Markov chains of Gaussians; x is the lowest one, 20 times as large and rounded."""

    def centres(z):
        return 0.8 * BUCKETS.centres[z]

    return Hierarchy(
        BUCKETS.prior(64),
        [
            lambda z: Gaussian(20 * centres(z), 12 + ZEROS, -200, 200),
            *[lambda z: BUCKETS.likelihood(centres(z), 0.6 + ZEROS)] * (layers - 1),
        ],
        [
            lambda x: BUCKETS.posterior(0.8 * x / 20, 0.6 + ZEROS),
            *[lambda z: BUCKETS.posterior(centres(z), 0.6 + ZEROS)] * (layers - 1),
        ],
    )


# endregion


def initial_bits(codec, x):
    stack = Stack(seed=0)
    codec.push(stack, x)
    drawn = stack.drawn
    assert np.array_equal(codec.pop(stack), x)
    assert stack == Stack(seed=0)
    return 32 * drawn


x = np.rint(20 * np.random.default_rng(0).standard_normal(64)).astype(np.int64)
initial = {
    order: [initial_bits(make(chains(layers)), x) for layers in LAYERS]
    for order, make in ORDERS.items()
}
print("initial bits by layers of 64 latents")
print(f"  {'':10}" + "".join(f"{layers:8}" for layers in LAYERS))
for order, title in TITLES.items():
    print(f"  {title:10}" + "".join(f"{bits:8,}" for bits in initial[order]))
print("All images were restored, and so were the stacks, bit for bit.")

# region Drawing
if plt:
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.8), layout="constrained")
    for order, (colour, marker) in STYLES.items():
        for axes, name in zip(panels, data, strict=False):
            bits = used[name][order]
            count = np.arange(1, bits.size + 1)
            look = {"color": colour, "marker": marker, "markevery": [0, 1, 2, 4, 9, 19, 49]}
            look["markevery"] = [at for at in look["markevery"] if at < bits.size]
            axes.plot(count, bits / count / 784, label=TITLES[order], **look)
        panels[2].plot(LAYERS, initial[order], color=colour, marker=marker, label=TITLES[order])
    for axes, name in zip(panels, data, strict=False):
        axes.axhline(results[name]["elbo"], color="black", ls="--", label="bound, all images")
        axes.set(
            xlabel="images in the message", ylabel="bits / pixel", xscale="log", ylim=(0, None)
        )
        axes.set_xticks([1, 10, 100], [1, 10, 100])
        axes.set_title(PIXELS[name], loc="left", size=10)
    panels[2].set(xlabel="layers of 64 latents", ylabel="initial bits", ylim=(0, None))
    panels[2].set_title("deeper models", loc="left", size=10)
    for axes in panels:
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    if options.figure:
        figure.savefig(options.figure, dpi=120)
        print(f"The figure is in {options.figure}")
# endregion

# %%

# region For programs
if options.json:
    print(json.dumps(results | {"starting_bits": initial}))
# endregion
