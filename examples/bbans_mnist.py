"""
BB-ANS on digits
================

Handwritten digits, lossless, under a variational autoencoder: the table of the bits-back paper
(Townsend, Bird & Barber 2019, arXiv:1901.04866, table 2), the running rate, and why it may be below
the bound for a while.

The models come with ansflow, and were trained on 5,000 other digits. By default the images are
every twentieth one of MNIST's test set; ``--data`` names a file with all of them. Everything is
decoded and compared.
"""

# %%

# region Imports and options
from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ansflow.bitsback import Stack, load

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="MNIST's test set under a variational autoencoder.")
parser.add_argument("--data", type=Path, help="an .npz file with uint8 images as 'data'")
parser.add_argument("--images", type=int, help="number of images to use, evenly spread")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--figure", type=Path, help="where to save the figure of the rates")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

# %%
# The data
# --------
# There are two tasks: grey pixels as they are, and binary ones, each of which is 1 with probability
# grey / 255, drawn once.

HERE = Path(__file__).parent if "__file__" in globals() else Path()
SAMPLE = HERE / "mnist_sample.npz"  # every twentieth image of the test set
PIXELS = 28 * 28

with np.load(options.data or SAMPLE) as archive:
    grey = archive["data"]
if options.images is not None:
    grey = grey[np.linspace(0, len(grey) - 1, options.images).astype(int)]
binary = (np.random.default_rng(0).random(grey.shape) < grey / 255).astype(np.uint8)
data = {"binary": binary, "raw": grey}
models = {"binary": load("mnist-vae-binary"), "raw": load("mnist-vae")}

# %%
# The model
# ---------
# A *decoder* makes an image of latent variables z, which are standard Gaussians, 24 numbers for
# binary images and 40 for grey ones: it says, for each pixel, how likely each value is. To draw
# from the model, draw z, and then the pixels. An *encoder* goes the other way, approximately: q(z |
# x) is a Gaussian whose mean and deviation it computes from the image. Real digits are on the left,
# samples of the models on the right.

# region Drawing
TITLES = {"binary": "binary pixels", "raw": "grey pixels"}
BLUE, ORANGE, GREEN, SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"


def tiled(images, columns):
    """Images side by side, as one."""
    rows = len(images) // columns
    tiles = images[: rows * columns].reshape(rows, columns, 28, 28)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * 28, columns * 28)


if plt:
    figure, axes = plt.subplots(2, 2, figsize=(9, 4.6), layout="constrained")
    for (name, images), (left, right) in zip(data.items(), axes, strict=True):
        for panel, what in ((left, images), (right, models[name].sample(40, rng=0))):
            panel.imshow(tiled(what[:40], 10), cmap="gray_r")
            panel.set(xticks=[], yticks=[])
        left.set_title(f"{TITLES[name]}: data", loc="left")
        right.set_title("drawn from the model", loc="left")
# endregion

# %%
# The code
# --------
# To push an image, BB-ANS pops z from q(z | x), with bits of the images before it, then pushes x
# given z, and then z under the prior. On average over z, the stack grows by
#
#     E[log2 q(z | x) - log2 p(x | z) - log2 p(z)]
#
# bits, the negative *evidence lower bound* (ELBO). It exceeds -log2 p(x), which nobody can compute
# here, by how far q is from the exact posterior.
#
# The first images are pushed one by one, so that only one of them needs initial bits, and the
# others ten at a time, which is faster.

ALONE, TOGETHER = 30, 10


class Chain:
    """Images on one stack, which use bits of the images that were pushed before them."""

    def __init__(self, vae, images, seed):
        self.vae = vae
        bounds = [*range(min(ALONE, len(images))), *range(ALONE, len(images), TOGETHER)]
        self.batches = np.split(images, bounds[1:])
        self.stack = Stack(seed=seed)
        self.start = self.stack.mark()

    def encode(self):
        """Push all images; return the bits that are there after each batch."""
        nets = []
        for batch in self.batches:
            self.vae.codec(len(batch)).push(self.stack, batch)
            nets.append(self.stack.rates(self.start).net)
        self.rates = self.stack.rates(self.start)
        return nets

    def decode(self):
        """Pop all images; return whether they and the initial stack were restored."""
        same = all(
            np.array_equal(self.vae.codec(len(batch)).pop(self.stack), batch)
            for batch in reversed(self.batches)
        )
        return same and self.stack == Stack(seed=self.stack.seed)


# region All images, on several threads
def bits_back(vae, images, threads):
    """Encode and decode all images, a chain for each thread.

    Return rates, and how many images were there, with how many bits, after each batch.
    """
    parts = np.array_split(images, threads)
    warm = Chain(vae, images[:1], 0)
    warm.encode(), warm.decode()  # compiles the kernels
    with ThreadPoolExecutor(threads) as pool:
        chains = [Chain(vae, part, seed) for seed, part in enumerate(parts)]
        begun = time.perf_counter()
        nets = list(pool.map(Chain.encode, chains))
        encoded = time.perf_counter()
        intact = list(pool.map(Chain.decode, chains))
        decoded = time.perf_counter()
    assert all(intact), "an image or the initial stack was not restored"
    rates = {
        rate: sum(getattr(chain.rates, rate) for chain in chains) / images.size
        for rate in ("net", "used", "total")
    }
    seconds = {"encode_s": round(encoded - begun, 2), "decode_s": round(decoded - encoded, 2)}
    added = [np.diff(net, prepend=0) for net in nets]
    sizes = [len(batch) for chain in chains for batch in chain.batches]
    return rates | seconds, (np.cumsum(sizes), np.cumsum(np.concatenate(added)))


# endregion


DRAWS = 8
results, running, bounds = {}, {}, {}
for name, images in data.items():
    rates, running[name] = bits_back(models[name], images, options.threads)
    # The cost of each image for several draws of z; its mean over draws estimates the bound.
    draws = [-models[name].elbo(images, rng=seed) for seed in range(DRAWS)]
    bounds[name] = np.array(draws)
    elbo = float(bounds[name].mean(axis=0).sum() / images.size)
    results[name] = {"images": len(images), "elbo": elbo} | rates

# %%
# What it takes
# -------------
# Bits a pixel: *net* is what the images added to the stack, *used* includes the initial bits that
# the first image of each chain needed, and *total* is the whole message, with all initial bits and
# heads. In a long chain they are the same.


# region Other compressors
def general_codecs(name, images):
    """Bits per pixel of general-purpose compressors."""
    packed = np.packbits(images).tobytes() if name == "binary" else images.tobytes()
    sizes = {
        "gzip": len(gzip.compress(packed, 9)),
        "bz2": len(bz2.compress(packed)),
        "lzma": len(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME)),
    }
    try:
        from PIL import Image
    except ModuleNotFoundError:
        print("(PNG and WebP are omitted: they need Pillow)")
    else:
        for kind, settings in {"PNG": {"optimize": True}, "WebP": {"lossless": True}}.items():
            sizes[kind] = 0
            for image in images:
                picture = Image.fromarray(image * (255 if name == "binary" else 1))
                if name == "binary" and kind == "PNG":
                    picture = picture.convert("1")
                file = io.BytesIO()
                picture.save(file, kind, **settings)
                sizes[kind] += file.getbuffer().nbytes
    return {kind: 8 * size / images.size for kind, size in sizes.items()}


# endregion


table = {}
for name, images in data.items():
    rates = {f"BB-ANS, {rate}": results[name][rate] for rate in ("net", "used", "total")}
    table[name] = (
        general_codecs(name, images) | {"ELBO of the model": results[name]["elbo"]} | rates
    )
print(f"{len(grey):,} images, bits / pixel   {'binary':>8} {'raw':>8}")
print(f"  {'uncompressed':26} {1:8.4f} {8:8.4f}")
for row in table["raw"]:
    print(f"  {row:26} {table['binary'][row]:8.4f} {table['raw'][row]:8.4f}")
for way in ("encode", "decode"):
    seconds = " ".join(f"{results[name][f'{way}_s']:8.2f}" for name in data)
    print(f"  seconds to {way:15} {seconds}")
print("All images were restored.")

# region Drawing
if plt:
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained", sharey=True)
    for panel, (name, rates) in zip(axes, table.items(), strict=True):
        shown = {row: rates[row] for row in rates if row[:6] != "BB-ANS" or row[-5:] == "total"}
        colours = [BLUE if row[:6] == "BB-ANS" else "#BBBBBB" for row in shown]
        bars = panel.barh(list(shown), list(shown.values()), color=colours)
        panel.bar_label(bars, fmt="%.3f", padding=4)
        panel.set(xlabel="bits / pixel", xlim=(0, 1.2 * max(shown.values())))
        panel.set_title(TITLES[name], loc="left")
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].invert_yaxis()
# endregion

# %%
# The running rate, and the bound
# -------------------------------
# Above: bits a pixel of all images so far. The rate may be below the bound of all images (dashed)
# for a long time if the images so far are simpler than others. So compare it with the bound of the
# same images (dotted).
#
# Below: the difference of these two, which is below zero now and then as well. Is that allowed? The
# bound is a mean over all latent variables that q(z | x) may yield, and each image is coded with
# *one* of them, which the bits on the stack have chosen. One draw costs less than the mean, another
# one more. The draws of different images are independent, so that these differences cancel out: the
# shaded region is two standard deviations wide on either side, as estimated from eight draws for
# each image, and narrows like 1 / sqrt(n). A rate that stays below it would be an error in the
# bound, or in the code.

# region Drawing
if plt:
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained", sharex=True)
    for (name, result), (above, below) in zip(results.items(), axes.T, strict=True):
        count, net = running[name]
        so_far = net / count / PIXELS
        bound = np.cumsum(bounds[name].mean(axis=0))[count - 1] / count / PIXELS
        variance = np.cumsum(bounds[name].var(axis=0, ddof=1))[count - 1]
        deviation = np.sqrt(variance * (1 + 1 / DRAWS)) / count / PIXELS
        above.plot(count, so_far, color=BLUE, label="net rate so far")
        above.plot(count, bound, color=ORANGE, ls=":", lw=2.5, label="bound of the images so far")
        above.axhline(result["elbo"], color="black", ls="--", label="bound of all images")
        above.set(ylabel="bits / pixel", ylim=(0.9 * result["elbo"], 1.1 * result["elbo"]))
        above.set_title(TITLES[name], loc="left")
        spread = 2 * deviation
        below.fill_between(count, -spread, spread, color=SKY, alpha=0.4, label="2 deviations")
        below.plot(count, so_far - bound, color=BLUE, label="net rate - bound, so far")
        below.axhline(0, color="black", lw=0.8)
        limit = 2.5 * float(spread[min(9, spread.size - 1)])
        below.set(xlabel="images", ylabel="bits / pixel", ylim=(-limit, limit))
        for panel in (above, below):
            panel.legend(frameon=False, loc="upper right")
            panel.spines[["top", "right"]].set_visible(False)
    if options.figure:
        figure.savefig(options.figure, dpi=120)
        print(f"The figure is in {options.figure}")
# endregion

# %%
# In a frame like any other, with checksums and an index, this is ``ansflow.compress(images,
# model="mnist-vae")``.

# region For programs
if options.json:
    print(json.dumps(results))
# endregion
