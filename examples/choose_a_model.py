"""
Choosing a model for your data
==============================

One array, five models: how the size falls with what the model knows. The coder adds next to
nothing, so the model is all that matters, and its cost can be read off before anything is coded.

The data are those of a sensor that switches between two levels, with noise around each.
"""

# %%

# region Imports
import math

import numpy as np
from scipy import stats

import ansflow
from ansflow.models import Bernoulli, Categorical, Conditional, Mixture, Quantized, Uniform

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('Figures need matplotlib: pip install "ansflow[plot]"')
# endregion

# %%
# Look at the data
# ----------------
# A million samples. In time, on the left, the level stays for a thousand samples or so. The
# histogram, on the right, has forgotten time: it has two peaks, with tails that fall by the same
# factor at each step (straight lines on a logarithmic axis), which is a Laplace distribution and
# not a normal one.

N = 1 << 20
rng = np.random.default_rng(0)
level = (np.cumsum(rng.random(N) < 0.001) % 2).astype(np.uint8)
readings = np.rint(np.where(level, 120, -80) + rng.laplace(0, 6, N)).astype(np.int16)
readings = np.clip(readings, -256, 255)
values = np.arange(-256, 256)
shares = np.bincount(readings + 256, minlength=512) / N

# region Drawing
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"

if plt:
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3), layout="constrained", width_ratios=[3, 2]
    )
    left.plot(readings[:6000], color=BLUE, lw=0.5)
    left.set(xlabel="sample", ylabel="value")
    right.step(values, shares, where="mid", color="black", lw=1)
    right.set(xlabel="value", ylabel="share of all samples", yscale="log")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# Five models
# -----------
# Each says how likely each value is. The support, -256 to 255, has to contain all values: a value
# without a probability can't be coded. ``Quantized`` makes integer frequencies of any frozen
# distribution of ``scipy.stats``.

support = {"low": -256, "high": 255, "precision": 14}
low_level = Quantized(stats.laplace(-80, 6), **support)
high_level = Quantized(stats.laplace(120, 6), **support)
models = {
    "Uniform": Uniform(512, low=-256),
    "Quantized (one normal)": Quantized(stats.norm(*stats.norm.fit(readings)), **support),
    "Mixture (both levels)": Mixture([low_level, high_level]),
    "Categorical.fit": Categorical.fit(readings, precision=14),
    "Conditional (on the level)": Conditional.from_models([low_level, high_level], level),
}

# %%
# The models against the histogram. If p is the share of a value in the data, and q what the model
# says, a sample takes the mean of -log2 q, the *cross-entropy*: at best, with q = p, the entropy of
# the histogram. A normal distribution puts nearly all of its probability where there are no data.
# The flat parts are the least frequency, one of 2^14: no value of the support is said to be
# impossible. What is beyond the support is added to its ends.
#
# ``Conditional`` is two distributions, and leaves the histogram behind: it is told, for each
# sample, which of them applies.


# region Drawing
def probabilities(model):
    """Of the values from -256 on; a matrix if there are several distributions."""
    freq = np.atleast_2d(model.freq)
    found = np.zeros((len(freq), values.size))
    first = getattr(model, "low", 0) + 256
    found[:, first : first + freq.shape[1]] = freq / (1 << model.precision)
    return found


if plt:
    figure, panels = plt.subplots(
        2, 3, figsize=(9, 4.6), layout="constrained", sharex=True, sharey=True
    )
    for axes, (name, model) in zip(panels.flat, models.items(), strict=False):
        axes.fill_between(values, shares, 1e-7, step="mid", color="#DDDDDD", label="data")
        styles = (BLUE, "-"), (ORANGE, "--")
        for row, (colour, dashes) in zip(probabilities(model), styles, strict=False):
            axes.plot(values, np.where(row > 0, row, np.nan), dashes, color=colour, lw=1.5)
        axes.set(yscale="log", ylim=(1e-6, 0.2))
        axes.set_title(name, size=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    panels[1, 2].axis("off")
    panels[0, 2].tick_params(labelbottom=True)
    panels[0, 0].set_ylabel("probability")
    panels[1, 0].set_ylabel("probability")
    panels[1, 1].set_xlabel("value")
# endregion

# %%
# What they cost
# --------------
# ``code_length`` says what the data take under a model, without coding them, so models can be
# compared first. The overhead of the words over it is that of the coder.

sizes = {}
print(f"{'model':28}{'bits/sample':>12}{'overhead':>11}")
for name, model in models.items():
    words = ansflow.encode(readings, model)
    assert np.array_equal(ansflow.decode(words, model, N), readings)
    bits = 16 * words.size
    sizes[name] = bits / N
    print(f"{name:28}{sizes[name]:12.3f}{bits / model.code_length(readings) - 1:11.3%}")

# %%
# The last one needs the level of each sample beside the words. It changes every thousand samples,
# so that is cheap: a model of the changes says how cheap. And ``ansflow.compress``, which is told
# nothing, chooses for itself, and stores what it chose with the data.

changes = np.diff(level, prepend=level[0]) & 1
for_levels = Bernoulli(changes.mean()).code_length(changes) / N
blob = ansflow.compress(readings)
assert np.array_equal(ansflow.decompress(blob), readings)
sizes["ansflow.compress"] = 8 * len(blob) / N
print(f"The levels take {for_levels:.3f} bits more.")
print(f"ansflow.compress: {sizes['ansflow.compress']:.3f} bits, with all tables.")

noise = stats.laplace(0, 6)
masses = np.diff(noise.cdf(np.arange(-200, 202) - 0.5))
limit = float(-(masses * np.log2(masses)).sum()) + for_levels
assert math.isclose(sizes[list(models)[-1]] + for_levels, limit, rel_tol=0.01)

# region Drawing
if plt:
    figure, axes = plt.subplots(figsize=(9, 3.2), layout="constrained")
    bars = axes.barh(list(sizes), list(sizes.values()), color="#56B4E9")
    bars[-1].set(facecolor=PINK, hatch="//", edgecolor="white")
    conditional = list(models)[-1]
    axes.barh(conditional, for_levels, left=sizes[conditional], color="black")
    axes.bar_label(bars, fmt="%.2f", padding=6)
    axes.axvline(limit, color="black", ls="--")
    axes.text(limit, -0.8, f"entropy of the sensor, {limit:.2f}", ha="center")
    axes.set(xlabel="bits a sample", ylim=(5.6, -0.6), xlim=(0, 10))
    axes.spines[["top", "right"]].set_visible(False)
# endregion

# %%
# So: fit what you can name. If you can only count, ``Categorical.fit`` is nearly as good as the
# right family, given data enough. And what is known for each sample, here the level, is worth more
# than a better curve. Contexts can also be what came before: ``Markov`` chooses by the previous
# symbol, and for whole arrays of numbers, ``ansflow.plan`` tries predictions. If a class is
# missing, write it: :doc:`own_model`.
