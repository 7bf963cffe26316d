"""The steps of a recipe whose parameters are chosen once: written, read, and as a `Recipe`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ansflow.errors import CorruptDataError
from ansflow.transforms.fixed_dict import FixedDict
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import ALL_STREAMS, STREAM_ID, read_recipe
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name
from ansflow.varints import ByteReader

__all__ = ["LEAVES", "Step", "as_recipe", "pack_steps", "read_steps"]

# What there may be of a recipe, each at most once and in this order; one of these is a leaf.
ORDER = ("mask", "ordered", "decimal", "affine", "delta", "log", "lin", "dict", "bytes")
LEAVES = ("log", "lin", "dict", "bytes")


class Step(NamedTuple):
    """A transform by its name, and its parameters; sizes of outputs among them are 0.

    The parameter of a dictionary is a `FixedDict`.
    """

    name: str
    parameters: Any = None


def pack_steps(steps: Sequence[Step]) -> bytes:
    """Steps as FORMAT.md says, for one item along each axis, and behind them their dictionary."""
    stream, no_stream = bytes([STREAM_ID]), bytes([by_name("bytes").id | ALL_STREAMS])
    written, others, streams, values = b"", b"", b"", b""
    for number, (name, parameters) in enumerate(steps, 1):
        transform = by_name(name)
        if name == "dict":
            written += bytes([transform.id]) + transform.pack(1) + stream + no_stream
            values = parameters.pack()
            break
        last = number == len(steps)
        written += bytes([transform.id | (ALL_STREAMS if last else 0)])
        written += transform.pack(parameters)
        if name == "decimal":  # places of exceptions and their items, which have no stream
            others = 2 * no_stream
        if name == "mask" or (name == "decimal" and parameters.near):
            streams += stream
    return (written or stream) + others + streams + values


def read_steps(reader: ByteReader, width: int, axes: int) -> list[Step]:
    """Undo `pack_steps` for items of so many bytes, in arrays with so many axes.

    Raises
    ------
    CorruptDataError
        If it has not written that.
    """
    begin = reader.at
    root, _ = read_recipe(reader, Layout(width, (1,) * axes))
    steps, node = list[Step](), root
    while node.transform is not None:
        name, parameters = node.transform.name, node.parameters
        if name == "dict":
            parameters = FixedDict.read(reader, width)
        steps.append(Step(name, parameters))
        node = node.outputs[0]
    if not _is_fixed(width, steps) or pack_steps(steps) != reader.data[begin : reader.at]:
        raise CorruptDataError(f"the recipe {root} is not one of a trained codec")
    return steps


def as_recipe(steps: Sequence[Step]) -> Recipe:
    """The same as it is chosen, with parameters for each array."""
    recipe = Recipe()
    for name, parameters in reversed(steps):
        outputs: tuple[Recipe, ...] = () if name in LEAVES else (recipe,)
        if name == "decimal":
            outputs = recipe, Recipe("log"), Recipe("bytes"), *[Recipe()] * parameters.near
        if name == "mask":
            outputs = recipe, Recipe()
        if name == "dict":
            outputs = Recipe(), Recipe("bytes")
        recipe = Recipe(name, outputs, by_name(name).describe(parameters))
    return recipe


def _is_fixed(width: int, steps: Sequence[Step]) -> bool:
    """Whether there may be such steps."""
    names = [step.name for step in steps]
    told = dict(steps)
    if not set(names) <= set(ORDER) or names != sorted(set(names), key=ORDER.index):
        return False
    if sum(name in LEAVES for name in names) > 1 or {"ordered", "decimal"} <= set(names):
        return False
    if not set(names) & set(LEAVES):
        return width == 1
    if "bytes" in names:
        return len(names) == 1
    mask, decimals, delta, linear = (told.get(n) for n in ("mask", "decimal", "delta", "lin"))
    return (
        not told.get("log")
        and (mask is None or (width > 1 and mask.lag == 0))
        and (decimals is None or not (decimals.exceptions or decimals.exact or decimals.whole))
        and (delta is None or delta.first is None)
        and (linear is None or linear.width == 1)
    )
