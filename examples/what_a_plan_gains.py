"""What each stage of a plan gains: bits a value, drawn as bars in 80 columns of text.

``python what_a_plan_gains.py [ARRAY.npy] [--level LEVEL]`` lets ansflow choose a plan for an array,
and cuts its recipe short behind one stage after the other. What is left then is coded as the bytes
that it consists of. All bits are counted, those of tables and of exceptions, too, and each result
is decoded and compared. Without a file, the array is made here: a year of temperatures on a grid,
in hundredths of a kelvin, with a fill value where there is land.
"""

import argparse

import numpy as np

import ansflow
from ansflow.transforms import Recipe

# Bytes of numbers apart from each other, and numbers that are bytes themselves.
PLAIN = Recipe("planes"), Recipe("stream")

WHAT_IT_DOES = {
    "affine": "subtracts an offset and divides by a common step",
    "columns": "separates the places along the last axis, which have recipes of their own",
    "decimal": "makes integers of decimals, for instance of cents",
    "delta": "subtracts the neighbour along each of these axes",
    "dict": "replaces values by their places in a list of all that occur",
    "fields": "separates the fields of a structure, which have recipes of their own",
    "items": "makes numbers of bytes",
    "lin": "splits numbers into equal intervals, which are coded, and raw bits",
    "log": "splits numbers into their magnitudes, which are coded, and raw bits",
    "mask": "takes out a frequent value, and notes where it was",
    "ordered": "makes integers of floats, or of signed numbers, in the same order",
    "planes": "separates the first bytes of all numbers, the second ones, and so on",
    "lpc": "subtracts weighted sums of the numbers before",
    "ramp": "subtracts straight lines",
    "runs": "replaces equal values in a row by one of them and their number",
    "stencil": "subtracts weighted sums of neighbours along several axes",
    "stream": "codes bytes as they are",
}
SIDE_BY_SIDE = "columns", "fields"

NAME, BITS, BAR = 26, 8, 44


def temperatures():
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


def path_of(recipe):
    """The stages that values pass through, outermost first, without what is set apart from them."""
    stages = [recipe]
    while stages[-1].outputs and stages[-1].name not in SIDE_BY_SIDE:
        stages.append(stages[-1].outputs[0])
    return stages


def cut_short(stages, rest):
    """The recipe of the first stages, and of another one for what they leave."""
    for stage in reversed(stages):
        rest = Recipe(stage.name, (rest, *stage.outputs[1:]), stage.settings)
    return rest


def bits_a_value(array, recipe, level):
    """Bits that an array takes, which has to come back from them."""
    blob = ansflow.compress(array, plan=ansflow.Plan(recipe=recipe, level=level))
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    return 8 * len(blob) / array.size


def bits_as_bytes(array, stages, level):
    """The same for the first stages of a recipe, if the bytes of what they leave are coded."""
    for rest in PLAIN:
        try:
            return bits_a_value(array, cut_short(stages, rest), level)
        except ValueError:  # numbers of one byte have no planes
            if rest is PLAIN[-1]:
                raise


def draw(name, bits, of):
    bar = "#" * max(1, round(BAR * bits / of))
    print(f"{name if len(name) < NAME else name[: NAME - 4] + '...':{NAME}}{bits:{BITS}.3f}  {bar}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("array", nargs="?", help="a .npy file")
    parser.add_argument("--level", type=int, default=3, help="1 to 9, 3 by default")
    arguments = parser.parse_args()
    array = temperatures() if arguments.array is None else np.load(arguments.array)
    plan = ansflow.plan(array, level=arguments.level)
    if plan.recipe is None or not array.size:
        print(f"No recipe is better for {array.dtype} {array.shape} than coding its bytes.")
        return

    print(f"{array.dtype} {array.shape}, {array.nbytes:,} bytes\n")
    print(f"{'behind this stage':{NAME}}{'bits a value':>{BITS + 2}}")
    whole = 8 * array.itemsize
    stages = path_of(plan.recipe)
    draw("as it is", whole, whole)
    draw("bytes, coded", bits_as_bytes(array, [], arguments.level), whole)
    for number, stage in enumerate(stages[:-1], 1):
        draw(str(stage.alone), bits_as_bytes(array, stages[:number], arguments.level), whole)
    bits = bits_a_value(array, plan.recipe, arguments.level)
    draw(str(stages[-1].alone), bits, whole)

    print(f"\nThe array becomes {whole / bits:.2f} times smaller.")
    print("Some stages cost bits that they save behind others.\n")
    for name in dict.fromkeys(stage.name for stage in stages):
        print(f"{name:>8} {WHAT_IT_DOES[name]}")


if __name__ == "__main__":
    main()
