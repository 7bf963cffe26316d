"""Bit-Swap: MNIST's test set, lossless, under variational autoencoders with two layers of latents.

The models come with ansflow; `train_bitswap.py` trained them on 5,000 other digits. By default the
images are every twentieth one of the test set, as in `bbans_mnist.py`, whose rates these are:

ELBO    the negative evidence lower bound of the model
net     the bits that the images added to the stack
used    the same with the initial bits that the first image needed
total   the whole message, including all initial bits and heads

Bit-Swap (F. Kingma, Abbeel & Ho 2019, arXiv:1905.06845) pops the latents of a layer when the layer
below has just been pushed. BB-ANS, which pops those of all layers first, adds as many bits, but
needs more of them to start with. How many that are for deeper models is shown by those of
`bitswap_chain.py`, with 1 to 8 layers of 64 latents.

Everything is decoded and compared. Plots the running rate of the models, their samples, and the
initial bits, if matplotlib is installed (``pip install "ansflow[plot]"``).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from bbans_mnist import PIXELS, binarised, bits_back, read_images
from bitswap_chain import CHAINS, LAYERS, SCALE, chains, coded

from ansflow.bitsback import HierarchicalVAE, Hierarchy, load

ORDERS = {"bitswap": Hierarchy.bit_swap, "bbans": Hierarchy.bb_ans}
TITLES = {"bitswap": "Bit-Swap", "bbans": "BB-ANS"}
RATES = ("elbo", "net", "used", "total")


def starting_bits_by_depth() -> dict[str, list[int]]:
    """Initial bits of one x under models of 1 to 8 layers, for each order."""
    x = np.rint(SCALE * np.random.default_rng(0).standard_normal((1, CHAINS))).astype(np.int64)
    return {
        name: [coded(order(chains(layers)), x)[0] for layers in LAYERS]
        for name, order in ORDERS.items()
    }


def starting_bits(vae: HierarchicalVAE, image: np.ndarray) -> dict[str, int]:
    """Initial bits of one image, for each order."""
    images = image[np.newaxis, np.newaxis]
    return {name: coded(order(vae.hierarchy(1)), images)[0] for name, order in ORDERS.items()}


def draw(
    file: Path,
    columns: dict[str, tuple[HierarchicalVAE, dict[str, Any], np.ndarray]],
    initial: dict[str, list[int]],
) -> None:
    """Plot the running rate of each model with its ELBO, samples, and initial bits."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, axes = pyplot.subplots(2, 3, figsize=(14, 7))
    for (name, (vae, result, bits)), (above, below) in zip(
        columns.items(), axes[:, :2].T, strict=True
    ):
        images = np.arange(1, len(bits) + 1)
        above.plot(images, np.cumsum(bits) / images / PIXELS, label="net rate so far")
        above.axhline(result["elbo"], color="black", linestyle="--", label="ELBO")
        above.set(title=name, xlabel="images", ylabel="bits / pixel")
        above.set_ylim(0.9 * result["elbo"], 1.1 * result["elbo"])
        above.legend()
        samples = vae.sample(60, rng=0).reshape(6, 10, 28, 28)
        below.imshow(samples.transpose(0, 2, 1, 3).reshape(6 * 28, 10 * 28), cmap="gray_r")
        below.set(title="samples", xticks=[], yticks=[])
    chart, empty = axes[:, 2]
    for name, numbers in initial.items():
        chart.plot(LAYERS, numbers, marker="o", label=TITLES[name])
    chart.set(xlabel=f"layers of {CHAINS} latents", ylabel="initial bits", ylim=(0, None))
    chart.legend()
    empty.axis("off")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="an .npz file with uint8 images as 'data'")
    parser.add_argument("--images", type=int, help="number of images to use, evenly spread")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--figure", type=Path, default=Path("bitswap_mnist.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    grey = read_images(options.data)
    if options.images is not None:
        grey = grey[np.linspace(0, len(grey) - 1, options.images).astype(int)]
    data = {"binary": binarised(grey), "raw": grey}
    models = {"binary": load("mnist-bitswap-binary"), "raw": load("mnist-bitswap")}
    columns, first = {}, {}
    for name, images in data.items():
        columns[name] = models[name], *bits_back(models[name], images, options.threads)
        first[name] = starting_bits(models[name], images[0])
    initial = starting_bits_by_depth()

    print(f"{len(grey):,} images, bits / pixel   {'binary':>8} {'raw':>8}")
    for rate in RATES:
        label = "ELBO of the model" if rate == "elbo" else f"Bit-Swap, {rate}"
        print(f"  {label:26} " + " ".join(f"{columns[name][1][rate]:8.4f}" for name in data))
    for way in ("encode", "decode"):
        seconds = " ".join(f"{columns[name][1][f'{way}_s']:8.2f}" for name in data)
        print(f"  seconds to {way:15} {seconds}")
    for order, title in TITLES.items():
        bits = " ".join(f"{first[name][order]:8,}" for name in data)
        print(f"  {f'initial bits, {title}':26} {bits}")
    print(f"\nInitial bits by layers of {CHAINS} latents")
    print("  " + " " * 10 + "".join(f"{layers:8}" for layers in LAYERS))
    for order, title in TITLES.items():
        print(f"  {title:10}" + "".join(f"{bits:8,}" for bits in initial[order]))
    print("All images were restored, and so were the stacks, bit for bit.")
    draw(options.figure, columns, initial)
    if options.json:
        keys = ("images", *RATES)
        rates = {name: {key: columns[name][1][key] for key in keys} for name in data}
        print(json.dumps(rates | {"starting_bits": initial}))


if __name__ == "__main__":
    main()
