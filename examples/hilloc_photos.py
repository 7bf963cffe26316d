"""
Photographs, and where their bits go
====================================

A model with latent variables that is convolutional throughout codes photographs of any size by bits
back. It spends few bits on what one can foresee, such as a blurred background, and many on fur.
Here is the map of them.
"""

# %%
# This is HiLLoC (Townsend, Bird, Kunze and Barber 2020, arXiv:1912.09953), with the model that
# comes with ansflow. H(X) = H(X, Z) - H(Z | X): to push x and its latents takes H(X, Z) bits, and
# to pop the latents before gives H(Z | X) back. The bits that the first latents are popped from are
# not random ones from elsewhere, but those of pixels that have no latents, so that a single
# photograph is enough to begin.
#
# The photographs are ``chelsea`` and ``coffee`` of scikit-image, which the model has not been
# trained on: ``pip install "ansflow[plot]" scikit-image``, with which Pillow comes.

# region Imports and options
import argparse
import io
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter
from skimage import data

import ansflow
from ansflow import bitsback
from ansflow.bitsback import ConditionalBuckets, HiLLoC, Stack
from ansflow.bitsback.models.colours import ORDER
from ansflow.bitsback.models.gaussian_latents import floats_of
from ansflow.bitsback.models.octave import WITH_LATENTS, Given
from ansflow.bitsback.models.phases import PHASES, coarse_of, phases_of

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Photographs, against PNG and lossless WebP.")
parser.add_argument(
    "--photos", nargs="+", choices=("chelsea", "coffee"), help="chelsea, or both with --json"
)
parser.add_argument("--model", type=Path, help="the file of another model")
parser.add_argument("--crop", type=int, help="take so many rows and columns of each")
parser.add_argument("--figure", type=Path, help="where to save the figure of maps")
parser.add_argument("--json", action="store_true", help="end with a line of JSON")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

model = HiLLoC.load(options.model) if options.model else bitsback.load("photographs")
assert isinstance(model, HiLLoC)
if options.model:
    bitsback.register(model)
middle = slice(100, 100 + options.crop) if options.crop else slice(None)
names = options.photos or (["chelsea", "coffee"] if options.json else ["chelsea"])
photos = {name: getattr(data, name)()[middle, middle] for name in names}

# %%
# For users it is a line: ``ansflow.compress(photo, model="photographs")``. It makes a frame like
# any other. Measured in bits a subpixel:
#
# ===== =====================================================================
# elbo  the bound, computed in floating point with continuous latents
# net   what a stack that holds other bits grows by
# total what ``ansflow.compress`` makes of the photograph alone, all headers included
# ===== =====================================================================

# region Measuring
SMALLEST = 4  # rows and columns at most of what is coded without networks
GREYS = "camera", "coins"
COLUMNS = ("elbo", "net", "total", "png", "webp", "encode_s", "decode_s")


def with_pillow(photo: np.ndarray, form: str, **options: object) -> float:
    """Bits a subpixel that another format takes."""
    file, image = io.BytesIO(), Image.fromarray(photo)
    image.save(file, form, **options)
    again = np.asarray(Image.open(io.BytesIO(file.getvalue())).convert(image.mode))
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


# endregion


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


found = {name: measured(model, photo) for name, photo in photos.items()}
print(f"{'':10} " + " ".join(f"{column:>8}" for column in COLUMNS))
for name, rates in found.items():
    print(f"{name:10} " + " ".join(f"{rates[column]:8.3f}" for column in COLUMNS))

# %%
# Grey photographs are taken for coloured ones with three equal colours, of which one is coded. The
# model has not been trained on any.

greys = {name: getattr(data, name)()[middle, middle] for name in GREYS[: len(names)]}
for name, photo in greys.items():
    rates = measured(model, photo)
    print(f"{name:10} " + " ".join(f"{rates[column]:8.3f}" for column in COLUMNS))
print("All photographs were restored, bit for bit.")

# %%
# Where the bits go
# -----------------
# A photograph is coded in octaves: first a few pixels that are far apart, then those in the middle
# between them, and so on, until every pixel is there. In each octave, the pixels between those that
# are known come in three phases, of which the last one is seen by no latents.
#
# So each pixel has a price, that of its octave and phase, and a share of the latents around it. The
# map adds both up, averaged over 4 x 4 pixels, since those of early octaves are the dearer ones.
#
# The share of the latents also says what the model makes of them. Where it is next to nothing, the
# pixels have learned to do without: their neighbours say it all. That is called posterior collapse,
# is frequent where pixels see each other as they do here, and costs nothing but the chance to do
# better.


# region Bits of each pixel
def prices(model: HiLLoC, image: np.ndarray, rng: np.random.Generator, finest: bool = True):
    """Bits of each pixel, and the bits of latents and of pixels in each octave, finest first."""
    bits = np.zeros(image.shape[:2])
    if max(image.shape[:2]) <= SMALLEST:  # equally likely values
        bits[:] = 24
        return bits, []
    octave, phases = model.octave, phases_of(image)
    given = Given(octave, coarse_of(image), finest)
    inferred = given.inferred(phases[:WITH_LATENTS])
    latents = 0

    def sampled(i: int, prior: ConditionalBuckets, features: np.ndarray) -> np.ndarray:
        nonlocal latents
        shift, log2_ratio = floats_of(given.posterior(i, features, inferred))
        ratio = np.exp2(log2_ratio)
        divergence = (shift**2 + ratio**2 - 1) / 2 - np.log(ratio)
        latents = latents + divergence[0].sum(axis=-1) / np.log(2)
        return prior.mean + prior.scale * (shift + ratio * rng.standard_normal(shift.shape))

    summed = given.summed(sampled)
    for i, ((row, column), phase) in enumerate(zip(PHASES, phases, strict=True)):
        features = summed if i < WITH_LATENTS else given.trunk
        known = octave.pixels.given(given.parameters(i, features, phases[:i], phase.shape), phase)
        for channel, parameters in zip(ORDER, known, strict=True):
            bits[row::2, column::2] += octave.pixels.grey.bits(parameters, phase[..., channel])
    here = latents.sum(), bits.sum()
    height, width = bits.shape
    bits += latents.repeat(4, axis=0).repeat(4, axis=1)[:height, :width] / 16
    bits[::2, ::2], before = prices(model, coarse_of(image), rng, finest=False)
    return bits, [here, *before]


# endregion


maps, octaves = {}, {}
for name, photo in photos.items():
    maps[name], octaves[name] = prices(model, photo, np.random.default_rng(0))
    bits = maps[name].sum() / photo.size
    assert abs(bits / found[name]["elbo"] - 1) < 0.01
    share = sum(latents for latents, _ in octaves[name]) / maps[name].sum()
    print(f"{name}: {bits:.3f} bits a subpixel on the map, {share:.2%} of them for latents")

# %%
# The map beside the photograph. Darker is cheaper.

# region Drawing
if plt:
    figure, rows = plt.subplots(
        len(photos), 2, figsize=(11, 4 * len(photos)), squeeze=False, layout="constrained"
    )
    for (name, photo), (left, right) in zip(photos.items(), rows, strict=True):
        smooth = uniform_filter(maps[name], 4)
        left.imshow(photo)
        left.set_title(f"{name}: 24 bits a pixel", fontsize=11)
        picture = right.imshow(smooth, cmap="cividis", vmin=0, vmax=np.quantile(smooth, 0.999))
        right.set_title(f"{maps[name].mean():.2f} bits a pixel, and where they go", fontsize=11)
        figure.colorbar(picture, ax=right, label="bits a pixel", shrink=0.85)
        for axes in (left, right):
            axes.set(xticks=[], yticks=[])
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# %%
# Against other formats, and how hard pixels are to predict, by how far those are that are known
# already: neighbours say a lot, pixels far away hardly anything. But there are few of the latter.
# Above each bar stands which part of all bits that octave takes.

# region Drawing
BLUE, ORANGE, SKY = "#0072B2", "#E69F00", "#56B4E9"

if plt:
    figure, rows = plt.subplots(
        len(photos), 2, figsize=(10, 3.6 * len(photos)), squeeze=False, layout="constrained"
    )
    for (name, rates), (formats, steps) in zip(found.items(), rows, strict=True):
        columns = {"png": "PNG", "webp": "WebP", "total": "ansflow", "elbo": "its bound"}
        bars = formats.bar(
            [*columns.values()],
            [rates[column] for column in columns],
            color=[SKY, SKY, ORANGE, "white"],
            hatch=["//", "..", "", ""],
            edgecolor="black",
        )
        formats.bar_label(bars, fmt="%.3f")
        formats.margins(y=0.1)
        formats.set(ylabel="bits a subpixel", title=name)
        bits = np.sum(octaves[name], axis=1)
        distances = [1 << i for i in range(len(bits))]
        known = [photos[name][::step, ::step].size for step in (*distances, 2 * distances[-1])]
        bars = steps.bar([*map(str, distances)], bits / -np.diff(known), color=BLUE)
        steps.bar_label(bars, [f"{share:.1%}" for share in bits / maps[name].sum()])
        steps.margins(y=0.1)
        steps.set(xlabel="distance of known pixels", ylabel="bits of a subpixel between them")
        for axes in (formats, steps):
            axes.spines[["top", "right"]].set_visible(False)

if options.json:
    print(json.dumps(found))
# endregion
