"""Two photographs with the model that comes with ansflow, against PNG and lossless WebP.

HiLLoC (Townsend, Bird, Kunze & Barber 2020, arXiv:1912.09953): a hierarchical VAE that is fully
convolutional codes images of any size by bits back. H(X) = H(X, Z) - H(Z | X): to push x and its
latents takes H(X, Z) bits, and to pop the latents before gives H(Z | X) back. The bits that the
first latents are popped from are those of pixels that have no latents. The photographs are
`chelsea` and `coffee` of scikit-image, which the model has not been trained on. Bits a subpixel:

elbo    the bound, computed in floating point with continuous latents
net     what a stack that holds other bits grows by
total   what `ansflow.compress` makes of the photograph alone, all headers included

Draws the rates, and what each octave takes, if matplotlib is installed. It takes scikit-image,
with which Pillow comes: ``pip install scikit-image "ansflow[plot]"``.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

import ansflow
from ansflow import bitsback
from ansflow.bitsback import HiLLoC, Stack

COLUMNS = ("elbo", "net", "total", "png", "webp", "encode_s", "decode_s")


def with_pillow(photo: np.ndarray, form: str, **options: object) -> float:
    """Bits a subpixel that another format takes."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, form, **options)
    again = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    assert np.array_equal(again, photo)
    return 8 * len(file.getvalue()) / photo.size


def net_rate(model: HiLLoC, photo: np.ndarray) -> float:
    """Bits a subpixel that are added to a stack, with latents in all octaves."""
    random = np.random.default_rng(0).bytes(photo.size)
    stack, codec = Stack.from_initial_bits(random), model.codec(photo.shape)
    start = stack.mark()
    codec.push(stack, photo)
    net = stack.rates(start).net
    assert np.array_equal(codec.pop(stack), photo)
    assert stack == Stack.from_initial_bits(random)
    return net / photo.size


def measured(model: HiLLoC, photo: np.ndarray) -> dict[str, float]:
    """A row of the table; the photograph is decoded and compared."""
    ansflow.decompress(ansflow.compress(photo[:40, :40], model=model))  # compiles
    times = [time.perf_counter()]
    blob = ansflow.compress(photo, model=model)
    times.append(time.perf_counter())
    again = ansflow.decompress(blob)
    times.append(time.perf_counter())
    assert np.array_equal(again, photo)
    return {
        "elbo": -model.elbo(photo, rng=0) / photo.size,
        "net": net_rate(model, photo),
        "total": 8 * len(blob) / photo.size,
        "png": with_pillow(photo, "PNG", optimize=True),
        "webp": with_pillow(photo, "WEBP", lossless=True, quality=100, method=6),
        "encode_s": times[1] - times[0],
        "decode_s": times[2] - times[1],
    }


def octave_rates(model: HiLLoC, photo: np.ndarray) -> list[tuple[float, float]]:
    """Bits of latents and of pixels in each octave from the finest, a subpixel of the photo."""
    rng, image, rates = np.random.default_rng(0), photo, []
    while max(image.shape[:2]) > 16:
        energy = model.octave.free_energy(image, not rates, rng)
        rates.append((energy.latents / photo.size, energy.pixels / photo.size))
        image = image[::2, ::2]
    return rates


def draw(
    file: Path, model: HiLLoC, photos: dict[str, np.ndarray], found: dict[str, dict[str, float]]
) -> None:
    """Rates of all formats, and of all octaves."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ModuleNotFoundError:
        print("(no figure: it needs matplotlib)")
        return
    figure, rows = pyplot.subplots(len(found), 3, figsize=(11, 3 * len(found)), squeeze=False)
    for (name, rates), (image, formats, octaves) in zip(found.items(), rows, strict=True):
        photo = photos[name]
        image.imshow(photo)
        image.set(title=name, xticks=[], yticks=[])
        columns = ["png", "webp", "total", "elbo"]
        bars = formats.bar(columns, [rates[column] for column in columns])
        formats.bar_label(bars, fmt="%.2f")
        formats.set(ylabel="bits a subpixel")
        formats.margins(y=0.1)
        latents, pixels = np.transpose(octave_rates(model, photo))
        steps = [str(1 << i) for i in range(len(pixels))]
        octaves.bar(steps, pixels, label="pixels")
        octaves.bar(steps, latents, bottom=pixels, label="latents")
        octaves.set(xlabel="distance of pixels that are predicted", ylabel="bits a subpixel")
        octaves.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    print(f"The figure is in {file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the file of another model")
    parser.add_argument("--crop", type=int, help="take so many rows and columns of each")
    parser.add_argument("--figure", type=Path, default=Path("hilloc_photos.png"))
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    options = parser.parse_args()

    model = HiLLoC.load(options.model) if options.model else bitsback.load("photographs")
    assert isinstance(model, HiLLoC)
    if options.model:
        bitsback.register(model)
    middle = slice(100, 100 + options.crop) if options.crop else slice(None)
    photos = {name: getattr(data, name)()[middle, middle] for name in ("chelsea", "coffee")}
    found = {name: measured(model, photo) for name, photo in photos.items()}
    print(f"{'':10} " + " ".join(f"{column:>8}" for column in COLUMNS))
    for name, rates in found.items():
        print(f"{name:10} " + " ".join(f"{rates[column]:8.3f}" for column in COLUMNS))
    print("All photographs were restored, bit for bit.")
    draw(options.figure, model, photos, found)
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
