"""The table of the bits-back paper: MNIST's test set, lossless, under a variational autoencoder.

Reproduces table 2 of Townsend, Bird & Barber 2019 (arXiv:1901.04866) with the models that come with
ansflow, which were trained on 5,000 other digits, and verifies that all images are decoded. By
default it takes every twentieth image of the test set; ``--data`` names a file with all of them.
Plots the running rate and samples of the models, if matplotlib is installed
(``pip install "ansflow[plot]"``).

All rates are in bits per pixel:

ELBO    the negative evidence lower bound of the model
net     the bits that the images added to the stack
used    the same with the initial bits that the first image needed
total   the whole message, including all initial bits and heads
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ansflow.bitsback import VAE, Stack, load

SAMPLE = Path(__file__).with_name("mnist_sample.npz")  # every twentieth image of the test set
PIXELS = 28 * 28
ALONE, TOGETHER = 30, 10  # images that are pushed at a time: the first one by one


def read_images(file: Path | None) -> np.ndarray:
    """Images of digits, by default the sample that comes with this file."""
    with np.load(file or SAMPLE) as archive:
        return archive["data"]


def binarised(images: np.ndarray) -> np.ndarray:
    """Binary pixels, each 1 with probability grey / 255, by a fixed seed."""
    return (np.random.default_rng(0).random(images.shape) < images / 255).astype(np.uint8)


class Chain:
    """Images on one stack, which use bits of the images that were pushed before them.

    The first images are pushed one by one, so that only one of them needs initial bits, and the
    others ten at a time, which is faster.
    """

    def __init__(self, vae: VAE, images: np.ndarray, seed: int) -> None:
        self.vae = vae
        bounds = [*range(min(ALONE, len(images))), *range(ALONE, len(images), TOGETHER)]
        self.batches = np.split(images, bounds[1:])
        self.stack = Stack(seed=seed)
        self.start = self.stack.mark()

    def encode(self) -> list[float]:
        """Push all images; return the bits that each one added (the mean of its batch)."""
        net, bits = 0.0, []
        for batch in self.batches:
            self.vae.codec(len(batch)).push(self.stack, batch)
            before, net = net, self.stack.rates(self.start).net
            bits += [(net - before) / len(batch)] * len(batch)
        self.rates = self.stack.rates(self.start)
        return bits

    def decode(self) -> bool:
        """Pop all images; return whether they and the initial stack were restored."""
        same = all(
            np.array_equal(self.vae.codec(len(batch)).pop(self.stack), batch)
            for batch in reversed(self.batches)
        )
        return same and self.stack == Stack(seed=self.stack.seed)


def bits_back(vae: VAE, images: np.ndarray, threads: int) -> tuple[dict[str, Any], np.ndarray]:
    """Encode and decode all images, a chain per thread; return rates, and bits of each image."""
    parts = np.array_split(images, threads)
    warm = Chain(vae, images[:1], 0)
    warm.encode(), warm.decode()  # compiles the kernels
    with ThreadPoolExecutor(threads) as pool:
        elbo = np.concatenate(list(pool.map(lambda part: vae.elbo(part, 8, rng=1), parts)))
        chains = [Chain(vae, part, seed) for seed, part in enumerate(parts)]
        begun = time.perf_counter()
        bits = np.concatenate(list(pool.map(Chain.encode, chains)))
        encoded = time.perf_counter()
        intact = list(pool.map(Chain.decode, chains))
        decoded = time.perf_counter()
    assert all(intact), "an image or the initial stack was not restored"
    dims = len(images) * PIXELS
    result = {
        "images": len(images),
        "elbo": -elbo.sum() / dims,
        **{
            rate: sum(getattr(chain.rates, rate) for chain in chains) / dims
            for rate in ("net", "used", "total")
        },
        "encode_s": round(encoded - begun, 2),
        "decode_s": round(decoded - encoded, 2),
    }
    return result, bits


def general_codecs(images: np.ndarray, packed: bytes) -> dict[str, float]:
    """Bits per pixel of general-purpose compressors."""
    functions: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data, 9),
        "bz2": bz2.compress,
        "lzma": lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
    }
    sizes = {name: len(function(packed)) for name, function in functions.items()}
    try:
        from PIL import Image
    except ModuleNotFoundError:
        print("(PNG and WebP are omitted: they need Pillow)")
    else:
        binary = images.max() == 1
        for name, options in {"PNG": {"optimize": True}, "WebP": {"lossless": True}}.items():
            sizes[name] = 0
            for image in images:
                picture = Image.fromarray(image * (255 if binary else 1))
                if binary and name == "PNG":
                    picture = picture.convert("1")
                file = io.BytesIO()
                picture.save(file, name, **options)
                sizes[name] += file.getbuffer().nbytes
    return {name: 8 * size / images.size for name, size in sizes.items()}


def draw(file: Path, columns: dict[str, tuple[VAE, dict[str, Any], np.ndarray]]) -> None:
    """Plot the running rate of each model with its ELBO, and samples."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(2, len(columns), figsize=(10, 7), height_ratios=[1, 1])
    for (name, (vae, result, bits)), (above, below) in zip(columns.items(), axes.T, strict=True):
        images = np.arange(1, len(bits) + 1)
        above.plot(images, np.cumsum(bits) / images / PIXELS, label="net rate so far")
        above.axhline(result["elbo"], color="black", linestyle="--", label="ELBO")
        above.set(title=name, xlabel="images", ylabel="bits / pixel")
        above.set_ylim(0.9 * result["elbo"], 1.1 * result["elbo"])
        above.legend()
        samples = vae.sample(60, rng=0).reshape(6, 10, 28, 28)
        below.imshow(samples.transpose(0, 2, 1, 3).reshape(6 * 28, 10 * 28), cmap="gray_r")
        below.set(title="samples", xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="an .npz file with uint8 images as 'data'")
    parser.add_argument("--images", type=int, help="number of images to use, evenly spread")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--figure", type=Path, default=Path("bbans_mnist.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    grey = read_images(options.data)
    if options.images is not None:
        grey = grey[np.linspace(0, len(grey) - 1, options.images).astype(int)]
    data = {"binary": binarised(grey), "raw": grey}
    models = {"binary": load("mnist-vae-binary"), "raw": load("mnist-vae")}
    packed = {"binary": np.packbits(data["binary"]).tobytes(), "raw": grey.tobytes()}
    columns, others = {}, {}
    for name, images in data.items():
        result, bits = bits_back(models[name], images, options.threads)
        columns[name] = models[name], result, bits
        others[name] = general_codecs(images, packed[name])

    print(f"{len(grey):,} images, bits / pixel   {'binary':>8} {'raw':>8}")
    print(f"  {'uncompressed':26} {1:8.4f} {8:8.4f}")
    for name in others["raw"]:
        print(f"  {name:26} {others['binary'][name]:8.4f} {others['raw'][name]:8.4f}")
    for rate in ("elbo", "net", "used", "total"):
        label = "ELBO of the VAE" if rate == "elbo" else f"BB-ANS, {rate}"
        print(f"  {label:26} " + " ".join(f"{columns[name][1][rate]:8.4f}" for name in data))
    for way in ("encode", "decode"):
        seconds = " ".join(f"{columns[name][1][f'{way}_s']:8.2f}" for name in data)
        print(f"  seconds to {way:15} {seconds}")
    print("All images were restored.")
    draw(options.figure, columns)
    if options.json:
        print(json.dumps({name: column[1] for name, column in columns.items()}))


if __name__ == "__main__":
    main()
