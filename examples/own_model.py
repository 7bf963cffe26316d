"""
A model of your own
===================

A user-defined model is used like the models of ansflow, at the same speed. ``ansflow.encode`` needs
only ``precision`` and ``freq``: integer frequencies that sum to ``2**precision``.

This example models photon counts in a mostly dark image by a Poisson distribution with more zeros.
"""

# %%

# region Imports
import functools
import math
import time

import numpy as np

import ansflow

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')
# endregion

# %%
# The data
# --------
# Counts of photons: 60% of all pixels are dark, and the others have 5 photons on average.

rng = np.random.default_rng(0)
shape = (2000, 2000)
picture = np.where(rng.random(shape) < 0.6, 0, rng.poisson(5.0, shape)).astype(np.uint8)

# %%
# The model
# ---------
# Probabilities become integers by ``ansflow.models.quantize``, which makes the expected size as
# small as it can be with these many slots. The array is made read-only, which is a promise that it
# does not change: ansflow then builds its tables once, and not in every call.


class ZeroInflatedPoisson:
    """0 with probability `dark`, otherwise Poisson; counts above `most` cannot be coded."""

    def __init__(self, dark, rate, most=63, precision=12):
        probs = [math.exp(-rate) * rate**k / math.factorial(k) for k in range(most + 1)]
        weights = (1 - dark) * np.array(probs)
        weights[0] += dark
        self.precision = precision
        self.freq = ansflow.models.quantize(weights, precision)
        self.freq.setflags(write=False)

    def bits(self, symbols):
        """The ideal size of `symbols` in bits, without rounding to words."""
        return float(np.sum(self.precision - np.log2(self.freq[symbols])))


models = {
    "Poisson alone": ZeroInflatedPoisson(dark=0, rate=picture.mean()),
    "Poisson with more zeros": ZeroInflatedPoisson(dark=0.6, rate=5.0),
}
for name, model in models.items():
    words = ansflow.encode(picture, model)
    assert np.array_equal(ansflow.decode(words, model, shape), picture)
    rate, ideal = (bits / picture.size for bits in (16 * words.size, model.bits(picture)))
    print(f"{name:24} {words.nbytes:10,} bytes, {rate:.3f} bits a pixel, ideal {ideal:.3f}")

# %%
# Poisson alone comes out a little below what it should take. States are whole numbers, which makes
# some symbols take a little less than they should, and others more. Where a model is wrong, that
# may happen to help.
#
# A corner of the picture; the counts, next to what both models expect; and what that costs.

# region Drawing
BLUE, ORANGE, SKY = "#0072B2", "#D55E00", "#56B4E9"

if plt:
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(9.5, 3.2), layout="constrained", width_ratios=[3, 4, 3]
    )
    shown = left.imshow(picture[:40, :40], cmap="gray", vmax=14)
    left.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=left, label="photons", shrink=0.8)
    counts = np.bincount(picture.reshape(-1), minlength=64)[:16]
    middle.bar(range(16), counts / picture.size, color="#CCCCCC", label="data")
    for (name, model), look in zip(models.items(), ("s--", "o-"), strict=True):
        colour = ORANGE if look == "s--" else BLUE
        expected = model.freq[:16] / 2**model.precision
        middle.plot(expected, look, color=colour, ms=4, lw=1, label=name)
    middle.set(xlabel="photons", ylabel="share of pixels, probability")
    middle.set_xticks(range(0, 16, 5))
    middle.legend(frameon=False)
    sizes = [model.bits(picture) / picture.size for model in models.values()]
    bars = right.bar(["Poisson", "more zeros"], sizes, color=[ORANGE, BLUE], width=0.6)
    bars[0].set(hatch="//", edgecolor="white")
    right.bar_label(bars, fmt="%.2f")
    right.set(ylabel="bits a pixel")
    for axes in (middle, right):
        axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# At the same speed
# -----------------
# The kernels see arrays only, and ansflow's own models come in by the same door. So the words are
# those of ``Categorical`` with the same frequencies, in the same time.

own = models["Poisson with more zeros"]
ours = ansflow.models.Categorical(own.freq)
words = ansflow.encode(picture, own)
assert np.array_equal(ansflow.encode(picture, ours), words)


# region Measuring
def megabytes_a_second(function):
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return picture.nbytes / min(times) / 1e6


speeds = {}
for name, model in (("own class", own), ("Categorical", ours)):
    speeds[name] = (
        megabytes_a_second(functools.partial(ansflow.encode, picture, model)),
        megabytes_a_second(functools.partial(ansflow.decode, words, model, shape)),
    )
    print(f"{name:12} encode {speeds[name][0]:6,.0f} MB/s   decode {speeds[name][1]:6,.0f} MB/s")
# endregion

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(7, 2.2), layout="constrained")
    for shift, (name, colour, hatch) in enumerate(
        (("own class", BLUE, ""), ("Categorical", SKY, "//"))
    ):
        bars = axes.barh(
            np.arange(2) + 0.4 * shift,
            speeds[name],
            0.36,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=name,
        )
        axes.bar_label(bars, fmt="%.0f", padding=4)
    axes.set_yticks([0.2, 1.2], ["encode", "decode"])
    axes.set(xlabel="MB/s, one core", xlim=(0, 1.6 * max(map(max, speeds.values()))))
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="right")
    axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# A model may also name its support, rows for classes of symbols, or contexts: see
# ``ansflow.models.Model``, which is a protocol. Nothing has to be inherited.
