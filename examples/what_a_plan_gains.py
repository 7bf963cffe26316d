"""
What each stage of a plan gains
===============================

An entropy coder knows how often each symbol occurs, and nothing else. A plan's stages turn an array
into symbols that such a coder does well with. Here the stages of a plan are switched on one after
the other, and what the coder sees is drawn behind each of them, beside the bits that a value takes.
"""

# %%
# The array is real if it can be: monthly temperatures of the surface of tropical seas, 32-bit
# floats, with a fill value where there is land (the package iris-sample-data, read by h5py).
# Otherwise a field of that kind is made up. As a script, this takes an array of your own:
# ``python what_a_plan_gains.py ARRAY.npy``.

# region Imports and options
import argparse
import importlib.util
import sys
from pathlib import Path

import numpy as np

import ansflow
from ansflow.transforms import Recipe
from ansflow.transforms.layout import Layout
from ansflow.transforms.registry import by_name

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figure needs matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="What each stage of a plan gains, in bits a value.")
parser.add_argument("array", nargs="?", type=Path, help="a .npy file")
parser.add_argument("--level", type=int, default=3, help="1 to 9, 3 by default")
parser.add_argument("--made-up", action="store_true", help="even if there are real data")
parser.add_argument("--figure", type=Path, help="where to save the figure")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion


# region The data
def measured():
    """Sea surface temperatures of 54 months, in kelvins."""
    import h5py

    (folder,) = importlib.util.find_spec("iris_sample_data").submodule_search_locations
    with h5py.File(Path(folder, "sample_data", "ostia_monthly.nc")) as file:
        return file["surface_temperature"][...]


def made_up():
    """Twelve months on a grid of a degree: latitude, waves, seasons, weather."""
    rng = np.random.default_rng(0)
    month = np.arange(12)[:, None, None]
    y, x = np.mgrid[-1:1:180j, -1:1:360j]
    weather = rng.normal(0, 0.05, (12, *y.shape)).cumsum(2)
    climate = 273 + 28 * np.cos(2 * y) + 3 * np.sin(9 * x) * np.cos(5 * y)
    seasons = 8 * y * np.cos(month * np.pi / 6)
    field = np.round(climate + seasons + weather, 2).astype(np.float32)
    field[:, np.sin(5 * x) * np.cos(4 * y) > 0.3] = -9999
    return field


# endregion


if options.array:
    array = np.load(options.array)
elif all(map(importlib.util.find_spec, ("iris_sample_data", "h5py"))) and not options.made_up:
    array = measured()
else:
    array = made_up()
if not array.size:
    parser.error("the array is empty: there is nothing to gain")
print(f"{array.dtype} {array.shape}, {array.nbytes:,} bytes")

# %%
# ``ansflow.plan`` looks at a sample of the array and chooses a recipe, which is a tree of
# transforms. The values pass through the first output of each. The others hold what has been set
# apart, such as the places of fill values. A path ends where values are divided among several
# recipes, such as those of the columns of a table.

SIDE_BY_SIDE = "columns", "fields", "groups"


def path_of(recipe):
    """The stages that values pass through, outermost first."""
    stages = [recipe]
    while stages[-1].outputs and stages[-1].name not in SIDE_BY_SIDE:
        stages.append(stages[-1].outputs[0])
    return stages


plan = ansflow.plan(array, level=options.level)
stages = path_of(plan.recipe) if plan.recipe else []
if not stages:
    print(f"No recipe is better for {array.dtype} {array.shape} than coding its bytes.")
print(plan)

# %%
# Now the recipe is cut short behind one stage after the other. What is left there is coded as the
# bytes that it consists of, first bytes of all numbers apart from second ones, and so on. All that
# a file takes is counted, tables and fill values included, and each file is decoded and compared.
#
# Some stages *cost* bits where they stand. They are there for those behind them: whoever subtracts
# a fill value from its neighbour gets a huge difference twice, at each shore.

PLAIN = Recipe("planes"), Recipe("stream")  # of several bytes, and of one


def cut_short(stages, rest):
    """The recipe of some stages, and of another one for what they leave."""
    for stage in reversed(stages):
        rest = Recipe(stage.name, (rest, *stage.outputs[1:]), stage.settings)
    return rest


def bits_a_value(recipe):
    """Bits that a value of the array takes, all of which have to come back."""
    blob = ansflow.compress(array, plan=ansflow.Plan(recipe=recipe, level=options.level))
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    return 8 * len(blob) / array.size


def bits_as_bytes(stages):
    """The same for some stages of a recipe, if the bytes of what they leave are coded."""
    for rest in PLAIN:
        try:
            return bits_a_value(cut_short(stages, rest))
        except ValueError:  # numbers of one byte have no planes
            if rest is PLAIN[-1]:
                raise


bits = {"as it is": 8.0 * array.itemsize, "bytes, coded": bits_as_bytes([])}
for number, stage in enumerate(stages, 1):
    last = number == len(stages)
    bits[str(stage.alone)] = bits_a_value(plan.recipe) if last else bits_as_bytes(stages[:number])

NAME, WIDTH, BAR = 24, 8, 42
print(f"{'behind this stage':{NAME}}{'bits a value':>{WIDTH + 2}}")
for name, value in bits.items():
    short = name if len(name) < NAME else name[: NAME - 4] + "..."
    bar = "#" * max(1, round(BAR * value / bits["as it is"]))
    print(f"{short:{NAME}}{value:{WIDTH}.3f}  {bar}")
print(f"\nThe array becomes {bits['as it is'] / value:.2f} times smaller.")

# %%
# What the stages are for:

# region What each transform does
WHAT_IT_DOES = {
    "affine": "subtracts an offset and divides by a common step",
    "bins": "splits numbers into intervals that suit them, which are coded, and raw bits",
    "bytes": "leaves bytes as they are",
    "columns": "separates the places along the last axis, which have recipes of their own",
    "decimal": "makes integers of decimals, for instance of cents",
    "delta": "subtracts the neighbour along each of these axes",
    "dict": "replaces values by their places in a list of all that occur",
    "digits": "separates small numbers that were packed in one, which have recipes of their own",
    "fields": "separates the fields of a structure, which have recipes of their own",
    "groups": "puts columns that are alike one after the other, each group with its own recipe",
    "items": "makes numbers of bytes",
    "lin": "splits numbers into equal intervals, which are coded, and raw bits",
    "log": "splits numbers into their magnitudes, which are coded, and raw bits",
    "lookback": "subtracts a number far back, and notes how far that is",
    "mask": "takes out a frequent value, and notes where it was",
    "ordered": "makes integers of floats, or of signed numbers, in the same order",
    "planes": "separates the first bytes of all numbers, the second ones, and so on",
    "lpc": "subtracts weighted sums of the numbers before",
    "join": "takes axes of one place, or several short ones, as one",
    "period": "lays numbers that swing with a period out in rows",
    "ramp": "subtracts straight lines",
    "runs": "replaces equal values in a row by one of them and their number",
    "sparse": "takes out a frequent value, and closes the gaps",
    "stencil": "subtracts weighted sums of neighbours along several axes",
    "stream": "codes bytes as they are",
}
# endregion
for name in dict.fromkeys(stage.name for stage in stages):
    print(f"{name:>8} {WHAT_IT_DOES[name]}")

# %%
# The figure shows the numbers that leave each stage: on the left where they are in the array, in
# the middle how often each occurs, on a logarithmic scale, and on the right what a value takes.
# Watch the histogram: of values that are spread over thousands of integers, none is much more
# frequent than another, but what a good prediction leaves stands in a narrow peak. In the end,
# these integers become some dozens of tokens, whose frequencies the coder knows well, and raw bits
# below them, which are not worth a model: integers of about the same size are about equally
# frequent.
# Values beyond the ends of a histogram are counted in its outermost bins.

# region Drawing
FOLDING = "delta", "lpc", "stencil"  # they make 0, -1, 1, -2, ... 0, 1, 2, 3, ...
KEEPING = "join", "mask", "period", "runs", "sparse"  # numbers stay what they are
MAPPING = "ordered", "decimal"  # their integers are large, and counted from the least here
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#BBBBBB"


def behind(stages):
    """The numbers that leave each of the stages, in their shape where they still have one."""
    items = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    layout, dtype = Layout(array.itemsize, array.shape), array.dtype
    for stage in stages:
        if stage.name != "stream":
            transform = by_name(stage.name)
            parameters, outputs = transform.forward(items, layout, *stage.settings)
            items, layout = outputs[0], transform.outputs(parameters, layout)[0]
            dtype = dtype if stage.name in KEEPING else f"<u{layout.itemsize}"
        numbers = items.view(dtype).reshape(layout.shape)
        if stage.name in FOLDING and "rising" not in stage.settings:
            numbers = (numbers >> 1).astype("i8") ^ -(numbers & 1).astype("i8")
        elif stage.name in MAPPING:
            numbers = numbers - numbers.min()
        yield numbers


def usual(numbers):
    """Limits of what most numbers are: three times the range of the middle half, at most."""
    low, high = np.quantile(numbers, [0.25, 0.75])
    room = 3 * (high - low) or 8
    return max(numbers.min(), low - room), min(numbers.max(), high + room)


def show_places(axes, numbers, low, high):
    """A picture of one step along the first axes, or a curve of the first numbers."""
    if numbers.ndim > 1:
        picture = numbers.reshape(-1, *numbers.shape[-2:])[0]
        colours = plt.colormaps["cividis"].with_extremes(over=GREY, under=GREY)
        axes.imshow(picture, colours, aspect="auto", vmin=low, vmax=high, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
    else:
        axes.plot(numbers[:500], color=BLUE, linewidth=0.8)
        axes.set(ylim=(low, high), xticks=[])


def show_frequencies(axes, numbers, low, high):
    """How often numbers occur, those beyond the limits in the outermost bins."""
    whole = numbers.dtype.kind in "iu" and high - low < 150
    edges = np.arange(low - 0.5, high + 1) if whole else np.linspace(low, high, 101)
    axes.hist(np.clip(numbers.ravel(), low, high), edges, color=BLUE)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 6), useMathText=True)
    axes.tick_params(labelsize=8)


if plt and stages and array.dtype.kind in "iuf":
    names = ["as it is", *(str(stage.alone) for stage in stages)]
    kept = [array, *behind(stages)]
    coded = [bits["bytes, coded" if name == "as it is" else name] for name in names]
    figure, grid = plt.subplots(
        len(names), 3, figsize=(11, 0.6 + 1.35 * len(names)), width_ratios=[3, 3, 2]
    )
    for name, numbers, value, (places, frequencies, bar) in zip(
        names, kept, coded, grid, strict=True
    ):
        finite = numbers[np.isfinite(numbers)]
        low, high = usual(finite)
        show_places(places, numbers, low, high)
        places.set_title(name if name == "as it is" else f"behind {name}", fontsize=10, loc="left")
        show_frequencies(frequencies, finite, low, high)
        bar.barh([0], value, color=ORANGE if name == names[-1] else BLUE)
        bar.text(value, 0, f" {value:.2f}", va="center")
        bar.set(xlim=(0, 1.25 * max(coded)), ylim=(-1, 1), yticks=[])
        bar.spines[["top", "right"]].set_visible(False)
    grid[0, 1].set_title("how many values", fontsize=10)
    grid[0, 2].set_title("bits a value, if bytes are coded here", fontsize=10)
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion
